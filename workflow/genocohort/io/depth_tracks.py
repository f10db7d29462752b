"""Write the depth of every base: bedGraph lines in BGZF, or BigWig; memory stays bounded."""

import struct
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import deflate
import numpy as np

from genocohort.domain.records import IntArray
from genocohort.io.bgzf import EOF_BLOCK

# Name, starts, ends and depths of runs -> their lines.
FormatLines = Callable[[str, IntArray, IntArray, IntArray], bytes]
# What one block holds before it is compressed, as htslib writes them.
_BLOCK = 0xFF00
_LEVEL = 4
_HEAD = struct.Struct("<4s4sHHHHH")
# Runs that are taken from a spool at once.
_RUNS = 1 << 18


class Track(Protocol):
    """A file that runs of equal depth are written to, contig after contig."""

    def add(self, contig: int, start: IntArray, end: IntArray, depth: IntArray) -> None:
        """Add runs that follow those before."""

    def close(self) -> None:
        """Finish the file."""


def bed_lines(name: str, start: IntArray, end: IntArray, depth: IntArray) -> bytes:
    """Lines of contig, start, end and depth."""
    rows = zip(start.tolist(), end.tolist(), depth.tolist(), strict=True)
    return "".join(f"{name}\t{a}\t{b}\t{n}\n" for a, b, n in rows).encode()


class BedGraph:
    """Lines of contig, start, end and depth, compressed in blocks (BGZF).

    Parameters
    ----------
    path : Path
    contigs : sequence of str
    format_lines : callable
    """

    def __init__(
        self, path: Path, contigs: Sequence[str], format_lines: FormatLines = bed_lines
    ) -> None:
        self._contigs, self._format = contigs, format_lines
        self._stream: BinaryIO = open(path, "wb")  # noqa: SIM115
        self._held = bytearray()

    def add(self, contig: int, start: IntArray, end: IntArray, depth: IntArray) -> None:
        """Add runs."""
        self._held += self._format(self._contigs[contig], start, end, depth)
        n = len(self._held) // _BLOCK * _BLOCK
        for at in range(0, n, _BLOCK):
            self._stream.write(_block(bytes(self._held[at : at + _BLOCK])))
        del self._held[:n]

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._held:
            self._stream.write(_block(bytes(self._held)))
        self._held.clear()
        self._stream.write(EOF_BLOCK)
        self._stream.close()


def _block(data: bytes) -> bytes:
    """One BGZF block (SAM specification, section 4.1)."""
    packed = bytes(deflate.deflate_compress(data, _LEVEL))
    head = _HEAD.pack(
        b"\x1f\x8b\x08\x04", b"\0\0\0\0", 0xFF00, 6, 0x4342, 2, len(packed) + _HEAD.size + 7
    )
    return head + packed + struct.pack("<II", deflate.crc32(data), len(data))


class BigWig:
    """A BigWig file of all contigs that have bases.

    Parameters
    ----------
    path : Path
    contigs, lengths : sequence
        Names and lengths of the header.
    """

    def __init__(self, path: Path, contigs: Sequence[str], lengths: Sequence[int]) -> None:
        import pyBigWig

        self._contigs = contigs
        self._file: Any = pyBigWig.open(str(path), "w")
        self._file.addHeader([(c, n) for c, n in zip(contigs, lengths, strict=True) if n])

    def add(self, contig: int, start: IntArray, end: IntArray, depth: IntArray) -> None:
        """Add runs."""
        if len(start):
            names = [self._contigs[contig]] * len(start)
            self._file.addEntries(
                names, start.tolist(), ends=end.tolist(), values=depth.astype(float).tolist()
            )

    def close(self) -> None:
        """Write the index."""
        self._file.close()


class RunSpool:
    """Takes pieces in any order and writes them in theirs: a piece waits in a temporary file.

    Parameters
    ----------
    track : Track
    """

    def __init__(self, track: Track) -> None:
        self._track = _Joined(track)
        self._folder = tempfile.TemporaryDirectory()
        self._done: set[int] = set()
        self._next = 0
        self._lock, self._writing = Lock(), Lock()

    def __enter__(self) -> "RunSpool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._drain()
                if len(self._done) != self._next:
                    raise RuntimeError("a piece of the depth is missing")
        finally:
            self._track.close()
            self._folder.cleanup()

    def add(self, piece: int, contig: int, runs: IntArray) -> None:
        """Ends and depths (int64[k, 2]) that follow those added of the piece before."""
        with open(self._path(piece), "ab") as stream:
            np.array([contig, len(runs)], dtype=np.int64).tofile(stream)
            np.ascontiguousarray(runs, dtype=np.int64).tofile(stream)

    def done(self, piece: int) -> None:
        """Nothing more comes of a piece: it is written, if those before it are."""
        with self._lock:
            self._done.add(piece)
        self._drain()

    def _path(self, piece: int) -> Path:
        return Path(self._folder.name) / str(piece)

    def _drain(self) -> None:
        """Write the pieces whose turn it is, unless another thread does."""
        while self._writing.acquire(blocking=False):
            try:
                with self._lock:
                    if self._next not in self._done:
                        return
                self._write(self._path(self._next))
                self._next += 1
            finally:
                self._writing.release()

    def _write(self, path: Path) -> None:
        if not path.exists():
            return
        with open(path, "rb") as stream:
            while len(head := np.fromfile(stream, dtype=np.int64, count=2)):
                contig, left = head.tolist()
                while left:
                    n = min(left, _RUNS)
                    rows = np.fromfile(stream, dtype=np.int64, count=2 * n).reshape(-1, 2)
                    self._track.add(contig, rows[:, 0], rows[:, 1])
                    left -= n
        path.unlink()


class _Joined:
    """Joins neighbours of equal depth before they go to a track."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._contig = -1
        self._start = 0
        self._end = np.zeros(0, dtype=np.int64)
        self._depth = np.zeros(0, dtype=np.int64)

    def add(self, contig: int, end: IntArray, depth: IntArray) -> None:
        """Add runs; the last one waits, since its neighbour may be of the same depth."""
        if contig != self._contig:
            self._emit(len(self._end))
            self._contig, self._start = contig, 0
        end = np.concatenate([self._end, end])
        depth = np.concatenate([self._depth, depth])
        kept = np.append(np.flatnonzero(depth[1:] != depth[:-1]), len(depth) - 1)
        self._end, self._depth = end[kept], depth[kept]
        self._emit(len(kept) - 1)

    def _emit(self, n: int) -> None:
        end, depth = self._end[:n], self._depth[:n]
        if n:
            start = np.concatenate([[self._start], end[:-1]])
            self._track.add(self._contig, start, end, depth)
            self._start = int(end[-1])
        self._end, self._depth = self._end[n:], self._depth[n:]

    def close(self) -> None:
        """Write the last run."""
        self._emit(len(self._end))
        self._track.close()
