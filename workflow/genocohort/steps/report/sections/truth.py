"""Part of the section `variants`: calls of samples whose genotypes are known."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.scales import Axis, format_count, format_rate
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    TableView,
    join_words,
    number_cell,
)

TRUTH = "truth/concordance"
CLASS_WORDS = {"all": "all alleles", "snv": "SNV", "insertion": "insertions",
               "deletion": "deletions", "mnv": "MNV", "complex": "complex"}  # fmt: skip
COUNTS = ("n_found", "n_same_genotype", "n_missed", "n_missed_uncalled", "n_extra")


def compute_truth(truth: pd.DataFrame | None, filter_set: str) -> list[Group]:
    """The group, where calls were compared with known ones.

    Parameters
    ----------
    truth : data frame or None
        truth/concordance.
    filter_set : str
        Whose figures are drawn: `pass`, or `all` where no record passes.
    """
    if truth is None or not len(truth):
        return []
    drawn = truth[truth["filter_set"] == filter_set]
    figures = (_figure(drawn),) if len(drawn) else ()
    names = list(dict.fromkeys(truth["sample_id"].astype(str)))
    text = f"Calls of {join_words(names[:5])} against the alleles known to be there."
    return [Group("Against the truth", text, figures=figures, tables=(_table(truth),))]


def _figure(drawn: pd.DataFrame) -> Figure:
    pooled = drawn.assign(allele_class=drawn["allele_class"].astype(str))
    sums = pooled.groupby("allele_class")[list(COUNTS)].sum()
    classes = [name for name in CLASS_WORDS if name in sums.index]
    with np.errstate(invalid="ignore"):
        found = sums["n_found"].to_numpy(float)
        recall = found / (found + sums["n_missed"].to_numpy(float))
        precision = found / (found + sums["n_extra"].to_numpy(float))
    values = pd.DataFrame({"recall": recall, "precision": precision}, index=sums.index)
    values = values.loc[classes]
    n = len(classes)
    finite = values.to_numpy(float)[np.isfinite(values.to_numpy(float))]
    low = float(finite.min()) if len(finite) else 0.0
    ticks = [(n - 0.5 - i, CLASS_WORDS[name]) for i, name in enumerate(classes)]
    chart = Chart(
        Axis("share of alleles", max(0.0, low - 0.2 * (1 - low) - 0.01), 1.005,
             format=lambda v: f"{100 * v:.4g} %"),
        Axis("", 0, n, ticks=ticks, grid=False, is_named=True),
        height=90 + 30 * n,
    )  # fmt: skip
    for name, color, marker, shift in (
        ("recall", 0, "circle", 0.12), ("precision", 1, "square", -0.12),
    ):  # fmt: skip
        titles = [
            f"{CLASS_WORDS[c]}: {name} {format_rate(v, 2)}"
            for c, v in zip(classes, values[name], strict=True)
        ]
        y = [n - 0.5 - i + shift for i in range(n)]
        chart.points(values[name].to_numpy(float), y, color=color, titles=titles, marker=marker,
                     size=4.4)  # fmt: skip
    whole = classes.index("all") if "all" in classes else 0
    shares = [float(values[name].iloc[whole]) for name in ("recall", "precision")]
    title = (
        f"{format_rate(shares[0])} of the known alleles are called; {format_rate(shares[1])} of "
        "the called ones are known"
    )
    rows = zip(classes, values["recall"].tolist(), values["precision"].tolist(), strict=True)
    data = Grid(("allele_class", "recall", "precision"), [*rows])
    drawing = chart.draw(f"Recall and precision by class of allele. {title}.", data)
    keys = (Key(0, "recall: known alleles that are called"),
            Key(1, "precision: called alleles that are known", "square"))  # fmt: skip
    summary = "All samples with known genotypes together; indels are usually called less well."
    source = f"{TRUTH}: allele_class, n_found, n_missed, n_extra"
    return Figure("truth", title, drawing, summary, keys, sources=(source,))


def _table(truth: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = []
    for row in truth.to_dict("records"):
        rows.append(
            [
                str(row["sample_id"]),
                CLASS_WORDS.get(str(row["allele_class"]), str(row["allele_class"])),
                "passing" if row["filter_set"] == "pass" else "all",
                *(number_cell(row[c], format_count) for c in ("n_found", "n_missed", "n_extra")),
                *(
                    number_cell(row[c], lambda v: format_rate(v, 2))
                    for c in ("recall", "precision", "f1", "genotype_concordance")
                ),
            ]
        )
    heads = (
        Head("sample"), Head("alleles"), Head("records"),
        Head("found", True, "in truth and calls"), Head("missed", True, "in the truth alone"),
        Head("extra", True, "in the calls alone"), Head("recall", True), Head("precision", True),
        Head("F1", True, "harmonic mean of recall and precision"),
        Head("same genotype", True, "of the alleles found"),
    )  # fmt: skip
    source = (
        f"{TRUTH}: sample_id, allele_class, filter_set, n_found, n_missed, n_extra, recall, "
        "precision, f1, genotype_concordance"
    )
    return TableView(
        "concordance-truth", "Calls against the truth", heads, rows, is_sortable=True,
        is_searchable=len(rows) > 12, sources=(source,),
    )  # fmt: skip
