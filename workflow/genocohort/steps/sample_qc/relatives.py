"""What kinship says about single samples: duplicates, exchanged labels, wrong pedigrees."""

from collections.abc import Iterable, Mapping
from typing import Any

from genocohort.domain.pedigree import (
    Exchange,
    Pair,
    blame_contradictions,
    find_exchanges,
    pair_of,
)
from genocohort.steps.sample_qc.reasons import Level, Reason

Row = Mapping[str, Any]


def relative_reasons(rows: Iterable[Row], call_rate: Mapping[str, float]) -> list[Reason]:
    """Reasons from the contradicted pairs of kinship/pairs.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of kinship/pairs.
    call_rate : mapping of sample id to float
        Of two samples of one person, the one with the higher call rate is kept.

    Returns
    -------
    list of Reason
        Exchanged labels fail both samples where no other exchange explains them; of an unrecorded
        duplicate one fails; a sample contradicted by several relatives fails; in a pair that stands
        alone both get a warning, since either may be wrong.
    """
    pairs = list(rows)
    recorded = {_pair(r): str(r["relation_recorded"]) for r in pairs if r["relation_recorded"]}
    inferred = {_pair(r): str(r["relation_inferred"]) for r in pairs if r["relation_inferred"]}
    wrong = {_pair(r): r for r in pairs if r["is_contradiction"]}
    reasons: list[Reason] = []
    for exchange in find_exchanges(recorded, inferred):
        reasons += _exchange_reasons(exchange)
        wrong = {
            p: r for p, r in wrong.items() if exchange.first not in p and exchange.second not in p
        }
    duplicates = [
        p for p, r in wrong.items() if r["relation_inferred"] == "duplicate" and p not in recorded
    ]
    for pair in duplicates:
        reasons += _duplicate_reasons(pair, wrong.pop(pair), call_rate)
    named, left = blame_contradictions(wrong)
    for sample in named:
        findings = [str(r["finding"]) for p, r in wrong.items() if sample in p]
        text = f"{len(findings)} relatives contradict the pedigree: {' '.join(findings)}"
        reasons.append(Reason(sample, "pedigree", "fail", text))
    for pair in left:
        row = wrong[pair]
        reasons += [
            Reason(s, "pedigree", "warn", str(row["finding"]), row["kinship"]) for s in pair
        ]
    return reasons


def _pair(row: Row) -> Pair:
    return pair_of(str(row["sample_id_1"]), str(row["sample_id_2"]))


def _exchange_reasons(exchange: Exchange) -> list[Reason]:
    reasons = []
    for sample, other in (
        (exchange.first, exchange.second),
        (exchange.second, exchange.first),
    ):
        if exchange.is_unique:
            text = (
                f"The labels of {sample} and {other} were probably exchanged: each has the "
                "genotype that the other's recorded relatives call for."
            )
        else:
            text = (
                f"The labels of {sample} and {other} may have been exchanged; another exchange "
                "would explain the contradicted relations as well."
            )
        level: Level = "fail" if exchange.is_unique else "warn"
        reasons.append(Reason(sample, "pedigree", level, text))
    return reasons


def _duplicate_reasons(pair: Pair, row: Row, call_rate: Mapping[str, float]) -> list[Reason]:
    first, second = str(row["sample_id_1"]), str(row["sample_id_2"])
    kept, dropped = first, second
    if call_rate.get(second, 0.0) > call_rate.get(first, 0.0):
        kept, dropped = second, first
    measured = f"kinship {row['kinship']:.3f}"
    return [
        Reason(
            dropped,
            "duplicate",
            "fail",
            f"{first} and {second} are the same person or twins ({measured}), but recorded as two "
            f"participants; {kept} has the more complete calls and is kept.",
            row["kinship"],
        ),
        Reason(
            kept,
            "duplicate",
            "warn",
            f"{first} and {second} are the same person or twins ({measured}), but recorded as two "
            "participants; which clinical record belongs to the sample must be found out.",
            row["kinship"],
        ),
    ]
