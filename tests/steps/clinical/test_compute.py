"""Parsing of cells, top-coding, phenotypes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.domain.dates import PartialDate
from genocohort.errors import ConfigError, GenocohortError, InputDataError, Problems
from genocohort.steps.clinical.cells import Number, parse_number
from genocohort.steps.clinical.collect_records import dotted_icd10
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.clinical.participants import topcode
from genocohort.steps.clinical.phenotypes import build_phenotypes
from genocohort.steps.clinical.records import Columns
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.clinical.table_sources import Role


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", Number(5.0)), ("-0.5", Number(-0.5)), (".5", Number(0.5)), ("1e3", Number(1000.0)),
        ("<5", Number(5.0, "<")), ("< 5", Number(5.0, "<")), (">=5.0", Number(5.0, ">=")),
        ("≤5", Number(5.0, "<=")), ("≥5", Number(5.0, ">=")), ("0", Number(0.0)),
        ("nan", None), ("inf", None), ("1_000", None), ("5,4", None), ("", None), ("5 mg", None),
        ("0x1F", None), ("\u0661", None),
    ],
)  # fmt: skip
def test_parse_number(text: str, expected: Number | None) -> None:
    assert parse_number(text) == expected


def test_decimal_comma_where_declared() -> None:
    assert parse_number("5,4", ",") == Number(5.4)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(value: float) -> None:
    assert parse_number(repr(value)) == Number(value)


@pytest.mark.parametrize(
    ("code", "dotted"),
    [("I2510", "I25.10"), ("i25.10", "I25.10"), ("I10", "I10"), ("38341003", "38341003")],
)
def test_dotted_icd10(code: str, dotted: str) -> None:
    assert dotted_icd10(code) == dotted


@given(st.integers(0, 110), st.integers(0, 3))
def test_no_age_above_89_is_exact(age: int, width: int) -> None:
    found = topcode((age, age + width), PartialDate(1930), "midpoint")
    assert found.age is not None
    assert found.age <= 90
    assert (found.birth_year is None) is (age + width >= 90)
    assert found.topcoded is (age >= 90)
    assert found.highest is not None
    assert found.highest <= 90


def test_uncertain_age_is_missing_by_default() -> None:
    found = topcode((39, 40), PartialDate(1980), "missing")
    assert (found.age, found.lowest, found.highest, found.precision) == (None, 39, 40, "year")


def test_role_short_form_and_yaml_numbers() -> None:
    role = Role.model_validate({"column": "x", "missing": [-9, 999], "codes": {1: 0, 2: 1}})
    assert role.missing == ("-9", "999")
    assert role.codes == {"1": "0", "2": "1"}
    assert Role.model_validate("x") == Role(column="x")
    with pytest.raises(ValueError, match="either"):
        Role.model_validate({})


def test_sources_need_different_names() -> None:
    source = {"path": "a.csv", "table": "participants", "columns": {"participant_id": "id"}}
    with pytest.raises(ValueError, match="two sources"):
        ColumnMap.model_validate({"sources": [source, source]})
    both = ColumnMap.model_validate({"sources": [source, {**source, "name": "b"}]})
    assert both.paths() == ("a.csv",)


def _tables() -> dict[str, Columns]:
    observations: Columns = {
        "participant_id": ["A", "A", "A", "B", "C", "B"],
        "day": [30, 0, None, 5, 0, 400],
        "code": ["13457-7"] * 6,
        "value_num": [110.0, 100.0, 90.0, 5.0, float("nan"), 200.0],
        "value_std": [110.0, 100.0, 90.0, 5.0, None, 200.0],
        "comparator": [None, None, None, "<", None, None],
        "unit_src": ["mg/dL"] * 6,
        "qc_flags": [None, None, None, None, "value_missing", None],
    }
    conditions: Columns = {
        "participant_id": ["A", "A", "B", "C"],
        "code": ["I25.10", "I25.2", "I25.10", "I25.10"],
        "start_day": [1, 9, 3, 0],
        "status": ["present", "present", "present", "excluded"],
    }
    outcomes: Columns = {
        "participant_id": ["A", "B", "C"], "outcome": ["death"] * 3, "kind": ["tte"] * 3,
        "value": [None] * 3, "entry_day": [None, 20, None], "exit_day": [100, 200, None],
        "event": [1, 0, None], "na_reason": [None, None, "missing"],
    }  # fmt: skip
    participants: Columns = {
        "participant_id": ["A", "B", "C"], "age_index": [50.0, None, 90.0],
        "sex_recorded": ["male", "female", "unknown"], "site": ["1", "2", None],
        "ancestry_reported": [None, None, None],
    }  # fmt: skip
    return {
        "observations": observations, "conditions": conditions, "outcomes": outcomes,
        "participants": participants,
    }  # fmt: skip


def _build(*phenotypes: dict[str, object], **settings: object) -> dict[str, list[float]]:
    chosen = ClinicalSettings.model_validate({"phenotypes": phenotypes, **settings})
    columns = build_phenotypes(chosen, _tables(), Review())
    assert tuple(columns) == ("participant_id", *chosen.wide_columns())
    columns.pop("participant_id")
    return {name: [float(v) for v in values] for name, values in columns.items()}


def _ldl(**more: object) -> dict[str, object]:
    source = {"table": "observations", "code": "13457-7", **more}
    return {"name": "ldl", "kind": "quantitative", "source": source}


NAN = float("nan")


@pytest.mark.parametrize(
    ("more", "settings", "expected"),
    [
        ({"pick": "first"}, {}, [100, 5, NAN]),
        ({"pick": "last"}, {}, [90, 200, NAN]),
        ({"pick": "mean"}, {}, [100, 102.5, NAN]),
        ({"pick": "median", "to_day": 100}, {}, [105, 5, NAN]),
        ({"pick": "first", "from_day": 6, "to_day": 399}, {}, [110, NAN, NAN]),
        ({"pick": "first"}, {"limit_values": "exclude"}, [100, 200, NAN]),
    ],
)
def test_picking_a_measurement(
    more: dict[str, object], settings: dict[str, object], expected: list[float]
) -> None:
    assert _build(_ldl(**more), **settings)["ldl"] == pytest.approx(expected, nan_ok=True)


def test_conditions_and_times() -> None:
    cad = {"table": "conditions", "codes": ["I25"]}
    strict = {**cad, "min_dates": 2}
    death = {"table": "outcomes", "outcome": "death"}
    found = _build(
        {"name": "cad", "kind": "binary", "source": cad},
        {"name": "strict", "kind": "binary", "source": strict},
        {"name": "death", "kind": "time_to_event", "source": death},
        covariates=[
            {"name": "age_index"}, {"name": "sex"}, {"name": "site", "levels": [1, 2]},
        ],
    )  # fmt: skip
    assert found["cad"] == [1, 1, 0]
    assert found["strict"] == pytest.approx([1, NAN, 0], nan_ok=True)
    assert found["death_entry_day"] == pytest.approx([0, 20, NAN], nan_ok=True)
    assert found["death_day"] == pytest.approx([100, 200, NAN], nan_ok=True)
    assert found["death_event"] == pytest.approx([1, 0, NAN], nan_ok=True)
    assert found["age_index"] == pytest.approx([50, NAN, 90], nan_ok=True)
    assert found["sex"] == pytest.approx([1, 0, NAN], nan_ok=True)
    assert found["site_2"] == pytest.approx([0, 1, NAN], nan_ok=True)


def test_transforms() -> None:
    logged = _build({**_ldl(), "transform": "log"})["ldl"]
    assert logged == pytest.approx([np.log(100), np.log(5), NAN], nan_ok=True)
    ranked = _build({**_ldl(), "transform": "rint"})["ldl"]
    assert ranked[0] == pytest.approx(-ranked[1])
    assert np.isnan(ranked[2])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"covariates": [{"name": "site", "levels": ["1", "3"]}]}, ConfigError),
        ({"phenotypes": [{**_ldl(), "kind": "binary"}]}, ConfigError),
        (
            {"phenotypes": [{"name": "x", "kind": "binary",
                             "source": {"table": "outcomes", "outcome": "death"}}]},
            ConfigError,
        ),
    ],
)  # fmt: skip
def test_what_cannot_be(settings: dict[str, object], error: type[GenocohortError]) -> None:
    chosen = ClinicalSettings.model_validate(settings)
    with pytest.raises(error):
        build_phenotypes(chosen, _tables(), Review())


def test_mixed_units_of_an_unknown_code_are_never_pooled() -> None:
    tables = _tables()
    tables["observations"]["qc_flags"] = ["not_standardised"] * 6
    tables["observations"]["unit_src"] = ["a", "b", "a", "a", "a", "a"]
    chosen = ClinicalSettings.model_validate({"phenotypes": [_ldl()]})
    with pytest.raises(InputDataError, match="comes in 2 units"):
        build_phenotypes(chosen, tables, Review())


@pytest.mark.parametrize(
    "settings",
    [
        {"phenotypes": [{**_ldl(), "kind": "time_to_event"}]},
        {"phenotypes": [_ldl(), _ldl()]},
        {"phenotypes": [{**_ldl(), "name": "participant_id"}]},
        {"covariates": [{"name": "site"}]},
        {"covariates": [{"name": "site", "levels": ["1"]}]},
        {"covariates": [{"name": "bmi"}]},
        {"phenotypes": [{**_ldl(), "name": "with blank"}]},
    ],
)
def test_settings_that_contradict(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ClinicalSettings.model_validate(settings)


def test_review_raises_everything() -> None:
    review = Review()
    review.raise_problems()
    review.bad_cells("a", "b", [1, 2], "what", "right")
    review.bad_map("a", "what", "right")
    with pytest.raises(Problems) as caught:
        review.raise_problems()
    assert len(caught.value.problems) == 2
    assert caught.value.exit_code == 2
