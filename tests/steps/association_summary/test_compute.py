"""Loci, nearest genes and calibration by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.steps.association_summary.compute import (
    Loci,
    compute_lambdas,
    compute_loci,
    compute_nearest_gene,
)


def _loci(
    chromosome: list[int], pos: list[int], p: list[float], window: int, n: int, least: float
) -> Loci:
    return compute_loci(
        np.array(chromosome, np.int64),
        np.array(pos, np.int64),
        np.array(p),
        window_bp=window,
        n_loci=n,
        threshold=least,
    )


def test_hand_worked_loci() -> None:
    chromosome = [0, 0, 0, 0, 1, 1]
    pos = [100, 150, 200, 251, 150, 900]
    p = [3.0, 9.0, 2.0, 8.0, 5.0, np.nan]
    loci = _loci(chromosome, pos, p, 50, 10, 100)
    # 150 takes 100 and 200 (50 away); 251 is 101 away; the other chromosome is apart.
    assert loci.lead.tolist() == [1, 3, 4]
    assert loci.size.tolist() == [3, 1, 1]


def test_all_significant_loci_are_found_even_beyond_the_number_wanted() -> None:
    loci = _loci([0] * 4, [0, 1000, 2000, 3000], [9.0, 8.0, 7.0, 1.0], 10, 1, 7.0)
    assert loci.lead.tolist() == [0, 1, 2]
    assert _loci([0] * 4, [0, 1000, 2000, 3000], [9.0, 8.0, 7.0, 1.0], 10, 2, 50).lead.size == 2


def test_ties_go_to_the_earlier_row() -> None:
    assert _loci([0, 0], [10, 20], [4.0, 4.0], 50, 5, 9).lead.tolist() == [0]


def test_no_tests_no_loci() -> None:
    assert _loci([], [], [], 50, 5, 9).lead.size == 0
    assert _loci([0], [5], [np.nan], 50, 5, 9).lead.size == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 300), st.integers(0, 50)), max_size=40))
def test_loci_are_apart_and_take_every_test_once(rows: list[tuple[int, int, int]]) -> None:
    rows.sort()
    chromosome, pos, p = ([r[i] for r in rows] for i in range(3))
    loci = _loci(chromosome, pos, [float(v) for v in p], 25, 1000, 99)
    assert loci.size.sum() == len(rows)
    leads = [rows[i] for i in loci.lead]
    assert [r[2] for r in leads] == sorted((r[2] for r in leads), reverse=True)
    for i, a in enumerate(leads):
        assert all(a[0] != b[0] or abs(a[1] - b[1]) > 25 for b in leads[:i])


@pytest.mark.parametrize(
    ("position", "expected"),
    [(5, ("A", 5)), (10, ("A", 0)), (19, ("A", 0)), (20, ("A", 1)), (44, ("B", 6)), (99, ("C", 0))],
)
def test_nearest_gene(position: int, expected: tuple[str, int]) -> None:
    start, end = np.array([10, 50, 60]), np.array([20, 55, 100])
    assert compute_nearest_gene(position, start, end, ("A", "B", "C")) == expected


def test_no_gene() -> None:
    empty = np.empty(0, np.int64)
    assert compute_nearest_gene(5, empty, empty, ()) is None


def test_lambda_by_frequency() -> None:
    p = np.array([1.0, 2.0, 0.3, np.nan, 0.30103])
    frequency = np.array([0.005, 0.97, 0.5, 0.5, 0.6])
    found = compute_lambdas(p, frequency)
    assert found["lambda_maf_below_0_01"] == pytest.approx(2.705543 / 0.4549364, rel=1e-6)
    assert found["lambda_maf_0_01_to_0_05"] == pytest.approx(6.634897 / 0.4549364, rel=1e-6)
    assert found["lambda_maf_from_0_05"] == pytest.approx(1.0, rel=0.01)
    assert np.isnan(compute_lambdas(p[:0], frequency[:0])["lambda_gc"])
