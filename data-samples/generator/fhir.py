"""The clinical truth as FHIR R4: bulk NDJSON and one small Bundle."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .people import CONDITION_TITLES, DRUGS, LABS, Condition, Drug, Lab, Person

Resource = dict[str, Any]
LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
ANCESTRY_EXTENSION = "http://example.org/fhir/StructureDefinition/ancestry-reported"
SMOKING = {
    "never": ("266919005", "Never smoked tobacco"),
    "former": ("8517006", "Ex-smoker"),
    "current": ("77176002", "Smoker"),
}
BUNDLED = 3


def _coding(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _subject(person: Person) -> Resource:
    return {"reference": f"Patient/{person.participant_id}"}


def _patient(person: Person) -> Resource:
    ident = person.participant_id
    resource: Resource = {
        "resourceType": "Patient",
        "id": ident,
        "identifier": [{"system": "http://example.org/study/participants", "value": ident}],
        "name": [{"family": f"Sample{ident[1:]}", "given": ["Test"]}],
        "telecom": [{"system": "email", "value": f"{ident.lower()}@example.org"}],
        "gender": "male" if person.male else "female",
        "birthDate": person.birth_date.isoformat(),
        "address": [{"postalCode": person.zip_code, "country": "US"}],
        "managingOrganization": {"reference": f"Organization/site-{person.member.site}"},
    }
    if person.ancestry_reported:
        resource["extension"] = [
            {"url": ANCESTRY_EXTENSION, "valueString": person.ancestry_reported}
        ]
    if person.death:
        resource["deceasedDateTime"] = person.death.isoformat()
    return resource


def _encounter(person: Person) -> Resource:
    day = person.enrolment.isoformat()
    return {
        "resourceType": "Encounter",
        "id": f"{person.participant_id}-baseline",
        "status": "finished",
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"text": "baseline"}],
        "subject": _subject(person),
        "period": {"start": day, "end": day},
    }


def _research_subject(person: Person) -> Resource:
    return {
        "resourceType": "ResearchSubject",
        "id": f"{person.participant_id}-study",
        "status": "off-study",
        "period": {"start": person.entry.isoformat(), "end": person.exit.isoformat()},
        "study": {"reference": "ResearchStudy/synthetic-cohort"},
        "individual": _subject(person),
    }


def _observation(
    person: Person, number: int, day: str, code: Resource, value: Resource
) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"{person.participant_id}-obs-{number}",
        "status": "final",
        "code": code,
        "subject": _subject(person),
        "effectiveDateTime": day,
        **value,
    }


def _quantity(lab: Lab) -> Resource:
    unit = {"unit": lab.unit, "system": UCUM, "code": lab.unit}
    comparator = {"comparator": lab.comparator} if lab.comparator else {}
    return {"valueQuantity": {"value": lab.value, **comparator, **unit}}


def _observations(person: Person) -> list[Resource]:
    rows = []
    for lab in person.labs:
        if lab.value is not None:
            code = _coding(LOINC, *LABS[lab.name])
            rows.append((lab.day.isoformat(), code, _quantity(lab)))
    day = person.enrolment.isoformat()
    if person.bmi is not None:
        value = {"value": person.bmi, "unit": "kg/m2", "system": UCUM, "code": "kg/m2"}
        code = _coding(LOINC, "39156-5", "Body mass index (BMI) [Ratio]")
        rows.append((day, code, {"valueQuantity": value}))
    if person.smoking:
        code = _coding(LOINC, "72166-2", "Tobacco smoking status")
        value = _coding(SNOMED, *SMOKING[person.smoking])
        rows.append((day, code, {"valueCodeableConcept": value}))
    return [_observation(person, number, *row) for number, row in enumerate(rows, start=1)]


def _condition(person: Person, number: int, condition: Condition) -> Resource:
    present = condition.status == "present"
    verification = "confirmed" if present else "refuted"
    resource: Resource = {
        "resourceType": "Condition",
        "id": f"{person.participant_id}-cond-{number}",
        "verificationStatus": {
            "coding": [
                {"system": f"{TERMINOLOGY}/condition-ver-status", "code": verification},
            ]
        },
        "code": _coding(ICD10, condition.code, CONDITION_TITLES[condition.code]),
        "subject": _subject(person),
        "onsetDateTime": condition.day.isoformat(),
        "recordedDate": condition.day.isoformat(),
    }
    if present:
        status = {"system": f"{TERMINOLOGY}/condition-clinical", "code": "active"}
        resource["clinicalStatus"] = {"coding": [status]}
    return resource


def _medication(person: Person, number: int, drug: Drug) -> Resource:
    dose = {"value": drug.dose, "unit": "mg", "system": UCUM, "code": "mg"}
    period = {"start": drug.start.isoformat(), "end": drug.end.isoformat()}
    return {
        "resourceType": "MedicationRequest",
        "id": f"{person.participant_id}-med-{number}",
        "status": "completed",
        "intent": "order",
        "medicationCodeableConcept": _coding(RXNORM, drug.code, DRUGS[drug.code]),
        "subject": _subject(person),
        "authoredOn": drug.start.isoformat(),
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": dose}]}],
        "dispenseRequest": {"validityPeriod": period},
    }


def _conditions(person: Person) -> list[Resource]:
    return [_condition(person, n, c) for n, c in enumerate(person.conditions, start=1)]


def _medications(person: Person) -> list[Resource]:
    return [_medication(person, n, d) for n, d in enumerate(person.drugs, start=1)]


MAKERS: dict[str, Callable[[Person], list[Resource]]] = {
    "Patient": lambda person: [_patient(person)],
    "Encounter": lambda person: [_encounter(person)],
    "ResearchSubject": lambda person: [_research_subject(person)],
    "Observation": _observations,
    "Condition": _conditions,
    "MedicationRequest": _medications,
}


def _urn(resource: Resource) -> str:
    key = f"{resource['resourceType']}/{resource['id']}"
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'http://example.org/fhir/' + key)}"


def _bundle(people: list[Person]) -> Resource:
    """Return a transaction Bundle whose subjects are referred to by urn:uuid."""
    entries = []
    for person in people:
        patient = _urn(_patient(person))
        for make in MAKERS.values():
            for resource in make(person):
                for role in ("subject", "individual"):
                    if role in resource:
                        resource[role] = {"reference": patient}
                request = {"method": "POST", "url": resource["resourceType"]}
                entries.append(
                    {"fullUrl": _urn(resource), "resource": resource, "request": request}
                )
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def write_fhir(people: list[Person], folder: Path) -> None:
    """Write one NDJSON file per resource type and bundle.json of the first participants."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, make in MAKERS.items():
        resources = [resource for person in people for resource in make(person)]
        lines = (json.dumps(r, sort_keys=True, separators=(",", ":")) for r in resources)
        (folder / f"{kind}.ndjson").write_text("".join(line + "\n" for line in lines))
    bundle = json.dumps(_bundle(people[:BUNDLED]), indent=1, sort_keys=True)
    (folder / "bundle.json").write_text(bundle + "\n")
