"""Numbers as text, reduction of many points, what each section says."""

import math
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    compute_ticks,
    format_count,
    format_fixed,
    format_number,
    format_p,
    format_rate,
)
from genocohort.steps.report.chart.shapes import compute_bins
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Attention, Section, join_words, plural, some_of
from genocohort.steps.report.sections.reduction import (
    compute_dense,
    compute_null_band,
    compute_quantiles,
)
from genocohort.steps.report.sections.survival import neg_log10
from genocohort.steps.report.sections.verdict import compute_verdict, group_ledger

write_results = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["write_results"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (format_number(0.0123456), "0.0123"),
        (format_number(1.0), "1.00"),
        (format_number(-2.5), "−2.50"),
        (format_number(123456), "123\u202f456"),
        (format_number(0), "0"),
        (format_number(math.nan), "–"),
        (format_number(None), "–"),
        (format_number(1.5e-9), "1.50\u00a0×\u00a010⁻⁹"),
        (format_rate(0.9876), "98.8\u00a0%"),
        (format_rate(0.0), "0.0\u00a0%"),
        (format_rate(0.0001), "<\u00a00.1\u00a0%"),
        (format_rate(math.nan), "–"),
        (format_fixed(-0.0126), "−0.013"),
        (format_count(1234567), "1\u202f234\u202f567"),
        (format_p(-math.log10(0.032)), "0.032"),
        (format_p(8 - math.log10(5)), "5.0\u00a0×\u00a010⁻⁸"),
        (format_p(6), "10⁻⁶"),
        (format_p(400.5), "3.2\u00a0×\u00a010⁻⁴⁰¹"),
        (format_p(4 - math.log10(9.97)), "10⁻³"),
        (format_p(None), "–"),
        (plural(1, "sample"), "1 sample"),
        (plural(2000, "locus", "loci"), "2\u202f000 loci"),
        (join_words(["a", "b", "c"]), "a, b and c"),
        (some_of(list("abcdefg"), 3), "a, b, c and 4 more"),
    ],
)
def test_numbers_as_text(text, expected):
    assert text == expected


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_inside_and_are_labelled_apart(low, span):
    high = low + span
    ticks = compute_ticks(low, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0
    assert len(ticks) <= 12
    assert all(low - step * 1e-6 <= t <= high + step * 1e-6 for t in ticks)


@given(st.floats(0.001, 1e5))
def test_tick_labels_are_true(span):
    """A label must be the tick's value, not one rounded to fewer digits than its step."""
    axis = Axis("x", 0, span)
    for value, text in axis.labelled_ticks():
        shown = text.replace("\u202f", "").replace("−", "-").replace("\u00a0M", "e6")
        assert float(shown) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_limits_ignore_what_is_missing():
    assert compute_limits([math.nan, math.inf]) == (0.0, 1.0)
    low, high = compute_limits([1.0, math.nan, 3.0])
    assert low < 1 < 3 < high
    low, high = compute_limits([2.0])
    assert low < 2 < high


@given(arrays(float, st.integers(0, 60), elements=st.floats(-1e3, 1e3) | st.just(math.nan)))
@example(np.array([-5e-324, 31.0]))
@example(np.array([5e-324, 0.0]))
def test_bins_hold_every_value_once(values):
    edges, counts = compute_bins(values)
    assert counts.sum() == np.isfinite(values).sum()
    assert (np.diff(edges) > 0).all()


def test_log_axis():
    axis = Axis("x", 1, 1000, "log")
    assert axis.fraction(1) == 0
    assert axis.fraction(1000) == pytest.approx(1)
    assert axis.fraction(10) == pytest.approx(1 / 3)
    assert [text for _, text in axis.labelled_ticks()] == ["1", "10", "100", "1\u202f000"]


def test_chart_places_a_point_where_its_axes_say():
    chart = Chart(Axis("x", 0, 10), Axis("y", 0, 100), width=400, height=300, left=50, top=10)
    chart.points([5.0], [50.0], titles=["middle <b>"])
    svg = chart.draw('label "quoted"').svg
    x, y = map(float, re.search(r'cx="([\d.]+)" cy="([\d.]+)"', svg).groups())
    assert x == pytest.approx((50 + 386) / 2)
    assert y == pytest.approx((10 + 256) / 2)
    assert "<title>middle &lt;b&gt;</title>" in svg
    assert 'aria-label="label &quot;quoted&quot;"' in svg


def test_chart_breaks_a_line_where_a_value_is_missing():
    chart = Chart(Axis("x", 0, 3), Axis("y", 0, 1))
    chart.line([0, 1, 2, 3], [0, math.nan, 1, 1])
    assert chart.marks[0].count("M") == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(0, 20), st.integers(0, 2**31))
def test_every_test_is_drawn(n, n_live, seed):
    rng = np.random.default_rng(seed)
    place = np.sort(rng.uniform(0, 1000, n))
    chromosome = (place // 250).astype(np.int64)
    strength = rng.exponential(1, n)
    strength[rng.random(n) < 0.1] = np.nan
    dense = compute_dense(
        place, chromosome, strength,
        span=1000, live_from=1.5, n_live=n_live, n_columns=20, cell=0.1,
    )  # fmt: skip
    strong = np.flatnonzero(strength >= 1.5)
    assert len(dense.live) == min(n_live, len(strong))
    if len(dense.live):
        weakest = strength[dense.live].min()
        left = np.setdiff1d(strong, dense.live)
        assert (strength[left] <= weakest).all()
    for i in np.setdiff1d(np.flatnonzero(np.isfinite(strength)), dense.live):
        covered = (
            (np.abs(dense.x - place[i]) <= 25.0001)
            & (dense.low <= strength[i] + 1e-9)
            & (strength[i] <= dense.high + 1e-9)
            & (dense.parity == chromosome[i] % 2)
        )
        assert covered.any()


def test_dense_runs_do_not_join_across_a_gap():
    dense = compute_dense(
        np.array([5.0, 5.0, 5.0, 95.0]), np.zeros(4, np.int64), np.array([0.05, 0.15, 0.95, 0.05]),
        span=100, live_from=3, n_live=10, n_columns=10, cell=0.1,
    )  # fmt: skip
    assert dense.x.tolist() == [5.0, 5.0, 95.0]
    np.testing.assert_allclose(dense.low, [0.0, 0.9, 0.0])
    np.testing.assert_allclose(dense.high, [0.2, 1.0, 0.1])


def test_a_million_tests_become_a_small_drawing():
    rng = np.random.default_rng(1)
    n = 1_000_000
    dense = compute_dense(
        np.arange(n, dtype=float), np.zeros(n, np.int64), rng.exponential(1 / np.log(10), n),
        span=n, live_from=3, n_live=600,
    )  # fmt: skip
    assert len(dense.live) == 600
    assert len(dense.x) < 15_000


def test_quantiles_by_hand():
    expected, observed = compute_quantiles(np.array([1.0, math.nan, 2.0, 0.5]), cell=1e-6)
    np.testing.assert_allclose(observed, [2.0, 1.0, 0.5])
    np.testing.assert_allclose(expected, -np.log10([0.5 / 3, 1.5 / 3, 2.5 / 3]))
    assert compute_quantiles(np.array([math.nan]))[0].size == 0


def test_quantiles_keep_the_strongest_and_stay_few():
    strength = -np.log10(np.random.default_rng(3).random(500_000))
    expected, observed = compute_quantiles(strength)
    assert observed[0] == strength.max()
    assert len(observed) < 1_500
    assert (np.diff(observed) <= 0).all()
    assert (np.diff(expected) <= 0).all()


def test_null_band_against_simulated_uniforms():
    n = 50
    expected, low, high = compute_null_band(n)
    rng = np.random.default_rng(5)
    smallest = -np.log10(rng.random((20_000, n)).min(axis=1))
    assert np.quantile(smallest, 0.025) == pytest.approx(low[0], abs=0.02)
    assert np.quantile(smallest, 0.975) == pytest.approx(high[0], abs=0.05)
    assert (low <= expected).all()
    assert (expected <= high).all()


def test_an_underflowed_p_is_not_infinite():
    assert neg_log10(0.0) == 308
    assert neg_log10(0.01) == pytest.approx(2)
    assert math.isnan(neg_log10(math.nan))


def _ledger(rows):
    names = ("step", "scope", "unit", "source", "n_in", "n_kept", "reason", "n_dropped", "is_loss",
             "examples")  # fmt: skip
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


def test_the_same_reason_of_several_chromosomes_is_one_row_and_losses_come_first():
    ledger = _ledger(
        [
            ("genotypes", "chr1", "variant", "input", 5, 3, "star", 2, False, ["a"]),
            ("genotypes", "chr2", "variant", "input", 5, 4, "star", 1, False, ["b", "a"]),
            ("sample_qc", "all", "sample", "input", 5, 5, None, 0, False, []),
            ("alignment_summary", "all", "sample", "input", 2, 1, "cut file", 1, True, ["S1"]),
        ]
    )
    rows = group_ledger(ledger)
    assert [(r["reason"], r["n"], r["examples"]) for r in rows] == [
        ("cut file", 1, ["S1"]),
        ("star", 3, ["a", "b"]),
    ]


def test_people_are_not_added_up_over_chromosomes():
    """Twenty samples without a phenotype are twenty, however many chromosomes were tested."""
    rows = [
        ("genotypes", c, "variant", "input", 9, 9, None, 0, False, []) for c in ("chr1", "chr2")
    ]
    for scope in ("chr1 ldl", "chr2 ldl", "chr1 cad", "chr2 cad"):
        n = 20 if "ldl" in scope else 25
        rows.append(
            (
                "association",
                scope,
                "sample",
                "structure",
                100,
                100 - n,
                "no phenotype",
                n,
                False,
                [],
            )
        )
    found = [(r["n"], r["detail"]) for r in group_ledger(_ledger(rows))]
    assert found == [(25, "cad"), (20, "ldl")]


def _verdict(accounts, attention=(), verdicts=("pass", "pass")):
    tables = {"sample_qc/samples": pd.DataFrame({"verdict": list(verdicts)})}
    section = Section("samples", "Samples", "", (), tuple(attention))
    return compute_verdict(tables, accounts, [section])


def test_verdict_of_a_clean_run():
    verdict = _verdict({"complete": True})
    assert verdict.level == "pass"
    assert verdict.headline == "The run is complete, and nothing needs attention."


def test_verdict_with_a_sample_to_look_at():
    verdict = _verdict({}, [Attention("warn", "look")], ("pass", "warn", "fail"))
    assert verdict.level == "warn"
    assert "1 of 3 samples pass, 1 needs a second look and 1 failed" in verdict.headline


def test_verdict_of_a_loss_leads_with_it():
    loss = {"step": "alignment_summary", "scope": "all", "unit": "sample", "n": 1,
            "reason": "the file is cut", "examples": ["S7"]}  # fmt: skip
    verdict = _verdict({"losses": [loss]}, [Attention("warn", "look")])
    assert verdict.level == "fail"
    assert verdict.headline.startswith("The run is incomplete")
    assert verdict.attention[0].text == "Lost in alignments: 1 sample – the file is cut: S7."


def test_verdict_names_what_had_no_input():
    verdict = _verdict({})
    assert (
        "alignments, variant calls, clinical records and association tests"
        in (verdict.sentences[-1])
    )
