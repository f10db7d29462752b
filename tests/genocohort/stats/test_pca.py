"""Components against a plain eigendecomposition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats.pca import compute_components, project, standardise


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


def test_a_fitted_sample_projects_on_itself() -> None:
    matrix = relationship(4, 9, 40)
    found = compute_components(matrix, 3)
    np.testing.assert_allclose(project(matrix, found), found.vectors)
    wide = compute_components(relationship(4, 4, 2), 6)
    placed = project(np.ones((1, 4)), wide)
    assert np.isfinite(placed[0, :2]).all()
    assert np.isnan(placed[0, 2:]).all()


def test_permuted_samples_permute_the_vectors() -> None:
    matrix = relationship(5, 7, 40)
    order = np.array([3, 1, 6, 0, 2, 5, 4])
    whole, moved = (
        compute_components(matrix, 2),
        compute_components(matrix[np.ix_(order, order)], 2),
    )
    np.testing.assert_allclose(moved.vectors, whole.vectors[order])
