"""Who belongs to the cohort: each criterion by hand, the flow in the ledger, all tables cut."""

from pathlib import Path
from typing import Any

import pytest

from genocohort.domain.ledger import entries_from_json
from tiny.clinical import Rows, run_clinical

PEOPLE = """id,sex,site,age,seen,consent
A,male,1,40,2010-01-01,DUO:0000042
B,female,1,65,2010-01-01,DUO:0000006
C,female,2,17,2010-01-01,DUO:0000042;DUO:0000006
D,unknown,2,95,2010-01-01,
E,male,3,,2010-01-01,DUO:0000042
"""
LABS = """id,date,code,value,unit
A,2010-01-01,13457-7,120,mg/dL
A,2010-06-01,13457-7,300,mg/dL
B,2010-01-01,13457-7,200,mg/dL
C,2009-01-01,13457-7,3.1,mmol/L
D,2010-01-01,13457-7,<50,mg/dL
E,2010-01-01,13457-7,2.5,mg/dL
"""
DIAGNOSES = """id,date,code,status
A,2009-01-01,I25.10,present
A,2009-02-01,I25.1,present
B,2009-01-01,I25.10,present
C,2011-01-01,I25.10,present
D,2009-01-01,I25.10,excluded
E,2009-01-01,E11.9,present
"""
DRUGS = "id,date,code\nA,2010-02-01,83367\nB,2009-02-01,83367\nC,2010-02-01,833\n"
MAP = """
sources:
  - path: "{folder}/people.csv"
    table: participants
    columns:
      {participant_id: id, sex_recorded: sex, site: site, age_years: age, index_date: seen,
       consent: consent}
  - path: "{folder}/labs.csv"
    table: observations
    columns: {participant_id: id, date: date, code: code, value: value, unit: unit}
  - path: "{folder}/diagnoses.csv"
    table: conditions
    columns: {participant_id: id, start_date: date, code: code, status: status}
  - path: "{folder}/drugs.csv"
    table: exposures
    columns: {participant_id: id, start_date: date, code: code, kind: {value: drug}}
"""
PAIRS = [("s1", "A"), ("s2", "A"), ("s3", "B"), ("s4", "C"), ("s5", "nobody")]


def _run(folder: Path, **cohort: Any) -> tuple[int, Rows]:
    texts = {"people": PEOPLE, "labs": LABS, "diagnoses": DIAGNOSES, "drugs": DRUGS}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return run_clinical(folder, MAP, PAIRS, {"cohort": cohort})


def _left(rows: Rows) -> str:
    return "".join(r["participant_id"] for r in rows["participants"])


def _one(rule: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "criterion", "rule": rule, **more}]


@pytest.mark.parametrize(
    ("rule", "included", "not_excluded"),
    [
        ({"by": "age", "min": 18}, "ABD", "CE"),
        ({"by": "age", "min": 18, "max": 64}, "A", "BCDE"),
        ({"by": "sex_recorded", "values": ["female"]}, "BC", "ADE"),
        ({"by": "site", "values": ["1", "2"]}, "ABCD", "E"),
        ({"by": "consent", "any_of": ["DUO:0000042"]}, "ACE", "BD"),
        ({"by": "condition", "codes": ["I25"]}, "ABC", "DE"),
        ({"by": "condition", "codes": ["I25"], "min_dates": 2}, "A", "BCDE"),
        ({"by": "condition", "codes": ["I25"], "to_day": 0}, "AB", "CDE"),
        ({"by": "condition", "codes": ["I25", "E11"]}, "ABCE", "D"),
        ({"by": "exposure", "codes": ["83367"]}, "AB", "CDE"),
        ({"by": "exposure", "codes": ["83367"], "from_day": 0, "to_day": 90}, "A", "BCDE"),
        # 2.5 mg/dL is doubtful, <50 is a limit: neither is a value to judge by.
        ({"by": "measurement", "code": "13457-7"}, "ABCD", "E"),
        ({"by": "measurement", "code": "13457-7", "max": 150}, "AC", "BDE"),
        ({"by": "measurement", "code": "13457-7", "min": 150}, "B", "ACDE"),
        ({"by": "measurement", "code": "13457-7", "max": 150, "from_day": 0}, "A", "BCDE"),
    ],
)
def test_each_rule(tmp_path: Path, rule: dict[str, Any], included: str, not_excluded: str) -> None:
    code, rows = _run(tmp_path, include=_one(rule))
    assert code == 0
    assert _left(rows) == included
    _, rows = _run(tmp_path, exclude=_one(rule))
    assert _left(rows) == not_excluded


def test_what_is_not_known(tmp_path: Path) -> None:
    age = {"by": "age", "min": 18}
    assert _left(_run(tmp_path, include=_one(age, unknown="keep"))[1]) == "ABDE"
    assert _left(_run(tmp_path, exclude=_one(age, unknown="leave_out"))[1]) == "C"


def test_flow_and_tables(tmp_path: Path) -> None:
    code, rows = _run(
        tmp_path,
        include=[
            {"name": "adults", "rule": {"by": "age", "min": 18}},
            {"name": "consent to general use",
             "rule": {"by": "consent", "any_of": ["DUO:0000042", "DUO:0000006"]}},
        ],
        exclude=[
            {"name": "statin before index",
             "rule": {"by": "exposure", "codes": ["83367"], "to_day": -1}}
        ],
    )  # fmt: skip
    assert code == 0
    assert _left(rows) == "A"
    for table in ("observations", "conditions", "exposures", "phenotypes_wide"):
        assert {r["participant_id"] for r in rows[table]} == {"A"}, table
    assert len(rows["observations"]) == 2
    # The links of samples stay whole: they tell why a sample leads to nobody.
    assert len(rows["samples"]) == 5
    entries = entries_from_json((tmp_path / "clinical/ledger.json").read_text())
    flow = next(e for e in entries if e.unit == "participant")
    assert (flow.n_in, flow.n_kept) == (6, 1)
    assert {d.reason: d.n for d in flow.dropped} == {
        "in the sample sheet, but in no clinical table": 1,
        "not included: adults": 2,
        "not included: consent to general use": 1,
        "excluded: statin before index": 1,
    }
    joined = next(e for e in entries if e.unit == "sample")
    assert (joined.n_in, joined.n_kept) == (5, 2)
    assert {d.reason: (d.n, d.examples) for d in joined.dropped} == {
        "the participant is not in the cohort": (2, ("s3", "s4")),
        "the participant is in no clinical table": (1, ("s5",)),
    }


def test_without_criteria_everybody_stays(tmp_path: Path) -> None:
    assert _left(_run(tmp_path)[1]) == "ABCDE"


@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        ({"include": _one({"by": "age"})}, "give min, max or both"),
        ({"include": _one({"by": "age", "max": 95})}, "leave out max"),
        ({"include": _one({"by": "age", "min": 95})}, "at most 90"),
        ({"include": _one({"by": "site", "values": []})}, "at least 1"),
        ({"include": _one({"by": "weight"})}, "weight"),
        ({"include": _one({"by": "age", "min": 1}) * 2}, "the same name"),
    ],
)
def test_wrong_cohorts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cohort: dict[str, Any], message: str
) -> None:
    code, _ = _run(tmp_path, **cohort)
    assert code == 2
    assert message in capsys.readouterr().err
