"""Units of measurement: UCUM spelling, conversion by what is measured, plausible ranges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Spellings seen in exports -> UCUM; compared without regard to case and blanks.
_SPELLINGS = {
    "mg/dl": "mg/dL", "mg/100ml": "mg/dL", "mmol/l": "mmol/L", "umol/l": "umol/L",
    "µmol/l": "umol/L", "μmol/l": "umol/L", "micromol/l": "umol/L", "mg/l": "mg/L", "g/l": "g/L",
    "g/dl": "g/dL", "ug/l": "ug/L", "%": "%", "percent": "%", "mmol/mol": "mmol/mol",
    "kg/m2": "kg/m2", "kg/m^2": "kg/m2", "kg/m²": "kg/m2", "kg": "kg", "g": "g",
    "[lb_av]": "[lb_av]",
    "lb": "[lb_av]", "lbs": "[lb_av]", "cm": "cm", "m": "m", "[in_i]": "[in_i]", "in": "[in_i]",
    "cel": "Cel", "°c": "Cel", "c": "Cel", "[degf]": "[degF]", "°f": "[degF]", "f": "[degF]",
    "k": "K", "mm[hg]": "mm[Hg]", "mmhg": "mm[Hg]", "/min": "/min", "meq/l": "meq/L",
}  # fmt: skip


@dataclass(frozen=True)
class Conversion:
    """Affine conversion to the standard unit: value * factor + offset."""

    factor: float
    offset: float = 0.0


@dataclass(frozen=True)
class Analyte:
    """What is measured, whatever the unit.

    Attributes
    ----------
    name : str
    standard : str
        UCUM unit of standardised values.
    plausible : tuple of float
        Limits, in the standard unit, outside of which the unit is questioned. They are wide on
        purpose: review limits of this project, not reference ranges.
    others : mapping of str to Conversion
        The other units it is reported in.
    """

    name: str
    standard: str
    plausible: tuple[float, float]
    others: Mapping[str, Conversion] = field(default_factory=dict)

    def to_standard(self, value: float, unit: str) -> float | None:
        """The value in the standard unit; None for a unit it is not reported in."""
        if unit == self.standard:
            return value
        conversion = self.others.get(unit)
        return None if conversion is None else value * conversion.factor + conversion.offset

    def is_plausible(self, value: float, unit: str) -> bool:
        """Whether the value, read in this unit, lies inside the plausible limits."""
        standard = self.to_standard(value, unit)
        return standard is not None and self.plausible[0] <= standard <= self.plausible[1]

    def other_plausible_units(self, value: float, unit: str) -> tuple[str, ...]:
        """Units other than `unit` in which the value would be plausible."""
        units = (self.standard, *self.others)
        return tuple(u for u in units if u != unit and self.is_plausible(value, u))


def _mass_per_mole(factor: float) -> dict[str, Conversion]:
    return {"mmol/L": Conversion(factor), "mg/L": Conversion(0.1), "g/L": Conversion(100.0)}


# mg/dL per mmol/L: cholesterol 38.67, triglycerides 88.57, glucose 18.016; creatinine 88.42 umol/L
# per mg/dL. HbA1c: NGSP % = 0.09148 * IFCC mmol/mol + 2.152 (Hoelzel et al. 2004, master equation).
CHOLESTEROL = _mass_per_mole(38.67)
_HBA1C = {"mmol/mol": Conversion(0.09148, 2.152)}
_LDL = Analyte("LDL cholesterol", "mg/dL", (10.0, 600.0), CHOLESTEROL)
_HDL = Analyte("HDL cholesterol", "mg/dL", (5.0, 200.0), CHOLESTEROL)
_TOTAL = Analyte("total cholesterol", "mg/dL", (40.0, 1000.0), CHOLESTEROL)
_TRIGLYCERIDES = Analyte("triglycerides", "mg/dL", (15.0, 5000.0), _mass_per_mole(88.57))
_GLUCOSE = Analyte("glucose", "mg/dL", (30.0, 1000.0), _mass_per_mole(18.016))
_CREATININE = Analyte(
    "creatinine", "mg/dL", (0.1, 20.0),
    {"umol/L": Conversion(1 / 88.42), "mmol/L": Conversion(1000 / 88.42)},
)  # fmt: skip
_CRP = Analyte("C-reactive protein", "mg/L", (0.0, 600.0), {"mg/dL": Conversion(10.0)})
_A1C = Analyte("hemoglobin A1c", "%", (3.0, 20.0), _HBA1C)
_WEIGHT = Analyte(
    "body weight", "kg", (1.0, 400.0),
    {"g": Conversion(0.001), "[lb_av]": Conversion(0.45359237)},
)  # fmt: skip
_HEIGHT = Analyte(
    "body height", "cm", (30.0, 250.0), {"m": Conversion(100.0), "[in_i]": Conversion(2.54)}
)
_BMI = Analyte("body mass index", "kg/m2", (8.0, 120.0))
_TEMPERATURE = Analyte(
    "body temperature", "Cel", (25.0, 45.0),
    {"[degF]": Conversion(5 / 9, -160 / 9), "K": Conversion(1.0, -273.15)},
)  # fmt: skip
_SYSTOLIC = Analyte("systolic blood pressure", "mm[Hg]", (40.0, 300.0))
_DIASTOLIC = Analyte("diastolic blood pressure", "mm[Hg]", (20.0, 200.0))
_POTASSIUM = Analyte("potassium", "mmol/L", (1.0, 12.0), {"meq/L": Conversion(1.0)})
_HEMOGLOBIN = Analyte("hemoglobin", "g/dL", (2.0, 25.0), {"g/L": Conversion(0.1)})

# LOINC code -> analyte; mass and molar codes of one analyte share it.
ANALYTES: dict[str, Analyte] = {
    "13457-7": _LDL, "2089-1": _LDL, "18262-6": _LDL, "22748-8": _LDL,
    "2085-9": _HDL, "14646-4": _HDL, "2093-3": _TOTAL, "14647-2": _TOTAL,
    "2571-8": _TRIGLYCERIDES, "14927-8": _TRIGLYCERIDES,
    "2345-7": _GLUCOSE, "2339-0": _GLUCOSE, "14749-6": _GLUCOSE, "15074-8": _GLUCOSE,
    "2160-0": _CREATININE, "38483-4": _CREATININE, "14682-9": _CREATININE,
    "1988-5": _CRP, "30522-7": _CRP, "4548-4": _A1C, "59261-8": _A1C,
    "29463-7": _WEIGHT, "8302-2": _HEIGHT, "39156-5": _BMI, "8310-5": _TEMPERATURE,
    "8480-6": _SYSTOLIC, "8462-4": _DIASTOLIC, "2823-3": _POTASSIUM, "6298-4": _POTASSIUM,
    "718-7": _HEMOGLOBIN,
}  # fmt: skip


def ucum(text: str) -> str | None:
    """The UCUM spelling of a unit; None where it is not known here."""
    return _SPELLINGS.get(text.replace(" ", "").lower())


@dataclass(frozen=True)
class Standardised:
    """One value after the check of its unit.

    `value` is None and `unit` empty where nothing was converted; `flags` says why.
    """

    value: float | None
    unit: str
    flags: tuple[str, ...] = ()
    likely_units: tuple[str, ...] = ()


def standardise(
    code: str, value: float, unit_src: str, analytes: Mapping[str, Analyte]
) -> Standardised:
    """Bring one value to the standard unit of its code; doubtful units are flagged, never mended.

    Parameters
    ----------
    code : str
        LOINC code, or any code of `analytes`.
    value : float
        The number as reported.
    unit_src : str
        The unit as written; empty where none was stated.
    analytes : mapping of str to Analyte
        Known codes.

    Returns
    -------
    Standardised
        Flags: `not_standardised` (unknown code), `unit_not_stated`, `unit_unknown` (no conversion),
        `unit_suspect` (implausible as labelled, plausible in another unit), `implausible`.
    """
    analyte = analytes.get(code)
    if analyte is None:
        return Standardised(None, "", ("not_standardised",))
    if not unit_src:
        return Standardised(None, "", ("unit_not_stated",))
    unit = ucum(unit_src) or unit_src
    converted = analyte.to_standard(value, unit)
    if converted is None:
        return Standardised(None, "", ("unit_unknown",))
    if analyte.is_plausible(value, unit):
        return Standardised(converted, analyte.standard)
    likely = analyte.other_plausible_units(value, unit)
    flag = "unit_suspect" if likely else "implausible"
    return Standardised(converted, analyte.standard, (flag,), likely)
