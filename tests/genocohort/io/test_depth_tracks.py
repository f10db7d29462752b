"""The depth of every base as bedGraph and as BigWig: any pieces, in any order, the same bytes."""

import gzip
import itertools
import random
from pathlib import Path

import numpy as np
import pyBigWig
import pysam
import pytest

from genocohort.io import depth_tracks
from genocohort.io.bgzf import has_eof_marker
from genocohort.io.depth_tracks import BedGraph, BigWig, RunSpool, bed_lines
from genocohort.kernels import native

LENGTHS = {"one": 5000, "empty": 0, "two": 900}


def depths() -> list[list[int]]:
    rng = random.Random(4)
    found = []
    for n in LENGTHS.values():
        depth: list[int] = []
        while len(depth) < n:
            depth += [rng.choice([0, 0, 1, 2, 70_000])] * rng.randrange(1, 30)
        found.append(depth[:n])
    return found


def lines(all_depths: list[list[int]]) -> str:
    """The bedGraph, base by base."""
    text = ""
    for name, depth in zip(LENGTHS, all_depths, strict=True):
        position = 0
        for value, same in itertools.groupby(depth):
            n = len(list(same))
            text += f"{name}\t{position}\t{position + n}\t{value}\n"
            position += n
    return text


def write(track: BedGraph | BigWig, piece_bases: int, seed: int) -> None:
    """Pieces of contigs, each in several parts, added in a random order."""
    rng = random.Random(seed)
    pieces = [
        (contig, start, depth[start : start + piece_bases])
        for contig, depth in enumerate(depths())
        for start in range(0, len(depth), piece_bases)
    ]
    order = list(range(len(pieces)))
    rng.shuffle(order)
    with RunSpool(track) as spool:
        for number in order:
            contig, start, part = pieces[number]
            for first in range(0, len(part), 70):
                here = np.array(part[first : first + 70])
                ends = start + first + np.arange(len(here)) + 1
                # Runs need not be joined: every base may stand alone.
                spool.add(number, contig, np.stack([ends, here], axis=1))
            spool.done(number)


@pytest.mark.parametrize(("piece_bases", "seed"), [(100, 1), (333, 2), (9999, 3)])
def test_a_bedgraph_is_the_depth_base_by_base(
    piece_bases: int, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depth_tracks, "_RUNS", 50)
    path = tmp_path / "d.bed.gz"
    write(BedGraph(path, list(LENGTHS)), piece_bases, seed)
    assert gzip.decompress(path.read_bytes()).decode() == lines(depths())
    assert has_eof_marker(path)
    other = tmp_path / "o.bed.gz"
    write(BedGraph(other, list(LENGTHS)), 500, 7)
    assert other.read_bytes() == path.read_bytes()
    pysam.tabix_index(str(path), preset="bed")
    rows = list(pysam.TabixFile(str(path)).fetch("two", 10, 20))
    assert rows
    assert {row.split("\t")[0] for row in rows} == {"two"}


def test_blocks_are_full_and_independent_of_the_pieces(tmp_path: Path) -> None:
    path = tmp_path / "d.bed.gz"
    track = BedGraph(path, ["c"])
    end = np.arange(1, 20_001)
    for part in np.array_split(end, 13):
        track.add(0, part - 1, part, part * 1000)
    track.close()
    raw, sizes, at = path.read_bytes(), [], 0
    while at < len(raw):
        size = int.from_bytes(raw[at + 16 : at + 18], "little") + 1
        sizes.append(len(gzip.decompress(raw[at : at + size])))
        at += size
    assert set(sizes[:-2]) == {0xFF00}
    assert sizes[-1] == 0


@pytest.mark.parametrize(("piece_bases", "seed"), [(100, 1), (9999, 3)])
def test_a_bigwig_is_the_depth_base_by_base(piece_bases: int, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "d.bw"
    write(BigWig(path, list(LENGTHS), list(LENGTHS.values())), piece_bases, seed)
    other = tmp_path / "o.bw"
    write(BigWig(other, list(LENGTHS), list(LENGTHS.values())), 500, 7)
    assert other.read_bytes() == path.read_bytes()
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == {name: n for name, n in LENGTHS.items() if n}
        for name, depth in zip(LENGTHS, depths(), strict=True):
            if depth:
                assert file.values(name, 0, len(depth)) == depth
                assert len(file.intervals(name)) == lines(depths()).count(f"{name}\t")


def test_both_ways_to_write_lines_agree() -> None:
    module = native("alignments")
    if module is None:
        pytest.skip("the kernels are not built")
    rng = random.Random(5)
    values = np.array([[rng.randrange(10 ** rng.randrange(1, 13)) for _ in range(3)]
                       for _ in range(500)])  # fmt: skip
    start, end, depth = (np.ascontiguousarray(column) for column in values.T)
    for n in (0, 1, 500):
        columns = (start[:n], end[:n], depth[:n])
        assert module.bed_lines(b"chrUn_x", *columns) == bed_lines("chrUn_x", *columns)


def test_a_missing_piece_and_an_error_leave_no_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def write(piece: int, error: Exception | None) -> None:
        with RunSpool(BedGraph(tmp_path / "a.bed.gz", ["c"])) as spool:
            spool.add(piece, 0, np.array([[5, 1]]))
            if error:
                raise error
            spool.done(piece)

    with pytest.raises(RuntimeError, match="missing"):
        write(1, None)
    with pytest.raises(ValueError, match="reading failed"):
        write(0, ValueError("reading failed"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.bed.gz"]
