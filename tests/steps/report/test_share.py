"""The share edition: no person in it, no small number, none to be had by subtraction."""

import html
import itertools
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.domain import tables_clinical as clinical
from genocohort.domain import tables_cohort as cohort
from genocohort.io.parquet import write_table
from genocohort.steps.report.share.clinical import compute_shared_table1
from genocohort.steps.report.share.disclosure import (
    Rules,
    compute_knots,
    find_suppressed,
    merge_small,
)

write_results = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["write_results"]
RULES = Rules(11, 10, 100)
PEOPLE = ("samples", "clinical")


def share(folder: Path, *more: str) -> str:
    output = folder / "report/share.html"
    command = ["report", "--folder", str(folder), "--output", str(folder / "report/index.html")]
    assert main([*command, "--share-output", str(output), *more]) == 0
    return output.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results of 240 samples with an identifier planted wherever a person's words may be."""
    folder = tmp_path_factory.mktemp("share")
    write_results(folder, n_samples=240, n_variants=800)
    plants = {
        "sample_qc/samples": (cohort.SAMPLE_QC_SAMPLES, "reasons", ["CANARY-REASON"]),
        "kinship/pairs": (cohort.KINSHIP_PAIRS, "finding", "CANARY-PAIR"),
        "clinical/findings": (clinical.FINDINGS, "sentence", "CANARY-FINDING"),
    }
    for name, (table, column, value) in plants.items():
        path = folder / f"{name}.parquet"
        columns = pq.read_table(path).to_pydict()
        columns[column][0] = value
        write_table(path, table, columns)
    return folder, share(folder)


def section(text: str, name: str) -> str:
    return text[text.index(f'<section id="{name}"') :].split("</section>")[0]


def test_no_person_is_named(made):
    folder, text = made
    full = (folder / "report/index.html").read_text(encoding="utf-8")
    table = pq.read_table(folder / "sample_qc/samples.parquet")
    ids = [*table["sample_id"].to_pylist(), *table["participant_id"].to_pylist()]
    assert len(ids) == 480
    assert sum(name in full for name in ids) >= 240  # the test can fail
    assert [name for name in ids if name in text] == []
    assert "CANARY" in full
    assert "CANARY" not in text


def test_no_number_of_people_below_the_threshold(made):
    _, text = made
    seen = 0
    for name in PEOPLE:
        for table in re.findall(r"<table id=\"(?:verdicts|reasons|pairs|table1|risk).*?</table>",
                                section(text, name), re.DOTALL):  # fmt: skip
            for cell in re.findall(r'<td class="n"[^>]*>(.*?)</td>', table):
                words = html.unescape(cell).replace("\u202f", "")
                count = re.fullmatch(r"(\d+)(?: \(\d+ %\))?", words)
                if count:
                    seen += 1
                    assert not 0 < int(count.group(1)) < 11, table
    assert seen > 10
    assert "&lt; 11" in text.replace("\u00a0", " ") or "< 11" in text.replace("\u00a0", " ")


def test_no_point_of_a_person_and_no_rare_variant(made):
    folder, text = made
    assert not re.search(r'id="(pc\d|scatter-|sex-|kinship|call-rate|singletons|sfs)', text)
    hits = pq.read_table(folder / "association_summary/top_hits.parquet").to_pandas()
    rare = set(hits.loc[hits["minor_allele_count"] < 11, "variant_id"])
    shown = section(text, "association")
    assert rare
    assert not {name for name in rare if f">{name}<" in shown}
    assert 'id="manhattan-ldl"' in shown


def test_a_small_stratum_has_no_association(made):
    folder, _ = made
    text = share(folder, "--settings", '{"share_min_stratum": 100000}')
    assert 'id="manhattan' not in text
    assert '<section id="variants"' not in text
    assert '<section id="structure"' not in text


def test_the_same_bytes_twice(made):
    folder, text = made
    assert share(folder) == text


def test_few_people_leave_an_almost_empty_page(tmp_path):
    write_results(tmp_path, n_samples=9, n_variants=100)
    text = share(tmp_path)
    assert re.findall(r'<section id="(\w+)"', text) == ["methods"]
    assert "Fewer than 11 samples got a verdict" in text


def possible(counts: np.ndarray, hidden: np.ndarray, most: int) -> list[set[int]]:
    """Every value each hidden cell may have, by trying all tables with the same sums."""
    places = list(zip(*np.nonzero(hidden), strict=True))
    found: list[set[int]] = [set() for _ in places]
    for values in itertools.product(range(most + 1), repeat=len(places)):
        trial = counts.copy()
        for place, value in zip(places, values, strict=True):
            trial[place] = value
        if (trial.sum(0) == counts.sum(0)).all() and (trial.sum(1) == counts.sum(1)).all():
            for seen, value in zip(found, values, strict=True):
                seen.add(value)
    return found


def test_small_cells_cannot_be_had_by_subtraction():
    rng = np.random.default_rng(5)
    tried = 0
    for _ in range(60):
        counts = rng.integers(0, 9, (3, 3)).astype(np.int64)
        hidden = find_suppressed(counts, 3)
        small = (counts > 0) & (counts < 3)
        assert hidden[small].all()
        if not small.any() or hidden.sum() > 4:
            continue
        tried += 1
        for place, values in zip(zip(*np.nonzero(hidden), strict=True),
                                 possible(counts, hidden, 8),
                                 strict=True):  # fmt: skip
            assert not small[place] or len(values) > 1
    assert tried > 5


def test_nothing_is_hidden_where_nothing_is_small():
    assert not find_suppressed(np.array([[0, 40], [11, 12]]), 11).any()


def test_small_groups_are_put_together():
    assert merge_small([50, 4, 30, 8], 11) == [[0], [2], [1, 3]]
    assert merge_small([50, 4, 30], 11) == [[0], [1, 2]]
    assert merge_small([5, 5], 11) == []


def test_totals_tell_nothing_by_their_difference():
    assert RULES.words(0) == "none"
    assert RULES.words(10) == "fewer than 11"
    assert RULES.words(11) == "about 20"
    assert {RULES.rounded(n) for n in range(395, 405)} == {400}


def test_curves_are_read_only_between_enough_events():
    days = np.arange(1, 6)
    at_risk = [np.array([90, 70, 50, 30, 10])]
    events = [np.array([5, 12, 20, 24, 40])]
    assert compute_knots(days, at_risk, events, RULES) == [2, 4]
    assert compute_knots(days, [*at_risk, np.full(5, 10)], [*events, *events], RULES) == []


def test_table1_hides_a_small_cell_and_its_complements():
    rows = [
        ("sex", level, group, n, 0, count)
        for group, n, counts in (("(all)", 130, (64, 66)), ("a", 60, (4, 56)), ("b", 70, (60, 10)))
        for level, count in zip(("f", "m"), counts, strict=True)
    ]
    names = ["variable", "level", "group", "n", "n_missing", "count"]
    view = compute_shared_table1(pd.DataFrame(rows, columns=names), RULES)
    texts = [[c if isinstance(c, str) else c.text for c in row] for row in view.rows]
    assert texts[1] == ["f", "64 (49 %)", "hidden", "hidden"]
    assert texts[2] == ["m", "66 (51 %)", "hidden", "hidden"]
