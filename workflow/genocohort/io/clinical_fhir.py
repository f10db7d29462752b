"""A FHIR R4 export in two passes: who is in it, then the records, in pieces of bounded size."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genocohort.errors import InputDataError
from genocohort.io.fhir_elements import (
    COLUMNS,
    Row,
    condition,
    left_out_reason,
    medication,
    observation,
    patient,
    procedure,
)
from genocohort.io.fhir_files import FULL_URL, Resource, read_resources
from genocohort.io.text_table import TextTable

PIECE = 20_000
"""Records a piece holds, about."""
NO_PATIENT = "the subject is no patient, or cannot be told"
_SCANNED = ("Patient", "Encounter", "ResearchSubject", "Medication")
_SCAN = re.compile('"(?:' + "|".join(_SCANNED) + ')"')
_TABLES = {
    "Observation": "Observation",
    "Condition": "Condition",
    "MedicationRequest": "Exposure",
    "MedicationStatement": "Exposure",
    "Procedure": "Exposure",
}
Span = tuple[str, str]


@dataclass
class FhirPeople:
    """What the first pass finds: patients, and what the second needs to know of the others.

    Attributes
    ----------
    patients : list of (int, int, row)
        Number of the file, number of the resource, row of `Patient`.
    first_encounter : dict of str to str
        Earliest start of an encounter by Patient.id, among those known to the day.
    in_study : dict of str to (str, str)
        Start and end of the participation (ResearchSubject) by Patient.id.
    drugs : dict of str to CodeableConcept
        By Medication.id.
    names : dict of str to str
        Patient.id by everything a reference may call the patient.
    by_identifier : bool
        Participants go by an identifier, which a reference to an absent patient does not tell.
    """

    patients: list[tuple[int, int, Row]] = field(default_factory=list)
    first_encounter: dict[str, str] = field(default_factory=dict)
    in_study: dict[str, Span] = field(default_factory=dict)
    drugs: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    by_identifier: bool = False

    def find(self, reference: dict[str, Any] | None) -> str:
        """Patient.id of a reference; empty where it is to no patient, or to one unknown."""
        text = str((reference or {}).get("reference", ""))
        text = text.split("/_history/")[0]
        if text in self.names:
            return self.names[text]
        parts = text.rsplit("/", 2)
        if len(parts) < 2 or parts[-2] != "Patient":
            return ""
        return self.names.get(f"Patient/{parts[-1]}", "" if self.by_identifier else parts[-1])


@dataclass
class FhirPiece:
    """Some records of one file: rows by table, and what was left out or not carried, counted."""

    file: int
    rows: dict[str, list[tuple[int, Row]]] = field(
        default_factory=lambda: {"Observation": [], "Condition": [], "Exposure": []}
    )
    left_out: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    not_carried: Counter[str] = field(default_factory=Counter)

    def table(self, kind: str, path: Path) -> TextTable:
        """The rows of one table."""
        lines = tuple(line for line, _ in self.rows[kind])
        return TextTable(path, COLUMNS[kind], tuple(row for _, row in self.rows[kind]), lines)

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))


def _misshapen(path: str, number: int) -> InputDataError:
    return InputDataError(
        "a resource has not the shape of FHIR R4", where=f"{path}, resource {number}",
        expected="elements as in the R4 specification (R5 has other ones)",
    )  # fmt: skip


_SHAPE = (AttributeError, IndexError, KeyError, TypeError)


def scan_people(
    paths: tuple[str, ...], identifier_system: str = "", ancestry_extension: str = ""
) -> FhirPeople:
    """First pass: patients with every name a reference may have for them.

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
    people = FhirPeople()
    later: list[tuple[str, int, Resource]] = []
    for n_file, path in enumerate(paths, 1):
        for number, resource in read_resources(Path(path), _SCAN):
            try:
                kind = resource["resourceType"]
                if kind == "Patient":
                    row = _add_patient(people, resource, identifier_system, ancestry_extension)
                    people.patients.append((n_file, number, row))
                elif kind == "Medication":
                    for key in ("id", FULL_URL):
                        people.drugs[str(resource.get(key, ""))] = resource.get("code", {})
                elif kind in _SCANNED and not left_out_reason(resource):
                    later.append((path, number, _span(resource)))
            except _SHAPE as error:
                raise _misshapen(path, number) from error
    for path, number, span in later:
        try:
            _add_span(people, span)
        except _SHAPE as error:
            raise _misshapen(path, number) from error
    if identifier_system:
        _use_identifiers(people)
    return people


def _span(resource: Resource) -> Resource:
    """The part of an encounter or participation that is needed."""
    reference = resource.get("subject") or resource.get("individual")
    return {
        "kind": resource["resourceType"], "of": reference, "period": resource.get("period", {}),
    }  # fmt: skip


def _add_patient(
    people: FhirPeople, resource: Resource, identifier_system: str, ancestry: str
) -> Row:
    url = str(resource.get(FULL_URL, ""))
    if "id" not in resource and url:
        # A patient that is only being created has no id yet but the one of its entry.
        resource = {**resource, "id": re.split("[:/]", url)[-1]}
    row = patient(resource, identifier_system, ancestry)
    identifier = row[0]
    for name in filter(None, (f"Patient/{identifier}", url)):
        people.names[name] = identifier
    for item in resource.get("identifier", []):
        token = f"{item.get('system', '')}|{item.get('value', '')}"
        people.names[f"Patient?identifier={token}"] = identifier
    return row


def _add_span(people: FhirPeople, span: Resource) -> None:
    subject = people.find(span["of"])
    start, end = str(span["period"].get("start", "")), str(span["period"].get("end", ""))
    if not subject:
        return
    if span["kind"] == "ResearchSubject":
        people.in_study[subject] = (start, end)
    elif len(start) >= len("2000-01-01"):
        day = start[:10]
        people.first_encounter[subject] = min(people.first_encounter.get(subject, day), day)


def _use_identifiers(people: FhirPeople) -> None:
    """Put the chosen identifier in the place of Patient.id, wherever it is there."""
    chosen = {row[0]: row[1] or row[0] for _, _, row in people.patients}
    people.by_identifier = True
    people.patients = [(f, n, (chosen[row[0]], *row[1:])) for f, n, row in people.patients]
    people.names = {name: chosen[key] for name, key in people.names.items()}
    people.first_encounter = {chosen[k]: v for k, v in people.first_encounter.items()}
    people.in_study = {chosen[k]: v for k, v in people.in_study.items()}


def read_pieces(paths: tuple[str, ...], people: FhirPeople) -> Iterator[FhirPiece]:
    """Second pass: the records, each with the participant it is of, a piece at a time.

    Raises
    ------
    InputDataError
        As `scan_people`.
    """
    for n_file, path in enumerate(paths, 1):
        piece = FhirPiece(n_file)
        for number, resource in read_resources(Path(path)):
            try:
                _add(piece, number, resource, people)
            except _SHAPE as error:
                raise _misshapen(path, number) from error
            if len(piece) >= PIECE:
                yield piece
                piece = FhirPiece(n_file)
        yield piece


def _add(piece: FhirPiece, number: int, resource: Resource, people: FhirPeople) -> None:
    kind = str(resource["resourceType"])
    if kind not in _TABLES:
        if kind not in _SCANNED:
            piece.others[kind] += 1
        return
    reason = left_out_reason(resource)
    subject = "" if reason else people.find(resource.get("subject"))
    if not subject:
        piece.left_out[reason or NO_PATIENT] += 1
        return
    if kind == "Observation":
        rows, not_carried = observation(resource, subject)
    elif kind == "Condition":
        rows, not_carried = condition(resource, subject)
    elif kind == "Procedure":
        rows, not_carried = procedure(resource, subject)
    else:
        rows, not_carried = medication(resource, subject, _drug(resource, people))
    piece.rows[_TABLES[kind]] += [(number, row) for row in rows]
    piece.not_carried.update(f"{kind}.{name}" for name in not_carried)


def _drug(resource: Resource, people: FhirPeople) -> dict[str, Any] | None:
    """The code of the Medication that is referred to, in the resource itself or in the export."""
    reference = str(resource.get("medicationReference", {}).get("reference", ""))
    for inner in resource.get("contained", []):
        if reference == f"#{inner.get('id', '')}":
            found: dict[str, Any] = inner.get("code", {})
            return found
    return people.drugs.get(reference.rsplit("/", 1)[-1])
