"""A small cohort's tables for MultiQC: names that look like numbers or programs' files."""

from pathlib import Path
from typing import Any

from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import SAMPLES as ALIGNMENTS
from genocohort.domain.tables_association import PHENOTYPES
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_ANCESTRY,
    VERDICTS,
    components_table,
)
from genocohort.domain.tables_identity import IDENTITY_SAMPLES
from genocohort.io.parquet import write_table

NAMES = ("007", "1e5", "S1", "S1.dup", "S1_2", "<b>")


def _write(folder: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    plain = {"string": "x", "dictionary": "x", "bool": False, "list<string>": []}
    columns = {
        c.name: [row.get(c.name, None if c.missing else plain.get(c.type, 0)) for row in rows]
        for c in table.columns
    }
    write_table(folder / f"{table.name}.parquet", table, columns)


def write_multiqc_tables(folder: Path) -> None:
    """Every table that a section shows."""
    people = list(enumerate(NAMES))
    _write(folder, SAMPLE_QC_SAMPLES, [
        {"sample_id": n, "verdict": VERDICTS[i % 3], "reasons": ["Few calls (< 95 %)."],
         "call_rate": 0.9 + i / 100, "f_inbreeding": i / 50, "mean_depth": 30.0 + i,
         "x_f": i % 2, "y_call_rate": (i + 1) % 2, "sex_inferred": ("male", "female")[i % 2]}
        for i, n in people
    ])  # fmt: skip
    _write(folder, KINSHIP_PAIRS, [
        {"sample_id_1": "007", "sample_id_2": "1e5", "ibs0": 0.0, "kinship": 0.24,
         "relation_inferred": "parent_offspring"},
        {"sample_id_1": "S1", "sample_id_2": "S1.dup", "ibs0": 0.0, "kinship": 0.49,
         "relation_inferred": "duplicate", "is_contradiction": True},
    ])  # fmt: skip
    _write(folder, components_table(2), [
        {"sample_id": n, "role": "fitted", "PC1": i / 10, "PC2": -i / 20} for i, n in people
    ])  # fmt: skip
    _write(folder, STRUCTURE_ANCESTRY, [
        {"sample_id": n, "ancestry_inferred": "AB"[i % 2]} for i, n in people
    ])  # fmt: skip
    _write(folder, IDENTITY_SAMPLES, [
        {"sample_id": n, "contamination": i / 100} for i, n in people[:3]
    ])  # fmt: skip
    _write(folder, ALIGNMENTS, [
        {"sample_id": n, "status": "ok", "mean_fragment_depth": 30.5, "mapped_rate": 0.99}
        for _, n in people[:3]
    ])  # fmt: skip
    _write(folder, PHENOTYPES, [
        {"phenotype": "ldl", "kind": "quantitative", "n": 100, "n_loci": 2, "lambda_gc": 1.01}
    ])  # fmt: skip
