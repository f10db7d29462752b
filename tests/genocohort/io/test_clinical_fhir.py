"""FHIR R4 resources as tables of text."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from genocohort.errors import InputDataError
from genocohort.io.clinical_fhir import NO_PATIENT, FhirPiece, read_pieces, scan_people
from genocohort.io.fhir_elements import COLUMNS, NOT_DONE, WRONG

LOINC = "http://loinc.org"


def _all(path: Path, **options: str) -> FhirPiece:
    """Everything of a file, as one piece."""
    people = scan_people((str(path),), **options)
    whole = FhirPiece(1)
    for piece in read_pieces((str(path),), people):
        for kind, rows in piece.rows.items():
            whole.rows[kind] += rows
        whole.left_out += piece.left_out
        whole.others += piece.others
        whole.not_carried += piece.not_carried
    whole.rows["Patient"] = [(number, row) for _, number, row in people.patients]
    return whole


def _read(folder: Path, *resources: dict[str, Any], **options: str) -> FhirPiece:
    path = folder / "a.ndjson"
    path.write_text("".join(json.dumps(r) + "\n" for r in resources), encoding="utf-8")
    return _all(path, **options)


def _named(piece: FhirPiece, kind: str) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS[kind], row, strict=True)) for _, row in piece.rows[kind]]


def _code(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": "secret"}], "text": "secret"}


def test_blood_pressure_becomes_one_row_each(tmp_path: Path) -> None:
    tables = _read(
        tmp_path,
        {
            "resourceType": "Observation", "id": "bp", "status": "final",
            "subject": {"reference": "Patient/007"}, "code": _code(LOINC, "85354-9"),
            "effectivePeriod": {"start": "2020-01-02T03:04:05Z"},
            "component": [
                {"code": _code(LOINC, "8480-6"), "valueQuantity": {"value": 120, "code": "mm[Hg]"}},
                {"code": _code(LOINC, "8462-4"),
                 "valueQuantity": {"value": 80.50, "unit": "mmHg", "comparator": "<"}},
            ],
        },
    )  # fmt: skip
    rows = _named(tables, "Observation")
    assert [(r["subject"], r["code"], r["value"], r["unit"]) for r in rows] == [
        ("007", "8480-6", "120", "mm[Hg]"), ("007", "8462-4", "<80.5", "mmHg"),
    ]  # fmt: skip
    assert "secret" not in json.dumps(rows)


def test_preferred_code_and_states(tmp_path: Path) -> None:
    both = {"coding": [{"system": "http://local", "code": "x"}, {"system": LOINC, "code": "1-1"}]}
    base = {"resourceType": "Observation", "subject": {"reference": "Patient/1"}, "code": both}
    refuted = {"coding": [{"code": "refuted"}]}
    wrong = {"coding": [{"code": "entered-in-error"}]}
    icd = _code("http://hl7.org/fhir/sid/icd-10-cm", "I10")
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "code": icd}
    tables = _read(
        tmp_path,
        {**base, "id": "a", "status": "final", "valueInteger": 0},
        {**base, "id": "b", "status": "entered-in-error", "valueInteger": 1},
        {**condition, "id": "c", "verificationStatus": refuted},
        {**condition, "id": "d", "verificationStatus": wrong},
        {"resourceType": "AllergyIntolerance", "id": "e"},
    )
    assert [(r["system"], r["code"], r["value"]) for r in _named(tables, "Observation")] == [
        ("LOINC", "1-1", "0")
    ]
    assert [r["status"] for r in _named(tables, "Condition")] == ["excluded"]
    assert tables.left_out == {WRONG: 2}
    assert tables.others == {"AllergyIntolerance": 1}


def test_bundle_references_and_identifiers(tmp_path: Path) -> None:
    patient = {
        "resourceType": "Patient", "id": "x1", "name": [{"family": "Secret"}],
        "identifier": [{"system": "urn:study", "value": "0042"}, {"system": "o", "value": "1"}],
    }  # fmt: skip
    condition = {
        "resourceType": "Condition", "id": "e", "subject": {"reference": "urn:uuid:11"},
        "onsetDateTime": "2020-01-01",
    }  # fmt: skip
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:11", "resource": patient},
            {"fullUrl": "urn:uuid:12", "resource": condition},
        ],
    }
    path = tmp_path / "b.json.gz"
    path.write_bytes(gzip.compress(json.dumps(bundle).encode()))
    plain = _all(path)
    assert _named(plain, "Condition")[0]["subject"] == "x1"
    mapped = _all(path, identifier_system="urn:study")
    assert _named(mapped, "Patient")[0]["id"] == "0042"
    assert _named(mapped, "Condition")[0]["subject"] == "0042"
    assert "Secret" not in json.dumps(mapped.rows)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"resourceType": "Patient"}\n{"resourceType": \n', "line 2"),
        ("[1]", "a.ndjson"),
        ('{"id": "x"}', "resource 1"),
        ('{"resourceType": "Condition", "subject": "P1"}', "resource 1"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, where: str) -> None:
    (tmp_path / "a.ndjson").write_text(text)
    with pytest.raises(InputDataError) as caught:
        _all(tmp_path / "a.ndjson")
    assert where in caught.value.where


def test_units_and_coded_values(tmp_path: Path) -> None:
    snomed = {"value": 1, "unit": "mg/dL", "code": "258797006", "system": "http://snomed.info/sct"}
    ucum = {"value": 1, "unit": "mg per dL", "code": "mg/dL", "system": "http://unitsofmeasure.org"}
    base = {
        "resourceType": "Observation", "status": "final", "code": _code(LOINC, "1-1"),
        "subject": {"reference": "Patient/1"},
    }  # fmt: skip
    rows = _named(
        _read(
            tmp_path,
            {**base, "id": "a", "valueQuantity": snomed},
            {**base, "id": "b", "valueQuantity": ucum},
            {**base, "id": "c", "valueBoolean": False},
            {**base, "id": "d", "valueCodeableConcept": _code("s", "POS")},
            {**base, "id": "e", "valueString": "secret"},
        ),
        "Observation",
    )
    assert [(r["value"], r["unit"], r["value_code"]) for r in rows] == [
        ("1", "mg/dL", ""), ("1", "mg/dL", ""), ("", "", "false"), ("", "", "POS"), ("", "", ""),
    ]  # fmt: skip


def test_every_way_to_name_a_patient(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:mrn", "value": "77"}]}
    named = {**patient, "id": "p1"}
    condition = {"resourceType": "Condition", "code": _code("s", "X")}
    references = [
        "Patient/p1", "https://host/fhir/Patient/p1/_history/3", "urn:uuid:11",
        "Patient?identifier=urn:mrn|77", "Group/p1", "urn:uuid:99",
    ]  # fmt: skip
    entries = [{"fullUrl": "urn:uuid:11", "resource": named}]
    entries += [{"resource": {**condition, "subject": {"reference": r}}} for r in references]
    entries.append({"resource": condition})
    path = tmp_path / "b.json"
    for text in (None, 1):  # a Bundle on one line, and over several
        path.write_text(json.dumps({"resourceType": "Bundle", "entry": entries}, indent=text))
        piece = _all(path)
        assert [r["subject"] for r in _named(piece, "Condition")] == ["p1"] * 4
        assert piece.left_out == {NO_PATIENT: 3}
    # A patient that is being created has no id yet: the entry's is used.
    entries[0]["resource"] = patient
    path.write_text(json.dumps({"resourceType": "Bundle", "entry": entries[:1] + entries[3:4]}))
    piece = _all(path)
    assert [r["id"] for r in _named(piece, "Patient")] == ["11"]
    assert [r["subject"] for r in _named(piece, "Condition")] == ["11"]


def test_drugs_and_procedures(tmp_path: Path) -> None:
    rxnorm = _code("http://www.nlm.nih.gov/research/umls/rxnorm", "83367")
    of = {"subject": {"reference": "Patient/1"}}
    dose = {"doseAndRate": [{"doseQuantity": {"value": 20, "code": "mg"}}]}
    piece = _read(
        tmp_path,
        {"resourceType": "Medication", "id": "m1", "code": rxnorm},
        {"resourceType": "MedicationStatement", "id": "a", **of, "status": "active",
         "medicationReference": {"reference": "Medication/m1"}, "dosage": [dose],
         "effectivePeriod": {"start": "2020-01-01", "end": "2020-02-01"}},
        {"resourceType": "MedicationRequest", "id": "b", **of, "status": "active",
         "contained": [{"resourceType": "Medication", "id": "c", "code": rxnorm}],
         "medicationReference": {"reference": "#c"}, "authoredOn": "2020-03-01"},
        {"resourceType": "MedicationStatement", "id": "c", **of, "status": "not-taken"},
        {"resourceType": "Procedure", "id": "d", **of, "status": "completed",
         "code": _code("http://snomed.info/sct", "80146002"), "performedDateTime": "2019-05"},
        {"resourceType": "Procedure", "id": "e", **of, "status": "not-done"},
        {"resourceType": "Procedure", "id": "f", **of, "status": "entered-in-error"},
    )  # fmt: skip
    keys = ("kind", "system", "code", "start", "end", "dose", "unit")
    assert [tuple(r[k] for k in keys) for r in _named(piece, "Exposure")] == [
        ("drug", "RxNorm", "83367", "2020-01-01", "2020-02-01", "20", "mg"),
        ("drug", "RxNorm", "83367", "2020-03-01", "", "", ""),
        ("procedure", "SNOMED", "80146002", "2019-05", "", "", ""),
    ]
    assert piece.left_out == {NOT_DONE: 2, WRONG: 1}


def test_values_that_are_no_number_are_counted(tmp_path: Path) -> None:
    base = {
        "resourceType": "Observation", "status": "final", "code": _code(LOINC, "1-1"),
        "subject": {"reference": "Patient/1"},
    }  # fmt: skip
    values: dict[str, Any] = {
        "valueString": "secret", "valueRange": {"low": {"value": 1}}, "valueTime": "08:00",
        "valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}},
        "valueDateTime": "2020-01-01", "valuePeriod": {"start": "2020-01-01"},
        "valueSampledData": {"data": "1 2"}, "valueAttachment": {"title": "secret"},
    }  # fmt: skip
    piece = _read(tmp_path, *({**base, "id": k, k: v} for k, v in values.items()))
    assert piece.not_carried == {f"Observation.{k}": 1 for k in values}
    assert "secret" not in json.dumps(piece.rows)
    assert all(not r["value"] and not r["value_code"] for r in _named(piece, "Observation"))
