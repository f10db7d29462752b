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
    "10*3/ul": "10*3/uL", "10^3/ul": "10*3/uL", "k/ul": "10*3/uL", "10*9/l": "10*9/L",
    "10^9/l": "10*9/L", "10*6/ul": "10*6/uL", "10^6/ul": "10*6/uL", "m/ul": "10*6/uL",
    "10*12/l": "10*12/L", "10^12/l": "10*12/L", "fl": "fL", "pg": "pg", "u/l": "U/L", "iu/l": "U/L",
    "[iu]/l": "U/L", "nmol/l": "nmol/L", "ng/ml": "ng/mL", "m[iu]/l": "m[IU]/L", "miu/l": "m[IU]/L",
    "u[iu]/ml": "u[IU]/mL", "uiu/ml": "u[IU]/mL", "ml/min/{1.73_m2}": "mL/min/{1.73_m2}",
    "ml/min/1.73m2": "mL/min/{1.73_m2}", "l/l": "L/L", "/min": "/min", "{beats}/min": "/min",
    "{breaths}/min": "/min", "bpm": "/min",
    "k": "K", "mm[hg]": "mm[Hg]", "mmhg": "mm[Hg]", "meq/l": "meq/L",
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

_SODIUM = Analyte("sodium", "mmol/L", (90.0, 200.0), {"meq/L": Conversion(1.0)})
_CHLORIDE = Analyte("chloride", "mmol/L", (50.0, 170.0), {"meq/L": Conversion(1.0)})
_BICARBONATE = Analyte("carbon dioxide, total", "mmol/L", (3.0, 60.0), {"meq/L": Conversion(1.0)})
# mg/dL per mmol/L: calcium 4.008, urea nitrogen 2.801; umol/L per mg/dL: bilirubin 17.10, urate
# 59.48; nmol/L per ng/mL of 25-hydroxyvitamin D 2.496 (from the molar masses).
_CALCIUM = Analyte("calcium", "mg/dL", (3.0, 20.0), {"mmol/L": Conversion(4.008)})
_UREA_N = Analyte("urea nitrogen", "mg/dL", (1.0, 250.0), {"mmol/L": Conversion(2.801)})
_BILIRUBIN = Analyte("bilirubin", "mg/dL", (0.05, 60.0), {"umol/L": Conversion(1 / 17.10)})
_URATE = Analyte("urate", "mg/dL", (0.2, 30.0), {"umol/L": Conversion(1 / 59.48)})
_ALBUMIN = Analyte("albumin", "g/dL", (0.5, 8.0), {"g/L": Conversion(0.1)})
_PROTEIN = Analyte("protein", "g/dL", (2.0, 15.0), {"g/L": Conversion(0.1)})
_ENZYME = Analyte("enzyme activity", "U/L", (1.0, 50_000.0))
_VITAMIN_D = Analyte(
    "25-hydroxyvitamin D", "ng/mL", (1.0, 250.0), {"nmol/L": Conversion(1 / 2.496)}
)
_TSH = Analyte("thyrotropin", "m[IU]/L", (0.0, 500.0), {"u[IU]/mL": Conversion(1.0)})
_FERRITIN = Analyte("ferritin", "ng/mL", (0.5, 50_000.0), {"ug/L": Conversion(1.0)})
_EGFR = Analyte("estimated glomerular filtration rate", "mL/min/{1.73_m2}", (1.0, 250.0))
_LEUKOCYTES = Analyte("leukocytes", "10*3/uL", (0.01, 500.0), {"10*9/L": Conversion(1.0)})
_PLATELETS = Analyte("platelets", "10*3/uL", (1.0, 3_000.0), {"10*9/L": Conversion(1.0)})
_ERYTHROCYTES = Analyte("erythrocytes", "10*6/uL", (0.5, 10.0), {"10*12/L": Conversion(1.0)})
_HEMATOCRIT = Analyte("hematocrit", "%", (5.0, 80.0), {"L/L": Conversion(100.0)})
_MCV = Analyte("erythrocyte mean volume", "fL", (40.0, 160.0))
_HEART_RATE = Analyte("heart rate", "/min", (20.0, 300.0))
_BREATHS = Analyte("respiratory rate", "/min", (3.0, 90.0))
_SATURATION = Analyte("oxygen saturation", "%", (40.0, 100.0))

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
    "718-7": _HEMOGLOBIN, "2951-2": _SODIUM, "2947-0": _SODIUM, "2075-0": _CHLORIDE,
    "2069-3": _CHLORIDE, "2028-9": _BICARBONATE, "20565-8": _BICARBONATE, "17861-6": _CALCIUM,
    "49765-1": _CALCIUM, "3094-0": _UREA_N, "6299-2": _UREA_N, "1975-2": _BILIRUBIN,
    "14631-6": _BILIRUBIN, "3084-1": _URATE, "14933-6": _URATE, "1751-7": _ALBUMIN,
    "2885-2": _PROTEIN, "1742-6": _ENZYME, "1920-8": _ENZYME, "6768-6": _ENZYME, "2324-2": _ENZYME,
    "1989-3": _VITAMIN_D, "14635-7": _VITAMIN_D, "3016-3": _TSH, "2276-4": _FERRITIN,
    "33914-3": _EGFR, "62238-1": _EGFR, "98979-8": _EGFR, "6690-2": _LEUKOCYTES,
    "777-3": _PLATELETS, "789-8": _ERYTHROCYTES, "4544-3": _HEMATOCRIT, "20570-8": _HEMATOCRIT,
    "787-2": _MCV, "8867-4": _HEART_RATE, "9279-1": _BREATHS, "2708-6": _SATURATION,
    "59408-5": _SATURATION,
}  # fmt: skip


def ucum(text: str) -> str | None:
    """The UCUM spelling of a unit; None where it is not known here."""
    return _SPELLINGS.get(text.replace(" ", "").lower())


# Numbers that stand for "missing" in many exports; where a code has no plausible range they are
# questioned, since nothing else would tell them from values.
SENTINELS = frozenset({-9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0})


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
        Flags: `not_standardised` (unknown code; with `sentinel_suspect` for a number such as -9
        that often means missing), `unit_not_stated`, `unit_unknown` (no conversion),
        `unit_suspect` (implausible as labelled, plausible in another unit), `implausible`.
    """
    analyte = analytes.get(code)
    if analyte is None:
        doubt = ("sentinel_suspect",) if value in SENTINELS else ()
        return Standardised(None, "", ("not_standardised", *doubt))
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
