"""The step clinical from files to tables: what is kept, flagged, left out and refused."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tiny.clinical import CLINICAL, Rows, ledger, run_clinical

PARTICIPANTS = """
  - path: "{folder}/people.csv"
    table: participants
    columns:
      participant_id: id
      site: site
      sex_recorded: {column: sex, codes: {M: male, F: female}}
      birth_date: born
      index_date: enrolled
      consent: consent
"""
PEOPLE = (
    "id,site,sex,born,enrolled,consent,zip,note\n"
    "P1,1,M,1950-05-05,2010-01-01,DUO:1;DUO:2,05901,called Marta Quellen\n"
    "P2,2,F,1920-06-01,2010-06-01,,02139,\n"
    "P3,2,F,1920-06-02,2010-06-01,,02139,\n"
    "P4,2,NA,1915-01-01,2010-06-01,,02139,\n"
)
LABS = """
  - path: "{folder}/labs.csv"
    table: observations
    columns: {participant_id: id, date: date, code: loinc, value: value, unit: unit}
"""
PAIRS = (("S1", "P1"), ("S2", "P2"), ("S3", "P3"), ("S4", "P4"))


def _study(
    folder: Path, labs: str = "", people: str = PEOPLE, settings: dict[str, Any] | None = None
) -> tuple[int, Rows]:
    (folder / "people.csv").write_text(people, encoding="utf-8")
    text = 'missing: ["-9", NA]\nsources:' + PARTICIPANTS
    if labs:
        (folder / "labs.csv").write_text("id,date,loinc,value,unit\n" + labs, encoding="utf-8")
        text += LABS
    return run_clinical(folder, text, PAIRS, settings)


def _kinds(rows: Rows) -> list[str]:
    return [finding["kind"] for finding in rows["findings"]]


def test_ages_at_the_limit(tmp_path: Path) -> None:
    code, rows = _study(tmp_path)
    assert code == 0
    found = {
        r["participant_id"]: (r["age_index"], r["age_topcoded"], r["birth_year"])
        for r in rows["participants"]
    }
    assert found == {
        "P1": (59.0, False, 1950), "P2": (90.0, True, None), "P3": (89.0, False, 1920),
        "P4": (90.0, True, None),
    }  # fmt: skip
    assert rows["participants"][0]["consent"] == ["DUO:1", "DUO:2"]
    assert rows["participants"][3]["sex_recorded"] == "unknown"


def test_nothing_identifying_leaves(tmp_path: Path) -> None:
    code, rows = _study(tmp_path, "P1,2010-02-01,13457-7,120,mg/dL\n")
    assert code == 0
    written = [p.read_bytes() for p in (tmp_path / "clinical").iterdir()]
    decoded = repr([pq.read_table(tmp_path / "clinical" / f"{n}.parquet").to_pylist()
                    for n in CLINICAL])  # fmt: skip
    for secret in ("Quellen", "Marta", "05901", "02139", "2010-", "1950-", "1920-", str(tmp_path)):
        assert all(secret.encode() not in content for content in written), secret
        assert secret not in decoded, secret
    left = [f for f in rows["findings"] if f["kind"] == "column_not_carried"]
    assert [f["column"] for f in left] == ["zip", "note"]
    assert "1 of 4 rows had a value" in left[1]["sentence"]


def test_measurements(tmp_path: Path) -> None:
    labs = (
        "P1,2010-01-31,13457-7,120,mg/dL\n"
        "P1,2009-12-31,1988-5,<5,mg/L\n"
        "P2,2010-06-01,2345-7,5.5,mmol/L\n"
        "P2,2010-06-01,13457-7,-9,mg/dL\n"
        "P3,2010-06-01,13457-7,,mg/dL\n"
        "P3,2010-06-01,4711-0,7,\n"
    )
    code, rows = _study(tmp_path, labs)
    assert code == 0
    keys = ("participant_id", "day", "value_num", "comparator", "value_std", "unit", "qc_flags")
    assert [tuple(r[k] for k in keys) for r in rows["observations"]] == [
        ("P1", 30, 120.0, None, 120.0, "mg/dL", None),
        ("P1", -1, 5.0, "<", 5.0, "mg/L", None),
        ("P2", 0, 5.5, None, pytest.approx(99.088), "mg/dL", None),
        ("P2", 0, None, None, None, None, "value_missing"),
        ("P3", 0, None, None, None, None, "value_missing"),
        ("P3", 0, 7.0, None, None, None, "not_standardised"),
    ]
    assert rows["observations"][0]["src_row"] == 2


def test_unit_mix_up_is_flagged_not_mended(tmp_path: Path) -> None:
    labs = (
        "P1,2010-01-01,13457-7,120,mg/dL\nP2,2010-06-01,13457-7,3.1,mg/dL\n"
        "P3,2010-06-01,13457-7,99,mg/dL\n"
    )
    phenotype = {
        "name": "ldl", "kind": "quantitative",
        "source": {"table": "observations", "code": "13457-7"},
    }  # fmt: skip
    code, rows = _study(tmp_path, labs, settings={"phenotypes": [phenotype]})
    assert code == 0
    suspect = rows["observations"][1]
    assert (suspect["value_std"], suspect["qc_flags"]) == (3.1, "unit_suspect")
    assert [r["ldl"] for r in rows["phenotypes_wide"]] == [120.0, None, 99.0, None]
    sentences = [f["sentence"] for f in rows["findings"] if f["kind"].startswith("unit_suspect")]
    assert any("1 of 2 participants of site 2" in s for s in sentences)
    assert not any("3.1" in s for s in sentences)
    code, rows = _study(
        tmp_path, labs, settings={"phenotypes": [phenotype], "exclude_flagged": False}
    )
    assert [r["ldl"] for r in rows["phenotypes_wide"]] == [120.0, 3.1, 99.0, None]


def test_duplicate_rows_and_ledger(tmp_path: Path) -> None:
    people = PEOPLE + PEOPLE.splitlines()[1].replace(",M,", ", M ,") + "\n"
    labs = "P1,2010-01-31,13457-7,120,mg/dL\nP1,2010-01-31,13457-7,120,mg/dL\n"
    code, rows = _study(tmp_path, labs, people)
    assert code == 0
    assert len(rows["observations"]) == 1
    assert len(rows["participants"]) == 4
    duplicates = [(f["source"], f["row"]) for f in rows["findings"] if f["kind"] == "duplicate_row"]
    assert duplicates == [("people.csv", 6), ("labs.csv", 3)]
    entries = {(e["scope"], e["unit"]): e for e in ledger(tmp_path, "clinical")}
    assert entries["people.csv", "row"]["n_in"] == 5
    assert entries["labs.csv", "row"]["dropped"][0]["reason"] == "duplicate row"
    assert entries["all", "participant"]["n_kept"] == 4


@pytest.mark.parametrize(
    ("labs", "message"),
    [
        ('P1,2010-01-31,13457-7,"5,4",mg/dL\n', "numbers with a comma"),
        ("P1,31/01/2010,13457-7,120,mg/dL\n", "no dates of the calendar"),
        ("P1,2010-02-30,13457-7,120,mg/dL\n", "no dates of the calendar"),
        ("P1,2010-01-31,13457-7,2-Sep,mg/dL\n", "turned numbers into dates"),
        ("P1,2010-01-31,13457-7,high,mg/dL\n", "cells that are no numbers"),
        ("P1,2010-01-31,13457-7,nan,mg/dL\n", "cells that are no numbers"),
        ("P1,2010-01-31,13457-7,1_000,mg/dL\n", "cells that are no numbers"),
        ("P1,2010-01-31,,120,mg/dL\n", "rows without a code"),
        (",2010-01-31,13457-7,120,mg/dL\n", "rows without an id"),
    ],
)
def test_bad_cells_are_named_without_their_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], labs: str, message: str
) -> None:
    code, _ = _study(tmp_path, "P1,2010-01-31,13457-7,121,mg/dL\n" + labs)
    told = capsys.readouterr().err
    assert code == 3
    assert message in told
    assert "labs.csv, column" in told
    assert "row 3" in told
    cell = labs.split(",")[1] if "dates of" in message else labs.split(",", 3)[3].split(",mg")[0]
    assert not cell or cell.strip('"') not in told
    assert not list((tmp_path / "clinical").glob("*"))


def test_all_problems_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = PEOPLE.replace("P2,2,F", "P2,2,woman").replace("1950-05-05", "05.05.1950")
    code, _ = _study(tmp_path, "P1,2010-01-31,13457-7,x,mg/dL\n", people)
    told = capsys.readouterr().err
    assert code == 3
    assert "3 problems found" in told
    assert "woman" not in told


def test_two_rows_that_contradict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = PEOPLE + "P1,1,F,1950-05-05,2010-01-01,DUO:1;DUO:2,,\n"
    code, _ = _study(tmp_path, people=people)
    told = capsys.readouterr().err
    assert code == 3
    assert "different rows have the same id" in told
    assert "row 2, row 6" in told


def test_two_samples_of_one_participant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = "FID IID LDL CAD N\nF S1 120 2 3\nF S1b 121 2 3\n"
    (tmp_path / "a.pheno").write_text(content)
    pairs = [("S1", "P1"), ("S1b", "P1")]
    code, rows = run_clinical(tmp_path, PLINK, pairs)
    assert code == 0
    assert len(rows["participants"]) == 1
    assert [r["outcome"] for r in rows["outcomes"]] == ["cad", "n_stents"]
    assert _kinds(rows).count("repeated_outcome") == 2
    (tmp_path / "a.pheno").write_text(content.replace("121 2", "121 1"))
    code, _ = run_clinical(tmp_path, PLINK, pairs)
    assert code == 3
    assert "a second, different row" in capsys.readouterr().err


def test_born_after_the_index_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _study(tmp_path, people=PEOPLE.replace("1950-05-05", "2011-05-05"))
    assert code == 3
    assert "gives no age" in capsys.readouterr().err


def test_column_map_that_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _study(tmp_path, people=PEOPLE.replace("born", "birthday"))
    assert code == 2
    assert "no column born" in capsys.readouterr().err
    (tmp_path / "x.csv").write_text("id\n1\n")
    bad = 'sources: [{path: "{folder}/x.csv", table: participants, columns: {participant: id}}]'
    code, _ = run_clinical(tmp_path, bad)
    assert code == 2
    assert "unknown key" in capsys.readouterr().err


def test_ids_stay_text(tmp_path: Path) -> None:
    ids = ["007", "7", "0012", "12.0", "1e5", "100000", "0x1F", "1_000", "S007", "NA"]
    lines = ["id,age", *(f"{i},{40 + n}" for n, i in enumerate(ids))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    text = """
missing: [NA]
sources:
  - path: "{folder}/a.csv"
    table: participants
    columns: {sample_id: {column: id, missing: []}, age_years: age}
"""
    code, rows = run_clinical(tmp_path, text, [(i, i) for i in ids])
    assert code == 0
    found = {r["participant_id"]: r["age_index"] for r in rows["participants"]}
    assert found == {i: 40.0 + n for n, i in enumerate(ids)}
    code, _ = run_clinical(tmp_path, text.replace(", missing: []", ""), [(i, i) for i in ids])
    assert code == 3


PLINK = """
sources:
  - path: "{folder}/a.pheno"
    table: participants
    missing: ["-9"]
    columns: {sample_id: IID}
    measurements: [{value: LDL, code: 13457-7, unit: mg/dL}]
    outcomes:
      - {value: {column: CAD, codes: {"1": 0, "2": 1}}, outcome: cad, kind: binary}
      - {value: N, outcome: n_stents, kind: count}
"""


def test_plink_phenotypes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = "#FID IID LDL CAD N\nF S1 120.5 2 3\nF S2 -9 1 0\nF S3 99 -9 -9\nF S9 1 1 1\n"
    (tmp_path / "a.pheno").write_text(content)
    settings = {
        "phenotypes": [
            {"name": "cad", "kind": "binary", "source": {"table": "outcomes", "outcome": "cad"}},
            {"name": "stents", "kind": "count",
             "source": {"table": "outcomes", "outcome": "n_stents"}},
        ]
    }  # fmt: skip
    code, rows = run_clinical(tmp_path, PLINK, PAIRS, settings)
    assert code == 0
    wide = [(r["participant_id"], r["cad"], r["stents"]) for r in rows["phenotypes_wide"]]
    assert wide == [("P1", 1.0, 3.0), ("P2", 0.0, 0.0), ("P3", None, None)]
    assert [r["value_num"] for r in rows["observations"]] == [120.5, None, 99.0]
    assert "sample_not_in_sheet" in _kinds(rows)
    entries = {(e["scope"], e["unit"]): e for e in ledger(tmp_path, "clinical")}
    assert entries["a.pheno", "row"]["dropped"][0]["examples"] == ["S9"]
    people = entries["all", "participant"]
    assert (people["n_in"], people["n_kept"]) == (4, 3)
    assert people["dropped"][0]["examples"] == ["P4"]
    # 0/1 in a file that was declared as 1/2 is an error, never guessed.
    (tmp_path / "a.pheno").write_text(content.replace("120.5 2", "120.5 0"))
    code, _ = run_clinical(tmp_path, PLINK, PAIRS, settings)
    assert code == 3
    assert "codes that are not declared" in capsys.readouterr().err


def test_binary_coding_must_be_declared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pheno").write_text("FID IID LDL CAD N\nF S1 1 2 3\n")
    code, _ = run_clinical(tmp_path, PLINK.replace('{column: CAD, codes: {"1": 0, "2": 1}}', "CAD"))
    assert code == 2
    assert "declare the coding" in capsys.readouterr().err


def test_pedigree_fills_families(tmp_path: Path) -> None:
    (tmp_path / "a.ped").write_text(
        "F1 S1 S3 S2 1 -9\nF1 S2 0 0 2 -9\nF1 S3 0 0 1 -9\nS4 S4 0 0 2 1\n"
    )
    (tmp_path / "people.csv").write_text(PEOPLE)
    code, rows = run_clinical(
        tmp_path, "missing: [NA]\nsources:" + PARTICIPANTS, PAIRS,
        more=["--pedigree", str(tmp_path / "a.ped")],
    )  # fmt: skip
    assert code == 0
    keys = ("family_id", "father_id", "mother_id", "sex_recorded")
    assert [tuple(r[k] for k in keys) for r in rows["participants"]] == [
        ("F1", "P3", "P2", "male"), ("F1", None, None, "female"), ("F1", None, None, "female"),
        (None, None, None, "female"),
    ]  # fmt: skip
    contradiction = [f for f in rows["findings"] if f["kind"] == "contradiction"]
    assert [(f["source"], f["column"]) for f in contradiction] == [("pedigree", "sex_recorded")]


def test_without_a_column_map(tmp_path: Path) -> None:
    code, rows = run_clinical(tmp_path, "sources: []", PAIRS)
    assert code == 0
    assert [r["participant_id"] for r in rows["participants"]] == ["P1", "P2", "P3", "P4"]
    assert rows["observations"] == []


def test_same_bytes_twice_and_in_any_row_order(tmp_path: Path) -> None:
    labs = "P2,2010-06-01,13457-7,100,mg/dL\nP1,2010-01-31,13457-7,120,mg/dL\n"
    _study(tmp_path, labs)
    first = {p.name: p.read_bytes() for p in (tmp_path / "clinical").iterdir()}
    lines = PEOPLE.splitlines()
    code, _ = _study(tmp_path, labs, PEOPLE)
    assert code == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "clinical").iterdir()} == first
    _study(tmp_path, labs, "\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    again = (tmp_path / "clinical/participants.parquet").read_bytes()
    assert again == first["participants.parquet"]
