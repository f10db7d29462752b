"""Components against a plain eigendecomposition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats.pca import (
    compute_components,
    genotype_values,
    loadings,
    project,
    standardise,
)


def test_standardise_by_hand() -> None:
    calls = np.array([[0, 1, 2, -1]], dtype=np.int8)
    # p = 1/4: mean 1/2, variance 2 * 1/4 * 3/4 = 3/8.
    expected = np.array([[-0.5, 0.5, 1.5, 0.0]]) / np.sqrt(0.375)
    np.testing.assert_allclose(standardise(calls, np.array([0.25])), expected, rtol=1e-6)


def relationship(seed: int, n: int, m: int) -> np.ndarray:
    z = np.random.default_rng(seed).normal(size=(n, m))
    return z @ z.T / m


@settings(deadline=None)
@given(st.integers(0, 500))
def test_equals_numpy_up_to_sign(seed: int) -> None:
    matrix = relationship(seed, 8, 30)
    found = compute_components(matrix, 3)
    w, v = np.linalg.eigh(matrix)
    np.testing.assert_allclose(found.eigenvalues, w[::-1][:3])
    assert found.total == pytest.approx(w.sum())
    for k in range(3):
        u = found.vectors[:, k]
        assert abs(u @ v[:, -1 - k]) == pytest.approx(1)
        assert u[np.argmax(np.abs(u))] > 0


def test_sign_is_fixed_also_between_equal_entries() -> None:
    # The vector is (1, -1)/sqrt 2: the first entry decides.
    found = compute_components(np.array([[1.0, -1.0], [-1.0, 1.0]]), 1)
    np.testing.assert_allclose(found.vectors[:, 0], [2**-0.5, -(2**-0.5)])


def test_components_that_do_not_exist_are_missing() -> None:
    matrix = relationship(1, 5, 2)  # rank 2
    found = compute_components(matrix, 4)
    assert np.isfinite(found.eigenvalues[:2]).all()
    assert np.isnan(found.eigenvalues[2:]).all()
    assert np.isnan(found.vectors[:, 2:]).all()
    for n in (0, 1, 3):
        nothing = compute_components(np.zeros((n, n)), 2)
        assert np.isnan(nothing.eigenvalues).all()
        assert nothing.vectors.shape == (n, 2)


def test_a_fitted_sample_projects_on_itself_by_the_loadings() -> None:
    z = np.random.default_rng(4).normal(size=(40, 9)).astype(np.float32)
    found = compute_components(z.T.astype(float) @ z / 40, 3)
    weights = loadings(z, found, 40)
    np.testing.assert_allclose((weights**2).sum(axis=0), 1, rtol=1e-5)
    halves = [project(z[a:b], weights[a:b], found, 40) for a, b in ((0, 15), (15, 40))]
    np.testing.assert_allclose(sum(halves), found.vectors, atol=1e-6)
    few = z[:2]
    wide = compute_components(few.T.astype(float) @ few / 2, 6)
    placed = project(few, loadings(few, wide, 2), wide, 2)
    assert np.isfinite(placed[:, :2]).all()
    assert np.isnan(placed[:, 2:]).all()


def test_values_of_calls_are_looked_up() -> None:
    calls = np.array([[0, 1, 2, -1], [2, -9, 0, 1]], dtype=np.int8)
    values = genotype_values(np.array([0.25, 0.5]))
    np.testing.assert_array_equal(
        standardise(calls, np.array([0.25, 0.5])),
        [[*values[0, :3], 0], [values[1, 2], 0, values[1, 0], values[1, 1]]],
    )


def test_permuted_samples_permute_the_vectors() -> None:
    matrix = relationship(5, 7, 40)
    order = np.array([3, 1, 6, 0, 2, 5, 4])
    whole, moved = (
        compute_components(matrix, 2),
        compute_components(matrix[np.ix_(order, order)], 2),
    )
    np.testing.assert_allclose(moved.vectors, whole.vectors[order])
