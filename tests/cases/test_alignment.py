"""Cases on alignments, through the step's command line and its depth of every base."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.io.alignments import inspect_alignment, read_all
from genocohort.steps.alignments.compute import Choices, Contig, tally_batches

pytestmark = pytest.mark.cases


def _case(start: str) -> tuple[Path, dict[str, dict[str, Any]]]:
    root = os.environ.get("GENOCOHORT_CASES")
    if not root:
        pytest.skip("GENOCOHORT_CASES is not set")
    folder = next(Path(root).glob(f"{start}-*"))
    checks = json.loads((folder / "expected.json").read_text())["checks"]
    return folder, {check["id"]: check for check in checks}


def _run(path: Path, folder: Path, *options: str) -> int:
    arguments = ["alignments", "--sample", "s", "--alignment", str(path), *options]
    for name in ("flagstat", "contigs", "histograms"):
        arguments += [f"--{name}", str(folder / f"{name}.parquet")]
    return main([*arguments, "--ledger", str(folder / "ledger.json")])


def _contigs(path: Path, folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Rows of the contigs table by contig, without the reads that have no place."""
    assert _run(path, folder, *options) == 0
    rows = pq.read_table(folder / "contigs.parquet").to_pylist()
    return {row["contig"]: row for row in rows if row["contig"] != "*"}


def _counts(folder: Path) -> dict[str, int]:
    rows = pq.read_table(folder / "flagstat.parquet").to_pylist()
    return {row["metric"]: row["qc_pass"] + row["qc_fail"] for row in rows}


def _depth_at(path: Path, contig: str, position_1based: int) -> int:
    alignment = inspect_alignment(path)
    contigs = [
        Contig(i, name, n)
        for i, (name, n) in enumerate(zip(alignment.contigs, alignment.lengths, strict=True))
    ]
    found: list[int] = []

    def look(number: int, start: int, depth: np.ndarray) -> None:
        at = position_1based - 1 - start
        if contigs[number].name == contig and 0 <= at < len(depth):
            found.append(int(depth[at]))

    tally_batches(read_all(alignment), contigs, Choices(), look)
    (value,) = found
    return value


def _agrees(found: float, check: dict[str, Any], wanted: float | None = None) -> bool:
    wanted = check["value"] if wanted is None else wanted
    return abs(found - wanted) <= max(check["abs_tol"], check["rel_tol"] * abs(wanted))


def test_01_overlapping_mates(tmp_path: Path) -> None:
    folder, checks = _case("01")
    row = _contigs(folder / "in.bam", tmp_path)["chrA"]
    found = {
        "fragment_depth_sum": row["fragment_depth_sum"],
        "fragment_mean_depth": row["mean_fragment_depth"],
        "read_depth_sum": row["read_depth_sum"],
        "fragment_depth_at_160": _depth_at(folder / "in.bam", "chrA", 160),
        "breadth_1x": row["covered_bases"],
    }
    assert set(found) == set(checks)
    assert all(_agrees(value, checks[name]) for name, value in found.items()), found


def test_04_cigar_operations(tmp_path: Path) -> None:
    folder, checks = _case("04")
    path = folder / "in.bam"
    row = _contigs(path, tmp_path)["chrA"]
    deleted = _contigs(path, tmp_path, "--settings", '{"count_deletions": true}')["chrA"]
    found = {
        "depth_sum": row["fragment_depth_sum"],
        "covered_bases": row["covered_bases"],
        "depth_in_deletion": _depth_at(path, "chrA", 113),
        "depth_in_intron": _depth_at(path, "chrA", 450),
        "depth_sum_with_D": deleted["fragment_depth_sum"],
        "clipped_bases_soft": row["soft_clipped_bases"],
    }
    assert set(found) == set(checks)
    assert all(_agrees(value, checks[name]) for name, value in found.items()), found


def test_07_cram_wrong_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, checks = _case("07")
    rows = _contigs(folder / "in.cram", tmp_path, "--reference", str(folder / "ref.fa"))
    counts = _counts(tmp_path)
    found = {
        "mapped_right_ref": counts["mapped"],
        "depth_sum_right_ref": sum(row["fragment_depth_sum"] for row in rows.values()),
        "mismatches_right_ref": counts["mismatches"],
    }
    assert set(found) | {"wrong_ref", "no_ref"} == set(checks)
    assert all(_agrees(value, checks[name]) for name, value in found.items()), found
    capsys.readouterr()
    for name, options in {
        "wrong_ref": ["--reference", str(folder / "wrong.fa")],
        "no_ref": [],
    }.items():
        assert _run(folder / "in.cram", tmp_path, *options) == 3
        message = capsys.readouterr().err.lower()
        assert any(word in message for word in checks[name]["message_mentions_any"]), message


def test_10_contigs_without_reads(tmp_path: Path) -> None:
    folder, checks = _case("10")
    rows = _contigs(folder / "in.bam", tmp_path)
    assert set(checks) == {"rows", "mean_depth", "genome_mean", "breadth"}
    assert list(rows) == checks["rows"]["value"]
    for name, wanted in checks["mean_depth"]["value"].items():
        assert _agrees(rows[name]["mean_fragment_depth"], checks["mean_depth"], wanted)
    for name, wanted in checks["breadth"]["value"].items():
        assert _agrees(rows[name]["covered_bases"], checks["breadth"], wanted)
    total = sum(row["fragment_depth_sum"] for row in rows.values())
    assert _agrees(total / sum(row["length"] for row in rows.values()), checks["genome_mean"])
