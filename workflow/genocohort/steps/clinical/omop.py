"""The tables of the OMOP CDM 5.4 as tables of text with their meaning: people and follow-up."""

from pathlib import Path

from genocohort.io.omop_tables import OmopTables
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.format_sources import OmopSource
from genocohort.steps.clinical.loaded import AnySource, LoadedSource
from genocohort.steps.clinical.omop_concepts import count_zero
from genocohort.steps.clinical.omop_records import load_records
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import (
    OutcomeColumns,
    OutcomesSource,
    ParticipantColumns,
    ParticipantsSource,
    Role,
)

_SEX = {"8507": "male", "8532": "female", "8521": "other", "8551": "unknown", "0": "unknown"}
_BORN = ("year_of_birth", "month_of_birth", "day_of_birth")
Period = tuple[str, str]


def load_omop(spec: OmopSource, name: str, review: Review) -> list[AnySource]:
    """The OMOP tables of a source as tables with their meaning.

    Raises
    ------
    InputDataError
        A file cannot be read or lacks a column of the CDM.
    """
    tables = OmopTables(spec.files(), spec.database)
    person = tables.read(
        "person", ("person_id", "gender_concept_id", "year_of_birth"),
        ("month_of_birth", "day_of_birth", "care_site_id", "person_source_value"),
    )  # fmt: skip
    ids = dict(zip(person.column("person_id"), person.column(spec.participant_id), strict=True))
    periods = _periods(tables)
    deaths = _deaths(tables)
    ends = {key: end for key, (_, end) in periods.items()} | deaths
    loaded: list[AnySource] = [_load_person(spec, name, tables, person, ids, ends, review)]
    loaded += load_records(spec, name, tables, ids, review)
    if periods or deaths:
        loaded.append(_load_death(name, tables, ids, periods, deaths))
    return loaded


def _load_person(
    spec: OmopSource,
    name: str,
    tables: OmopTables,
    person: TextTable,
    ids: dict[str, str],
    ends: dict[str, str],
    review: Review,
) -> LoadedSource:
    genders = person.column("gender_concept_id")
    count_zero(name, "gender_concept_id", genders, review)
    first = _first_visits(tables)
    born = zip(*(person.column(part) for part in _BORN), strict=True)
    rows = tuple(
        (ids[key], gender, _birth(*parts), site, first.get(key, ""), ends.get(key, ""))
        for key, gender, parts, site in zip(
            person.column("person_id"), genders, born, person.column("care_site_id"), strict=True
        )
    )
    columns = ("person", "gender_concept_id", "birth", "site", "index", "end")
    table = TextTable(person.path, columns, rows, person.lines)
    roles = ParticipantColumns(
        participant_id=Role(column="person"),
        sex_recorded=Role(column="gender_concept_id", codes=_SEX),
        birth_date=Role(column="birth", date_format="partial"),
        site=Role(column="site", codes=spec.site_codes or None),
        index_date=Role(column="index") if "visit_occurrence" in tables else None,
        followup_end=Role(column="end"),
    )
    meaning = ParticipantsSource(
        table="participants", path=str(person.path), name=name, columns=roles
    )
    return LoadedSource(name, meaning, table, frozenset(), True)


def _birth(year: str, month: str, day: str) -> str:
    parts = [year.zfill(4), month.zfill(2), day.zfill(2)]
    known = 3 if month and day else 2 if month else 1
    return "-".join(parts[:known]) if year else ""


def _first_visits(tables: OmopTables) -> dict[str, str]:
    """Start of the first visit of each person, which is the index date."""
    first: dict[str, str] = {}
    if "visit_occurrence" in tables:
        for _, (key, day) in tables.rows("visit_occurrence", ("person_id", "visit_start_date")):
            if day:
                first[key] = min(first.get(key, day), day)
    return first


def _periods(tables: OmopTables) -> dict[str, Period]:
    """From the first start to the last end of each person's observation periods."""
    found: dict[str, Period] = {}
    if "observation_period" not in tables:
        return found
    columns = ("person_id", "observation_period_start_date", "observation_period_end_date")
    for _, (key, start, end) in tables.rows("observation_period", columns):
        earliest, latest = found.get(key, (start, end))
        found[key] = (min(earliest, start), max(latest, end))
    return found


def _deaths(tables: OmopTables) -> dict[str, str]:
    if "death" not in tables:
        return {}
    return {key: day for _, (key, day) in tables.rows("death", ("person_id", "death_date")) if day}


def _load_death(
    name: str,
    tables: OmopTables,
    ids: dict[str, str],
    periods: dict[str, Period],
    deaths: dict[str, str],
) -> LoadedSource:
    """The outcome `death`: at risk through the observation periods, to the death if there is one.

    Who has a death and no period is at risk from the index date.
    """
    rows = tuple(
        (
            ids.get(key, key),
            periods.get(key, ("", ""))[0],
            deaths.get(key) or periods[key][1],
            "1" if key in deaths else "0",
        )
        for key in dict.fromkeys((*periods, *deaths))
    )
    label = f"{name}:death"
    path = tables.place("death" if "death" in tables else "observation_period")
    text = TextTable(
        Path(path), ("person", "entry", "exit", "event"), rows, tuple(range(1, len(rows) + 1))
    )
    roles = OutcomeColumns(
        participant_id=Role(column="person"), outcome=Role(value="death"), kind=Role(value="tte"),
        entry_date=Role(column="entry"), exit_date=Role(column="exit"), event=Role(column="event"),
    )  # fmt: skip
    meaning = OutcomesSource(table="outcomes", path=path, name=label, columns=roles)
    return LoadedSource(label, meaning, text, frozenset(), True)
