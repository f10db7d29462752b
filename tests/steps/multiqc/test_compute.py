"""Sections for MultiQC by hand: what is shown, in which unit, and what is left out."""

import json

import pytest

from genocohort.steps.multiqc.compute import SECTION_TABLES, compute_section
from genocohort.steps.multiqc.content import Column, Point, make_scatter, make_table


def sample(name: str, verdict: str = "pass", **values: object) -> dict[str, object]:
    """A row of sample_qc/samples without any metric but these."""
    metrics = ("call_rate", "f_inbreeding", "het_hom_ratio", "ts_tv", "n_singletons", "mean_depth",
               "contamination", "own_concordance", "x_f", "y_call_rate", "x_depth_ratio",
               "y_depth_ratio")  # fmt: skip
    row = dict.fromkeys(metrics) | {
        "sample_id": name, "verdict": verdict, "reasons": [], "batch": "", "sex_recorded": "male",
        "sex_inferred": "male",
    }  # fmt: skip
    return row | values


def points_of(content: dict[str, object]) -> dict[str, dict[str, object]]:
    (data,) = content["data"]
    return data


def test_a_table_shows_percent_text_and_nothing_for_nothing() -> None:
    columns = (
        Column("rate", "Rate", "m", 1, 100),
        Column("n", "N", "m", 0),
        Column("why", "Why", "m", scale=False),
        Column("verdict", "Verdict", "m", scale=False),
    )
    rows = {
        "007": {"rate": 0.123, "n": 1200, "why": ["A < B & C.", "D."], "verdict": "pass"},
        "1e5": {"rate": None, "n": float("nan"), "why": [], "verdict": "fail"},
    }
    content = make_table("t", "T", "words", columns, rows)
    assert points_of(content) == {
        "007": {"rate": 12.3, "n": 1200, "why": "A &lt; B &amp; C. D.", "verdict": "pass"},
        "1e5": {"verdict": "fail"},
    }
    headers = content["headers"]
    assert (headers["rate"]["suffix"], headers["rate"]["format"]) == ("%", "{:,.1f}")
    assert "suffix" not in headers["n"]
    assert headers["verdict"]["cond_formatting_rules"]["fail"] == [{"s_eq": "fail"}]
    json.dumps(content, allow_nan=False)


def test_points_without_a_place_are_left_out_and_groups_keep_their_colours() -> None:
    points = [Point("a", 1, 2, "B"), Point("b", None, 2, "A"), Point("c", 0, 0, None)]
    content = make_scatter("s", "S", "words", ("x", "y"), points, groups=("A", "B"), y_lines=[0.5])
    assert list(points_of(content)) == ["a", "c"]
    more = make_scatter("s", "S", "words", ("x", "y"), [*points, Point("d", 1, 1, "B")])
    colours = {name: p["color"] for name, p in points_of(more).items()}
    assert colours["a"] == colours["d"] != colours["c"]
    assert points_of(content)["a"]["name"] == "a: B"
    assert points_of(content)["c"]["name"] == "c: none given"
    assert (
        f'color:{points_of(content)["c"]["color"]}">&#9679;</span> none given'
        in (content["description"])
    )
    assert content["pconfig"]["y_lines"][0]["value"] == 0.5


def test_a_section_without_anything_to_show_says_so() -> None:
    for name in ("call_rate", "sex", "kinship", "contamination"):
        rows = {table: [] for table in SECTION_TABLES[name]}
        content = compute_section(name, rows, 10)
        assert content["plot_type"] == "html"
        assert "nothing to show" in content["data"]
        assert content["section_name"]


def test_conspicuous_samples_come_first_and_the_others_are_counted() -> None:
    verdicts = ["pass"] * 5 + ["warn"] + ["pass"] * 3 + ["fail"]
    rows = {
        "sample_qc/samples": [sample(f"S{i}", v, call_rate=0.9) for i, v in enumerate(verdicts)]
    }
    content = compute_section("samples", rows, 3)
    assert list(points_of(content)) == ["S0", "S5", "S9"]
    assert content["description"].endswith("Left out: 7 of 10, the least conspicuous.")
    assert list(compute_section("general", rows, 3)["data"]) == ["S0", "S5", "S9"]
    assert "Left out" not in compute_section("samples", rows, 10)["description"]


def test_columns_without_any_value_are_not_shown() -> None:
    rows = {"sample_qc/samples": [sample("a", call_rate=0.5), sample("b")]}
    assert list(compute_section("general", rows, 9)["headers"]) == ["verdict", "call_rate"]
    assert "mean_depth" not in compute_section("samples", rows, 9)["headers"]


def test_sex_is_shown_by_what_most_samples_have() -> None:
    depth = {"x_depth_ratio": 1.0, "y_depth_ratio": 0.0}
    rows = [sample("a", x_f=0.1, y_call_rate=0.0, **depth), sample("b", **depth)]
    content = compute_section("sex", {"sample_qc/samples": rows}, 9)
    assert content["pconfig"]["xlab"] == "depth of X / autosomes"
    assert list(points_of(content)) == ["a", "b"]
    content = compute_section("sex", {"sample_qc/samples": rows[:1]}, 9)
    assert content["pconfig"]["xlab"] == "F on X"


def test_pairs_are_named_by_both_and_contradictions_come_first() -> None:
    def pair(first: str, kinship: float | None, wrong: bool) -> dict[str, object]:
        relation = None if kinship is None else "parent_offspring"
        return {"sample_id_1": first, "sample_id_2": "z", "ibs0": 0.0, "kinship": kinship,
                "relation_inferred": relation, "is_contradiction": wrong}  # fmt: skip

    rows = {"kinship/pairs": [pair("a", 0.25, False), pair("b", 0.1, True), pair("c", None, False)]}
    content = compute_section("kinship", rows, 9)
    assert [p["name"] for p in points_of(content).values()] == [
        "a / z: parent offspring", "b / z: parent offspring",
    ]  # fmt: skip
    assert list(points_of(compute_section("kinship", rows, 1))) == ["b / z"]


def test_ancestry_is_as_inferred_else_as_reported() -> None:
    components = [{"sample_id": n, "role": "fitted", "PC1": 0.1, "PC2": 0.2} for n in "abcd"]
    labels = [("a", "X", "Y"), ("b", "X", None), ("c", None, None)]
    ancestry = [
        {"sample_id": n, "ancestry_reported": r, "ancestry_inferred": i} for n, r, i in labels
    ]
    rows = {"structure/components": components, "structure/ancestry": ancestry}
    content = compute_section("ancestry", rows, 9)
    names = [point["name"] for point in points_of(content).values()]
    assert names == ["a: Y", "b: X", "c: none given", "d: none given"]
    one = [{"sample_id": "a", "role": "fitted", "PC1": 0.1}]
    content = compute_section("ancestry", rows | {"structure/components": one}, 9)
    assert content["plot_type"] == "html"


@pytest.mark.parametrize("value", [None, 0.0, 0.081])
def test_contamination_is_in_percent_and_zero_is_a_value(value: float | None) -> None:
    rows = {"identity/samples": [{"sample_id": "a", "contamination": value}]}
    content = compute_section("contamination", rows, 9)
    if value is None:
        assert content["plot_type"] == "html"
    else:
        assert points_of(content)["a"]["value"] == pytest.approx(100 * value)
