"""Site frequency spectra: hand-worked, and against drawing without replacement."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from genocohort.stats.spectrum import fold, projected_spectrum, projection_size


def test_variants_with_the_alleles_wanted_count_as_they_are() -> None:
    counted, called = np.array([0, 1, 1, 4, 2]), np.array([4, 4, 4, 4, 3])
    found = projected_spectrum(counted, called, 4)
    assert found.values.tolist() == [1, 2, 0, 0, 1]
    assert found.n_left_out == 1


def test_one_allele_fewer_by_hand() -> None:
    # Two of four derived; of three drawn: one in half of the draws, two in the other half.
    found = projected_spectrum(np.array([2]), np.array([4]), 3)
    np.testing.assert_allclose(found.values, [0, 0.5, 0.5, 0])
    # One of four: none in a quarter of the draws.
    found = projected_spectrum(np.array([1]), np.array([4]), 3)
    np.testing.assert_allclose(found.values, [0.25, 0.75, 0, 0])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30), st.integers(1, 50))
def test_projection_equals_the_hypergeometric_distribution(
    pairs: list[tuple[int, int]], n_alleles: int
) -> None:
    called = np.array([max(p) for p in pairs], dtype=np.int64)
    counted = np.array([min(p) for p in pairs], dtype=np.int64)
    expected = np.zeros(n_alleles + 1)
    for k, n in zip(counted, called, strict=True):
        if n >= n_alleles:
            expected += hypergeom.pmf(np.arange(n_alleles + 1), n, k, n_alleles)
    found = projected_spectrum(counted, called, n_alleles)
    np.testing.assert_allclose(found.values, expected, rtol=1e-9, atol=1e-12)
    assert found.n_left_out == (called < n_alleles).sum()


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_folding_adds_mirrored_entries(values: list[int]) -> None:
    n = len(values) - 1
    expected = [values[k] + (values[n - k] if k != n - k else 0) for k in range(n // 2 + 1)]
    assert fold(np.array(values, dtype=float)).tolist() == expected


@pytest.mark.parametrize(
    ("n", "share", "alleles"), [(10, 0, 20), (10, 0.05, 19), (10, 0.051, 19), (50, 0.05, 95),
                                (1, 0.9, 1), (0, 0.5, 0), (3, 0.99, 1)],
)  # fmt: skip
def test_the_size_to_project_to(n: int, share: float, alleles: int) -> None:
    assert projection_size(n, share) == alleles


def test_nothing_gives_an_empty_spectrum() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert projected_spectrum(nothing, nothing, 4).values.tolist() == [0] * 5
