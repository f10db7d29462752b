"""FHIR R4 resources as tables of text."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from genocohort.errors import InputDataError
from genocohort.io.clinical_fhir import COLUMNS, FhirTables, read_fhir

LOINC = "http://loinc.org"


def _read(folder: Path, *resources: dict[str, Any], **options: str) -> FhirTables:
    path = folder / "a.ndjson"
    path.write_text("".join(json.dumps(r) + "\n" for r in resources), encoding="utf-8")
    return read_fhir((str(path),), **options)


def _named(tables: FhirTables, kind: str) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS[kind], row, strict=True)) for _, row in tables.rows[kind]]


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
    assert tables.left_out == {"entered in error": 2}
    assert tables.others == {"AllergyIntolerance": 1}


def test_bundle_references_and_identifiers(tmp_path: Path) -> None:
    patient = {
        "resourceType": "Patient", "id": "x1", "name": [{"family": "Secret"}],
        "identifier": [{"system": "urn:study", "value": "0042"}, {"system": "o", "value": "1"}],
    }  # fmt: skip
    encounter = {
        "resourceType": "Encounter", "id": "e", "subject": {"reference": "urn:uuid:11"},
        "period": {"start": "2020-01-01"},
    }  # fmt: skip
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:11", "resource": patient},
            {"fullUrl": "urn:uuid:12", "resource": encounter},
        ],
    }
    path = tmp_path / "b.json.gz"
    path.write_bytes(gzip.compress(json.dumps(bundle).encode()))
    plain = read_fhir((str(path),))
    assert _named(plain, "Encounter")[0]["subject"] == "x1"
    mapped = read_fhir((str(path),), identifier_system="urn:study")
    assert _named(mapped, "Patient")[0]["id"] == "0042"
    assert _named(mapped, "Encounter")[0]["subject"] == "0042"
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
        read_fhir((str(tmp_path / "a.ndjson"),))
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
