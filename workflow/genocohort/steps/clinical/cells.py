"""Turn the text cells of one source into codes, numbers and dates, strictly as declared."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from genocohort.domain.dates import PartialDate, is_mangled, parse_date, parse_partial_date
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import Role

T = TypeVar("T")
_NUMBER = re.compile(
    r"(?P<comparator>[<>]=?|≤|≥)?\s*(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)",
    re.ASCII,
)
_COMMA_NUMBER = re.compile(r"(?:[<>]=?|≤|≥)?\s*[+-]?\d[\d.]*,\d+(?:[eE][+-]?\d+)?")
_COMPARATORS = {None: "", "≤": "<=", "≥": ">="}
_PARTIAL = "partial"


@dataclass(frozen=True)
class Number:
    """A number as written, with what limits it (`<`, `<=`, `>`, `>=` or "")."""

    value: float
    comparator: str = ""


@dataclass(frozen=True)
class SourceTable:
    """A table of text with what its source declares about its cells."""

    name: str
    table: TextTable
    missing: frozenset[str]
    date_format: str = "%Y-%m-%d"
    decimal: str = "."
    place: str = ""

    @property
    def where(self) -> str:
        """The source as messages name it, with its file where it has several."""
        return self.place or self.name


def parse_number(text: str, decimal: str = ".") -> Number | None:
    """Read a number with an optional comparator; None for anything else (`nan`, `1_000`, `5,4`)."""
    if decimal == ",":
        text = text.replace(",", ".")
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign = match["comparator"]
    return Number(float(match["number"]), _COMPARATORS.get(sign, sign))


def read_texts(source: SourceTable, role: Role | None, review: Review) -> list[str | None]:
    """The cells of a role with declared missing codes as None and declared codings applied."""
    n = len(source.table.rows)
    if role is None:
        return [None] * n
    if role.column is None:
        return [role.value] * n
    if role.column not in source.table.columns:
        review.bad_map(
            source.name,
            f"the file has no column {role.column}",
            "one of " + ", ".join(source.table.columns),
        )
        return [None] * n
    missing = source.missing if role.missing is None else frozenset(role.missing)
    cells = source.table.column(role.column)
    texts: list[str | None] = [c if c and c not in missing else None for c in cells]
    codes = role.codes
    if codes is None:
        return texts
    _check_codes(source, role.column, codes, [[] if t is None else [t] for t in texts], review)
    return [None if text is None else codes.get(text) for text in texts]


def _check_codes(
    source: SourceTable,
    column: str,
    codes: Mapping[str, str],
    cells: Sequence[Sequence[str]],
    review: Review,
) -> None:
    bad = [
        row for row, parts in zip(source.table.lines, cells, strict=True) if set(parts) - set(codes)
    ]
    review.bad_cells(
        source.where, column, bad, "the cells hold codes that are not declared",
        "one of the declared codes " + ", ".join(codes) + ", or a declared missing code",
    )  # fmt: skip


def read_lists(
    source: SourceTable, role: Role | None, review: Review
) -> list[tuple[str, ...] | None]:
    """The cells of a role as lists, parted at `;`; a declared coding holds for each part."""
    if role is None or role.column is None:
        texts = read_texts(source, role, review)
    else:
        texts = read_texts(source, role.model_copy(update={"codes": None}), review)
    lists = [
        None if t is None else tuple(p.strip() for p in t.split(";") if p.strip()) for t in texts
    ]
    if role is None or role.column is None or role.codes is None:
        return lists
    codes = role.codes
    _check_codes(source, role.column, codes, [parts or () for parts in lists], review)
    return [None if p is None else tuple(codes[c] for c in p if c in codes) for p in lists]


def _parse_all(
    texts: Sequence[str | None], parse: Callable[[str], T | None]
) -> tuple[list[T | None], list[int]]:
    """Parsed cells, and the indices of those that could not be parsed; equal cells parse once."""
    seen: dict[str, T | None] = {t: parse(t) for t in dict.fromkeys(texts) if t is not None}
    values = [None if text is None else seen[text] for text in texts]
    bad = [
        i for i, (t, v) in enumerate(zip(texts, values, strict=True)) if t is not None and v is None
    ]
    return values, bad


def read_numbers(source: SourceTable, role: Role | None, review: Review) -> list[Number | None]:
    """The cells of a role as numbers; commas and mangled cells are problems apart."""
    texts = read_texts(source, role, review)
    values, bad = _parse_all(texts, lambda text: parse_number(text, source.decimal))
    if not bad or role is None:
        return values
    kinds: dict[str, list[int]] = {"comma": [], "date": [], "other": []}
    for index in bad:
        text = texts[index] or ""
        comma = source.decimal == "." and _COMMA_NUMBER.fullmatch(text)
        dated = is_mangled(text) or parse_date(text, "%Y-%m-%d")
        kind = "comma" if comma else "date" if dated else "other"
        kinds[kind].append(source.table.lines[index])
    column = role.column or "(fixed value)"
    review.bad_cells(
        source.where, column, kinds["comma"], "numbers with a comma",
        "a decimal point and no thousands separator",
        "write decimal points, or declare `decimal: \",\"` for the source",
    )  # fmt: skip
    review.bad_cells(
        source.where, column, kinds["date"], "a spreadsheet has turned numbers into dates",
        "numbers", "restore the cells from the original and format the column as text first",
    )  # fmt: skip
    review.bad_cells(
        source.where, column, kinds["other"], "cells that are no numbers",
        "a number, `<` or `>` and a number, or a declared missing code",
    )  # fmt: skip
    return values


def read_coded_numbers(source: SourceTable, role: Role, review: Review) -> list[Number | None]:
    """The cells of a role as numbers, through its declared coding if it has one."""
    if role.codes is None:
        return read_numbers(source, role, review)
    texts = read_texts(source, role, review)
    return [None if text is None else Number(float(text)) for text in texts]


def read_whole_numbers(source: SourceTable, role: Role | None, review: Review) -> list[int | None]:
    """The cells of a role as whole numbers."""
    numbers = read_numbers(source, role, review)
    bad = [
        source.table.lines[i]
        for i, number in enumerate(numbers)
        if number is not None and (number.comparator or not number.value.is_integer())
    ]
    if role is not None:
        review.bad_cells(
            source.where,
            role.column or "",
            bad,
            "cells that are no whole numbers",
            "a whole number",
        )  # fmt: skip
    return [None if n is None or not n.value.is_integer() else int(n.value) for n in numbers]


def read_dates(source: SourceTable, role: Role | None, review: Review) -> list[int | None]:
    """The cells of a role as proleptic ordinals of their days.

    With the format `partial`, a date without a day is None and told as a finding.
    """
    partial = read_birth_dates(source, role, review)
    if role is not None and (role.date_format or source.date_format) == _PARTIAL:
        for row, value in zip(source.table.lines, partial, strict=True):
            if value is not None and value.day is None:
                review.find(
                    source.name, "partial_date", "a date without its day gives no day",
                    row=row, column=role.column or "",
                )  # fmt: skip
    return [
        None if value is None or value.day is None else value.earliest.toordinal()
        for value in partial
    ]


def read_birth_dates(
    source: SourceTable, role: Role | None, review: Review
) -> list[PartialDate | None]:
    """The cells of a role as dates with their precision; anything else is a problem."""
    texts = read_texts(source, role, review)
    if role is None:
        return [None] * len(texts)
    chosen = role.date_format or source.date_format

    def parse(text: str) -> PartialDate | None:
        if chosen == _PARTIAL:
            return parse_partial_date(text)
        found = parse_date(text, chosen)
        return None if found is None else PartialDate(found.year, found.month, found.day)

    values, bad = _parse_all(texts, parse)
    shown = "YYYY, YYYY-MM or YYYY-MM-DD" if chosen == _PARTIAL else chosen
    review.bad_cells(
        source.where, role.column or "(fixed value)", [source.table.lines[i] for i in bad],
        "cells that are no dates of the calendar in the declared format", f"dates as {shown}",
        "correct them, or declare the column's date_format (day and month are never guessed)",
    )  # fmt: skip
    return values


class SeenRows:
    """Which rows earlier pieces of a source had, at 16 bytes a row."""

    def __init__(self) -> None:
        # Sorted blocks, each larger than the next: few to look through, few to merge.
        self._blocks: list[npt.NDArray[np.bytes_]] = []

    def add(self, rows: Sequence[tuple[str, ...]]) -> npt.NDArray[np.bool_]:
        """Add the rows of a piece; which of them were there before it."""
        digests = np.array(
            [blake2b("\x1f".join(row).encode(), digest_size=16).digest() for row in rows],
            dtype="S16",
        )
        seen = np.zeros(len(digests), dtype=np.bool_)
        for block in self._blocks:
            at = np.minimum(np.searchsorted(block, digests), len(block) - 1)
            seen |= block[at] == digests
        if len(digests):
            self._blocks.append(np.unique(digests))
        while len(self._blocks) > 1 and len(self._blocks[-1]) >= len(self._blocks[-2]):
            last = self._blocks.pop()
            self._blocks[-1] = np.union1d(self._blocks[-1], last)
        return seen


def drop_duplicate_rows(
    source: SourceTable, review: Review, earlier: SeenRows | None = None
) -> SourceTable:
    """Leave out rows whose every cell equals an earlier row's; each is counted and told.

    Parameters
    ----------
    source : SourceTable
    review : Review
    earlier : SeenRows, optional
        Rows of the earlier pieces of the source; this piece's are added.
    """
    table = source.table
    seen = earlier.add(table.rows) if earlier is not None else None
    first: dict[tuple[str, ...], int] = {}
    kept: list[int] = []
    for index, (row, line) in enumerate(zip(table.rows, table.lines, strict=True)):
        said = f"the same as row {first[row]}: left out" if row in first else ""
        if not said and seen is not None and seen[index]:
            said = "the same as an earlier row: left out"
        if said:
            review.drop(source.name, "duplicate row")
            review.find(source.name, "duplicate_row", said, row=line)
        else:
            first[row] = line
            kept.append(index)
    if len(kept) == len(table.rows):
        return source
    return select_rows(source, kept)


def select_rows(source: SourceTable, kept: Sequence[int]) -> SourceTable:
    """The source with some of its rows, by index."""
    table = source.table
    smaller = TextTable(
        table.path,
        table.columns,
        tuple(table.rows[i] for i in kept),
        tuple(table.lines[i] for i in kept),
        table.notes,
    )
    return replace(source, table=smaller)
