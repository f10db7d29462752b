"""Depth of regions against the depth of every base."""

from pathlib import Path

import numpy as np
import pytest

from genocohort.errors import InputDataError
from genocohort.io.intervals import Region, read_regions
from genocohort.steps.alignments.regions import (
    RegionTally,
    place_regions,
    region_columns,
    regions_between,
)
from tiny.alignments import random_reads
from tiny.batches import tally

CONTIGS, LENGTHS = ["chr1", "2", "chrX"], [4000, 900, 500]


def test_the_file_is_read_with_names_and_lines(tmp_path: Path) -> None:
    bed = tmp_path / "r.bed"
    bed.write_text("#c\ntrack x\n\nchr1\t5\t9\tgene a\t0\t+\r\nchr1\t7\t7\n1 2 3 b\n")
    assert read_regions(bed) == [
        Region(4, "chr1", 5, 9, "gene a"), Region(5, "chr1", 7, 7, ""), Region(6, "1", 2, 3, "b"),
    ]  # fmt: skip
    bed.write_text("chr1\t1\t2\nchr1\t9\t3\n")
    with pytest.raises(InputDataError, match="not an interval") as error:
        read_regions(bed)
    assert error.value.where == f"{bed}, line 2"


def regions(*rows: tuple[str, int, int]) -> list[Region]:
    return [Region(i, contig, a, b, f"n{i}") for i, (contig, a, b) in enumerate(rows, 1)]


def test_order_names_and_unknown_contigs() -> None:
    given = regions(
        ("chrX", 5, 9), ("1", 50, 60), ("chrZ", 1, 2), ("chr1", 7, 90), ("chr2", 0, 900),
        ("CHR1", 7, 8),
    )  # fmt: skip
    placed = place_regions(given, "r.bed", CONTIGS, LENGTHS)
    assert [r.line for r in placed.regions] == [4, 6, 2, 5, 1]
    assert placed.contig.tolist() == [0, 0, 0, 1, 2]
    assert placed.on(0).tolist() == [[7, 90], [7, 8], [50, 60]]
    assert [r.line for r in placed.absent] == [3]
    empty = place_regions([], "r.bed", CONTIGS, LENGTHS)
    assert empty.on(1).tolist() == []


def test_regions_of_another_build() -> None:
    given = regions(("chr1", 0, 4000), ("chr2", 800, 901), ("chrX", 600, 700))
    with pytest.raises(InputDataError, match="beyond the end") as error:
        place_regions(given, "r.bed", CONTIGS, LENGTHS)
    assert error.value.where == "r.bed, line 2"
    assert list(error.value.offenders) == ["line 2: chr2:800-901", "line 3: chrX:600-700"]
    with pytest.raises(InputDataError, match="no region lies on"):
        place_regions(regions(("chr7", 0, 1)), "r.bed", CONTIGS, LENGTHS)


@pytest.mark.parametrize("window", [1, 50, 1000])
def test_counts_are_those_of_every_base(window: int) -> None:
    reads = random_reads(3, 120, LENGTHS)
    _, depths = tally(reads, LENGTHS)
    given = np.array([[0, 4000], [10, 30], [10, 10], [20, 3000], [2000, 2001], [3999, 4000]])
    thresholds = (1, 2, 5, 99)
    counts = RegionTally(given, thresholds)
    for start in range(0, 4000, window):
        counts.add(start, depths[0][start : start + window])
    cells = counts.finish().whole(len(given))
    for (a, b), row in zip(given.tolist(), cells.tolist(), strict=True):
        part = depths[0][a:b]
        assert row == [part.sum(), *((part >= t).sum() for t in thresholds)]
    placed = place_regions([Region(1, "1", a, b, "") for a, b in given.tolist()], "r",
                           CONTIGS, LENGTHS)  # fmt: skip
    columns = region_columns("s", CONTIGS, placed, {0: cells}, thresholds)
    assert columns["name"] == [None] * len(given)
    assert columns["mean_fragment_depth"][2] is None
    assert columns["mean_fragment_depth"][0] == depths[0].sum() / 4000
    assert columns["bases_5x"] == cells[:, 3].tolist()


def test_parts_of_a_stretch() -> None:
    given = np.array([[0, 100], [5, 8], [50, 60], [50, 51], [70, 70], [90, 95]])
    index, parts = regions_between(given, 51, 90)
    assert index.tolist() == [0, 2, 4]
    assert parts.tolist() == [[51, 90], [51, 60], [70, 70]]
