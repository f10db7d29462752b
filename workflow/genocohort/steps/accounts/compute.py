"""The ledger of all steps in one table, and whether its sums agree."""

from collections.abc import Sequence
from typing import Any

from genocohort.domain.ledger import Entry, check_ledger


def compute_ledger_table(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """Columns of the ledger table, one row per reason, in the order of the entries."""
    rows: list[tuple[Any, ...]] = []
    for entry in entries:
        start = (
            entry.step, entry.scope, entry.unit, entry.source or "input", entry.n_in, entry.n_kept,
        )  # fmt: skip
        if not entry.dropped:
            rows.append((*start, None, 0, False, []))
        for dropped in entry.dropped:
            examples = list(dropped.examples)
            rows.append((*start, dropped.reason, dropped.n, dropped.is_loss, examples))
    names = (
        "step", "scope", "unit", "source", "n_in", "n_kept", "reason", "n_dropped", "is_loss",
        "examples",
    )  # fmt: skip
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def compute_accounts(entries: Sequence[Entry]) -> dict[str, Any]:
    """Whether every sum agrees, and what was lost.

    Returns
    -------
    dict
        `complete` (no contradiction and no loss), `contradictions` (sentences), `losses` (one
        mapping per loss: step, scope, unit, n, reason, examples), `totals` (per step and unit the
        sums of `n_in` and `n_kept` over its scopes).
    """
    contradictions = check_ledger(entries)
    losses = [
        {
            "step": entry.step,
            "scope": entry.scope,
            "unit": entry.unit,
            "n": dropped.n,
            "reason": dropped.reason,
            "examples": list(dropped.examples),
        }
        for entry in entries
        for dropped in entry.dropped
        if dropped.is_loss
    ]
    totals: dict[str, dict[str, dict[str, int]]] = {}
    for entry in entries:
        total = totals.setdefault(entry.step, {}).setdefault(entry.unit, {"n_in": 0, "n_kept": 0})
        total["n_in"] += entry.n_in
        total["n_kept"] += entry.n_kept
    return {
        "complete": not contradictions and not losses,
        "contradictions": contradictions,
        "losses": losses,
        "totals": totals,
    }
