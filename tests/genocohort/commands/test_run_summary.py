"""What a run says at its end: counts, and no name of anybody."""

import os
from pathlib import Path
from typing import Any

import pytest

from genocohort.commands.run_summary import Used, measure_used, summary_text, used_text
from genocohort.domain.table import Table
from genocohort.domain.tables_accounts import LEDGER
from genocohort.domain.tables_association import PHENOTYPES
from genocohort.domain.tables_cohort import SAMPLE_QC_REASONS, SAMPLE_QC_SAMPLES
from genocohort.io.parquet import write_table
from genocohort.io.results import Results

STEPS = ("sample_qc", "association_summary", "genotypes", "association")
ACCOUNTS: dict[str, Any] = {"totals": {step: {} for step in STEPS}}


def write(folder: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    """A table with these values; columns not named get something plain."""
    plain = {"string": "x", "dictionary": "x", "bool": False, "list<string>": []}
    columns = {
        c.name: [row.get(c.name, None if c.missing else plain.get(c.type, 0)) for row in rows]
        for c in table.columns
    }
    write_table(folder / f"{table.name}.parquet", table, columns)


def ledger(step: str, unit: str, n_in: int, **row: Any) -> dict[str, Any]:
    return {"step": step, "scope": "all", "unit": unit, "n_in": n_in, "n_kept": 0, **row}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    verdicts = ["pass"] * 5 + ["warn", "fail", "fail"]
    write(
        tmp_path, SAMPLE_QC_SAMPLES,
        [{"sample_id": f"SECRET{n}", "verdict": v} for n, v in enumerate(verdicts)],
    )  # fmt: skip
    reasons = [("5", "sex", "warn"), ("6", "sex", "fail"), ("7", "sex", "fail"),
               ("7", "sex", "fail"), ("7", "call_rate", "fail"),
               ("1", "duplicate", "pass")]  # fmt: skip
    write(
        tmp_path, SAMPLE_QC_REASONS,
        [{"sample_id": f"SECRET{n}", "metric": m, "level": v} for n, m, v in reasons],
    )  # fmt: skip
    write(
        tmp_path, PHENOTYPES,
        [{"phenotype": "ldl", "n": 1400, "n_variants": 12_000, "n_loci": 1, "lambda_gc": 0.99351},
         {"phenotype": "cad", "n": 10, "n_cases": 4, "n_variants": 0, "n_loci": 0}],
    )  # fmt: skip
    ids = {"examples": ["SECRET1"]}
    write(
        tmp_path, LEDGER,
        [ledger("genotypes", "variant", 700, scope="chr1", reason="rare", n_dropped=3),
         ledger("genotypes", "variant", 700, scope="chr1", reason="star", n_dropped=1),
         ledger("genotypes", "variant", 300, scope="chr2", reason="rare", n_dropped=40),
         ledger("genotypes", "variant", 50, scope="chr3"),
         ledger("association", "sample", 7, scope="chr1", reason="no phenotype", n_dropped=2),
         ledger("association", "sample", 7, scope="chr2", reason="no phenotype", n_dropped=2),
         ledger("structure", "sample", 8, reason="failed", n_dropped=2, **ids),
         ledger("alignments", "sample", 8, reason="damaged", n_dropped=1, is_loss=True, **ids)],
    )  # fmt: skip
    return tmp_path


def test_the_screen_has_verdicts_tests_and_exclusions_in_counts(folder: Path) -> None:
    text = summary_text(Results(folder), ACCOUNTS)
    assert text.splitlines() == [
        "samples      8: 5 pass, 1 warn, 2 fail",
        "             fail: sex 2, call_rate 1",
        "             warn: sex 1",
        "             signed off: duplicate 1",
        "association  ldl: 1 locus, lambda 0.994; 1,400 samples, 12,000 variants",
        "             cad: 0 loci, no tests; 10 samples (4 cases), 0 variants",
        "left out     genotypes: 44 of 1,050 variants (rare 43; star 1)",
        "             structure: 2 of 8 samples (failed 2)",
    ]
    assert "SECRET" not in text


def test_tables_of_another_configuration_are_not_told(folder: Path) -> None:
    text = summary_text(Results(folder), {"totals": {"genotypes": {}}})
    assert text.startswith("left out")
    for name in ("sample_qc", "association_summary", "accounts"):
        for path in (folder / name).iterdir():
            path.unlink()
    assert summary_text(Results(folder), ACCOUNTS) == ""


def test_only_this_runs_jobs_are_added_up(tmp_path: Path) -> None:
    head = "s\th:m:s\tmax_rss\tmean_load\tcpu_time\n"
    for name, row in (
        ("old", "9\t0\t900\t1\t9"),
        ("a/new", "5\t0\t100\t1\t4"),
        ("b", "1\t0\tNA\t1\tNA"),
    ):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(head + row + "\n")
        os.utime(path, (1000, 10 if name == "old" else 1000))
    used = measure_used(tmp_path, 500)
    assert used == Used(2, 4.0, 100.0)
    text = "Study: done in 1 min 5 s; 2 jobs, 4 s of CPU time, at most 100 MB of memory in one"
    assert used_text("Study", 65, used) == text
    assert used_text("Study", 65, measure_used(tmp_path / "none", 0)) == "Study: done in 1 min 5 s"
