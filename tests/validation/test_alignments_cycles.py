"""Counts by cycle, GC, indels and coverage against the sections of samtools stats, exactly."""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from tiny.alignments import Read, random_reads, write_alignment
from tiny.samtools import STATS_LINES, samtools

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not installed"),
]

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
# Lines of the summary that are a sum of the flagstat table, source totals.
SUMMARY = STATS_LINES | {
    "1st fragments": "sequences_first",
    "last fragments": "sequences_last",
    "reads mapped and paired": "sequences_mapped_paired",
    "reads properly paired": "sequences_properly_paired",
    "reads paired": "sequences_paired",
    "non-primary alignments": "secondary",
    "total first fragment length": "bases_first",
    "total last fragment length": "bases_last",
}


class Measured:
    """One file through the step and through samtools stats."""

    def __init__(self, path: Path, folder: Path) -> None:
        reference = SAMPLES / "reference/genome.fa.gz"
        options = ["--reference", str(reference)] if path.suffix == ".cram" else []
        arguments = ["alignments", "--sample", "s", "--alignment", str(path), *options]
        for name in ("flagstat", "contigs", "histograms", "cycles"):
            arguments += [f"--{name}", str(folder / f"{name}.parquet")]
        assert main([*arguments, "--ledger", str(folder / "ledger.json")]) == 0
        self.path, self.folder, self.options = path, folder, options
        self.text = samtools("stats", "-m", "1", "-c", "1,1000,1", *options, path)
        self.totals = {r["metric"]: r["qc_pass"] + r["qc_fail"] for r in self.rows("flagstat")}

    def rows(self, name: str) -> list[dict[str, Any]]:
        return list(pq.read_table(self.folder / f"{name}.parquet").to_pylist())

    def histogram(self, metric: str) -> dict[int, int]:
        return {
            r["bin"]: r["count"]
            for r in self.rows("histograms")
            if r["metric"] == metric and r["contig"] == ""
        }

    def section(self, code: str) -> list[list[str]]:
        lines = self.text.splitlines()
        return [line.split("\t")[1:] for line in lines if line.startswith(code + "\t")]


def inputs() -> list[str]:
    files = sorted((SAMPLES / "alignments").glob("S0*.bam"))[:1]
    files += sorted((SAMPLES / "alignments").glob("*.cram"))
    given = os.environ.get("GENOCOHORT_DATA")
    return ["generated", *map(str, files), *([f"{given}/bam/ex1.bam"] if given else [])]


@pytest.fixture(scope="module", params=inputs(), ids=lambda p: Path(p).name)
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("cycles")
    path = Path(request.param)
    if request.param == "generated":
        reads = random_reads(5, 1500, list(CONTIGS.values()))
        path = write_alignment(folder / "in.bam", reads, CONTIGS)
    return Measured(path, folder)


def test_summary_numbers(measured: Measured) -> None:
    summary = {row[0].rstrip(":"): row[1] for row in measured.section("SN")}
    ours = measured.totals
    for name, metric in SUMMARY.items():
        assert ours[metric] == int(summary[name]), name
    assert ours["sequences"] - ours["sequences_mapped"] == int(summary["reads unmapped"])
    for suffix, name in (("", ""), ("_first", "first fragment "), ("_last", "last fragment ")):
        longest = max(measured.histogram(f"read_length{suffix}"), default=0)
        assert longest == int(summary[f"maximum {name}length"])
        n, bases = ours[f"sequences{suffix}"], ours[f"bases{suffix}"]
        assert abs(bases / max(n, 1) - int(summary[f"average {name}length"])) <= 1
    rate = ours["mismatches"] / ours["bases_mapped_cigar"]
    assert float(summary["error rate"]) == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(("code", "order"), [("FFQ", "first"), ("LFQ", "last")])
def test_qualities_by_cycle(measured: Measured, code: str, order: str) -> None:
    theirs = {
        (int(row[0]), quality): int(n)
        for row in measured.section(code)
        for quality, n in enumerate(row[1:])
        if int(n)
    }
    ours = {
        (r["cycle"], r["quality"]): r["count"]
        for r in measured.rows("cycles")
        if r["measure"] == "quality" and r["read_order"] == order
    }
    assert ours == theirs
    assert ours


@pytest.mark.parametrize("code", ["GCC", "FBC", "LBC"])
def test_bases_by_cycle(measured: Measured, code: str) -> None:
    orders = {"GCC": ("first", "last"), "FBC": ("first",), "LBC": ("last",)}[code]
    counts: Counter[tuple[int, str]] = Counter()
    for row in measured.rows("cycles"):
        if row["strand"] and row["read_order"] in orders:
            counts[row["cycle"], row["measure"]] += row["count"]
    rows = measured.section(code)
    assert rows
    for row in rows:
        n = [counts[int(row[0]), base] for base in ("A", "C", "G", "T", "N", "other_base")]
        assert row[1:] == [f"{100 * x / sum(n[:4]):.2f}" for x in n]


@pytest.mark.parametrize(("code", "metric"), [("GCF", "gc_first"), ("GCL", "gc_last")])
def test_gc_content(measured: Measured, code: str, metric: str) -> None:
    counts = [measured.histogram(metric).get(step, 0) for step in range(200)]
    expected, before = [], 0
    for step in range(200):
        if counts[step] != counts[before]:
            middle = (step + before) * 0.5 * 100 / 199
            expected.append([f"{middle:.2f}", str(counts[before])])
            before = step
    assert measured.section(code) == expected
    assert expected


@pytest.mark.parametrize(
    ("code", "metric"), [("FRL", "read_length_first"), ("LRL", "read_length_last")]
)
def test_read_lengths(measured: Measured, code: str, metric: str) -> None:
    theirs = {int(row[0]): int(row[1]) for row in measured.section(code)}
    assert measured.histogram(metric) == theirs


def test_indels_by_length_and_cycle(measured: Measured) -> None:
    insertions = measured.histogram("insertion_length")
    deletions = measured.histogram("deletion_length")
    lengths = sorted({*insertions, *deletions})
    ours = [[str(n), str(insertions.get(n, 0)), str(deletions.get(n, 0))] for n in lengths]
    assert ours == measured.section("ID")
    counts = {
        (r["cycle"], r["measure"], r["read_order"]): r["count"] for r in measured.rows("cycles")
    }
    columns = [(m, o) for m in ("insertion", "deletion") for o in ("first", "last")]
    for row in measured.section("IC"):
        assert [str(counts.pop((int(row[0]), *c), 0)) for c in columns] == row[1:]
    assert not [key for key in counts if key[1] in ("insertion", "deletion")]


def test_coverage(measured: Measured) -> None:
    theirs = {int(row[1]): int(row[2]) for row in measured.section("COV")}
    assert measured.histogram("coverage") == theirs


def test_usable_mapping_qualities(measured: Measured) -> None:
    lines = samtools("view", "-F", "0xF04", *measured.options, measured.path).splitlines()
    assert measured.histogram("mapping_quality_usable") == Counter(
        int(line.split("\t")[4]) for line in lines
    )


def test_reads_of_mapped_pairs(measured: Measured) -> None:
    for name, wanted in (("paired_both_mapped", "1"), ("paired_both_mapped_duplicate", "0x401")):
        flags = ["-f", wanted, "-F", "0x90C", *measured.options]
        assert measured.totals[name] == int(samtools("view", "-c", *flags, measured.path))


def test_coverage_beyond_the_cells_and_long_reads(tmp_path: Path) -> None:
    reads = [Read(f"r{i}", start=100, cigar="5M") for i in range(1200)]
    reads.append(Read("long", start=300, cigar="700M"))
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 2000})
    measured = Measured(path, tmp_path)
    ours = measured.histogram("coverage")
    assert ours == {1: 700, 1001: 5}
    last = [row for row in measured.section("COV") if row[0].endswith("<]")]
    assert [row[2] for row in last] == ["5"]
    late = [r for r in measured.rows("cycles") if r["cycle"] == 512 and r["measure"] == "quality"]
    assert sum(r["count"] for r in late) == 700 - 511
