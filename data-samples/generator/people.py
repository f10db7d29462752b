"""The clinical truth: one record per participant that every format is written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from .layout import stream
from .roster import Member, Roster
from .traits import MISSING_SHARE, Traits, oldest_members

FIRST_ENROLMENT = date(2012, 1, 9)
ENROLMENT_SPAN = 700
LABS: dict[str, tuple[str, str]] = {
    "LDL": ("13457-7", "LDL cholesterol"),
    "HDL": ("2085-9", "HDL cholesterol"),
    "Glucose": ("2345-7", "Glucose"),
    "Creatinine": ("2160-0", "Creatinine"),
    "HbA1c": ("4548-4", "Hemoglobin A1c"),
    "CRP": ("1988-5", "C-reactive protein"),
}
GLUCOSE_FACTOR, CREATININE_FACTOR, CHOLESTEROL_FACTOR = 18.016, 88.42, 38.67
CRP_LIMIT = 5.0
CAD_CODE, EVENT_CODE = "I25.10", "I50.9"
# code: (title, share of men, share of women)
BACKGROUND_CONDITIONS = {
    "I10": ("Hypertension", 0.30, 0.26),
    "E11.9": ("Type 2 diabetes", 0.12, 0.10),
    "E78.5": ("Hyperlipidemia", 0.22, 0.20),
    "K21.9": ("Reflux disease", 0.10, 0.11),
    "F32.9": ("Depressive episode", 0.08, 0.14),
    "J45.909": ("Asthma", 0.07, 0.09),
    "N40.1": ("Prostatic hyperplasia", 0.12, 0.0),
    "N80.9": ("Endometriosis", 0.0, 0.09),
}
CONDITION_TITLES = {code: row[0] for code, row in BACKGROUND_CONDITIONS.items()} | {
    CAD_CODE: "Coronary artery disease",
    EVENT_CODE: "Heart failure",
}
DRUGS = {
    "83367": "atorvastatin",
    "36567": "simvastatin",
    "6809": "metformin",
    "29046": "lisinopril",
    "1191": "aspirin",
}
DRUG_DOSES = {"83367": 20, "36567": 40, "6809": 500, "29046": 10, "1191": 75}
ZIP_CODES = {
    1: ("02139", "02140", "02446"),
    2: ("60614", "60625", "60640"),
    3: ("97202", "97214", "97232"),
}
SMALL_ZIP = "05901"
PLAIN_NOTES = (
    "fasting sample",
    "arrived late; sample taken in the afternoon",
    "second tube drawn",
    "hemolysed, repeated",
)
NOTE_NAME = "Marta Quellen"
NAMED_NOTE = f"called back by daughter {NOTE_NAME}, phone after six"
Value = TypeVar("Value")
CONSENT_CODES = ("DUO:0000042", "DUO:0000006", "DUO:0000007")


@dataclass(frozen=True)
class Lab:
    """One laboratory result in the unit it was reported in; value None was not obtained."""

    day: date
    name: str
    value: float | None
    unit: str
    comparator: str = ""


@dataclass(frozen=True)
class Condition:
    """One diagnosis on one date; status is present or excluded."""

    day: date
    code: str
    status: str = "present"


@dataclass(frozen=True)
class Drug:
    """One period on a drug with a daily dose in mg."""

    code: str
    start: date
    end: date
    dose: int


@dataclass
class Person:
    """One participant."""

    member: Member
    enrolment: date
    birth_date: date
    ancestry_reported: str
    zip_code: str
    note: str
    smoking: str
    bmi: float | None
    consents: tuple[str, ...]
    family_id: str
    father_id: str
    mother_id: str
    cad: bool | None
    entry: date
    exit: date
    event: int
    labs: list[Lab] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    drugs: list[Drug] = field(default_factory=list)

    @property
    def participant_id(self) -> str:
        """Return the participant's id."""
        return self.member.participant_id

    @property
    def male(self) -> bool:
        """Return whether the recorded sex is male."""
        return self.member.recorded_sex == "XY"

    @property
    def age(self) -> int:
        """Return the completed years of age at enrolment."""
        born, now = self.birth_date, self.enrolment
        return now.year - born.year - ((now.month, now.day) < (born.month, born.day))

    @property
    def death(self) -> date | None:
        """Return the date of death, known for competing deaths only."""
        return self.exit if self.event == 2 else None

    def baseline(self, name: str) -> float | None:
        """Return the result of a laboratory test at enrolment."""
        found = (lab.value for lab in self.labs if lab.name == name and lab.day == self.enrolment)
        return next(found, None)


def _missing(value: Value, share: float, rng: np.random.Generator) -> Value | None:
    """Return the value, or None with the given probability."""
    return None if rng.random() < share else value


def _add_labs(person: Person, ldl: float, hdl: float, rng: np.random.Generator) -> None:
    site, day = person.member.site, person.enrolment
    diabetic = any(c.code == "E11.9" for c in person.conditions)
    glucose = max(rng.normal(150 if diabetic else 95, 10 + 15 * diabetic), 62.0)
    creatinine = max(rng.normal(0.98 if person.male else 0.80, 0.15), 0.4)
    hba1c = max(rng.normal(7.4 if diabetic else 5.4, 0.35), 4.1)
    crp = float(rng.lognormal(1.0, 0.9))
    if site == 3:
        glucose, glucose_unit = round(glucose / GLUCOSE_FACTOR, 1), "mmol/L"
        creatinine, creatinine_unit = round(creatinine * CREATININE_FACTOR), "umol/L"
    else:
        glucose, glucose_unit = round(glucose), "mg/dL"
        creatinine, creatinine_unit = round(creatinine, 2), "mg/dL"
    lost = MISSING_SHARE
    rows = [
        ("LDL", _missing(float(ldl), lost, rng), "mg/dL", ""),
        ("HDL", _missing(float(hdl), lost, rng), "mg/dL", ""),
        ("Glucose", _missing(float(glucose), lost, rng), glucose_unit, ""),
        ("Creatinine", _missing(float(creatinine), lost, rng), creatinine_unit, ""),
        ("HbA1c", _missing(round(hba1c, 1), 0.40 if site == 3 else lost, rng), "%", ""),
    ]
    if site != 3:
        low = crp < CRP_LIMIT
        shown = CRP_LIMIT if low else round(crp, 1)
        rows.append(("CRP", _missing(shown, lost, rng), "mg/L", "<" if low else ""))
    for name, value, unit, comparator in rows:
        sign = comparator if value is not None else ""
        person.labs.append(Lab(day, name, value, unit, sign))
    later = day + timedelta(days=int(rng.integers(330, 420)))
    if rng.random() < 0.5 and later < person.exit:
        repeat = max(round(float(ldl) + float(rng.normal(0, 8)), 1), 20.0)
        person.labs.append(Lab(later, "LDL", repeat, "mg/dL"))


def _add_conditions(person: Person, rng: np.random.Generator) -> None:
    """Add the diagnoses; most are coded on two dates, as case definitions require."""
    codes = [
        c for c, (_, m, w) in BACKGROUND_CONDITIONS.items() if rng.random() < (w, m)[person.male]
    ]
    before = {code: int(rng.integers(30, 2_000)) for code in codes}
    if person.cad:
        before[CAD_CODE] = int(rng.integers(60, 2_500))
    for code, days in before.items():
        first = person.enrolment - timedelta(days=days)
        person.conditions.append(Condition(first, code))
        if code == CAD_CODE or rng.random() < 0.8:
            again = first + timedelta(days=int(rng.integers(20, 300)))
            person.conditions.append(Condition(min(again, person.exit), code))
    if person.cad is False:
        person.conditions.append(Condition(person.enrolment, CAD_CODE, "excluded"))
    if person.event == 1:
        person.conditions.append(Condition(person.exit, EVENT_CODE))
    person.conditions.sort(key=lambda condition: (condition.day, condition.code))


def _add_drugs(person: Person, rng: np.random.Generator) -> None:
    present = {c.code for c in person.conditions if c.status == "present" and c.day < person.exit}
    shares = {
        "83367": 0.5 if CAD_CODE in present else 0.08,
        "36567": 0.3 if "E78.5" in present else 0.03,
        "6809": 0.8 if "E11.9" in present else 0.0,
        "29046": 0.6 if "I10" in present else 0.02,
        "1191": 0.5 if CAD_CODE in present else 0.05,
    }
    span = (person.exit - person.enrolment).days
    for code, share in shares.items():
        if rng.random() >= share or span < 30:
            continue
        start = int(rng.integers(1, span - 10))
        end = int(rng.integers(start + 5, span + 1))
        days = [person.enrolment + timedelta(days=n) for n in (start, end)]
        person.drugs.append(Drug(code, days[0], days[1], DRUG_DOSES[code]))


def _make_person(
    member: Member, roster: Roster, traits: Traits, rng: np.random.Generator
) -> Person:
    index = member.index
    enrolment = FIRST_ENROLMENT + timedelta(days=int(rng.integers(ENROLMENT_SPAN)))
    birth = enrolment - timedelta(days=round(float(traits.age[index]) * 365.25))
    family = roster.pedigree().get(index)
    father, mother = roster.participant_ids(*family[1:]) if family else ("", "")
    reported = f"group {member.population}" if rng.random() < 0.95 else "other"
    consents = [c for c, p in zip(CONSENT_CODES, (0.8, 0.5, 0.3), strict=True) if rng.random() < p]
    return Person(
        member=member,
        enrolment=enrolment,
        birth_date=birth,
        ancestry_reported=_missing(reported, 0.04, rng) or "",
        zip_code=str(rng.choice(ZIP_CODES[member.site])),
        note=str(rng.choice(PLAIN_NOTES)) if rng.random() < 0.06 else "",
        smoking=_missing(
            str(rng.choice(["never", "former", "current"], p=[0.5, 0.3, 0.2])), MISSING_SHARE, rng
        )
        or "",
        bmi=_missing(round(float(np.clip(rng.normal(27, 4), 17, 45)), 1), MISSING_SHARE, rng),
        consents=tuple(consents),
        family_id=roster.family_of().get(index, ""),
        father_id=father,
        mother_id=mother,
        cad=None if traits.cad_missing[index] else bool(traits.cad[index]),
        entry=enrolment + timedelta(days=int(traits.entry_day[index])),
        exit=enrolment + timedelta(days=int(traits.exit_day[index])),
        event=int(traits.event[index]),
    )


def make_people(roster: Roster, traits: Traits) -> list[Person]:
    """Return every participant in the order of the samples."""
    people = []
    for member in roster.members:
        rng = stream(f"person {member.index}")
        person = _make_person(member, roster, traits, rng)
        _add_conditions(person, rng)
        _add_labs(person, traits.ldl[member.index], traits.hdl[member.index], rng)
        _add_drugs(person, rng)
        people.append(person)
    plain = [p for p in people if p.member.index not in roster.planted]
    oldest = oldest_members(roster)
    free = [p for p in plain if p.member.index not in oldest]
    free[20].zip_code = SMALL_ZIP
    free[30].note = NAMED_NOTE
    _copy_person(people, *roster.duplicate)
    return people


def _copy_person(people: list[Person], source: int, copy: int) -> None:
    """Give the second record of one person the facts of the first."""
    kept = people[copy].member
    kept.site = people[source].member.site
    people[copy] = Person(**{**vars(people[source]), "member": kept})
