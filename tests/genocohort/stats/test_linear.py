"""Linear tests against one least-squares fit per variant."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from genocohort.stats import linear
from genocohort.stats.design import orthonormal_basis
from genocohort.stats.linear import fit_linear

Floats = npt.NDArray[np.float64]


def _data(
    seed: int, n: int = 60, m: int = 12, missing: float = 0.1
) -> tuple[npt.NDArray[np.int8], Floats, Floats]:
    rng = np.random.default_rng(seed)
    calls = rng.binomial(2, rng.uniform(0.1, 0.9, (m, 1)), (m, n)).astype(np.int8)
    calls[rng.random(calls.shape) < missing] = -1
    calls[::3] = np.abs(calls[::3])
    covariates = np.column_stack([rng.normal(50, 10, n), rng.integers(0, 2, n)])
    phenotype = 100 + covariates @ [0.3, 5.0] + 2 * np.maximum(calls[1], 0) + rng.normal(size=n)
    return calls, covariates, phenotype


def _oracle(genotype: npt.NDArray[np.int8], covariates: Floats, y: Floats) -> list[float]:
    """Plain least squares on the complete cases: beta, standard error, P."""
    keep = genotype >= 0
    x = np.column_stack([np.ones(keep.sum()), covariates[keep], genotype[keep]])
    solution, *_ = np.linalg.lstsq(x, y[keep], rcond=None)
    residual = y[keep] - x @ solution
    df = len(residual) - x.shape[1]
    variance = residual @ residual / df * np.linalg.inv(x.T @ x)
    error = np.sqrt(variance[-1, -1])
    return [solution[-1], error, 2 * stats.t.sf(abs(solution[-1] / error), df)]


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.5])
def test_each_variant_equals_its_own_fit(missing: float) -> None:
    calls, covariates, y = _data(1, missing=missing)
    fit = fit_linear(calls, orthonormal_basis(covariates), y)
    expected = np.array([_oracle(g, covariates, y) for g in calls]).T
    np.testing.assert_allclose(fit.beta, expected[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(fit.standard_error, expected[1], rtol=1e-9)
    np.testing.assert_allclose(10**-fit.neg_log10_p, expected[2], rtol=1e-8)
    np.testing.assert_array_equal(fit.n, (calls >= 0).sum(axis=1))
    assert (fit.reason == linear.OK).all()


def test_hand_worked_regression() -> None:
    # y = 1, 2, 4, 5 at g = 0, 1, 1, 2: mean 3, slope 4/2, residuals 0, -1, 1, 0.
    fit = fit_linear(
        np.array([[0, 1, 1, 2]], np.int8),
        orthonormal_basis(np.empty((4, 0))),
        np.array([1, 2, 4, 5.0]),
    )
    assert fit.beta[0] == pytest.approx(2.0)
    assert fit.standard_error[0] == pytest.approx(np.sqrt(2 / 2 / 2))
    assert fit.statistic[0] == pytest.approx(2 * np.sqrt(2))


@given(st.integers(0, 10_000))
def test_permuted_samples_give_the_same_and_swapped_alleles_mirror(seed: int) -> None:
    calls, covariates, y = _data(seed, n=30, m=6)
    fit = fit_linear(calls, orthonormal_basis(covariates), y)
    order = np.random.default_rng(seed).permutation(len(y))
    permuted = fit_linear(calls[:, order], orthonormal_basis(covariates[order]), y[order])
    swapped = fit_linear(
        np.where(calls < 0, calls, 2 - calls).astype(np.int8), orthonormal_basis(covariates), y
    )
    np.testing.assert_array_equal(fit.reason, permuted.reason)
    np.testing.assert_allclose(fit.statistic, permuted.statistic, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.beta, -swapped.beta, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.standard_error, swapped.standard_error, rtol=1e-7)


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_any_chunking_gives_the_same(seed: int, size: int) -> None:
    calls, covariates, y = _data(seed, n=30)
    basis = orthonormal_basis(covariates)
    whole = fit_linear(calls, basis, y)
    parts = [fit_linear(calls[i : i + size], basis, y) for i in range(0, len(calls), size)]
    statistic = np.concatenate([p.statistic for p in parts])
    np.testing.assert_allclose(statistic, whole.statistic, rtol=1e-9, atol=1e-11)


def test_variants_without_an_estimate_say_why() -> None:
    calls, covariates, y = _data(2, n=20, m=6, missing=0.0)
    covariates[:, 1] = np.arange(20) < 5
    calls[0] = 1
    calls[1] = -1
    calls[2] = np.where(np.arange(20) < 5, 2, 0)
    calls[3, 4:] = -1
    calls[4, :5] = -1
    fit = fit_linear(calls, orthonormal_basis(covariates), y)
    expected = [
        linear.CONSTANT, linear.TOO_FEW, linear.COLLINEAR, linear.TOO_FEW, linear.COLLINEAR, 0,
    ]  # fmt: skip
    assert fit.reason.tolist() == expected
    unknown = fit.reason != 0
    for values in (fit.beta, fit.standard_error, fit.statistic, fit.neg_log10_p):
        np.testing.assert_array_equal(np.isnan(values), unknown)


def test_an_exact_fit_has_no_p_value() -> None:
    calls, covariates, _ = _data(4, missing=0.0)
    y = 7 + 3 * calls[5] + covariates @ [1.0, 2.0]
    fit = fit_linear(calls, orthonormal_basis(covariates), y)
    assert fit.reason[5] == linear.EXACT_FIT
    assert np.isnan(fit.neg_log10_p[5])
    assert (np.delete(fit.reason, 5) == 0).all()


def test_p_below_the_smallest_float_keeps_its_logarithm() -> None:
    rng = np.random.default_rng(5)
    calls = rng.binomial(2, 0.5, (1, 2000)).astype(np.int8)
    y = calls[0] + 0.01 * rng.normal(size=2000)
    fit = fit_linear(calls, orthonormal_basis(np.empty((2000, 0))), y)
    assert 3000 < fit.neg_log10_p[0] < 5000


def test_an_empty_block() -> None:
    fit = fit_linear(np.empty((0, 9), np.int8), orthonormal_basis(np.empty((9, 0))), np.arange(9.0))
    assert len(fit.beta) == len(fit.reason) == 0
