"""Read the list by which a person signs off findings about samples."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from genocohort.errors import GenocohortError, InputDataError, Problems
from genocohort.io.text_table import read_text_table

Verdict = Literal["pass", "warn", "fail"]
COLUMNS = ("sample_id", "finding", "verdict", "signed_by", "date", "reason")


@dataclass(frozen=True)
class SignOff:
    """A person's decision about one finding of one sample.

    `finding` is a metric of sample_qc/reasons, or `manual` for a finding of the person's own.
    """

    sample_id: str
    finding: str
    verdict: Verdict
    signed_by: str
    date: str
    reason: str


def read_sign_offs(path: Path, samples: Collection[str]) -> tuple[SignOff, ...]:
    """Read a CSV or TSV with the columns COLUMNS; every cell must be filled.

    Raises
    ------
    Problems
        Every problem found: a column missing, a cell empty, a sample that is not in the sheet, a
        finding signed off twice, another verdict than pass, warn or fail, a date that is none.
    """
    table = read_text_table(path)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise Problems([
            InputDataError(
                "the list of sign-offs lacks a column", where=str(path), offenders=missing,
                expected="columns " + ", ".join(COLUMNS),
            )
        ])  # fmt: skip
    problems: list[GenocohortError] = []
    read: dict[tuple[str, str], SignOff] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        row = dict(zip(table.columns, cells, strict=True))
        where = f"{path}, line {line}"
        found = _check(row, where, samples)
        key = (row["sample_id"], row["finding"])
        if key in read:
            found.append(
                InputDataError(
                    "a finding is signed off twice", where=where, offenders=[row["finding"]],
                    remedy="keep the row that counts",
                )
            )  # fmt: skip
        problems += found
        if not found:
            read[key] = SignOff(**{name: row[name] for name in COLUMNS})  # type: ignore[arg-type]
    if problems:
        raise Problems(problems)
    return tuple(read.values())


def _check(row: dict[str, str], where: str, samples: Collection[str]) -> list[GenocohortError]:
    found: list[GenocohortError] = [
        InputDataError("a cell is empty", where=f"{where}, column {name}")
        for name in COLUMNS
        if not row[name]
    ]
    if row["sample_id"] and row["sample_id"] not in samples:
        found.append(
            InputDataError(
                "the sample is not in the sample sheet",
                where=f"{where}, column sample_id",
                remedy="correct the id, or remove the row",
            )
        )
    if row["verdict"] and row["verdict"] not in get_args(Verdict):
        found.append(
            InputDataError(
                "unknown verdict",
                where=f"{where}, column verdict",
                offenders=[row["verdict"]],
                expected="pass, warn or fail",
            )
        )
    try:
        is_date = not row["date"] or bool(date.fromisoformat(row["date"]))
    except ValueError:
        is_date = False
    if not is_date:
        found.append(
            InputDataError(
                "cannot read the date",
                where=f"{where}, column date",
                offenders=[row["date"]],
                expected="a day as 2026-01-31",
            )
        )
    return found
