"""Tail probabilities against closed forms and exact arithmetic."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy import stats

from genocohort.stats.tails import (
    chi2_of_neg_log10_p,
    neg_log10_p_chi2,
    neg_log10_p_normal,
    neg_log10_p_t,
)


def _exact_t(t: int, df: int) -> float:
    """-log10 P for even df: the finite sum (Abramowitz & Stegun 26.7.4) in 2,000 digits."""
    with localcontext() as context:
        context.prec = 2000
        square = Decimal(t) * t
        cosine2 = Decimal(df) / (df + square)
        sine = (square / (df + square)).sqrt()
        term = total = Decimal(1)
        for k in range(1, df // 2):
            term *= cosine2 * (2 * k - 1) / (2 * k)
            total += term
        return -float((1 - sine * total).log10())


@pytest.mark.parametrize(
    ("t", "df"), [(1, 2), (2, 10), (40, 300), (60, 300), (300, 300), (900, 394), (80, 5000)]
)
def test_t_tail_is_exact_beyond_the_smallest_float(t: int, df: int) -> None:
    assert neg_log10_p_t(t, df) == pytest.approx(_exact_t(t, df), rel=1e-12)


def test_t_tail_with_two_degrees_of_freedom_is_the_square_of_t() -> None:
    # P = 2 / (s (s + t)) with s = sqrt(2 + t^2), which is t^-2 to 300 digits here.
    assert neg_log10_p_t(1e150, 2) == pytest.approx(300.0, rel=1e-13)


def test_normal_tail_agrees_with_the_asymptotic_series() -> None:
    z = 50.0
    series = 1 - 1 / z**2 + 3 / z**4 - 15 / z**6
    expected = z**2 / 2 / np.log(10) - np.log10(2 * series / (z * np.sqrt(2 * np.pi)))
    assert neg_log10_p_normal(-z) == pytest.approx(expected, rel=1e-12)
    assert expected > 500


def test_ordinary_values_are_those_of_scipy() -> None:
    x = np.array([0.0, 0.3, 1.0, 5.0, 20.0])
    np.testing.assert_allclose(neg_log10_p_normal(x), -np.log10(2 * stats.norm.sf(x)), rtol=1e-12)
    np.testing.assert_allclose(neg_log10_p_chi2(x), -np.log10(stats.chi2.sf(x, 1)), rtol=1e-12)
    np.testing.assert_allclose(neg_log10_p_t(x, 7), -np.log10(2 * stats.t.sf(x, 7)), rtol=1e-12)
    assert not np.signbit(neg_log10_p_t([0.0], 7)).any()


def test_chi2_and_p_are_inverse_even_far_out() -> None:
    chi2 = np.array([1e-6, 0.4549, 3.84, 100.0, 5000.0])
    np.testing.assert_allclose(chi2_of_neg_log10_p(neg_log10_p_chi2(chi2)), chi2, rtol=1e-8)


def test_missing_stays_missing() -> None:
    assert np.isnan(neg_log10_p_t(np.nan, 5))
    assert np.isnan(neg_log10_p_normal(np.nan))
    assert np.isnan(chi2_of_neg_log10_p(np.nan))
