"""The step outcomes from the clinical tables and a genotype store to its four tables."""

from pathlib import Path

import numpy as np
import pytest

from genocohort.domain.sheet import Sample
from genocohort.io.store import write_pgen, write_psam, write_pvar
from tiny.clinical import Rows, ledger, run_clinical, run_outcomes

MAP = """
sources:
  - path: "{folder}/surv.tsv"
    name: people
    table: participants
    columns: {sample_id: sample_id, site: group}
  - path: "{folder}/surv.tsv"
    name: times
    table: outcomes
    columns:
      sample_id: sample_id
      outcome: {value: death}
      kind: {value: tte}
      entry_day: entry
      exit_day: months
      event: died
"""
A = [(0, 1), (2, 1), (2, 1), (2, 0), (5, 1), (5, 0), (7, 1), (9, 0), (9, 0), (12, 1)]
B = [(1, 0), (3, 1), (3, 1), (4, 1), (4, 1), (4, 0), (6, 1), (6, 1), (8, 1), (10, 0)]
IDS = [f"{g}{i}" for g in "AB" for i in range(10)]
SURVIVAL = {"survival": [{"outcome": "death", "group_by": ["site"]}]}


def _prepare(folder: Path, first: str = "0\t1") -> None:
    lines = ["sample_id\tgroup\tmonths\tdied\tentry"]
    values = [f"{m}\t{d}" for m, d in A + B]
    values[0] = first
    lines += [f"{i}\t{i[0]}\t{v}\t" for i, v in zip(IDS, values, strict=True)]
    (folder / "surv.tsv").write_text("\n".join(lines) + "\n")
    code, _ = run_clinical(folder, MAP, [(i, i) for i in IDS])
    assert code == 0


def _curve(rows: Rows, group: str) -> dict[int, float]:
    return {r["day"]: r["survival"] for r in rows["curves"] if r["group"] == group}


def test_curves_and_tests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _prepare(tmp_path)
    code, rows = run_outcomes(tmp_path, {"group_by": "site", **SURVIVAL})
    assert code == 0
    assert _curve(rows, "A")[7] == pytest.approx(0.4375)
    assert _curve(rows, "B")[0] == 1
    assert _curve(rows, "B")[6] == pytest.approx(5 / 18)
    assert rows["tests"] == [
        {"outcome": "death", "group_by": "site", "statistic": pytest.approx(0.431407, rel=1e-5),
         "df": 1, "p_value": pytest.approx(0.511302, rel=1e-3)},
    ]  # fmt: skip
    assert "1 participants have time 0" in capsys.readouterr().err
    entries = {e["scope"]: e for e in ledger(tmp_path, "outcomes")}
    assert entries["all"]["source"] == "clinical"
    assert (entries["death"]["n_in"], entries["death"]["n_kept"]) == (20, 20)
    site = [r for r in rows["table1"] if r["variable"] == "site"]
    assert {(r["group"], r["level"]): r["count"] for r in site}["A", "A"] == 10


def test_negative_time_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _prepare(tmp_path, "-1\t1")
    code, _ = run_outcomes(tmp_path, SURVIVAL)
    told = capsys.readouterr().err
    assert code == 3
    assert "negative times" in told
    assert "A0" in told
    assert not (tmp_path / "outcomes").exists()


def test_unknown_times_are_in_the_ledger(tmp_path: Path) -> None:
    _prepare(tmp_path, "\t")
    code, _ = run_outcomes(tmp_path, SURVIVAL)
    assert code == 0
    entry = next(e for e in ledger(tmp_path, "outcomes") if e["scope"] == "death")
    assert entry["dropped"] == [
        {"reason": "time or event unknown", "n": 1, "is_loss": False, "examples": ["A0"]}
    ]


def _store(folder: Path) -> list[str]:
    calls = np.array([[i % 3 if i else -1 for i in range(20)]], dtype=np.int8)
    write_pgen(folder / "chr1.pgen", 20, 1, iter([calls]))
    write_psam(folder / "chr1.psam", [Sample(i, i, i, "unknown") for i in IDS])
    row = ("chr1", 100, "rs1", "A", "G", ".", "PASS", "RECORD=0;ALLELE=1")
    write_pvar(folder / "chr1.pvar", [], iter([row]))
    return ["--genotypes", str(folder), "--chromosomes", "chr1"]


def test_a_variant_as_group_and_as_term(tmp_path: Path) -> None:
    _prepare(tmp_path)
    store = _store(tmp_path)
    wanted = {"outcome": "death", "variants": ["1:100:A:G"]}
    code, rows = run_outcomes(tmp_path, {"survival": [wanted]}, store)
    assert code == 0
    assert {r["group"] for r in rows["curves"] if r["group_by"] == "1:100:A:G"} == {"0", "1", "2"}
    assert [(r["term"], r["n"]) for r in rows["hazards"]] == [("1:100:A:G", 19)]
    assert rows["hazards"][0]["log_hazard_ratio"] is not None


@pytest.mark.parametrize("variant", ["chr1:101:A:G", "chr1:100:A:T", "chr2:100:A:G"])
def test_variant_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], variant: str
) -> None:
    _prepare(tmp_path)
    wanted = {"outcome": "death", "variants": [variant]}
    code, _ = run_outcomes(tmp_path, {"survival": [wanted]}, _store(tmp_path))
    assert code == 2
    assert variant in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"survival": [{"outcome": "birth"}]}, "no time to event birth"),
        ({"survival": [{"outcome": "death", "covariates": ["bmi"]}]}, "covariates that"),
        ({"survival": [{"outcome": "death", "variants": ["1:0:A:G"]}]}, "variants"),
        ({"table1": [{"name": "x", "kind": "numeric"}]}, "no variable x"),
        ({"unknown": 1}, "unknown key"),
    ],
)
def test_wrong_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, object], message: str
) -> None:
    _prepare(tmp_path)
    code, _ = run_outcomes(tmp_path, settings)
    assert code == 2
    assert message in capsys.readouterr().err


def test_same_bytes_twice(tmp_path: Path) -> None:
    _prepare(tmp_path)
    settings = {"group_by": "site", **SURVIVAL}
    run_outcomes(tmp_path, settings)
    first = {p.name: p.read_bytes() for p in (tmp_path / "outcomes").iterdir()}
    run_outcomes(tmp_path, settings)
    assert {p.name: p.read_bytes() for p in (tmp_path / "outcomes").iterdir()} == first


def test_records_in_table1(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        "id,site,ldl,smokes\na,1,100,never\nb,1,3,\nc,2,,current\n"
    )
    (tmp_path / "icd.csv").write_text("id,code,status\na,I25.10,present\nb,I25.1,excluded\n")
    text = """
sources:
  - path: "{folder}/people.csv"
    table: participants
    columns: {participant_id: id, site: site}
    measurements: [{value: ldl, code: 13457-7, unit: mg/dL}]
    exposures: [{value: smokes, kind: smoking}]
  - path: "{folder}/icd.csv"
    table: conditions
    columns: {participant_id: id, code: code, status: status}
"""
    code, _ = run_clinical(tmp_path, text, [("a", "a"), ("b", "b"), ("c", "c")])
    assert code == 0
    table1 = [
        {"name": "LDL", "kind": "numeric", "observation": "13457-7"},
        {"name": "CAD", "kind": "categorical", "condition": "I25"},
        {"name": "smoking", "kind": "categorical", "exposure": "smoking"},
    ]
    code, rows = run_outcomes(tmp_path, {"table1": table1})
    assert code == 0
    found = {(r["variable"], r["level"]): r for r in rows["table1"]}
    assert (found["LDL", None]["n"], found["LDL", None]["n_missing"]) == (1, 2)
    assert found["CAD", "yes"]["count"] == 1
    assert found["CAD", "no"]["count"] == 2
    assert found["smoking", "never"]["n_missing"] == 1
    code, rows = run_outcomes(tmp_path, {"table1": table1, "exclude_flagged": False})
    assert next(r for r in rows["table1"] if r["variable"] == "LDL")["mean"] == 51.5


def test_a_polygenic_score_as_groups_and_as_term(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _prepare(tmp_path)
    store = _store(tmp_path)
    path = tmp_path / "score.txt"
    head = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n"
    path.write_text(f"{head}1\t100\tG\tA\t0.5\n1\t101\tG\tA\t0.5\n")
    given = ["--score-names", "risk", "--score-files", str(path)]
    wanted = {"outcome": "death", "scores": ["risk"]}
    code, rows = run_outcomes(tmp_path, {"survival": [wanted]}, [*store, *given])
    assert code == 0
    groups = {r["group"] for r in rows["curves"] if r["group_by"] == "risk"}
    # A third has no copy, and more than a third one: those share a part.
    assert groups == {"1 of 3", "3 of 3"}
    assert [(r["term"], r["n"], r["note"]) for r in rows["hazards"]] == [("risk per SD", 20, None)]
    assert {r["score"] for r in rows["scores"]} == {"risk"}
    assert [r["participant_id"] for r in rows["scores"]] == IDS
    entry = next(e for e in ledger(tmp_path, "outcomes") if e["scope"] == "score risk")
    assert entry["dropped"] == [
        {"reason": "not in the calls", "n": 1, "is_loss": False, "examples": ["line 3"]}
    ]
    code, _ = run_outcomes(tmp_path, {"survival": [wanted]}, store)
    assert code == 2
    assert "there is no score risk" in capsys.readouterr().err
