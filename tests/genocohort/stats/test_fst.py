"""Hudson's Fst: ratio of sums in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.stats.fst import compute_fst


def plain_fst(first: np.ndarray, second: np.ndarray) -> tuple[Fraction | None, int]:
    """Bhatia 2013, equation 10, as a ratio of sums; and the variants used."""
    numerator, denominator, used = Fraction(0), Fraction(0), 0
    for (r1, a1), (r2, a2) in zip(first.tolist(), second.tolist(), strict=True):
        n1, n2 = r1 + a1, r2 + a2
        if n1 < 2 or n2 < 2:
            continue
        p1, p2 = Fraction(a1, n1), Fraction(a2, n2)
        between = p1 * (1 - p2) + p2 * (1 - p1)
        if between == 0:
            continue
        used += 1
        within = p1 * (1 - p1) / (n1 - 1) + p2 * (1 - p2) / (n2 - 1)
        numerator += (p1 - p2) ** 2 - within
        denominator += between
    return (numerator / denominator if used else None), used


COUNTS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_equals_exact_fractions(rows: list[tuple[int, int, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    first, second = table[:, :2], table[:, 2:]
    value, used = plain_fst(first, second)
    fst = compute_fst(first, second, 5)
    assert fst.n_variants == used
    assert fst.n_undefined == len(rows) - used
    if value is None:
        assert np.isnan(fst.value)
        assert np.isnan(fst.standard_error)
    else:
        assert fst.value == pytest.approx(float(value), abs=1e-12)
    mirrored = compute_fst(first[:, ::-1], second[:, ::-1], 5)
    np.testing.assert_allclose(mirrored.value, fst.value)


def test_ratio_of_sums_is_not_the_mean_of_ratios() -> None:
    # A fixed difference (ratio 1) and a common allele at equal frequency (ratio below 0).
    first = np.array([[10, 0], [5, 5]])
    second = np.array([[0, 10], [5, 5]])
    # Sums: (1 - 0) + (0 - 2 * (1/4) / 9) over 1 + 1/2.
    assert compute_fst(first, second, 2).value == pytest.approx((1 - 1 / 18) / 1.5)


def test_standard_error_is_the_delete_one_block_jackknife() -> None:
    rng = np.random.default_rng(2)
    alt = rng.integers(1, 19, size=(60, 2))
    first, second = (np.stack([20 - alt[:, k], alt[:, k]], axis=1) for k in (0, 1))
    fst = compute_fst(first, second, 6)
    left_out = []
    for block in range(6):
        keep = np.ones(60, dtype=bool)
        keep[10 * block : 10 * block + 10] = False
        left_out.append(float(plain_fst(first[keep], second[keep])[0] or 0))
    values = np.array(left_out)
    expected = np.sqrt(5 / 6 * ((values - values.mean()) ** 2).sum())
    assert fst.standard_error == pytest.approx(expected)


def test_one_variant_has_no_standard_error() -> None:
    fst = compute_fst(np.array([[4, 4]]), np.array([[1, 7]]), 10)
    assert np.isfinite(fst.value)
    assert np.isnan(fst.standard_error)
