"""Diversity against pairs counted one by one, and its edge cases."""

from itertools import combinations

import numpy as np
import pytest

from genocohort.stats.diversity import compute_diversity


def test_pi_counts_differing_pairs_of_chromosomes() -> None:
    rng = np.random.default_rng(0)
    haplotypes = rng.integers(0, 2, size=(30, 7))
    positions = np.sort(rng.choice(np.arange(1, 301), 30, replace=False))
    counts = np.stack([(haplotypes == 0).sum(axis=1), haplotypes.sum(axis=1)], axis=1)
    found = compute_diversity(counts, positions, 100)
    assert found.start.tolist() == [0, 100, 200]
    for start, pi in zip(found.start, found.pi, strict=True):
        part = haplotypes[(positions > start) & (positions <= start + 100)]
        pairs = [(part[:, i] != part[:, j]).sum() for i, j in combinations(range(7), 2)]
        assert pi == pytest.approx(np.mean(pairs) / 100)


def test_swapped_alleles_change_nothing() -> None:
    counts = np.random.default_rng(1).integers(0, 9, size=(50, 2))
    positions = np.arange(50) * 7 + 1
    a, b = (compute_diversity(c, positions, 60) for c in (counts, counts[:, ::-1]))
    for name in ("start", "n_segregating", "pi", "theta", "tajima_d"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("counts", [[[8, 0]], [[0, 0]], [[1, 1]], [[1, 2]], [[1, 0]]])
def test_tajima_d_is_undefined_without_segregating_variants_or_with_few_alleles(
    counts: list[list[int]],
) -> None:
    found = compute_diversity(np.array(counts), np.array([5]), 10)
    assert np.isnan(found.tajima_d).all()
    assert np.isfinite(found.pi).all()
    assert np.isfinite(found.theta).all()


def test_nothing_gives_no_window() -> None:
    nothing = np.zeros((0, 2), dtype=np.int64)
    assert len(compute_diversity(nothing, np.zeros(0, dtype=np.int64), 10).start) == 0
