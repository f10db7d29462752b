"""Calendar dates on their way in: strict formats, partial dates, completed years of age."""

import re
from dataclasses import dataclass
from datetime import date, datetime

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?", re.ASCII)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# What spreadsheets make of a gene, a code or a range they took for a date: 2-Sep, Sep-02, 1-Mar-08.
_MANGLED = re.compile(rf"(?:\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2,4}})", re.IGNORECASE)
LAST_EXACT_AGE = 89
TOP_CODE = 90


@dataclass(frozen=True)
class PartialDate:
    """A date known to the day, the month or the year, as FHIR allows."""

    year: int
    month: int | None = None
    day: int | None = None

    @property
    def precision(self) -> str:
        """`day`, `month` or `year`."""
        if self.month is None:
            return "year"
        return "month" if self.day is None else "day"

    @property
    def earliest(self) -> date:
        """The first day it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it can mean."""
        if self.day is not None:
            return self.earliest
        month = self.month or 12
        following = date(self.year + month // 12, month % 12 + 1, 1)
        return date.fromordinal(following.toordinal() - 1)


def parse_partial_date(text: str) -> PartialDate | None:
    """Read YYYY, YYYY-MM, YYYY-MM-DD or a date-time; None where it is no date of the calendar."""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    partial = PartialDate(*parts)
    try:
        _ = partial.earliest, partial.latest
    except ValueError:
        return None
    return partial


def parse_date(text: str, date_format: str) -> date | None:
    """Read a date in exactly one format; None where the text is anything else.

    Parameters
    ----------
    text : str
        The cell. For the ISO format a time of day after `T` or a blank is cut off.
    date_format : str
        As for `datetime.strptime`, or `excel` for the serial numbers of a spreadsheet's 1900
        calendar (day 60 of it does not exist).
    """
    if date_format == "excel":
        return _excel_date(text)
    if date_format == "%Y-%m-%d":
        partial = parse_partial_date(text.replace(" ", "T", 1))
        return partial.earliest if partial is not None and partial.day is not None else None
    try:
        return datetime.strptime(text, date_format).date()
    except ValueError:
        return None


def _excel_date(text: str) -> date | None:
    serial = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= serial <= 2_958_465 or serial == 60:
        return None
    return date.fromordinal(date(1899, 12, 30).toordinal() + serial + (serial < 60))


def is_mangled(text: str) -> bool:
    """Whether a cell looks like something a spreadsheet has turned into a date."""
    return _MANGLED.fullmatch(text) is not None


def completed_years(birth: date, on: date) -> int:
    """Age in completed years; someone born on 29 February turns older on 1 March."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def age_bounds(birth: PartialDate, on: date) -> tuple[int, int] | None:
    """Smallest and largest age in completed years that a partial birth date allows.

    Returns
    -------
    tuple of int or None
        None where every possible birth date is after `on`. A birth date that may be after it
        counts with age 0.
    """
    if birth.earliest > on:
        return None
    youngest = completed_years(min(birth.latest, on), on)
    return youngest, completed_years(birth.earliest, on)
