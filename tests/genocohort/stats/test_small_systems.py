"""Batched Cholesky against numpy.linalg, one system at a time."""

import numpy as np
import pytest

from genocohort.stats import small_systems


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_factor_solution_inverse_and_determinant(size: int) -> None:
    rng = np.random.default_rng(size)
    roots = rng.normal(size=(7, size, size + 2))
    matrices = roots @ roots.transpose(0, 2, 1)
    right = rng.normal(size=(7, size))
    factor = small_systems.cholesky(matrices.transpose(1, 2, 0))
    for i, (matrix, b) in enumerate(zip(matrices, right, strict=True)):
        np.testing.assert_allclose(factor[:, :, i], np.linalg.cholesky(matrix), rtol=1e-9)
        solved = small_systems.solve(factor, right.T)[:, i]
        np.testing.assert_allclose(solved, np.linalg.solve(matrix, b), rtol=1e-7)
        inverse = small_systems.inverse(factor)[:, :, i]
        np.testing.assert_allclose(inverse, np.linalg.inv(matrix), rtol=1e-7, atol=1e-9)
        determinant = np.linalg.slogdet(matrix)[1]
        assert small_systems.log_determinant(factor)[i] == pytest.approx(determinant)


def test_one_singular_system_does_not_spoil_the_others() -> None:
    matrices = np.stack([np.eye(2), np.zeros((2, 2)), 4 * np.eye(2)], axis=2)
    factor = small_systems.cholesky(matrices)
    solved = small_systems.solve(factor, np.ones((2, 3)))
    np.testing.assert_array_equal(solved[:, [0, 2]], [[1, 0.25], [1, 0.25]])
    assert np.isnan(solved[:, 1]).all()


def test_upper_triangle_by_rows() -> None:
    full = small_systems.unpack_symmetric(np.array([[1.0], [2.0], [3.0]]), 2)
    np.testing.assert_array_equal(full[:, :, 0], [[1, 2], [2, 3]])
