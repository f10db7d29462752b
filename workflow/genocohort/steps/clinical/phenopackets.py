"""What the tables of phenopackets mean, as the column map would say it."""

from pathlib import Path

from genocohort.io.clinical_phenopackets import COLUMNS, PhenopacketTables, Row, read_phenopackets
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import PhenopacketSource
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
    OutcomeColumns,
    OutcomesSource,
    ParticipantColumns,
    ParticipantsSource,
    Role,
)

_SEX = {
    "MALE": "male", "FEMALE": "female", "OTHER_SEX": "other", "UNKNOWN_SEX": "unknown",
}  # fmt: skip
_DAYS_PER_YEAR = 365.25


def load_phenopackets(spec: PhenopacketSource, name: str, review: Review) -> list[LoadedSource]:
    """The phenopackets of a source as tables with their meaning.

    Raises
    ------
    InputDataError
        A file cannot be read.
    """
    tables = read_phenopackets(spec.paths, spec.participant_id)
    _tell(tables, name, review)
    path = Path(spec.paths[0])
    n_derived = _days_from_ages(tables, spec.index == "last_encounter")
    if n_derived:
        review.find(
            name, "day_from_age", f"{n_derived} days are differences of ages, at {_DAYS_PER_YEAR} "
            "days a year: as exact as the ages",
        )  # fmt: skip
    none: frozenset[str] = frozenset()
    subjects = _text(tables, "subjects", path)
    loaded = [LoadedSource(name, _participants(spec, name), subjects, none, True)]
    deaths = _deaths(tables, path)
    if deaths.rows:
        label = f"{name}:death"
        loaded.append(LoadedSource(label, _outcomes(spec, label), deaths, none, True))
    rest: tuple[tuple[str, LongSource], ...] = (
        ("features", _conditions(spec)),
        ("measurements", _observations(spec)),
        ("treatments", _exposures(spec)),
    )
    for kind, meaning in rest:
        label = f"{name}:{kind}"
        named = meaning.model_copy(update={"name": label})
        loaded.append(LoadedSource(label, named, _text(tables, kind, path), none, True))
    return loaded


def _text(tables: PhenopacketTables, kind: str, path: Path) -> TextTable:
    rows = tables.rows[kind]
    # The number of the phenopacket and of the row in it keep equal records of one person apart.
    columns = (*COLUMNS[kind], "row") if kind != "subjects" else COLUMNS[kind]
    texts = [(*row, str(n)) if kind != "subjects" else row for n, (_, row) in enumerate(rows)]
    return TextTable(path, columns, tuple(texts), tuple(number for number, _ in rows))


def _deaths(tables: PhenopacketTables, path: Path) -> TextTable:
    """The outcome `death`, to the last encounter of who is not known to have died."""
    rows, lines = [], []
    for number, (name, _, _, last, _, _, deceased) in tables.rows["subjects"]:
        if deceased or last:
            known = "" if deceased == "unknown" else deceased
            rows.append((name, known if deceased else last, "1" if deceased else "0"))
            lines.append(number)
    return TextTable(path, ("id", "exit", "event"), tuple(rows), tuple(lines))


def _tell(tables: PhenopacketTables, name: str, review: Review) -> None:
    if tables.no_time:
        review.find(
            name, "no_exact_time", f"{tables.no_time} times are phases of life or ranges of age, "
            "which give no day",
        )  # fmt: skip
    for kind, count in sorted(tables.not_read.items()):
        review.find(name, "not_read", f"{count} medical actions of kind {kind} are not read")


def _days_from_ages(tables: PhenopacketTables, to_last: bool) -> int:
    """Replace ages of records by days from the last encounter's age; how many there were."""
    last = {row[0]: float(row[4]) for _, row in tables.rows["subjects"] if row[4]}
    n_derived = 0
    for kind, places in (("features", (2, 4)), ("measurements", (2,))):
        rows = []
        for number, row in tables.rows[kind]:
            cells = list(row)
            for at in places:
                known = cells[at] and to_last and row[0] in last
                day = round((float(cells[at]) - last[row[0]]) * _DAYS_PER_YEAR) if known else None
                cells[at] = "" if day is None else str(day)
                n_derived += day is not None
            changed: Row = tuple(cells)
            rows.append((number, changed))
        tables.rows[kind] = rows
    return n_derived


def _participants(spec: PhenopacketSource, name: str) -> ParticipantsSource:
    by_encounter = spec.index == "last_encounter"
    index = {"last_encounter": "last_date", "first_biosample": "collected"}.get(spec.index)
    columns = ParticipantColumns(
        participant_id=Role(column="id"),
        sex_recorded=Role(column="sex", codes=_SEX),
        birth_date=Role(column="birth", date_format="partial"),
        age_years=Role(column="last_age") if by_encounter else None,
        index_date=Role(column=index) if index else None,
        followup_end=Role(column="last_date"),
    )
    return ParticipantsSource(table="participants", path=spec.paths[0], name=name, columns=columns)


def _conditions(spec: PhenopacketSource) -> ConditionsSource:
    columns = ConditionColumns(
        participant_id=Role(column="id"), start_date=Role(column="start"),
        start_day=Role(column="start_age"), end_date=Role(column="end"),
        end_day=Role(column="end_age"), code=Role(column="code"),
        code_system=Role(column="system"), status=Role(column="status"),
    )  # fmt: skip
    return ConditionsSource(
        table="conditions", path=spec.paths[0], date_format="partial", columns=columns
    )


def _observations(spec: PhenopacketSource) -> ObservationsSource:
    columns = ObservationColumns(
        participant_id=Role(column="id"), date=Role(column="date"), day=Role(column="age"),
        code=Role(column="code"), code_system=Role(column="system"), value=Role(column="value"),
        unit=Role(column="unit"), value_code=Role(column="value_code"),
        ref_low=Role(column="ref_low"), ref_high=Role(column="ref_high"),
        status=Role(column="status"),
    )  # fmt: skip
    return ObservationsSource(
        table="observations", path=spec.paths[0], date_format="partial", columns=columns
    )


def _exposures(spec: PhenopacketSource) -> ExposuresSource:
    columns = ExposureColumns(
        participant_id=Role(column="id"), kind=Role(column="kind"), code=Role(column="code"),
        code_system=Role(column="system"), start_date=Role(column="start"),
        end_date=Role(column="end"), dose=Role(column="dose"), dose_unit=Role(column="unit"),
    )  # fmt: skip
    return ExposuresSource(
        table="exposures", path=spec.paths[0], date_format="partial", columns=columns
    )


def _outcomes(spec: PhenopacketSource, name: str) -> OutcomesSource:
    columns = OutcomeColumns(
        participant_id=Role(column="id"), outcome=Role(value="death"), kind=Role(value="tte"),
        exit_date=Role(column="exit"), event=Role(column="event"),
    )  # fmt: skip
    return OutcomesSource(
        table="outcomes", path=spec.paths[0], name=name, date_format="partial", columns=columns
    )
