"""What the tables of FHIR resources mean, as the column map would say it."""

from datetime import date
from pathlib import Path

from genocohort.domain.dates import parse_partial_date
from genocohort.io.clinical_fhir import FhirTables, read_fhir
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import FhirSource
from genocohort.steps.clinical.loaded import LoadedSource
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ConditionColumns,
    ConditionsSource,
    ExposureColumns,
    ExposuresSource,
    LongSource,
    ObservationColumns,
    ObservationsSource,
    ParticipantColumns,
    ParticipantsSource,
    Role,
)

_SEX = {word: word for word in ("male", "female", "other", "unknown")}


def load_fhir(spec: FhirSource, name: str, review: Review) -> list[LoadedSource]:
    """The resources of a FHIR source as tables with their meaning.

    Raises
    ------
    InputDataError
        A file cannot be read.
    """
    tables = read_fhir(
        spec.paths,
        identifier_system=spec.identifier_system,
        ancestry_extension=spec.ancestry_extension,
    )
    for kind, count in sorted(tables.others.items()):
        review.find(name, "not_read", f"{count} resources of type {kind} are not read")
    path = Path(spec.paths[0])
    patients = _with_index(tables, path, spec)
    left_out = dict(tables.left_out)
    none: frozenset[str] = frozenset()
    rest: tuple[tuple[LongSource, str], ...] = (
        (_observations(spec, name), "Observation"),
        (_conditions(spec, name), "Condition"),
        (_drugs(spec, name), "MedicationRequest"),
    )
    return [
        LoadedSource(name, _participants(spec, name), patients, none, True, left_out),
        *(LoadedSource(name, meaning, tables.table(k, path), none, True) for meaning, k in rest),
    ]


def _participants(spec: FhirSource, name: str) -> ParticipantsSource:
    by_encounter = spec.index == "first_encounter"
    columns = ParticipantColumns(
        participant_id=Role(column="id"),
        site=Role(column="site", codes=spec.site_codes or None),
        sex_recorded=Role(column="gender", codes=_SEX),
        birth_date=Role(column="birthDate", date_format="partial"),
        ancestry_reported=Role(column="ancestry"),
        index_date=Role(column="index_date") if by_encounter else None,
    )
    return ParticipantsSource(table="participants", path=spec.paths[0], name=name, columns=columns)


def _observations(spec: FhirSource, name: str) -> ObservationsSource:
    columns = ObservationColumns(
        participant_id=Role(column="subject"), date=Role(column="date"), code=Role(column="code"),
        code_source=Role(column="code_source"), code_system=Role(column="system"),
        value=Role(column="value"), unit=Role(column="unit"), value_code=Role(column="value_code"),
        ref_low=Role(column="ref_low"), ref_high=Role(column="ref_high"),
        status=Role(column="status"),
    )  # fmt: skip
    return ObservationsSource(
        table="observations", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )


def _conditions(spec: FhirSource, name: str) -> ConditionsSource:
    columns = ConditionColumns(
        participant_id=Role(column="subject"), start_date=Role(column="start"),
        end_date=Role(column="end"), code=Role(column="code"),
        code_source=Role(column="code_source"), code_system=Role(column="system"),
        status=Role(column="status"),
    )  # fmt: skip
    return ConditionsSource(
        table="conditions", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )


def _drugs(spec: FhirSource, name: str) -> ExposuresSource:
    columns = ExposureColumns(
        participant_id=Role(column="subject"), kind=Role(value="drug"), code=Role(column="code"),
        code_system=Role(column="system"), start_date=Role(column="start"),
        end_date=Role(column="end"), dose=Role(column="dose"), dose_unit=Role(column="unit"),
    )  # fmt: skip
    return ExposuresSource(
        table="exposures", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )


def _with_index(tables: FhirTables, path: Path, spec: FhirSource) -> TextTable:
    """The table of patients, with the day of their first encounter as index date if wanted."""
    table = tables.table("Patient", path)
    if spec.index != "first_encounter":
        return table
    first: dict[str, date] = {}
    for _, (_, subject, start) in tables.rows["Encounter"]:
        partial = parse_partial_date(start)
        if partial is not None and partial.day is not None:
            first[subject] = min(first.get(subject, partial.earliest), partial.earliest)
    texts = tuple(
        (*row, first[row[0]].isoformat() if row[0] in first else "") for row in table.rows
    )
    return TextTable(table.path, (*table.columns, "index_date"), texts, table.lines)
