"""Exports for PLINK 2 and regenie: coding, missing values, one row per sample."""

from pathlib import Path

import pytest

from tiny.clinical import run_clinical

MAP = """
sources:
  - path: "{folder}/people.csv"
    table: participants
    columns: {participant_id: id, sex_recorded: sex, site: site}
    measurements: [{value: ldl, code: 13457-7, unit: mg/dL}]
    outcomes: [{value: {column: cad, codes: {"no": 0, "yes": 1}}, outcome: cad, kind: binary}]
"""
PEOPLE = "id,sex,site,ldl,cad\n007,male,1,120.5,yes\n7,female,2,100,no\nP3,unknown,1,,\n"
SETTINGS = {
    "phenotypes": [
        {"name": "ldl", "kind": "quantitative",
         "source": {"table": "observations", "code": "13457-7"}},
        {"name": "cad", "kind": "binary", "source": {"table": "outcomes", "outcome": "cad"}},
    ],
    "covariates": [{"name": "sex"}, {"name": "site", "levels": ["1", "2"]}],
}  # fmt: skip
PAIRS = [("s1", "007"), ("s2", "007"), ("s3", "7"), ("s4", "P3"), ("s5", "nobody")]


def _exported(folder: Path) -> dict[str, list[str]]:
    (folder / "people.csv").write_text(PEOPLE)
    code, _ = run_clinical(folder, MAP, PAIRS, SETTINGS)
    assert code == 0
    names = ("plink.pheno", "plink.cov", "regenie.pheno", "regenie.cov", "coding.tsv")
    return {n: (folder / "clinical" / n).read_text().splitlines() for n in names}


def test_one_two_for_plink_and_nought_one_for_regenie(tmp_path: Path) -> None:
    found = _exported(tmp_path)
    assert found["plink.pheno"] == [
        "## ldl: number, NA missing",
        "## cad: binary, 1 control, 2 case, NA missing",
        "#IID\tldl\tcad",
        # Two samples of a participant have the same values; a sample of nobody has no row.
        "s1\t120.5\t2", "s2\t120.5\t2", "s3\t100\t1", "s4\tNA\tNA",
    ]  # fmt: skip
    assert found["regenie.pheno"] == [
        "FID IID ldl cad", "0 s1 120.5 1", "0 s2 120.5 1", "0 s3 100 0", "0 s4 NA NA",
    ]  # fmt: skip


def test_covariates_and_what_they_mean(tmp_path: Path) -> None:
    found = _exported(tmp_path)
    assert found["regenie.cov"] == [
        "FID IID sex site_2", "0 s1 1 0", "0 s2 1 0", "0 s3 0 1", "0 s4 NA 0",
    ]  # fmt: skip
    assert found["plink.cov"][2] == "#IID\tsex\tsite_2"
    coding = {row.split("\t")[0]: row.split("\t")[1:] for row in found["coding.tsv"]}
    assert coding["cad"][3:] == ["1=control,2=case", "0=control,1=case", "NA"]
    assert coding["sex"][3] == "1=male,0=female"
    assert coding["site_2"][3] == "1=2,0=other level"


def test_yes_and_no_without_quotes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    code, _ = run_clinical(tmp_path, MAP.replace('"', "").replace("{folder}", str(tmp_path)), PAIRS)
    assert code == 2
    assert "quote them" in capsys.readouterr().err
