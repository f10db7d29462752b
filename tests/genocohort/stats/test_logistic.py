"""Logistic tests against a general optimiser, and separation against its definition."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from genocohort.stats.design import orthonormal_basis
from genocohort.stats.logistic import LogisticFit, fit_logistic, fit_null, separated_by_genotype

Floats = npt.NDArray[np.float64]
Calls = npt.NDArray[np.int8]


def _data(
    seed: int, n: int = 120, m: int = 8, missing: float = 0.1
) -> tuple[Calls, Floats, Floats]:
    rng = np.random.default_rng(seed)
    calls = rng.binomial(2, rng.uniform(0.2, 0.8, (m, 1)), (m, n)).astype(np.int8)
    calls[rng.random(calls.shape) < missing] = -1
    x = rng.normal(size=n)
    odds = np.exp(-0.5 + 0.8 * x + 0.6 * np.maximum(calls[0], 0))
    y = (rng.random(n) < odds / (1 + odds)).astype(float)
    return calls, x[:, None], y


def _scaled(covariates: Floats) -> Floats:
    return orthonormal_basis(covariates) * np.sqrt(len(covariates))


def _fit(calls: Calls, covariates: Floats, y: Floats, iterations: int = 50) -> LogisticFit:
    scaled = _scaled(covariates)
    start = fit_null(scaled, y, max_iterations=50)
    start = np.zeros(scaled.shape[1]) if start is None else start
    return fit_logistic(calls, scaled, y, start=start, max_iterations=iterations)


def _oracle(genotype: Calls, covariates: Floats, y: Floats) -> tuple[float, float]:
    """Maximum of the likelihood by a quasi-Newton search; error from differences of gradients."""
    keep = genotype >= 0
    x = np.column_stack([np.ones(keep.sum()), covariates[keep], genotype[keep]])

    def slope(b: Floats) -> Floats:
        return -x.T @ (y[keep] - 1 / (1 + np.exp(-x @ b)))

    solution = optimize.root(slope, np.zeros(x.shape[1]), tol=1e-12).x
    h = 1e-5
    columns = [
        (slope(solution + h * e) - slope(solution - h * e)) / (2 * h) for e in np.eye(len(solution))
    ]
    return solution[-1], float(np.sqrt(np.linalg.inv(np.array(columns))[-1, -1]))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_each_variant_equals_its_own_fit(missing: float) -> None:
    calls, covariates, y = _data(1, missing=missing)
    fit = _fit(calls, covariates, y)
    expected = np.array([_oracle(g, covariates, y) for g in calls])
    assert fit.converged.all()
    assert not fit.separated.any()
    np.testing.assert_allclose(fit.beta, expected[:, 0], rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fit.standard_error, expected[:, 1], rtol=1e-6)
    np.testing.assert_allclose(fit.statistic, fit.beta / fit.standard_error)


def test_two_by_two_table_has_the_log_odds_ratio() -> None:
    # Carriers 0/1: 10 cases and 20 controls; non-carriers 5 and 40.
    calls = np.array([[1] * 30 + [0] * 45], np.int8)
    y = np.array([1.0] * 10 + [0.0] * 20 + [1.0] * 5 + [0.0] * 40)
    fit = _fit(calls, np.empty((75, 0)), y)
    assert fit.beta[0] == pytest.approx(np.log(10 * 40 / (20 * 5)), rel=1e-9)
    assert fit.standard_error[0] == pytest.approx(
        np.sqrt(1 / 10 + 1 / 20 + 1 / 5 + 1 / 40), rel=1e-9
    )


@given(st.integers(0, 10_000))
def test_swapped_alleles_swapped_classes_and_order(seed: int) -> None:
    calls, covariates, y = _data(seed, n=80, m=4)
    fit = _fit(calls, covariates, y)
    flipped = np.where(calls < 0, calls, 2 - calls).astype(np.int8)
    order = np.random.default_rng(seed).permutation(len(y))
    for other, sign in (
        (_fit(flipped, covariates, y), -1),
        (_fit(calls, covariates, 1 - y), -1),
        (_fit(calls[:, order], covariates[order], y[order]), 1),
    ):
        np.testing.assert_array_equal(fit.converged, other.converged)
        np.testing.assert_allclose(fit.beta, sign * other.beta, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(fit.standard_error, other.standard_error, rtol=1e-6)


def test_separation_by_genotype() -> None:
    y = np.array([0, 0, 0, 1, 1, 1.0])
    calls = np.array(
        [
            [0, 0, 0, 1, 2, 2],  # complete
            [0, 0, 0, 0, 0, 1],  # every carrier is a case
            [2, 2, 1, 1, 0, 0],  # the other way round, a tie
            [0, 1, 0, 0, 1, 2],  # ordinary
            [-1, 2, -1, 1, 1, -1],  # among the called ones
        ],
        np.int8,
    )
    assert separated_by_genotype(calls, y).tolist() == [True, True, True, False, True]


def test_a_covariate_and_genotype_that_separate_together_are_found() -> None:
    rng = np.random.default_rng(8)
    calls = rng.integers(0, 3, (3, 60)).astype(np.int8)
    x = rng.normal(size=60)
    y = (x + calls[1] > 1).astype(float)
    assert not separated_by_genotype(calls, y).any()
    fit = _fit(calls, x[:, None], y)
    assert fit.separated.tolist() == [False, True, False]
    assert np.isnan(fit.beta[1])
    assert np.isnan(fit.neg_log10_p[1])


def test_covariates_that_separate_leave_no_null_model() -> None:
    x = np.arange(20.0)
    assert fit_null(_scaled(x[:, None]), (x > 9).astype(float), max_iterations=50) is None
    constant = fit_null(np.ones((20, 1)), (np.arange(20) < 5).astype(float), max_iterations=50)
    assert constant is not None
    assert constant[0] == pytest.approx(np.log(5 / 15))


def test_too_few_iterations_are_not_convergence() -> None:
    calls, covariates, y = _data(3)
    fit = _fit(calls, covariates, y, iterations=1)
    assert not fit.converged.any()
    assert np.isnan(fit.neg_log10_p).all()


def test_an_empty_block() -> None:
    calls, covariates, y = _data(4)
    assert len(_fit(calls[:0], covariates, y).beta) == 0
