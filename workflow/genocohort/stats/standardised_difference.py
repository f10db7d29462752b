"""Standardised mean differences between two groups, numeric and categorical."""

from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def numeric_difference(first: Floats, second: Floats) -> float:
    """Absolute difference of two means in units of the average standard deviation.

    Parameters
    ----------
    first, second : ndarray, shape (any,), float64
        Values without missing ones.

    Returns
    -------
    float
        |m1 - m2| / sqrt((s1^2 + s2^2) / 2), variances with n - 1; NaN with fewer than two values in
        a group, or without any spread.

    References
    ----------
    Austin, Stat Med 28 (2009), eq. 1.
    """
    if len(first) < 2 or len(second) < 2:
        return float("nan")
    spread = (first.var(ddof=1) + second.var(ddof=1)) / 2
    difference = abs(float(first.mean() - second.mean()))
    return float("nan") if spread == 0 else difference / float(np.sqrt(spread))


def categorical_difference(first: Floats, second: Floats) -> float:
    """Distance of two distributions over the same levels.

    Parameters
    ----------
    first, second : ndarray, shape (n_levels,), float64
        Counts per level.

    Returns
    -------
    float
        Mahalanobis distance of the shares of all levels but the first, with the average of the two
        groups' multinomial covariances; NaN with an empty group, or where that is singular.

    References
    ----------
    Yang and Dalton, SAS Global Forum 2012, paper 335.
    """
    if first.sum() == 0 or second.sum() == 0:
        return float("nan")
    present = (first + second) > 0
    p, q = first[present] / first.sum(), second[present] / second.sum()
    if present.sum() < 2:
        return 0.0
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q))[1:, 1:] / 2
    difference = (p - q)[1:]
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(difference):
        return float("nan")
    return float(np.sqrt(difference @ np.linalg.solve(covariance, difference)))


def largest_difference(values: list[Floats], *, categorical: bool) -> float:
    """The largest difference between any two of the groups; NaN where none is defined."""
    measure = categorical_difference if categorical else numeric_difference
    found = [measure(a, b) for a, b in combinations(values, 2)]
    defined = [d for d in found if not np.isnan(d)]
    return max(defined) if defined else float("nan")
