"""Kaplan-Meier curves and log-rank tests, with left truncation.

Conventions: somebody is at risk on day t if `entry < t <= exit`; an entry at or before day 0, or
no entry, means at risk from the beginning, day 0 included. On one day events come before
censorings. Days are whole or fractional numbers of any unit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_TIE = 1e-9


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan-Meier curve; arrays of shape (n_days,).

    `day` holds 0 and every distinct exit, ascending; `n_at_risk` counts just before that day,
    `n_censored` after its events. The interval is NaN where survival is 0 or 1.
    """

    day: Floats
    n_at_risk: Ints
    n_events: Ints
    n_censored: Ints
    survival: Floats
    ci_lower: Floats
    ci_upper: Floats


def starts(entry: npt.ArrayLike, n: int) -> Floats:
    """Entries as used in risk sets: -inf for none, for NaN and for entries at or before day 0."""
    given = np.broadcast_to(np.asarray(entry, dtype=np.float64), (n,))
    return np.where(np.isnan(given) | (given <= 0), -np.inf, given)


def count_at_risk(entry: Floats, exit_: Floats, days: Floats) -> Ints:
    """People at risk on each day.

    Parameters
    ----------
    entry, exit_ : ndarray, shape (n,), float64
        `entry` as `starts` gives it.
    days : ndarray, shape (n_days,), float64

    Returns
    -------
    ndarray, shape (n_days,), int64
    """
    entered = np.searchsorted(np.sort(entry), days, side="left")
    left = np.searchsorted(np.sort(exit_), days, side="left")
    return np.asarray(entered - left, dtype=np.int64)


def _count(days: Floats, values: Floats) -> Ints:
    place = np.searchsorted(days, values)
    return np.bincount(place, minlength=len(days)).astype(np.int64)


def kaplan_meier(
    exit_: npt.ArrayLike,
    event: npt.ArrayLike,
    entry: npt.ArrayLike = np.nan,
    confidence_level: float = 0.95,
) -> SurvivalCurve:
    """Product-limit estimate of survival with log-log confidence intervals.

    Parameters
    ----------
    exit_ : array_like, shape (n,)
        Day of the event or of censoring; not negative, not missing.
    event : array_like, shape (n,)
        True for an event.
    entry : array_like, shape (n,) or a scalar
        Day from which somebody is at risk; NaN for the beginning.
    confidence_level : float

    Returns
    -------
    SurvivalCurve

    References
    ----------
    Kaplan and Meier, J Am Stat Assoc 53 (1958); variance by Greenwood's formula; Kalbfleisch and
    Prentice, The Statistical Analysis of Failure Time Data, 2nd ed. (2002), eq. 1.13 (log-log).
    """
    ends = np.asarray(exit_, dtype=np.float64)
    happened = np.asarray(event, dtype=bool)
    begins = starts(entry, len(ends))
    days = np.unique(np.concatenate([[0.0], ends]))
    at_risk = count_at_risk(begins, ends, days)
    n_events = _count(days, ends[happened])
    n_censored = _count(days, ends[~happened])
    surviving: Floats = np.where(n_events > 0, (at_risk - n_events) / np.maximum(at_risk, 1), 1.0)
    survival: Floats = np.cumprod(surviving, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(n_events > 0, n_events / (at_risk * (at_risk - n_events)), 0.0)
        log_survival = np.log(survival)
        spread = special.ndtri((1 + confidence_level) / 2) * np.sqrt(np.cumsum(terms))
        factor = np.exp(spread / -log_survival)
        defined = (survival > 0) & (survival < 1)
        lower = np.where(defined, np.exp(log_survival * factor), np.nan)
        upper = np.where(defined, np.exp(log_survival / factor), np.nan)
    return SurvivalCurve(days, at_risk, n_events, n_censored, survival, lower, upper)


def median_day(curve: SurvivalCurve) -> float:
    """The first day with survival of one half or less; NaN where it stays above."""
    reached = np.flatnonzero(curve.survival <= 0.5 + _TIE)
    return float(curve.day[reached[0]]) if len(reached) else float("nan")


@dataclass(frozen=True)
class TestResult:
    """A chi-square test; NaN where it is undefined."""

    statistic: float
    df: int
    p_value: float


def log_rank(
    exit_: npt.ArrayLike,
    event: npt.ArrayLike,
    group: npt.ArrayLike,
    entry: npt.ArrayLike = np.nan,
) -> TestResult:
    """Log-rank test of equal hazards in two or more groups.

    Parameters
    ----------
    exit_, event, entry
        As for `kaplan_meier`.
    group : array_like, shape (n,)
        Labels of any kind.

    Returns
    -------
    TestResult
        Chi-square with one degree of freedom less than there are groups; NaN with fewer than two
        groups, or without an event day on which two groups are at risk.

    References
    ----------
    Mantel, Cancer Chemother Rep 50 (1966); the hypergeometric variance of Kalbfleisch and Prentice
    (2002), eq. 1.23, for several groups.
    """
    ends = np.asarray(exit_, dtype=np.float64)
    happened = np.asarray(event, dtype=bool)
    begins = starts(entry, len(ends))
    labels, code = np.unique(np.asarray(group), return_inverse=True)
    df = max(len(labels) - 1, 0)
    days = np.unique(ends[happened])
    if df == 0 or len(days) == 0:
        return TestResult(float("nan"), df, float("nan"))
    members = [code == k for k in range(len(labels))]
    at_risk = np.stack([count_at_risk(begins[m], ends[m], days) for m in members]).astype(float)
    events = np.stack([_count(days, ends[happened & m]) for m in members]).astype(float)
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    difference = (events - share * d).sum(axis=1)[:-1]
    weight = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
    covariance = np.diag((share * weight).sum(axis=1)) - (share * weight) @ share.T
    covariance = covariance[:-1, :-1]
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True)) if covariance.any() else 0
    if rank == 0:
        return TestResult(float("nan"), df, float("nan"))
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    return TestResult(statistic, rank, float(special.chdtrc(rank, statistic)))
