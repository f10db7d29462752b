"""Public synthetic FHIR and OMOP records: nothing is lost, nothing identifying is carried."""

import csv
import json
import os
import re
import zipfile
from collections import Counter
from pathlib import Path

import duckdb
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
    flagged = Counter(
        (r["code"], r["unit_src"], r["qc_flags"])
        for r in rows["observations"]
        if "unit_" in (r["qc_flags"] or "")
    )
    # The generator of these records writes total protein of 60 to 78 g/L as g/dL, and a filtration
    # rate that is not for a standard body surface.
    assert flagged == {
        ("2885-2", "g/dL", "unit_suspect"): 14, ("33914-3", "mL/min", "unit_unknown"): 14,
    }  # fmt: skip
    unknown = sum(r["qc_flags"] == "not_standardised" for r in rows["observations"])
    assert unknown == 271
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
    rows = _fhir(tmp_path, [data / "fhir_bundles_r4/*.json.gz"])
    people = {r["participant_id"] for r in rows["participants"]}
    assert len(people) == 7
    # 250 observations, of which 24 are blood pressures of two components.
    assert len(rows["observations"]) == 250 + 24
    assert len(rows["conditions"]) == 15
    assert Counter(r["kind"] for r in rows["exposures"]) == {"procedure": 13, "drug": 9}
    for table in ("observations", "conditions", "exposures"):
        assert {r["participant_id"] for r in rows[table]} <= people
    assert all(r["sex_recorded"] in ("male", "female") for r in rows["participants"])
    # File names hold names of patients: files go by their number.
    written = json.dumps(rows)
    assert "fhir, file 2" in written
    assert not any(name in written for name in ("Atencio", "Hoeger", "Gulgowski"))


OMOP = (
    "PERSON", "MEASUREMENT", "OBSERVATION", "CONDITION_OCCURRENCE", "DRUG_EXPOSURE",
    "PROCEDURE_OCCURRENCE", "VISIT_OCCURRENCE", "OBSERVATION_PERIOD", "DEATH", "CONCEPT",
)  # fmt: skip


def _unzip(data: Path, name: str, folder: Path, ending: str) -> dict[str, str]:
    """The tables of a zipped database, each by its name in the CDM."""
    folder.mkdir()
    found = {}
    with zipfile.ZipFile(data / "omop54" / name) as archive:
        for member in archive.namelist():
            table = Path(member).stem.lower()
            if member.endswith(ending) and table.upper() in OMOP and "__MACOSX" not in member:
                found[table] = str(folder / f"{table}{ending}")
                Path(found[table]).write_bytes(archive.read(member))
    assert set(found) == {table.lower() for table in OMOP}
    return found


def _duckdb(files: dict[str, str], path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for table, file in files.items():
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM '{file}'")


def _omop(folder: Path, **spec: object) -> Rows:
    folder.mkdir(exist_ok=True)
    code, rows = run_clinical(folder, yaml.safe_dump({"sources": [{"table": "omop", **spec}]}))
    assert code == 0
    return rows


def _count(path: str) -> int:
    with open(path, newline="") as stream:
        return sum(1 for _ in csv.reader(stream)) - 1


def test_omop_csv_parquet_and_duckdb_give_the_same(tmp_path: Path, data: Path) -> None:
    text = _unzip(data, "Synthea27Nj_5.4.zip", tmp_path / "csv", ".csv")
    parquet = _unzip(data, "Synthea27NjParquet_5.4.zip", tmp_path / "parquet", ".parquet")
    _duckdb(parquet, tmp_path / "cdm.duckdb")
    rows = _omop(tmp_path / "a", **text)
    assert len(rows["participants"]) == 28
    assert len(rows["observations"]) == 10_040 + 8_099
    assert len(rows["conditions"]) == 470
    drugs = [r for r in rows["exposures"] if r["kind"] == "drug"]
    assert len(drugs) == 883
    assert len(rows["exposures"]) - len(drugs) == _count(text["procedure_occurrence"])
    assert [sum(r["event"] == e for r in rows["outcomes"]) for e in (1, 0)] == [3, 25]
    # Codes come from the vocabulary: LOINC, SNOMED, RxNorm.
    heights = [r for r in rows["observations"] if r["code"] == "8302-2"]
    assert len(heights) == 496
    assert all(r["unit"] == "cm" for r in heights)
    assert {r["code_system"] for r in drugs} <= {"RxNorm", "CVX"}
    assert {r["code_system"] for r in rows["conditions"]} == {"SNOMED"}
    told = {f["source"]: f["sentence"] for f in rows["findings"]
            if (f["kind"], f["column"]) == ("concept_unmapped", "unit_concept_id")}  # fmt: skip
    with open(text["measurement"], newline="") as stream:
        units = [row["unit_concept_id"] for row in csv.DictReader(stream)]
    assert int(told["omop:measurement"].split()[0]) == units.count("0")
    tables = ("participants", "observations", "conditions", "exposures", "outcomes")

    def plain(rows: Rows) -> dict[str, list[dict[str, object]]]:
        return {t: [{k: v for k, v in r.items() if k != "src_row"} for r in rows[t]]
                for t in tables}  # fmt: skip

    assert plain(_omop(tmp_path / "b", **parquet)) == plain(rows)
    assert plain(_omop(tmp_path / "c", database=str(tmp_path / "cdm.duckdb"))) == plain(rows)


def test_concepts_of_the_column_map_go_first(tmp_path: Path, data: Path) -> None:
    text = _unzip(data, "Synthea27Nj_5.4.zip", tmp_path / "csv", ".csv")
    rows = _omop(
        tmp_path / "a", person=text["person"], measurement=text["measurement"],
        concepts={"3038553": "39156-5", "3036277": "8302-2"},
    )  # fmt: skip
    assert sum(r["code"] == "8302-2" for r in rows["observations"]) == 496
    assert {r["code_system"] for r in rows["observations"]} == {"LOINC", "OMOP"}


def test_phenopackets(tmp_path: Path, data: Path) -> None:
    spec = {
        "table": "phenopackets", "files": [str(data / "phenopackets/*.json")],
        "participant_id": "phenopacket",
    }  # fmt: skip
    code, rows = run_clinical(tmp_path, yaml.safe_dump({"sources": [spec]}))
    assert code == 0
    people = rows["participants"]
    assert len(people) == 72
    assert Counter(r["sex_recorded"] for r in people) == {"male": 40, "female": 32}
    features = [r for r in rows["conditions"] if r["code_system"] == "HPO"]
    assert Counter(r["status"] for r in features) == {"present": 357, "excluded": 377}
    assert sum(r["code_system"] == "OMIM" for r in rows["conditions"]) == 72
    # 48 have an age at their last encounter; whole years of it are the age.
    assert sum(r["age_index"] is not None for r in people) == 48
    by_id = {r["participant_id"]: r for r in people}
    assert by_id["PMID_10756346_Patient_B13"]["age_index"] == 13
    measured = [r for r in rows["observations"] if r["value_num"] is not None]
    assert len(measured) == 59
    variants = [r for r in rows["observations"] if r["code"] == "81252-9"]
    assert len(variants) == 79
    assert sum(r["value_code"].startswith("hg38:chr") for r in variants) == 74
    assert sum(r["code"] == "53034-5" for r in rows["observations"]) == 79
    mine = [r for r in variants if r["participant_id"] == "PMID_10756346_Patient_B13"]
    assert [(r["value_code"], r["status"]) for r in mine] == [
        ("hg38:chr15:48421957:C:G", "pathogenic")
    ]
    told = {f["kind"]: f["sentence"] for f in rows["findings"]}
    assert told["no_exact_time"].startswith("28 times")
    for path in (tmp_path / "clinical").glob("*.parquet"):
        assert b"Marfan" not in path.read_bytes()


def test_regenie_files(tmp_path: Path, data: Path) -> None:
    """0/1 of regenie, with NA: declared, and joined by IID over FID and IID."""
    folder = data / "regenie_example"
    text = f"""
missing: [NA]
sources:
  - path: "{folder}/covariates.txt"
    table: participants
    columns: {{participant_id: IID}}
    measurements: [{{value: V1, code: V1}}]
  - path: "{folder}/phenotype_bin_wNA.txt"
    name: binary
    table: participants
    columns: {{participant_id: IID}}
    outcomes:
      - {{value: {{column: Y1, codes: {{0: 0, 1: 1}}}}, outcome: y1, kind: binary}}
"""
    code, rows = run_clinical(tmp_path, text)
    assert code == 0
    with open(folder / "phenotype_bin_wNA.txt") as stream:
        cells = [line.split()[2] for line in stream][1:]
    values = Counter(r["value"] for r in rows["outcomes"])
    assert len(rows["participants"]) == 500
    assert values == {1.0: cells.count("1"), 0.0: cells.count("0"), None: cells.count("NA")}
    # PLINK's 1/2 declared for the same file is an error, not 500 controls.
    code, _ = run_clinical(tmp_path, text.replace("{0: 0, 1: 1}", "{1: 0, 2: 1}"))
    assert code == 3


def test_ped_files(tmp_path: Path, data: Path) -> None:
    for name, n in (("ceph1463.ped", 17), ("test.mendel.ped", 3)):
        folder = tmp_path / name
        folder.mkdir()
        spec = {
            "table": "participants", "path": str(data / "plink_ped" / name),
            "columns": {
                "participant_id": "IID", "father_id": "PAT", "mother_id": "MAT",
                "sex_recorded": {
                    "column": "SEX", "codes": {"1": "male", "2": "female", "0": "unknown"}
                },
            },
            "missing": ["0", "-9"],
        }  # fmt: skip
        code, rows = run_clinical(folder, yaml.safe_dump({"sources": [spec]}))
        assert code == 0
        lines = [
            line.split() for line in Path(str(spec["path"])).read_text().splitlines()
            if line.strip() and not line.startswith("#")
        ]  # fmt: skip
        assert len(rows["participants"]) == len(lines) == n
        fathers = {r["participant_id"]: r["father_id"] for r in rows["participants"]}
        assert fathers == {c[1]: None if c[2] in ("0", "-9") else c[2] for c in lines}
