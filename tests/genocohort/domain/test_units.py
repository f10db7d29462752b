"""Units: conversion factors, spellings, doubtful units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.domain.units import ANALYTES, standardise, ucum


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("13457-7", 3.2, "mmol/L", 3.2 * 38.67),
        ("2571-8", 1.5, "mmol/L", 1.5 * 88.57),
        ("2345-7", 5.5, "mmol/L", 5.5 * 18.016),
        ("2160-0", 88.42, "umol/L", 1.0),
        ("2160-0", 88.42, "µmol/l", 1.0),
        ("4548-4", 48.0, "mmol/mol", 6.5430),
        ("8310-5", 98.6, "[degF]", 37.0),
        ("8310-5", 310.15, "K", 37.0),
        ("8302-2", 70.0, "[in_i]", 177.8),
        ("2345-7", 90.0, "MG/DL", 90.0),
        ("17861-6", 2.5, "mmol/L", 10.02),
        ("3094-0", 5.0, "mmol/L", 14.005),
        ("1975-2", 17.1, "umol/L", 1.0),
        ("3084-1", 356.88, "umol/L", 6.0),
        ("1989-3", 74.88, "nmol/L", 30.0),
        ("1751-7", 42.0, "g/L", 4.2),
        ("777-3", 250.0, "10*9/L", 250.0),
        ("4544-3", 0.42, "L/L", 42.0),
        ("3016-3", 1.5, "uIU/mL", 1.5),
    ],
)
def test_conversion(code: str, value: float, unit: str, expected: float) -> None:
    found = standardise(code, value, unit, ANALYTES)
    assert found.value == pytest.approx(expected, abs=1e-4)
    assert found.unit == ANALYTES[code].standard
    assert found.flags == ()


@pytest.mark.parametrize(
    ("code", "value", "unit", "flag", "converted"),
    [
        ("13457-7", 3.2, "mg/dL", "unit_suspect", True),
        ("13457-7", 125.0, "mmol/L", "unit_suspect", True),
        ("4548-4", 52.0, "%", "unit_suspect", True),
        ("8310-5", 98.6, "Cel", "unit_suspect", True),
        ("39156-5", 500.0, "kg/m2", "implausible", True),
        ("13457-7", 125.0, "", "unit_not_stated", False),
        ("13457-7", 125.0, "furlong", "unit_unknown", False),
        ("13457-7", 125.0, "kg", "unit_unknown", False),
        ("99999-9", 1.0, "mg/dL", "not_standardised", False),
    ],
)
def test_doubtful_units(code: str, value: float, unit: str, flag: str, converted: bool) -> None:
    found = standardise(code, value, unit, ANALYTES)
    assert found.flags == (flag,)
    assert (found.value is not None) is converted
    if flag == "unit_suspect" and unit in ("mg/dL", "mmol/L", "Cel"):
        # The stated unit is believed: nothing is mended in silence.
        stated = ANALYTES[code].to_standard(value, unit)
        assert found.value == stated


@given(st.sampled_from(sorted(ANALYTES)), st.floats(0.01, 1e4))
def test_suspect_means_another_unit_fits(code: str, value: float) -> None:
    analyte = ANALYTES[code]
    for unit in (analyte.standard, *analyte.others):
        found = standardise(code, value, unit, ANALYTES)
        fits = analyte.is_plausible(value, unit)
        assert (found.flags == ()) is fits
        assert ("unit_suspect" in found.flags) is (not fits and bool(found.likely_units))
        assert unit not in found.likely_units


def test_spellings() -> None:
    assert ucum(" mmol / L ") == "mmol/L"
    assert ucum("furlong") is None


@pytest.mark.parametrize("value", [-9.0, -999.0, 999.0, 9999.0])
def test_numbers_that_may_mean_missing(value: float) -> None:
    """Where the code is known the plausible range tells; where it is not, the number is doubted."""
    found = standardise("LOCAL", value, "", ANALYTES)
    assert found.flags == ("not_standardised", "sentinel_suspect")
    assert standardise("LOCAL", 98.0, "", ANALYTES).flags == ("not_standardised",)
    known = standardise("39156-5", value, "kg/m2", ANALYTES)
    assert known.flags == ("implausible",)
