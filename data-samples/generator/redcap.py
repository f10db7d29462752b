"""The clinical truth as a REDCap project: raw export and data dictionary."""

from __future__ import annotations

from pathlib import Path

from .clinical_tables import csv_text, number
from .people import CONSENT_CODES, DRUGS, LABS, Person

BASELINE, FOLLOW_UP = "baseline_arm_1", "followup_arm_1"
SMOKING_CODES = {"never": "0", "former": "1", "current": "2", "": ""}
ANCESTRY_CODES = {"group A": "1", "group B": "2", "group C": "3", "other": "9", "": ""}
DICTIONARY_COLUMNS = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
]
# name, form, type, label, choices, validation, identifier
FIELDS = [
    ("record_id", "baseline", "text", "Record", "", "", ""),
    ("site", "baseline", "radio", "Study site", "1, Site 1 | 2, Site 2 | 3, Site 3", "", ""),
    ("sex", "baseline", "radio", "Sex", "1, male | 2, female", "", ""),
    ("birth_date", "baseline", "text", "Date of birth", "", "date_ymd", "y"),
    (
        "ancestry",
        "baseline",
        "dropdown",
        "Ancestry as reported",
        "1, group A | 2, group B | 3, group C | 9, other",
        "",
        "",
    ),
    ("family_id", "baseline", "text", "Family", "", "", ""),
    ("father_id", "baseline", "text", "Record of the father", "", "", ""),
    ("mother_id", "baseline", "text", "Record of the mother", "", "", ""),
    ("zip", "baseline", "text", "ZIP code", "", "zipcode", "y"),
    ("email", "baseline", "text", "E-mail", "", "email", "y"),
    ("enrolment_date", "baseline", "text", "Date of enrolment", "", "date_ymd", ""),
    ("smoking", "baseline", "radio", "Smoking", "0, never | 1, former | 2, current", "", ""),
    ("bmi", "baseline", "text", "Body mass index (kg/m2)", "", "number", ""),
    (
        "consent",
        "baseline",
        "checkbox",
        "Consent given for",
        "1, DUO:0000042 general research use | 2, DUO:0000006 health research | "
        "3, DUO:0000007 disease-specific research",
        "",
        "",
    ),
    ("cad", "baseline", "yesno", "Coronary artery disease at enrolment", "", "", ""),
    ("note", "baseline", "notes", "Remarks", "", "", "y"),
    ("lab_date", "labs", "text", "Date of sample", "", "date_ymd", ""),
    ("lab_test", "labs", "text", "Test", "", "", ""),
    ("lab_loinc", "labs", "text", "LOINC code", "", "", ""),
    ("lab_value", "labs", "text", "Result", "", "", ""),
    ("lab_unit", "labs", "text", "Unit", "", "", ""),
    ("dx_date", "diagnoses", "text", "Date of diagnosis", "", "date_ymd", ""),
    ("dx_icd10", "diagnoses", "text", "ICD-10 code", "", "", ""),
    ("dx_status", "diagnoses", "radio", "Status", "0, excluded | 1, present", "", ""),
    ("rx_rxnorm", "medications", "text", "RxNorm code", "", "", ""),
    ("rx_name", "medications", "text", "Drug", "", "", ""),
    ("rx_start", "medications", "text", "Start", "", "date_ymd", ""),
    ("rx_end", "medications", "text", "End", "", "date_ymd", ""),
    ("rx_dose", "medications", "text", "Daily dose (mg)", "", "number", ""),
    ("hf_entry", "follow_up", "text", "Heart failure: at risk from", "", "date_ymd", ""),
    ("hf_exit", "follow_up", "text", "Heart failure: followed until", "", "date_ymd", ""),
    (
        "hf_event",
        "follow_up",
        "radio",
        "Heart failure: end of follow-up",
        "0, censored | 1, heart failure | 2, death of another cause",
        "",
        "",
    ),
    ("death_date", "follow_up", "text", "Date of death", "", "date_ymd", ""),
]
KEYS = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"]


def _columns() -> list[str]:
    """Return the export's columns; a checkbox becomes one column per choice."""
    columns = [*KEYS, "redcap_survey_identifier", "baseline_timestamp"]
    for name, _, kind, *_ in FIELDS[1:]:
        if kind == "checkbox":
            columns += [f"{name}___{choice}" for choice in range(1, len(CONSENT_CODES) + 1)]
        else:
            columns.append(name)
    forms = dict.fromkeys(field[1] for field in FIELDS)
    return columns + [f"{form}_complete" for form in forms]


def _baseline(person: Person) -> dict[str, str]:
    row = {
        "redcap_event_name": BASELINE,
        "baseline_timestamp": f"{person.enrolment.isoformat()} 09:30:00",
        "site": str(person.member.site),
        "sex": "1" if person.male else "2",
        "birth_date": person.birth_date.isoformat(),
        "ancestry": ANCESTRY_CODES[person.ancestry_reported],
        "family_id": person.family_id,
        "father_id": person.father_id,
        "mother_id": person.mother_id,
        "zip": person.zip_code,
        "email": f"{person.participant_id.lower()}@example.org",
        "enrolment_date": person.enrolment.isoformat(),
        "smoking": SMOKING_CODES[person.smoking],
        "bmi": number(person.bmi),
        "cad": "" if person.cad is None else str(int(person.cad)),
        "note": person.note,
        "baseline_complete": "2",
    }
    for choice, code in enumerate(CONSENT_CODES, start=1):
        row[f"consent___{choice}"] = str(int(code in person.consents))
    return row


def _follow_up(person: Person) -> dict[str, str]:
    return {
        "redcap_event_name": FOLLOW_UP,
        "hf_entry": person.entry.isoformat(),
        "hf_exit": person.exit.isoformat(),
        "hf_event": str(person.event),
        "death_date": person.death.isoformat() if person.death else "",
        "follow_up_complete": "2",
    }


def _lab_rows(person: Person) -> list[dict[str, str]]:
    return [
        {
            "redcap_event_name": BASELINE if lab.day == person.enrolment else FOLLOW_UP,
            "lab_date": lab.day.isoformat(),
            "lab_test": lab.name,
            "lab_loinc": LABS[lab.name][0],
            "lab_value": lab.comparator + number(lab.value),
            "lab_unit": lab.unit,
        }
        for lab in person.labs
        if lab.value is not None
    ]


def _diagnosis_rows(person: Person) -> list[dict[str, str]]:
    return [
        {
            "redcap_event_name": BASELINE if c.day <= person.enrolment else FOLLOW_UP,
            "dx_date": c.day.isoformat(),
            "dx_icd10": c.code,
            "dx_status": str(int(c.status == "present")),
        }
        for c in person.conditions
    ]


def _medication_rows(person: Person) -> list[dict[str, str]]:
    return [
        {
            "redcap_event_name": FOLLOW_UP,
            "rx_rxnorm": drug.code,
            "rx_name": DRUGS[drug.code],
            "rx_start": drug.start.isoformat(),
            "rx_end": drug.end.isoformat(),
            "rx_dose": str(drug.dose),
        }
        for drug in person.drugs
    ]


def _record(person: Person) -> list[dict[str, str]]:
    rows = [_baseline(person), _follow_up(person)]
    repeats = {
        "labs": _lab_rows(person),
        "diagnoses": _diagnosis_rows(person),
        "medications": _medication_rows(person),
    }
    for instrument, entries in repeats.items():
        instances: dict[str, int] = {}
        for entry in entries:
            event = entry["redcap_event_name"]
            instances[event] = instances.get(event, 0) + 1
            repeat = {
                "redcap_repeat_instrument": instrument,
                "redcap_repeat_instance": str(instances[event]),
                f"{instrument}_complete": "2",
            }
            rows.append(entry | repeat)
    rows.sort(key=lambda row: row["redcap_event_name"])
    return [{"record_id": person.participant_id} | row for row in rows]


def write_redcap(people: list[Person], folder: Path) -> None:
    """Write records.csv and data_dictionary.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = _columns()
    rows = [[row.get(name, "") for name in columns] for p in people for row in _record(p)]
    (folder / "records.csv").write_text(csv_text([columns, *rows]), newline="")
    dictionary = [DICTIONARY_COLUMNS]
    for name, form, kind, label, choices, validation, identifier in FIELDS:
        row = [name, form, "", kind, label, choices, "", validation, "", "", identifier]
        dictionary.append(row + [""] * (len(DICTIONARY_COLUMNS) - len(row)))
    (folder / "data_dictionary.csv").write_text(csv_text(dictionary), newline="")
