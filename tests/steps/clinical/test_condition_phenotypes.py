"""Cases and controls, counts, and times to event with late entry and competing deaths, by hand."""

from pathlib import Path
from typing import Any

import pytest

from tiny.clinical import Rows, run_clinical, run_outcomes

PEOPLE = """id,seen,end
case,2010-01-01,2015-01-01
once,2010-01-01,2015-01-01
other,2010-01-01,2015-01-01
control,2010-01-01,2015-01-01
dead,2010-01-01,2015-01-01
before,2010-01-01,2015-01-01
late,2010-01-01,2015-01-01
open,2010-01-01,
"""
DIAGNOSES = """id,date,code,status
case,2011-01-01,I50.9,present
case,2011-02-01,I50.1,present
case,2011-02-01,I50.9,present
once,2012-01-01,I50.9,present
other,2011-01-01,I42.0,present
control,2011-01-01,I50.9,excluded
dead,2013-01-01,I50.9,present
before,2009-01-01,I50.9,present
late,2014-01-01,I50.9,present
open,,I50.9,present
"""
DEATHS = """id,start,end,event
case,2010-01-01,2015-01-01,0
once,2010-01-01,2011-06-01,0
other,2010-01-01,2015-01-01,0
control,2010-01-01,2015-01-01,0
dead,2010-01-01,2012-01-01,1
before,2010-01-01,2015-01-01,0
late,2012-01-01,2015-01-01,0
"""
MAP = """
sources:
  - path: "{folder}/people.csv"
    table: participants
    columns: {participant_id: id, index_date: seen, followup_end: end}
  - path: "{folder}/diagnoses.csv"
    table: conditions
    columns: {participant_id: id, start_date: date, code: code, status: status}
  - path: "{folder}/deaths.csv"
    table: outcomes
    columns:
      {participant_id: id, outcome: {value: death}, kind: {value: tte}, entry_date: start,
       exit_date: end, event: event}
"""


def _run(folder: Path, kind: str, name: str = "hf", **source: Any) -> tuple[int, Rows]:
    for file, text in (("people", PEOPLE), ("diagnoses", DIAGNOSES), ("deaths", DEATHS)):
        (folder / f"{file}.csv").write_text(text)
    given = {"table": "conditions", "codes": ["I50"], **source}
    wanted = {"phenotypes": [{"name": name, "kind": kind, "source": given}]}
    return run_clinical(folder, MAP, [("S1", "case")], wanted)


def _column(rows: Rows, name: str) -> dict[str, float | None]:
    return {r["participant_id"]: r[name] for r in rows["phenotypes_wide"]}


def test_two_dates_make_a_case_and_excluded_codes_no_control(tmp_path: Path) -> None:
    code, rows = _run(tmp_path, "binary", min_dates=2, exclude_controls=["I42"])
    assert code == 0
    found = _column(rows, "hf")
    assert found["case"] == 1.0
    assert found["control"] == 0.0
    # One date only, or a related condition: neither case nor control.
    assert [found[p] for p in ("once", "other", "dead", "before")] == [None] * 4


def test_windows(tmp_path: Path) -> None:
    found = _column(_run(tmp_path, "binary", to_day=0)[1], "hf")
    assert [p for p, value in found.items() if value == 1.0] == ["before"]
    found = _column(_run(tmp_path, "binary", from_day=365, to_day=730)[1], "hf")
    assert {p for p, value in found.items() if value == 1.0} == {"case", "once"}


def test_counts_are_of_days(tmp_path: Path) -> None:
    found = _column(_run(tmp_path, "count")[1], "hf")
    assert (found["case"], found["once"], found["control"]) == (2.0, 1.0, 0.0)


def _times(rows: Rows) -> dict[str, tuple[Any, ...]]:
    columns = ("hf_entry_day", "hf_day", "hf_event")
    return {r["participant_id"]: tuple(r[c] for c in columns) for r in rows["phenotypes_wide"]}


def test_time_to_event_with_late_entry_and_competing_death(tmp_path: Path) -> None:
    code, rows = _run(tmp_path, "time_to_event", follow_up="death")
    assert code == 0
    never = (None, None, None)
    assert _times(rows) == {
        "case": (0.0, 365.0, 1.0),
        "once": (0.0, 516.0, 0.0),  # the diagnosis came after follow-up had ended
        "other": (0.0, 1826.0, 0.0),
        "control": (0.0, 1826.0, 0.0),
        "dead": (0.0, 730.0, 2.0),
        "before": never,
        "late": (730.0, 1461.0, 1.0),
        "open": never,
    }
    told = {f["kind"]: f["sentence"] for f in rows["findings"] if f["column"] == "hf"}
    assert told["phenotype_prevalent"].startswith("1 ")
    assert told["phenotype_no_follow_up"].startswith("1 ")
    assert told["phenotype_undated"].startswith("1 ")
    # The step `outcomes` finds it among the outcomes.
    mine = [r for r in rows["outcomes"] if r["outcome"] == "hf"]
    assert len(mine) == 8
    assert sum(r["na_reason"] is not None for r in mine) == 2
    code, results = run_outcomes(tmp_path, {"survival": [{"outcome": "hf"}]})
    assert code == 0
    assert sum(r["n_events"] for r in results["curves"]) == 2
    # Whoever enters late is not at risk before.
    at_risk = {r["day"]: r["n_at_risk"] for r in results["curves"]}
    assert (at_risk[365], at_risk[1461]) == (5, 3)


def test_second_date_is_the_event_with_the_two_date_rule(tmp_path: Path) -> None:
    _, rows = _run(tmp_path, "time_to_event", follow_up="death", min_dates=2)
    times = _times(rows)
    assert times["case"] == (0.0, 396.0, 1.0)
    assert times["late"] == (730.0, 1826.0, 0.0)


def test_end_of_follow_up_without_deaths(tmp_path: Path) -> None:
    _, rows = _run(tmp_path, "time_to_event")
    times = _times(rows)
    assert times["dead"] == (0.0, 1096.0, 1.0)
    assert times["open"] == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "name", "source", "message"),
    [
        ("time_to_event", "hf", {"follow_up": "absent"}, "no time to event absent"),
        ("time_to_event", "death", {"follow_up": "death"}, "have an outcome death already"),
        ("quantitative", "hf", {}, "conditions are binary"),
    ],
)
def test_wrong_phenotypes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, name: str,
    source: dict[str, Any], message: str,
) -> None:  # fmt: skip
    code, _ = _run(tmp_path, kind, name, **source)
    assert code == 2
    assert message in capsys.readouterr().err
