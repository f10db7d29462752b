"""Part of the section `samples`: related pairs, by the calls and by the records."""

import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_fixed,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    TableView,
    number_cell,
    plural,
)

# Manichaikul et al. 2010, Bioinformatics 26:2867, Table 1.
KINSHIP_LIMITS = ((0.354, "duplicate"), (0.177, "1st degree"), (0.0884, "2nd degree"))
RELATION_WORDS = {
    "duplicate": "duplicate or twin",
    "parent_offspring": "parent and child",
    "full_siblings": "full siblings",
    "second_degree": "second degree",
    "third_degree": "third degree",
    "unrelated": "unrelated",
}


def compute_relatedness(pairs: pd.DataFrame) -> Group:
    """The group of figures and tables on related pairs."""
    frame = pairs.dropna(subset=["kinship", "ibs0"])
    figures = (_kinship(frame),) if len(frame) else ()
    if not len(pairs):
        text = "No two samples are related by their calls, and none are recorded as related."
        return Group("Relatedness", text)
    return Group("Relatedness", figures=figures, tables=(_pairs_table(pairs),))


def _kinship(frame: pd.DataFrame) -> Figure:
    wrong = frame["is_contradiction"].fillna(False).to_numpy(bool)
    relations = frame["relation_inferred"].fillna("unrelated")
    frame = frame.assign(
        x=frame["ibs0"],
        y=frame["kinship"],
        shown=[RELATION_WORDS.get(r, r) for r in relations],
        title=[
            f"{a} – {b}: {RELATION_WORDS.get(r, r)}, kinship {format_fixed(k)}"
            for a, b, r, k in zip(
                frame["sample_id_1"], frame["sample_id_2"], relations, frame["kinship"], strict=True
            )
        ],
    )
    low, high = compute_limits(frame["y"].tolist(), include=[0.0, 0.5])
    chart = Chart(
        Axis("IBS0: share of variants without a common allele",
             *compute_limits(frame["x"].tolist(), include=[0.0])),
        Axis("kinship coefficient (KING-robust)", max(low, -0.3), high),
        height=320,
    )  # fmt: skip
    for value, text in KINSHIP_LIMITS:
        chart.rule(value, text=f"{text}: {value:g}")
    keys = []
    markers = ("diamond", "square", "triangle", "circle", "circle", "circle")
    colors: tuple[int | str, ...] = (5, 1, 2, 0, 4, "muted")
    for word, color, marker in zip(RELATION_WORDS.values(), colors, markers, strict=True):
        part = frame[frame["shown"] == word]
        if len(part):
            titles = part["title"].tolist() if len(part) <= 2000 else ()
            chart.points(
                part["x"].to_numpy(),
                part["y"].to_numpy(),
                color=color,
                titles=titles,
                marker=marker,
                series=word,
                names=[
                    f"{a} – {b}"
                    for a, b in zip(part["sample_id_1"], part["sample_id_2"], strict=True)
                ],
            )
            keys.append(Key(color, f"{word} ({plural(len(part), 'pair')})", marker))
    related = int((relations != "unrelated").sum())
    title = f"{plural(related, 'pair')} of samples are related"
    title += (
        f"; {int(wrong.sum())} {'contradicts' if wrong.sum() == 1 else 'contradict'} the records"
        if wrong.any()
        else ", as recorded or without a record"
    )
    drawing = chart.draw(f"Scatter plot of kinship against IBS0. {title}.")
    summary = (
        "Parent and child share an allele at every variant (IBS0 near 0), siblings do not; only "
        "related or recorded pairs are drawn."
    )
    source = "kinship/pairs: ibs0, kinship, relation_inferred, is_contradiction"
    return Figure("kinship", title, drawing, summary, tuple(keys), sources=(source,))


def _pairs_table(pairs: pd.DataFrame) -> TableView:
    wrong = pairs["is_contradiction"].fillna(False).astype(bool)
    ordered = pairs.assign(wrong=wrong).sort_values(
        ["wrong", "kinship", "sample_id_1", "sample_id_2"],
        ascending=[False, False, True, True],
        kind="stable",
    )
    rows: list[list[Cell | str]] = []
    for row in ordered.head(200).to_dict("records"):
        recorded = str(row["relation_recorded"] or "")
        inferred = row["relation_inferred"]
        rows.append(
            [
                str(row["sample_id_1"]),
                str(row["sample_id_2"]),
                number_cell(row["kinship"], format_fixed),
                number_cell(row["ibs0"], lambda v: format_fixed(v, 4)),
                RELATION_WORDS.get(str(inferred), "–"),
                RELATION_WORDS.get(recorded, "none recorded"),
                Cell(str(row["finding"] or ""), int(row["wrong"]), "alert" if row["wrong"] else ""),
            ]
        )
    heads = (
        Head("sample"), Head("sample"), Head("kinship", True), Head("IBS0", True),
        Head("by the calls"), Head("by the records"), Head("finding", is_wide=True),
    )  # fmt: skip
    left_out = len(pairs) - len(rows)
    note = f"{plural(left_out, 'further pair')} in kinship/pairs.parquet." if left_out else ""
    source = (
        "kinship/pairs: sample_id_1, sample_id_2, kinship, ibs0, relation_inferred, "
        "relation_recorded, finding"
    )
    return TableView(
        "pairs", "Related pairs; contradictions first", heads, rows, note, is_sortable=True,
        sources=(source,),
    )  # fmt: skip
