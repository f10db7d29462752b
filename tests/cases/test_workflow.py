"""Cases about how a workflow handles names and empty chromosomes, through whole runs."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from genocohort.domain.tables_alignments import SAMPLE_CONTIGS
from genocohort.domain.tables_variants import SUMMARY_CHROMOSOMES
from genocohort.io.parquet import read_table
from tiny.sample_cohort import genocohort

pytestmark = [pytest.mark.cases, pytest.mark.end_to_end]

FULL = Path("results/full")


def _case(number: str, folder: Path) -> dict[str, Any]:
    """Copy a case into a study folder; the expected values by check id."""
    root = os.environ.get("GENOCOHORT_CASES")
    if not root:
        pytest.skip("GENOCOHORT_CASES is not set")
    source = next(Path(root).glob(f"{number}-*"))
    for path in source.iterdir():
        shutil.copyfile(path, folder / path.name)
    for index in [*folder.glob("*.bai"), *folder.glob("*.tbi"), *folder.glob("*.csi")]:
        os.utime(index)
    checks = json.loads((folder / "expected.json").read_text())["checks"]
    return {check["id"]: check["value"] for check in checks}


def _run(folder: Path, sheet: str, calls: str = "") -> None:
    (folder / "config").mkdir(exist_ok=True)
    shutil.rmtree(folder / "results", ignore_errors=True)
    inputs = f"sample_sheet: {sheet}" + (f", calls: {calls}" if calls else "")
    text = f"genome: {{build: synthetic}}\ninputs: {{{inputs}}}\n"
    text += "preflight: {read_group_mismatch: notice, missing_samples: loss}\n"
    (folder / "config/config.yaml").write_text(text)
    done = genocohort(["run", "--cores", "2"], folder)
    assert done.returncode in (0, 5), done.stdout + done.stderr


def test_sample_names_as_wildcards(tmp_path: Path) -> None:
    expected = _case("50", tmp_path)
    _run(tmp_path, "samples.tsv")
    path = tmp_path / FULL / "alignment_summary/contigs.parquet"
    rows = [r for r in read_table(path, SAMPLE_CONTIGS).to_pylist() if r["contig"] != "*"]
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row["sample_id"], []).append(row["n_mapped"])
    assert found == expected["reads"]
    assert len(rows) == expected["rows"]
    assert sum(r["n_mapped"] for r in rows) == expected["total_reads"]


def _chromosomes(folder: Path) -> dict[str, dict[str, Any]]:
    table = read_table(folder / FULL / "variant_summary/chromosomes.parquet", SUMMARY_CHROMOSOMES)
    return {r["chromosome"]: r for r in table.to_pylist() if r["filter_set"] == "all"}


def test_a_chromosome_without_variants(tmp_path: Path) -> None:
    expected = _case("53", tmp_path)
    names = _header_samples(tmp_path / "in.vcf.gz")
    (tmp_path / "sheet.tsv").write_text("\n".join(["sample_id", *names]) + "\n")
    _run(tmp_path, "sheet.tsv", "in.vcf.gz")
    found = _chromosomes(tmp_path)
    records = {name: row["n_records"] for name, row in found.items() if name != "all"}
    assert records == expected["records"]
    whole = found["all"]
    assert [whole["n_transitions"], whole["n_transversions"]] == expected["ts_tv_counts"]
    assert whole["ts_tv"] is expected["tstv_ratio"] is None
    names = _header_samples(tmp_path / "empty.vcf.gz")
    assert len(names) == expected["empty_samples"]
    (tmp_path / "sheet.tsv").write_text("\n".join(["sample_id", *names]) + "\n")
    _run(tmp_path, "sheet.tsv", "empty.vcf.gz")
    assert _chromosomes(tmp_path)["all"]["n_records"] == expected["empty_records"]
    _run(tmp_path, "sheet.tsv", "sites.vcf.gz")
    whole = _chromosomes(tmp_path)["all"]
    samples = _header_samples(tmp_path / "sites.vcf.gz")
    assert [whole["n_records"], len(samples)] == expected["sites_records"]


def _header_samples(path: Path) -> list[str]:
    from genocohort.io.calls import read_calls_header

    return list(read_calls_header(path).samples)
