"""What all sources say together, as columns, before days are counted and units are checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genocohort.domain.dates import PartialDate
from genocohort.steps.clinical.cells import Number, SourceTable

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class ParticipantRow:
    """What one row of one source says about a participant; None where it says nothing."""

    participant_id: str
    source: str
    row: int
    facts: Mapping[str, Any]
    birth: PartialDate | None = None
    age: Number | None = None
    index: int | None = None
    followup_end: int | None = None


@dataclass
class Records:
    """Everything the sources say, in their order."""

    participants: list[ParticipantRow] = field(default_factory=list)
    observations: Columns = field(default_factory=dict)
    conditions: Columns = field(default_factory=dict)
    exposures: Columns = field(default_factory=dict)
    outcomes: Columns = field(default_factory=dict)
    rows_read: dict[str, int] = field(default_factory=dict)


def extend(columns: Columns, new: Mapping[str, list[Any]]) -> None:
    for name, values in new.items():
        columns.setdefault(name, []).extend(values)


def places(source: SourceTable, n: int) -> Columns:
    return {"src_file": [source.where] * n, "src_row": list(source.table.lines)}


def value_columns(numbers: list[Number | None]) -> Columns:
    return {
        "value_num": [float("nan") if n is None else n.value for n in numbers],
        "comparator": [None if n is None or not n.comparator else n.comparator for n in numbers],
    }
