"""The step `alignment_summary` through the command line, after the step `alignments`."""

from pathlib import Path
from typing import Any

import pysam
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_alignments import (
    SAMPLE_CONTIGS,
    SAMPLE_CYCLES,
    SAMPLE_HISTOGRAMS,
    SAMPLE_READ_GROUPS,
    SAMPLES,
)
from genocohort.io.parquet import read_table
from genocohort.io.sheet import sheet_text
from tiny.alignments import Read, pair, write_alignment

LENGTHS = {"chr1": 1000, "chrX": 500, "chrY": 300}


def measure(folder: Path, sample: str, path: Path, *options: str) -> None:
    arguments = ["alignments", "--sample", sample, "--alignment", str(path)]
    for name in ("flagstat", "contigs", "histograms", "cycles", "strata", "insert_sizes",
                 "gc_bias"):  # fmt: skip
        option = name.replace("_", "-")
        arguments += [f"--{option}", str(folder / f"{sample}.{name}.parquet")]
    arguments += ["--settings", '{"on_failure": "continue"}', *options]
    assert main([*arguments, "--ledger", str(folder / f"{sample}.ledger.json")]) == 0


def gather(folder: Path, samples: list[str], *options: str) -> int:
    sheet = folder / "aligned.tsv"
    rows = tuple(Sample(s, s, s, "unknown", alignment=f"{s}.bam") for s in samples)
    sheet.write_text(sheet_text(rows))
    out = folder / "out"
    return main(
        ["alignment_summary", "--sheet", str(sheet), "--folder", str(folder),
         "--samples", str(out / "samples.parquet"), "--contigs", str(out / "contigs.parquet"),
         "--histograms", str(out / "histograms.parquet"),
         "--cycles", str(out / "cycles.parquet"), "--ledger", str(out / "ledger.json"),
         "--read-groups", str(out / "read_groups.parquet"),
         "--genome", '{"build": "synthetic", "par": []}', *options]
    )  # fmt: skip


def rows(folder: Path) -> list[dict[str, Any]]:
    return list(read_table(folder / "out/samples.parquet", SAMPLES).to_pylist())


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    male = [r for i in range(20) for r in pair(f"a{i}", 10 * i, 10 * i + 40)]
    male += [Read(f"x{i}", contig=1, start=i, cigar="50M") for i in range(10)]
    male += [Read("u", 4, -1, -1, "")]
    measure(tmp_path, "B", write_alignment(tmp_path / "B.bam", male, LENGTHS))
    measure(tmp_path, "A", write_alignment(tmp_path / "A.bam", [], LENGTHS))
    (tmp_path / "broken.bam").write_bytes(b"")
    measure(tmp_path, "broken", tmp_path / "broken.bam")
    return tmp_path


def test_one_row_per_sample_in_cohort_order(cohort: Path) -> None:
    assert gather(cohort, ["B", "broken", "A"]) == 0
    found = rows(cohort)
    assert [(r["sample_id"], r["status"]) for r in found] == [
        ("B", "ok"),
        ("broken", "failed"),
        ("A", "ok"),
    ]
    male, broken, empty = found
    assert male["n_reads"] == 51
    assert male["mapped_rate"] == pytest.approx(50 / 51)
    # 20 pairs of 90 bases on chr1; 500 bases on chrX.
    assert male["genome_mean_fragment_depth"] == pytest.approx((20 * 90 + 500) / 1800)
    assert male["x_depth_ratio"] == pytest.approx((500 / 500) / (1800 / 1000))
    assert male["y_depth_ratio"] == 0
    assert male["insert_size_median"] == 90
    assert {v for k, v in broken.items() if k not in ("sample_id", "status")} == {None}
    assert (empty["n_reads"], empty["mapped_rate"], empty["x_depth_ratio"]) == (0, None, None)
    assert empty["mean_fragment_depth"] == 0
    contigs = read_table(cohort / "out/contigs.parquet", SAMPLE_CONTIGS).to_pylist()
    assert [(r["sample_id"], r["contig"]) for r in contigs] == [
        (s, c) for s in ("B", "A") for c in (*LENGTHS, "*")
    ]
    histograms = read_table(cohort / "out/histograms.parquet", SAMPLE_HISTOGRAMS).to_pylist()
    assert [r["sample_id"] for r in histograms] == sorted(
        (r["sample_id"] for r in histograms), reverse=True
    )


def test_quality_by_cycle_against_the_reads(tmp_path: Path) -> None:
    given = pair("a", 10, 60) + pair("b", 20, 70)
    for i, read in enumerate(given):
        read.qualities = "".join(chr(35 + (7 * i + 3 * k) % 38) for k in range(50))
    path = write_alignment(tmp_path / "A.bam", given, LENGTHS)
    measure(tmp_path, "A", path)
    assert gather(tmp_path, ["A"]) == 0
    found = read_table(tmp_path / "out/cycles.parquet", SAMPLE_CYCLES).to_pylist()
    with pysam.AlignmentFile(str(path)) as file:
        reads = list(file)
    expected: dict[tuple[str, int], list[int]] = {}
    for read in reads:
        order = "first" if read.is_read1 else "last"
        qualities = list(read.query_qualities)[:: -1 if read.is_reverse else 1]
        for cycle, quality in enumerate(qualities, 1):
            expected.setdefault((order, cycle), []).append(quality)
    assert [(r["read_order"], r["cycle"]) for r in found] == sorted(expected)
    for row in found:
        values = expected[row["read_order"], row["cycle"]]
        assert row["n_bases"] == len(values) == 2
        assert row["quality_mean"] == pytest.approx(sum(values) / 2)


def test_read_groups_by_hand(tmp_path: Path) -> None:
    reads = pair("a", 10, 60) + pair("b", 20, 120) + pair("c", 30, 80, flag=0x400)
    for i, read in enumerate(reads):
        read.tags["RG"] = "a" if i < 4 else "b"
    alone = Read("u", 4, -1, -1, "")
    measure(tmp_path, "A", write_alignment(tmp_path / "A.bam", [*reads, alone], LENGTHS))
    assert gather(tmp_path, ["A"]) == 0
    found = read_table(tmp_path / "out/read_groups.parquet", SAMPLE_READ_GROUPS).to_pylist()
    assert [(r["read_group"], r["n_reads"], r["mapped_rate"]) for r in found] == [
        ("a", 4, 1), ("b", 2, 1), ("", 1, 0),
    ]  # fmt: skip
    assert [r["duplicate_rate"] for r in found] == [0, 1, None]
    # Pairs of 100 and 150 bases in the first group, one of 100 in the second.
    assert [r["insert_size_median"] for r in found] == [125, 100, None]


def test_regions_and_reference_reach_the_summary(tmp_path: Path) -> None:
    reads = [Read(f"r{i}", start=100, cigar="50M") for i in range(25)]
    bam = write_alignment(tmp_path / "A.bam", reads, LENGTHS)
    (tmp_path / "r.bed").write_text("chr1\t100\t150\nchr1\t140\t180\n")
    (tmp_path / "ref.fa").write_text("".join(f">{n}\n{'GAAT' * (k // 4)}\n"
                                             for n, k in LENGTHS.items()))  # fmt: skip
    pysam.faidx(str(tmp_path / "ref.fa"))
    regions = ["--regions", str(tmp_path / "r.bed")]
    regions += ["--region-depths", str(tmp_path / "A.regions.parquet")]
    measure(tmp_path, "A", bam, *regions, "--reference", str(tmp_path / "ref.fa"))
    assert gather(tmp_path, ["A"], "--with-regions") == 0
    (row,) = rows(tmp_path)
    assert row["n_regions"] == 2
    assert row["regions_mean_depth"] == 25 * (50 + 10) / 90
    assert row["regions_fraction_20x"] == 60 / 90
    assert row["at_dropout"] == row["gc_dropout"] == 0
    assert gather(tmp_path, ["A"]) == 0
    assert rows(tmp_path)[0]["n_regions"] is None


def test_the_ledger_names_what_failed(cohort: Path) -> None:
    assert gather(cohort, ["B", "broken", "A"]) == 0
    (entry,) = entries_from_json((cohort / "out/ledger.json").read_text())
    assert (entry.unit, entry.n_in, entry.n_kept) == ("sample", 3, 2)
    assert entry.dropped[0].is_loss
    assert entry.dropped[0].examples == ("broken",)


def test_no_samples(tmp_path: Path) -> None:
    assert gather(tmp_path, []) == 0
    assert rows(tmp_path) == []


def test_a_missing_table_is_an_error(cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gather(cohort, ["B", "C"]) == 3
    assert "C.flagstat.parquet" in capsys.readouterr().err
    assert not (cohort / "out").exists()
