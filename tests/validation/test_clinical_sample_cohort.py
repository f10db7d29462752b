"""The truths planted in the sample cohort's clinical records come out of the steps."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest
import yaml

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.io.sheet import read_sample_sheet, sheet_text
from genocohort.io.store import write_pgen, write_psam, write_pvar
from genocohort.steps.clinical.exports import EXPORTS
from tiny.clinical import CLINICAL, OUTCOMES, Rows

pytestmark = pytest.mark.validation

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data-samples"
TABLES = SAMPLES / "clinical/tables"


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, ...]:
    return read_sample_sheet(SAMPLES / "samples.tsv")


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    return found


def _clinical(folder: Path, column_map: Path, samples: Any, wanted: Any, *more: str) -> Rows:
    folder.mkdir(exist_ok=True)
    (folder / "sheet.tsv").write_text(sheet_text(samples))
    out = folder / "clinical"
    code = main(
        ["clinical", "--column-map", str(column_map), "--sheet", str(folder / "sheet.tsv"),
         "--settings", json.dumps(wanted), "--folder", str(out),
         "--ledger", str(out / "ledger.json"), *more]
    )  # fmt: skip
    assert code == 0
    return {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in CLINICAL}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample_cohort")


@pytest.fixture(scope="module")
def rows(folder: Path, samples: Any, settings: dict[str, Any]) -> Rows:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return _clinical(
            folder / "tables", Path("config/clinical.yaml"), samples, settings["clinical"],
            "--pedigree", "data-samples/pedigree.ped",
        )  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(folder: Path, rows: Rows, samples: Any, settings: dict[str, Any]) -> Rows:
    assert rows
    store = folder / "store"
    _write_store(store, samples)
    wanted = dict(settings["outcomes"])
    wanted["group_by"] = "site"
    hba1c = {"name": "HbA1c", "kind": "numeric", "observation": "4548-4"}
    wanted["table1"] = [*wanted["table1"], hba1c]
    out = folder / "tables/outcomes"
    outputs = [x for n in OUTCOMES for x in (f"--{n}", str(out / f"{n}.parquet"))]
    code = main(
        ["outcomes", "--folder", str(folder / "tables/clinical"), "--genotypes", str(store),
         "--chromosomes", "chr20", "--settings", json.dumps(wanted), *outputs,
         "--ledger", str(out / "ledger.json")]
    )  # fmt: skip
    assert code == 0
    return {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in OUTCOMES}


def _write_store(store: Path, samples: tuple[Sample, ...]) -> None:
    """The biallelic variants around the planted survival variant."""
    store.mkdir()
    by_name = {s.vcf_name: s for s in samples}
    calls, lines = [], []
    with pysam.VariantFile(str(SAMPLES / "calls/cohort.vcf.gz")) as variants:
        names = list(variants.header.samples)
        for record in variants.fetch("chr20", 68_000, 69_000):
            if len(record.alts or ()) != 1:
                continue
            genotypes = [call["GT"] for call in record.samples.values()]
            calls.append([-1 if None in g else sum(g) for g in genotypes])
            lines.append((record.chrom, record.pos, ".", record.ref, record.alts[0], ".", ".", "."))
    counts = np.array(calls, dtype=np.int8)
    write_pgen(store / "chr20.pgen", len(names), len(calls), iter([counts]))
    write_psam(store / "chr20.psam", [by_name[name] for name in names])
    write_pvar(store / "chr20.pvar", [], iter(lines))


def test_unit_mix_up_is_flagged_and_nobody_else(rows: Rows, truth: dict[str, Any]) -> None:
    planted = truth["clinical"]["unit_mixup"]
    suspects = [r for r in rows["observations"] if "unit_suspect" in (r["qc_flags"] or "")]
    assert {r["participant_id"] for r in suspects} == set(planted["participants"])
    assert {r["code"] for r in suspects} == {planted["loinc"]}
    told = [f for f in rows["findings"] if f["kind"] == "unit_suspect_site"]
    assert len(told) == 1
    assert f"participants of site {planted['site']}" in told[0]["sentence"]
    assert told[0]["sentence"].split(": ")[1].startswith("12 of ")
    wide = {r["participant_id"]: r["ldl"] for r in rows["phenotypes_wide"]}
    assert all(wide[p] is None for p in planted["participants"])


def test_honest_other_units_are_converted(rows: Rows, truth: dict[str, Any]) -> None:
    for code, planted in truth["clinical"]["honest_other_units"].items():
        if code == "site":
            continue
        factor = planted.get("mg_dl_per_unit") or 1 / planted["units_per_mg_dl"]
        other = [
            r for r in rows["observations"]
            if r["code"] == code and r["unit_src"] == planted["unit"] and r["value_num"] is not None
        ]  # fmt: skip
        assert len(other) > 50
        for row in other:
            assert row["unit"] == "mg/dL"
            assert row["qc_flags"] is None
            assert row["value_std"] == pytest.approx(row["value_num"] * factor, rel=1e-12)


def test_ages_and_two_records_of_one_person(rows: Rows, truth: dict[str, Any]) -> None:
    people = {r["participant_id"]: r for r in rows["participants"]}
    for participant, age in truth["deidentification"]["ages_at_enrolment"].items():
        row = people[participant]
        assert row["age_index"] == min(age, 90)
        assert row["age_topcoded"] is (age >= 90)
        assert (row["birth_year"] is None) is (age >= 90)
    assert max(r["age_index"] for r in people.values()) == 90
    assert all(p in people for p in truth["clinical"]["one_person_two_records"]["participants"])
    assert len(people) == truth["counts"]["samples"]["total"]


def test_similar_ids_stay_apart(rows: Rows, truth: dict[str, Any]) -> None:
    linked = {r["sample_id"]: r["participant_id"] for r in rows["samples"]}
    for sample in truth["similar_ids"]:
        assert linked[sample] == truth["samples"][sample]["participant_id"]
    assert linked["S007"] != linked["7"]


def test_blemishes_are_told(rows: Rows, truth: dict[str, Any]) -> None:
    planted = truth["clinical"]["table_blemishes"]
    duplicates = {f["source"]: f["row"] for f in rows["findings"] if f["kind"] == "duplicate_row"}
    assert duplicates == {
        "participants.csv": planted["participants_duplicate_row"]["file_lines"][1],
        "labs.csv": planted["labs_duplicate_row"]["file_lines"][1],
    }
    told = {(f["source"], f["sentence"]) for f in rows["findings"] if f["kind"] == "tolerated"}
    assert ("labs.csv", "byte order mark removed") in told
    assert ("labs.csv", "CRLF line ends read as LF") in told
    assert ("conditions.csv", "1 blank lines skipped") in told
    sites = {r["participant_id"]: r["site"] for r in rows["participants"]}
    for participant in planted["participants_trailing_blanks_in_site"]:
        assert sites[participant] in ("1", "2", "3")
    below = [r for r in rows["observations"] if r["comparator"] == "<"]
    assert {r["code"] for r in below} == {truth["clinical"]["comparator"]["loinc"]}
    assert {r["value_num"] for r in below} == {5.0}


def test_missing_labs_by_site_show_in_table1(outcomes: Rows, truth: dict[str, Any]) -> None:
    planted = truth["clinical"]["missing_hba1c_at_baseline_by_site"]
    found = {r["group"]: r["n_missing"] for r in outcomes["table1"] if r["variable"] == "HbA1c"}
    assert {site: found[site] for site in planted} == planted


def test_planted_hazard_is_recovered(outcomes: Rows, truth: dict[str, Any]) -> None:
    planted = truth["traits"]["heart_failure"]
    variant = f"{planted['chrom']}:{planted['pos']}:{planted['ref']}:{planted['alt']}"
    row = next(r for r in outcomes["hazards"] if r["term"] == variant)
    assert abs(row["log_hazard_ratio"] - planted["log_hr"]) < 2 * row["standard_error"]
    assert row["ph_test_p_value"] > 1e-3
    curve = [r for r in outcomes["curves"] if r["group_by"] == "(all)"]
    assert sum(r["n_events"] for r in curve) == planted["events"]
    censored = planted["censored"] + planted["competing"]
    assert sum(r["n_censored"] for r in curve) == censored
    total = planted["events"] + censored
    assert curve[0]["n_at_risk"] == total - planted["delayed_entries"]


def test_no_planted_identifier_leaves(
    folder: Path, rows: Rows, outcomes: Rows, truth: dict[str, Any]
) -> None:
    with open(TABLES / "participants.csv", newline="") as stream:
        people = list(csv.DictReader(stream))
    dates = {row[c] for row in people for c in ("birth_date", "enrolment_date")}
    for name, column in (("labs", "date"), ("conditions", "date"), ("exposures", "start_date")):
        with open(TABLES / f"{name}.csv", newline="", encoding="utf-8-sig") as stream:
            dates |= {row[column] for row in csv.DictReader(stream)}
    secrets = dates | {truth["deidentification"]["note_with_name"]["name"], "daughter", "Quellen"}
    files = [p for part in ("clinical", "outcomes") for p in (folder / "tables" / part).iterdir()]
    assert len(files) == len(CLINICAL) + len(EXPORTS) + len(OUTCOMES) + 2
    pattern = re.compile("|".join(map(re.escape, sorted(secrets))).encode())
    for path in files:
        assert not pattern.search(path.read_bytes()), path.name
    zips = {row["zip"] for row in people}
    texts = [
        value
        for table in (*rows.values(), *outcomes.values())
        for row in table
        for value in row.values()
        if isinstance(value, str)
    ]
    # Parquet may compress: the decoded text is searched as well.
    words = set(re.findall(r"\w+", " ".join(texts)))
    assert not words & zips
    assert not any(re.search(r"\d{4}-\d{2}-\d{2}", text) for text in texts)
    assert not any(secret in text for text in texts for secret in ("Quellen", "daughter"))


def test_plink_files_give_the_same_phenotypes(
    folder: Path, rows: Rows, samples: Any, truth: dict[str, Any]
) -> None:
    spec = {
        "table": "participants", "path": str(SAMPLES / "clinical/plink/phenotypes.pheno"),
        "columns": {"sample_id": "IID"}, "missing": [-9],
        "measurements": [{"value": "LDL", "code": "13457-7", "unit": "mg/dL"}],
        "outcomes": [
            {"value": {"column": "CAD", "codes": {1: 0, 2: 1}}, "outcome": "cad", "kind": "binary"}
        ],
    }  # fmt: skip
    column_map = folder / "plink.yaml"
    column_map.write_text(yaml.safe_dump({"sources": [spec]}))
    wanted = {
        "phenotypes": [
            {"name": "ldl", "kind": "quantitative",
             "source": {"table": "observations", "code": "13457-7", "to_day": 0}},
            {"name": "cad", "kind": "binary", "source": {"table": "outcomes", "outcome": "cad"}},
        ]
    }  # fmt: skip
    other = _clinical(folder / "plink", column_map, samples, wanted)
    cad = {r["participant_id"]: r["cad"] for r in rows["phenotypes_wide"]}
    assert {r["participant_id"]: r["cad"] for r in other["phenotypes_wide"]} == cad
    planted = truth["traits"]["CAD"]
    values = list(cad.values())
    assert (values.count(1.0), values.count(0.0), values.count(None)) == (
        planted["cases"], planted["controls"], planted["missing"],
    )  # fmt: skip
    mixed = set(truth["clinical"]["unit_mixup"]["participants"])
    baseline = {
        r["participant_id"]: r["value_std"]
        for r in rows["observations"]
        if r["code"] == "13457-7" and r["day"] == 0 and r["value_std"] is not None
    }
    for row in other["phenotypes_wide"]:
        if row["participant_id"] not in mixed:
            assert row["ldl"] == baseline.get(row["participant_id"])


def test_plink2_reads_the_export_as_it_is_coded(
    folder: Path, rows: Rows, outcomes: Rows, truth: dict[str, Any]
) -> None:
    if shutil.which("plink2") is None:
        pytest.skip("plink2 is not available")
    assert outcomes
    out = folder / "plink2"
    subprocess.run(
        ["plink2", "--pfile", str(folder / "store/chr20"), "--pheno",
         str(folder / "tables/clinical/plink.pheno"), "--make-just-psam", "--out", str(out)],
        check=True, capture_output=True,
    )  # fmt: skip
    with open(f"{out}.psam") as stream:
        read = {r["#IID"]: r for r in csv.DictReader(stream, delimiter="\t")}
    status = [r["cad"] for r in read.values()]
    planted = truth["traits"]["CAD"]
    # plink2 writes 1 and 2 for what it has read as control and case.
    assert (status.count("2"), status.count("1"), status.count("NONE") + status.count("NA")) == (
        planted["cases"], planted["controls"], planted["missing"],
    )  # fmt: skip
    person = {r["sample_id"]: r["participant_id"] for r in rows["samples"]}
    wide = {r["participant_id"]: r["ldl"] for r in rows["phenotypes_wide"]}
    for sample, row in read.items():
        value = wide[person[sample]]
        if value is None:
            assert row["ldl"] == "NA"
        else:
            assert float(row["ldl"]) == pytest.approx(value, rel=1e-5)
    assert len(read) == 400
