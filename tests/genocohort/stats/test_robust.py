"""Robust z scores."""

import numpy as np
import pytest

from genocohort.stats.robust import robust_z, robust_z_by_group


def test_by_hand() -> None:
    # Median 3, absolute deviations 2 1 0 1 97: MAD 1.
    z = robust_z(np.array([1.0, 2, 3, 4, 100]), min_size=5)
    np.testing.assert_allclose(z, np.array([-2, -1, 0, 1, 97]) / 1.482602218505602)


def test_estimates_the_standard_deviation() -> None:
    z = robust_z(np.random.default_rng(1).normal(7, 3, 20000))
    assert z.std() == pytest.approx(1, abs=0.03)


def test_missing_few_and_constant_values() -> None:
    assert np.isnan(robust_z(np.array([1.0, 2, 3]), min_size=4)).all()
    assert np.isnan(robust_z(np.ones(50))).all()
    z = robust_z(np.array([np.nan, 1, 2, 3, 4, 5]), min_size=5)
    assert np.isnan(z[0])
    assert z[3] == 0


def test_groups_are_judged_apart() -> None:
    values = np.array([1.0, 2, 3, 11, 12, 13, 5])
    z = robust_z_by_group(values, ["a", "a", "a", "b", "b", "b", "c"], min_size=3)
    np.testing.assert_allclose(z[:3], z[3:6])
    assert np.isnan(z[6])
