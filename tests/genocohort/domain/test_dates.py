"""Dates: strict formats, partial dates, ages."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.domain.dates import (
    PartialDate,
    age_bounds,
    completed_years,
    is_mangled,
    parse_date,
    parse_partial_date,
)


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        ("2012-03-04", "%Y-%m-%d", date(2012, 3, 4)),
        ("2012-03-04T10:00:00+01:00", "%Y-%m-%d", date(2012, 3, 4)),
        ("2012-03-04 10:00", "%Y-%m-%d", date(2012, 3, 4)),
        ("04/03/2012", "%Y-%m-%d", None),
        ("04/03/2012", "%d/%m/%Y", date(2012, 3, 4)),
        ("2012-3-4", "%Y-%m-%d", None),
        ("2012-03", "%Y-%m-%d", None),
        ("2011-02-29", "%Y-%m-%d", None),
        ("40972", "excel", date(2012, 3, 4)),
        ("1", "excel", date(1900, 1, 1)),
        ("60", "excel", None),
        ("61", "excel", date(1900, 3, 1)),
        ("2012", "excel", date(1905, 7, 4)),
        ("x", "excel", None),
    ],
)
def test_parse_date(text: str, date_format: str, expected: date | None) -> None:
    assert parse_date(text, date_format) == expected


@pytest.mark.parametrize(
    "text", ["1980-13-45", "80", "1980-1", "", "0000", "1980-02-30", "unknown"]
)
def test_no_partial_date(text: str) -> None:
    assert parse_partial_date(text) is None


def test_precision_and_range() -> None:
    year, month = parse_partial_date("1980"), parse_partial_date("1980-02")
    assert year is not None
    assert month is not None
    assert (year.precision, year.earliest, year.latest) == (
        "year", date(1980, 1, 1), date(1980, 12, 31),
    )  # fmt: skip
    assert (month.precision, month.latest) == ("month", date(1980, 2, 29))
    assert PartialDate(1980, 12).latest == date(1980, 12, 31)


@pytest.mark.parametrize("text", ["2-Sep", "Sep-02", "1-Mar-08", "DEC-1999"])
def test_mangled(text: str) -> None:
    assert is_mangled(text)


@pytest.mark.parametrize("text", ["2", "S-02", "2-Septem", "MAR1", "2012-03-04"])
def test_not_mangled(text: str) -> None:
    assert not is_mangled(text)


def test_leap_day_birthday() -> None:
    born = date(2000, 2, 29)
    assert completed_years(born, date(2001, 2, 28)) == 0
    assert completed_years(born, date(2001, 3, 1)) == 1


def test_birth_after_the_index_date() -> None:
    assert age_bounds(PartialDate(2021), date(2020, 6, 14)) is None
    assert age_bounds(PartialDate(2020), date(2020, 6, 14)) == (0, 0)


@given(
    st.integers(1900, 2010), st.integers(1, 12), st.booleans(),
    st.dates(date(2011, 1, 1), date(2030, 1, 1)),
)  # fmt: skip
def test_bounds_hold_for_every_day(year: int, month: int, whole_year: bool, on: date) -> None:
    birth = PartialDate(year) if whole_year else PartialDate(year, month)
    days = [
        birth.earliest + timedelta(days=n) for n in range((birth.latest - birth.earliest).days + 1)
    ]
    ages = [completed_years(day, on) for day in days]
    assert age_bounds(birth, on) == (min(ages), max(ages))
