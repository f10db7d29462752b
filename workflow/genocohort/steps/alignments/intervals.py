"""Sets of intervals on one contig: sorted, disjoint, 0-based half-open."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from genocohort.domain.records import IntArray


@dataclass(frozen=True)
class Intervals:
    """Sorted, disjoint intervals: `start` and `end`, int64[n]."""

    start: IntArray
    end: IntArray

    def __len__(self) -> int:
        return len(self.start)

    def n_bases(self) -> int:
        """Bases in all intervals."""
        return int((self.end - self.start).sum())

    def within(self, start: int, end: int) -> "Intervals":
        """The part of the set inside one window."""
        first = int(np.searchsorted(self.end, start, side="right"))
        last = int(np.searchsorted(self.start, end, side="left"))
        return Intervals(
            np.maximum(self.start[first:last], start), np.minimum(self.end[first:last], end)
        )


def merge_intervals(pairs: Iterable[tuple[int, int]], length: int) -> Intervals:
    """The union of intervals, clipped to a contig of `length` bases."""
    merged: list[list[int]] = []
    for start, end in sorted((max(0, a), min(length, b)) for a, b in pairs):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    array = np.array(merged, dtype=np.int64).reshape(-1, 2)
    return Intervals(array[:, 0].copy(), array[:, 1].copy())


def subtract_intervals(kept: Intervals, removed: Intervals) -> Intervals:
    """What of `kept` lies outside `removed`."""
    pieces: list[tuple[int, int]] = []
    for start, end in zip(kept.start.tolist(), kept.end.tolist(), strict=True):
        hole = removed.within(start, end)
        position = start
        for a, b in zip(hole.start.tolist(), hole.end.tolist(), strict=True):
            pieces.append((position, a))
            position = b
        pieces.append((position, end))
    largest = max((end for _, end in pieces), default=0)
    return merge_intervals(pieces, largest)
