"""The pictures of docs/: the graph of the rules is the workflow's, and can be read."""

import re
import runpy
from itertools import combinations
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PICTURES = runpy.run_path(str(ROOT / "docs/pictures.py"))


def test_the_graph_is_current() -> None:
    image_of = yaml.safe_load((ROOT / "containers/images.yaml").read_text(encoding="utf-8"))
    made = PICTURES["draw_dag"](*PICTURES["rule_graph"](), image_of)
    there = (ROOT / "docs/images/dag.svg").read_text(encoding="utf-8")
    assert made == there, "run `make docs`"


def test_an_edge_that_a_longer_way_makes_needless_is_left_out() -> None:
    edges = {("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c"), ("e", "d")}
    reduced = {("a", "b"), ("b", "c"), ("c", "d"), ("e", "d")}
    assert PICTURES["reduce_edges"](edges) == reduced


def test_no_rule_lies_on_another_or_on_a_passing_edge() -> None:
    names = list("abcdefg")
    edges = {("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("a", "e"), ("f", "g"), ("d", "g")}
    row, column, steps = PICTURES["place_rules"](names, edges)
    assert all(column[b] - column[a] == 1 for a, b in steps)
    for one, other in combinations(row, 2):
        if column[one] == column[other]:
            assert abs(row[one] - row[other]) > 0.4
    text = PICTURES["draw_dag"](names, edges, dict.fromkeys(names, "image"))
    assert sorted(re.findall(r'text-anchor="middle">(\w)<', text)) == names


def test_the_picture_of_the_report_is_small() -> None:
    picture = (ROOT / "docs/images/report.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) < 200_000
