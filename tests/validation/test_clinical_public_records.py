"""Public synthetic FHIR and OMOP records: nothing is lost, nothing identifying is carried."""

import csv
import json
import os
import re
import zipfile
from pathlib import Path

import pytest
import yaml

from tiny.clinical import Rows, ledger, run_clinical

pytestmark = pytest.mark.validation


@pytest.fixture
def data() -> Path:
    root = os.environ.get("GENOCOHORT_DATA")
    if not root:
        pytest.skip("GENOCOHORT_DATA is not set")
    return Path(root)


def _fhir(folder: Path, paths: list[Path], **options: str) -> Rows:
    spec = {"table": "fhir", "paths": [str(p) for p in paths], **options}
    code, rows = run_clinical(folder, yaml.safe_dump({"sources": [spec]}))
    assert code == 0
    return rows


def test_ndjson_with_blood_pressures(tmp_path: Path, data: Path) -> None:
    folder = data / "fhir_pathling"
    names = ("Patient", "Observation", "Condition")
    rows = _fhir(tmp_path, [folder / f"{n}.ndjson" for n in names], index="none")
    assert len(rows["participants"]) == 9
    # 1,502 resources, of which 83 are blood pressures of two components.
    assert len(rows["observations"]) == 1502 + 83
    assert len(rows["conditions"]) == 71
    systolic = [r for r in rows["observations"] if r["code"] == "8480-6"]
    assert len(systolic) == 83
    assert all(r["unit"] == "mm[Hg]" and r["qc_flags"] is None for r in systolic)
    assert not any("unit_" in (r["qc_flags"] or "") for r in rows["observations"])
    lines = (folder / "Patient.ndjson").read_text().splitlines()
    patients = [json.loads(line) for line in lines]
    secrets = {p["birthDate"] for p in patients} | {
        n["family"] for p in patients for n in p["name"]
    }
    written = json.dumps(rows)
    assert not any(re.search(rf"\b{re.escape(s)}\b", written) for s in secrets)
    entry = next(e for e in ledger(tmp_path, "clinical") if e["scope"] == "fhir")
    assert entry["n_kept"] == entry["n_in"] == 9 + 1585 + 71


def test_bulk_export_with_encounters(tmp_path: Path, data: Path) -> None:
    names = ("Patient", "Encounter", "Condition", "MedicationRequest")
    paths = [data / f"fhir_bulk10/{n}.000.ndjson.gz" for n in names]
    rows = _fhir(tmp_path, paths)
    assert len(rows["participants"]) == 13
    assert len(rows["conditions"]) == 555
    assert len(rows["exposures"]) == 1745
    assert all(r["start_day"] is not None for r in rows["conditions"])
    assert all(r["age_index"] is not None for r in rows["participants"])


def test_bundles_with_uuid_references(tmp_path: Path, data: Path) -> None:
    rows = _fhir(tmp_path, sorted((data / "fhir_bundles_r4").glob("*.json.gz")))
    people = {r["participant_id"] for r in rows["participants"]}
    assert len(people) == 7
    assert {r["participant_id"] for r in rows["observations"]} <= people
    assert all(r["sex_recorded"] in ("male", "female") for r in rows["participants"])


def test_omop_tables(tmp_path: Path, data: Path) -> None:
    with zipfile.ZipFile(data / "omop54/Synthea27Nj_5.4.zip") as archive:
        for name in ("PERSON", "MEASUREMENT", "CONDITION_OCCURRENCE", "VISIT_OCCURRENCE"):
            (tmp_path / f"{name}.csv").write_bytes(archive.read(f"{name}.csv"))
    spec = {"table": "omop"} | {
        name.lower(): str(tmp_path / f"{name}.csv")
        for name in ("PERSON", "MEASUREMENT", "CONDITION_OCCURRENCE", "VISIT_OCCURRENCE")
    }
    spec["concepts"] = {"3038553": "39156-5", "3036277": "8302-2"}  # type: ignore[assignment]
    code, rows = run_clinical(tmp_path, yaml.safe_dump({"sources": [spec]}))
    assert code == 0
    assert len(rows["participants"]) == 28
    assert len(rows["observations"]) == 10_040
    assert len(rows["conditions"]) == 470
    heights = [r for r in rows["observations"] if r["code"] == "8302-2"]
    assert len(heights) == 496
    told = [f["sentence"] for f in rows["findings"] if f["kind"] == "concept_unmapped"]
    with (tmp_path / "MEASUREMENT.csv").open() as stream:
        units = [row["unit_concept_id"] for row in csv.DictReader(stream)]
    assert [int(sentence.split()[0]) for sentence in told] == [units.count("0")]
