"""Augmented projection against decomposing the reference once more with each sample."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from genocohort.stats.projection import ProjectionSums, augment, coordinates, sum_projections

N, M, AXES, WANTED = 120, 2000, 20, 3


def reference(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised data of four groups (M, N), and further members (M, 12) of the same groups."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(M, 4)) * 0.35
    group = np.arange(N) % 4
    data = centres[:, group] + rng.normal(size=(M, N))
    mean = data.mean(axis=1, keepdims=True)
    return data - mean, centres[:, np.arange(12) % 4] + rng.normal(size=(M, 12)) - mean


def decomposed(data: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    u, d, vt = np.linalg.svd(data, full_matrices=False)
    return u[:, :n], d[:n], vt[:n].T


def together(data: np.ndarray, sample: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The sample's place by a full decomposition with it, laid over the reference's own places."""
    _, d, v = decomposed(np.column_stack([data, sample]), WANTED)
    moved = v * d
    rotation, size = orthogonal_procrustes(moved[:N], places)
    return moved[N] @ rotation * size / (moved[:N] ** 2).sum()


def test_equals_the_decomposition_with_each_sample_and_does_not_shrink() -> None:
    data, further = reference(1)
    u, d, v = decomposed(data, AXES)
    places = v[:, :WANTED] * d[:WANTED]
    sums = sum_projections(further, np.ones(further.shape, dtype=bool), u)
    along, squares = coordinates(sums, u.T @ u, M)
    found = augment(along, squares, d, WANTED) * d[:WANTED]
    expected = np.stack([together(data, s, places) for s in further.T])
    # Of the reference only the axes kept are in: less than a fiftieth of a group's distance.
    np.testing.assert_allclose(found, expected, atol=0.02 * d[0] / np.sqrt(N))
    length = (expected**2).sum()
    assert (along[:, :WANTED] * expected).sum() / length < 0.9
    assert (found * expected).sum() / length == pytest.approx(1, abs=0.005)


def test_missing_calls_and_absent_variants_change_little() -> None:
    data, further = reference(2)
    u, d, _ = decomposed(data, AXES)
    whole = sum_projections(further, np.ones(further.shape, dtype=bool), u)
    rng = np.random.default_rng(3)
    called = rng.random(further.shape) < 0.95
    part = sum_projections(further * called, called, u)
    shared = np.sort(rng.choice(M, 1500, replace=False))
    fewer = sum_projections(further[shared], np.ones((1500, 12), dtype=bool), u[shared])
    places = [
        augment(*coordinates(sums, gram, n), d, 3)
        for sums, gram, n in (
            (whole, u.T @ u, M), (part, u.T @ u, M), (fewer, u[shared].T @ u[shared], 1500),
        )
    ]  # fmt: skip
    spread = places[0].std(axis=0)
    assert (np.abs(places[1] - places[0]).mean(axis=0) < 0.1 * spread).all()
    assert (np.abs(places[2] - places[0]).mean(axis=0) < 0.3 * spread).all()
    # Neither pulls samples to the origin.
    for other in places[1:]:
        assert (other * places[0]).sum() / (places[0] ** 2).sum() == pytest.approx(1, abs=0.05)


def test_sums_of_blocks_add_up() -> None:
    data, further = reference(4)
    u = decomposed(data, 3)[0]
    called = np.ones(further.shape, dtype=bool)
    whole = sum_projections(further, called, u)
    total = ProjectionSums.zero(12, 3)
    for a, b in ((0, 700), (700, M)):
        total = total + sum_projections(further[a:b], called[a:b], u[a:b])
    np.testing.assert_allclose(total.products, whole.products)
    np.testing.assert_allclose(total.squares, whole.squares)
    assert total.n_called.tolist() == [M] * 12


def test_a_sample_without_calls_has_no_place() -> None:
    sums = ProjectionSums(np.zeros((2, 3)), np.array([0.0, 9.0]), np.array([0, 5]))
    along, squares = coordinates(sums, np.eye(3), 5)
    found = augment(along, squares, np.array([3.0, 2.0, 1.0]), 2)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
