"""The clinical truth as GA4GH Phenopackets v2, one JSON object a line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from .people import CONDITION_TITLES, DRUGS, LABS, Condition, Drug, Lab, Person

Packet = dict[str, Any]
PACKETS = 100
CREATED = "2021-01-01T00:00:00Z"
RESOURCES = [
    (
        "loinc",
        "Logical Observation Identifiers Names and Codes",
        "LOINC",
        "https://loinc.org",
        "2.74",
    ),
    (
        "icd10cm",
        "ICD-10 Clinical Modification",
        "ICD10CM",
        "http://hl7.org/fhir/sid/icd-10-cm",
        "2021",
    ),
    ("rxnorm", "RxNorm", "RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm", "2021"),
    ("ucum", "Unified Code for Units of Measure", "UCUM", "https://ucum.org", "2.1"),
]
NCIT = {
    "id": "ncit",
    "name": "NCI Thesaurus",
    "namespacePrefix": "NCIT",
    "url": "http://purl.obolibrary.org/obo/ncit.owl",
    "version": "21.05d",
    "iriPrefix": "http://purl.obolibrary.org/obo/NCIT_",
}


def _timestamp(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _term(prefix: str, code: str, label: str) -> Packet:
    return {"id": f"{prefix}:{code}", "label": label}


def _subject(person: Person) -> Packet:
    subject: Packet = {
        "id": person.participant_id,
        "dateOfBirth": _timestamp(person.birth_date),
        "sex": "MALE" if person.male else "FEMALE",
        "timeAtLastEncounter": {"timestamp": _timestamp(person.exit)},
    }
    if person.death:
        death = {"timestamp": _timestamp(person.death)}
        subject["vitalStatus"] = {"status": "DECEASED", "timeOfDeath": death}
    else:
        subject["vitalStatus"] = {"status": "ALIVE"}
    return subject


def _measurement(lab: Lab) -> Packet:
    code, label = LABS[lab.name]
    quantity = {"unit": _term("UCUM", lab.unit, lab.unit), "value": lab.value}
    return {
        "assay": _term("LOINC", code, label),
        "value": {"quantity": quantity},
        "timeObserved": {"timestamp": _timestamp(lab.day)},
    }


def _body_mass(person: Person) -> Packet:
    quantity = {"unit": _term("UCUM", "kg/m2", "kg/m2"), "value": person.bmi}
    return {
        "assay": _term("LOINC", "39156-5", "Body mass index (BMI) [Ratio]"),
        "value": {"quantity": quantity},
        "timeObserved": {"timestamp": _timestamp(person.enrolment)},
    }


def _disease(condition: Condition) -> Packet:
    packet: Packet = {
        "term": _term("ICD10CM", condition.code, CONDITION_TITLES[condition.code]),
        "onset": {"timestamp": _timestamp(condition.day)},
    }
    return packet | ({"excluded": True} if condition.status == "excluded" else {})


def _treatment(drug: Drug) -> Packet:
    dose = {
        "quantity": {"unit": _term("UCUM", "mg", "mg"), "value": drug.dose},
        "scheduleFrequency": {"id": "NCIT:C125004", "label": "Once Daily"},
        "interval": {"start": _timestamp(drug.start), "end": _timestamp(drug.end)},
    }
    agent = _term("RxNorm", drug.code, DRUGS[drug.code])
    kind = "PRESCRIPTION"
    return {"treatment": {"agent": agent, "doseIntervals": [dose], "drugType": kind}}


def _packet(person: Person) -> Packet:
    """Return one phenopacket; results below a limit are left out, it has no comparator."""
    measured = [x for x in person.labs if x.value is not None and not x.comparator]
    measurements = [_measurement(lab) for lab in measured]
    if person.bmi is not None:
        measurements.append(_body_mass(person))
    biosample = {
        "id": person.member.sample_id,
        "individualId": person.participant_id,
        "timeOfCollection": {"timestamp": _timestamp(person.enrolment)},
    }
    names = ("id", "name", "namespacePrefix", "url", "version", "iriPrefix")
    resources = [dict(zip(names, (*row, f"{row[3]}/"), strict=True)) for row in RESOURCES]
    resources.append(NCIT)
    return {
        "id": f"phenopacket-{person.participant_id}",
        "subject": _subject(person),
        "measurements": measurements,
        "diseases": [_disease(condition) for condition in person.conditions],
        "medicalActions": [_treatment(drug) for drug in person.drugs],
        "biosamples": [biosample],
        "metaData": {
            "created": CREATED,
            "createdBy": "synthetic cohort",
            "phenopacketSchemaVersion": "2.0",
            "resources": resources,
        },
    }


def write_phenopackets(people: list[Person], folder: Path) -> None:
    """Write phenopackets.ndjson, for the first participants only to keep it small."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps(_packet(p), sort_keys=True, separators=(",", ":")) for p in people[:PACKETS]
    )
    (folder / "phenopackets.ndjson").write_text("".join(line + "\n" for line in lines))
