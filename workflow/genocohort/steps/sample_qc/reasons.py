"""Reasons and verdicts: limits on metrics, each with a sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from genocohort.steps.sample_qc.metrics import Metrics
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sample_qc.sex import extra_copy_sentence, sex_evidence, sex_sentence

Level = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Reason:
    """One finding about one sample; value and threshold are None where it is not a number.

    `level` is pass only where a person signed the finding off.
    """

    sample_id: str
    metric: str
    level: Level
    sentence: str
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Limit:
    """A bound on one metric; `is_minimum` tells that lower values are the bad ones."""

    metric: str
    bound: float | None
    level: Level
    is_minimum: bool
    sentence: str

    def check(self, sample: Metrics) -> Reason | None:
        """The reason when the sample's value lies beyond the bound."""
        value = sample.get(self.metric)
        if value is None or self.bound is None:
            return None
        if (value < self.bound) if self.is_minimum else (value > self.bound):
            text = self.sentence.format(
                value=value, bound=self.bound, percent=100 * value, limit=100 * self.bound
            )
            return Reason(
                sample["sample_id"], self.metric, self.level, text, float(value), self.bound
            )
        return None


_CALL_RATE = "Only {percent:.1f} % of the genotypes could be called ({limit:g} % or more expected)."
_DEPTH = "The mean depth is {value:.1f} ({bound:g} or more expected)."


def limits(settings: SampleQcSettings) -> tuple[Limit, ...]:
    """All limits; of two on one metric the failing one stands first and hides the warning."""
    s = settings
    return (
        Limit("call_rate", s.call_rate_fail, "fail", True, _CALL_RATE),
        Limit("call_rate", s.call_rate_warn, "warn", True, _CALL_RATE),
        Limit(
            "f_inbreeding", s.f_min, "warn", True,
            "More heterozygous calls than expected (F {value:.3f}, {bound:g} or more expected): "
            "possibly a mixture of two people.",
        ),
        Limit(
            "f_inbreeding", s.f_max, "warn", False,
            "Fewer heterozygous calls than expected (F {value:.3f}, {bound:g} or less expected): "
            "related parents, or heterozygous calls lost.",
        ),
        Limit("mean_fragment_depth", s.mean_depth_fail, "fail", True, _DEPTH),
        Limit("mean_fragment_depth", s.mean_depth_warn, "warn", True, _DEPTH),
        Limit(
            "mapped_rate", s.mapped_rate_warn, "warn", True,
            "Only {percent:.1f} % of the reads could be mapped ({limit:g} % or more expected).",
        ),
        Limit(
            "duplicate_rate", s.duplicate_rate_warn, "warn", False,
            "{percent:.1f} % of the reads are duplicates ({limit:g} % or less expected).",
        ),
    )  # fmt: skip


def has_few_variants(sample: Metrics, settings: SampleQcSettings) -> bool:
    """Whether too few heterozygous calls can be expected to judge their number."""
    return bool(sample.get("n_het_expected", settings.min_het_expected) < settings.min_het_expected)


def limit_reasons(samples: Sequence[Metrics], settings: SampleQcSettings) -> list[Reason]:
    """Reasons from the limits; one per sample and metric, the worst."""
    found: dict[tuple[str, str], Reason] = {}
    for sample in samples:
        few = has_few_variants(sample, settings)
        for limit in limits(settings):
            if few and limit.metric == "f_inbreeding":
                continue
            reason = limit.check(sample)
            if reason is not None:
                found.setdefault((reason.sample_id, reason.metric), reason)
    return list(found.values())


def sex_reasons(samples: Sequence[Metrics], settings: SampleQcSettings) -> list[Reason]:
    """Samples whose recorded sex is not that of their DNA, or whose X and Y are not usual."""
    reasons = []
    for sample in samples:
        found = sex_sentence(str(sample["sex_recorded"]), sex_evidence(sample, settings))
        if found is not None:
            reasons.append(Reason(sample["sample_id"], "sex", *found))
        extra = extra_copy_sentence(sample, settings)
        if extra is not None:
            reasons.append(Reason(sample["sample_id"], "karyotype", "warn", extra))
    return reasons


_WORST_FIRST = {"fail": 0, "warn": 1, "pass": 2}


def order_reasons(samples: Sequence[Metrics], reasons: Iterable[Reason]) -> list[Reason]:
    """In the order of the samples, worst first, then by metric and sentence."""
    position = {s["sample_id"]: i for i, s in enumerate(samples)}
    return sorted(
        (r for r in reasons if r.sample_id in position),
        key=lambda r: (position[r.sample_id], _WORST_FIRST[r.level], r.metric, r.sentence),
    )


def verdict_of(reasons: Iterable[Reason]) -> str:
    """The worst level among the reasons."""
    levels = {r.level for r in reasons}
    return "fail" if "fail" in levels else "warn" if "warn" in levels else "pass"


def reasons_table(reasons: Sequence[Reason]) -> dict[str, list[Any]]:
    """Columns of sample_qc/reasons."""
    names = ("sample_id", "metric", "value", "threshold", "level", "sentence")
    return {name: [getattr(r, name) for r in reasons] for name in names}
