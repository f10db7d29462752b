"""Part of the section `structure`: ancestry by the components, against what was reported."""

import pandas as pd

from genocohort.steps.report.chart.scales import format_count, format_number, format_rate
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Group,
    Head,
    TableView,
    is_missing,
    number_cell,
    plural,
    some_of,
)

ANCESTRY = "structure/ancestry"
UNASSIGNED = "unassigned"
NOT_REPORTED = "not reported"
MOST_LISTED = 200


def has_ancestry(ancestry: pd.DataFrame | None) -> bool:
    """Whether any sample's ancestry was inferred."""
    return ancestry is not None and bool(ancestry["ancestry_inferred"].notna().any())


def compute_ancestry(ancestry: pd.DataFrame) -> Group:
    """How many of each reported group lie nearest to which one, and who lies elsewhere."""
    differs = ancestry[_is_odd(ancestry)]
    source = f"{ANCESTRY}: ancestry_reported, ancestry_inferred"
    caption = "Reported against inferred ancestry, samples"
    tables = [list_against(ancestry, "ancestry", caption, source)]
    if len(differs):
        tables.append(_list(differs))
    unassigned = int((ancestry["ancestry_inferred"] == UNASSIGNED).sum())
    wrong = int(ancestry["is_contradiction"].astype(bool).sum())
    text = (
        f"Learned from the reported groups themselves: {plural(len(ancestry), 'sample')} placed, "
        f"{format_count(unassigned)} near to none of the groups, {format_count(wrong)} nearer to "
        "another group than the reported one."
    )
    return Group("Inferred ancestry", text, tables=tuple(tables))


def ancestry_attention(ancestry: pd.DataFrame) -> tuple[Attention, ...]:
    """Samples that lie with another group than reported."""
    wrong = ancestry[ancestry["is_contradiction"].astype(bool)]
    if not len(wrong):
        return ()
    ids = some_of(wrong["sample_id"].astype(str).tolist())
    word = plural(len(wrong), "sample lies", "samples lie")
    text = f"{word} with another ancestry than reported: {ids}."
    return (Attention("note", text, "#ancestry-odd"),)


def _is_odd(ancestry: pd.DataFrame) -> pd.Series:
    wrong = ancestry["is_contradiction"].astype(bool)
    return wrong | (ancestry["ancestry_inferred"] == UNASSIGNED)


def list_against(ancestry: pd.DataFrame, name: str, caption: str, source: str) -> TableView:
    """How many samples of each reported group lie nearest to which inferred one.

    Parameters
    ----------
    ancestry : data frame
        Columns ancestry_reported and ancestry_inferred.
    """
    told = ancestry["ancestry_reported"].fillna(NOT_REPORTED).astype(str)
    found = ancestry["ancestry_inferred"].fillna("not inferred").astype(str)
    columns = [*sorted(set(found) - {UNASSIGNED}), *({UNASSIGNED} & set(found))]
    order = [*sorted(set(told) - {NOT_REPORTED}), *({NOT_REPORTED} & set(told))]
    rows: list[list[Cell | str]] = []
    for name in order:
        mine = found[told == name]
        counts = [int((mine == c).sum()) for c in columns]
        rows.append([name, *(Cell(format_count(n), n) for n in (*counts, len(mine)))])
    heads = (
        Head("reported"), *(Head(f"nearest: {c}" if c != UNASSIGNED else c, True) for c in columns),
        Head("all", True),
    )  # fmt: skip
    note = (
        "Unassigned: far from every group, or between two of them. A group that was not learned "
        "from has no column: its members lie with another one."
    )
    return TableView(
        name, caption, heads, rows, note,
        is_whole=len(rows) <= 20, sources=(source,),
    )  # fmt: skip


def _list(differs: pd.DataFrame) -> TableView:
    ordered = differs.assign(rank=~differs["is_contradiction"].astype(bool)).sort_values(
        ["rank", "sample_id"], kind="stable"
    )
    rows: list[list[Cell | str]] = []
    for row in ordered.head(MOST_LISTED).to_dict("records"):
        told = row["ancestry_reported"]
        rows.append(
            [
                str(row["sample_id"]),
                NOT_REPORTED if is_missing(told) else str(told),
                Cell(
                    str(row["ancestry_inferred"]), style="alert" if row["is_contradiction"] else ""
                ),
                str(row["nearest"]),
                number_cell(row["probability"], format_rate),
                number_cell(row["distance_p"], format_number),
            ]
        )
    heads = (
        Head("sample"), Head("reported"), Head("inferred"), Head("nearest group"),
        Head("probability", True, "of the nearest group, all equally likely beforehand"),
        Head("chance of the distance", True, "that a member lies as far from the centre"),
    )  # fmt: skip
    left_out = len(differs) - len(rows)
    note = f"{plural(left_out, 'further sample')} in {ANCESTRY}.parquet." if left_out else ""
    source = (
        f"{ANCESTRY}: sample_id, ancestry_reported, ancestry_inferred, nearest, probability, "
        "distance_p"
    )
    return TableView(
        "ancestry-odd", "Samples with another ancestry than reported, or with none of the groups",
        heads, rows, note, is_sortable=len(rows) > 1, is_searchable=len(rows) > 12,
        sources=(source,),
    )  # fmt: skip
