"""From metrics and kinship to one verdict per sample."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genocohort.domain.ledger import Dropped, Entry
from genocohort.domain.tables_cohort import SAMPLE_QC_SAMPLES
from genocohort.steps.sample_qc.identity import contamination_reasons, identity_reasons
from genocohort.steps.sample_qc.metrics import Metrics, is_known
from genocohort.steps.sample_qc.outliers import measure_outliers, outlier_reasons
from genocohort.steps.sample_qc.reasons import (
    Reason,
    limit_reasons,
    order_reasons,
    sex_reasons,
    verdict_of,
)
from genocohort.steps.sample_qc.relatives import relative_reasons
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sample_qc.sex import infer_sex, sex_evidence

# Why a sample failed, in the ledger's words; the first that applies counts.
_LEDGER_REASONS = {
    "call_rate": "low call rate",
    "duplicate": "the same person as another sample",
    "pedigree": "contradicts the pedigree",
    "sex": "recorded sex is not that of the DNA",
    "identity": "reads and calls are of different people",
    "contamination": "contaminated reads",
    "mean_fragment_depth": "low depth",
    "manual": "signed off as failing",
}

_UNMEASURED = "The alignment file could not be measured; see the alignment step's log."


def judge_samples(
    samples: Sequence[Metrics],
    kinship_pairs: Iterable[Mapping[str, Any]],
    settings: SampleQcSettings,
    unmeasured: Iterable[str] = (),
    *,
    with_ancestry: bool = False,
) -> list[Reason]:
    """All reasons of all samples, in the samples' order and worst first.

    Parameters
    ----------
    samples : sequence of dict
        One per sample of the sheet (`merge_metrics`).
    kinship_pairs : iterable of mapping
        Rows of kinship/pairs; empty where there are no calls.
    unmeasured : iterable of str
        Samples whose alignment could not be measured.
    with_ancestry : bool
        Whether outliers are judged within `ancestry` of the samples.
    """
    measure_outliers(samples, with_ancestry, settings)
    call_rate = {s["sample_id"]: s["call_rate"] for s in samples if "call_rate" in s}
    reasons = [
        *limit_reasons(samples, settings),
        *outlier_reasons(samples, settings),
        *sex_reasons(samples, settings),
        *contamination_reasons(samples, settings),
        *identity_reasons(samples),
        *relative_reasons(kinship_pairs, call_rate),
        *(Reason(s, "alignment", "warn", _UNMEASURED) for s in unmeasured),
    ]
    return order_reasons(samples, reasons)


def samples_table(
    samples: Sequence[Metrics], reasons: Sequence[Reason], settings: SampleQcSettings
) -> dict[str, list[Any]]:
    """Columns of sample_qc/samples."""
    by_sample = _by_sample(reasons)
    rows = []
    for sample in samples:
        own = by_sample.get(sample["sample_id"], [])
        rows.append(
            sample
            | {
                "sex_inferred": infer_sex(sample, sex_evidence(sample, settings)),
                "verdict": verdict_of(own),
                "reasons": [r.sentence for r in own],
            }
        )
    return {
        column.name: [_value(row, column.name) for row in rows]
        for column in SAMPLE_QC_SAMPLES.columns
    }


def _value(row: Metrics, name: str) -> Any:
    value = row.get(name)
    return value if is_known(value) else None


def _by_sample(reasons: Iterable[Reason]) -> dict[str, list[Reason]]:
    found: dict[str, list[Reason]] = {}
    for reason in reasons:
        found.setdefault(reason.sample_id, []).append(reason)
    return found


def ledger_entry(samples: Sequence[Metrics], reasons: Sequence[Reason]) -> Entry:
    """Samples of the sheet, and those that failed by their main reason."""
    failed: dict[str, list[str]] = {}
    for sample_id, own in _by_sample(reasons).items():
        metrics = [r.metric for r in own if r.level == "fail"]
        if metrics:
            main = next((m for m in _LEDGER_REASONS if m in metrics), metrics[0])
            failed.setdefault(_LEDGER_REASONS.get(main, main), []).append(sample_id)
    n_failed = sum(len(ids) for ids in failed.values())
    return Entry(
        step="sample_qc",
        unit="sample",
        n_in=len(samples),
        n_kept=len(samples) - n_failed,
        dropped=tuple(
            Dropped(reason=reason, n=len(ids), examples=tuple(ids[:5]))
            for reason, ids in sorted(failed.items())
        ),
    )
