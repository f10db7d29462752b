"""Redundant covariates are named; the basis is orthonormal."""

import numpy as np

from genocohort.stats.design import constant_columns, dependent_columns, orthonormal_basis


def _covariates() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.column_stack([rng.normal(60, 10, 40), rng.normal(size=40), rng.integers(0, 2, 40)])


def test_constant_columns_are_named_whatever_their_size() -> None:
    matrix = np.column_stack([_covariates(), np.full(40, 1e9), np.zeros(40)])
    assert constant_columns(matrix, ["age", "x", "sex", "site", "zero"]) == ["site", "zero"]


def test_the_later_of_dependent_columns_is_named() -> None:
    a = _covariates()
    matrix = np.column_stack([a, 3 * a[:, 0] - 1000 * a[:, 2] + 7])
    assert dependent_columns(matrix, ["age", "x", "sex", "age_again"]) == ["age_again"]


def test_strongly_correlated_columns_are_not_dependent() -> None:
    a = _covariates()
    near = a[:, 0] + 1e-3 * a[:, 1]
    assert dependent_columns(np.column_stack([a[:, 0], near]), ["age", "near"]) == []


def test_levels_of_a_factor_with_all_levels_are_dependent_on_the_intercept() -> None:
    level = np.arange(40) % 3
    dummies = np.column_stack([(level == i).astype(float) for i in range(3)])
    assert dependent_columns(dummies, ["a", "b", "c"]) == ["c"]


def test_basis_spans_intercept_and_covariates() -> None:
    a = _covariates() * [1e6, 1e-6, 1]
    q = orthonormal_basis(a)
    np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-14)
    whole = np.column_stack([np.ones(40), a / np.linalg.norm(a, axis=0)])
    np.testing.assert_allclose(q @ (q.T @ whole), whole, atol=1e-12)
    assert np.ptp(q[:, 0]) < 1e-15


def test_without_covariates_the_basis_is_the_intercept() -> None:
    np.testing.assert_allclose(np.abs(orthonormal_basis(np.empty((4, 0)))), np.full((4, 1), 0.5))
