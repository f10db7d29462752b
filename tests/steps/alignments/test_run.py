"""The step `alignments` through the command line, on tiny files."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pysam
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_alignments import CONTIGS, CYCLES, FLAGSTAT, HISTOGRAMS
from genocohort.io.parquet import read_table
from genocohort.steps.alignments import run as step
from tiny.alignments import Read, pair, random_reads, write_alignment

LENGTHS = {"chr1": 3000, "chrX": 1500, "chrEmpty": 200}
FILES = ("flagstat", "contigs", "histograms", "cycles")


def run(path: Path, folder: Path, *options: str, **settings: Any) -> int:
    arguments = ["alignments", "--sample", "S1", "--alignment", str(path)]
    for name in FILES:
        arguments += [f"--{name}", str(folder / f"{name}.parquet")]
    arguments += ["--settings", json.dumps(settings), "--ledger", str(folder / "ledger.json")]
    return main([*arguments, *options])


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    tables = {
        "flagstat": FLAGSTAT, "contigs": CONTIGS, "histograms": HISTOGRAMS, "cycles": CYCLES
    }  # fmt: skip
    return list(read_table(folder / f"{name}.parquet", tables[name]).to_pylist())


def written(folder: Path) -> dict[str, bytes]:
    names = [*(f"{n}.parquet" for n in FILES), "ledger.json"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def bam(tmp_path: Path) -> Path:
    reads = random_reads(1, 300, list(LENGTHS.values()))
    return write_alignment(tmp_path / "in.bam", reads, LENGTHS)


def test_tables_and_ledger(bam: Path, tmp_path: Path) -> None:
    assert run(bam, tmp_path) == 0
    contigs = rows(tmp_path, "contigs")
    assert [row["contig"] for row in contigs] == [*LENGTHS, "*"]
    assert [row["length"] for row in contigs] == [*LENGTHS.values(), None]
    assert contigs[2]["mean_fragment_depth"] == 0
    assert contigs[3]["mean_fragment_depth"] is None
    total = next(r for r in rows(tmp_path, "flagstat") if r["metric"] == "total")
    counted = sum(row["n_mapped"] + row["n_unmapped"] for row in contigs)
    assert total["qc_pass"] + total["qc_fail"] == counted
    depth = [r for r in rows(tmp_path, "histograms") if r["metric"] == "fragment_depth"]
    assert sum(r["count"] for r in depth if r["contig"] == "") == sum(LENGTHS.values())
    assert {r["sample_id"] for r in depth} == {"S1"}
    (entry,) = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (entry.step, entry.scope, entry.unit) == ("alignments", "S1", "contig")
    assert (entry.n_in, entry.n_kept) == (3, 3)
    metadata = pq.read_schema(tmp_path / "contigs.parquet").metadata
    assert metadata[b"genome_build"] == b"GRCh38"


def test_threads_and_index_change_no_byte(
    bam: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(step, "TASK_BASES", 1)
    assert run(bam, tmp_path, "--threads", "1") == 0
    one = written(tmp_path)
    assert run(bam, tmp_path, "--threads", "3") == 0
    assert written(tmp_path) == one
    assert capsys.readouterr().err == ""
    os.utime(f"{bam}.bai", (1, 1))
    assert run(bam, tmp_path) == 0
    assert written(tmp_path) == one
    assert "older than its file" in capsys.readouterr().err
    Path(f"{bam}.bai").unlink()
    assert run(bam, tmp_path) == 0
    assert written(tmp_path) == one
    assert "there is no index" in capsys.readouterr().err


def test_both_engines_write_the_same_bytes(
    bam: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if step.native("alignments") is None:
        pytest.skip("the kernels are not built")
    assert run(bam, tmp_path, excluded_flags=4) == 0
    compiled = written(tmp_path)
    monkeypatch.setattr(step, "native", lambda name: None)
    assert run(bam, tmp_path, excluded_flags=4) == 0
    assert written(tmp_path) == compiled


def test_tasks_come_from_the_contigs() -> None:
    contigs = tuple(
        step.Contig(i, str(i), n) for i, n in enumerate([40 << 20, 1, 2, 31 << 20, 5 << 20, 0])
    )
    parts = [[c.number for c in part] for part in step._parts(contigs)]
    assert parts == [[0], [1, 2, 3], [4, 5]]


def damaged(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-40])
    return path


def test_a_damaged_file_stops_the_run(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(damaged(bam), tmp_path) == 3
    assert "truncated" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.parquet"))
    assert not (tmp_path / "ledger.json").exists()


def test_a_damaged_file_is_left_out_where_the_run_goes_on(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(damaged(bam), tmp_path, on_failure="continue") == 0
    assert [len(rows(tmp_path, name)) for name in FILES] == [0, 0, 0, 0]
    (entry,) = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (entry.unit, entry.n_in, entry.n_kept) == ("sample", 1, 0)
    assert entry.dropped[0].is_loss
    assert "truncated" in entry.dropped[0].reason
    assert str(tmp_path) not in entry.dropped[0].reason
    assert "left out" in capsys.readouterr().err


def test_damage_found_late_loses_all_contigs(tmp_path: Path) -> None:
    reads = [Read("a", start=50), Read("b", start=20)]
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS, is_sorted=False, index=False)
    assert run(path, tmp_path, on_failure="continue") == 0
    (entry,) = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (entry.unit, entry.n_in, entry.dropped[0].n) == ("contig", 3, 3)
    assert "not sorted" in entry.dropped[0].reason


def test_an_index_that_disagrees_is_an_error(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reads = random_reads(1, 299, list(LENGTHS.values()))
    other = write_alignment(tmp_path / "other.bam", reads, LENGTHS)
    Path(f"{bam}.bai").write_bytes(Path(f"{other}.bai").read_bytes())
    assert run(bam, tmp_path) == 3
    assert "index" in capsys.readouterr().err


def test_targets_and_pseudo_autosomal_regions(tmp_path: Path) -> None:
    reads = [Read("a", start=100, cigar="50M"), Read("b", contig=1, start=100, cigar="50M")]
    bam = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    bed = tmp_path / "targets.bed"
    bed.write_text("1\t120\t200\n1\t110\t130\nX\t100\t140\n")
    genome = ["--genome", json.dumps({"build": "synthetic", "par": [["chrX", 0, 120]]})]
    assert run(bam, tmp_path, *genome, "--targets", str(bed)) == 0
    found = [(r["evaluated_bases"], r["evaluated_depth_sum"]) for r in rows(tmp_path, "contigs")]
    assert found == [(90, 40), (20, 20), (0, 0), (0, 0)]
    targets = {
        r["bin"]: r["count"] for r in rows(tmp_path, "histograms") if r["metric"] == "target_depth"
    }
    assert targets == {0: 50, 1: 80}
    assert run(bam, tmp_path, *genome) == 0
    found = [(r["evaluated_bases"], r["evaluated_depth_sum"]) for r in rows(tmp_path, "contigs")]
    assert found == [(3000, 50), (1380, 30), (200, 0), (0, 0)]


def test_targets_of_another_naming(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bed = tmp_path / "targets.bed"
    bed.write_text("chr7\t0\t10\n")
    assert run(bam, tmp_path, "--targets", str(bed)) == 3
    assert "no target lies on" in capsys.readouterr().err
    bed.write_text("chr1\tten\t20\n")
    assert run(bam, tmp_path, "--targets", str(bed), on_failure="continue") == 3
    assert "line 1" in capsys.readouterr().err


def test_thresholds_of_the_settings(bam: Path, tmp_path: Path) -> None:
    assert run(bam, tmp_path, depth_thresholds=[2, 4]) == 0
    all_rows = rows(tmp_path, "histograms")
    for contig in ("", "chr1"):
        chosen = [r for r in all_rows if r["contig"] == contig]
        depth = [(r["bin"], r["count"]) for r in chosen if r["metric"] == "fragment_depth"]
        reached = {r["bin"]: r["count"] for r in chosen if r["metric"] == "fragment_depth_at_least"}
        assert reached == {x: sum(n for value, n in depth if value >= x) for x in (2, 4)}


@pytest.mark.parametrize(
    "settings",
    [{"depth_thresholds": [5, 5]}, {"depth_thresholds": [0]}, {"excluded_flags": 9999}, {"x": 1}],
)
def test_settings_that_make_no_sense(
    bam: Path, tmp_path: Path, settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bam, tmp_path, **settings) == 2
    assert next(iter(settings)) in capsys.readouterr().err


def test_reads_past_the_end_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reads = [Read("a", contig=2, start=195, cigar="10M")]
    bam = write_alignment(tmp_path / "in.bam", reads, LENGTHS, index=False)
    assert run(bam, tmp_path) == 0
    assert "1 records reach beyond the end of chrEmpty (200 bp)" in capsys.readouterr().err
    assert rows(tmp_path, "contigs")[2]["fragment_depth_sum"] == 5


def test_a_cram_gives_what_its_bam_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sequence = "ACGTTGCATG" * 300
    reference = tmp_path / "ref.fa"
    reference.write_text(f">chr1\n{sequence}\n")
    pysam.faidx(str(reference))
    reads = [r for i in range(50) for r in pair(f"p{i}", 10 * i, 10 * i + 30)]
    for read in reads:
        read.bases = sequence[read.start : read.start + 50]
        read.tags = {"NM": 0}
    sums = {"chr1": hashlib.md5(sequence.encode()).hexdigest()}
    lengths = {"chr1": 3000}
    bam = write_alignment(tmp_path / "in.bam", reads, lengths)
    cram = write_alignment(
        tmp_path / "in.cram", reads, lengths, reference=reference, checksums=sums
    )
    assert run(bam, tmp_path) == 0
    expected = written(tmp_path)
    assert run(cram, tmp_path, "--reference", str(reference), "--threads", "2") == 0
    assert written(tmp_path) == expected
    reference.write_text(f">chr1\n{'C' + sequence[1:]}\n")
    assert run(cram, tmp_path, "--reference", str(reference)) == 3
    message = capsys.readouterr().err
    assert "M5" in message
    assert sums["chr1"] in message
    assert run(cram, tmp_path) == 3
    assert "needs the reference" in capsys.readouterr().err
