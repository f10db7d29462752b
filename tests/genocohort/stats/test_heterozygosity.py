"""Allele counts with haploid males, and F by the method of moments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genocohort.stats.heterozygosity import (
    Homozygosity,
    MissingCalls,
    compute_inbreeding,
    count_alleles,
    count_homozygosity,
    count_missing,
    expected_heterozygosity,
    restore_heterozygotes,
)

CALLS = hnp.arrays(
    np.int8, st.tuples(st.integers(0, 10), st.integers(1, 6)), elements=st.integers(-1, 2)
)


def test_males_on_x_give_one_allele_and_their_heterozygotes_none() -> None:
    # Four males (the last heterozygous, which is impossible) and four females.
    calls = np.array([[0, 0, 2, 1, 0, 1, 1, 2]], dtype=np.int8)
    male = np.array([True] * 4 + [False] * 4)
    n_alt, n_called = count_alleles(calls, male)
    assert (n_alt[0], n_called[0]) == (5, 11)
    n_alt, n_called = count_alleles(calls)
    assert (n_alt[0], n_called[0]) == (7, 16)


@settings(deadline=None)
@given(CALLS)
def test_allele_counts_equal_a_plain_count(calls: np.ndarray) -> None:
    haploid = np.arange(calls.shape[1]) % 2 == 1
    n_alt, n_called = count_alleles(calls, haploid)
    for v, row in enumerate(calls.tolist()):
        alleles: list[int] = []
        for call, one in zip(row, haploid.tolist(), strict=True):
            pair = {0: [0, 0], 1: [0, 1], 2: [1, 1]}.get(call, [])
            alleles += pair if not one else pair[:1] if call != 1 else []
        assert (n_alt[v], n_called[v]) == (sum(alleles), len(alleles))


def test_expected_heterozygosity_by_hand() -> None:
    n_alt, n_called = np.array([2, 0, 1, 0]), np.array([4, 4, 1, 0])
    plain = expected_heterozygosity(n_alt, n_called, nei=False)
    np.testing.assert_allclose(plain, [0.5, 0, 0, 0])
    np.testing.assert_allclose(expected_heterozygosity(n_alt, n_called, nei=True), [2 / 3, 0, 0, 0])


def test_f_worked_by_hand() -> None:
    # Variant 1: p = 1/2 of 4 alleles, expected homozygous 1 - 2/3 = 1/3; variant 2 monomorphic.
    calls = np.array([[0, 2], [0, 0]], dtype=np.int8)
    counts = count_homozygosity(calls, *count_alleles(calls), nei=True)
    assert counts.n_monomorphic == 1
    np.testing.assert_array_equal(counts.observed, [1, 1])
    np.testing.assert_allclose(counts.expected, [1 / 3, 1 / 3])
    # (1 - 1/3) / (1 - 1/3): as homozygous as can be.
    np.testing.assert_allclose(compute_inbreeding(counts), [1, 1])


def test_all_missing_and_monomorphic_are_undefined() -> None:
    calls = np.array([[-1, 0], [-1, 0]], dtype=np.int8)
    counts = count_homozygosity(calls, *count_alleles(calls), nei=True)
    assert np.isnan(compute_inbreeding(counts)).all()
    assert np.isnan(compute_inbreeding(Homozygosity.zeros(3))).all()


@settings(deadline=None)
@given(CALLS)
def test_swapped_alleles_leave_f_and_blocks_add_up(calls: np.ndarray) -> None:
    n_samples = calls.shape[1]
    whole = count_homozygosity(calls, *count_alleles(calls), nei=True)
    swapped = np.where(calls < 0, calls, 2 - calls).astype(np.int8)
    mirrored = count_homozygosity(swapped, *count_alleles(swapped), nei=True)
    parts = Homozygosity.zeros(n_samples)
    for row in calls:
        block = row[None]
        parts.add(count_homozygosity(block, *count_alleles(block), nei=True))
    for other in (mirrored, parts):
        np.testing.assert_array_equal(whole.observed, other.observed)
        np.testing.assert_allclose(whole.expected, other.expected)
        assert whole.n_monomorphic == other.n_monomorphic


def test_hidden_heterozygotes_bring_a_female_recorded_as_male_back() -> None:
    rng = np.random.default_rng(8)
    p = rng.uniform(0.2, 0.8, 2000)
    calls = rng.binomial(2, p[:, None], size=(2000, 40)).astype(np.int8)
    true_f = compute_inbreeding(count_homozygosity(calls, *count_alleles(calls), nei=False))
    hidden = np.zeros(40, dtype=np.int64)
    hidden[0] = (calls[:, 0] == 1).sum()
    stored = calls.copy()
    stored[calls[:, 0] == 1, 0] = -1
    counted = count_alleles(stored, np.arange(40) == 0)
    counts = count_homozygosity(stored, *counted, nei=False)
    assert compute_inbreeding(counts)[0] == pytest.approx(1.0)
    missing = MissingCalls.zeros(40)
    missing.add(count_missing(stored, *counted))
    f = compute_inbreeding(restore_heterozygotes(counts, missing, hidden))
    assert f[0] == pytest.approx(true_f[0], abs=0.05)
    np.testing.assert_allclose(f[1:], true_f[1:], atol=0.01)
