"""Cox regression: a plain Efron likelihood as oracle, invariances, what cannot be estimated."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize

from genocohort.stats.cox import collinear_terms, fit_cox

Floats = npt.NDArray[np.float64]


def _cohort(n: int = 150, seed: int = 3) -> tuple[Floats, Floats, Floats, Floats]:
    """Design, exit (with many ties), event, entry."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 3, n), rng.normal(50, 10, n)]).astype(float)
    hazard = np.exp(0.7 * x[:, 0] + 0.02 * (x[:, 1] - 50))
    entry = np.where(rng.random(n) < 0.3, rng.integers(0, 5, n), np.nan)
    time = np.nan_to_num(entry) + np.ceil(rng.exponential(12 / hazard))
    end = np.minimum(time, 30.0)
    return x, end, (time <= 30).astype(float), entry


def _efron(beta: Floats, x: Floats, end: Floats, event: Floats, entry: Floats) -> float:
    """Efron's partial log-likelihood, straight from its definition."""
    start = np.where(np.isnan(entry) | (entry <= 0), -np.inf, entry)
    eta, total = x @ beta, 0.0
    for day in np.unique(end[event == 1]):
        risk = np.exp(eta[(start < day) & (end >= day)]).sum()
        dead = (end == day) & (event == 1)
        d = int(dead.sum())
        total += eta[dead].sum()
        for k in range(d):
            total -= np.log(risk - k / d * np.exp(eta[dead]).sum())
    return float(total)


def test_maximum_of_the_likelihood() -> None:
    x, end, event, entry = _cohort()
    fit = fit_cox(x, end, event, entry)
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(
        _efron(fit.coefficient, x - x.mean(axis=0), end, event, entry), abs=1e-9
    )
    found = minimize(
        lambda b: -_efron(b, x - x.mean(axis=0), end, event, entry), np.zeros(2), tol=1e-12
    )
    assert fit.coefficient == pytest.approx(found.x, abs=1e-5)
    step = 1e-4
    for i in range(2):
        shift = np.eye(2)[i] * step
        centred = x - x.mean(axis=0)
        up = _efron(fit.coefficient + shift, centred, end, event, entry)
        down = _efron(fit.coefficient - shift, centred, end, event, entry)
        assert abs(up - down) / (2 * step) < 1e-3


def test_standard_error_is_the_curvature() -> None:
    x, end, event, entry = _cohort()
    x = x[:, :1]
    fit = fit_cox(x, end, event, entry)
    step = 1e-3
    values = [_efron(fit.coefficient + k * step, x, end, event, entry) for k in (-1, 0, 1)]
    curvature = -(values[0] - 2 * values[1] + values[2]) / step**2
    assert fit.standard_error[0] == pytest.approx(1 / np.sqrt(curvature), rel=1e-4)


def test_invariances() -> None:
    x, end, event, entry = _cohort()
    fit = fit_cox(x, end, event, entry)
    order = np.random.default_rng(0).permutation(len(end))
    shuffled = fit_cox(x[order], end[order], event[order], entry[order])
    assert shuffled.coefficient == pytest.approx(fit.coefficient, abs=1e-10)
    # Counting the other allele turns the sign, and nothing else.
    mirrored = x.copy()
    mirrored[:, 0] = 2 - x[:, 0]
    other = fit_cox(mirrored, end, event, entry)
    assert other.coefficient[0] == pytest.approx(-fit.coefficient[0], abs=1e-10)
    assert other.standard_error == pytest.approx(fit.standard_error, abs=1e-10)
    assert other.ph_p_value == pytest.approx(fit.ph_p_value, abs=1e-8)
    scaled = fit_cox(x * [1, 1000], end * 7, event, entry * 7)
    assert scaled.coefficient * [1, 1000] == pytest.approx(fit.coefficient, abs=1e-9)


def test_entry_at_day_zero_is_no_truncation() -> None:
    x, end, event, _ = _cohort()
    assert fit_cox(x, end, event, 0.0).coefficient == pytest.approx(
        fit_cox(x, end, event).coefficient
    )


def test_monotone_likelihood_is_told() -> None:
    x = np.array([[1.0], [1], [1], [0], [0], [0]])
    fit = fit_cox(x, [1, 2, 3, 9, 9, 9], [1, 1, 1, 0, 0, 0])
    assert not fit.converged
    assert np.isnan(fit.coefficient).all()
    assert np.isnan(fit.p_value).all()


def test_no_events() -> None:
    fit = fit_cox(np.array([[1.0], [2.0]]), [1, 2], [0, 0])
    assert not fit.converged
    assert fit.n_events == 0


def test_collinear_terms() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=20), rng.normal(size=20)
    design = np.column_stack([a, np.full(20, 5.0), b, a - 2 * b + 3, np.full(20, 0.1)])
    assert collinear_terms(design) == [1, 3, 4]
    assert collinear_terms(np.column_stack([a, b])) == []


def test_planted_non_proportional_hazard() -> None:
    rng = np.random.default_rng(8)
    group = np.repeat([0.0, 1.0], 200)
    early = rng.exponential(1.0, 400)
    time = np.where(group == 1, np.where(early < 0.5, early * 3, 1.5 + early), early * 2)
    fit = fit_cox(group[:, None], np.ceil(time * 20), np.ones(400))
    assert fit.ph_p_value[0] < 1e-3
