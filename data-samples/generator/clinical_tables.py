"""The clinical tables as a study office would send them: CSV with its usual blemishes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from .layout import stream
from .people import CHOLESTEROL_FACTOR, CONDITION_TITLES, DRUGS, LABS, Person
from .roster import Roster

PARTICIPANT_COLUMNS = [
    *["participant_id", "site", "sex", "birth_date", "age", "ancestry_reported"],
    *["family_id", "father_id", "mother_id", "zip", "enrolment_date", "smoking", "bmi"],
    *["consent", "note"],
]
MISSING_SPELLINGS = ("", "-9", "NA", None)


def number(value: float | None) -> str:
    """Return a number without superfluous zeros, blank for None."""
    return "" if value is None else f"{value:g}"


def csv_text(rows: list[list[str]], end: str = "\n") -> str:
    """Return rows as CSV with the given line end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def _participant_row(person: Person) -> list[str]:
    return [
        person.participant_id,
        str(person.member.site),
        "male" if person.male else "female",
        person.birth_date.isoformat(),
        str(person.age),
        person.ancestry_reported,
        person.family_id,
        person.father_id,
        person.mother_id,
        person.zip_code,
        person.enrolment.isoformat(),
        person.smoking,
        number(person.bmi),
        ";".join(person.consents),
        person.note,
    ]


def _lab_rows(people: list[Person], roster: Roster) -> list[list[str]]:
    """Return the results; the site-2 unit mix-up and the missing spellings happen here."""
    rng = stream("spellings")
    rows = [["participant_id", "date", "test", "loinc", "value", "unit"]]
    for person in people:
        mixed = person.member.index in roster.mixed_units
        for lab in person.labs:
            value = number(lab.value)
            if lab.value is None:
                spelling = MISSING_SPELLINGS[int(rng.integers(len(MISSING_SPELLINGS)))]
                if spelling is None:
                    continue
                value = spelling
            elif mixed and lab.name == "LDL":
                value = number(round(lab.value / CHOLESTEROL_FACTOR, 2))
            cells = [lab.day.isoformat(), lab.name, LABS[lab.name][0], lab.comparator + value]
            rows.append([person.participant_id, *cells, lab.unit])
    return rows


def duplicated_lab_row(rows: list[list[str]]) -> int:
    """Return the number of the laboratory row that is written twice."""
    return len(rows) // 3


def _conditions(people: list[Person]) -> list[list[str]]:
    rows = [["participant_id", "date", "icd10", "title", "status"]]
    for person in people:
        for c in person.conditions:
            title = CONDITION_TITLES[c.code]
            rows.append([person.participant_id, c.day.isoformat(), c.code, title, c.status])
    return rows


def _exposures(people: list[Person]) -> list[list[str]]:
    rows = [["participant_id", "kind", "rxnorm", "drug", "start_date", "end_date", "dose", "unit"]]
    for person in people:
        for d in person.drugs:
            cells = [d.code, DRUGS[d.code], d.start.isoformat(), d.end.isoformat(), str(d.dose)]
            rows.append([person.participant_id, "drug", *cells, "mg"])
    return rows


def _outcomes(people: list[Person]) -> list[list[str]]:
    rows = [["participant_id", "outcome", "kind", "value", "entry_date", "exit_date", "event"]]
    for person in people:
        status = "" if person.cad is None else str(int(person.cad))
        rows.append([person.participant_id, "cad", "binary", status, "", "", ""])
        dates = [person.entry.isoformat(), person.exit.isoformat(), str(person.event)]
        rows.append([person.participant_id, "heart_failure", "tte", "", *dates])
    return rows


def write_tables(people: list[Person], roster: Roster, folder: Path) -> dict[str, object]:
    """Write the five tables; return what the truth says about their blemishes."""
    folder.mkdir(parents=True, exist_ok=True)
    participants = [list(PARTICIPANT_COLUMNS), *map(_participant_row, people)]
    padded = [7, 90, 233]
    for row in padded:
        participants[row][1] += "  "
    participants.insert(151, list(participants[150]))
    (folder / "participants.csv").write_text(csv_text(participants), newline="")

    labs = _lab_rows(people, roster)
    copied = duplicated_lab_row(labs)
    labs.insert(copied + 1, list(labs[copied]))
    text = csv_text(labs, "\r\n")
    (folder / "labs.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())

    conditions = csv_text(_conditions(people)).splitlines(keepends=True)
    conditions.insert(40, "\n")
    (folder / "conditions.csv").write_text("".join(conditions), newline="")
    (folder / "exposures.csv").write_text(csv_text(_exposures(people)), newline="")
    (folder / "outcomes.csv").write_text(csv_text(_outcomes(people)), newline="")
    return {
        "participants_duplicate_row": {
            "participant_id": participants[150][0],
            "file_lines": [151, 152],
        },
        "participants_trailing_blanks_in_site": [
            participants[row if row < 151 else row + 1][0] for row in padded
        ],
        "labs_duplicate_row": {
            "cells": labs[copied],
            "file_lines": [copied + 1, copied + 2],
        },
        "labs_byte_order_mark_and_crlf": True,
        "conditions_blank_line": 41,
        "labs_missing_spellings": ["", "-9", "NA", "row absent"],
    }
