"""KING-robust kinship against hand-worked pairs and a plain count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genocohort.stats.kinship import (
    PairCounts,
    compute_kinship,
    count_pairs,
    expected_ibs0,
    infer_relation,
)

CALLS = hnp.arrays(
    np.int8, st.tuples(st.integers(0, 12), st.integers(1, 5)), elements=st.integers(-1, 2)
)


def plain_kinship(a: np.ndarray, b: np.ndarray) -> tuple[int, int, int, float]:
    """n, het-het, IBS0 and kinship of two samples, variant by variant."""
    n = hethet = ibs0 = het_a = het_b = differing = 0
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        if x < 0 or y < 0:
            continue
        n += 1
        hethet += x == 1 and y == 1
        ibs0 += abs(x - y) == 2
        het_a += x == 1
        het_b += y == 1
        differing += (x - y) ** 2
    least = min(het_a, het_b)
    # Equation 11 in terms of squared differences: 1/2 - sum (x - y)^2 / (4 min het).
    return n, hethet, ibs0, 0.5 - differing / (4 * least) if least else float("nan")


def test_a_pair_worked_by_hand() -> None:
    # Five shared calls: het-het, IBS0, het-hom, hom-het, hom-hom; a sixth is missing in one.
    a = np.array([1, 0, 1, 2, 0, -1], dtype=np.int8)
    b = np.array([1, 2, 0, 1, 0, 1], dtype=np.int8)
    calls = np.stack([a, b], axis=1)
    counts = count_pairs(calls, calls)
    assert counts.n_called[0, 1] == 5
    assert counts.n_het_het[0, 1] == 1
    assert counts.n_ibs0[0, 1] == 1
    assert (counts.n_het_row[0, 1], counts.n_het_column[0, 1]) == (2, 2)
    # 1/2 - (4 * 1 + 1 + 1) / (4 * 2)
    assert compute_kinship(counts)[0, 1] == pytest.approx(-0.25)


@settings(deadline=None)
@given(CALLS)
def test_every_pair_equals_the_plain_count(calls: np.ndarray) -> None:
    counts = count_pairs(calls, calls)
    kinship = compute_kinship(counts)
    for i in range(calls.shape[1]):
        for j in range(calls.shape[1]):
            n, hethet, ibs0, phi = plain_kinship(calls[:, i], calls[:, j])
            assert counts.n_called[i, j] == n
            assert counts.n_het_het[i, j] == hethet
            assert counts.n_ibs0[i, j] == ibs0
            np.testing.assert_allclose(kinship[i, j], phi)


@settings(deadline=None)
@given(CALLS)
def test_swapped_alleles_and_other_blocks_give_the_same(calls: np.ndarray) -> None:
    whole = compute_kinship(count_pairs(calls, calls))
    swapped = np.where(calls < 0, calls, 2 - calls).astype(np.int8)
    np.testing.assert_array_equal(whole, compute_kinship(count_pairs(swapped, swapped)))
    n = calls.shape[1]
    by_variant = PairCounts.zeros(n, n)
    for row in calls:
        by_variant.add(count_pairs(row[None], row[None]))
    np.testing.assert_array_equal(whole, compute_kinship(by_variant))


@settings(deadline=None, max_examples=30)
@given(CALLS, st.randoms(use_true_random=False))
def test_permuted_samples_permute_the_result(calls: np.ndarray, random: object) -> None:
    order = list(range(calls.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    whole = compute_kinship(count_pairs(calls, calls))
    moved = calls[:, order].copy()
    np.testing.assert_array_equal(
        compute_kinship(count_pairs(moved, moved)), whole[np.ix_(order, order)]
    )


def test_rectangle_equals_the_square() -> None:
    rng = np.random.default_rng(3)
    calls = rng.integers(-1, 3, size=(50, 7)).astype(np.int8)
    square, part = count_pairs(calls, calls), count_pairs(calls[:, :3], calls[:, 3:])
    for name in ("n_called", "n_het_het", "n_ibs0", "n_het_row", "n_het_column"):
        np.testing.assert_array_equal(getattr(part, name), getattr(square, name)[:3, 3:])


def test_undefined_without_heterozygotes() -> None:
    calls = np.array([[0, 2], [2, 2]], dtype=np.int8)
    assert np.isnan(compute_kinship(count_pairs(calls, calls))).all()
    empty = np.zeros((0, 2), dtype=np.int8)
    assert np.isnan(compute_kinship(count_pairs(empty, empty))).all()


def test_expected_ibs0_by_hand() -> None:
    # p = 1/2 gives 2/16; p = 0 gives 0; a variant without calls is left out.
    assert expected_ibs0(np.array([5, 8, 0]), np.array([5, 0, 0])) == pytest.approx(0.0625)
    assert np.isnan(expected_ibs0(np.array([0]), np.array([0])))


@pytest.mark.parametrize(
    ("kinship", "ibs0", "relation"),
    [
        (0.5, 0.0, "duplicate"),
        (0.25, 0.0, "parent_offspring"),
        (0.25, 0.0009, "parent_offspring"),
        (0.25, 0.0025, "full_siblings"),
        (0.12, 0.005, "second_degree"),
        (0.06, 0.006, "third_degree"),
        (0.0442, 0.01, "unrelated"),
        (-0.3, 0.02, "unrelated"),
    ],
)
def test_relations_by_threshold(kinship: float, ibs0: float, relation: str) -> None:
    assert infer_relation(kinship, ibs0, 0.01, 0.1) == relation


def test_no_relation_without_kinship() -> None:
    assert infer_relation(float("nan"), 0.0, 0.01, 0.1) is None
