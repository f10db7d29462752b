"""Identity by state against a plain count, and scaling of distances that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats.ibs import ibs1, place, scale, similarity
from genocohort.stats.kinship import count_pairs


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000))
def test_shared_alleles_equal_a_plain_count(seed: int) -> None:
    calls = np.random.default_rng(seed).integers(-1, 3, size=(12, 5)).astype(np.int8)
    counts = count_pairs(calls, calls)
    shared, one = similarity(counts), ibs1(counts)
    for i in range(5):
        for j in range(5):
            both = (calls[:, i] >= 0) & (calls[:, j] >= 0)
            apart = np.abs(calls[both, i].astype(int) - calls[both, j])
            assert one[i, j] == (apart == 1).sum()
            expected = 1 - apart.mean() / 2 if both.any() else np.nan
            np.testing.assert_allclose(shared[i, j], expected)


def distances_of(points: np.ndarray) -> np.ndarray:
    return np.sqrt(((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))


def test_points_of_a_plane_are_recovered_and_others_placed_among_them() -> None:
    points = np.random.default_rng(3).normal(size=(30, 2)) * [3, 1]
    apart = distances_of(points)
    found = scale(apart[:20, :20], 3)
    np.testing.assert_allclose(distances_of(found.coordinates[:, :2]), apart[:20, :20], atol=1e-9)
    assert np.isnan(found.coordinates[:, 2]).all()
    assert np.isnan(found.eigenvalues[2])
    moved = place(apart[20:, :20], found)
    whole = np.concatenate([found.coordinates, moved])[:, :2]
    np.testing.assert_allclose(distances_of(whole), apart, atol=1e-9)
    assert np.isnan(moved[:, 2]).all()
    size = np.abs(found.coordinates[:, :2])
    assert (found.coordinates[size.argmax(axis=0), [0, 1]] > 0).all()


@pytest.mark.parametrize("n", [0, 1, 4])
def test_no_distance_has_no_dimension(n: int) -> None:
    found = scale(np.zeros((n, n)), 2)
    assert found.coordinates.shape == (n, 2)
    assert np.isnan(found.coordinates).all()
