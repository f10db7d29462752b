"""What can be taken out of the page: each figure's data; and where its numbers came from."""

import csv
import html
import io
import math
import re
import runpy
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.cli import main
from genocohort.steps.report.chart.drawing import Grid, Mark, compute_grid, to_csv
from genocohort.steps.report.chart.scales import Axis
from genocohort.steps.report.chart.svg import Chart

write_results = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["write_results"]
FIGURE = re.compile(r'<figure [^>]*id="(.+?)">(.*?)</figure>', re.DOTALL)
SOURCE = re.compile(r'<p class="source">Source: (.*?)</p>')


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    write_results(folder, n_samples=240, n_variants=1_500)
    out = [folder / "report/index.html", folder / "report/share.html"]
    command = ["report", "--folder", str(folder), "--output", str(out[0])]
    assert main([*command, "--share-output", str(out[1])]) == 0
    return folder, *(path.read_text(encoding="utf-8") for path in out)


def data_of(text):
    """Rows of each figure's data, the heads first."""
    found = {}
    for name, inner in FIGURE.findall(text):
        (template,) = re.findall(r"<template>(.*?)</template>", inner, re.DOTALL)
        found[name] = list(csv.reader(io.StringIO(html.unescape(template))))
    return found


@pytest.mark.parametrize("edition", [1, 2])
def test_every_figure_has_its_data(editions, edition):
    found = data_of(editions[edition])
    assert len(found) >= (35 if edition == 1 else 15)
    for name, (heads, *rows) in found.items():
        assert rows, name
        assert all(len(row) == len(heads) for row in rows), name
        assert len(set(heads)) == len(heads), name
        assert len({tuple(row) for row in rows}) == len(rows), name


def test_the_data_are_what_is_drawn(editions):
    """Bars of a histogram: their heights in the data, in their texts and in pixels agree."""
    _, full, _ = editions
    inner = dict(FIGURE.findall(full))["call-rate"]
    drawn = re.findall(r'<rect class="bar [^>]*height="([\d.]+)"><title>.*?: (\d+)</title>', inner)
    rows = data_of(full)["call-rate"][1:]
    counts = [int(row[2]) for row in rows if row[2] != "0"]
    assert counts == [int(n) for _, n in drawn]
    scale = [float(height) / int(n) for height, n in drawn]
    assert max(scale) - min(scale) < 0.1


def test_points_that_are_named_are_named_in_the_data(editions):
    _, full, _ = editions
    heads, *rows = data_of(full)["scatter-f-inbreeding"]
    assert heads[:2] == ["series", "name"]
    assert len({row[1] for row in rows}) == 240


def test_data_of_the_share_edition_are_no_finer_than_its_drawing(editions):
    _, _, text = editions
    for name, (heads, *rows) in data_of(text).items():
        if name.startswith("manhattan"):
            rows = [row[-1:] for row in rows]
        for row in rows:
            for value in row:
                digits = re.fullmatch(r"-?(\d*)\.(\d+)(e-?\d+)?", value)
                if digits:
                    assert len((digits[1] + digits[2]).strip("0")) <= 3, (name, heads, row)


def test_data_of_the_share_edition_name_nobody(editions):
    folder, _, text = editions
    names = set(pq.read_table(folder / "sample_qc/samples.parquet")["sample_id"].to_pylist())
    cells = {cell for rows in data_of(text).values() for row in rows for cell in row}
    assert not names & cells
    assert not {"contamination", "concordance", "density", "roh", "diversity-windows"} & set(
        data_of(text)
    )


def test_every_number_names_a_table_and_columns_that_are_there(editions):
    folder, full, shared = editions
    schemas = {}
    for line in SOURCE.findall(full):
        for part in html.unescape(line).split("; "):
            table, columns = re.fullmatch(r"<code>(.+)\.parquet</code> (.+)", part).groups()
            if table not in schemas:
                schemas[table] = set(pq.read_schema(folder / f"{table}.parquet").names)
            named = re.sub(r" \(.*\)$", "", columns).split(", ")
            assert set(named) <= schemas[table], line
    assert len(schemas) > 25
    assert "Source:" not in shared
    for _, inner in FIGURE.findall(full):
        assert 'class="source"' in inner
    without = {"definitions", "versions"}
    for block in re.findall(r'<div class="table">(.*?)</table>(.*?)</div>\s', full, re.DOTALL):
        name = re.search(r'<table id="(.+?)"', block[0]).group(1)
        after = full[full.index(f'<table id="{name}"') :]
        after = after[: after.index("</table>") + 1_500]
        assert (name in without) or 'class="source"' in after, name


def test_columns_without_values_are_left_out():
    x, y = Axis("size", 0, 1), Axis("count", 0, 1)
    grid = compute_grid(x, y, [Mark("", 0.25, 3), Mark("", 0.5, 4), Mark("", 0.5, 4)])
    assert grid == Grid(("size", "count"), [(0.25, 3), (0.5, 4)])
    bars = compute_grid(x, y, [Mark("a", 0, 3, end=1)])
    assert bars.heads == ("series", "size, from", "size, to", "count")
    named = compute_grid(Axis("kind", 0, 1, is_named=True), y, [Mark("", 0, 3, "first", end=1)])
    assert named == Grid(("name", "count"), [("first", 3)])
    spread = compute_grid(x, y, [Mark("", 0.5, low=1, high=2)])
    assert spread.heads == ("size", "count, low", "count, high")


def test_reference_lines_are_no_data():
    chart = Chart(Axis("x", 0, 1), Axis("y", 0, 1))
    chart.diagonal()
    chart.rule(0.5, text="half")
    chart.line([0, 1], [0.5, math.nan])
    assert chart.draw("label").data.rows == [(0, 0.5)]


def test_points_on_the_same_half_pixel_are_one():
    chart = Chart(Axis("x", 0, 1), Axis("y", 0, 1))
    chart.points([0.5, 0.5 + 1e-6, 0.9], [0.5, 0.5, 0.1])
    assert len(chart.draw("label").data.rows) == 2


TEXTS = st.text(st.characters(exclude_categories=["C"]))


@settings(deadline=None)
@given(st.lists(st.floats(-1e12, 1e12) | TEXTS, min_size=1, max_size=4))
def test_csv_is_read_back(values):
    text = to_csv(Grid(tuple(f"c{i}" for i in range(len(values))), [values]), 17)
    _, row = csv.reader(io.StringIO(text, newline=""))
    for cell, value in zip(row, values, strict=True):
        assert cell == value if isinstance(value, str) else float(cell) == value


def test_whole_numbers_are_written_in_full():
    rows = [[248956422.0, 0.123456789, math.nan, -0.0, 1e-9]]
    assert to_csv(Grid(tuple("abcde"), rows)).splitlines()[1] == "248956422,0.12346,,0,1e-09"
