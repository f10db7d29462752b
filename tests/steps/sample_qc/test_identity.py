"""Reasons from contamination and identity."""

from typing import Any

from genocohort.steps.sample_qc.compute import judge_samples, ledger_entry
from genocohort.steps.sample_qc.identity import (
    contamination_reasons,
    identity_metrics,
    identity_reasons,
)
from genocohort.steps.sample_qc.metrics import merge_metrics
from genocohort.steps.sample_qc.settings import SampleQcSettings
from tiny.cohort_store import make_samples

SETTINGS = SampleQcSettings()


def row(sample: str, match: str = "own", **values: Any) -> dict[str, Any]:
    base = {"contamination": 0.0, "contamination_low": 0.0, "contamination_high": 0.004,
            "contamination_log_ratio": 0.0, "own_n_sites": 200, "own_concordance": 0.998,
            "best_sample_id": sample, "best_n_sites": 200, "best_concordance": 0.998}  # fmt: skip
    return {"sample_id": sample, "match": match} | base | values


def merged(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return merge_metrics(make_samples(4), {}, {}, {}, identity_metrics(rows))


def other(sample: str, best: str, own: float | None = 0.6) -> dict[str, Any]:
    return row(sample, "other", best_sample_id=best, own_concordance=own)


def test_contamination_by_level_and_certainty() -> None:
    samples = merged(
        row("S0", contamination=0.049, contamination_log_ratio=9.0),
        row("S1", contamination=0.1, contamination_low=0.07, contamination_high=0.12,
            contamination_log_ratio=50.0),
        row("S2", contamination=0.2, contamination_log_ratio=4.9),
    )  # fmt: skip
    warn, fail = contamination_reasons(samples, SETTINGS)
    assert (warn.sample_id, warn.level, warn.threshold) == ("S0", "warn", 0.02)
    assert (fail.sample_id, fail.level, fail.value) == ("S1", "fail", 0.1)
    assert "10.0 % of the reads" in fail.sentence
    assert "7.0 to 12.0 %" in fail.sentence
    off = SETTINGS.model_copy(update={"contamination_warn": None, "contamination_fail": None})
    assert contamination_reasons(samples, off) == []


def test_an_exchange_is_named_from_both_sides() -> None:
    one, two = identity_reasons(merged(other("S0", "S1"), other("S1", "S0"), row("S2")))
    assert [(r.sample_id, r.level) for r in (one, two)] == [("S0", "fail"), ("S1", "fail")]
    assert "S0 and S1 were exchanged" in one.sentence
    assert "S1 and S0 were exchanged" in two.sentence
    assert "60.0 % of 200 sites" in one.sentence


def test_whose_calls_are_claimed_is_told_too() -> None:
    one, two = identity_reasons(merged(other("S0", "S3"), row("S1")))
    assert (one.sample_id, one.level) == ("S0", "fail")
    assert "exchanged" not in one.sentence
    assert (two.sample_id, two.level) == ("S3", "warn")
    assert "The reads of S0" in two.sentence


def test_reads_of_nobody_and_of_the_same_person() -> None:
    (nobody,) = identity_reasons(merged(row("S0", "none", own_concordance=0.5)))
    assert "50.0 % of 200 sites" in nobody.sentence
    samples = merged(other("S0", "S1", own=None))
    assert [r.sample_id for r in identity_reasons(samples)] == ["S0", "S1"]
    assert "no calls of its own" in identity_reasons(samples)[0].sentence
    samples[0]["participant_id"] = "P1"
    assert identity_reasons(samples) == []


def test_they_are_part_of_the_verdict_and_of_the_ledger() -> None:
    samples = merged(other("S0", "S1"), row("S2", contamination=0.1, contamination_log_ratio=40.0))
    reasons = judge_samples(samples, [], SETTINGS)
    assert {r.sample_id for r in reasons if r.level == "fail"} == {"S0", "S2"}
    dropped = {d.reason: d.examples for d in ledger_entry(samples, reasons).dropped}
    assert dropped == {
        "contaminated reads": ("S2",),
        "reads and calls are of different people": ("S0",),
    }


def test_samples_without_identity_have_no_reason() -> None:
    samples = merge_metrics(make_samples(2), {}, {}, {})
    assert contamination_reasons(samples, SETTINGS) == identity_reasons(samples) == []
