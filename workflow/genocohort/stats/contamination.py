"""Contamination of a sample's reads by another person, from alleles at common sites."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MAX_CONTAMINATION = 0.5
_STEPS = 10_000
# Half the 0.95 quantile of chi2 with one degree of freedom.
_HALF_QUANTILE = 1.920729
_CHUNK = 4096


@dataclass(frozen=True)
class Contamination:
    """An estimate with its 95 % likelihood interval.

    `log_ratio` : natural logarithm of the likelihood over that without contamination.
    """

    share: float
    low: float
    high: float
    log_ratio: float


def site_error_rate(n_used: int, n_other: int) -> float:
    """Share of wrong bases: of three wrong ones two are neither REF nor ALT; at least 0.001."""
    return max(1.5 * n_other / n_used, 1e-3) if n_used else 1e-3


def log_likelihood(
    share: float, n_ref: Counts, n_alt: Counts, frequency: Floats, error_rate: float
) -> float:
    """Log-likelihood of a share of foreign reads.

    Of every site the sample's genotype g1 and the foreign one g2 are unknown, independent, and in
    Hardy-Weinberg proportions at the site's ALT frequency. A base is ALT with probability
    p = (1 - share) g1/2 + share g2/2, and read wrongly, as each other base alike, at `error_rate`.
    Sites are taken as independent.

    Parameters
    ----------
    share : float
        In [0, 0.5].
    n_ref, n_alt : int64[n]
        Bases at each site.
    frequency : float64[n]
        Of ALT, above 0 and below 1.
    error_rate : float

    References
    ----------
    Jun et al. 2012, Am J Hum Genet 91:839, equation for sequence data alone.
    """
    total = 0.0
    for first in range(0, len(n_ref), _CHUNK):
        here = slice(first, first + _CHUNK)
        f = frequency[here]
        prior = np.log(np.stack([(1 - f) ** 2, 2 * f * (1 - f), f**2]))
        terms = []
        for own in range(3):
            for other in range(3):
                p = (1 - share) * own / 2 + share * other / 2
                alt = p * (1 - error_rate) + (1 - p) * error_rate / 3
                ref = (1 - p) * (1 - error_rate) + p * error_rate / 3
                of_bases = n_alt[here] * np.log(alt) + n_ref[here] * np.log(ref)
                terms.append(prior[own] + prior[other] + of_bases)
        total += float(np.logaddexp.reduce(np.stack(terms), axis=0).sum())
    return total


def estimate_contamination(
    n_ref: Counts, n_alt: Counts, frequency: Floats, error_rate: float
) -> Contamination:
    """Maximum-likelihood share of foreign reads, to four digits.

    Parameters are those of `log_likelihood`.
    """
    known: dict[int, float] = {}

    def value(step: int) -> float:
        if step not in known:
            known[step] = log_likelihood(step / _STEPS, n_ref, n_alt, frequency, error_rate)
        return known[step]

    last = round(MAX_CONTAMINATION * _STEPS)
    best = _best_step(value, last)
    floor = value(best) - _HALF_QUANTILE
    low = _end(lambda step: value(step) >= floor, best, 0)
    high = _end(lambda step: value(step) >= floor, best, last)
    log_ratio = round(value(best) - value(0), 3)
    return Contamination(best / _STEPS, low / _STEPS, high / _STEPS, log_ratio)


def _end(is_inside: Callable[[int], bool], inside: int, limit: int) -> int:
    """The step farthest from `inside` towards `limit` up to which all are inside."""
    if is_inside(limit):
        return limit
    outside = limit
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
    return inside


def _best_step(value: Callable[[int], float], last: int) -> int:
    """The largest value: on a coarse grid, which is then made finer around it."""
    width = 100
    best = max(range(0, last + 1, width), key=value)
    while width > 1:
        width = max(1, width // 5)
        near = range(max(0, best - 5 * width), min(last, best + 5 * width) + 1, width)
        best = max(near, key=value)
    return best
