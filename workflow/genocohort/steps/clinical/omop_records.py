"""OMOP's measurements, observations, conditions, drugs and procedures as tables of text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from genocohort.io.omop_tables import OmopTables
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import OmopSource
from genocohort.steps.clinical.loaded import LoadedSource, RecordStream
from genocohort.steps.clinical.omop_concepts import Concepts, count_zero, read_concepts
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ConditionColumns,
    ConditionsSource,
    ExposureColumns,
    ExposuresSource,
    LongSource,
    ObservationColumns,
    ObservationsSource,
    Role,
)

_OPERATORS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">="}
# Columns every row needs, columns that may be absent.
_COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "measurement": (
        ("measurement_id", "person_id", "measurement_concept_id", "value_as_number"),
        ("measurement_date", "operator_concept_id", "unit_concept_id", "measurement_source_value",
         "unit_source_value", "value_as_concept_id", "range_low", "range_high"),
    ),
    "observation": (
        ("observation_id", "person_id", "observation_concept_id"),
        ("observation_date", "value_as_number", "value_as_concept_id", "unit_concept_id",
         "unit_source_value", "observation_source_value", "value_as_string"),
    ),
    "condition_occurrence": (
        ("condition_occurrence_id", "person_id", "condition_concept_id"),
        ("condition_start_date", "condition_end_date", "condition_source_value"),
    ),
    "drug_exposure": (
        ("drug_exposure_id", "person_id", "drug_concept_id"),
        ("drug_exposure_start_date", "drug_exposure_end_date", "drug_source_value"),
    ),
    "procedure_occurrence": (
        ("procedure_occurrence_id", "person_id", "procedure_concept_id"),
        ("procedure_date", "procedure_end_date", "procedure_source_value"),
    ),
}  # fmt: skip
_OBSERVED = (
    "id", "person", "date", "system", "code", "source", "value", "unit", "value_code", "low",
    "high",
)  # fmt: skip
_CODED = ("id", "person", "start", "end", "system", "code", "source")
Cells = dict[str, tuple[str, ...]]
PIECE = 20_000
"""Rows a piece holds."""


def load_records(
    spec: OmopSource, name: str, tables: OmopTables, ids: Mapping[str, str], review: Review
) -> list[RecordStream]:
    """Every table of records that is there, to be read in pieces."""
    kinds = [kind for kind in _COLUMNS if kind in tables]
    concepts = read_concepts(tables, spec.concepts, lambda: _used(tables, kinds))

    def stream(kind: str) -> RecordStream:
        label = f"{name}:{kind}"
        return RecordStream(label, lambda: _pieces(kind, label, tables, ids, concepts, review))

    return [stream(kind) for kind in kinds]


def _used(tables: OmopTables, kinds: Sequence[str]) -> set[str]:
    """Concept ids that the tables name."""
    found: set[str] = set()
    for kind in kinds:
        needed, optional = _COLUMNS[kind]
        at = [i for i, c in enumerate((*needed, *optional)) if c.endswith("concept_id")]
        for _, cells in tables.rows(kind, needed, optional):
            found.update(cells[i] for i in at)
    return found


def _pieces(
    kind: str,
    label: str,
    tables: OmopTables,
    ids: Mapping[str, str],
    concepts: Concepts,
    review: Review,
) -> Iterator[LoadedSource]:
    columns = _COLUMNS[kind][0] + _COLUMNS[kind][1]
    rows = tables.rows(kind, *_COLUMNS[kind])
    meaning, path = _meaning(kind, label, tables), Path(tables.place(kind))
    while True:
        piece = list(islice(rows, PIECE))
        given = zip(*(cells for _, cells in piece), strict=True) if piece else [()] * len(columns)
        cells = dict(zip(columns, given, strict=True))
        people = tuple(ids.get(key, key) for key in cells["person_id"])
        for column in cells:
            if column.endswith("concept_id") and column not in _ANSWERS:
                count_zero(label, column, cells[column], review)
        names: tuple[str, ...] = _CODED
        if kind in ("measurement", "observation"):
            names, made = _OBSERVED, _observed(kind, cells, people, concepts)
            review.tally(
                label, "column_not_carried", sum(map(bool, cells.get("value_as_string", ()))),
                "{n} rows have an answer in free text: not carried", "value_as_string",
            )  # fmt: skip
        else:
            made = _coded(kind, cells, people, concepts)
        text = TextTable(path, names, made, tuple(line for line, _ in piece))
        yield LoadedSource(label, meaning, text, frozenset(), True)
        if len(piece) < PIECE:
            return


# Most rows have no coded answer and no operator: that is nothing to tell.
_ANSWERS = ("value_as_concept_id", "operator_concept_id")


def _observed(
    kind: str, cells: Cells, people: tuple[str, ...], concepts: Concepts
) -> tuple[tuple[str, ...], ...]:
    blank = ("",) * len(people)

    def cell(column: str) -> tuple[str, ...]:
        return cells.get(column, blank)

    return tuple(
        (
            key, person, day, *concepts.code(concept, source, "LOINC"),
            f"{_OPERATORS.get(operator, '')}{value}" if value else "",
            concepts.unit(unit, unit_source), concepts.answer(answer), low, high,
        )
        for key, person, day, concept, source, operator, value, unit, unit_source, answer, low, high
        in zip(
            cell(f"{kind}_id"), people, cell(f"{kind}_date"), cell(f"{kind}_concept_id"),
            cell(f"{kind}_source_value"), cell("operator_concept_id"), cell("value_as_number"),
            cell("unit_concept_id"), cell("unit_source_value"), cell("value_as_concept_id"),
            cell("range_low"), cell("range_high"), strict=True,
        )
    )  # fmt: skip


def _coded(
    kind: str, cells: Cells, people: tuple[str, ...], concepts: Concepts
) -> tuple[tuple[str, ...], ...]:
    system = {"condition_occurrence": "ICD-10", "drug_exposure": "RxNorm"}.get(kind, "OMOP")
    concept = next(c for c in _COLUMNS[kind][0] if c.endswith("concept_id"))
    start, end, source = _COLUMNS[kind][1]
    return tuple(
        (key, person, first, last, *concepts.code(code, original, system))
        for key, person, first, last, code, original in zip(
            cells[f"{kind}_id"], people, cells[start], cells[end], cells[concept], cells[source],
            strict=True,
        )
    )  # fmt: skip


def _meaning(kind: str, label: str, tables: OmopTables) -> LongSource:
    path = tables.place(kind)
    if kind in ("measurement", "observation"):
        observed = ObservationColumns(
            participant_id=Role(column="person"), date=Role(column="date"),
            code=Role(column="code"), code_source=Role(column="source"),
            code_system=Role(column="system"), value=Role(column="value"),
            unit=Role(column="unit"), value_code=Role(column="value_code"),
            ref_low=Role(column="low"), ref_high=Role(column="high"),
        )  # fmt: skip
        return ObservationsSource(table="observations", path=path, name=label, columns=observed)
    if kind == "condition_occurrence":
        condition = ConditionColumns(
            participant_id=Role(column="person"), start_date=Role(column="start"),
            end_date=Role(column="end"), code=Role(column="code"),
            code_source=Role(column="source"), code_system=Role(column="system"),
        )  # fmt: skip
        return ConditionsSource(table="conditions", path=path, name=label, columns=condition)
    exposure = ExposureColumns(
        participant_id=Role(column="person"), code=Role(column="code"),
        kind=Role(value="drug" if kind == "drug_exposure" else "procedure"),
        code_source=Role(column="source"), code_system=Role(column="system"),
        start_date=Role(column="start"), end_date=Role(column="end"),
    )  # fmt: skip
    return ExposuresSource(table="exposures", path=path, name=label, columns=exposure)
