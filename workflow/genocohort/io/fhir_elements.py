"""Elements of FHIR R4 resources as rows of text; only what is named here is ever looked at.

Names, addresses, telecom, narratives, notes, displays and attachments are not.
"""

from typing import Any

Row = tuple[str, ...]
COLUMNS = {
    "Patient": ("id", "identifier", "gender", "birthDate", "site", "ancestry", "deceased"),
    "Observation": (
        "id", "subject", "date", "system", "code", "code_source", "value", "unit", "value_code",
        "ref_low", "ref_high", "status",
    ),
    "Condition": ("id", "subject", "start", "end", "system", "code", "code_source", "status"),
    "Exposure": (
        "id", "subject", "kind", "system", "code", "code_source", "start", "end", "dose", "unit",
    ),
}  # fmt: skip
_SYSTEMS = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10",
    "http://human-phenotype-ontology.org": "HPO",
    "http://purl.obolibrary.org/obo/hp.owl": "HPO",
    "http://www.omim.org": "OMIM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
}
_UCUM = "http://unitsofmeasure.org"
NO_CODE = "(no code)"
# Statuses of resources that are not records of anything that was.
_NOT_SO = {
    "Observation": {"entered-in-error", "cancelled", "registered"},
    "MedicationRequest": {"entered-in-error", "cancelled", "draft"},
    "MedicationStatement": {"entered-in-error", "not-taken", "intended"},
    "Procedure": {"entered-in-error", "not-done", "preparation"},
    "Encounter": {"entered-in-error", "cancelled", "planned"},
    "ResearchSubject": {"ineligible", "not-registered", "withdrawn", "entered-in-error"},
}
WRONG, NOT_DONE = "entered in error", "not done: cancelled, planned or not taken"


def left_out_reason(resource: dict[str, Any]) -> str:
    """Why a resource is no record; empty where it is one."""
    status = str(resource.get("status", ""))
    if code_of(resource.get("verificationStatus")) == "entered-in-error":
        return WRONG
    if status not in _NOT_SO.get(str(resource["resourceType"]), set()):
        return ""
    return WRONG if status == "entered-in-error" else NOT_DONE


def coding(concept: dict[str, Any] | None, preferred: str = "") -> tuple[str, str]:
    """System and code of a CodeableConcept: the preferred system if it is there, else the first."""
    codings = [c for c in (concept or {}).get("coding", []) if c.get("code")]
    if not codings:
        return "", ""
    chosen = next((c for c in codings if _SYSTEMS.get(c.get("system")) == preferred), codings[0])
    system = str(chosen.get("system", ""))
    return _SYSTEMS.get(system, system or "(none)"), str(chosen["code"])


def code_of(concept: dict[str, Any] | None) -> str:
    """The first code of a CodeableConcept."""
    return coding(concept)[1]


def _coded(concept: dict[str, Any] | None, preferred: str) -> tuple[str, str, str]:
    """System, code, and a mark where there is no code: the text of a concept is not carried."""
    system, code = coding(concept, preferred)
    return system or "(none)", code, "" if code else NO_CODE


def patient(resource: dict[str, Any], identifier_system: str, ancestry: str) -> Row:
    """One row of `Patient`."""
    identifiers = [
        str(i.get("value", ""))
        for i in resource.get("identifier", [])
        if i.get("system") == identifier_system
    ]
    reported = [
        str(e.get("valueString", ""))
        for e in resource.get("extension", [])
        if ancestry and e.get("url") == ancestry
    ]
    deceased = str(resource.get("deceasedDateTime", ""))
    if not deceased and resource.get("deceasedBoolean") is True:
        deceased = "unknown"
    return (
        str(resource.get("id", "")),
        identifiers[0] if identifiers else "",
        str(resource.get("gender", "")),
        str(resource.get("birthDate", "")),
        str(resource.get("managingOrganization", {}).get("reference", "")),
        reported[0] if reported else "",
        deceased,
    )


def _unit(quantity: dict[str, Any]) -> str:
    """The unit: its code if that is UCUM or says nothing else, otherwise its text."""
    is_ucum = quantity.get("system", _UCUM) == _UCUM
    names = ("code", "unit") if is_ucum else ("unit", "code")
    return str(next((quantity[name] for name in names if quantity.get(name)), ""))


_READ_VALUES = {"valueQuantity", "valueInteger", "valueBoolean", "valueCodeableConcept"}


def observation(resource: dict[str, Any], subject: str) -> tuple[list[Row], list[str]]:
    """One row, or one for each component (blood pressure); and kinds of values not carried."""
    when = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
    when = when or resource.get("effectivePeriod", {}).get("start") or ""
    identifier = str(resource.get("id", ""))
    parts = [resource, *resource.get("component", [])]
    if resource.get("component") and not any(k.startswith("value") for k in resource):
        parts = parts[1:]
    rows: list[Row] = []
    not_carried: list[str] = []
    for number, part in enumerate(parts):
        not_carried += [k for k in part if k.startswith("value") and k not in _READ_VALUES]
        system, code, code_source = _coded(part.get("code"), "LOINC")
        quantity = part.get("valueQuantity", {})
        value = quantity.get("value", part.get("valueInteger"))
        coded = code_of(part.get("valueCodeableConcept"))
        if "valueBoolean" in part:
            coded = "true" if part["valueBoolean"] else "false"
        limits = (part.get("referenceRange") or [{}])[0]
        rows.append(
            (
                f"{identifier}#{number}", subject, str(when), system, code, code_source,
                "" if value is None else f"{quantity.get('comparator', '')}{value}",
                _unit(quantity), coded,
                str(limits.get("low", {}).get("value", "")),
                str(limits.get("high", {}).get("value", "")), str(resource.get("status", "")),
            )
        )  # fmt: skip
    return rows, not_carried


_ONSETS = {"onsetAge", "onsetRange", "onsetString"}


def condition(resource: dict[str, Any], subject: str) -> tuple[list[Row], list[str]]:
    """One row of `Condition`; a refuted one is excluded, not absent."""
    start = resource.get("onsetDateTime") or resource.get("onsetPeriod", {}).get("start")
    end = resource.get("abatementDateTime") or resource.get("abatementPeriod", {}).get("start")
    not_carried = [k for k in resource if k in _ONSETS]
    refuted = code_of(resource.get("verificationStatus")) == "refuted"
    row = (
        str(resource.get("id", "")), subject, str(start or ""), str(end or ""),
        *_coded(resource.get("code"), "ICD-10"), "excluded" if refuted else "present",
    )  # fmt: skip
    return [row], not_carried


def medication(
    resource: dict[str, Any], subject: str, drug: dict[str, Any] | None
) -> tuple[list[Row], list[str]]:
    """One row of `Exposure` from a request or a statement; `drug` is what it refers to."""
    concept = resource.get("medicationCodeableConcept") or drug
    effective = resource.get("effectivePeriod", {})
    period = resource.get("dispenseRequest", {}).get("validityPeriod", {})
    start = resource.get("effectiveDateTime") or effective.get("start") or period.get("start")
    start = start or resource.get("authoredOn") or ""
    dosages = resource.get("dosageInstruction") or resource.get("dosage") or [{}]
    dose = (dosages[0].get("doseAndRate") or [{}])[0].get("doseQuantity", {})
    row = (
        str(resource.get("id", "")), subject, "drug", *_coded(concept, "RxNorm"), str(start),
        str(effective.get("end") or period.get("end") or ""), str(dose.get("value", "")),
        str(dose.get("code", "")),
    )  # fmt: skip
    return [row], []


def procedure(resource: dict[str, Any], subject: str) -> tuple[list[Row], list[str]]:
    """One row of `Exposure` from a procedure."""
    period = resource.get("performedPeriod", {})
    start = resource.get("performedDateTime") or period.get("start") or ""
    timed = ("performedAge", "performedRange", "performedString")
    row = (
        str(resource.get("id", "")), subject, "procedure", *_coded(resource.get("code"), "SNOMED"),
        str(start), str(period.get("end", "")), "", "",
    )  # fmt: skip
    return [row], [k for k in timed if k in resource]
