"""Part of the section `alignment`: read groups of samples that were sequenced in several."""

import pandas as pd

from genocohort.steps.report.chart.scales import format_count, format_number, format_rate
from genocohort.steps.report.page import Cell, Head, TableView, number_cell, plural

READ_GROUPS = "alignment_summary/read_groups"
MOST_LISTED = 300


def list_read_groups(read_groups: pd.DataFrame | None) -> TableView | None:
    """Read groups beside each other; None where every sample has one alone."""
    if read_groups is None or not len(read_groups):
        return None
    named = read_groups.assign(sample=read_groups["sample_id"].astype(str))
    several = named["sample"].map(named["sample"].value_counts()) > 1
    if not several.any():
        return None
    part = named[several]
    rows: list[list[Cell | str]] = []
    for row in part.head(MOST_LISTED).to_dict("records"):
        rows.append(
            [
                str(row["sample"]),
                str(row["read_group"]) or "none",
                number_cell(row["n_reads"], format_count),
                *(number_cell(row[c], format_rate) for c in ("mapped_rate", "duplicate_rate")),
                number_cell(row["insert_size_median"], format_count),
                number_cell(row["base_quality_mean"], format_number),
                *(
                    number_cell(row[c], lambda v: format_rate(v, 2))
                    for c in ("gc_mean", "error_rate")
                ),
            ]
        )
    heads = (
        Head("sample"), Head("read group"), Head("reads", True), Head("mapped", True),
        Head("duplicates", True), Head("insert", True, "median in bases"),
        Head("base quality", True, "mean, Phred"), Head("GC", True), Head("error rate", True),
    )  # fmt: skip
    left_out = len(part) - len(rows)
    note = f"{plural(left_out, 'further read group')} in {READ_GROUPS}.parquet." if left_out else ""
    source = (
        f"{READ_GROUPS}: sample_id, read_group, n_reads, mapped_rate, duplicate_rate, "
        "insert_size_median, base_quality_mean, gc_mean, error_rate"
    )
    return TableView(
        "read-groups", "Read groups of samples that have several", heads, rows, note,
        is_sortable=True, is_searchable=len(rows) > 12, sources=(source,),
    )  # fmt: skip
