"""Exact Hardy-Weinberg test: published values, exact rational oracle, invariances."""

from fractions import Fraction
from math import comb, factorial, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats import hwe
from genocohort.stats.hwe import hwe_exact


def exact_p(hom_1: int, het: int, hom_2: int, midp: bool = False) -> Fraction:
    """P from whole numbers: count the ways to pair the alleles, by definition."""
    n, alleles = hom_1 + het + hom_2, 2 * hom_1 + het

    def ways(h: int) -> int:
        rare = (alleles - h) // 2
        return 2**h * factorial(n) // (factorial(rare) * factorial(h) * factorial(n - rare - h))

    support = range(alleles % 2, min(alleles, 2 * n - alleles) + 1, 2)
    assert sum(map(ways, support)) == comb(2 * n, alleles)
    seen = ways(het)
    tail = sum(Fraction(ways(h)) for h in support if ways(h) < seen)
    ties = sum(Fraction(ways(h)) for h in support if ways(h) == seen)
    return (tail + (ties / 2 if midp else ties)) / comb(2 * n, alleles)


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        # 100 people with 21 copies of the minor allele, the paper's worked example (Table 1).
        ((0, 21, 79), 0.593645),
        ((1, 19, 80), 1.0),
        ((2, 17, 81), 0.284042),
        ((3, 15, 82), 0.069576),
        ((4, 13, 83), 0.010293),
        ((5, 11, 84), 0.000919),
        ((0, 0, 10), 1.0),
        ((1, 0, 0), 1.0),
    ],
)
def test_published_values(counts: tuple[int, int, int], p: float) -> None:
    assert float(hwe_exact(*counts).p) == pytest.approx(p, abs=1e-6)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 3).filter(lambda c: sum(c) > 0), st.booleans())
def test_equals_whole_number_arithmetic(counts: tuple[int, int, int], midp: bool) -> None:
    result = hwe_exact(*counts, midp=midp)
    expected = exact_p(*counts, midp=midp)
    assert float(result.p) == pytest.approx(float(expected), rel=1e-10)
    assert float(result.neg_log10_p) == pytest.approx(-log10(expected), abs=1e-10)


def test_tiny_p_keeps_its_accuracy() -> None:
    counts = (1500, 0, 1500)
    result = hwe_exact(*counts)
    expected = exact_p(*counts)
    exact = log10(expected.denominator) - log10(expected.numerator)
    assert exact > 800
    assert float(result.p) == 0.0
    assert float(result.neg_log10_p) == pytest.approx(exact, rel=1e-12)


def test_one_side_of_the_tail_is_not_lost() -> None:
    # 57 heterozygotes of 1,000 where about 420 are expected: P is far below 1e-100.
    counts = (271, 57, 672)
    expected = exact_p(*counts)
    result = hwe_exact(*counts)
    assert float(result.p) == pytest.approx(float(expected), rel=1e-10)
    assert 0 < result.p < 1e-100


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 3), max_size=12))
def test_order_and_alleles_do_not_matter(rows: list[tuple[int, int, int]]) -> None:
    counts = np.array(rows, dtype=np.int64).reshape(-1, 3)
    result = hwe_exact(*counts.T)
    mirrored = hwe_exact(*counts[::-1, ::-1].T)
    np.testing.assert_array_equal(result.p, mirrored.p[::-1])
    np.testing.assert_array_equal(np.isnan(result.p), counts.sum(axis=1) == 0)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 300, (200, 3)).T
    whole = hwe_exact(*counts)
    monkeypatch.setattr(hwe, "_MAX_CONFIGURATIONS", 100)
    parts = hwe_exact(*counts)
    np.testing.assert_array_equal(whole.p, parts.p)
    np.testing.assert_array_equal(whole.neg_log10_p, parts.neg_log10_p)


def test_shape_is_kept_and_empty_is_empty() -> None:
    result = hwe_exact(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)))
    assert result.p.shape == (2, 3)
    assert hwe_exact([], [], []).p.shape == (0,)
    assert np.isnan(hwe_exact(0, 0, 0).p)


def test_midp_is_below_p() -> None:
    assert float(hwe_exact(0, 0, 10, midp=True).p) == pytest.approx(0.5)
    assert hwe_exact(5, 10, 30, midp=True).p < hwe_exact(5, 10, 30).p


def test_wrong_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        hwe_exact(-1, 2, 3)
    with pytest.raises(ValueError, match="shape"):
        hwe_exact([1, 2], [1], [1])
