"""What the reads say about the sample: contamination, and whether its calls are of one person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genocohort.steps.sample_qc.metrics import Metrics
from genocohort.steps.sample_qc.reasons import Level, Reason
from genocohort.steps.sample_qc.settings import SampleQcSettings

# Columns of identity/samples that are used.
IDENTITY_COLUMNS = (
    "sample_id", "contamination", "contamination_low", "contamination_high",
    "contamination_log_ratio", "own_n_sites", "own_concordance", "best_sample_id", "best_n_sites",
    "best_concordance", "match",
)  # fmt: skip


def identity_metrics(rows: Iterable[Mapping[str, Any]]) -> dict[str, Metrics]:
    """Metrics of the aligned samples from identity/samples."""
    return {str(r["sample_id"]): {n: r[n] for n in IDENTITY_COLUMNS[1:]} for r in rows}


def contamination_reasons(samples: Sequence[Metrics], settings: SampleQcSettings) -> list[Reason]:
    """Samples with reads of another person."""
    limits: tuple[tuple[Level, float | None], ...] = (
        ("fail", settings.contamination_fail),
        ("warn", settings.contamination_warn),
    )
    reasons = []
    for sample in samples:
        share = sample.get("contamination")
        if share is None:
            continue
        if sample["contamination_log_ratio"] < settings.contamination_min_log_ratio:
            continue
        for level, limit in limits:
            if limit is not None and share >= limit:
                sentence = (
                    f"About {100 * share:.1f} % of the reads are another person's (95 % interval "
                    f"{100 * sample['contamination_low']:.1f} to "
                    f"{100 * sample['contamination_high']:.1f} %; less than {100 * limit:g} % "
                    "expected)."
                )
                name = sample["sample_id"]
                reasons.append(Reason(name, "contamination", level, sentence, share, limit))
                break
    return reasons


def identity_reasons(samples: Sequence[Metrics]) -> list[Reason]:
    """Samples whose reads are not those of their calls, named from both sides."""
    by_id = {s["sample_id"]: s for s in samples}
    claims = {
        name: str(s["best_sample_id"])
        for name, s in by_id.items()
        if s.get("match") == "other" and _is_other(s, by_id.get(s["best_sample_id"], {}))
    }
    reasons = []
    for name, sample in by_id.items():
        if name in claims:
            best = claims[name]
            sentence = _claim(sample, claims.get(best) == name)
            value = sample.get("own_concordance")
            reasons.append(Reason(name, "identity", "fail", sentence, value))
        elif sample.get("match") == "none":
            sentence = (
                f"The reads agree with its own calls at only {_share(sample, 'own')}, and with no "
                "other sample's: they are of a person without calls, or the calls are wrong."
            )
            reasons.append(Reason(name, "identity", "fail", sentence, sample["own_concordance"]))
    for name, best in claims.items():
        if best in by_id and best not in claims:
            sentence = f"The reads of {name} fit these calls: one of the two is mislabelled."
            reasons.append(Reason(best, "identity", "warn", sentence))
    return reasons


def _is_other(sample: Metrics, best: Metrics) -> bool:
    """Whether the calls are of another person than the sample's, or its own ones contradict."""
    is_same = sample["participant_id"] == best.get("participant_id")
    return not is_same or sample.get("own_concordance") is not None


def _claim(sample: Metrics, is_exchanged: bool) -> str:
    best = sample["best_sample_id"]
    own = "it has no calls of its own to compare with"
    if sample.get("own_concordance") is not None:
        own = f"its own calls agree at only {_share(sample, 'own')}"
    sentence = f"The reads are those of {best}'s calls ({_share(sample, 'best')} agree; {own})"
    if is_exchanged:
        return (
            f"{sentence}, and the reads of {best} are those of its calls: {sample['sample_id']} "
            f"and {best} were exchanged, in the alignments or in the calls."
        )
    return sentence + "."


def _share(sample: Metrics, which: str) -> str:
    percent = 100 * float(sample[f"{which}_concordance"])
    return f"{percent:.1f} % of {sample[f'{which}_n_sites']} sites"
