"""Collect what a source with one row per participant says; dates stay ordinals for now."""

from collections import Counter
from dataclasses import replace
from typing import Any

from genocohort.domain.dates import PartialDate
from genocohort.steps.clinical.cells import (
    Number,
    SourceTable,
    read_birth_dates,
    read_coded_numbers,
    read_dates,
    read_lists,
    read_numbers,
    read_texts,
    read_whole_numbers,
    select_rows,
)
from genocohort.steps.clinical.people import ERASED, People
from genocohort.steps.clinical.records import (
    ParticipantRow,
    Records,
    extend,
    places,
    value_columns,
)
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ParticipantsSource,
    Role,
    WideExposure,
    WideMeasurement,
    WideOutcome,
)


def resolve_ids(
    source: SourceTable, columns: Any, people: People, review: Review
) -> tuple[SourceTable, list[str]]:
    """The source without rows of nobody we know, and the participant of each row left.

    Parameters
    ----------
    columns : settings with `participant_id` or `sample_id`
    people : People
        Gives the results' names; ids are compared as text, byte for byte.
    """
    by_sample = columns.participant_id is None
    role = columns.sample_id if by_sample else columns.participant_id
    texts = read_texts(source, role, review)
    empty = [row for row, t in zip(source.table.lines, texts, strict=True) if t is None]
    review.bad_cells(
        source.where, role.column or "", empty, "rows without an id",
        "an id in every row (where an id equals a missing code, give the role `missing: []`)",
    )  # fmt: skip
    kept, ids = [], []
    for index, text in enumerate(texts):
        if text is None:
            continue
        name = people.of_sample.get(text) if by_sample else people.name(text)
        if name is not None:
            kept.append(index)
            ids.append(name)
        elif not by_sample:
            review.drop(source.name, ERASED)
        else:
            review.drop(source.name, "sample is not in the sample sheet", people.example(text))
            review.find(
                source.name, "sample_not_in_sheet", "no such sample in the sample sheet: left out",
                row=source.table.lines[index], column=role.column or "",
            )  # fmt: skip
    if by_sample and texts and not ids:
        _tell_no_join(source, role.column or "", [t for t in texts if t], people, review)
    return (source if len(kept) == len(texts) else select_rows(source, kept)), ids


def _tell_no_join(
    source: SourceTable, column: str, texts: list[str], people: People, review: Review
) -> None:
    """A source of which not one row leads to the sheet is a wrong column, not a loss."""
    halves = [(t[: len(t) // 2], t[len(t) // 2 + 1 :]) for t in texts if len(t) % 2]
    doubled = any(a == b and a in people.of_sample for a, b in halves)
    review.bad_cells(
        source.where, column, list(source.table.lines), "no row has a sample of the sample sheet",
        "the sheet's sample_id",
        "the ids look like FID_IID, the sheet has IID: take the column of the IID"
        if doubled
        else "name the column with the sheet's ids, or participant_id in place of sample_id",
    )  # fmt: skip


def note_columns_left_behind(source: SourceTable, roles: list[Role | None], review: Review) -> None:
    """Tell each column that no role names; its content goes nowhere."""
    used = {role.column for role in roles if role is not None}
    for column in source.table.columns:
        if column not in used:
            cells = source.table.column(column)
            filled = sum(1 for cell in cells if cell and cell not in source.missing)
            review.find(
                source.name, "column_not_carried",
                f"not in the column map: {filled} of {len(cells)} rows had a value, none is kept",
                column=column,
            )  # fmt: skip


def collect_participants(
    source: SourceTable,
    spec: ParticipantsSource,
    people: People,
    records: Records,
    review: Review,
) -> None:
    """Rows of a table with one row per participant."""
    roles = spec.columns
    _check_repeated_ids(source, roles.participant_id or roles.sample_id, review)
    source, ids = resolve_ids(source, roles, people, review)
    facts: dict[str, list[Any]] = {}
    for name in ("site", "sex_recorded", "ancestry_reported", "family_id"):
        facts[name] = list(read_texts(source, getattr(roles, name), review))
    _check_sex(source, roles.sex_recorded, facts["sex_recorded"], review)
    for name in ("father_id", "mother_id"):
        parents = read_texts(source, getattr(roles, name), review)
        facts[name] = [_parent(p, roles.sample_id is not None, people) for p in parents]
    facts["family_id"] = [
        None if f is None else people.pseudonyms.family(f) for f in facts["family_id"]
    ]
    facts["consent"] = list(read_lists(source, roles.consent, review))
    births = read_birth_dates(source, roles.birth_date, review)
    for i, year in enumerate(read_whole_numbers(source, roles.birth_year, review)):
        if births[i] is None and year is not None:
            births[i] = PartialDate(year)
    ages = _read_ages(source, roles.age_years, review)
    indices = read_dates(source, roles.index_date, review)
    ends = read_dates(source, roles.followup_end, review)
    for i, (participant, row) in enumerate(zip(ids, source.table.lines, strict=True)):
        said = {name: values[i] for name, values in facts.items() if values[i] is not None}
        records.participants.append(
            ParticipantRow(
                participant, source.name, row, said, births[i], ages[i], indices[i], ends[i]
            )
        )
    for measurement in spec.measurements:
        _collect_wide_measurement(source, ids, measurement, records, review)
    for exposure in spec.exposures:
        _collect_wide_exposure(source, ids, exposure, records, review)
    for outcome in spec.outcomes:
        _collect_wide_outcome(source, ids, outcome, records, review)


def _parent(parent: str | None, by_sample: bool, people: People) -> str | None:
    """A parent's name in the results; of samples that are not in the sheet, their own id."""
    if parent is None:
        return None
    if by_sample:
        own = parent if people.pseudonyms.keep_ids else None
        return people.of_sample.get(parent, own)
    return people.name(parent)


def _check_repeated_ids(source: SourceTable, role: Role | None, review: Review) -> None:
    """Two different rows with one id are never merged in silence."""
    if role is None or role.column not in source.table.columns:
        return
    counts = Counter(source.table.column(role.column))
    pairs = zip(source.table.lines, source.table.column(role.column), strict=True)
    rows = [row for row, text in pairs if text and counts[text] > 1]
    review.bad_cells(
        source.where, role.column, rows, "different rows have the same id", "one row per id",
        "keep the right row of each id",
    )  # fmt: skip


def participant_roles(spec: ParticipantsSource) -> list[Role | None]:
    """Every role of a source with one row per participant."""
    named = [getattr(spec.columns, name) for name in type(spec.columns).model_fields]
    wide = [m.value for m in spec.measurements] + [e.value for e in spec.exposures]
    return [*named, *wide, *(outcome.value for outcome in spec.outcomes)]


def _check_sex(source: SourceTable, role: Role | None, values: list[Any], review: Review) -> None:
    if role is None:
        return
    allowed = {"male", "female", "other", "unknown"}
    bad = [r for r, v in zip(source.table.lines, values, strict=True) if v and v not in allowed]
    review.bad_cells(
        source.where, role.column or "", bad, "the coding of sex is not declared",
        "male, female, other or unknown, or codes in the column map",
    )  # fmt: skip


def _read_ages(source: SourceTable, role: Role | None, review: Review) -> list[Number | None]:
    """Ages in years; `90+` counts as `>=90`."""
    if role is None or role.column is None or role.column not in source.table.columns:
        return read_numbers(source, role, review)
    index = source.table.columns.index(role.column)
    plus = [
        (*row[:index], f">={row[index][:-1]}" if row[index].endswith("+") else row[index],
         *row[index + 1 :])
        for row in source.table.rows
    ]  # fmt: skip
    table = type(source.table)(
        source.table.path, source.table.columns, tuple(plus), source.table.lines
    )
    changed = replace(source, table=table)
    return read_numbers(changed, role, review)


def _collect_wide_measurement(
    source: SourceTable, ids: list[str], spec: WideMeasurement, records: Records, review: Review
) -> None:
    n = len(ids)
    nothing: list[Any] = [None] * n
    extend(
        records.observations,
        {
            "participant_id": ids, "date": nothing, "day": [spec.day] * n,
            "code_system": [spec.code_system] * n, "code": [spec.code] * n,
            "code_source": nothing, **value_columns(read_numbers(source, spec.value, review)),
            "value_code": nothing, "unit_src": [spec.unit or None] * n, "ref_low": nothing,
            "ref_high": nothing, "status": nothing, **places(source, n),
            "src_column": [spec.value.column or ""] * n,
        },
    )  # fmt: skip


def _collect_wide_exposure(
    source: SourceTable, ids: list[str], spec: WideExposure, records: Records, review: Review
) -> None:
    texts = read_texts(source, spec.value, review)
    kept = [i for i, text in enumerate(texts) if text is not None]
    n = len(kept)
    extend(
        records.exposures,
        {
            "participant_id": [ids[i] for i in kept], "kind": [spec.kind] * n,
            "code_system": [spec.code_system] * n, "code": [texts[i] for i in kept],
            "code_source": [None] * n,
            "start_date": [None] * n, "start_day": [spec.day] * n, "end_date": [None] * n,
            "end_day": [None] * n, "dose": [None] * n, "dose_unit": [None] * n,
            "src_file": [source.where] * n, "src_row": [source.table.lines[i] for i in kept],
        },
    )  # fmt: skip


def _collect_wide_outcome(
    source: SourceTable, ids: list[str], spec: WideOutcome, records: Records, review: Review
) -> None:
    n = len(ids)
    nothing: list[Any] = [None] * n
    numbers = read_coded_numbers(source, spec.value, review)
    extend(
        records.outcomes,
        {
            "participant_id": ids, "outcome": [spec.outcome] * n, "kind": [spec.kind] * n,
            "value": [None if x is None else x.value for x in numbers], "entry_date": nothing,
            "entry_day": nothing, "exit_date": nothing, "exit_day": nothing, "event": nothing,
            **places(source, n),
        },
    )  # fmt: skip
