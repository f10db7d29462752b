"""Rank-based inverse normal scores."""

import numpy as np
from scipy.stats import norm

from genocohort.stats.ranks import rank_inverse_normal


def test_hand_worked_scores_with_ties_and_a_missing_value() -> None:
    # Ranks among the five present: 1, 2.5, 2.5, 4, 5.
    scores = rank_inverse_normal([10.0, 20.0, np.nan, 20.0, 99.0, 30.0])
    ranks = np.array([1.0, 2.5, np.nan, 2.5, 5.0, 4.0])
    np.testing.assert_allclose(scores, norm.ppf((ranks - 0.375) / 5.25), rtol=1e-12)
    assert scores[0] == -scores[4]


def test_only_the_order_counts() -> None:
    values = np.random.default_rng(1).normal(size=50)
    np.testing.assert_array_equal(rank_inverse_normal(values), rank_inverse_normal(np.exp(values)))


def test_nothing_present() -> None:
    assert np.isnan(rank_inverse_normal([np.nan, np.nan])).all()
    assert rank_inverse_normal([]).size == 0
    assert rank_inverse_normal([3.0])[0] == 0.0
