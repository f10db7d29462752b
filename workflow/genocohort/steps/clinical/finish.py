"""Pieces of collected records into finished rows, handed on as soon as they are finished."""

from collections.abc import Mapping
from typing import Protocol

from genocohort.domain.units import Analyte
from genocohort.steps.clinical.days import (
    SuspectUnits,
    finish_conditions,
    finish_exposures,
    finish_observations,
)
from genocohort.steps.clinical.records import Columns, Records, extend
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ClinicalSettings


class Sink(Protocol):
    """Where finished rows of the tables of records go."""

    def add(self, table: str, columns: Columns) -> None:
        """Take rows of `observations`, `conditions` or `exposures`."""

    def leave_out(self, participants: frozenset[str]) -> None:
        """Take back the rows of some participants; said once, after all rows."""


class Discard:
    """A sink for who only wants to know whether the records can be read."""

    def add(self, table: str, columns: Columns) -> None:
        """Forget the rows."""

    def leave_out(self, participants: frozenset[str]) -> None:
        """Nothing was kept."""


class Finisher:
    """Days, units and flags of records; keeps in memory only what the settings ask for.

    Attributes
    ----------
    kept : dict of str to columns
        Rows of observations, conditions and exposures with a code the settings name.
    outcomes : columns
        All outcomes as collected: what repeats can be told at the end only.
    mentioned : set of str
        Participants with any record.
    """

    def __init__(
        self,
        indices: Mapping[str, int],
        analytes: Mapping[str, Analyte],
        settings: ClinicalSettings,
        sink: Sink,
        review: Review,
    ) -> None:
        self.kept: dict[str, Columns] = {
            "observations": finish_observations({}, indices, analytes, review),
            "conditions": finish_conditions({}, indices, review),
            "exposures": finish_exposures({}, indices, review),
        }
        self.outcomes: Columns = {}
        self.mentioned: set[str] = set()
        self.suspects = SuspectUnits()
        self._indices, self._analytes = indices, analytes
        self._sink, self._review = sink, review
        self._codes = settings.observation_codes()
        self._prefixes = settings.condition_codes()
        self._exposures = settings.exposure_codes()

    def take(self, records: Records) -> None:
        """Finish the records of a piece and hand them on."""
        for part in (records.observations, records.conditions, records.exposures, records.outcomes):
            self.mentioned |= set(part.get("participant_id", []))
        extend(self.outcomes, records.outcomes)
        if records.observations:
            rows = finish_observations(
                records.observations, self._indices, self._analytes, self._review
            )
            self.suspects.add(rows)
            self._keep("observations", rows, [c in self._codes for c in rows["code"]])
        if records.conditions:
            rows = finish_conditions(records.conditions, self._indices, self._review)
            wanted = [bool(c) and c.startswith(self._prefixes) for c in rows["code"]]
            self._keep("conditions", rows, wanted)
        if records.exposures:
            rows = finish_exposures(records.exposures, self._indices, self._review)
            self._keep("exposures", rows, [c in self._exposures for c in rows["code"]])

    def _keep(self, table: str, rows: Columns, wanted: list[bool]) -> None:
        self._sink.add(table, rows)
        places = [i for i, is_wanted in enumerate(wanted) if is_wanted]
        extend(self.kept[table], {name: [cells[i] for i in places] for name, cells in rows.items()})
