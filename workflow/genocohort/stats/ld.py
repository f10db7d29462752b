"""Linkage disequilibrium between nearby variants, and pruning by it."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

# Variants whose neighbours are correlated in one matrix product.
BLOCK = 512

# Relative tolerance of comparisons, so that equal values computed in another order stay equal.
EPSILON = 2.0**-44

ReadCalls = Callable[[int, int], npt.NDArray[np.int8]]
Indices = npt.NDArray[np.int64]
Correlate = Callable[[npt.NDArray[np.int8], int, Indices, float], tuple[Indices, Indices]]


def count_windows(n_variants: int, size: int, step: int) -> list[tuple[int, int]]:
    """Windows [start, end) of `size` variants that move on by `step`; the last may be shorter."""
    windows = []
    start = 0
    while n_variants > 1:
        end = min(start + size, n_variants)
        windows.append((start, end))
        if end == n_variants:
            break
        start += step
    return windows


def distance_windows(positions: npt.NDArray[np.int64], span: int) -> list[tuple[int, int]]:
    """Windows [start, end) of variants at most `span` bases apart that no other window contains.

    Parameters
    ----------
    positions : ndarray, shape (n_variants,), int64
        Ascending.
    """
    ends = np.searchsorted(positions, positions + span, side="right")
    windows = []
    covered = 0
    for start, end in enumerate(ends.tolist()):
        if end > covered and end - start > 1:
            windows.append((start, end))
        covered = max(covered, end)
    return windows


def correlated_pairs(
    first: npt.NDArray[np.int8], second: npt.NDArray[np.int8], r2_max: float
) -> npt.NDArray[np.bool_]:
    """Pairs of variants whose squared correlation of ALT allele counts exceeds `r2_max`.

    Parameters
    ----------
    first, second : ndarray, shape (n_first, n_samples) and (n_second, n_samples), int8
        Calls of the same samples; negative is missing. A pair uses the samples called in both.

    Returns
    -------
    ndarray, shape (n_first, n_second), bool
        False where the correlation is undefined.

    References
    ----------
    The squared Pearson correlation of unphased allele counts: plink2 --indep-pairwise.
    """
    covariance, variance_a, variance_b = _moments(first, second)
    limit = r2_max * (1 + EPSILON)
    return np.asarray(covariance**2 > limit * variance_a * variance_b, dtype=bool)


def squared_correlations(
    first: npt.NDArray[np.int8], second: npt.NDArray[np.int8]
) -> npt.NDArray[np.float64]:
    """Squared correlation of ALT allele counts of every pair of two sets of variants.

    Parameters
    ----------
    first, second
        As `correlated_pairs`.

    Returns
    -------
    ndarray, shape (n_first, n_second), float64
        NaN where undefined: one of the two does not vary among the samples called in both.

    References
    ----------
    Rogers and Huff 2009, Genetics 182:839; plink 1.9 --r2.
    """
    covariance, variance_a, variance_b = _moments(first, second)
    product = variance_a * variance_b
    r2 = np.full(product.shape, np.nan)
    np.divide(covariance**2, product, out=r2, where=product > 0)
    return r2


def _moments(
    first: npt.NDArray[np.int8], second: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """n^2 times covariance and variances of pairs of variants over the samples called in both."""
    # Sums of products of small integers are exact in float32 below 2^24.
    called_a, called_b = ((c >= 0).astype(np.float32) for c in (first, second))
    g_a, g_b = (np.maximum(c, 0).astype(np.float32) for c in (first, second))
    n = _product(called_a, called_b)
    sum_a, sum_b = _product(g_a, called_b), _product(called_a, g_b)
    square_a, square_b = _product(g_a**2, called_b), _product(called_a, g_b**2)
    covariance = n * _product(g_a, g_b) - sum_a * sum_b
    return covariance, n * square_a - sum_a**2, n * square_b - sum_b**2


def _product(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.asarray(a @ b.T, dtype=np.float64)


def correlated_later(
    calls: npt.NDArray[np.int8], n_first: int, reach: Indices, r2_max: float
) -> tuple[Indices, Indices]:
    """Later variants that each of the first ones has an r2 above `r2_max` with.

    Parameters
    ----------
    calls : ndarray, shape (n_variants, n_samples), int8
    reach : ndarray, shape (n_first,), int64
        Variant i is compared with those from i + 1 on below reach[i].

    Returns
    -------
    tuple
        How many are found for each, and their places one behind the other.
    """
    pairs = correlated_pairs(calls[:n_first], calls, r2_max)
    column = np.arange(len(calls))
    pairs &= (column > np.arange(n_first)[:, None]) & (column < reach[:, None])
    return pairs.sum(axis=1, dtype=np.int64), np.nonzero(pairs)[1].astype(np.int64)


def find_neighbours(
    read: ReadCalls,
    windows: Sequence[tuple[int, int]],
    n_variants: int,
    r2_max: float,
    correlate: Correlate = correlated_later,
) -> list[list[int]]:
    """For each variant the later ones it shares a window and an r2 above `r2_max` with.

    Parameters
    ----------
    read : callable
        Gives the calls of variants [start, end), shape (end - start, n_samples), int8.
    windows : sequence of (start, end)
        Both ascending.
    correlate : callable
        `correlated_later`, or another that gives the same.
    """
    reach = np.zeros(n_variants, dtype=np.int64)
    for start, end in windows:
        reach[start:end] = end
    neighbours: list[list[int]] = [[] for _ in range(n_variants)]
    for start in range(0, n_variants, BLOCK):
        stop = min(start + BLOCK, n_variants)
        furthest = max(int(reach[start:stop].max()), stop)
        calls = read(start, furthest)
        counts, places = correlate(calls, stop - start, reach[start:stop] - start, r2_max)
        ends = np.cumsum(counts).tolist()
        later = (places + start).tolist()
        for i, (first, last) in enumerate(pairwise([0, *ends])):
            neighbours[start + i] = later[first:last]
    return neighbours


def prune(
    neighbours: Sequence[Sequence[int]],
    windows: Sequence[tuple[int, int]],
    major_frequency: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Remove variants window by window until no two left in a window are neighbours.

    In each window the variants are gone through in order, again and again until nothing changes;
    each meets its first remaining later neighbour, and of the two the one with the rarer minor
    allele goes, on equal frequencies the later one.

    Parameters
    ----------
    neighbours : sequence of sequence of int
        For each variant its later neighbours, ascending (`find_neighbours`).
    windows : sequence of (start, end)
        Both ascending.
    major_frequency : ndarray, shape (n_variants,), float64

    Returns
    -------
    ndarray, shape (n_variants,), bool
        The variants kept.

    References
    ----------
    plink2 (2.00a3.5) --indep-pairwise, and PLINK 1.9's; newer plink2 visit the pairs of a window
    in another order.
    """
    earlier: list[list[int]] = [[] for _ in neighbours]
    for i, later in enumerate(neighbours):
        for j in later:
            earlier[j].append(i)
    kept = [True] * len(neighbours)
    next_place = [0] * len(neighbours)
    frequency = major_frequency.tolist()
    done = 0
    for start, end in windows:
        # Pairs within the last window are settled: only those with a new variant can remain.
        new = range(max(start, done), end)
        suspects = sorted({i for j in new if kept[j] for i in earlier[j] if i >= start and kept[i]})
        while _settle(suspects, end, neighbours, kept, next_place, frequency):
            pass
        done = end
    return np.array(kept, dtype=bool)


def _settle(
    suspects: list[int],
    end: int,
    neighbours: Sequence[Sequence[int]],
    kept: list[bool],
    next_place: list[int],
    frequency: list[float],
) -> bool:
    """Go once through a window's suspects; whether any variant was removed."""
    changed = False
    for i in suspects:
        if not kept[i]:
            continue
        later = neighbours[i]
        place = next_place[i]
        while place < len(later) and not kept[later[place]]:
            place += 1
        next_place[i] = place
        if place == len(later) or later[place] >= end:
            continue
        j = later[place]
        kept[i if frequency[i] > frequency[j] * (1 + EPSILON) else j] = False
        changed = True
    return changed
