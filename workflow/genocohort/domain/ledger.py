"""The ledger: what came into a step, what was kept, what was dropped for which reason."""

import json
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings

Unit = Literal["sample", "contig", "record", "variant", "genotype", "participant", "row"]


class Dropped(Settings):
    """What was left out for one reason.

    `is_loss` tells an unintended loss (something the user expected is missing from the results; the
    run ends with exit code 5) from a stated filter.
    """

    reason: str = Field(min_length=1)
    n: int = Field(ge=1)
    is_loss: bool = False
    examples: tuple[str, ...] = Field(default=(), max_length=5)


class Entry(Settings):
    """One line of the ledger; `n_in` = `n_kept` + the sum of `dropped`.

    `source` names the step ("": inputs from outside) and `source_scopes` its scopes whose `n_kept`
    of the same unit must add up to this entry's `n_in`.
    """

    step: str
    scope: str = "all"
    unit: Unit
    source: str = ""
    source_scopes: tuple[str, ...] = ()
    n_in: int = Field(ge=0)
    n_kept: int = Field(ge=0)
    dropped: tuple[Dropped, ...] = ()

    @model_validator(mode="after")
    def _sums(self) -> "Entry":
        total = self.n_kept + sum(d.n for d in self.dropped)
        if total != self.n_in:
            raise ValueError(
                f"{self.step} {self.scope} {self.unit}: {self.n_in} in, but {total} accounted for"
            )
        return self


def entries_to_json(entries: Iterable[Entry]) -> str:
    """The text of one step's ledger file."""
    rows = [entry.model_dump(mode="json") for entry in entries]
    return json.dumps(rows, indent=1, sort_keys=True) + "\n"


def entries_from_json(text: str) -> tuple[Entry, ...]:
    """Read one step's ledger file."""
    return tuple(Entry.model_validate(row) for row in json.loads(text))


def check_ledger(entries: Sequence[Entry]) -> list[str]:
    """Contradictions between steps: one sentence each; an empty list when every sum agrees."""
    kept: dict[tuple[str, str, str], int] = {}
    problems = []
    for entry in entries:
        key = (entry.step, entry.scope, entry.unit)
        if key in kept:
            problems.append(f"{entry.step} {entry.scope}: two entries for {entry.unit}")
        kept[key] = entry.n_kept
    for entry in entries:
        if not entry.source:
            continue
        scopes = entry.source_scopes or (entry.scope,)
        missing = [s for s in scopes if (entry.source, s, entry.unit) not in kept]
        if missing:
            problems.append(
                f"{entry.step} {entry.scope}: no {entry.unit} entry of {entry.source} for "
                + ", ".join(missing)
            )
            continue
        handed_on = sum(kept[(entry.source, s, entry.unit)] for s in scopes)
        if handed_on != entry.n_in:
            problems.append(
                f"{entry.step} {entry.scope}: {entry.n_in} {entry.unit}s came in, but "
                f"{entry.source} handed on {handed_on}"
            )
    return problems
