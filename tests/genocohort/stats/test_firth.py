"""Firth's regression against a general maximisation of the penalised likelihood."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import optimize, stats

from genocohort.stats.design import orthonormal_basis
from genocohort.stats.firth import FirthFit, fit_firth

Floats = npt.NDArray[np.float64]
Calls = npt.NDArray[np.int8]


def _fit(calls: Calls, covariates: Floats, y: Floats, iterations: int = 100) -> FirthFit:
    scaled = orthonormal_basis(covariates) * np.sqrt(len(y))
    return fit_firth(calls, scaled, y, start=np.zeros(scaled.shape[1]), max_iterations=iterations)


def _penalised(b: Floats, x: Floats, y: Floats) -> float:
    eta = x @ b
    mu = 1 / (1 + np.exp(-eta))
    information = x.T @ (x * (mu * (1 - mu))[:, None])
    likelihood = y @ eta - np.logaddexp(0, eta).sum()
    return float(likelihood + np.linalg.slogdet(information)[1] / 2)


def _oracle(genotype: Calls, covariates: Floats, y: Floats) -> tuple[float, float, float]:
    """beta, standard error and likelihood ratio by a simplex search."""
    keep = genotype >= 0
    x = np.column_stack([np.ones(keep.sum()), covariates[keep], genotype[keep]])
    y = y[keep]
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    p = x.shape[1]
    full = optimize.minimize(
        lambda b: -_penalised(b, x, y), np.zeros(p), method="Nelder-Mead", options=options
    )
    null = optimize.minimize(
        lambda b: -_penalised(np.append(b, 0.0), x, y),
        np.zeros(p - 1),
        method="Nelder-Mead",
        options=options,
    )
    mu = 1 / (1 + np.exp(-x @ full.x))
    variance = np.linalg.inv(x.T @ (x * (mu * (1 - mu))[:, None]))
    return full.x[-1], float(np.sqrt(variance[-1, -1])), 2 * (null.fun - full.fun)


def _data() -> tuple[Calls, Floats, Floats]:
    rng = np.random.default_rng(6)
    y = (np.arange(50) < 20).astype(float)
    calls = np.zeros((4, 50), np.int8)
    calls[0, :3] = 1  # every carrier is a case
    calls[1, 18:26] = [1, 2, 1, 1, 1, 0, 1, 1]  # ordinary, rare
    calls[2] = 2 * y  # complete separation
    calls[3] = rng.integers(0, 3, 50)
    calls[3, 5:15] = -1
    return calls, rng.normal(size=(50, 1)), y


def test_each_variant_equals_a_general_maximisation() -> None:
    calls, covariates, y = _data()
    fit = _fit(calls, covariates, y)
    expected = np.array([_oracle(g, covariates, y) for g in calls])
    assert fit.converged.all()
    np.testing.assert_allclose(fit.beta, expected[:, 0], atol=2e-6)
    np.testing.assert_allclose(fit.standard_error, expected[:, 1], rtol=1e-5)
    np.testing.assert_allclose(fit.statistic, expected[:, 2], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(10**-fit.neg_log10_p, stats.chi2.sf(fit.statistic, 1), rtol=1e-9)


def test_saturated_table_is_the_log_odds_ratio_with_half_added() -> None:
    # With one binary term Jeffreys' prior adds 1/2 to every cell (Firth 1993).
    calls = np.array([[1] * 8 + [0] * 32], np.int8)
    y = np.array([1.0] * 8 + [1.0] * 12 + [0.0] * 20)
    fit = _fit(calls, np.empty((40, 0)), y)
    assert fit.beta[0] == pytest.approx(np.log(8.5 / 0.5 * 20.5 / 12.5), rel=1e-7)


def test_published_separation_case_by_hand_made_values() -> None:
    # 24 samples: quasi-complete and complete separation; values of plink2 --glm firth.
    y = np.array([1.0] * 12 + [0.0] * 12)
    quasi = [1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0] + [0] * 12
    fit = _fit(np.array([quasi, [1] * 12 + [0] * 12], np.int8), np.empty((24, 0)), y)
    assert np.isfinite(fit.beta).all()
    assert fit.beta[1] == pytest.approx(2 * np.log(25), rel=1e-7)


def test_swapped_alleles_mirror() -> None:
    calls, covariates, y = _data()
    swapped = np.where(calls < 0, calls, 2 - calls).astype(np.int8)
    a, b = _fit(calls, covariates, y), _fit(swapped, covariates, y)
    np.testing.assert_allclose(a.beta, -b.beta, atol=1e-6)
    np.testing.assert_allclose(a.statistic, b.statistic, rtol=1e-6, atol=1e-9)


def test_too_few_iterations_are_not_convergence() -> None:
    calls, covariates, y = _data()
    fit = _fit(calls, covariates, y, iterations=2)
    assert not fit.converged.any()
    assert np.isnan(fit.beta).all()
    assert np.isnan(fit.neg_log10_p).all()
