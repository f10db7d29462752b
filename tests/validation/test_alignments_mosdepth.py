"""The fragment depth of the step `alignments` against mosdepth: summary, every base, thresholds."""

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from genocohort.io.alignments import inspect_alignment, read_all
from genocohort.steps.alignments.compute import Choices, Contig, Tally, tally_batches
from tiny.alignments import Read, pair, random_reads, write_alignment
from tiny.mosdepth import mosdepth_environment

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("mosdepth") is None, reason="mosdepth is not installed"),
]

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
THRESHOLDS = (1, 5, 10, 15, 20, 30, 50, 100)


class Mosdepth:
    """One run of mosdepth and what it wrote."""

    def __init__(self, path: Path, folder: Path, *options: str) -> None:
        regions = folder / "regions.bed"
        lengths = inspect_alignment_lengths(path)
        regions.write_text("".join(f"{name}\t0\t{n}\n" for name, n in lengths.items()))
        self._prefix = folder / "out"
        thresholds = ",".join(map(str, THRESHOLDS))
        subprocess.run(
            ["mosdepth", "--by", str(regions), "--thresholds", thresholds, *options,
             str(self._prefix), str(path)],
            check=True, env=mosdepth_environment(folder),
        )  # fmt: skip
        self.lengths = lengths

    def summary(self) -> dict[str, int]:
        """Sum of the depth by contig; contigs without a record have no row."""
        rows = Path(f"{self._prefix}.mosdepth.summary.txt").read_text().splitlines()[1:]
        cells = [row.split("\t") for row in rows]
        return {c[0]: int(c[2]) for c in cells if c[0] in self.lengths}

    def depth(self) -> dict[str, np.ndarray]:
        """Depth of every base."""
        found = {name: np.zeros(n, dtype=np.int64) for name, n in self.lengths.items()}
        with gzip.open(f"{self._prefix}.per-base.bed.gz", "rt") as stream:
            for line in stream:
                name, start, end, value = line.split("\t")
                found[name][int(start) : int(end)] = int(value)
        return found

    def thresholds(self) -> dict[str, list[int]]:
        """Bases that reach each threshold, by contig."""
        with gzip.open(f"{self._prefix}.thresholds.bed.gz", "rt") as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream][1:]
        return {row[0]: [int(x) for x in row[4:]] for row in rows}


def inspect_alignment_lengths(path: Path) -> dict[str, int]:
    alignment = inspect_alignment(path, SAMPLES / "reference/genome.fa.gz")
    return dict(zip(alignment.contigs, alignment.lengths, strict=True))


def ours(path: Path, choices: Choices | None = None) -> tuple[Tally, dict[str, np.ndarray]]:
    """Our tally and the depth of every base, in windows far smaller than the contigs."""
    alignment = inspect_alignment(path, SAMPLES / "reference/genome.fa.gz")
    contigs = [
        Contig(i, name, n)
        for i, (name, n) in enumerate(zip(alignment.contigs, alignment.lengths, strict=True))
    ]
    depth = {c.name: np.zeros(c.length, dtype=np.int64) for c in contigs}

    def keep(number: int, start: int, values: np.ndarray) -> None:
        depth[contigs[number].name][start : start + len(values)] = values

    return tally_batches(read_all(alignment), contigs, choices or Choices(window=700), keep), depth


def check(path: Path, folder: Path) -> None:
    peer = Mosdepth(path, folder)
    tally, depth = ours(path)
    theirs = peer.depth()
    for name in peer.lengths:
        np.testing.assert_array_equal(depth[name], theirs[name], err_msg=name)
    summary, thresholds = peer.summary(), peer.thresholds()
    assert summary
    for counts in tally.contigs:
        assert counts.depth.depth_sum() == summary.get(counts.contig.name, 0)
        histogram = counts.depth.histogram
        reached = [int(histogram[x:].sum()) for x in THRESHOLDS]
        assert reached == thresholds[counts.contig.name]


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_generated_files_agree_at_every_base(seed: int, tmp_path: Path) -> None:
    reads = random_reads(seed, 1200, list(CONTIGS.values()))
    check(write_alignment(tmp_path / "in.bam", reads, CONTIGS), tmp_path)


@pytest.mark.parametrize(
    "path", sorted((SAMPLES / "alignments").glob("*.bam"))[:2], ids=lambda p: p.name
)
def test_the_sample_cohort_agrees_at_every_base(path: Path, tmp_path: Path) -> None:
    check(path, tmp_path)


def test_real_data_agrees_at_every_base(tmp_path: Path) -> None:
    given = os.environ.get("GENOCOHORT_DATA")
    if not given:
        pytest.skip("GENOCOHORT_DATA is not set")
    check(Path(given) / "bam/ex1.bam", tmp_path)


def test_there_is_no_cap_on_depth(tmp_path: Path) -> None:
    reads = [Read(f"r{i}", start=100 + i % 7, cigar="5M", bases="A" * 5) for i in range(9000)]
    path = write_alignment(tmp_path / "deep.bam", reads, {"chr1": 300})
    check(path, tmp_path)
    _, depth = ours(path)
    assert depth["chr1"].max() > 6000


def test_mapping_quality_and_flags_filter_alike(tmp_path: Path) -> None:
    reads = random_reads(6, 600, list(CONTIGS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, CONTIGS)
    peer = Mosdepth(path, tmp_path, "-Q", "20", "-F", "4")
    tally, _ = ours(path, Choices(excluded_flags=4, min_mapping_quality=20))
    assert [c.depth.depth_sum() for c in tally.contigs[:2]] == [
        peer.summary()["chr1"],
        peer.summary()["chr2"],
    ]


def test_a_mate_inside_its_mate_counts_once_where_mosdepth_loses_bases(tmp_path: Path) -> None:
    # Trimmed mates: 100-150 holds 110-130; mosdepth 0.3.3 ends the overlap with the first one.
    path = write_alignment(tmp_path / "in.bam", pair("p", 100, 110, "50M", "20M"), {"chr1": 400})
    peer = Mosdepth(path, tmp_path)
    tally, _ = ours(path)
    assert peer.summary()["chr1"] == 30
    assert tally.contigs[0].depth.depth_sum() == 50
    if shutil.which("samtools"):
        text = subprocess.run(
            ["samtools", "depth", "-s", str(path)], capture_output=True, text=True, check=True
        ).stdout
        assert sum(int(line.split("\t")[2]) for line in text.splitlines()) == 50
