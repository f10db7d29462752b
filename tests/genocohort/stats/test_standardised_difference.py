"""Standardised differences: hand-worked values and invariances."""

import numpy as np
import pytest

from genocohort.stats.standardised_difference import (
    categorical_difference,
    largest_difference,
    numeric_difference,
)


def test_numeric_by_hand() -> None:
    first, second = np.array([1.0, 2, 3]), np.array([4.0, 6, 8])
    assert numeric_difference(first, second) == pytest.approx(4 / np.sqrt((1 + 4) / 2))
    assert numeric_difference(second, first) == numeric_difference(first, second)


def test_undefined() -> None:
    assert np.isnan(numeric_difference(np.array([1.0]), np.array([1.0, 2])))
    assert np.isnan(numeric_difference(np.array([1.0, 1]), np.array([2.0, 2])))
    assert np.isnan(categorical_difference(np.array([0.0, 0]), np.array([1.0, 2])))
    assert np.isnan(categorical_difference(np.array([3.0, 0]), np.array([0.0, 2])))
    assert np.isnan(largest_difference([np.array([1.0, 2])], categorical=False))


def test_two_levels_by_hand() -> None:
    p, q = 0.3, 0.6
    expected = (q - p) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    found = categorical_difference(np.array([30.0, 70]), np.array([60.0, 40]))
    assert found == pytest.approx(expected)


def test_order_of_levels_does_not_matter() -> None:
    first, second = np.array([10.0, 20, 30, 0]), np.array([5.0, 50, 1, 0])
    expected = categorical_difference(first, second)
    for order in ([2, 0, 1, 3], [1, 2, 3, 0]):
        assert categorical_difference(first[order], second[order]) == pytest.approx(expected)


def test_one_level_has_no_difference() -> None:
    assert categorical_difference(np.array([5.0, 0]), np.array([9.0, 0])) == 0


def test_largest_pair() -> None:
    groups = [np.array([1.0, 2, 3]), np.array([1.0, 2, 4]), np.array([10.0, 11, 12])]
    assert largest_difference(groups, categorical=False) == numeric_difference(groups[0], groups[2])
