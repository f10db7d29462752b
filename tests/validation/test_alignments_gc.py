"""GC bias against Picard CollectGcBiasMetrics, GC-depth against samtools stats, exactly."""

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest

from genocohort.cli import main
from genocohort.steps.alignment_summary.compute import compute_dropouts
from tiny.alignments import Read, random_reads, write_alignment
from tiny.picard import LAUNCHER, metrics, picard
from tiny.samtools import samtools

pytestmark = pytest.mark.validation

needs_picard = pytest.mark.skipif(LAUNCHER is None, reason="Picard is not installed")
needs_samtools = pytest.mark.skipif(
    shutil.which("samtools") is None, reason="samtools is not installed"
)
SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
# No half percent can come up: 997 is a prime.
BIN = 997


def write_reference(folder: Path, lengths: dict[str, int], unknown: bool = True) -> Path:
    """Stretches of changing GC content, with lower case and, where wanted, N."""
    rng = random.Random(11)
    path = folder / "ref.fa"
    with open(path, "w") as out:
        for name, n in lengths.items():
            text = ""
            while len(text) < n:
                gc = rng.choice([0.2, 0.4, 0.6, 0.85])
                letters = rng.choice(["ACGT", "acgt"])
                text += "".join(
                    rng.choices(letters, [1 - gc, gc, gc, 1 - gc], k=rng.randrange(900))
                )
                text += "N" * rng.choice([0, 0, 1, 4, 5, 200]) * unknown
            out.write(f">{name}\n{text[:n]}\n")
    pysam.faidx(str(path))
    return path


def measure(path: Path, reference: Path, folder: Path, settings: str = "{}") -> dict[str, Any]:
    """Rows of both tables, and the text of samtools stats' kind."""
    words = ["alignments", "--sample", "s", "--alignment", str(path), "--reference", str(reference)]
    for name in ("flagstat", "contigs", "histograms", "ledger", "gc-bias", "gc-depth"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    text = folder / "s.samtools_stats.txt"
    assert main([*words, "--settings", settings, "--peer-texts", str(text)]) == 0
    found: dict[str, Any] = {
        n: pq.read_table(folder / f"gc-{n}.parquet").to_pylist() for n in ("bias", "depth")
    }
    lines = text.read_text().splitlines()
    return found | {"GCD": [line for line in lines if line.startswith("GCD\t")]}


def inputs() -> list[str]:
    return ["generated", *(str(p) for p in sorted((SAMPLES / "alignments").glob("S0*.bam"))[:1])]


@needs_picard
@pytest.mark.parametrize("name", inputs(), ids=lambda p: Path(p).name)
def test_windows_reads_and_coverage_are_picards(name: str, tmp_path: Path) -> None:
    path, reference = Path(name), SAMPLES / "reference/genome.fa.gz"
    if name == "generated":
        reference = write_reference(tmp_path, CONTIGS)
        path = write_alignment(tmp_path / "in.bam", random_reads(5, 1500, [20_000, 6_000, 500]),
                               CONTIGS)  # fmt: skip
    else:
        # Picard wants a plain FASTA with its dictionary of lengths in the header's order.
        plain = tmp_path / "ref.fa"
        with pysam.FastaFile(str(reference)) as fasta, pysam.AlignmentFile(str(path)) as file:
            plain.write_text("".join(f">{c}\n{fasta.fetch(c)}\n" for c in file.references))
        pysam.faidx(str(plain))
        reference = plain
    picard(
        "CollectGcBiasMetrics", I=path, R=reference, O=tmp_path / "gc.txt", S=tmp_path / "s.txt",
        CHART=tmp_path / "c.pdf", ALSO_IGNORE_DUPLICATES="true", VALIDATION_STRINGENCY="SILENT",
    )  # fmt: skip
    peer = metrics(tmp_path / "gc.txt")
    ours = {row["gc"]: row for row in measure(path, reference, tmp_path)["bias"]}
    at_edges = edge_reads(path)
    if not sum(at_edges):
        (summary,) = (r for r in metrics(tmp_path / "s.txt") if r["READS_USED"] == "ALL")
        for column, share in compute_dropouts(list(ours.values())).items():
            assert float(summary[column.upper()]) / 100 == pytest.approx(share, abs=1e-6)
    assert sum(row["n_reads"] for row in ours.values()) > 500
    for row in peer:
        gc, is_unique = int(row["GC"]), row["READS_USED"] == "UNIQUE"
        own = ours[gc]
        n = own["n_reads"] - own["n_duplicates"] * is_unique
        assert int(row["WINDOWS"]) == own["n_windows"]
        assert int(row["READ_STARTS"]) == n + (at_edges[is_unique] if gc == 0 else 0)
        coverage = own["normalised_coverage_unique" if is_unique else "normalised_coverage"]
        if not sum(at_edges):
            assert float(row["NORMALIZED_COVERAGE"]) == pytest.approx(coverage or 0, abs=1e-5)


def edge_reads(path: Path, window: int = 100) -> tuple[int, int]:
    """Reads whose window would reach over the contig's end, which Picard counts at 0 percent."""
    every = unique = 0
    with pysam.AlignmentFile(str(path)) as file:
        for read in file:
            if read.is_unmapped or not read.query_length:
                continue
            start = read.reference_end - window if read.is_reverse else read.reference_start + 1
            if start >= file.get_reference_length(read.reference_name) - window:
                every += 1
                unique += not read.is_duplicate
    return every, unique


@needs_picard
def test_reads_at_the_ends_are_what_picard_counts_at_0_percent(tmp_path: Path) -> None:
    reference = write_reference(tmp_path, {"chr1": 3000}, unknown=False)
    reads = [Read(f"r{i}", [0, 16][i % 2], 0, 2890 + i, cigar="50M") for i in range(50)]
    reads += [Read(f"s{i}", 16, 0, i, cigar="50M") for i in range(100)]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 3000})
    picard("CollectGcBiasMetrics", I=path, R=reference, O=tmp_path / "gc.txt",
           S=tmp_path / "s.txt", CHART=tmp_path / "c.pdf")  # fmt: skip
    peer = {int(row["GC"]): int(row["READ_STARTS"]) for row in metrics(tmp_path / "gc.txt")}
    ours = {row["gc"]: row["n_reads"] for row in measure(path, reference, tmp_path)["bias"]}
    n_edges = edge_reads(path)[0]
    assert n_edges == 20
    assert peer.pop(0) == ours[0] + n_edges
    assert peer == {gc: n for gc, n in ours.items() if gc}
    # Reverse reads that begin before a whole window: Picard counts them nowhere.
    assert ours[None] == n_edges + sum(r.start + 50 <= 100 for r in reads if r.name[0] == "s")


def tiled_reads(lengths: dict[str, int], rng: random.Random) -> list[Read]:
    """Reads of every kind, none of which lies over the edge of a bin; one begins at each bin."""
    reads = []
    for contig, n in enumerate(lengths.values()):
        for start in range(0, n, BIN):
            for i in range(rng.randrange(1, 30)):
                size = rng.randrange(20, 120)
                at = start if i == 0 else rng.randrange(start, start + BIN - size + 1)
                flag = 0 if i == 0 else rng.choice([0, 16, 0x400, 0x100, 0x800, 0x200, 99, 147])
                cigar = rng.choice([f"{size}M", f"5S{size - 5}M", f"9M3I{size - 12}M"])
                reads.append(Read(f"{contig}_{at}_{i}", flag, contig, at, cigar))
    return [*reads, Read("u", 4, -1, -1, "", bases="ACGT" * 10)]


def percentile(depths: list[int], p: int) -> float:
    """As samtools stats takes it of rising depths."""
    place = p * (len(depths) + 1) / 100
    if place < 1:
        return depths[0]
    if place >= len(depths):
        return depths[-1]
    k = int(place)
    return depths[k - 1] + (place - k) * (depths[k] - depths[k - 1])


def rows_of(
    bins: list[tuple[float, int]], n: int, n_all: int, scale: float, plus: int
) -> list[str]:
    """Lines of a list of bins (percent, reads), of which the first n are told."""
    bins, found, at = sorted(bins), [], 0
    while at < n:
        same = [b for b in bins[at:n] if abs(b[0] - bins[at][0]) < 0.1]
        depths = [scale * percentile([d for _, d in same], p) for p in (10, 25, 50, 75, 90)]
        reached = (at + len(same) + plus) * 100 / n_all
        found.append("\t".join(["GCD", f"{bins[at][0]:.1f}", f"{reached:.3f}",
                                *(f"{d:.3f}" for d in depths)]))  # fmt: skip
        at += len(same)
    return found


@needs_samtools
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gc_depth_is_samtools_own_without_its_faults(seed: int, tmp_path: Path) -> None:
    lengths = {"chr1": 40 * BIN, "chr2": 15 * BIN}
    reference = write_reference(tmp_path, lengths, unknown=False)
    path = write_alignment(tmp_path / "in.bam", tiled_reads(lengths, random.Random(seed)), lengths)
    text = samtools("stats", "-r", str(reference), "--GC-depth", str(BIN), path)
    theirs = [line for line in text.splitlines() if line.startswith("GCD\t")]
    counts: Counter[tuple[str, int]] = Counter()
    sizes = []
    with pysam.AlignmentFile(str(path)) as file:
        for read in file.fetch(until_eof=True):
            if not read.flag & 0x900:
                sizes.append(read.query_length)
            if not read.flag & 0x104:
                counts[str(read.reference_name), read.reference_start // BIN] += 1
    with pysam.FastaFile(str(reference)) as fasta:
        gc = {
            (name, i): sum(fasta.fetch(name, i * BIN, (i + 1) * BIN).upper().count(b) for b in "GC")
            for name, n in lengths.items()
            for i in range(n // BIN)
        }
    scale = np.mean(sizes) / BIN
    bins = [(float(round(100 * gc[key] / BIN)), counts[key]) for key in gc]
    # A bin before the first one that holds nothing; the last one's GC as a fraction; of all in
    # order the last one left out; and the mean length of the reads cut to a whole number.
    last = (gc["chr2", 14] / BIN, counts["chr2", 14])
    faulty = [(0.0, 0), *bins[:-1], last]
    whole = sum(sizes) // len(sizes) / BIN
    assert rows_of(faulty, len(bins), len(faulty), whole, 1) == theirs
    found = measure(path, reference, tmp_path, f'{{"gc_depth_bin": {BIN}}}')
    assert rows_of(bins, len(bins), len(bins), scale, 0) == found["GCD"]
    assert sum(row["n_bins"] for row in found["depth"]) == len(bins)
