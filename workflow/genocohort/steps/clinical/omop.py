"""What the tables of the OMOP CDM 5.4 mean: concept ids become codes, 0 stays unmapped."""

from pathlib import Path

from genocohort.errors import InputDataError
from genocohort.io.clinical_tables import read_clinical_table
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import OmopSource
from genocohort.steps.clinical.loaded import LoadedSource
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ConditionColumns,
    ConditionsSource,
    ObservationColumns,
    ObservationsSource,
    ParticipantColumns,
    ParticipantsSource,
    Role,
)

_SEX = {"8507": "male", "8532": "female", "8521": "other", "8551": "unknown", "0": "unknown"}
# Concept ids of UCUM units in the OMOP vocabulary.
_UNITS = {
    "8840": "mg/dL", "8753": "mmol/L", "8749": "umol/L", "8554": "%", "9579": "mmol/mol",
    "8751": "mg/L", "8636": "g/L", "8713": "g/dL", "9529": "kg", "8582": "cm", "9531": "kg/m2",
    "8876": "mm[Hg]", "586323": "Cel", "9289": "[degF]",
}  # fmt: skip
_OPERATORS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">="}
_NO_UNIT = "(unmapped)"


def load_omop(spec: OmopSource, name: str, review: Review) -> list[LoadedSource]:
    """The OMOP tables of a source as tables with their meaning.

    Raises
    ------
    InputDataError
        A file cannot be read or lacks a column of the CDM.
    """
    person = _read(spec.person, ("person_id", "gender_concept_id", "year_of_birth"))
    ids = dict(zip(person.column("person_id"), _cells(person, spec.participant_id), strict=True))
    loaded = [_load_person(spec, name, person, ids, review)]
    if spec.measurement:
        loaded.append(_load_measurement(spec, f"{name}:measurement", ids, review))
    if spec.condition_occurrence:
        loaded.append(_load_condition(spec, f"{name}:condition_occurrence", ids, review))
    return loaded


def _read(path: str, needed: tuple[str, ...]) -> TextTable:
    table = read_clinical_table(Path(path))
    columns = tuple(c.lower() for c in table.columns)
    absent = [c for c in needed if c not in columns]
    if absent:
        raise InputDataError(
            "not a table of the OMOP CDM", where=path, offenders=absent,
            expected="columns " + ", ".join(needed),
        )  # fmt: skip
    return TextTable(table.path, columns, table.rows, table.lines, table.notes)


def _cells(table: TextTable, column: str) -> tuple[str, ...]:
    """A column, or blanks where an optional column is not there."""
    return table.column(column) if column in table.columns else ("",) * len(table.rows)


def _count_zero(name: str, column: str, cells: tuple[str, ...], review: Review) -> None:
    """Tell unmapped (0) and not stated (empty) apart; neither is a category."""
    for cell, kind, meaning in (
        ("0", "concept_unmapped", "rows have concept 0: unmapped, kept with their source value"),
        ("", "concept_not_stated", "rows have no concept: not stated"),
    ):
        count = cells.count(cell)
        if count:
            review.find(name, kind, f"{count} {meaning}", column=column)


def _load_person(
    spec: OmopSource, name: str, person: TextTable, ids: dict[str, str], review: Review
) -> LoadedSource:
    genders = person.column("gender_concept_id")
    _count_zero(name, "gender_concept_id", genders, review)
    first = _first_visits(spec)
    rows = tuple(
        (ids[key], gender, _birth(*born), site, first.get(key, ""))
        for key, gender, born, site in zip(
            person.column("person_id"), genders,
            zip(*(_cells(person, f"{part}_of_birth") for part in ("year", "month", "day")),
                strict=True),
            _cells(person, "care_site_id"), strict=True,
        )
    )  # fmt: skip
    table = TextTable(
        person.path, ("person", "gender_concept_id", "birth", "site", "index"), rows, person.lines,
        person.notes,
    )  # fmt: skip
    columns = ParticipantColumns(
        participant_id=Role(column="person"),
        sex_recorded=Role(column="gender_concept_id", codes=_SEX),
        birth_date=Role(column="birth", date_format="partial"),
        site=Role(column="site", codes=spec.site_codes or None),
        index_date=Role(column="index") if spec.visit_occurrence else None,
    )
    meaning = ParticipantsSource(table="participants", path=spec.person, name=name, columns=columns)
    return LoadedSource(name, meaning, table, frozenset(), True)


def _birth(year: str, month: str, day: str) -> str:
    parts = [year.zfill(4), month.zfill(2), day.zfill(2)]
    known = 3 if month and day else 2 if month else 1
    return "-".join(parts[:known]) if year else ""


def _first_visits(spec: OmopSource) -> dict[str, str]:
    """Start of the first visit of each person, which is the index date."""
    if not spec.visit_occurrence:
        return {}
    visits = _read(spec.visit_occurrence, ("person_id", "visit_start_date"))
    first: dict[str, str] = {}
    for key, day in zip(visits.column("person_id"), visits.column("visit_start_date"), strict=True):
        if day:
            first[key] = min(first.get(key, day), day)
    return first


def _concept(spec: OmopSource, concept: str, source: str, system: str) -> tuple[str, str, str]:
    """Code system, code and source code of a concept; no code for 0 and for none."""
    if concept in ("0", ""):
        return "OMOP", "", source or "(no source value)"
    if concept in spec.concepts:
        return system, spec.concepts[concept], ""
    return "OMOP", concept, ""


def _load_measurement(
    spec: OmopSource, name: str, ids: dict[str, str], review: Review
) -> LoadedSource:
    needed = ("measurement_id", "person_id", "measurement_concept_id", "value_as_number")
    table = _read(spec.measurement, needed)
    concepts, units = table.column("measurement_concept_id"), _cells(table, "unit_concept_id")
    _count_zero(name, "measurement_concept_id", concepts, review)
    _count_zero(name, "unit_concept_id", units, review)
    fields = (
        "measurement_id", "person_id", "measurement_date", "value_as_number",
        "operator_concept_id", "measurement_source_value", "unit_source_value", "range_low",
        "range_high",
    )  # fmt: skip
    rows = []
    for (key, person, day, value, operator, source, unit_source, low, high), concept, unit in zip(
        zip(*(_cells(table, f) for f in fields), strict=True), concepts, units, strict=True
    ):
        code = _concept(spec, concept, source, "LOINC")
        written = f"{_OPERATORS.get(operator, '')}{value}" if value else ""
        known = _UNITS.get(unit, unit_source or (_NO_UNIT if unit == "0" else unit))
        rows.append((key, ids.get(person, person), day, *code, written, known, low, high))
    columns = ("id", "person", "date", "system", "code", "source", "value", "unit", "low", "high")
    text = TextTable(table.path, columns, tuple(rows), table.lines, table.notes)
    roles = ObservationColumns(
        participant_id=Role(column="person"), date=Role(column="date"), code=Role(column="code"),
        code_source=Role(column="source"), code_system=Role(column="system"),
        value=Role(column="value"), unit=Role(column="unit"), ref_low=Role(column="low"),
        ref_high=Role(column="high"),
    )  # fmt: skip
    meaning = ObservationsSource(
        table="observations", path=spec.measurement, name=name, columns=roles
    )
    return LoadedSource(name, meaning, text, frozenset(), True)


def _load_condition(
    spec: OmopSource, name: str, ids: dict[str, str], review: Review
) -> LoadedSource:
    needed = ("condition_occurrence_id", "person_id", "condition_concept_id")
    table = _read(spec.condition_occurrence, needed)
    concepts = table.column("condition_concept_id")
    _count_zero(name, "condition_concept_id", concepts, review)
    fields = (
        "condition_occurrence_id", "person_id", "condition_start_date", "condition_end_date",
        "condition_source_value",
    )  # fmt: skip
    rows = tuple(
        (key, ids.get(person, person), start, end, *_concept(spec, concept, source, "ICD-10"))
        for (key, person, start, end, source), concept in zip(
            zip(*(_cells(table, f) for f in fields), strict=True), concepts, strict=True
        )
    )
    columns = ("id", "person", "start", "end", "system", "code", "source")
    text = TextTable(table.path, columns, rows, table.lines, table.notes)
    roles = ConditionColumns(
        participant_id=Role(column="person"), start_date=Role(column="start"),
        end_date=Role(column="end"), code=Role(column="code"), code_source=Role(column="source"),
        code_system=Role(column="system"),
    )  # fmt: skip
    meaning = ConditionsSource(
        table="conditions", path=spec.condition_occurrence, name=name, columns=roles
    )
    return LoadedSource(name, meaning, text, frozenset(), True)
