"""Collect what a source with one row per record says; dates stay ordinals for now."""

from genocohort.steps.clinical.cells import (
    Number,
    SourceTable,
    read_coded_numbers,
    read_dates,
    read_numbers,
    read_texts,
    read_whole_numbers,
)
from genocohort.steps.clinical.collect_participants import resolve_ids
from genocohort.steps.clinical.people import People
from genocohort.steps.clinical.records import Records, extend, places, value_columns
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ConditionsSource,
    ExposuresSource,
    LongSource,
    ObservationsSource,
    OutcomesSource,
    Role,
)

_OUTCOME_KINDS = {"quant", "binary", "count", "tte"}
_STATUSES = {"present", "excluded"}
_EXPOSURE_KINDS = {"drug", "procedure", "smoking", "other"}


def collect_long(
    source: SourceTable,
    spec: LongSource,
    people: People,
    records: Records,
    review: Review,
) -> None:
    """Rows of a table with one row per record."""
    source, ids = resolve_ids(source, spec.columns, people, review)
    if isinstance(spec, ObservationsSource):
        _collect_observations(source, ids, spec, records, review)
    elif isinstance(spec, ConditionsSource):
        _collect_conditions(source, ids, spec, records, review)
    elif isinstance(spec, ExposuresSource):
        _collect_exposures(source, ids, spec, records, review)
    else:
        _collect_outcomes(source, ids, spec, records, review)


def long_roles(spec: LongSource) -> list[Role | None]:
    """Every role of a source with one row per record."""
    return [getattr(spec.columns, name) for name in type(spec.columns).model_fields]


def _numbers_only(numbers: list[Number | None]) -> list[float | None]:
    return [None if n is None else n.value for n in numbers]


def _collect_observations(
    source: SourceTable, ids: list[str], spec: ObservationsSource, records: Records, review: Review
) -> None:
    roles, n = spec.columns, len(ids)
    codes = read_texts(source, roles.code, review)
    code_source = read_texts(source, roles.code_source, review)
    bad = [
        row
        for row, code, original in zip(source.table.lines, codes, code_source, strict=True)
        if code is None and original is None
    ]
    review.bad_cells(source.where, roles.code.column or "", bad, "rows without a code", "a code")
    extend(
        records.observations,
        {
            "participant_id": ids,
            "date": list(read_dates(source, roles.date, review)),
            "day": list(read_whole_numbers(source, roles.day, review)),
            "code_system": list(read_texts(source, roles.code_system, review)),
            "code": list(codes),
            "code_source": list(code_source),
            **value_columns(read_numbers(source, roles.value, review)),
            "value_code": list(read_texts(source, roles.value_code, review)),
            "unit_src": list(read_texts(source, roles.unit, review)),
            "ref_low": list(_numbers_only(read_numbers(source, roles.ref_low, review))),
            "ref_high": list(_numbers_only(read_numbers(source, roles.ref_high, review))),
            "status": list(read_texts(source, roles.status, review)),
            **places(source, n),
            "src_column": [roles.value.column or ""] * n,
        },
    )


def _check_words(
    source: SourceTable, role: Role, texts: list[str | None], allowed: set[str], review: Review
) -> None:
    bad = [r for r, t in zip(source.table.lines, texts, strict=True) if t not in allowed]
    review.bad_cells(
        source.where, role.column or "", bad, "cells that are none of the words allowed here",
        ", ".join(sorted(allowed)) + ", or codes in the column map that lead to them",
    )  # fmt: skip


def dotted_icd10(code: str) -> str:
    """An ICD-10 code with its dot: I2510 becomes I25.10; other codes stay."""
    bare = code.replace(".", "")
    is_icd = len(bare) > 3 and bare[0].isalpha() and bare[1].isdigit() and bare.isalnum()
    return f"{bare[:3]}.{bare[3:]}".upper() if is_icd else code


def _collect_conditions(
    source: SourceTable, ids: list[str], spec: ConditionsSource, records: Records, review: Review
) -> None:
    roles, n = spec.columns, len(ids)
    codes = read_texts(source, roles.code, review)
    code_source = read_texts(source, roles.code_source, review)
    systems = read_texts(source, roles.code_system, review)
    bad = [
        row
        for row, code, original in zip(source.table.lines, codes, code_source, strict=True)
        if code is None and original is None
    ]
    review.bad_cells(source.where, roles.code.column or "", bad, "rows without a code", "a code")
    status = read_texts(source, roles.status, review)
    _check_words(source, roles.status, status, _STATUSES, review)
    dotted = [
        dotted_icd10(c) if c is not None and s is not None and s.startswith("ICD-10") else c
        for c, s in zip(codes, systems, strict=True)
    ]
    extend(
        records.conditions,
        {
            "participant_id": ids,
            "start_date": list(read_dates(source, roles.start_date, review)),
            "start_day": list(read_whole_numbers(source, roles.start_day, review)),
            "end_date": list(read_dates(source, roles.end_date, review)),
            "end_day": list(read_whole_numbers(source, roles.end_day, review)),
            "code_system": list(systems),
            "code": dotted,
            "code_source": list(code_source),
            "status": list(status),
            **places(source, n),
        },
    )


def _collect_exposures(
    source: SourceTable, ids: list[str], spec: ExposuresSource, records: Records, review: Review
) -> None:
    roles, n = spec.columns, len(ids)
    kinds = read_texts(source, roles.kind, review)
    _check_words(source, roles.kind, kinds, _EXPOSURE_KINDS, review)
    extend(
        records.exposures,
        {
            "participant_id": ids,
            "kind": list(kinds),
            "code_system": list(read_texts(source, roles.code_system, review)),
            "code": list(read_texts(source, roles.code, review)),
            "code_source": list(read_texts(source, roles.code_source, review)),
            "start_date": list(read_dates(source, roles.start_date, review)),
            "start_day": list(read_whole_numbers(source, roles.start_day, review)),
            "end_date": list(read_dates(source, roles.end_date, review)),
            "end_day": list(read_whole_numbers(source, roles.end_day, review)),
            "dose": list(_numbers_only(read_numbers(source, roles.dose, review))),
            "dose_unit": list(read_texts(source, roles.dose_unit, review)),
            **places(source, n),
        },
    )


def _collect_outcomes(
    source: SourceTable, ids: list[str], spec: OutcomesSource, records: Records, review: Review
) -> None:
    roles, n = spec.columns, len(ids)
    kinds = read_texts(source, roles.kind, review)
    _check_words(source, roles.kind, kinds, _OUTCOME_KINDS, review)
    values: list[Number | None] = [None] * n
    events: list[Number | None] = [None] * n
    if roles.value is not None:
        values = read_coded_numbers(source, roles.value, review)
    if roles.event is not None:
        events = read_coded_numbers(source, roles.event, review)
    lines = source.table.lines
    if roles.event is not None:
        bad = [r for r, e in zip(lines, events, strict=True) if e and e.value not in (0, 1, 2)]
        review.bad_cells(
            source.where, roles.event.column or "", bad, "the coding of the event is not declared",
            "0 censored, 1 event, 2 competing event, or codes in the column map",
        )  # fmt: skip
    if roles.value is not None:
        pairs = zip(lines, kinds, values, strict=True)
        bad = [r for r, k, v in pairs if k == "binary" and v and v.value not in (0, 1)]
        review.bad_cells(
            source.where, roles.value.column or "", bad,
            "the coding of a binary outcome is not 0 and 1",
            "0 control, 1 case, or codes in the column map such as {'1': 0, '2': 1}",
        )  # fmt: skip
    extend(
        records.outcomes,
        {
            "participant_id": ids,
            "outcome": list(read_texts(source, roles.outcome, review)),
            "kind": list(kinds),
            "value": list(_numbers_only(values)),
            "entry_date": list(read_dates(source, roles.entry_date, review)),
            "entry_day": list(read_whole_numbers(source, roles.entry_day, review)),
            "exit_date": list(read_dates(source, roles.exit_date, review)),
            "exit_day": list(read_whole_numbers(source, roles.exit_day, review)),
            "event": [None if e is None else int(e.value) for e in events],
            **places(source, n),
        },
    )
