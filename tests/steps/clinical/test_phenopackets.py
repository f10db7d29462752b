"""Phenopackets v2: excluded features, ages, complex values, variants, families."""

import json
from pathlib import Path
from typing import Any

import pytest

from genocohort.io.clinical_phenopackets import age_years
from tiny.clinical import Rows, run_clinical


def _run(folder: Path, *messages: Any, extra: str = "") -> tuple[int, Rows]:
    for number, message in enumerate(messages):
        (folder / f"{number}.json").write_text(json.dumps(message, indent=1))
    spec = f'{{table: phenopackets, files: ["{{folder}}/*.json"]{extra}}}'
    return run_clinical(folder, f"sources: [{spec}]", [("S1", "p")])


def _packet(name: str = "p", **more: Any) -> dict[str, Any]:
    subject = {"id": name, "sex": "FEMALE", "alternateIds": ["secret"]}
    return {"id": f"packet-{name}", "subject": {**subject, **more.pop("subject", {})}, **more}


def _age(text: str) -> dict[str, Any]:
    return {"age": {"iso8601duration": text}}


def test_features_diseases_and_ages(tmp_path: Path) -> None:
    code, rows = _run(
        tmp_path,
        _packet(
            subject={"timeAtLastEncounter": _age("P40Y6M")},
            phenotypicFeatures=[
                {"type": {"id": "HP:0000545", "label": "secret"}, "onset": _age("P30Y6M")},
                {"type": {"id": "HP:0001083"}, "excluded": True},
                {"type": {"id": "HP:0004322"},
                 "onset": {"ontologyClass": {"id": "HP:0003577", "label": "Congenital onset"}}},
            ],
            diseases=[{"term": {"id": "OMIM:154700"}, "excluded": False,
                       "resolution": _age("P40Y6M")}],
        ),
    )  # fmt: skip
    assert code == 0
    person = rows["participants"][0]
    assert (person["age_index"], person["sex_recorded"]) == (40.0, "female")
    keys = ("code_system", "code", "status", "start_day", "end_day")
    # An excluded feature was looked for and not found: it is not absent.
    assert [tuple(r[k] for k in keys) for r in rows["conditions"]] == [
        ("HPO", "HP:0000545", "present", -3652, None),
        ("HPO", "HP:0001083", "excluded", None, None),
        ("HPO", "HP:0004322", "present", None, None),
        ("OMIM", "154700", "present", None, 0),
    ]
    told = {f["kind"]: f["sentence"] for f in rows["findings"]}
    assert told["no_exact_time"].startswith("1 times")
    assert told["day_from_age"].startswith("2 days")
    assert "secret" not in json.dumps(rows)


def test_measurements_treatments_and_dates(tmp_path: Path) -> None:
    def quantity(value: float, unit: str) -> dict[str, Any]:
        return {"value": value, "unit": {"id": f"UCUM:{unit}", "label": "secret"}}

    code, rows = _run(
        tmp_path,
        _packet(
            subject={
                "dateOfBirth": "1960-02-03T00:00:00Z",
                "timeAtLastEncounter": {"timestamp": "2010-02-03T12:00:00Z"},
                "vitalStatus": {"status": "DECEASED",
                                "timeOfDeath": {"timestamp": "2012-02-03T00:00:00Z"}},
            },
            measurements=[
                {"assay": {"id": "LOINC:13457-7"}, "timeObserved": {
                    "timestamp": "2010-01-31T00:00:00Z"}, "value": {"quantity": {
                        **quantity(120.5, "mg/dL"), "referenceRange": {"low": 1, "high": 130}}}},
                {"assay": {"id": "LOINC:85354-9"}, "complexValue": {"typedQuantities": [
                    {"type": {"id": "LOINC:8480-6"}, "quantity": quantity(120, "mm[Hg]")},
                    {"type": {"id": "LOINC:8462-4"}, "quantity": quantity(80, "mm[Hg]")}]}},
                {"assay": {"id": "LOINC:5778-6"},
                 "value": {"ontologyClass": {"id": "SNOMED:371244009"}}},
            ],
            medicalActions=[
                {"treatment": {"agent": {"id": "RxNorm:83367"}, "doseIntervals": [
                    {"quantity": quantity(20, "mg"),
                     "interval": {"start": "2010-03-01T00:00:00Z"}}]}},
                {"procedure": {"code": {"id": "SNOMED:80146002"},
                               "performed": {"timestamp": "2009-02-03T00:00:00Z"}}},
                {"radiationTherapy": {"dosage": 1}},
            ],
        ),
    )  # fmt: skip
    assert code == 0
    assert rows["participants"][0]["age_index"] == 50
    keys = ("code", "day", "value_std", "unit", "value_code", "ref_high")
    assert [tuple(r[k] for k in keys) for r in rows["observations"]] == [
        ("13457-7", -3, 120.5, "mg/dL", None, 130.0), ("8480-6", None, 120.0, "mm[Hg]", None, None),
        ("8462-4", None, 80.0, "mm[Hg]", None, None),
        ("5778-6", None, None, None, "371244009", None),
    ]  # fmt: skip
    keys = ("kind", "code_system", "code", "start_day", "dose", "dose_unit")
    assert [tuple(r[k] for k in keys) for r in rows["exposures"]] == [
        ("drug", "RxNorm", "83367", 26, 20.0, "mg"),
        ("procedure", "SNOMED", "80146002", -365, None, None),
    ]
    assert [(r["outcome"], r["exit_day"], r["event"]) for r in rows["outcomes"]] == [
        ("death", 730, 1)
    ]
    assert "not_read" in {f["kind"] for f in rows["findings"]}


def test_variants_are_coded_answers(tmp_path: Path) -> None:
    def found(descriptor: dict[str, Any]) -> dict[str, Any]:
        interpretation = {
            "acmgPathogenicityClassification": "PATHOGENIC", "variationDescriptor": descriptor
        }  # fmt: skip
        return {"subjectOrBiosampleId": "p", "variantInterpretation": interpretation}

    record = {"genomeAssembly": "hg38", "chrom": "chr15", "pos": 100, "ref": "C", "alt": "G"}
    structural = {"geneContext": {"valueId": "HGNC:2600"}, "structuralType": {"id": "SO:1000029"}}
    descriptors = [{"vcfRecord": record, "allelicState": {"id": "GENO:0000135"}}, structural]
    diagnosis = {"genomicInterpretations": [found(d) for d in descriptors]}
    code, rows = _run(tmp_path, _packet(interpretations=[{"diagnosis": diagnosis}]))
    assert code == 0
    assert [(r["code"], r["value_code"], r["status"]) for r in rows["observations"]] == [
        ("81252-9", "hg38:chr15:100:C:G", "pathogenic"), ("53034-5", "GENO:0000135", None),
        ("81252-9", "HGNC:2600 SO:1000029", "pathogenic"),
    ]  # fmt: skip


def test_families_cohorts_and_ids(tmp_path: Path) -> None:
    family = {"id": "f", "proband": _packet("a"), "relatives": [_packet("b")]}
    cohort = {"id": "c", "members": [_packet("c"), _packet("d")]}
    code, rows = _run(tmp_path, family, cohort, [_packet("e")])
    assert code == 0
    assert [r["participant_id"] for r in rows["participants"]] == list("abcde")
    code, rows = _run(
        tmp_path, family, cohort, [_packet("e")], extra=", participant_id: phenopacket"
    )
    assert rows["participants"][0]["participant_id"] == "packet-a"


@pytest.mark.parametrize("message", [{"id": "x"}, {"subject": {"sex": "MALE"}}, "text"])
def test_misshapen_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], message: Any
) -> None:
    code, _ = _run(tmp_path, message)
    assert code == 3
    assert "not the shape of a phenopacket" in capsys.readouterr().err


def test_a_pattern_without_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _run(tmp_path)
    assert code == 3
    assert "*.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "years"),
    [("P38Y", 38), ("P38Y6M", 38.5), ("P1Y", 1), ("P6M", 0.5), ("P0D", 0), ("P", None),
     ("38", None)],
)  # fmt: skip
def test_ages(text: str, years: float | None) -> None:
    assert age_years(text) == years
