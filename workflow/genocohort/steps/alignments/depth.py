"""Depth along one contig from sorted pieces, window by window, so that memory is bounded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.steps.alignments.intervals import Intervals

# Bases per window: the arrays of one window take about 100 MB at most while it is closed.
WINDOW = 1 << 22

DepthArray = np.ndarray[tuple[Any, ...], np.dtype[np.int32]]
BoolArray = np.ndarray[tuple[Any, ...], np.dtype[np.bool_]]


@dataclass
class DepthSummary:
    """Depth of one contig.

    Attributes
    ----------
    histogram : int64[d]
        Bases by depth; they add up to the contig's length.
    evaluated_bases, evaluated_sum : int
        Bases in the evaluated intervals and the sum of their depth.
    target_histogram : int64[t] or None
        Bases in the targets by depth; None where no targets are given.
    """

    histogram: IntArray
    evaluated_bases: int
    evaluated_sum: int
    target_histogram: IntArray | None

    def depth_sum(self) -> int:
        """Sum of the depth over all bases."""
        return int((self.histogram * np.arange(len(self.histogram))).sum())

    def covered_bases(self) -> int:
        """Bases of depth 1 or more."""
        return int(self.histogram[1:].sum())


class ContigDepth:
    """Adds up pieces of +1 and -1 along a contig.

    Parameters
    ----------
    length : int
        Bases of the contig; what lies beyond is left out.
    evaluated : Intervals or None
        Where depth is summed apart; None: everywhere.
    targets : Intervals or None
        Where a histogram of its own is made.
    window : int
        Bases worked on at once.
    on_window : callable or None
        Called with the start and the depth (int32[k]) of every window that is finished, in order.
    """

    def __init__(
        self,
        length: int,
        evaluated: Intervals | None = None,
        targets: Intervals | None = None,
        window: int = WINDOW,
        on_window: Callable[[int, DepthArray], None] | None = None,
    ) -> None:
        self._length = length
        self._size = min(window, length)
        self._start = 0
        self._change = np.zeros(self._size + 1, dtype=np.int32)
        self._pending: list[tuple[IntArray, IntArray, int]] = []
        self._evaluated = evaluated
        self._targets = targets
        self._histogram = np.zeros(1, dtype=np.int64)
        self._target_histogram = np.zeros(1, dtype=np.int64)
        self._evaluated_sum = 0
        self._is_touched = False
        self._on_window = on_window

    def add(self, start: IntArray, end: IntArray, weight: int = 1) -> None:
        """Add pieces, none of which starts before the position last given to `advance`.

        Parameters
        ----------
        start, end : int64[k]
            0-based half-open.
        weight : int
            What each adds to the depth.
        """
        start, end = np.minimum(start, self._length), np.minimum(end, self._length)
        limit = self._start + self._size
        here = (start < limit) & (start < end)
        self._is_touched |= bool(here.any())
        np.add.at(self._change, start[here] - self._start, weight)
        stops = here & (end <= limit)
        np.add.at(self._change, end[stops] - self._start, -weight)
        later = (end > limit) & (start < end)
        if later.any():
            self._pending.append((np.maximum(start[later], limit), end[later], weight))

    def advance(self, position: int) -> None:
        """Finish every window that ends at or before a position."""
        while self._start + self._size <= min(position, self._length) and self._size:
            self._close()

    def finish(self) -> DepthSummary:
        """Finish the contig."""
        self.advance(self._length)
        evaluated = self._length if self._evaluated is None else self._evaluated.n_bases()
        targets = None if self._targets is None else self._target_histogram
        return DepthSummary(self._histogram, evaluated, self._evaluated_sum, targets)

    def _close(self) -> None:
        end = self._start + self._size
        if self._is_touched or self._on_window:
            self._count(np.cumsum(self._change[: self._size], dtype=np.int32), end)
            self._change[:] = 0
        else:
            self._histogram[0] += self._size
            if self._targets is not None:
                self._target_histogram[0] += self._targets.within(self._start, end).n_bases()
        self._is_touched = False
        self._start = end
        self._size = min(self._size, self._length - end)
        pending, self._pending = self._pending, []
        for start, stop, weight in pending:
            self.add(start, stop, weight)

    def _count(self, depth: DepthArray, end: int) -> None:
        if self._on_window:
            self._on_window(self._start, depth)
        counts = np.bincount(depth)
        self._histogram = add_padded(self._histogram, counts)
        if self._evaluated is None:
            self._evaluated_sum += int((counts * np.arange(len(counts))).sum())
        else:
            self._evaluated_sum += int(depth[self._mask(self._evaluated, end)].sum(dtype=np.int64))
        if self._targets is not None:
            chosen = np.bincount(depth[self._mask(self._targets, end)])
            self._target_histogram = add_padded(self._target_histogram, chosen)

    def _mask(self, intervals: Intervals, end: int) -> BoolArray:
        part = intervals.within(self._start, end)
        change = np.zeros(self._size + 1, dtype=np.int8)
        change[part.start - self._start] += 1
        change[part.end - self._start] -= 1
        return np.cumsum(change[:-1], dtype=np.int8).astype(bool)


def add_padded(one: IntArray, other: IntArray) -> IntArray:
    """Sum of two histograms, the shorter one filled up with zeros."""
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    total = long.astype(np.int64)
    total[: len(short)] += short
    return total
