"""Runs of homozygosity against a search variant by variant."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from genocohort.stats.roh import RunCriteria, covered_length, find_runs

SMALL = RunCriteria(
    window=5, window_het=1, window_missing=1, window_share=0.3, min_variants=6, min_length=40,
    max_spacing=1000, max_gap=60,
)  # fmt: skip


def draw(seed: int, n: int = 300, n_samples: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    calls = rng.choice([-1, 0, 1, 2], p=[0.05, 0.45, 0.2, 0.3], size=(n, n_samples))
    positions = 1000 + np.cumsum(rng.choice([1, 5, 20, 100], p=[0.4, 0.3, 0.28, 0.02], size=n))
    return calls.astype(np.int8), positions


def search(calls: list[int], positions: list[int], c: RunCriteria) -> list[tuple[int, int]]:
    """Runs of one sample by the definition, one variant at a time."""
    n = len(calls)
    good = []
    for start in range(n - c.window + 1):
        window = calls[start : start + c.window]
        good.append(window.count(1) <= c.window_het and window.count(-1) <= c.window_missing)
    runs: list[list[int]] = []
    for i in range(n):
        covering = [j for j in range(i - c.window + 1, i + 1) if 0 <= j < len(good)]
        wanted = ceil(c.window_share * min(i + 1, n - i, c.window) - 1e-9)
        if good and sum(good[j] for j in covering) >= wanted:
            apart = positions[i] - positions[i - 1] if i else 0
            if runs and runs[-1][1] == i - 1 and apart <= c.max_gap:
                runs[-1][1] = i
            else:
                runs.append([i, i])
    kept = []
    for first, last in runs:
        length, count = positions[last] - positions[first] + 1, last - first + 1
        if count >= c.min_variants and c.min_length <= length <= count * c.max_spacing:
            kept.append((first, last))
    return kept


def found(calls: np.ndarray, positions: np.ndarray, c: RunCriteria, size: int) -> list[list[int]]:
    blocks = (calls[i : i + size] for i in range(0, len(calls), size))
    runs = find_runs(blocks, positions, calls.shape[1], c)
    return np.stack([runs.sample, runs.first, runs.last], axis=1).tolist()


@pytest.mark.parametrize("size", [1, 7, 300])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"window": 1, "window_het": 0},
        {"window_share": 1.0},
        {"max_spacing": 8},
        {"max_gap": 19, "min_variants": 3, "min_length": 1},
    ],
)
def test_equals_a_search_variant_by_variant(size: int, change: dict[str, int]) -> None:
    criteria = replace(SMALL, **change)
    calls, positions = draw(1)
    expected = [
        [s, *run]
        for s in range(calls.shape[1])
        for run in search(calls[:, s].tolist(), positions.tolist(), criteria)
    ]
    assert len(expected) > 3
    assert found(calls, positions, criteria, size) == expected


def test_a_homozygous_chromosome_is_one_run_up_to_a_wide_gap() -> None:
    calls = np.zeros((40, 2), dtype=np.int8)
    calls[:, 1] = 1
    positions = np.concatenate([np.arange(20) * 10, 1000 + np.arange(20) * 10]) + 1
    assert found(calls, positions, SMALL, 9) == [[0, 0, 19], [0, 20, 39]]
    assert covered_length(positions, SMALL.max_gap) == 2 * 191


def test_fewer_variants_than_a_window_hold_no_run() -> None:
    assert found(np.zeros((4, 2), dtype=np.int8), np.arange(4), SMALL, 2) == []
    assert covered_length(np.zeros(0, dtype=np.int64), 10) == 0


def test_permuted_samples_permute_runs() -> None:
    calls, positions = draw(2)
    order = np.random.default_rng(3).permutation(calls.shape[1])
    straight = found(calls, positions, SMALL, 50)
    moved = found(calls[:, order], positions, SMALL, 50)
    assert sorted([int(order[s]), a, b] for s, a, b in moved) == straight
