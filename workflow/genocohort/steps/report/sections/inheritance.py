"""Part of the section `samples`: genotypes of children that their parents cannot have given."""

import pandas as pd

from genocohort.steps.report.chart.scales import format_count, format_rate
from genocohort.steps.report.chart.shapes import compute_bins, draw_histogram
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Figure,
    Group,
    Head,
    TableView,
    is_missing,
    number_cell,
    plural,
    some_of,
)

TRIOS = "mendel/trios"
MOST_LISTED = 200
FEW_TRIOS = 10  # fewer need no histogram beside their table


def compute_inheritance(trios: pd.DataFrame | None) -> list[Group]:
    """The group, where a child and a parent are genotyped."""
    if trios is None or not len(trios):
        return []
    wrong = _contradicted(trios)
    judged = int(trios["is_contradicted"].notna().sum())
    text = (
        f"{plural(len(trios), 'child', 'children')} with a genotyped parent; "
        f"{format_count(judged)} with enough variants to judge, {format_count(wrong.sum())} "
        "contradicted by the genotypes."
    )
    rates = trios["error_rate"].dropna()
    figures = (_histogram(trios),) if len(rates) >= FEW_TRIOS else ()
    return [Group("Inheritance", text, figures=figures, tables=(_table(trios, wrong),))]


def inheritance_attention(trios: pd.DataFrame | None) -> tuple[Attention, ...]:
    """Children whose recorded parents the genotypes contradict."""
    if trios is None or not len(trios):
        return ()
    wrong = trios[_contradicted(trios)]
    if not len(wrong):
        return ()
    ids = some_of(wrong["sample_id"].astype(str).tolist())
    word = plural(len(wrong), "child has", "children have")
    text = f"{word} genotypes that the recorded parents cannot have given: {ids}."
    return (Attention("warn", text, "#trios"),)


def _contradicted(trios: pd.DataFrame) -> pd.Series:
    return trios["is_contradicted"].fillna(False).astype(bool)


def _histogram(trios: pd.DataFrame) -> Figure:
    rates = trios["error_rate"].to_numpy(float)
    edges, counts = compute_bins(rates, 28)
    known = trios.dropna(subset=["error_rate"])
    worst = known.iloc[int(known["error_rate"].to_numpy(float).argmax())]
    title = (
        f"The median child has {format_rate(float(known['error_rate'].median()), 2)} Mendelian "
        f"errors; the most, sample {worst['sample_id']}, {format_rate(worst['error_rate'])}"
    )
    drawing = draw_histogram(
        edges, counts, x="Mendelian errors (share of genotypes with ALT)", y="children",
        label=f"Histogram of Mendelian error rates. {title}.",
    )  # fmt: skip
    summary = (
        "Errors of calling give a percent or less; more than that means a parent who is not one, "
        "or exchanged samples."
    )
    return Figure("mendel", title, drawing, summary, sources=(f"{TRIOS}: error_rate",))


def _table(trios: pd.DataFrame, wrong: pd.Series) -> TableView:
    ordered = trios.assign(rank=~wrong).sort_values(
        ["rank", "error_rate", "sample_id"], ascending=[True, False, True], kind="stable"
    )
    rows: list[list[Cell | str]] = []
    for row in ordered.head(MOST_LISTED).to_dict("records"):
        parents = (row["father_sample_id"], row["mother_sample_id"])
        judged = row["is_contradicted"]
        words = "too few variants" if is_missing(judged) else "contradicted" if judged else "fits"
        rows.append(
            [
                str(row["sample_id"]),
                *("–" if is_missing(p) else str(p) for p in parents),
                number_cell(row["n_with_alt"], format_count),
                *(
                    number_cell(row[f"n_errors{who}"], format_count)
                    for who in ("", "_father", "_mother", "_parents")
                ),
                number_cell(row["error_rate"], lambda v: format_rate(v, 2)),
                Cell(words, style="alert" if words == "contradicted" else ""),
            ]
        )
    heads = (
        Head("child"), Head("father"), Head("mother"),
        Head("genotypes", True, "with ALT in the child or a parent"), Head("errors", True),
        Head("father's", True, "father and child homozygous for different alleles"),
        Head("mother's", True, "mother and child homozygous for different alleles"),
        Head("both", True, "both parents homozygous for one allele, the child is not"),
        Head("error rate", True), Head("pedigree"),
    )  # fmt: skip
    left_out = len(trios) - len(rows)
    note = f"{plural(left_out, 'further child', 'further children')} in {TRIOS}.parquet."
    source = (
        f"{TRIOS}: sample_id, father_sample_id, mother_sample_id, n_with_alt, n_errors, "
        "n_errors_father, n_errors_mother, n_errors_parents, error_rate, is_contradicted"
    )
    return TableView(
        "trios", "Children and their parents; contradictions first", heads, rows,
        note if left_out else "", is_sortable=len(rows) > 1, is_searchable=len(rows) > 12,
        sources=(source,),
    )  # fmt: skip
