"""The case on sample names that resemble each other, through both alignment steps."""

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.io.sheet import read_sample_sheet, sheet_text

pytestmark = pytest.mark.cases


def test_50_sample_names_as_wildcards(tmp_path: Path) -> None:
    root = os.environ.get("GENOCOHORT_CASES")
    if not root:
        pytest.skip("GENOCOHORT_CASES is not set")
    folder = next(Path(root).glob("50-*"))
    checks = {
        check["id"]: check for check in json.loads((folder / "expected.json").read_text())["checks"]
    }
    samples = read_sample_sheet(folder / "samples.tsv")
    (tmp_path / "aligned.tsv").write_text(sheet_text(samples))
    results = tmp_path / "alignments"
    for sample in samples:
        name = sample.sample_id
        arguments = ["alignments", "--sample", name, "--alignment", str(folder / f"{name}.bam")]
        for table in (
            "flagstat",
            "contigs",
            "histograms",
            "cycles",
            "strata",
            "insert-sizes",
            "gc-bias",
            "gc-depth",
        ):
            path = results / f"{name}.{table.replace('-', '_')}.parquet"
            arguments += [f"--{table}", str(path)]
        assert main([*arguments, "--ledger", str(results / f"{name}.ledger.json")]) == 0
    arguments = ["alignment_summary", "--sheet", str(tmp_path / "aligned.tsv")]
    arguments += ["--folder", str(results), "--ledger", str(tmp_path / "ledger.json")]
    for table in ("samples", "contigs", "histograms", "cycles", "read-groups"):
        arguments += [f"--{table}", str(tmp_path / f"{table}.parquet")]
    assert main(arguments) == 0

    rows = [
        row
        for row in pq.read_table(tmp_path / "contigs.parquet").to_pylist()
        if row["contig"] != "*"
    ]
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row["sample_id"], []).append(row["n_mapped"])
    assert set(checks) == {"reads", "rows", "total_reads"}
    assert found == checks["reads"]["value"]
    assert len(rows) == checks["rows"]["value"]
    assert sum(map(sum, found.values())) == checks["total_reads"]["value"]
    reads = pq.read_table(tmp_path / "samples.parquet").to_pylist()
    assert [r["sample_id"] for r in reads] == [s.sample_id for s in samples]
    assert {r["sample_id"]: r["n_reads"] for r in reads} == {k: sum(v) for k, v in found.items()}
