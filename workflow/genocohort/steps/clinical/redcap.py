"""A REDCap export as tables of text: events and repeats apart, identifiers left behind."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from genocohort.io.redcap_dictionary import RedcapField, read_redcap_dictionary
from genocohort.io.text_table import TextTable, read_text_table
from genocohort.steps.clinical.collect_participants import participant_roles
from genocohort.steps.clinical.collect_records import long_roles
from genocohort.steps.clinical.format_sources import RedcapPart, RedcapSource
from genocohort.steps.clinical.loaded import LoadedSource
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import ParticipantsSource, Role

_EVENT, _INSTRUMENT = "redcap_event_name", "redcap_repeat_instrument"
_KEYS = (_EVENT, _INSTRUMENT, "redcap_repeat_instance")
# What such a role reads leaves as a day or an age, never as itself.
_DATE_ROLES = {
    "birth_date", "index_date", "followup_end", "date", "start_date", "end_date", "entry_date",
    "exit_date",
}  # fmt: skip


def load_redcap(
    spec: RedcapSource, name: str, missing: frozenset[str], review: Review
) -> list[LoadedSource]:
    """The parts of an export as tables with their meaning.

    Raises
    ------
    InputDataError
        A file cannot be read, or is not what it is said to be.
    """
    fields = read_redcap_dictionary(Path(spec.dictionary))
    table = _join_checkboxes(read_text_table(Path(spec.path)), fields, name, review)
    named = {role.column for part in spec.parts for role in _roles(part) if role and role.column}
    for part in spec.parts:
        _check_identifiers(part, fields, name, review)
    _check_choices(table, fields, named, missing, name, review)
    _tell_left_behind(table, fields, named, name, review)
    _tell_rows_left(table, spec.parts, name, review)
    loaded = []
    used: dict[str, int] = {}
    for part in spec.parts:
        label = f"{name}:{part.instrument or part.source.table}"
        used[label] = used.get(label, 0) + 1
        label = label if used[label] == 1 else f"{label} {used[label]}"
        rows = _part(table, part, label, review)
        loaded.append(LoadedSource(label, part.source, rows, missing, True))
    return loaded


def _roles(part: RedcapPart) -> list[Role | None]:
    source = part.source
    if isinstance(source, ParticipantsSource):
        return participant_roles(source)
    return long_roles(source)


def _join_checkboxes(
    table: TextTable, fields: Mapping[str, RedcapField], name: str, review: Review
) -> TextTable:
    """The table with one more column per checkbox: its ticked codes, joined by `;`."""
    columns, added = list(table.columns), []
    for field in fields.values():
        if field.kind != "checkbox":
            continue
        parts = [(code, field.checkbox_column(code)) for code in field.choices]
        there = [(code, table.column(c)) for code, c in parts if c in table.columns]
        if not there:
            continue
        for code, cells in there:
            bad = [r for r, c in zip(table.lines, cells, strict=True) if c not in ("0", "1", "")]
            review.bad_cells(
                name, field.checkbox_column(code), bad, "a checkbox is neither 0 nor 1",
                "the raw export, with codes and not labels",
            )  # fmt: skip
        ticked = zip(*(cells for _, cells in there), strict=True)
        codes = [code for code, _ in there]
        columns.append(field.name)
        added.append(
            [";".join(c for c, t in zip(codes, row, strict=True) if t == "1") for row in ticked]
        )
    rows = tuple(
        (*row, *more) for row, more in zip(table.rows, _transposed(added, table), strict=True)
    )
    return TextTable(table.path, tuple(columns), rows, table.lines, table.notes)


def _transposed(columns: Sequence[Sequence[str]], table: TextTable) -> list[tuple[str, ...]]:
    return list(zip(*columns, strict=True)) if columns else [()] * len(table.rows)


def _check_identifiers(
    part: RedcapPart, fields: Mapping[str, RedcapField], name: str, review: Review
) -> None:
    """An identifier may only give a date; anything else would carry it out."""
    columns = part.source.columns
    roles = {key: getattr(columns, key) for key in type(columns).model_fields}
    if isinstance(part.source, ParticipantsSource):
        named = {role.column: role for role in participant_roles(part.source) if role is not None}
        given = {role.column for role in roles.values() if role is not None}
        roles |= {f"values of {c}": role for c, role in named.items() if c not in given}
    for key, role in roles.items():
        field = fields.get(role.column or "") if role else None
        if field is not None and field.identifies and key not in _DATE_ROLES:
            review.bad_map(
                name,
                f"{key} reads {field.name}, which the data dictionary marks as an identifier, free "
                "text or a file",
                "fields that do not identify; of those that do, only dates, as days and ages",
            )


def _check_choices(
    table: TextTable,
    fields: Mapping[str, RedcapField],
    named: set[str],
    missing: frozenset[str],
    name: str,
    review: Review,
) -> None:
    """Cells of choice fields are codes of the dictionary, or declared missing codes."""
    for column in sorted(named & set(table.columns) & set(fields)):
        field = fields[column]
        if not field.choices or field.kind == "checkbox":
            continue
        allowed = {"", *field.choices, *missing}
        pairs = zip(table.lines, table.column(column), strict=True)
        review.bad_cells(
            name, column, [row for row, cell in pairs if cell not in allowed],
            "cells that are none of the field's choices in the data dictionary",
            "the raw export, with codes and not labels, of the same version as the dictionary",
        )  # fmt: skip


def _tell_left_behind(
    table: TextTable,
    fields: Mapping[str, RedcapField],
    named: set[str],
    name: str,
    review: Review,
) -> None:
    """One finding per column whose content goes nowhere."""
    parts = {
        field.checkbox_column(code): field.name
        for field in fields.values()
        if field.kind == "checkbox"
        for code in field.choices
    }
    for column in table.columns:
        if column in named or column in _KEYS or parts.get(column) in named or column in parts:
            continue
        field = fields.get(column)
        filled = sum(1 for cell in table.column(column) if cell)
        kept = f"{filled} of {len(table.rows)} rows had a value, none is kept"
        if field is not None and field.identifies:
            review.find(
                name, "identifier_dropped", f"an identifier, free text or a file: {kept}",
                column=column,
            )  # fmt: skip
        else:
            review.find(name, "column_not_carried", f"not in the column map: {kept}", column=column)


def _cells(table: TextTable, column: str) -> tuple[str, ...]:
    return table.column(column) if column in table.columns else ("",) * len(table.rows)


def _takes(part: RedcapPart, event: str, instrument: str) -> bool:
    return instrument == part.instrument and (not part.events or event in part.events)


def _tell_rows_left(
    table: TextTable, parts: Sequence[RedcapPart], name: str, review: Review
) -> None:
    """Rows of events and instruments that no part of the column map takes."""
    counts: dict[tuple[str, str], int] = {}
    for key in zip(_cells(table, _EVENT), _cells(table, _INSTRUMENT), strict=True):
        counts[key] = counts.get(key, 0) + 1
    for (event, instrument), count in counts.items():
        if not any(_takes(part, event, instrument) for part in parts):
            review.find(
                name, "rows_not_taken",
                f"{count} rows of event {event or '(none)'}, repeating instrument "
                f"{instrument or '(none)'}: no part of the column map takes them",
            )  # fmt: skip
    events = {event for event, _ in counts}
    for part in parts:
        unknown = sorted(set(part.events) - events)
        if unknown:
            review.bad_map(
                name, f"the export has no event {', '.join(unknown)}", "one of " + ", ".join(events)
            )


def _part(table: TextTable, part: RedcapPart, name: str, review: Review) -> TextTable:
    """The rows and columns of one part; records of participants get one row each."""
    columns = part.source.columns
    key = columns.participant_id or columns.sample_id
    wanted = {role.column for role in _roles(part) if role and role.column}
    places = [i for i, c in enumerate(table.columns) if c in wanted or c in _KEYS]
    told = [i for i, c in enumerate(table.columns) if c in wanted and c != (key and key.column)]
    rows, lines, n_empty = [], [], 0
    for row, line, event, instrument in zip(
        table.rows, table.lines, _cells(table, _EVENT), _cells(table, _INSTRUMENT), strict=True
    ):
        if not _takes(part, event, instrument):
            continue
        if any(row[i] for i in told):
            rows.append(tuple(row[i] for i in places))
            lines.append(line)
        else:
            n_empty += 1
    if n_empty:
        review.find(name, "empty_rows", f"{n_empty} rows have none of the fields asked for")
    found = TextTable(
        table.path, tuple(table.columns[i] for i in places), tuple(rows), tuple(lines), table.notes
    )
    if isinstance(part.source, ParticipantsSource) and key is not None and key.column:
        return _one_row_each(found, key.column, name, review)
    return found


def _one_row_each(table: TextTable, key: str, name: str, review: Review) -> TextTable:
    """One row per record from its rows of several events; what two events say must agree."""
    kept = [i for i, column in enumerate(table.columns) if column not in _KEYS]
    columns = tuple(table.columns[i] for i in kept)
    at = columns.index(key) if key in columns else 0
    merged: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    contradicting: dict[str, list[int]] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        cells = [row[i] for i in kept]
        first = merged.setdefault(cells[at], cells)
        lines.setdefault(cells[at], line)
        for i, cell in enumerate(cells):
            if cell and first[i] and cell != first[i]:
                contradicting.setdefault(columns[i], []).append(line)
            first[i] = first[i] or cell
    for column, rows in contradicting.items():
        review.bad_cells(
            name, column, rows, "a field has different values in several events of a record",
            "one value per record", "name the event to read in the part's `events`",
        )  # fmt: skip
    texts = tuple(tuple(cells) for cells in merged.values())
    return TextTable(table.path, columns, texts, tuple(lines.values()), table.notes)
