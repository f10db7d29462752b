"""Nearest groups against scipy's own densities, and with wrong labels among those learned from."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from genocohort.stats.centroids import assign_nearest, fit_centroids

CENTRES = np.array([[0.0, 0.0, 0.0], [8.0, 0.0, 0.0], [0.0, 8.0, 0.0]])


def clouds(seed: int, n: int) -> tuple[np.ndarray, list[str | None]]:
    rng = np.random.default_rng(seed)
    values = np.concatenate([c + rng.normal(size=(n, 3)) for c in CENTRES])
    return values, [name for name in "ABC" for _ in range(n)]


def test_probabilities_are_those_of_normal_densities() -> None:
    values, labels = clouds(0, 40)
    centroids = fit_centroids(values, labels, 10)
    assert centroids is not None
    points = np.random.default_rng(1).uniform(-2, 10, size=(50, 3))
    density = np.stack(
        [multivariate_normal(m, centroids.covariance).pdf(points) for m in centroids.means], axis=1
    )
    found = assign_nearest(points, centroids)
    assert found.nearest.tolist() == density.argmax(axis=1).tolist()
    np.testing.assert_allclose(
        found.probability, density.max(axis=1) / density.sum(axis=1), rtol=1e-9
    )


def test_wrong_labels_are_set_aside_and_corrected() -> None:
    values, labels = clouds(2, 40)
    labels[0], labels[45], labels[3] = "B", "C", None
    centroids = fit_centroids(values, labels, 10)
    assert centroids is not None
    assert centroids.n_set_aside == 2
    found = assign_nearest(values, centroids)
    assert found.nearest.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    np.testing.assert_allclose(centroids.means, CENTRES, atol=0.6)


def test_a_group_that_is_no_cloud_is_not_learned() -> None:
    """People who report `other` come from all three clouds."""
    values, labels = clouds(8, 60)
    others = np.random.default_rng(9).choice(180, size=40, replace=False)
    for i in others:
        labels[i] = "other"
    centroids = fit_centroids(values, labels, 10)
    assert centroids is not None
    assert centroids.names == ("A", "B", "C")
    assert centroids.n_set_aside == 0
    found = assign_nearest(values, centroids)
    assert found.nearest.tolist() == [0] * 60 + [1] * 60 + [2] * 60


def test_between_groups_and_far_away() -> None:
    values, labels = clouds(3, 40)
    centroids = fit_centroids(values, labels, 10)
    assert centroids is not None
    between, outside = centroids.means[:2].mean(axis=0), np.array([40.0, 40.0, 40.0])
    found = assign_nearest(np.stack([between, outside]), centroids)
    assert found.probability[0] < 0.7
    assert found.distance_p[1] < 1e-30


def test_the_order_of_samples_does_not_matter() -> None:
    values, labels = clouds(4, 30)
    order = np.random.default_rng(5).permutation(len(values))
    a = fit_centroids(values, labels, 10)
    b = fit_centroids(values[order], [labels[i] for i in order], 10)
    assert a is not None
    assert b is not None
    np.testing.assert_allclose(a.means, b.means)
    np.testing.assert_allclose(a.covariance, b.covariance)


@pytest.mark.parametrize(("n", "min_size", "spread"), [(9, 10, 1.0), (2, 2, 1.0), (30, 10, 0.0)])
def test_too_little_to_learn_from(n: int, min_size: int, spread: float) -> None:
    values, labels = clouds(6, n)
    values[:, 2] *= spread
    assert fit_centroids(values, labels, min_size) is None


def test_one_group_is_none() -> None:
    values, _ = clouds(7, 20)
    assert fit_centroids(values, ["A"] * len(values), 10) is None
