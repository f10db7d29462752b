"""The same step on FHIR, OMOP, XLSX and Parquet sources; partial dates and concept 0."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from genocohort.cli import main
from genocohort.steps.clinical import omop_records
from tiny.clinical import Rows, ledger, run_clinical, write_sheet

LOINC = "http://loinc.org"


def _fhir(folder: Path, resources: list[dict[str, Any]], extra: str = "") -> tuple[int, Rows]:
    text = "".join(json.dumps(r) + "\n" for r in resources)
    (folder / "a.ndjson").write_text(text)
    head = "" if "first" in extra else "index_date: 2020-06-14\n"
    spec = '  - {table: fhir, paths: ["{folder}/a.ndjson"], ' + (extra or "index: none") + "}\n"
    return run_clinical(folder, f"{head}sources:\n{spec}", [("S1", "full")])


def _patient(name: str, birth: str | None) -> dict[str, Any]:
    patient: dict[str, Any] = {"resourceType": "Patient", "id": name, "gender": "female"}
    return patient if birth is None else {**patient, "birthDate": birth}


def test_partial_birth_dates_keep_their_precision(tmp_path: Path) -> None:
    births = {"full": "1980-06-15", "month": "1980-06", "year": "1980", "none": None}
    births |= {"old": "1930", "edge": "1930-06"}
    code, rows = _fhir(tmp_path, [_patient(n, b) for n, b in births.items()])
    assert code == 0
    keys = ("birth_precision", "age_min", "age_max", "age_index", "birth_year", "age_topcoded")
    found = {r["participant_id"]: tuple(r[k] for k in keys) for r in rows["participants"]}
    assert found == {
        "full": ("day", 39, 39, 39.0, 1980, False),
        "month": ("month", 39, 40, None, 1980, False),
        "year": ("year", 39, 40, None, 1980, False),
        "none": (None, None, None, None, None, False),
        # 89 or 90: the year would tell someone of 90, so it goes.
        "old": ("year", 89, 90, None, None, False),
        "edge": ("month", 89, 90, None, None, False),
    }


def test_impossible_birth_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _fhir(tmp_path, [_patient("a", "1980"), _patient("b", "1980-13-45")])
    told = capsys.readouterr().err
    assert code == 3
    assert "column birthDate" in told
    assert "row 2" in told
    assert "1980-13-45" not in told


def _quantity(name: str, day: str, status: str = "final") -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": name, "status": status, "effectiveDateTime": day,
        "subject": {"reference": "Patient/full"},
        "code": {"coding": [{"system": LOINC, "code": "13457-7"}]},
        "valueQuantity": {"value": 120, "code": "mg/dL", "comparator": "<"},
    }  # fmt: skip


def test_fhir_days_partial_dates_and_withdrawn_records(tmp_path: Path) -> None:
    encounters = [
        {"resourceType": "Encounter", "id": f"e{n}", "period": {"start": day},
         "subject": {"reference": "Patient/full"}}
        for n, day in enumerate(["2020-03-01T08:00:00Z", "2020-02-01", "2019"])
    ]  # fmt: skip
    resources = [
        _patient("full", "1980-06-15"), *encounters, _quantity("a", "2020-02-11T10:00:00+02:00"),
        _quantity("b", "2020-02"), _quantity("c", "2020-02-11", "entered-in-error"),
        {"resourceType": "Basic", "id": "x"},
    ]  # fmt: skip
    code, rows = _fhir(tmp_path, resources, "index: first_encounter")
    assert code == 0
    assert [(r["day"], r["value_std"], r["comparator"]) for r in rows["observations"]] == [
        (10, 120.0, "<"), (None, 120.0, "<"),
    ]  # fmt: skip
    kinds = [f["kind"] for f in rows["findings"]]
    assert "partial_date" in kinds
    assert "not_read" in kinds
    entry = next(e for e in ledger(tmp_path, "clinical") if e["scope"] == "fhir")
    assert (entry["n_in"], entry["n_kept"]) == (4, 3)
    assert entry["dropped"][0]["reason"] == "entered in error"


OMOP = """
sources:
  - table: omop
    person: "{folder}/person.csv"
    measurement: "{folder}/measurement.csv"
    condition_occurrence: "{folder}/condition.csv"
    visit_occurrence: "{folder}/visit.csv"
    participant_id: person_source_value
    concepts: {3004410: 4548-4}
"""


def _omop(folder: Path) -> tuple[int, Rows]:
    files = {
        "person": "PERSON_ID,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,"
        "person_source_value\n1,8507,1970,6,1,007\n2,0,1980,,,7\n3,8551,1980,3,,8\n4,,,,,9\n",
        "measurement": "measurement_id,person_id,measurement_concept_id,measurement_date,"
        "value_as_number,operator_concept_id,unit_concept_id,unit_source_value,"
        "measurement_source_value\n"
        "1,1,3004410,2020-01-11,6.5,,8554,,\n2,2,3004410,2020-01-01,48,,9579,,\n"
        "3,2,3004410,2020-01-01,52,,0,mmol/mol IFCC,\n4,3,3004410,2020-01-01,6.0,,,,\n"
        "5,3,0,2020-01-01,0,4171756,8554,,localX\n",
        "condition": "condition_occurrence_id\tperson_id\tcondition_concept_id\t"
        "condition_start_date\tcondition_end_date\tcondition_source_value\n"
        "1\t1\t0\t2020-01-02\t\tI25.10\n2\t1\t4329847\t2020-01-03\t2020-01-05\tsecret\n",
        "visit": "person_id,visit_start_date\n1,2020-01-01\n1,2021-01-01\n2,2020-01-01\n"
        "3,2020-01-01\n",
    }
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return run_clinical(folder, OMOP, [("S1", "007")])


def test_concept_zero_is_unmapped_and_empty_is_not_stated(tmp_path: Path) -> None:
    code, rows = _omop(tmp_path)
    assert code == 0
    keys = ("participant_id", "day", "code", "code_source", "value_num", "comparator", "unit_src",
            "qc_flags")  # fmt: skip
    assert [tuple(r[k] for k in keys) for r in rows["observations"]] == [
        ("007", 10, "4548-4", None, 6.5, None, "%", None),
        ("7", 0, "4548-4", None, 48.0, None, "mmol/mol", None),
        ("7", 0, "4548-4", None, 52.0, None, "mmol/mol IFCC", "unit_unknown"),
        ("8", 0, "4548-4", None, 6.0, None, None, "unit_not_stated"),
        ("8", 0, None, "localX", 0.0, "<", "%", "not_standardised"),
    ]
    assert rows["observations"][1]["value_std"] == pytest.approx(6.543, abs=1e-3)
    sexes = {r["participant_id"]: r["sex_recorded"] for r in rows["participants"]}
    assert sexes == {"007": "male", "7": "unknown", "8": "unknown", "9": "unknown"}
    told = {(f["kind"], f["column"]): f["sentence"] for f in rows["findings"]}
    assert told["concept_unmapped", "gender_concept_id"].startswith("1 rows")
    assert told["concept_not_stated", "gender_concept_id"].startswith("1 rows")
    assert told["concept_not_stated", "unit_concept_id"].startswith("1 rows")
    # The source's own words are kept for what has no concept, and for nothing else.
    assert [(r["code"], r["code_source"], r["start_day"]) for r in rows["conditions"]] == [
        (None, "I25.10", 1), ("4329847", None, 2),
    ]  # fmt: skip
    assert "secret" not in json.dumps(rows)


def test_omop_in_pieces_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = _omop(tmp_path)
    monkeypatch.setattr(omop_records, "PIECE", 1)
    _, pieces = _omop(tmp_path)
    assert pieces == whole


def test_omop_without_its_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "person.csv").write_text("id\n1\n")
    text = 'sources: [{table: omop, person: "{folder}/person.csv"}]'
    code, _ = run_clinical(tmp_path, text)
    assert code == 3
    assert "not a table of the OMOP CDM" in capsys.readouterr().err


COLUMNS = """
    table: participants
    columns: {participant_id: id, birth_date: born, index_date: enrolled}
    measurements: [{value: ldl, code: 13457-7, unit: mg/dL}]
"""


def test_xlsx_parquet_and_csv_agree(tmp_path: Path) -> None:
    born, enrolled = datetime(1960, 2, 3), datetime(2010, 2, 3)
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["id", "born", "enrolled", "ldl"], ["007", born, enrolled, 120.5]):
        page.append(row)
    book.save(tmp_path / "a.xlsx")
    content = {"id": ["007"], "born": [born], "enrolled": [enrolled], "ldl": [120.5]}
    pq.write_table(pa.table(content), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("id;born;enrolled;ldl\n007;03/02/1960;40212;120,5\n")
    results = []
    for name, more in (
        ("a.xlsx", ""),
        ("a.parquet", ""),
        ("a.csv", "    date_format: '%d/%m/%Y'\n    decimal: ','\n"),
    ):
        columns = COLUMNS
        if more:
            columns = COLUMNS.replace(
                "index_date: enrolled", "index_date: {column: enrolled, date_format: excel}"
            )
        text = f'sources:\n  - path: "{{folder}}/{name}"\n    name: people{columns}{more}'
        code, rows = run_clinical(tmp_path, text, [("S1", "007")])
        assert code == 0
        assert rows["participants"][0]["age_index"] == 50
        assert rows["observations"][0]["value_num"] == 120.5
        # Rows are counted as the format does: with the header, or without.
        assert rows["observations"][0].pop("src_row") == (1 if "parquet" in name else 2)
        results.append(rows)
    assert results[0] == results[1] == results[2]


def test_damaged_sources_are_reported_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    text = 'sources:\n  - path: "{folder}/a.xlsx"' + COLUMNS
    text += '  - path: "{folder}/absent.csv"' + COLUMNS
    code, _ = run_clinical(tmp_path, text)
    told = capsys.readouterr().err
    assert code == 3
    assert "2 problems found" in told


def test_an_empty_column_map_argument(tmp_path: Path) -> None:
    out = tmp_path / "clinical"
    code = main(
        ["clinical", "--column-map", "--sheet", str(write_sheet(tmp_path, [("S1", "P1")])),
         "--settings", "{}", "--folder", str(out), "--ledger", str(out / "ledger.json")]
    )  # fmt: skip
    assert code == 0
    table = pq.read_table(out / "participants.parquet").to_pylist()
    assert [r["participant_id"] for r in table] == ["P1"]


def test_a_code_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("id,v,u\na,2,ng/mL\nb,2000,pg/mL\nc,3,\nd,90,ng/mL\n")
    text = """
sources:
  - path: "{folder}/a.csv"
    table: observations
    columns: {participant_id: id, code: {value: TNT}, value: v, unit: u}
"""
    source = {"table": "observations", "code": "TNT"}
    settings = {"phenotypes": [{"name": "tnt", "kind": "quantitative", "source": source}]}
    code, _ = run_clinical(tmp_path, text, settings=settings)
    assert code == 3
    assert "comes in 3 units" in capsys.readouterr().err
    text = (
        """
analytes:
  - code: TNT
    name: troponin
    unit: ng/mL
    plausible: [0, 50]
    other_units: {pg/mL: {factor: 0.001}}
"""
        + text
    )
    code, rows = run_clinical(tmp_path, text, settings=settings)
    assert code == 0
    assert [r["tnt"] for r in rows["phenotypes_wide"]] == [2.0, 2.0, None, None]
    flags = [r["qc_flags"] for r in rows["observations"]]
    assert flags == [None, None, "unit_not_stated", "unit_suspect"]
