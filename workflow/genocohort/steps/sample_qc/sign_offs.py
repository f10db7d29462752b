"""A person's decisions put in the place of the limits'."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from genocohort.io.sign_offs import SignOff
from genocohort.steps.sample_qc.metrics import Metrics
from genocohort.steps.sample_qc.reasons import Reason, order_reasons

MANUAL = "manual"


def apply_sign_offs(
    samples: Sequence[Metrics], reasons: Iterable[Reason], sign_offs: Sequence[SignOff]
) -> tuple[list[Reason], list[dict[str, Any]]]:
    """Findings with the level that a person gave them, and what became of every sign-off.

    A sign-off covers one finding of one sample: a finding that comes up later is judged anew. One
    whose finding is not there (any more) changes nothing and is recorded as not applied.

    Returns
    -------
    list of Reason
        Ordered as `order_reasons`; a finding signed off keeps its sentence, followed by who
        decided.
    list of dict
        Rows of sample_qc/sign_offs, in the list's order.
    """
    given = {(s.sample_id, s.finding): s for s in sign_offs}
    found: dict[tuple[str, str], str] = {}
    judged = []
    for reason in reasons:
        key = (reason.sample_id, reason.metric)
        decision = given.get(key)
        if decision is not None:
            found[key] = max(
                reason.level, found.get(key, ""), key=("", "pass", "warn", "fail").index
            )
            sentence = f"{reason.sentence} {_signed(decision)}"
            reason = replace(reason, level=decision.verdict, sentence=sentence)
        judged.append(reason)
    for decision in sign_offs:
        if decision.finding == MANUAL:
            found[decision.sample_id, MANUAL] = "pass"
            judged.append(Reason(decision.sample_id, MANUAL, decision.verdict, _signed(decision)))
    rows = [
        {
            "sample_id": s.sample_id,
            "finding": s.finding,
            "computed": found.get((s.sample_id, s.finding)),
            "verdict": s.verdict,
            "applied": (s.sample_id, s.finding) in found,
            "signed_by": s.signed_by,
            "date": s.date,
            "reason": s.reason,
        }
        for s in sign_offs
    ]
    return order_reasons(samples, judged), rows


def _signed(decision: SignOff) -> str:
    return (
        f"Set to {decision.verdict} by {decision.signed_by} on {decision.date}: "
        f"{decision.reason.rstrip('.')}."
    )
