"""Reads by the reference's GC content: in the window where each begins, and in bins of depth."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from genocohort.domain.records import (
    DUPLICATE,
    REVERSE,
    SECONDARY,
    UNMAPPED,
    ByteArray,
    IntArray,
    RecordBatch,
)

# Bases of the reference that are looked at together, and how far windows behind them are at hand.
CHUNK = 1 << 20
MARGIN = 1 << 16
# After the percentages 0 to 100: a place where no window begins.
NO_WINDOW = 101
CELLS = 102
# Bases N that a window may hold.
MOST_UNKNOWN = 4

# Bases [start, end) of a contig.
Fetch = Callable[[str, int, int], bytes]
# Sequence and window's size -> percent of GC of every window, uint8[bases - size + 1].
Percents = Callable[[bytes, int], ByteArray]
# Sequence, its position, bins' size -> A, C, G or T and G or C of each bin, int64[k, 2].
Bases = Callable[[bytes, int, int], IntArray]


class Chunk(NamedTuple):
    """A part [start, stop) of a contig; `percent` is of the windows from `base` on."""

    start: int
    stop: int
    base: int
    percent: ByteArray


@dataclass
class GcCounts:
    """Counts of a stretch of a contig.

    Attributes
    ----------
    windows : int64[CELLS]
        Windows of the reference by percent of GC.
    reads : int64[2, CELLS]
        Reads by that of the window where they begin: not duplicates, duplicates.
    first_bin : int
        Number of the first bin that the stretch lies in.
    bins : int64[k, 3]
        Reads that begin in each bin, its bases A, C, G or T, and G or C of them.

    References
    ----------
    Picard 2.27 CollectGcBiasMetrics for the windows, samtools 1.16 stats (GCD) for the reads of
    bins. Unlike Picard, a read at a contig's end has no window; Picard counts it at 0 percent.
    """

    windows: IntArray
    reads: IntArray
    first_bin: int
    bins: IntArray

    def joined(self, other: "GcCounts") -> "GcCounts":
        """This stretch and one behind it on the same contig."""
        if not len(other.bins) or not len(self.bins):
            bins, first = (self.bins, self.first_bin) if len(self.bins) else (
                other.bins, other.first_bin)  # fmt: skip
        else:
            first, shift = self.first_bin, other.first_bin - self.first_bin
            bins = np.zeros((max(len(self.bins), shift + len(other.bins)), 3), dtype=np.int64)
            bins[: len(self.bins)] += self.bins
            bins[shift : shift + len(other.bins)] += other.bins
        return GcCounts(self.windows + other.windows, self.reads + other.reads, first, bins)


class ReferenceGc:
    """The reference's GC content, a chunk at a time.

    Parameters
    ----------
    fetch : callable
    window, bin_size : int
        Bases of a window and of a bin; windows begin at every base but the contig's first one, and
        end before its last one; bins at multiples of their size.
    percents, bases : callable
        The counting; plain where not given.
    """

    def __init__(
        self,
        fetch: Fetch,
        window: int,
        bin_size: int,
        percents: Percents | None = None,
        bases: Bases | None = None,
    ) -> None:
        self.window, self.bin_size = window, bin_size
        self._fetch = fetch
        self._percents = percents or window_percents
        self._bases = bases or bin_bases

    def chunks(
        self, name: str, length: int, start: int, end: int
    ) -> Iterator[tuple[Chunk, IntArray]]:
        """The parts of a stretch, and the bases of the bins that each lies in."""
        edges = [start, *range((start // CHUNK + 1) * CHUNK, end, CHUNK), end]
        for first, stop in pairwise(edges):
            if first < stop:
                base = max(first - self.window, 0)
                top = min(stop + MARGIN, length)
                percent, sequence = self._windows(name, length, base, top)
                own = sequence[first - base : stop - base]
                yield Chunk(first, stop, base, percent), self._bases(own, first, self.bin_size)

    def at(self, name: str, length: int, positions: IntArray) -> ByteArray:
        """Percent of the windows that begin at rising positions inside the contig."""
        found = np.full(len(positions), NO_WINDOW, dtype=np.uint8)
        first = 0
        while first < len(positions):
            base = int(positions[first])
            last = int(np.searchsorted(positions, base + CHUNK))
            percent, _ = self._windows(name, length, base, int(positions[last - 1]) + 1)
            found[first:last] = percent[positions[first:last] - base]
            first = last
        return found

    def _windows(self, name: str, length: int, base: int, top: int) -> tuple[ByteArray, bytes]:
        """Percent of the windows that begin in [base, top), and the bases they were made from."""
        percent = np.full(top - base, NO_WINDOW, dtype=np.uint8)
        sequence = self._fetch(name, base, min(top + self.window - 1, length))
        found = self._percents(sequence, self.window)
        percent[: len(found)] = found
        for edge in (0, length - self.window):
            if base <= edge < top:
                percent[edge - base] = NO_WINDOW
        return percent, sequence


class StretchGc:
    """Goes along a stretch of a contig, chunk by chunk.

    Parameters
    ----------
    reference : ReferenceGc
    name, length
        Of the contig.
    start, end : int
        The stretch.
    """

    def __init__(
        self, reference: ReferenceGc, name: str, length: int, start: int, end: int
    ) -> None:
        self._reference, self._name, self._length = reference, name, length
        self._end = end
        first = start // reference.bin_size
        n_bins = (end - 1) // reference.bin_size - first + 1 if end > start else 0
        self.counts = GcCounts(
            np.zeros(CELLS, dtype=np.int64),
            np.zeros((2, CELLS), dtype=np.int64),
            first,
            np.zeros((n_bins, 3), dtype=np.int64),
        )
        self._chunks = reference.chunks(name, length, start, end)

    def next(self) -> Chunk | None:
        """The next chunk, whose windows and bins are counted; None behind the last one."""
        for chunk, bases in self._chunks:
            own = chunk.percent[chunk.start - chunk.base : chunk.stop - chunk.base]
            self.counts.windows += np.bincount(own, minlength=CELLS)
            first = chunk.start // self._reference.bin_size - self.counts.first_bin
            self.counts.bins[first : first + len(bases), 1:] += bases
            return chunk
        return None

    def is_last(self, chunk: Chunk) -> bool:
        """Whether nothing of the stretch follows a chunk."""
        return chunk.stop == self._end

    def finish(self) -> GcCounts:
        """The counts, those of chunks that no read asked for included."""
        while self.next() is not None:
            pass
        return self.counts

    def add_far(self, positions: IntArray, duplicate: IntArray) -> None:
        """Add reads whose windows lie far behind the chunk: introns.

        Parameters
        ----------
        positions : int64[k]
            Where their windows begin, inside the contig.
        duplicate : int64[k]
            1 for a duplicate.
        """
        order = np.argsort(positions, kind="stable")
        percent = self._reference.at(self._name, self._length, positions[order])
        np.add.at(self.counts.reads, (duplicate[order], percent), 1)


class GcTally:
    """Counts the records of one contig."""

    def __init__(self, reference: ReferenceGc, name: str, length: int) -> None:
        self._stretch = StretchGc(reference, name, length, 0, length)
        self._reference, self._length = reference, length

    def add(self, batch: RecordBatch, end: IntArray, first: int, last: int) -> None:
        """Count the records first..last of a batch; `end` : where each record ends."""
        here = slice(first, last)
        flag, start = batch.flag[here], batch.start[here]
        mapped = ((flag & UNMAPPED) == 0) & (batch.sequence_length[here] > 0) & (start >= 0)
        counts = self._stretch.counts
        in_bins = mapped & ((flag & SECONDARY) == 0) & (start < self._length)
        np.add.at(counts.bins[:, 0], start[in_bins] // self._reference.bin_size, 1)
        is_reverse = (flag & REVERSE) != 0
        at = np.where(is_reverse, end[here] - self._reference.window, start + 1)[mapped]
        duplicate = ((flag[mapped] & DUPLICATE) != 0).astype(np.int64)
        inside = (at >= 0) & (at < self._length)
        np.add.at(counts.reads, (duplicate[~inside], NO_WINDOW), 1)
        self._stretch.add_far(at[inside], duplicate[inside])

    def finish(self) -> GcCounts:
        """The contig's counts."""
        return self._stretch.finish()


_IS_GC = np.zeros(256, dtype=np.int64)
_IS_GC[list(b"GCgc")] = 1
_IS_N = np.zeros(256, dtype=np.int64)
_IS_N[list(b"Nn")] = 1
_IS_KNOWN = _IS_GC.copy()
_IS_KNOWN[list(b"ATat")] = 1


def window_percents(sequence: bytes, window: int) -> ByteArray:
    """Percent of G and C in every window, rounded down; NO_WINDOW with too many bases N.

    Returns
    -------
    uint8[max(0, bases - window + 1)]
    """
    letters = np.frombuffer(sequence, dtype=np.uint8)
    if len(letters) < window:
        return np.zeros(0, dtype=np.uint8)

    def in_windows(chosen: IntArray) -> IntArray:
        total = np.concatenate([[0], np.cumsum(chosen[letters])])
        return np.asarray(total[window:] - total[:-window])

    percent = 100 * in_windows(_IS_GC) // window
    return np.where(in_windows(_IS_N) > MOST_UNKNOWN, NO_WINDOW, percent).astype(np.uint8)


def bin_bases(sequence: bytes, start: int, bin_size: int) -> IntArray:
    """Bases A, C, G or T, and G or C of them, of each bin that a sequence at `start` lies in."""
    letters = np.frombuffer(sequence, dtype=np.uint8)
    number = (start + np.arange(len(letters))) // bin_size - start // bin_size
    n = int(number[-1]) + 1 if len(number) else 0
    counts = [np.bincount(number, weights=of[letters], minlength=n) for of in (_IS_KNOWN, _IS_GC)]
    return np.stack(counts, axis=1).astype(np.int64)


class BiasRow(NamedTuple):
    """Reads and windows of one percent of GC (None: reads and places without a window)."""

    gc: int | None
    n_windows: int
    n_reads: int
    n_duplicates: int
    normalised_coverage: float | None
    normalised_coverage_unique: float | None


def gc_bias_rows(parts: Sequence[GcCounts]) -> list[BiasRow]:
    """Reads by GC over all contigs, and their coverage over the mean of all windows."""
    windows, unique, duplicates = (np.zeros(CELLS, dtype=np.int64) for _ in range(3))
    for part in parts:
        windows += part.windows
        unique += part.reads[0]
        duplicates += part.reads[1]
    reads: IntArray = unique + duplicates
    total = int(windows[:NO_WINDOW].sum())

    def coverage(counts: IntArray, gc: int) -> float | None:
        mean = int(counts[:NO_WINDOW].sum()) / total if total else 0
        n = int(windows[gc])
        return int(counts[gc]) / n / mean if n and mean else None

    rows = [
        BiasRow(
            gc, int(windows[gc]), int(reads[gc]), int(duplicates[gc]),
            coverage(reads, gc), coverage(unique, gc),
        )
        for gc in range(NO_WINDOW)
    ]  # fmt: skip
    last = NO_WINDOW
    none = BiasRow(None, int(windows[last]), int(reads[last]), int(duplicates[last]), None, None)
    return [*rows, none]


# Percentiles of depth that are told for each percent of GC.
PERCENTILES = (10, 25, 50, 75, 90)


def gc_depth_rows(
    parts: Sequence[GcCounts], bin_size: int, read_length: float
) -> list[tuple[Any, ...]]:
    """Depth of the reference's bins by their percent of GC, rounded half up.

    Parameters
    ----------
    parts : sequence of GcCounts
        Whole contigs.
    bin_size : int
    read_length : float
        Mean length of the reads.

    Returns
    -------
    list of tuple
        gc, n_bins, share of the bins with at most this GC, and the PERCENTILES of the depth. The
        last row, if there is one, has gc None: bins that hold fewer bases A, C, G or T than half
        of `bin_size`, which are in no other row.

    References
    ----------
    samtools 1.16 stats, GCD. Its bins begin where a read lies: they depend on all reads before, so
    that no stretch can be counted alone. It lists a bin without reads that is none, leaves the last
    one in the order of GC out, gives the last one's GC as a fraction, and cuts the mean length of
    the reads to a whole number. Here bins are fixed, and each one counts once.
    """
    bins = np.concatenate([np.zeros((0, 3), dtype=np.int64), *(p.bins for p in parts)])
    known = bins[:, 1]
    used = (2 * known >= bin_size) & (known > 0)
    n_left_out = int(np.count_nonzero(~used))
    reads, known, gc = bins[used].T
    percent = (200 * gc + known) // (2 * known)
    depth = reads * read_length / known
    rows: list[tuple[Any, ...]] = []
    reached = 0
    for value in np.unique(percent).tolist():
        here = np.sort(depth[percent == value])
        reached += len(here)
        levels = (percentile(here, p) for p in PERCENTILES)
        rows.append((value, len(here), reached / len(known), *levels))
    if n_left_out:
        rows.append((None, n_left_out, None, *(None for _ in PERCENTILES)))
    return rows


def percentile(values: np.ndarray, percent: int) -> float:
    """A percentile of rising values by linear interpolation at percent * (n + 1) / 100."""
    n = len(values)
    place, rest = divmod(percent * (n + 1), 100)
    if place <= 0:
        return float(values[0])
    if place >= n:
        return float(values[-1])
    low, high = float(values[place - 1]), float(values[place])
    return low + rest / 100 * (high - low)
