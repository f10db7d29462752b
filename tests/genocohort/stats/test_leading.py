"""Block Krylov iteration against a complete eigendecomposition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats.leading import find_leading


def matrix_of(seed: int, values: np.ndarray) -> np.ndarray:
    q = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    return (q * values) @ q.T


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 8))
def test_equals_numpy(seed: int, n: int, k: int) -> None:
    k = min(k, n)
    rng = np.random.default_rng(seed)
    values = np.sort(rng.exponential(size=n) + 0.1)[::-1]
    matrix = matrix_of(seed, values)
    found = find_leading(lambda v: matrix @ v, n, k, tolerance=1e-9, max_products=60)
    np.testing.assert_allclose(found.values, values[:k], rtol=1e-9)
    assert (found.residuals <= 1e-9).all()
    np.testing.assert_allclose(matrix @ found.vectors, found.vectors * found.values, atol=1e-7)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-9)


def test_values_close_together_need_more_products_and_residuals_tell() -> None:
    values = np.concatenate([[40, 20], np.linspace(1.5, 0.5, 998)])
    matrix = matrix_of(1, values)
    few = find_leading(lambda v: matrix @ v, 1000, 6, tolerance=1e-6, max_products=3)
    assert few.n_products == 3
    assert (few.residuals[:2] < 5e-3).all()
    assert (few.residuals[2:] > 2e-2).all()
    many = find_leading(lambda v: matrix @ v, 1000, 6, tolerance=1e-6, max_products=60)
    assert 3 < many.n_products < 60
    np.testing.assert_allclose(many.values, values[:6], rtol=1e-9)


def test_a_matrix_of_low_rank_is_exhausted() -> None:
    z = np.random.default_rng(2).normal(size=(50, 3))
    found = find_leading(lambda v: z @ (z.T @ v), 50, 5, tolerance=1e-12, max_products=50)
    assert found.n_products < 5
    expected = np.sort(np.linalg.eigvalsh(z.T @ z))[::-1]
    np.testing.assert_allclose(found.values[:3], expected, rtol=1e-9)
    np.testing.assert_allclose(found.values[3:], 0, atol=1e-9)


def test_the_same_numbers_every_time() -> None:
    matrix = matrix_of(3, np.linspace(2, 1, 80))
    one, two = (
        find_leading(lambda v: matrix @ v, 80, 4, tolerance=1e-8, max_products=9) for _ in range(2)
    )
    np.testing.assert_array_equal(one.vectors, two.vectors)


def test_nothing_to_find_in_zeros() -> None:
    found = find_leading(lambda v: np.zeros_like(v), 4, 2, tolerance=1e-6, max_products=5)
    assert found.values.tolist() == [0, 0]
    assert found.residuals == pytest.approx(0)
