"""r2 between variants and pruning against plain oracles."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genocohort.stats.ld import (
    correlated_pairs,
    count_windows,
    distance_windows,
    find_neighbours,
    prune,
)

CALLS = hnp.arrays(
    np.int8, st.tuples(st.integers(1, 8), st.integers(3, 8)), elements=st.integers(-1, 2)
)


def plain_r2(a: np.ndarray, b: np.ndarray) -> float:
    """Squared correlation over samples called in both; 0 where undefined."""
    both = (a >= 0) & (b >= 0)
    x, y = a[both].astype(float), b[both].astype(float)
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)


@settings(deadline=None)
@given(CALLS, st.sampled_from([0.1, 0.2, 0.55]))
def test_correlated_pairs_equal_numpy(calls: np.ndarray, limit: float) -> None:
    found = correlated_pairs(calls, calls, limit)
    for i in range(len(calls)):
        for j in range(len(calls)):
            r2 = plain_r2(calls[i], calls[j])
            if abs(r2 - limit) > 1e-9:
                assert found[i, j] == (r2 > limit)


def test_identical_variants_are_correlated_at_any_limit_below_one() -> None:
    calls = np.array([[0, 1, 2, -1], [0, 1, 2, 0], [2, 1, 0, 0], [1, 1, 1, 1]], dtype=np.int8)
    found = correlated_pairs(calls, calls, 0.99)
    assert found[0, 1]
    assert found[0, 2]
    assert not found[3].any()
    assert not correlated_pairs(calls, calls, 1.0).any()


def test_windows_by_count() -> None:
    assert count_windows(10, 4, 3) == [(0, 4), (3, 7), (6, 10)]
    assert count_windows(3, 50, 5) == [(0, 3)]
    assert count_windows(1, 50, 5) == []
    assert count_windows(0, 50, 5) == []


def test_windows_by_distance() -> None:
    positions = np.array([10, 20, 30, 100, 105, 300])
    assert distance_windows(positions, 10) == [(0, 2), (1, 3), (3, 5)]
    assert distance_windows(positions, 1000) == [(0, 6)]
    assert distance_windows(np.array([1]), 10) == []


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(1, 30))
def test_each_near_pair_shares_a_distance_window(steps: list[int], span: int) -> None:
    positions = np.cumsum(steps)
    windows = distance_windows(positions, span)
    for i in range(len(positions)):
        for j in range(i + 1, len(positions)):
            together = any(a <= i and j < b for a, b in windows)
            assert together == (positions[j] - positions[i] <= span)


def plain_prune(
    edges: set[tuple[int, int]], windows: list[tuple[int, int]], frequency: list[float]
) -> list[bool]:
    """Every window gone through from its start until nothing changes, all pairs looked at."""
    kept = [True] * len(frequency)
    for start, end in windows:
        changed = True
        while changed:
            changed = False
            for i in range(start, end):
                if not kept[i]:
                    continue
                later = [j for j in range(i + 1, end) if kept[j] and (i, j) in edges]
                if later:
                    kept[i if frequency[i] > frequency[later[0]] else later[0]] = False
                    changed = True
    return kept


@settings(deadline=None)
@given(
    st.integers(2, 14),
    st.sets(st.tuples(st.integers(0, 13), st.integers(0, 13)), max_size=40),
    st.lists(st.sampled_from([0.5, 0.6, 0.7, 0.9]), min_size=14, max_size=14),
    st.integers(2, 8),
    st.integers(1, 8),
)
def test_pruning_equals_the_plain_rule(
    n: int, pairs: set[tuple[int, int]], frequency: list[float], size: int, step: int
) -> None:
    windows = count_windows(n, size, step)
    edges = {(i, j) for i, j in pairs if i < j < n and any(a <= i and j < b for a, b in windows)}
    neighbours = [sorted(j for i, j in edges if i == k) for k in range(n)]
    kept = prune(neighbours, windows, np.array(frequency[:n]))
    assert kept.tolist() == plain_prune(edges, windows, frequency[:n])
    assert not any(kept[i] and kept[j] for i, j in edges)


def test_the_rarer_goes_and_on_a_tie_the_later() -> None:
    assert prune([[1], []], [(0, 2)], np.array([0.9, 0.6])).tolist() == [False, True]
    assert prune([[1], []], [(0, 2)], np.array([0.6, 0.9])).tolist() == [True, False]
    assert prune([[1], []], [(0, 2)], np.array([0.7, 0.7])).tolist() == [True, False]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([3, 7, 600]))
def test_neighbours_do_not_depend_on_blocks(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    calls = rng.integers(-1, 3, size=(530, 6)).astype(np.int8)
    windows = count_windows(530, size, 2)
    found = find_neighbours(lambda a, b: calls[a:b], windows, 530, 0.9)
    near = correlated_pairs(calls, calls, 0.9)
    for i in (0, 3, 509, 511, 512, 529):
        shared = {j for a, b in windows if a <= i < b for j in range(i + 1, b)}
        assert found[i] == sorted(j for j in shared if near[i, j])
