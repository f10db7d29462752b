"""What the tables of FHIR resources mean, as the column map would say it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from genocohort.io.clinical_fhir import FhirPeople, read_pieces, scan_people
from genocohort.io.fhir_elements import COLUMNS
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import FhirSource, expand_patterns
from genocohort.steps.clinical.loaded import AnySource, LoadedSource, RecordStream
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    ConditionColumns,
    ConditionsSource,
    ExposureColumns,
    ExposuresSource,
    LongSource,
    ObservationColumns,
    ObservationsSource,
    OutcomeColumns,
    OutcomesSource,
    ParticipantColumns,
    ParticipantsSource,
    Role,
)

_SEX = {word: word for word in ("male", "female", "other", "unknown")}
_NONE: frozenset[str] = frozenset()


def load_fhir(spec: FhirSource, name: str, review: Review) -> list[AnySource]:
    """The patients of a FHIR source, their deaths, and its records in pieces.

    Raises
    ------
    InputDataError
        A file cannot be read.
    """
    paths = expand_patterns(spec.paths)
    people = scan_people(
        paths,
        identifier_system=spec.identifier_system,
        ancestry_extension=spec.ancestry_extension,
    )
    path = Path(paths[0])
    patients = _patients(people, path, spec)
    loaded: list[AnySource] = [
        LoadedSource(name, _participants(spec, name), table, _NONE, True, {}, place)
        for place, table in _by_file(people, patients, name, len(paths))
    ]
    deaths = _deaths(people, path)
    if deaths.rows:
        label = f"{name}:death"
        loaded.append(LoadedSource(label, _outcomes(spec, label), deaths, _NONE, True))
    loaded.append(RecordStream(name, lambda: _records(spec, name, paths, people, review)))
    return loaded


def _place(name: str, number: int, n_files: int) -> str:
    """Which file, by its number: a file's name may be a patient's."""
    return name if n_files == 1 else f"{name}, file {number}"


def _records(
    spec: FhirSource, name: str, paths: tuple[str, ...], people: FhirPeople, review: Review
) -> Iterator[LoadedSource]:
    meanings: tuple[tuple[str, LongSource], ...] = (
        ("Observation", _observations(spec, name)),
        ("Condition", _conditions(spec, name)),
        ("Exposure", _exposures(spec, name)),
    )
    others: Counter[str] = Counter()
    not_carried: Counter[str] = Counter()
    for piece in read_pieces(paths, people):
        others += piece.others
        not_carried += piece.not_carried
        place = _place(name, piece.file, len(paths))
        left_out = dict(piece.left_out)
        for kind, meaning in meanings:
            table = piece.table(kind, Path(paths[piece.file - 1]))
            yield LoadedSource(name, meaning, table, _NONE, True, left_out, place)
            left_out = {}
    for kind, count in sorted(others.items()):
        review.find(name, "not_read", f"{count} resources of type {kind} are not read")
    for element, count in sorted(not_carried.items()):
        review.find(
            name, "not_carried", f"{count} elements {element}: free text or no one number or day",
            column=element,
        )  # fmt: skip


def _patients(people: FhirPeople, path: Path, spec: FhirSource) -> TextTable:
    """The table of patients, with their index date and the end of their participation."""
    by_encounter = spec.index == "first_encounter"
    rows = tuple(
        (
            *row,
            people.first_encounter.get(row[0], "") if by_encounter else "",
            people.in_study.get(row[0], ("", ""))[1],
        )
        for _, _, row in people.patients
    )
    lines = tuple(number for _, number, _ in people.patients)
    return TextTable(path, (*COLUMNS["Patient"], "index_date", "end"), rows, lines)


def _by_file(
    people: FhirPeople, table: TextTable, name: str, n_files: int
) -> Iterator[tuple[str, TextTable]]:
    """The patients of each file apart, so that a row can be found."""
    for number in sorted({n for n, _, _ in people.patients}):
        kept = [i for i, (n, _, _) in enumerate(people.patients) if n == number]
        rows, lines = (tuple(given[i] for i in kept) for given in (table.rows, table.lines))
        yield (
            _place(name, number, n_files),
            TextTable(table.path, table.columns, rows, lines),  # type: ignore[arg-type]
        )


def _deaths(people: FhirPeople, path: Path) -> TextTable:
    """The outcome `death` of who died, or took part in a study to a known end."""
    rows, lines = [], []
    for _, number, row in people.patients:
        participant, deceased = row[0], row[-1]
        start, end = people.in_study.get(participant, ("", ""))
        if not deceased and not end:
            continue
        known = "" if deceased == "unknown" else deceased
        rows.append((participant, start, known if deceased else end, "1" if deceased else "0"))
        lines.append(number)
    return TextTable(path, ("id", "entry", "exit", "event"), tuple(rows), tuple(lines))


def _participants(spec: FhirSource, name: str) -> ParticipantsSource:
    by_encounter = spec.index == "first_encounter"
    columns = ParticipantColumns(
        participant_id=Role(column="id"),
        site=Role(column="site", codes=spec.site_codes or None),
        sex_recorded=Role(column="gender", codes=_SEX),
        birth_date=Role(column="birthDate", date_format="partial"),
        ancestry_reported=Role(column="ancestry"),
        index_date=Role(column="index_date") if by_encounter else None,
        followup_end=Role(column="end", date_format="partial"),
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


def _exposures(spec: FhirSource, name: str) -> ExposuresSource:
    columns = ExposureColumns(
        participant_id=Role(column="subject"), kind=Role(column="kind"), code=Role(column="code"),
        code_source=Role(column="code_source"),
        code_system=Role(column="system"), start_date=Role(column="start"),
        end_date=Role(column="end"), dose=Role(column="dose"), dose_unit=Role(column="unit"),
    )  # fmt: skip
    return ExposuresSource(
        table="exposures", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )


def _outcomes(spec: FhirSource, name: str) -> OutcomesSource:
    columns = OutcomeColumns(
        participant_id=Role(column="id"), outcome=Role(value="death"), kind=Role(value="tte"),
        entry_date=Role(column="entry"), exit_date=Role(column="exit"), event=Role(column="event"),
    )  # fmt: skip
    return OutcomesSource(
        table="outcomes", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )
