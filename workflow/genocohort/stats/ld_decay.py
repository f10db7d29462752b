"""Mean squared correlation of pairs of variants by the distance between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.stats.ld import squared_correlations

# Variants that anchors close to each other may share in one matrix product.
_SHARED = 2048


@dataclass(frozen=True)
class DecaySums:
    """Pairs by distance; arrays of shape (n_bins,).

    `r2` is the sum over the pairs whose correlation is defined, `n_pairs` their number.
    """

    n_pairs: npt.NDArray[np.int64]
    r2: npt.NDArray[np.float64]

    def __add__(self, other: "DecaySums") -> "DecaySums":
        return DecaySums(self.n_pairs + other.n_pairs, self.r2 + other.r2)

    @classmethod
    def zero(cls, n_bins: int) -> "DecaySums":
        """No pair yet."""
        return cls(np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins))

    def mean(self) -> npt.NDArray[np.float64]:
        """Mean r2; NaN without pairs."""
        found = np.full(len(self.r2), np.nan)
        np.divide(self.r2, self.n_pairs, out=found, where=self.n_pairs > 0)
        return found

    def adjusted(self, n_samples: int) -> npt.NDArray[np.float64]:
        """Mean of r2 - (1 - r2) / (n - 2): about 0 without LD, however few samples there are.

        References
        ----------
        Bulik-Sullivan et al. 2015, Nat Genet 47:291, online methods.
        """
        mean = self.mean()
        if n_samples < 3:
            return np.full(len(mean), np.nan)
        return np.asarray(mean - (1 - mean) / (n_samples - 2))


def choose_anchors(n_variants: int, n_anchors: int) -> npt.NDArray[np.int64]:
    """Ranks of at most `n_anchors` variants, evenly spaced; all where there are no more."""
    if n_variants <= n_anchors:
        return np.arange(n_variants)
    return np.arange(n_anchors) * n_variants // n_anchors


def sum_decay(
    read: Callable[[int, int], npt.NDArray[np.int8]],
    positions: npt.NDArray[np.int64],
    anchors: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
) -> DecaySums:
    """Sums of r2 over pairs of an anchor and a later variant, by their distance.

    Parameters
    ----------
    read : callable
        Gives the calls of variants [start, end), shape (end - start, n_samples), int8.
    positions : ndarray, shape (n_variants,), int64
        Ascending.
    anchors : ndarray, int64
        Ranks of variants, ascending.
    edges : ndarray, shape (n_bins + 1,), int64
        Base pairs, ascending; a bin is [edges[k], edges[k + 1]).
    """
    total = DecaySums.zero(len(edges) - 1)
    reach = np.searchsorted(positions, positions[anchors] + edges[-1], side="left")
    for first, last in _groups(anchors, reach):
        start, end = int(anchors[first]), int(reach[first:last].max())
        if end - start < 2:
            continue
        calls = read(start, end)
        own = anchors[first:last]
        r2 = squared_correlations(calls[own - start], calls)
        distance = positions[None, start:end] - positions[own, None]
        wanted = np.arange(start, end)[None, :] > own[:, None]
        wanted &= (distance >= edges[0]) & (distance < edges[-1]) & ~np.isnan(r2)
        place = np.searchsorted(edges, distance[wanted], side="right") - 1
        n_bins = len(edges) - 1
        total += DecaySums(
            np.bincount(place, minlength=n_bins).astype(np.int64),
            np.bincount(place, weights=r2[wanted], minlength=n_bins).astype(np.float64),
        )
    return total


def _groups(
    anchors: npt.NDArray[np.int64], reach: npt.NDArray[np.int64]
) -> Sequence[tuple[int, int]]:
    """Runs of anchors [first, last) whose variants are read together."""
    runs = []
    first = 0
    for last in range(1, len(anchors) + 1):
        if last == len(anchors) or reach[last] - anchors[first] > _SHARED:
            runs.append((first, last))
            first = last
    return runs
