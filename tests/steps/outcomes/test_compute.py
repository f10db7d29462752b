"""Table 1 and survival analyses from arrays: hand-worked values, what cannot be estimated."""

import numpy as np
import pytest

from genocohort.errors import ConfigError, InputDataError
from genocohort.steps.outcomes.survival import (
    SurvivalTables,
    TimeToEvent,
    add_curves,
    add_model,
    check_times,
)
from genocohort.steps.outcomes.table1 import Described, describe
from genocohort.steps.outcomes.variables import describe_variable, participant_groups


def _rows(columns: dict[str, list[object]]) -> list[dict[str, object]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_table1_by_hand() -> None:
    age = Described("age", "numeric", [50.0, 60.0, 70.0, None, 40.0])
    crp = Described("crp", "skewed", [1.0, 2.0, 3.0, 4.0, None])
    sex = Described("sex", "categorical", ["m", "f", "m", None, "f"])
    rows = _rows(describe([age, crp, sex], ["1", "1", "2", "2", None]))
    by_key = {(r["variable"], r["level"], r["group"]): r for r in rows}
    everybody = by_key["age", None, "(all)"]
    assert (everybody["n"], everybody["n_missing"], everybody["mean"]) == (4, 1, 55.0)
    assert everybody["sd"] == pytest.approx(np.sqrt(500 / 3))
    assert by_key["age", None, "2"]["text"] == "70.0"
    assert by_key["age", None, "2"]["sd"] is None
    assert by_key["age", None, "(not given)"]["n"] == 1
    assert by_key["crp", None, "(all)"]["text"] == "2.5 [1.8, 3.2]"
    assert by_key["sex", "f", "1"]["fraction"] == 0.5
    assert by_key["sex", "m", "2"]["text"] == "1 (100.0 %)"
    assert by_key["sex", "m", "2"]["n_missing"] == 1
    assert [r["group"] for r in rows[:4]] == ["(all)", "1", "2", "(not given)"]


def test_smd_leaves_out_participants_without_a_group() -> None:
    values = [1.0, 2, 3, 4, 5, 6, 100, 200]
    groups = ["a", "a", "a", "b", "b", "b", None, None]
    smd = describe([Described("x", "numeric", values)], groups)["smd"]
    assert smd == pytest.approx([3.0] * len(smd))
    alone = describe([Described("x", "numeric", values)], None)["smd"]
    assert np.isnan(alone).all()


def test_groups_of_numbers_are_in_their_order() -> None:
    columns = describe([Described("x", "numeric", [1.0] * 3)], ["10", "9", "2"])
    assert columns["group"] == ["(all)", "2", "9", "10"]


def test_all_missing_and_nobody() -> None:
    rows = _rows(describe([Described("x", "numeric", [None, None])], None))
    assert rows[0] | {"smd": None} == {
        "variable": "x", "level": None, "group": "(all)", "n": 0, "n_missing": 2, "mean": None,
        "sd": None, "median": None, "q1": None, "q3": None, "count": None, "fraction": None,
        "smd": None, "text": "",
    }  # fmt: skip
    assert describe([], None)["variable"] == []
    assert describe([Described("x", "categorical", [])], None)["variable"] == []


def _times(pairs: list[tuple[float, float]], entry: float = np.nan) -> TimeToEvent:
    end, event = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    return TimeToEvent("death", np.full(len(end), entry), end, event)


def test_negative_times_name_the_participant_and_the_column() -> None:
    with pytest.raises(InputDataError) as caught:
        check_times(_times([(-1, 1), (5, 0), (np.nan, np.nan)]), ["A0", "A1", "A2"])
    assert caught.value.offenders == ("A0",)
    assert "exit_day" in caught.value.where
    assert "-1" not in caught.value.message()


def test_the_end_must_come_after_a_late_entry() -> None:
    with pytest.raises(InputDataError, match="day of entry"):
        check_times(_times([(5, 1)], entry=5), ["A0"])
    check_times(_times([(0, 1)], entry=0), ["A0"])


def test_competing_events_are_censored() -> None:
    tables = SurvivalTables.empty()
    times = _times([(1, 1), (2, 2), (3, 1), (4, 0)])
    add_curves(tables, times, "(all)", ["(all)"] * 4, 0.95)
    assert tables.curves["n_events"] == [0, 1, 0, 1, 0]
    assert tables.curves["n_censored"] == [0, 0, 1, 0, 1]
    assert tables.curves["survival"] == pytest.approx([1, 0.75, 0.75, 0.375, 0.375])
    assert tables.tests["statistic"] == []


def test_unknown_times_and_groups_are_left_out() -> None:
    tables = SurvivalTables.empty()
    times = _times([(1, 1), (2, 1), (np.nan, 1), (3, 1), (4, 1)])
    add_curves(tables, times, "site", ["1", "2", "1", None, "2"], 0.95)
    at_start = [
        n for n, day in zip(tables.curves["n_at_risk"], tables.curves["day"], strict=True)
        if day == 0
    ]  # fmt: skip
    assert at_start == [1, 2]
    assert tables.tests["df"] == [1]


def _model(terms: dict[str, list[float]], least: int = 1) -> dict[str, list[object]]:
    tables = SurvivalTables.empty()
    pairs = [(float(i + 1), float(i % 3 != 0)) for i in range(12)]
    arrays = {name: np.array(values, dtype=float) for name, values in terms.items()}
    add_model(tables, _times(pairs), "m", arrays, 0.95, least)
    return tables.hazards


def test_model_and_interval() -> None:
    x = [0.0, 1, 1, 0, 2, 0, 1, 1, 0, 0, 2, np.nan]
    hazards = _model({"x": x})
    assert hazards["n"] == [11]
    assert hazards["n_events"] == [7]
    beta, error = hazards["log_hazard_ratio"][0], hazards["standard_error"][0]
    assert isinstance(beta, float)
    assert isinstance(error, float)
    assert hazards["hazard_ratio"] == pytest.approx([np.exp(beta)])
    assert hazards["ci_lower"] == pytest.approx([np.exp(beta - 1.959964 * error)])
    assert hazards["note"] == [None]


def test_what_cannot_be_estimated_says_why() -> None:
    x = [float(i % 2) for i in range(12)]
    constant = _model({"x": x, "centre": [1.0] * 12, "twice": [2 * v for v in x]})
    assert constant["note"] == ["constant or collinear: centre, twice"] * 3
    assert constant["log_hazard_ratio"] == [None] * 3
    few = _model({"x": x}, least=10)
    assert few["note"] == ["8 events for 1 terms"]
    late = _model({"x": [float(i >= 6) for i in range(12)]})
    assert late["note"] == ["the likelihood has no finite maximum"]
    assert _model({"x": [np.nan] * 12})["note"] == ["constant or collinear: x"]


def test_unknown_variables_and_groups() -> None:
    from genocohort.steps.outcomes.settings import Variable

    tables = {"participants": {"participant_id": ["A"], "site": ["1"]}, "phenotypes_wide": {}}
    with pytest.raises(ConfigError, match="no variable blood"):
        describe_variable(Variable(name="blood", kind="numeric"), tables, True)
    with pytest.raises(ConfigError, match="is text"):
        describe_variable(Variable(name="site", kind="numeric"), tables, True)
    with pytest.raises(ConfigError, match="cannot be grouped"):
        participant_groups(tables, "family_id", "outcomes.group_by")
