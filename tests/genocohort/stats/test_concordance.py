"""Genotypes from reads, and pairs of genotypes counted one by one."""

import numpy as np

from genocohort.stats.concordance import call_from_reads, compare_calls


def test_genotypes_need_enough_reads() -> None:
    n_ref = np.array([0, 3, 8, 0, 5, 10, 9, 400])
    n_alt = np.array([0, 0, 0, 8, 5, 1, 3, 400])
    found = call_from_reads(n_ref, n_alt, 0.004, 0.99)
    assert found.tolist() == [-1, -1, 0, 2, 1, -1, 1, 1]
    assert call_from_reads(n_ref, n_alt, 0.004, 0.8).tolist() == [-1, 0, 0, 2, 1, -1, 1, 1]


def test_pairs_against_a_plain_count() -> None:
    rng = np.random.default_rng(3)
    reads = rng.integers(-1, 3, (4, 9000)).astype(np.int8)
    calls = rng.integers(-1, 3, (9000, 5)).astype(np.int8)
    found = compare_calls(reads, calls)
    for i in range(4):
        for j in range(5):
            a, b = reads[i], calls[:, j]
            both = (a >= 0) & (b >= 0)
            assert found.n_sites[i, j] == both.sum()
            assert found.n_concordant[i, j] == (both & (a == b)).sum()
            assert found.n_opposite[i, j] == (both & (abs(a - b) == 2)).sum()


def test_nothing_to_compare() -> None:
    empty = compare_calls(np.zeros((2, 0), np.int8), np.zeros((0, 3), np.int8))
    assert empty.n_sites.shape == (2, 3)
    assert compare_calls(np.zeros((0, 4), np.int8), np.zeros((4, 0), np.int8)).n_sites.size == 0
