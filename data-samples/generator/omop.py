"""The clinical truth as OMOP CDM 5.4 tables in CSV."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from .clinical_tables import csv_text, number
from .people import LABS, Person

EHR_TYPE, OUTPATIENT, PRESCRIPTION = "32817", "9202", "32838"
LAB_CONCEPTS = {
    "LDL": "3028288",
    "HDL": "3007070",
    "Glucose": "3004501",
    "Creatinine": "3016723",
    "HbA1c": "3004410",
    "CRP": "3020460",
}
UNIT_CONCEPTS = {"mg/dL": "8840", "mmol/L": "8753", "umol/L": "8749", "%": "8554", "mg/L": "8751"}
LESS_THAN = "4171756"
BMI_CONCEPT, BMI_UNIT, SMOKING_CONCEPT = "3038553", "9531", "43054909"
# concept 0 is OMOP's "no matching concept": the source value is what is left
CONDITION_CONCEPTS = {
    "I25.10": "317576",
    "I50.9": "316139",
    "I10": "320128",
    "E11.9": "201826",
    "E78.5": "432867",
    "K21.9": "318800",
    "F32.9": "440383",
    "J45.909": "317009",
    "N40.1": "0",
    "N80.9": "433527",
}
DRUG_CONCEPTS = {
    "83367": "1545958",
    "36567": "1539403",
    "6809": "1503297",
    "29046": "1308216",
    "1191": "1112807",
}
COLUMNS = {
    "person": "person_id gender_concept_id year_of_birth month_of_birth day_of_birth "
    "birth_datetime race_concept_id ethnicity_concept_id location_id provider_id care_site_id "
    "person_source_value gender_source_value gender_source_concept_id race_source_value "
    "race_source_concept_id ethnicity_source_value ethnicity_source_concept_id",
    "observation_period": "observation_period_id person_id observation_period_start_date "
    "observation_period_end_date period_type_concept_id",
    "visit_occurrence": "visit_occurrence_id person_id visit_concept_id visit_start_date "
    "visit_start_datetime visit_end_date visit_end_datetime visit_type_concept_id provider_id "
    "care_site_id visit_source_value visit_source_concept_id admitted_from_concept_id "
    "admitted_from_source_value discharged_to_concept_id discharged_to_source_value "
    "preceding_visit_occurrence_id",
    "measurement": "measurement_id person_id measurement_concept_id measurement_date "
    "measurement_datetime measurement_time measurement_type_concept_id operator_concept_id "
    "value_as_number value_as_concept_id unit_concept_id range_low range_high provider_id "
    "visit_occurrence_id visit_detail_id measurement_source_value measurement_source_concept_id "
    "unit_source_value unit_source_concept_id value_source_value measurement_event_id "
    "meas_event_field_concept_id",
    "condition_occurrence": "condition_occurrence_id person_id condition_concept_id "
    "condition_start_date condition_start_datetime condition_end_date condition_end_datetime "
    "condition_type_concept_id condition_status_concept_id stop_reason provider_id "
    "visit_occurrence_id visit_detail_id condition_source_value condition_source_concept_id "
    "condition_status_source_value",
    "drug_exposure": "drug_exposure_id person_id drug_concept_id drug_exposure_start_date "
    "drug_exposure_start_datetime drug_exposure_end_date drug_exposure_end_datetime "
    "verbatim_end_date drug_type_concept_id stop_reason refills quantity days_supply sig "
    "route_concept_id lot_number provider_id visit_occurrence_id visit_detail_id "
    "drug_source_value drug_source_concept_id route_source_value dose_unit_source_value",
    "observation": "observation_id person_id observation_concept_id observation_date "
    "observation_datetime observation_type_concept_id value_as_number value_as_string "
    "value_as_concept_id qualifier_concept_id unit_concept_id provider_id visit_occurrence_id "
    "visit_detail_id observation_source_value observation_source_concept_id unit_source_value "
    "qualifier_source_value value_source_value observation_event_id obs_event_field_concept_id",
    "death": "person_id death_date death_datetime death_type_concept_id cause_concept_id "
    "cause_source_value cause_source_concept_id",
    "location": "location_id address_1 address_2 city state zip county location_source_value "
    "country_concept_id country_source_value latitude longitude",
    "care_site": "care_site_id care_site_name place_of_service_concept_id location_id "
    "care_site_source_value place_of_service_source_value",
}
Row = dict[str, str]


def person_key(person: Person) -> str:
    """Return the person_id, a number of its own that is not the participant's id."""
    return str(10_000 + int(person.participant_id[1:]))


def _person(person: Person, locations: dict[str, str]) -> Row:
    born = person.birth_date
    return {
        "gender_concept_id": "8507" if person.male else "8532",
        "year_of_birth": str(born.year),
        "month_of_birth": str(born.month),
        "day_of_birth": str(born.day),
        "race_concept_id": "0",
        "ethnicity_concept_id": "0",
        "location_id": locations[person.zip_code],
        "care_site_id": str(person.member.site),
        "person_source_value": person.participant_id,
        "gender_source_value": "M" if person.male else "F",
        "race_source_value": person.ancestry_reported,
    }


def _visit(person: Person) -> Row:
    day = person.enrolment.isoformat()
    return {
        "visit_concept_id": OUTPATIENT,
        "visit_start_date": day,
        "visit_end_date": day,
        "visit_type_concept_id": EHR_TYPE,
        "care_site_id": str(person.member.site),
        "visit_source_value": "baseline",
    }


def _measurement(day: date, concept: str, code: str, value: float, unit: tuple[str, str]) -> Row:
    return {
        "measurement_concept_id": concept,
        "measurement_date": day.isoformat(),
        "measurement_type_concept_id": EHR_TYPE,
        "value_as_number": number(value),
        "unit_concept_id": unit[0],
        "measurement_source_value": code,
        "measurement_source_concept_id": concept,
        "unit_source_value": unit[1],
        "value_source_value": number(value),
    }


def _measurements(person: Person) -> list[Row]:
    rows = []
    for lab in person.labs:
        if lab.value is None:
            continue
        unit = (UNIT_CONCEPTS[lab.unit], lab.unit)
        row = _measurement(lab.day, LAB_CONCEPTS[lab.name], LABS[lab.name][0], lab.value, unit)
        if lab.comparator:
            row["operator_concept_id"] = LESS_THAN
            row["value_source_value"] = lab.comparator + number(lab.value)
        rows.append(row)
    if person.bmi is not None:
        unit = (BMI_UNIT, "kg/m2")
        rows.append(_measurement(person.enrolment, BMI_CONCEPT, "39156-5", person.bmi, unit))
    return rows


def _conditions(person: Person) -> list[Row]:
    """Return the diagnoses that are present: the table cannot say that one is excluded."""
    return [
        {
            "condition_concept_id": CONDITION_CONCEPTS[c.code],
            "condition_start_date": c.day.isoformat(),
            "condition_type_concept_id": EHR_TYPE,
            "condition_source_value": c.code,
            "condition_source_concept_id": "0",
        }
        for c in person.conditions
        if c.status == "present"
    ]


def _drugs(person: Person) -> list[Row]:
    return [
        {
            "drug_concept_id": DRUG_CONCEPTS[d.code],
            "drug_exposure_start_date": d.start.isoformat(),
            "drug_exposure_end_date": d.end.isoformat(),
            "drug_type_concept_id": PRESCRIPTION,
            "quantity": str(d.dose),
            "sig": f"{d.dose} mg daily",
            "drug_source_value": d.code,
            "drug_source_concept_id": DRUG_CONCEPTS[d.code],
            "dose_unit_source_value": "mg",
        }
        for d in person.drugs
    ]


def _smoking(person: Person) -> list[Row]:
    if not person.smoking:
        return []
    return [
        {
            "observation_concept_id": SMOKING_CONCEPT,
            "observation_date": person.enrolment.isoformat(),
            "observation_type_concept_id": EHR_TYPE,
            "value_as_string": person.smoking,
            "observation_source_value": "72166-2",
            "observation_source_concept_id": SMOKING_CONCEPT,
            "value_source_value": person.smoking,
        }
    ]


def _period(person: Person) -> Row:
    return {
        "observation_period_start_date": person.entry.isoformat(),
        "observation_period_end_date": person.exit.isoformat(),
        "period_type_concept_id": EHR_TYPE,
    }


def _death(person: Person) -> list[Row]:
    if person.death is None:
        return []
    return [{"death_date": person.death.isoformat(), "death_type_concept_id": EHR_TYPE}]


def _collect(people: list[Person], locations: dict[str, str]) -> dict[str, list[Row]]:
    """Return the rows of every table with their keys."""
    tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}
    for person in people:
        made = {
            "person": [_person(person, locations)],
            "observation_period": [_period(person)],
            "visit_occurrence": [_visit(person)],
            "measurement": _measurements(person),
            "condition_occurrence": _conditions(person),
            "drug_exposure": _drugs(person),
            "observation": _smoking(person),
            "death": _death(person),
        }
        for name, rows in made.items():
            for row in rows:
                key = {f"{name}_id": str(len(tables[name]) + 1)}
                tables[name].append(key | row | {"person_id": person_key(person)})
    tables["location"] = [
        {"location_id": key, "zip": zip_code, "location_source_value": zip_code}
        for zip_code, key in locations.items()
    ]
    tables["care_site"] = [
        {"care_site_id": site, "care_site_name": f"Site {site}", "care_site_source_value": site}
        for site in "123"
    ]
    return tables


def write_omop(people: list[Person], folder: Path) -> None:
    """Write one CSV per table with all columns of CDM 5.4."""
    folder.mkdir(parents=True, exist_ok=True)
    zips = sorted({person.zip_code for person in people})
    locations = {zip_code: str(key) for key, zip_code in enumerate(zips, start=1)}
    for name, rows in _collect(people, locations).items():
        columns = COLUMNS[name].split()
        cells = [[row.get(column, "") for column in columns] for row in rows]
        (folder / f"{name}.csv").write_text(csv_text([columns, *cells]), newline="")
