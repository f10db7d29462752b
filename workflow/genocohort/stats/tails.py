"""Tail probabilities as -log10 P, right far beyond the smallest floating-point number."""

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

_LOG10_E = float(np.log10(np.e))
_SMALL = 1e-280
_MAX_TERMS = 10_000


def neg_log10_p_normal(z: npt.ArrayLike) -> Floats:
    """Two-sided -log10 P of a standard normal deviate.

    Parameters
    ----------
    z : array_like of float
        NaN gives NaN.

    References
    ----------
    log_ndtr of SciPy, which uses an asymptotic series in the far tail.
    """
    z = np.asarray(z, dtype=np.float64)
    return _positive(-(special.log_ndtr(-np.abs(z)) + np.log(2.0)) * _LOG10_E)


def neg_log10_p_chi2(chi2: npt.ArrayLike) -> Floats:
    """-log10 P of chi-squared values with one degree of freedom; below 0 counts as 0."""
    return neg_log10_p_normal(np.sqrt(np.maximum(np.asarray(chi2, dtype=np.float64), 0.0)))


def chi2_of_neg_log10_p(neg_log10_p: npt.ArrayLike) -> Floats:
    """The chi-squared value with one degree of freedom whose upper tail is P.

    Parameters
    ----------
    neg_log10_p : array_like of float
        At least 0; NaN gives NaN.
    """
    log_p = -np.asarray(neg_log10_p, dtype=np.float64) / _LOG10_E
    return np.asarray(np.square(special.ndtri_exp(log_p - np.log(2.0))), dtype=np.float64)


def neg_log10_p_t(t: npt.ArrayLike, df: npt.ArrayLike) -> Floats:
    """Two-sided -log10 P of Student's t.

    Parameters
    ----------
    t : array_like of float
        NaN gives NaN.
    df : array_like of float
        Degrees of freedom, above 0; broadcast with `t`.

    References
    ----------
    P = I_x(df/2, 1/2) with x = df / (df + t^2): DLMF 8.17; the continued fraction 8.17.22 is
    evaluated by the modified Lentz method where P itself would underflow.
    """
    t, df = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(df, np.float64))
    squared = np.square(t)
    x = df / (df + squared)
    p = np.asarray(special.betainc(df / 2, 0.5, x))
    with np.errstate(divide="ignore"):
        result = np.array(-np.log10(p))
    far = p < _SMALL
    if np.any(far):
        a = df[far] / 2
        log_x, log_rest = -np.log1p(squared[far] / df[far]), np.log(squared[far])
        log_rest = log_rest - np.log(df[far] + squared[far])
        front = a * log_x + 0.5 * log_rest - np.log(a) - special.betaln(a, 0.5)
        log_p = front + np.log(_beta_fraction(a, 0.5, x[far]))
        result[far] = -log_p * _LOG10_E
    return _positive(result)


def _positive(values: npt.ArrayLike) -> Floats:
    """Rounding may leave -0.0 or -1e-17 where P is 1."""
    return np.asarray(np.maximum(values, 0.0) + 0.0, dtype=np.float64)


def _beta_fraction(a: Floats, b: float, x: Floats) -> Floats:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22)."""
    tiny = 1e-300
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
    c = np.ones_like(a)
    value = d.copy()
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / np.where(np.abs(d) < tiny, tiny, d)
            c = 1.0 + term / c
            c = np.where(np.abs(c) < tiny, tiny, c)
            step = c * d
            value = value * step
        if np.all(np.abs(step - 1.0) < 1e-15):
            break
    return value
