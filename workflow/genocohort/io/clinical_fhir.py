"""Read FHIR R4 resources into tables of text; only the elements named here are ever looked at.

Names, addresses, telecom, narratives, notes, displays and attachments are not.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genocohort.errors import InputDataError
from genocohort.io.text_table import TextTable

COLUMNS = {
    "Patient": ("id", "identifier", "gender", "birthDate", "site", "ancestry"),
    "Encounter": ("id", "subject", "start"),
    "Observation": (
        "id", "subject", "date", "system", "code", "code_source", "value", "unit", "value_code",
        "ref_low", "ref_high", "status",
    ),
    "Condition": ("id", "subject", "start", "end", "system", "code", "code_source", "status"),
    "MedicationRequest": ("id", "subject", "system", "code", "start", "end", "dose", "unit"),
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
WRONG = "entered in error"
Row = tuple[int, tuple[str, ...]]


@dataclass
class FhirTables:
    """Resources of one or more files as tables of text, one per type.

    `left_out` counts resources that are not records: entered in error, not done. `others` counts
    resources of types that are not read.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in COLUMNS})
    left_out: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    def table(self, kind: str, path: Path) -> TextTable:
        """The table of one type of resource."""
        lines = tuple(line for line, _ in self.rows[kind])
        return TextTable(path, COLUMNS[kind], tuple(row for _, row in self.rows[kind]), lines)


def _resources(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Resources with their line (NDJSON) or entry number (Bundle, single resource)."""
    try:
        raw = Path(path).read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError("cannot read the FHIR file", where=str(path)) from error
    try:
        whole = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError:
        yield from _ndjson(path, text)
        return
    if not isinstance(whole, dict):
        raise InputDataError("not a FHIR resource", where=str(path), expected="a JSON object")
    if whole.get("resourceType") == "Bundle":
        for number, entry in enumerate(whole.get("entry", []), 1):
            if "resource" in entry:
                yield number, {**entry["resource"], "_fullUrl": entry.get("fullUrl", "")}
    else:
        yield 1, whole


def _ndjson(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            # Numbers stay the text they are written as: 5.40 keeps its zero, ids their digits.
            resource = json.loads(line, parse_float=str, parse_int=str)
        except json.JSONDecodeError as error:
            raise InputDataError(
                "not a JSON resource", where=f"{path}, line {number}",
                expected="NDJSON with one resource a line, or one Bundle",
            ) from error  # fmt: skip
        yield number, resource


def read_fhir(
    paths: tuple[str, ...], *, identifier_system: str = "", ancestry_extension: str = ""
) -> FhirTables:
    """Read NDJSON files and Bundles; references by `urn:uuid` are resolved.

    Parameters
    ----------
    paths : tuple of str
    identifier_system : str
        System of the patient identifier to use as participant id; empty for Patient.id.
    ancestry_extension : str
        URL of the extension of Patient that holds the reported ancestry; empty for none.

    Raises
    ------
    InputDataError
        A file is no JSON, or a resource has not the shape of FHIR R4.
    """
    tables = FhirTables()
    loaded = [(path, *item) for path in paths for item in _resources(Path(path))]
    full_urls = {
        resource["_fullUrl"]: f"{resource.get('resourceType')}/{resource.get('id', '')}"
        for _, _, resource in loaded
        if resource.get("_fullUrl") and "id" in resource
    }
    for path, number, resource in loaded:
        try:
            _add(tables, number, resource, full_urls, identifier_system, ancestry_extension)
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise InputDataError(
                "a resource has not the shape of FHIR R4", where=f"{path}, resource {number}",
                expected="elements as in the R4 specification (R5 has other ones)",
            ) from error  # fmt: skip
    if identifier_system:
        _use_identifiers(tables)
    return tables


_READERS: dict[str, Callable[[dict[str, Any], str], list[tuple[str, ...]]]] = {}


def _add(
    tables: FhirTables,
    number: int,
    resource: dict[str, Any],
    full_urls: dict[str, str],
    identifier_system: str,
    ancestry: str,
) -> None:
    kind = resource["resourceType"]
    if kind == "Patient":
        tables.rows[kind].append((number, _patient(resource, identifier_system, ancestry)))
    elif kind in _READERS:
        found = _READERS[kind](resource, _subject(resource, full_urls))
        if not found:
            tables.left_out[WRONG] = tables.left_out.get(WRONG, 0) + 1
        tables.rows[kind] += [(number, row) for row in found]
    else:
        tables.others[kind] = tables.others.get(kind, 0) + 1


def _use_identifiers(tables: FhirTables) -> None:
    """Replace Patient.id by the chosen identifier, in patients and in all references."""
    names = {row[0]: row[1] for _, row in tables.rows["Patient"]}
    for kind, rows in tables.rows.items():
        at = 0 if kind == "Patient" else 1
        tables.rows[kind] = [
            (number, (*row[:at], names.get(row[at], row[at]), *row[at + 1 :]))
            for number, row in rows
        ]


def _subject(resource: dict[str, Any], full_urls: dict[str, str]) -> str:
    reference = str(resource.get("subject", {}).get("reference", ""))
    return full_urls.get(reference, reference).rsplit("/", 1)[-1]


def _coding(concept: dict[str, Any] | None, preferred: str = "") -> tuple[str, str]:
    """System and code of a CodeableConcept: the preferred system if it is there, else the first."""
    codings = [c for c in (concept or {}).get("coding", []) if c.get("code")]
    if not codings:
        return "", ""
    chosen = next((c for c in codings if _SYSTEMS.get(c.get("system")) == preferred), codings[0])
    system = str(chosen.get("system", ""))
    return _SYSTEMS.get(system, system or "(none)"), str(chosen["code"])


def _code_of(concept: dict[str, Any] | None) -> str:
    return _coding(concept)[1]


def _patient(resource: dict[str, Any], identifier_system: str, ancestry: str) -> tuple[str, ...]:
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
    return (
        str(resource.get("id", "")),
        identifiers[0] if identifiers else "",
        str(resource.get("gender", "")),
        str(resource.get("birthDate", "")),
        str(resource.get("managingOrganization", {}).get("reference", "")),
        reported[0] if reported else "",
    )


def _encounter(resource: dict[str, Any], subject: str) -> list[tuple[str, ...]]:
    if resource.get("status") in ("entered-in-error", "cancelled", "planned"):
        return []
    start = str(resource.get("period", {}).get("start", ""))
    return [(str(resource.get("id", "")), subject, start)]


def _unit(quantity: dict[str, Any]) -> str:
    """The unit: its code if that is UCUM or says nothing else, otherwise its text."""
    is_ucum = quantity.get("system", _UCUM) == _UCUM
    names = ("code", "unit") if is_ucum else ("unit", "code")
    return str(next((quantity[name] for name in names if quantity.get(name)), ""))


def _observation(resource: dict[str, Any], subject: str) -> list[tuple[str, ...]]:
    """One row, or one for each component (blood pressure)."""
    status = str(resource.get("status", ""))
    if status in ("entered-in-error", "cancelled", "registered"):
        return []
    when = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
    when = when or resource.get("effectivePeriod", {}).get("start") or ""
    identifier = str(resource.get("id", ""))
    parts = [resource, *resource.get("component", [])]
    if resource.get("component") and not any(k.startswith("value") for k in resource):
        parts = parts[1:]
    rows: list[tuple[str, ...]] = []
    for number, part in enumerate(parts):
        system, code = _coding(part.get("code"), "LOINC")
        quantity = part.get("valueQuantity", {})
        value = quantity.get("value", part.get("valueInteger"))
        coded = _code_of(part.get("valueCodeableConcept"))
        if "valueBoolean" in part:
            coded = "true" if part["valueBoolean"] else "false"
        limits = (part.get("referenceRange") or [{}])[0]
        rows.append(
            (
                f"{identifier}#{number}", subject, str(when), system or "(none)", code,
                "" if code else "(no code)",
                "" if value is None else f"{quantity.get('comparator', '')}{value}",
                _unit(quantity), coded,
                str(limits.get("low", {}).get("value", "")),
                str(limits.get("high", {}).get("value", "")), status,
            )
        )  # fmt: skip
    return rows


def _condition(resource: dict[str, Any], subject: str) -> list[tuple[str, ...]]:
    verification = _code_of(resource.get("verificationStatus"))
    if verification == "entered-in-error":
        return []
    system, code = _coding(resource.get("code"), "ICD-10")
    start = resource.get("onsetDateTime") or resource.get("onsetPeriod", {}).get("start")
    end = resource.get("abatementDateTime") or resource.get("abatementPeriod", {}).get("start")
    return [
        (
            str(resource.get("id", "")), subject, str(start or ""), str(end or ""),
            system or "(none)", code, "" if code else "(no code)",
            "excluded" if verification == "refuted" else "present",
        )
    ]  # fmt: skip


def _medication(resource: dict[str, Any], subject: str) -> list[tuple[str, ...]]:
    if resource.get("status") in ("entered-in-error", "cancelled", "draft"):
        return []
    system, code = _coding(resource.get("medicationCodeableConcept"), "RxNorm")
    period = resource.get("dispenseRequest", {}).get("validityPeriod", {})
    dosage = (resource.get("dosageInstruction") or [{}])[0]
    dose = (dosage.get("doseAndRate") or [{}])[0].get("doseQuantity", {})
    return [
        (
            str(resource.get("id", "")), subject, system or "(none)", code,
            str(period.get("start") or resource.get("authoredOn") or ""),
            str(period.get("end", "")), str(dose.get("value", "")), str(dose.get("code", "")),
        )
    ]  # fmt: skip


_READERS |= {
    "Observation": _observation,
    "Condition": _condition,
    "Encounter": _encounter,
    "MedicationRequest": _medication,
}
