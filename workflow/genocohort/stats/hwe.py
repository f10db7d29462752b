"""Exact test of Hardy-Weinberg proportions, for arrays of genotype counts."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]
_LN10 = np.log(10.0)
# Genotype configurations held at once; bounds the memory (a few arrays of 8 bytes each).
_MAX_CONFIGURATIONS = 1 << 21


class HweResult(NamedTuple):
    """Result of the exact test; shapes as the counts given.

    Attributes
    ----------
    p : ndarray of float64
        P value; 0 where it is below the smallest float64; NaN where no genotype is called.
    neg_log10_p : ndarray of float64
        -log10(P), finite and exact where `p` is 0 too; NaN where no genotype is called.
    """

    p: npt.NDArray[np.float64]
    neg_log10_p: npt.NDArray[np.float64]


# Terms below this share of the observed configuration's add nothing to its sum.
_TINY_TERM = 1e-20
# Beyond it P is worked out in logarithms.
_LARGEST_TOTAL = 1e290
# Configurations whose probabilities differ by less are as probable as each other.
_TIE = 1e-10
# Sums of the tail by compiled code: (rarer homozygote, heterozygote, other homozygote, mid-P).
TailSums = Callable[[_Int64, _Int64, _Int64, bool], _Float64]


def hwe_exact(
    n_hom_1: npt.ArrayLike,
    n_het: npt.ArrayLike,
    n_hom_2: npt.ArrayLike,
    *,
    midp: bool = False,
    sums: TailSums | None = None,
) -> HweResult:
    """Exact two-sided test of Hardy-Weinberg proportions.

    P is the sum of the probabilities, given the allele counts, of all heterozygote counts that are
    not more probable than the observed one. Configurations are added up outwards from the observed
    one, each from the one before it; where that leaves the range of float64 (P below about 1e-290)
    the tail is summed in log space, so tiny P keep their full relative accuracy.

    Parameters
    ----------
    n_hom_1, n_het, n_hom_2 : array_like of int, same shape
        Genotype counts; which homozygote is which does not matter. Never negative.
    midp : bool
        Count configurations as probable as the observed one by half (mid-P).
    sums : callable, optional
        Compiled code for the same sums, in the same order: (rarer homozygote, heterozygote, other
        homozygote, mid-P) to P, NaN where it leaves the range.

    Returns
    -------
    HweResult

    Raises
    ------
    ValueError
        A count is negative or the shapes differ.

    References
    ----------
    Wigginton, Cutler, Abecasis (2005) Am J Hum Genet 76:887-893, equation 1; mid-P: Graffelman and
    Moreno (2013) Stat Appl Genet Mol Biol 12:433-448. Ties within rounding as in PLINK 1.9.
    """
    counts = [np.asarray(c, dtype=np.int64) for c in (n_hom_1, n_het, n_hom_2)]
    shape = counts[0].shape
    if any(c.shape != shape for c in counts):
        raise ValueError("the three arrays of counts differ in shape")
    hom_1, het, hom_2 = (c.ravel() for c in counts)
    if hom_1.size and min(hom_1.min(), het.min(), hom_2.min()) < 0:
        raise ValueError("genotype counts cannot be negative")
    triples = np.stack([np.minimum(hom_1, hom_2), het, np.maximum(hom_1, hom_2)], axis=1)
    if sums is None:
        # Variants share configurations (most are rare), so each distinct one is tested once.
        distinct, inverse = np.unique(triples, axis=0, return_inverse=True)
        chosen = inverse.ravel()
    else:
        distinct, chosen = triples, np.arange(len(triples))
    rare, het, common = (np.ascontiguousarray(distinct[:, i]) for i in range(3))
    called = distinct.sum(axis=1) > 0
    p = np.minimum((sums or tail_sums)(rare, het, common, midp), 1.0)
    log_p = np.log(p)
    beyond = np.flatnonzero(np.isnan(p) & called)
    if beyond.size:
        log_p[beyond] = _log_p(distinct[beyond], midp)
        p[beyond] = np.exp(log_p[beyond])
    p[~called] = log_p[~called] = np.nan
    return HweResult(p[chosen].reshape(shape), (np.abs(log_p) / _LN10)[chosen].reshape(shape))


def tail_sums(rare: _Int64, het: _Int64, common: _Int64, midp: bool) -> _Float64:
    """P of each row of counts by sums outwards from the observed one; NaN beyond float64's range.

    The order of the operations is that of the compiled kernel, so that results are the same bits.
    """
    total, tail = np.ones(len(rare)), np.full(len(rare), 0.5 if midp else 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        for direction in (-1, 1):
            _add_terms((rare, het, common), midp, direction, total, tail)
        p = tail / total
    p[~(total <= _LARGEST_TOTAL)] = np.nan
    return np.asarray(p)


def _add_terms(
    counts: tuple[_Int64, _Int64, _Int64],
    midp: bool,
    direction: int,
    total: _Float64,
    tail: _Float64,
) -> None:
    """Add the configurations with fewer (-1) or more (1) heterozygotes, one step for all rows."""
    rows: npt.NDArray[np.intp] = np.arange(len(total))
    term: _Float64 = np.ones(len(total))
    r, h, c = (values.astype(np.float64) for values in counts)
    while rows.size:
        going = (h > 1.0) if direction < 0 else (r > 0.0) & (c > 0.0)
        rows, r, h, c, term = rows[going], r[going], h[going], c[going], term[going]
        if direction < 0:
            term = term * (h * (h - 1.0)) / (4.0 * (r + 1.0) * (c + 1.0))
        else:
            term = term * (4.0 * r * c) / ((h + 2.0) * (h + 1.0))
        r, h, c = r - direction, h + 2.0 * direction, c - direction
        share = np.where(term > 1.0 + _TIE, 0.0, term)
        if midp:
            share = np.where((share > 0.0) & (term >= 1.0 - _TIE), 0.5 * term, share)
        total[rows] += term
        tail[rows] += share
        going = ~(term < _TINY_TERM)
        rows, r, h, c, term = rows[going], r[going], h[going], c[going], term[going]


def _log_p(triples: _Int64, midp: bool) -> _Float64:
    """Natural logarithm of P of each row (rarer homozygote, heterozygote, other homozygote)."""
    result = np.full(len(triples), np.nan)
    minor = 2 * triples[:, 0] + triples[:, 1]
    called = np.flatnonzero(triples.sum(axis=1) > 0)
    if called.size == 0:
        return result
    # Imported where it is needed: few variants are so far out, and the import takes long.
    from scipy.special import gammaln

    log_factorial = gammaln(np.arange(2 * triples.sum(axis=1).max() + 1) + 1.0)
    configurations = np.cumsum(minor[called] // 2 + 1)
    chunk = (configurations - 1) // _MAX_CONFIGURATIONS
    for part in np.split(called, np.flatnonzero(np.diff(chunk)) + 1):
        result[part] = _log_p_chunk(triples[part], midp, log_factorial)
    return result


def _log_probability(n: _Int64, minor: _Int64, het: _Int64, log_factorial: _Float64) -> _Float64:
    """Log of the ways that n genotypes with `minor` minor alleles hold `het` heterozygotes."""
    rare = (minor - het) // 2
    log_ways = het * np.log(2.0) - log_factorial[rare] - log_factorial[het]
    log_ways -= log_factorial[n - rare - het]
    return np.asarray(log_ways)


def _log_p_chunk(triples: _Int64, midp: bool, log_factorial: _Float64) -> _Float64:
    n = triples.sum(axis=1)
    minor = 2 * triples[:, 0] + triples[:, 1]
    sizes = minor // 2 + 1
    starts = np.cumsum(sizes) - sizes
    het = 2 * (np.arange(sizes.sum()) - np.repeat(starts, sizes)) + np.repeat(minor % 2, sizes)
    observed = _log_probability(n, minor, triples[:, 1], log_factorial)
    difference = _log_probability(np.repeat(n, sizes), np.repeat(minor, sizes), het, log_factorial)
    difference -= np.repeat(observed, sizes)
    # Rounding of the log factorials grows with their size; ties must not depend on it.
    tolerance = np.repeat(1e-12 + 8 * np.finfo(float).eps * log_factorial[n], sizes)
    terms = np.where(difference <= tolerance, np.exp(np.minimum(difference, 0.0)), 0.0)
    if midp:
        terms[np.abs(difference) <= tolerance] *= 0.5
    # The probability of the observed configuration, whose ways were counted without the constant.
    observed += log_factorial[n] + log_factorial[minor] + log_factorial[2 * n - minor]
    observed -= log_factorial[2 * n]
    return np.minimum(observed + np.log(np.add.reduceat(terms, starts)), 0.0)
