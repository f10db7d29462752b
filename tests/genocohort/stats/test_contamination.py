"""Contamination from alleles: planted shares, a plain likelihood, and what must not matter."""

import itertools
import math

import numpy as np
import pytest

from genocohort.stats.contamination import (
    estimate_contamination,
    log_likelihood,
    site_error_rate,
)

ERROR = 0.004
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(seed: int, share: float, n: int = 3000, depth: int = 30) -> Drawn:
    """REF and ALT bases of n sites, and their frequencies."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.05, 0.95, n)
    own, other = rng.binomial(2, frequency), rng.binomial(2, frequency)
    p = (1 - share) * own / 2 + share * other / 2
    total = rng.poisson(depth, n)
    alt, ref = (x * (1 - ERROR) + (1 - x) * ERROR / 3 for x in (p, 1 - p))
    n_alt = rng.binomial(total, alt)
    n_ref = rng.binomial(total - n_alt, ref / (1 - alt))
    return n_ref, n_alt, frequency


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_share_is_found(share: float, seed: int) -> None:
    found = estimate_contamination(*draw(seed, share), ERROR)
    assert found.share == pytest.approx(share, abs=0.003 + 0.04 * share)
    assert found.low <= found.share <= found.high
    if share:
        assert found.low - 0.005 <= share <= found.high + 0.005
        assert found.log_ratio > 10
    else:
        assert found.log_ratio < 3


def test_the_likelihood_is_the_plain_one() -> None:
    n_ref, n_alt = np.array([3, 0, 2]), np.array([1, 4, 2])
    frequency = np.array([0.2, 0.7, 0.4])
    for share, error in itertools.product((0.0, 0.07, 0.5), (0.001, 0.02)):
        expected = 0.0
        for r, a, f in zip(n_ref, n_alt, frequency, strict=True):
            prior = [(1 - f) ** 2, 2 * f * (1 - f), f * f]
            total = 0.0
            for g, h in itertools.product(range(3), range(3)):
                p = (1 - share) * g / 2 + share * h / 2
                alt = p * (1 - error) + (1 - p) * error / 3
                ref = (1 - p) * (1 - error) + p * error / 3
                total += prior[g] * prior[h] * alt**a * ref**r
            expected += math.log(total)
        found = log_likelihood(share, n_ref, n_alt, frequency, error)
        assert found == pytest.approx(expected, rel=1e-12)


def test_names_and_order_of_alleles_do_not_matter() -> None:
    n_ref, n_alt, frequency = draw(5, 0.04)
    found = estimate_contamination(n_ref, n_alt, frequency, ERROR)
    assert estimate_contamination(n_alt, n_ref, 1 - frequency, ERROR) == found
    order = np.random.default_rng(1).permutation(len(n_ref))
    mixed = estimate_contamination(n_ref[order], n_alt[order], frequency[order], ERROR)
    assert mixed.share == found.share


def test_depths_that_would_underflow() -> None:
    found = estimate_contamination(*draw(6, 0.05, n=200, depth=20_000), ERROR)
    assert found.share == pytest.approx(0.05, abs=0.002)


def test_no_site_says_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    found = estimate_contamination(none, none, np.zeros(0), ERROR)
    assert (found.share, found.low, found.high, found.log_ratio) == (0, 0, 0.5, 0)


def test_error_rate_from_the_bases_that_are_neither() -> None:
    assert site_error_rate(1000, 4) == pytest.approx(0.006)
    assert site_error_rate(1000, 0) == site_error_rate(0, 0) == 0.001
