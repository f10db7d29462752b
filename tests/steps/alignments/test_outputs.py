"""The optional outputs of the step `alignments` through the command line."""

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

import pyBigWig
import pysam
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import (
    GC_BIAS,
    GC_DEPTH,
    INSERT_SIZES,
    STRATA,
    regions_table,
)
from genocohort.io import alignment_pieces
from genocohort.io.parquet import read_table
from genocohort.steps.alignments import gc_bias
from genocohort.steps.alignments import run as step
from tiny.alignments import Read, pair, random_reads, write_alignment

LENGTHS = {"chr1": 30_000, "chrX": 1500, "chrEmpty": 200}
TABLES = {
    "strata": STRATA, "insert-sizes": INSERT_SIZES, "gc-bias": GC_BIAS, "gc-depth": GC_DEPTH,
    "region-depths": regions_table((1, 5)),
}  # fmt: skip


def run(path: Path, folder: Path, *options: str, track: str = "bedgraph", **settings: Any) -> int:
    words = ["alignments", "--sample", "S1", "--alignment", str(path)]
    for name in ("flagstat", "contigs", "histograms", *TABLES):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    words += ["--per-base", str(folder / "per-base"), "--regions", str(folder / "regions.bed")]
    chosen = {"depth_thresholds": [1, 5], "per_base": track, "gc_depth_bin": 500} | settings
    words += ["--settings", json.dumps(chosen), "--ledger", str(folder / "ledger.json")]
    return main([*words, *options])


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    table: Table = TABLES[name]
    return list(read_table(folder / f"{name}.parquet", table).to_pylist())


def written(folder: Path) -> dict[str, bytes]:
    names = [*(f"{n}.parquet" for n in TABLES), "per-base", "ledger.json"]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture
def bam(tmp_path: Path) -> Path:
    rng = random.Random(9)
    text = [f">{n}\n{''.join(rng.choices('ACGTN', [3, 2, 2, 3, 0.1], k=k))}\n"
            for n, k in LENGTHS.items()]  # fmt: skip
    (tmp_path / "ref.fa").write_text("".join(text))
    pysam.faidx(str(tmp_path / "ref.fa"))
    (tmp_path / "regions.bed").write_text(
        "1\t100\t9000\ta\nchr1\t200\t300\nchrX\t0\t1500\tx\nchr9\t1\t2\n"
    )
    return write_alignment(
        tmp_path / "in.bam", random_reads(1, 2500, list(LENGTHS.values())), LENGTHS
    )


def test_threads_pieces_index_and_engine_change_no_byte(
    bam: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = ["--reference", str(tmp_path / "ref.fa")]
    monkeypatch.setattr(step, "TASK_BASES", 1)
    assert run(bam, tmp_path, *reference) == 0
    one = written(tmp_path)
    assert all(len(rows(tmp_path, name)) for name in TABLES)
    monkeypatch.setattr(alignment_pieces, "PIECE_BYTES", 1)
    monkeypatch.setattr(gc_bias, "CHUNK", 777)
    monkeypatch.setattr(gc_bias, "MARGIN", 50)
    for threads in ("1", "3"):
        assert run(bam, tmp_path, *reference, "--threads", threads) == 0
        assert written(tmp_path) == one
    os.utime(f"{bam}.bai", (1, 1))
    assert run(bam, tmp_path, *reference) == 0
    assert written(tmp_path) == one
    monkeypatch.setattr(step, "native", lambda name: None)
    assert run(bam, tmp_path, *reference) == 0
    assert written(tmp_path) == one
    os.utime(f"{bam}.bai")
    assert run(bam, tmp_path, *reference, "--threads", "2") == 0
    assert written(tmp_path) == one


def test_regions_and_those_of_unknown_contigs(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bam, tmp_path) == 0
    found = rows(tmp_path, "region-depths")
    assert [(r["contig"], r["start"], r["name"]) for r in found] == [
        ("chr1", 100, "a"), ("chr1", 200, None), ("chrX", 0, "x"),
    ]  # fmt: skip
    assert "1 regions lie on contigs that the header does not name" in capsys.readouterr().err
    contigs, regions = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (contigs.unit, regions.unit, regions.n_in, regions.n_kept) == ("contig", "row", 4, 3)
    assert regions.dropped[0].examples == ("line 4: chr9",)
    depth = {}
    for line in gzip.decompress((tmp_path / "per-base").read_bytes()).decode().splitlines():
        name, start, end, value = line.split("\t")
        depth[name] = depth.get(name, []) + [int(value)] * (int(end) - int(start))
    assert {name: len(values) for name, values in depth.items()} == LENGTHS
    for row in found:
        part = depth[row["contig"]][row["start"] : row["end"]]
        assert row["fragment_depth_sum"] == sum(part)
        assert row["bases_5x"] == sum(value >= 5 for value in part)


def test_a_bigwig_holds_the_bedgraph(bam: Path, tmp_path: Path) -> None:
    assert run(bam, tmp_path) == 0
    lines = gzip.decompress((tmp_path / "per-base").read_bytes()).decode().splitlines()
    expected = [(n, int(a), int(b), float(v)) for n, a, b, v in (x.split("\t") for x in lines)]
    assert run(bam, tmp_path, track="bigwig") == 0
    with pyBigWig.open(str(tmp_path / "per-base")) as file:
        assert [(n, *row) for n in LENGTHS for row in file.intervals(n)] == expected


def test_without_a_reference_there_is_no_gc_content_of_it(bam: Path, tmp_path: Path) -> None:
    assert run(bam, tmp_path) == 0
    assert rows(tmp_path, "gc-bias") == rows(tmp_path, "gc-depth") == []
    assert rows(tmp_path, "strata")


def test_a_reference_of_other_contigs(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = tmp_path / "other.fa"
    reference.write_text(">chr1\nACGT\n>chrX\n" + "A" * 1500 + "\n")
    pysam.faidx(str(reference))
    assert run(bam, tmp_path, "--reference", str(reference)) == 3
    message = capsys.readouterr().err
    assert "chr1: 30000 bp in the header, reference 4 bp" in message
    assert "chrEmpty: 200 bp in the header, reference lacks it" in message


def test_regions_past_the_end_are_named_with_their_line(
    bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "regions.bed").write_text("chr1\t5\t9\nchrX\t1400\t1501\n")
    assert run(bam, tmp_path) == 3
    assert f"{tmp_path / 'regions.bed'}, line 2" in capsys.readouterr().err
    (tmp_path / "regions.bed").write_text("chr1\t5\t9\nchrX\tten\n")
    assert run(bam, tmp_path, on_failure="continue") == 3
    assert f"{tmp_path / 'regions.bed'}, line 2" in capsys.readouterr().err


def test_a_damaged_file_leaves_empty_tables(bam: Path, tmp_path: Path) -> None:
    bam.write_bytes(bam.read_bytes()[:-40])
    assert run(bam, tmp_path, on_failure="continue") == 0
    assert [len(rows(tmp_path, name)) for name in TABLES] == [0] * len(TABLES)
    assert (tmp_path / "per-base").read_bytes() == b""


def test_damage_found_while_reading_leaves_no_depth(bam: Path, tmp_path: Path) -> None:
    reads = [Read("a", start=50), Read("b", start=20)]
    path = write_alignment(tmp_path / "b.bam", reads, LENGTHS, is_sorted=False, index=False)
    assert run(path, tmp_path) == 3
    assert not (tmp_path / "per-base").exists()
    assert not list(tmp_path.glob(".*per-base"))


@pytest.mark.parametrize(
    "options",
    [["--per-base", "x"], ["--regions", "r.bed"], ["--region-depths", "r.parquet"]],
)
def test_options_that_belong_together(
    options: list[str], bam: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["alignments", "--sample", "S1", "--alignment", str(bam)]
    for name in ("flagstat", "contigs", "histograms", "ledger"):
        words += [f"--{name}", str(tmp_path / name)]
    assert main([*words, *options]) == 2
    assert options[0] in capsys.readouterr().err


def test_too_many_read_groups_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "regions.bed").write_text("chr1\t5\t9\n")
    reads = pair("p", 10, 60)
    for read in reads:
        read.tags["RG"] = "a"
    bam = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    monkeypatch.setattr(step, "most_groups", lambda size: 1)
    assert run(bam, tmp_path) == 0
    assert "2 read groups: more than 1 are not told apart" in capsys.readouterr().err
    groups = {row["read_group"] for row in rows(tmp_path, "strata")}
    assert groups == {"", None}
