"""The inflation factor."""

import numpy as np
import pytest
from scipy import stats

from genocohort.stats.genomic_control import MEDIAN_CHI2, lambda_1000, lambda_gc


def test_the_median_is_that_of_chi_squared() -> None:
    assert pytest.approx(stats.chi2.median(1), rel=1e-12) == MEDIAN_CHI2


def test_lambda_of_known_chi_squared_values() -> None:
    chi2 = np.array([0.1, 0.9098728, 3.0, 700.0])
    p = -stats.chi2.logsf(chi2, 1) / np.log(10)
    expected = (0.9098728 + 3.0) / 2 / 0.4549364
    assert lambda_gc([*p, np.nan]) == pytest.approx(expected, rel=1e-6)


def test_uniform_p_values_are_not_inflated() -> None:
    p = (np.arange(1001) + 0.5) / 1001
    assert lambda_gc(-np.log10(p)) == pytest.approx(1.0, abs=1e-9)


def test_lambda_1000() -> None:
    assert lambda_1000(1.2, 1000, 1000) == pytest.approx(1.2)
    assert lambda_1000(1.2, 200, 400) == pytest.approx(1 + 0.2 * (1 / 200 + 1 / 400) * 500)
    assert np.isnan(lambda_1000(1.2, 0, 10))


def test_without_tests_there_is_no_lambda() -> None:
    assert np.isnan(lambda_gc([]))
    assert np.isnan(lambda_gc([np.nan]))
