"""Kaplan-Meier and log-rank: hand-worked values, a plain oracle, invariances."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.stats.survival import kaplan_meier, log_rank, median_day

# Ties, an event and a censoring on one day, an event on day 0.
A = [(0, 1), (2, 1), (2, 1), (2, 0), (5, 1), (5, 0), (7, 1), (9, 0), (9, 0), (12, 1)]
B = [(1, 0), (3, 1), (3, 1), (4, 1), (4, 1), (4, 0), (6, 1), (6, 1), (8, 1), (10, 0)]


def _columns(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [day for day, _ in pairs], [event for _, event in pairs]


def _at_risk(people: list[tuple[int, int, int]], day: int) -> int:
    return sum((entry < day or entry <= 0) and day <= end for entry, end, _ in people)


def _oracle(people: list[tuple[int, int, int]]) -> dict[int, tuple[int, int, int, Fraction]]:
    """Day -> at risk, events, censored, survival, by definition and in exact fractions."""
    survival, found = Fraction(1), {}
    for day in sorted({0, *(end for _, end, _ in people)}):
        risk = _at_risk(people, day)
        events = sum(end == day and bool(event) for _, end, event in people)
        censored = sum(end == day and not event for _, end, event in people)
        if events:
            survival *= 1 - Fraction(events, risk)
        found[day] = (risk, events, censored, survival)
    return found


def test_ties_and_day_zero() -> None:
    curve = kaplan_meier(*_columns(A))
    s = dict(zip(curve.day.tolist(), curve.survival.tolist(), strict=True))
    assert s[0] == pytest.approx(0.9)
    assert s[2] == pytest.approx(0.7)
    assert s[5] == pytest.approx(0.7 * 5 / 6)
    assert s[7] == pytest.approx(0.4375)
    assert s[12] == 0
    assert median_day(curve) == 7
    assert median_day(kaplan_meier(*_columns(B))) == 6


def test_log_rank_by_hand() -> None:
    days, events = _columns(A + B)
    groups = ["A"] * 10 + ["B"] * 10
    observed, expected, variance = Fraction(0), Fraction(0), Fraction(0)
    for day in sorted({d for d, e in A + B if e}):
        n1, n2 = sum(d >= day for d, _ in A), sum(d >= day for d, _ in B)
        d1 = sum(d == day and e for d, e in A)
        d = d1 + sum(x == day and e for x, e in B)
        n = n1 + n2
        observed += d1
        expected += Fraction(d * n1, n)
        if n > 1:
            variance += Fraction(d * n1 * n2 * (n - d), n * n * (n - 1))
    test = log_rank(days, events, groups)
    assert test.statistic == pytest.approx(float((observed - expected) ** 2 / variance), rel=1e-12)
    assert test.df == 1
    assert test.statistic == pytest.approx(0.431407, rel=1e-5)


def test_median_exactly_one_half() -> None:
    assert median_day(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])) == 2
    assert np.isnan(median_day(kaplan_meier([1, 2, 3], [1, 0, 0])))


def test_interval_by_hand() -> None:
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0])
    spread = 1.959963984540054 * np.sqrt(1 / (4 * 3) + 1 / (3 * 2))
    factor = np.exp(spread / np.log(2))
    assert curve.ci_lower[2] == pytest.approx(0.5**factor)
    assert curve.ci_upper[2] == pytest.approx(0.5 ** (1 / factor))
    assert np.isnan(curve.ci_lower[0])
    # Everybody has died: survival is 0 and has no log-log interval.
    assert np.isnan(kaplan_meier([1, 2], [1, 1]).ci_upper[-1])


@st.composite
def cohorts(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Small cohorts with ties and late entries."""
    people = []
    for _ in range(draw(st.integers(1, 25))):
        entry = draw(st.integers(-2, 6))
        end = draw(st.integers(max(entry + 1, 0) if entry > 0 else 0, 12))
        people.append((entry, end, draw(st.integers(0, 1))))
    return people


@given(cohorts(), st.randoms(use_true_random=False))
def test_curve_equals_the_oracle_in_any_order(people: list[tuple[int, int, int]], rng: Any) -> None:
    expected = _oracle(people)
    rng.shuffle(people)
    entry, end, event = (list(column) for column in zip(*people, strict=True))
    curve = kaplan_meier(end, event, entry)
    assert curve.day.tolist() == list(expected)
    for i, (risk, events, censored, survival) in enumerate(expected.values()):
        assert curve.n_at_risk[i] == risk
        assert curve.n_events[i] == events
        assert curve.n_censored[i] == censored
        assert curve.survival[i] == pytest.approx(float(survival), abs=1e-12)


@given(cohorts(), st.integers(2, 4))
def test_log_rank_does_not_depend_on_labels(people: list[tuple[int, int, int]], k: int) -> None:
    entry, end, event = (list(column) for column in zip(*people, strict=True))
    group = [i % k for i in range(len(people))]
    first = log_rank(end, event, group, entry)
    renamed = log_rank(end, event, [f"g{k - g}" for g in group], entry)
    assert first.statistic == pytest.approx(renamed.statistic, nan_ok=True, abs=1e-9)
    doubled = log_rank(end, event, ["one"] * len(end), entry)
    assert np.isnan(doubled.statistic)


def test_nobody_and_no_events() -> None:
    empty = kaplan_meier([], [])
    assert empty.day.tolist() == [0]
    assert empty.survival.tolist() == [1]
    none = log_rank([1, 2, 3], [0, 0, 0], ["a", "b", "a"])
    assert np.isnan(none.statistic)
    assert np.isnan(none.p_value)
