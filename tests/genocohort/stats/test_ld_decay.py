"""r2 by distance: against a plain loop over all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats import ld_decay
from genocohort.stats.ld import squared_correlations
from genocohort.stats.ld_decay import DecaySums, choose_anchors, sum_decay


def plain_r2(a: np.ndarray, b: np.ndarray) -> float:
    both = (a >= 0) & (b >= 0)
    x, y = a[both].astype(float), b[both].astype(float)
    if both.sum() == 0 or x.var() == 0 or y.var() == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def draw(seed: int, n_variants: int, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    calls = rng.integers(-1, 3, size=(n_variants, n_samples)).astype(np.int8)
    positions = np.sort(rng.integers(1, 200, n_variants)).astype(np.int64)
    return calls, positions


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.integers(0, 8))
def test_r2_of_every_pair(seed: int, n_samples: int) -> None:
    calls, _ = draw(seed, 6, n_samples)
    found = squared_correlations(calls[:2], calls)
    expected = [[plain_r2(a, b) for b in calls] for a in calls[:2]]
    np.testing.assert_allclose(found, np.array(expected).reshape(2, 6), atol=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.sampled_from([1, 5, 100]), st.integers(1, 40))
def test_sums_equal_a_loop_over_pairs(seed: int, shared: int, n_anchors: int) -> None:
    calls, positions = draw(seed, 30, 7)
    edges = np.array([1, 4, 20, 60])
    anchors = choose_anchors(len(positions), n_anchors)
    expected = DecaySums.zero(3)
    for i in anchors:
        for j in range(i + 1, len(positions)):
            r2, k = (
                plain_r2(calls[i], calls[j]),
                np.searchsorted(edges, positions[j] - positions[i], side="right") - 1,
            )
            if 0 <= k < 3 and not np.isnan(r2):
                expected.n_pairs[k] += 1
                expected.r2[k] += r2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ld_decay, "_SHARED", shared)
        found = sum_decay(lambda a, b: calls[a:b], positions, anchors, edges)
    assert found.n_pairs.tolist() == expected.n_pairs.tolist()
    np.testing.assert_allclose(found.r2, expected.r2, rtol=1e-9, atol=1e-12)


def test_without_ld_the_adjusted_mean_is_about_zero() -> None:
    rng = np.random.default_rng(1)
    calls = rng.binomial(2, 0.4, size=(400, 25)).astype(np.int8)
    positions, edges = np.arange(400), np.array([0, 400])
    found = sum_decay(lambda a, b: calls[a:b], positions, choose_anchors(400, 400), edges)
    assert found.mean()[0] == pytest.approx(1 / 24, rel=0.1)
    assert abs(found.adjusted(25)[0]) < 0.005
    assert np.isnan(found.adjusted(2)).all()


def test_anchors_are_spread_evenly_and_no_variant_gives_no_pair() -> None:
    assert choose_anchors(10, 5).tolist() == [0, 2, 4, 6, 8]
    assert choose_anchors(3, 5).tolist() == [0, 1, 2]
    nothing = np.zeros(0, dtype=np.int64)
    sums = sum_decay(lambda a, b: np.zeros((0, 4), np.int8), nothing, nothing, np.array([0, 9]))
    assert sums.n_pairs.tolist() == [0]
    assert np.isnan(sums.mean()).all()
