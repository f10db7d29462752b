"""Metrics, sex, relatives and verdicts."""

from typing import Any

import numpy as np
import pytest

from genocohort.stats.heterozygosity import Homozygosity
from genocohort.steps.sample_qc.compute import judge_samples, ledger_entry, samples_table
from genocohort.steps.sample_qc.metrics import (
    SexChromosomeX,
    alignment_metrics,
    merge_metrics,
    store_metrics,
    sum_autosomes,
    sum_x,
    summary_metrics,
    y_call_rate,
)
from genocohort.steps.sample_qc.outliers import outlier_notice
from genocohort.steps.sample_qc.reasons import (
    Reason,
    limit_reasons,
    order_reasons,
    sex_reasons,
    verdict_of,
)
from genocohort.steps.sample_qc.relatives import relative_reasons
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sample_qc.sex import infer_sex, sex_evidence, sex_sentence
from tiny.cohort_store import draw_unrelated, make_samples

SETTINGS = SampleQcSettings()
COUNTS = (
    "n_records", "n_hom_ref", "n_het", "n_hom_alt", "n_het_alt", "n_haploid_ref", "n_haploid_alt",
    "n_het_haploid", "n_not_expected_called", "n_singletons",
)  # fmt: skip


def summary(sample: str, scope: str, filter_set: str = "pass", **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COUNTS, 0)
    row |= {"call_rate": None, "het_hom_ratio": None, "ts_tv": None, "dp_mean": None}
    return row | {"sample_id": sample, "scope": scope, "filter_set": filter_set} | values


def female(**values: Any) -> dict[str, Any]:
    base = {
        "sample_id": "S",
        "n_x_variants": 500,
        "x_f": 0.02,
        "n_y_variants": 80,
        "y_call_rate": 0,
    }
    return base | values


def male(**values: Any) -> dict[str, Any]:
    base = {
        "sample_id": "S",
        "n_x_variants": 500,
        "x_f": 1.0,
        "n_y_variants": 80,
        "y_call_rate": 0.98,
    }
    return base | values


def test_summary_is_read_by_scope_and_filter_set() -> None:
    rows = [
        summary("S", "autosomes", n_het=4, n_het_alt=1, n_hom_alt=2, call_rate=0.9, dp_mean=30.0),
        summary("S", "autosomes", "all", n_het=99),
        summary("S", "X", n_het_haploid=7),
        summary("S", "Y", n_records=10, n_haploid_alt=2, n_haploid_ref=5, n_not_expected_called=1),
        summary("S", "all", n_het=1000),
    ]
    (metrics,) = summary_metrics(rows, "pass").values()
    assert (metrics["n_het"], metrics["n_hom_alt"], metrics["call_rate"]) == (5, 2, 0.9)
    assert (metrics["n_het_haploid"], metrics["y_call_rate"]) == (7, 0.8)
    assert metrics["mean_depth"] == 30.0


def test_y_call_rate_without_records() -> None:
    assert y_call_rate(summary("S", "Y")) is None


def test_unmeasured_alignments_are_told_apart() -> None:
    row = dict.fromkeys(("mapped_rate", "duplicate_rate", "x_depth_ratio", "y_depth_ratio"), 0.5)
    rows = [
        {"sample_id": "A", "status": "ok", "mean_fragment_depth": 12.0, **row},
        {"sample_id": "B", "status": "failed", "mean_fragment_depth": None, **row},
    ]
    metrics, failed = alignment_metrics(rows)
    assert list(metrics) == ["A"]
    assert metrics["A"]["mean_depth"] == 12.0
    assert failed == ("B",)


def test_merging_keeps_every_sample_and_drops_unknown_values() -> None:
    sheet = make_samples(3, batch="b1")
    merged = merge_metrics(
        sheet,
        {"S0": {"call_rate": 0.9, "ts_tv": None}},
        {"S0": {"x_f": float("nan"), "f_inbreeding": 0.1}},
        {"S1": {"mean_depth": 20.0}},
    )
    assert [m["sample_id"] for m in merged] == ["S0", "S1", "S2"]
    assert [m["has_calls"] for m in merged] == [True, False, False]
    assert [m["has_alignment"] for m in merged] == [False, True, False]
    assert "x_f" not in merged[0]
    assert "ts_tv" not in merged[0]
    assert merged[0]["f_inbreeding"] == 0.1


def test_f_of_x_from_store_and_hidden_heterozygotes() -> None:
    rng = np.random.default_rng(4)
    calls = draw_unrelated(rng, 800, 12)
    is_male = np.arange(12) % 2 == 0
    calls[:, is_male] = 2 * (calls[:, is_male] > 0)
    swapped = draw_unrelated(rng, 800, 1)[:, 0]
    n_het = int((swapped == 1).sum())
    calls[:, 0] = np.where(swapped == 1, -1, swapped)
    x = sum_x([calls[:300], calls[300:]], is_male)
    found = store_metrics([f"S{i}" for i in range(12)], Homozygosity.zeros(12), x, {"S0": n_het})
    assert found["S0"]["x_f"] < 0.2
    assert found["S0"]["x_het_rate"] == pytest.approx(n_het / 800)
    assert found["S2"]["x_f"] == pytest.approx(1)
    assert abs(found["S1"]["x_f"]) < 0.25
    assert np.isnan(found["S1"]["f_inbreeding"])


def test_sums_do_not_depend_on_blocks() -> None:
    calls = draw_unrelated(np.random.default_rng(4), 100, 5)
    whole = sum_autosomes([calls], 5)
    parts = sum_autosomes([calls[:33], calls[33:34], calls[34:]], 5)
    np.testing.assert_array_equal(whole.observed, parts.observed)
    np.testing.assert_allclose(whole.expected, parts.expected)
    empty = sum_x([], np.zeros(5, dtype=bool))
    assert isinstance(empty, SexChromosomeX)
    np.testing.assert_array_equal(empty.n_called, 0)


@pytest.mark.parametrize(
    ("metrics", "sex"),
    [
        (male(), "male"),
        (female(), "female"),
        (female(x_f=0.3), "female"),  # F between the limits: Y decides
        (male(y_call_rate=0.35), "male"),
        (male(x_f=0.5, y_call_rate=0.3), "ambiguous"),
        (male(x_f=0.0), "ambiguous"),  # X of a female, Y of a male
        (male(n_x_variants=5, n_y_variants=3), "ambiguous"),
        ({"sample_id": "S"}, "unknown"),
        ({"sample_id": "S", "x_depth_ratio": 0.5, "y_depth_ratio": 0.45}, "male"),
        ({"sample_id": "S", "x_depth_ratio": 1.0, "y_depth_ratio": 0.0}, "female"),
        ({"sample_id": "S", "x_depth_ratio": 2.1, "y_depth_ratio": 7.0}, "ambiguous"),
        (female(x_depth_ratio=0.5, y_depth_ratio=0.5), "ambiguous"),
    ],
)
def test_sex_by_all_evidence(metrics: dict[str, Any], sex: str) -> None:
    assert infer_sex(metrics, sex_evidence(metrics, SETTINGS)) == sex


def test_sentences_on_sex() -> None:
    level, text = sex_sentence("female", sex_evidence(male(), SETTINGS)) or ("", "")
    assert level == "fail"
    assert text.startswith("Recorded as female, but the DNA is that of a male")
    assert "98 % of Y variants called" in text
    assert sex_sentence("male", sex_evidence(male(), SETTINGS)) is None
    assert sex_sentence("unknown", sex_evidence(male(), SETTINGS)) is None
    level, text = sex_sentence("male", sex_evidence(male(x_f=0.0), SETTINGS)) or ("", "")
    assert (level, "unusual karyotype" in text) == ("warn", True)
    two = sex_evidence(female(x_depth_ratio=0.5, y_depth_ratio=0.4), SETTINGS)
    level, text = sex_sentence("female", two) or ("", "")
    assert level == "warn"
    assert "may come from two people: the alignment is male" in text


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (male(x_f=0.02), "such as XXY"),
        (female(x_depth_ratio=0.99, y_depth_ratio=0.46), "such as XXY"),
        (female(x_f=0.97), "such as X0"),
        (male(x_depth_ratio=0.5, y_depth_ratio=0.01), "such as X0"),
        (male(x_f=0.02, x_depth_ratio=0.5, y_depth_ratio=0.01), "unusual karyotype, or a mixed"),
        (female(x_depth_ratio=1.5, y_depth_ratio=0.001), "karyotype XXX"),
        (male(x_depth_ratio=0.5, y_depth_ratio=0.97), "karyotype XYY"),
    ],
)
def test_unusual_numbers_of_sex_chromosomes_are_warnings(
    metrics: dict[str, Any], words: str
) -> None:
    (reason,) = sex_reasons([metrics | {"sex_recorded": "unknown"}], SETTINGS)
    assert reason.level == "warn"
    assert words in reason.sentence


@pytest.mark.parametrize(
    "metrics",
    [
        female(x_depth_ratio=1.0, y_depth_ratio=0.01),
        male(x_depth_ratio=0.5, y_depth_ratio=0.48),
        # Reads of a few regions only: no ratio of copies.
        female(x_depth_ratio=3.7, y_depth_ratio=0.0),
        male(x_depth_ratio=1.83, y_depth_ratio=0.9),
        male(x_depth_ratio=0.5),
    ],
)
def test_usual_numbers_of_sex_chromosomes_are_no_reason(metrics: dict[str, Any]) -> None:
    assert sex_reasons([metrics | {"sex_recorded": "unknown"}], SETTINGS) == []


def pair(a: str, b: str, inferred: str | None, recorded: str, wrong: bool) -> dict[str, Any]:
    return {
        "sample_id_1": a, "sample_id_2": b, "relation_inferred": inferred, "kinship": 0.25,
        "relation_recorded": recorded, "is_contradiction": wrong, "finding": f"{a} {b}.",
    }  # fmt: skip


def levels(reasons: list[Reason]) -> dict[str, str]:
    return {r.sample_id: r.level for r in reasons}


def test_of_a_duplicate_the_less_complete_fails() -> None:
    rows = [pair("a", "b", "duplicate", "", True)]
    assert levels(relative_reasons(rows, {"a": 0.9, "b": 0.99})) == {"a": "fail", "b": "warn"}
    assert levels(relative_reasons(rows, {"a": 0.99, "b": 0.99})) == {"a": "warn", "b": "fail"}
    assert relative_reasons([pair("a", "b", "duplicate", "duplicate", False)], {}) == []


def test_exchanged_children_fail_and_their_parents_do_not() -> None:
    po = "parent_offspring"
    rows = [
        *(pair("c1", p, "unrelated", po, True) for p in ("f1", "m1")),
        *(pair("c2", p, "unrelated", po, True) for p in ("f2", "m2")),
        *(pair("c1", p, po, "", True) for p in ("f2", "m2")),
        *(pair("c2", p, po, "", True) for p in ("f1", "m1")),
    ]
    reasons = relative_reasons(rows, {})
    assert levels(reasons) == {"c1": "fail", "c2": "fail"}
    assert "labels of c1 and c2 were probably exchanged" in reasons[0].sentence


def test_a_child_of_neither_parent_fails_and_a_doubtful_pair_is_warned() -> None:
    po = "parent_offspring"
    rows = [pair("c", p, "unrelated", po, True) for p in ("f", "m")]
    assert levels(relative_reasons(rows, {})) == {"c": "fail"}
    assert levels(relative_reasons(rows[:1], {})) == {"c": "warn", "f": "warn"}


def cohort(n: int = 60) -> list[dict[str, Any]]:
    return [
        {
            "sample_id": f"S{i}", "batch": "b", "sex_recorded": "female", "call_rate": 0.99,
            "het_hom_ratio": 1.5 + 0.01 * (i % 7), "f_inbreeding": 0.01,
        }
        for i in range(n)
    ]  # fmt: skip


def test_limits_outliers_and_order() -> None:
    samples = cohort()
    samples[3] |= {"call_rate": 0.7}
    samples[4] |= {"call_rate": 0.96, "f_inbreeding": -0.3}
    samples[5] |= {"het_hom_ratio": 3.0}
    samples[6] |= {"mapped_rate": 0.5, "duplicate_rate": 0.6}
    reasons = judge_samples(samples, [], SETTINGS, unmeasured=["S7"])
    assert [(r.sample_id, r.metric, r.level) for r in reasons] == [
        ("S3", "call_rate", "fail"),
        ("S4", "call_rate", "warn"),
        ("S4", "f_inbreeding", "warn"),
        ("S5", "het_hom_ratio", "warn"),
        ("S6", "duplicate_rate", "warn"),
        ("S6", "mapped_rate", "warn"),
        ("S7", "alignment", "warn"),
    ]
    assert (
        reasons[0].sentence
        == "Only 70.0 % of the genotypes could be called (95 % or more expected)."
    )
    assert (reasons[0].value, reasons[0].threshold) == (0.7, 0.95)


def test_limits_can_be_switched_off_and_depth_switched_on() -> None:
    samples = [cohort(1)[0] | {"f_inbreeding": -0.9, "mean_fragment_depth": 8.0}]
    assert len(judge_samples(samples, [], SETTINGS)) == 1
    settings = SampleQcSettings(f_min=None, mean_depth_warn=15, mean_depth_fail=10)
    (reason,) = judge_samples(samples, [], settings)
    assert (reason.metric, reason.level) == ("mean_fragment_depth", "fail")
    assert reason.sentence == "The mean depth is 8.0 (10 or more expected)."


def test_a_batch_of_its_own_is_no_outlier() -> None:
    samples = cohort(40) + [
        s | {"sample_id": f"T{i}", "batch": "c"} for i, s in enumerate(cohort(40))
    ]
    for sample in samples[40:]:
        sample["het_hom_ratio"] *= 2
    assert judge_samples(samples, [], SETTINGS) == []


def of_ancestries(n: int = 30) -> list[dict[str, Any]]:
    """Two ancestries in two batches: far apart, and within each of them close together."""
    samples = []
    for name, factor in (("north", 1.0), ("south", 1.6)):
        for i in range(2 * n):
            samples.append(
                cohort(1)[0]
                | {
                    "sample_id": f"{name}{i}", "ancestry": name, "batch": "ab"[i // n],
                    "het_hom_ratio": factor * (1.5 + 0.01 * (i % 7)),
                    "ts_tv": 2.0 + 0.01 * (i % 5), "n_singletons": factor * (100 + i % 9),
                }
            )  # fmt: skip
    return samples


def judged(samples: list[dict[str, Any]]) -> list[tuple[str, str]]:
    reasons = judge_samples(samples, [], SETTINGS, with_ancestry=True)
    return [(r.sample_id, r.metric) for r in reasons]


def test_outliers_are_judged_within_their_ancestry_and_batch() -> None:
    samples = of_ancestries()
    assert judged(samples) == []
    # What is usual in the south is not in the north.
    samples[3]["n_singletons"] = samples[70]["n_singletons"]
    samples[4]["het_hom_ratio"] = samples[70]["het_hom_ratio"]
    samples[5]["ts_tv"] = 1.2
    reasons = judge_samples(samples, [], SETTINGS, with_ancestry=True)
    assert [(r.sample_id, r.metric) for r in reasons] == [
        ("north3", "n_singletons"), ("north4", "het_hom_ratio"), ("north5", "ts_tv"),
    ]  # fmt: skip
    assert reasons[0].sentence.startswith("The number of singletons, 1")
    assert reasons[0].sentence.endswith("above the median of north in batch a.")
    assert "below the median" in reasons[2].sentence
    assert samples[3]["outlier_group"] == "north in batch a"
    assert samples[3]["singletons_z"] > 6 > abs(samples[2]["singletons_z"])


def test_small_parts_are_judged_by_their_ancestry_in_all_batches() -> None:
    samples = of_ancestries()
    for sample in samples[:5]:
        sample["batch"] = "tiny"
    samples[0]["het_hom_ratio"] = 9.0
    assert judged(samples) == [("north0", "het_hom_ratio")]
    assert samples[1]["outlier_group"] == "north in the cohort"
    assert samples[6]["outlier_group"] == "north in batch a"
    assert abs(samples[1]["het_hom_z"]) < 6


def test_who_has_no_ancestry_or_a_rare_one_is_not_judged() -> None:
    samples = of_ancestries()
    samples[0] |= {"ancestry": None, "het_hom_ratio": 9.0}
    samples[1] |= {"ancestry": "unassigned", "het_hom_ratio": 9.0}
    samples[2] |= {"ancestry": "west", "het_hom_ratio": 9.0}
    samples[3] |= {"has_calls": False}
    samples[3].pop("het_hom_ratio")
    assert judged(samples) == []
    assert [s["outlier_group"] for s in samples[:4]] == [None] * 4
    assert "3 samples are not judged" in outlier_notice(
        [s | {"has_calls": s.get("has_calls", True)} for s in samples]
    )
    assert outlier_notice([s | {"has_calls": True} for s in samples[4:]]) == ""


def test_metrics_can_be_left_out() -> None:
    samples = of_ancestries()
    samples[5]["ts_tv"] = 1.2
    chosen = SampleQcSettings(outlier_metrics=("het_hom_ratio",))
    assert judge_samples(samples, [], chosen, with_ancestry=True) == []
    assert judge_samples(samples, [], SampleQcSettings(outlier_z=None), with_ancestry=True) == []


def test_settings_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="call_rate_fail"):
        SampleQcSettings(call_rate_fail=0.99, call_rate_warn=0.9)


def test_verdict_table_and_ledger() -> None:
    samples = merge_metrics(make_samples(4), {}, {}, {})
    reasons = order_reasons(
        samples,
        [
            Reason("S2", "sex", "fail", "sex."),
            Reason("S1", "f_inbreeding", "warn", "f."),
            Reason("S2", "call_rate", "fail", "rate."),
            Reason("nobody", "sex", "fail", "?"),
        ],
    )
    table = samples_table(samples, reasons, SETTINGS)
    assert table["verdict"] == ["pass", "warn", "fail", "pass"]
    assert table["reasons"] == [[], ["f."], ["rate.", "sex."], []]
    assert table["call_rate"] == [None] * 4
    entry = ledger_entry(samples, reasons)
    assert (entry.n_in, entry.n_kept) == (4, 3)
    assert [(d.reason, d.examples, d.is_loss) for d in entry.dropped] == [
        ("low call rate", ("S2",), False)
    ]
    assert verdict_of([]) == "pass"


def test_few_variants_accuse_nobody_of_heterozygosity() -> None:
    """F from a handful of variants is chance: its standard error is about 1 / sqrt(expected)."""
    settings = SampleQcSettings(min_het_expected=400)
    sample = {"sample_id": "S1", "batch": "", "f_inbreeding": 0.6}
    assert [r.metric for r in limit_reasons([sample], settings)] == ["f_inbreeding"]
    assert limit_reasons([sample | {"n_het_expected": 399.0}], settings) == []
    enough = sample | {"n_het_expected": 400.0}
    assert [r.metric for r in limit_reasons([enough], settings)] == ["f_inbreeding"]
