"""Where a BAM can be entered: pieces of about equal compressed size, from its index."""

import gzip
import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genocohort.io.alignment_index import bad_index
from genocohort.io.bgzf import is_gzip

# Compressed bytes of a piece at least; derived from the data, never from the number of threads.
PIECE_BYTES = 8 << 20
# Bases of a piece at least, where pieces are runs of contigs.
PIECE_BASES = 32 << 20
_WINDOW_BITS = 14
# Bases between two sites from which on they are read apart: about a compressed block at depth 30.
SITE_GAP = 2 << _WINDOW_BITS

Place = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """A stretch of a sorted file: the records from `start` up to, not including, `end`.

    Attributes
    ----------
    offset : int
        Virtual offset of a record at or before the piece, from which on no record that reaches
        into it is missed; -1: the file's start.
    start, end : (int, int)
        Contig and 0-based position; position -1 is the contig's start. Records without a place
        are on the contig that follows the last one.
    """

    offset: int
    start: Place
    end: Place


def whole_file(n_contigs: int) -> list[Piece]:
    """The only piece of a file that has no index."""
    return [Piece(-1, (0, -1), (n_contigs + 1, -1))]


def contig_pieces(lengths: Sequence[int]) -> list[Piece]:
    """Runs of contigs, by length alone, for a CRAM that is read by its index."""
    cuts, n_bases = [0], 0
    for contig, length in enumerate(lengths):
        if n_bases >= PIECE_BASES:
            cuts.append(contig)
            n_bases = 0
        n_bases += length
    ends = [*cuts[1:], len(lengths) + 1]
    return [Piece(0, (a, -1), (b, -1)) for a, b in zip(cuts, ends, strict=True)]


def read_pieces(index: Path, n_contigs: int, piece_bytes: int = 0) -> list[Piece]:
    """Cut a BAM by its index (.bai or .csi).

    Parameters
    ----------
    index : Path
    n_contigs : int
        Contigs of the header.
    piece_bytes : int
        Compressed bytes of a piece at least; 0: PIECE_BYTES.

    Returns
    -------
    list of Piece
        In the file's order; together they hold every record.

    Raises
    ------
    InputDataError
        The index is damaged.

    References
    ----------
    SAM format specification, section 5.2 (linear index), and the CSI specification, version 1.
    """
    size = piece_bytes or PIECE_BYTES
    entries = _read_entries(index, n_contigs)
    cuts: list[tuple[int, Place]] = [(-1, (0, -1))]
    last = 0
    for contig, places in enumerate(entries):
        for position, offset in places:
            if offset and (offset >> 16) - last >= size:
                cuts.append((offset, (contig, position)))
                last = offset >> 16
    ends = [place for _, place in cuts[1:]] + [(n_contigs + 1, -1)]
    return [Piece(offset, start, end) for (offset, start), end in zip(cuts, ends, strict=True)]


def site_pieces(index: Path | None, sites: Sequence[Sequence[int]], n_contigs: int) -> list[Piece]:
    """Stretches of a file around sites; near ones share a stretch.

    Parameters
    ----------
    index : Path or None
        Of a BAM (.bai or .csi); None: of a CRAM, which htslib enters by its own index.
    sites : sequence of sequence of int
        For each contig of the header rising 0-based positions.

    Raises
    ------
    InputDataError
        The index is damaged.
    """
    entries = _read_entries(index, n_contigs) if index is not None else None
    pieces = []
    before = -1
    for contig, positions in enumerate(sites):
        places = [p for p in entries[contig] if p[1]] if entries is not None else []
        for start, end in _stretches(positions):
            i = bisect_right(places, start, key=lambda place: place[0])
            offset = places[i - 1][1] if i else before
            pieces.append(
                Piece(offset if entries is not None else 0, (contig, start), (contig, end))
            )
        before = places[-1][1] if places else before
    return pieces


def _stretches(positions: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for position in positions:
        if found and position - found[-1][1] < SITE_GAP:
            found[-1] = (found[-1][0], position + 1)
        else:
            found.append((position, position + 1))
    return found


def _read_entries(index: Path, n_contigs: int) -> list[list[Place]]:
    try:
        with gzip.open(index) if is_gzip(index) else open(index, "rb") as stream:
            data = stream.read()
        read = _csi_entries if data[:4] == b"CSI\1" else _bai_entries
        return read(data, n_contigs)
    except (OSError, EOFError, struct.error, ValueError) as error:
        raise bad_index(index, "cannot be read") from error


def _bai_entries(data: bytes, n_contigs: int) -> list[list[Place]]:
    """Positions and virtual offsets of the linear index, for each contig."""
    at, found = 8, []
    for _ in range(n_contigs):
        (n_bins,) = struct.unpack_from("<i", data, at)
        at += 4
        for _ in range(n_bins):
            _, n_chunks = struct.unpack_from("<Ii", data, at)
            if n_chunks < 0:
                raise ValueError("chunks")
            at += 8 + 16 * n_chunks
        (n_windows,) = struct.unpack_from("<i", data, at)
        offsets = struct.unpack_from(f"<{n_windows}Q", data, at + 4)
        at += 4 + 8 * n_windows
        found.append([(i << _WINDOW_BITS, offset) for i, offset in enumerate(offsets) if i])
    return found


def _csi_entries(data: bytes, n_contigs: int) -> list[list[Place]]:
    """Starts of the bins and the offset of the first record that overlaps each of them."""
    _, shift, depth, n_auxiliary = struct.unpack_from("<4siii", data, 0)
    if not (0 < shift < 32 and 0 < depth < 11 and n_auxiliary >= 0):
        raise ValueError("head")
    levels = [((1 << 3 * level) - 1) // 7 for level in range(depth + 2)]
    at, found = 16 + n_auxiliary + 4, []
    for _ in range(n_contigs):
        (n_bins,) = struct.unpack_from("<i", data, at)
        at += 4
        places: dict[int, int] = {}
        for _ in range(n_bins):
            number, offset, n_chunks = struct.unpack_from("<IQi", data, at)
            if n_chunks < 0:
                raise ValueError("chunks")
            at += 16 + 16 * n_chunks
            # The number behind the last bin is that of the counts.
            if number < levels[-1]:
                level = bisect_right(levels, number) - 1
                position = (number - levels[level]) << (shift + 3 * (depth - level))
                if position:
                    places[position] = offset
        found.append(sorted(places.items()))
    return found
