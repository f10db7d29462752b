"""Cox regression: Efron's likelihood for ties, left truncation, a test of proportional hazards."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from genocohort.stats.survival import kaplan_meier, starts

Floats = npt.NDArray[np.float64]
_MAX_STEPS = 60
_TOLERANCE = 1e-10
_LARGEST = 30.0


@dataclass(frozen=True)
class CoxFit:
    """A fitted model; arrays of shape (n_terms,), NaN where there is no finite maximum.

    `ph_statistic` and `ph_p_value` test proportional hazards for one term each, `ph_global_p_value`
    for all of them.
    """

    coefficient: Floats
    standard_error: Floats
    z: Floats
    p_value: Floats
    ph_statistic: Floats
    ph_p_value: Floats
    ph_global_p_value: float
    log_likelihood: float
    n: int
    n_events: int
    converged: bool


class _RiskSets:
    """Sums over risk sets for one design; everything that doesn't depend on the coefficients."""

    def __init__(self, design: Floats, exit_: Floats, event: npt.NDArray[np.bool_], entry: Floats):
        self.design = design
        self.event = event
        self.days, self._day_of_event = np.unique(exit_[event], return_inverse=True)
        n_days = len(self.days)
        # Somebody is at risk on the days from `_first` up to, not including, `_after`.
        self._first = np.searchsorted(self.days, entry, side="right")
        self._after = np.searchsorted(self.days, exit_, side="right")
        self.deaths = np.bincount(self._day_of_event, minlength=n_days)
        self.day_of_death = np.repeat(np.arange(n_days), self.deaths)
        first_of_day = np.repeat(np.cumsum(self.deaths) - self.deaths, self.deaths)
        rank = np.arange(len(self.day_of_death)) - first_of_day
        self.share = rank / self.deaths[self.day_of_death]

    def _at_risk(self, values: Floats) -> Floats:
        n_days = len(self.days)
        entering = np.bincount(self._first, values, minlength=n_days + 1)
        leaving = np.bincount(self._after, values, minlength=n_days + 1)
        return np.asarray(np.cumsum(entering - leaving)[:n_days])

    def _dying(self, values: Floats) -> Floats:
        sums = np.bincount(self._day_of_event, values[self.event], minlength=len(self.days))
        return np.asarray(sums, dtype=np.float64)

    def _efron(self, values: Floats) -> Floats:
        """Sums for each death of a day, with the day's earlier deaths counted in part."""
        at_risk, dying = self._at_risk(values), self._dying(values)
        return np.asarray(at_risk[self.day_of_death] - self.share * dying[self.day_of_death])

    def moments(self, coefficient: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood, per-day score (n_days, p) and per-day information (n_days, p, p)."""
        predictor = self.design @ coefficient
        weight = np.exp(predictor)
        p = self.design.shape[1]
        total = self._efron(weight)
        log_likelihood = float(predictor[self.event].sum() - np.log(total).sum())
        mean = np.stack([self._efron(weight * x) for x in self.design.T], axis=1) / total[:, None]
        score = np.stack([self._dying(x) for x in self.design.T], axis=1)
        n_days = len(self.days)
        information = np.empty((n_days, p, p))
        for i in range(p):
            score[:, i] -= np.bincount(self.day_of_death, mean[:, i], minlength=n_days)
            for j in range(i + 1):
                product = self._efron(weight * self.design[:, i] * self.design[:, j]) / total
                spread = product - mean[:, i] * mean[:, j]
                summed = np.bincount(self.day_of_death, spread, minlength=n_days)
                information[:, i, j] = information[:, j, i] = summed
        return log_likelihood, score, information


def _maximise(sets: _RiskSets, p: int) -> tuple[Floats, bool]:
    """Newton's method with step halving; False where no finite maximum is reached."""
    coefficient = np.zeros(p)
    value, score, information = sets.moments(coefficient)
    for _ in range(_MAX_STEPS):
        try:
            step = np.linalg.solve(information.sum(axis=0), score.sum(axis=0))
        except np.linalg.LinAlgError:
            return coefficient, False
        for _ in range(30):
            new = coefficient + step
            if np.abs(new).max() > _LARGEST:
                return coefficient, False
            new_value, new_score, new_information = sets.moments(new)
            if new_value >= value - 1e-12 * abs(value):
                break
            step = step / 2
        small = np.abs(step).max() < _TOLERANCE
        coefficient, value, score, information = new, new_value, new_score, new_information
        if small:
            return coefficient, True
    return coefficient, False


def collinear_terms(design: Floats) -> list[int]:
    """Columns that are constant, or a linear combination of the columns before them."""
    kept: list[Floats] = []
    found = []
    for i, column in enumerate(design.T):
        centred = column - column.mean()
        length = float(np.linalg.norm(centred))
        rest = centred
        for _ in range(2):
            for basis in kept:
                rest = rest - basis * (basis @ rest)
        left = float(np.linalg.norm(rest))
        if length == 0 or left < 1e-9 * max(length, float(np.abs(column).max())):
            found.append(i)
        else:
            kept.append(rest / left)
    return found


def _not_estimable(p: int, n: int, n_events: int) -> CoxFit:
    nothing = np.full(p, np.nan)
    return CoxFit(
        nothing, nothing, nothing, nothing, nothing, nothing, float("nan"), float("nan"), n,
        n_events, False,
    )  # fmt: skip


def fit_cox(
    design: npt.ArrayLike,
    exit_: npt.ArrayLike,
    event: npt.ArrayLike,
    entry: npt.ArrayLike = np.nan,
) -> CoxFit:
    """Fit a proportional-hazards model.

    Parameters
    ----------
    design : array_like, shape (n, n_terms)
        Covariates without an intercept; no missing values, of full rank (see `collinear_terms`).
    exit_, event, entry
        As for `survival.kaplan_meier`.

    Returns
    -------
    CoxFit
        Wald tests; NaN where the likelihood has no finite maximum (monotone likelihood, no events).

    References
    ----------
    Efron, J Am Stat Assoc 72 (1977) for ties. Proportional hazards: the score test for a
    coefficient that changes with g(t) = 1 - S(t-), S the Kaplan-Meier estimate (Grambsch and
    Therneau, Biometrika 81 (1994)), as cox.zph with transform="km" of R survival 3.
    """
    x = np.asarray(design, dtype=np.float64)
    ends, happened = np.asarray(exit_, dtype=np.float64), np.asarray(event, dtype=bool)
    begins = starts(entry, len(ends))
    (n, p), n_events = x.shape, int(happened.sum())
    if n_events == 0 or p == 0:
        return _not_estimable(p, n, n_events)
    # Standardised columns keep Newton's steps of one size; undone at the end.
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    sets = _RiskSets((x - x.mean(axis=0)) / scale, ends, happened, begins)
    coefficient, converged = _maximise(sets, p)
    if not converged:
        return _not_estimable(p, n, n_events)
    value, score, information = sets.moments(coefficient)
    if np.linalg.cond(information.sum(axis=0)) > 1e12:
        return _not_estimable(p, n, n_events)
    inverse = np.linalg.inv(information.sum(axis=0))
    error = np.sqrt(np.diag(inverse))
    z = coefficient / error
    g = _died_before(ends, happened, begins, sets.days)
    statistic, p_each, p_all = _proportionality(g - g.mean(), score, information, inverse)
    return CoxFit(
        coefficient / scale, error / scale, z, 2 * special.ndtr(-np.abs(z)), statistic, p_each,
        p_all, value, n, n_events, True,
    )  # fmt: skip


def _died_before(
    ends: Floats, happened: npt.NDArray[np.bool_], begins: Floats, days: Floats
) -> Floats:
    """1 - S(t-) of the Kaplan-Meier curve on each day."""
    curve = kaplan_meier(ends, happened, begins)
    before = np.concatenate([[1.0], curve.survival[:-1]])
    return np.asarray(1 - before[np.searchsorted(curve.day, days)])


def _proportionality(
    g: Floats, score: Floats, information: Floats, inverse: Floats
) -> tuple[Floats, Floats, float]:
    """Score tests of a coefficient that moves with g: statistic and P per term, P of all."""
    p = score.shape[1]
    u = g @ score
    cross = np.tensordot(g, information, axes=1)
    variance = np.tensordot(g**2, information, axes=1) - cross @ inverse @ cross
    diagonal = np.diag(variance)
    each = np.full(p, np.nan)
    usable = diagonal > 1e-12 * np.abs(np.diag(information.sum(axis=0)))
    each[usable] = u[usable] ** 2 / diagonal[usable]
    if not usable.all() or np.linalg.cond(variance) > 1e12:
        return each, special.chdtrc(1, each), float("nan")
    overall = float(u @ np.linalg.solve(variance, u))
    return each, special.chdtrc(1, each), float(special.chdtrc(p, overall))
