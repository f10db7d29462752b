"""The step's command line: parts of a cohort present or absent, escaping, the same bytes twice."""

import re
import runpy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.domain import tables_clinical as clinical
from genocohort.domain import tables_cohort as cohort
from genocohort.io.parquet import write_table
from genocohort.io.results import declared_tables
from genocohort.steps.report.run import TABLES

write_results = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["write_results"]

VOID = {"meta", "link", "br", "input", "img", "hr"}
ORDER = ["alignment", "variants", "samples", "structure", "clinical", "association", "methods"]


class Page(HTMLParser):
    """Checks that tags nest, and collects ids, links, text of sections and figures."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open_tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sections: list[str] = []
        self.labels: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open_tags == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("href", "src", "xlink:href"):
            if name in given:
                self.links.append(given[name])
        if tag == "section":
            self.sections.append(given["id"])
        if given.get("role") == "img":
            self.labels.append(given["aria-label"])
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open_tags.pop()

    def handle_endtag(self, tag):
        assert self.open_tags.pop() == tag

    def handle_data(self, data):
        if self.open_tags[-1:] not in (["script"], ["style"]):
            self.text += data


def report(folder: Path, *more: str) -> tuple[str, Page]:
    output = folder / "report/index.html"
    assert main(["report", "--folder", str(folder), "--output", str(output), *more]) == 0
    text = output.read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_results(folder, n_samples=30, n_variants=600)
    return folder, *report(
        folder, "--study", "Lipids & <friends>", "--genome", '{"build": "GRCh38"}'
    )


def test_sections_in_order_with_a_verdict_first(whole):
    _, text, page = whole
    assert page.sections == ORDER
    assert text.index('id="verdict"') < text.index('<section id="alignment"')
    assert "28 of 30 samples pass, 1 needs a second look and 1 failed" in page.text
    assert "Lipids & <friends>" in page.text


def test_nothing_is_loaded_from_anywhere(whole):
    _, text, page = whole
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert not re.search(r"https?://|url\(|@import", text)
    assert "default-src 'none'" in text


def test_ids_are_unique_and_links_lead_somewhere(whole):
    _, _, page = whole
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_figure_has_a_label_a_finding_and_a_sentence(whole):
    _, text, page = whole
    figures = re.findall(r"<figure .*?</figure>", text, flags=re.DOTALL)
    assert len(figures) == len(page.labels) >= 25
    for figure in figures:
        assert len(re.search(r"<h4>(.*?)</h4>", figure).group(1)) > 15
        assert re.search(r'<p class="summary">.+?</p>', figure)
        assert 'class="label"' in figure
    assert all(label.endswith(".") and len(label) > 30 for label in page.labels)


def test_no_missing_value_is_printed_as_a_word(whole):
    _, _, page = whole
    assert not re.search(r"\b(nan|None|NaT|<NA>|inf)\b", page.text)


def test_the_reasons_are_sentences_and_failed_samples_come_first(whole):
    _, text, _ = whole
    body = text[text.index('<table id="verdicts"') :]
    first = re.search(r"<tbody>\s*<tr data-level=\"(\w+)\".*?</tr>", body, re.DOTALL)
    assert first.group(1) == "fail"
    assert "70 % of genotypes are called, below the limit of 95 %." in first.group(0)


def test_results_of_the_association_are_told(whole):
    _, _, page = whole
    assert re.search(
        r"ldl: \d+ loc(us|i) at genome-wide significance; the strongest at chr", page.text
    )
    assert "t2d: λ is 1.160" in page.text
    assert "LDLR (12 kb)" in page.text


def test_the_same_bytes_twice_and_nothing_of_the_machine(whole, tmp_path):
    folder, text, _ = whole
    again = tmp_path / "elsewhere.html"
    arguments = ["--study", "Lipids & <friends>", "--genome", '{"build": "GRCh38"}']
    assert main(["report", "--folder", str(folder), "--output", str(again), *arguments]) == 0
    assert again.read_text(encoding="utf-8") == text
    assert str(folder) not in text
    assert str(Path.cwd()) not in text


@pytest.mark.parametrize(
    ("parts", "sections"),
    [
        ((), ["samples", "methods"]),
        (("alignments",), ["alignment", "samples", "methods"]),
        (("calls",), ["variants", "samples", "structure", "methods"]),
        (("clinical",), ["samples", "clinical", "methods"]),
        (("calls", "clinical"), ["variants", "samples", "structure", "clinical", "methods"]),
    ],
)
def test_parts_without_input_are_left_out(tmp_path, parts, sections):
    write_results(tmp_path, n_samples=12, n_variants=200, parts=parts)
    _, page = report(tmp_path)
    assert page.sections == sections
    absent = {"alignments": "alignments", "calls": "variant calls", "clinical": "clinical records"}
    said = re.search(r"Without input[^.]*\.", page.text).group(0)
    for part, words in absent.items():
        assert (words in said) == (part not in parts)
    assert not re.search(r"\b(nan|None|NaT|inf)\b", page.text)


def test_tables_left_over_from_another_configuration_are_not_shown(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=200)
    write_results(tmp_path, n_samples=12, n_variants=200, parts=("calls",))
    assert (tmp_path / "clinical/participants.parquet").exists()
    _, page = report(tmp_path)
    assert page.sections == ["variants", "samples", "structure", "methods"]


# Of each sample, chromosome or phenotype by itself, the records, and what later studies need.
NOT_DRAWN = {
    "alignments": ..., "variants": ..., "variant_groups": ..., "association": ...,
    "clinical": {"observations", "conditions", "exposures"},
    "structure": {"roh_segments", "ibs"}, "mendel": {"variants"}, "ancestry": {"eigenvalues"},
    "association_summary": {"gwas"}, "identity": {"pairs"},
}  # fmt: skip


def test_every_table_is_drawn_or_left_out_on_purpose():
    for name in declared_tables():
        step, _, file = name.partition("/")
        left_out = NOT_DRAWN.get(step, set())
        assert (name in TABLES) != (left_out is ... or file in left_out), name


def test_an_empty_folder_still_gives_a_page(tmp_path):
    _, page = report(tmp_path)
    assert page.sections == ["methods"]


def test_names_from_outside_are_escaped(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=200)
    path = tmp_path / "sample_qc/samples.parquet"
    columns = pq.read_table(path).to_pydict()
    evil = "<script>alert(1)</script>"
    columns["sample_id"][0] = evil
    columns["reasons"][0] = [f"{evil} & more"]
    write_table(path, cohort.SAMPLE_QC_SAMPLES, columns)
    text, page = report(tmp_path, "--study", evil)
    assert text.count("<script>") == 1
    assert f"{evil} & more" in page.text


def test_one_sample_one_variant(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=30, parts=("calls", "association"))
    for name in ("sample_qc/samples", "structure/components"):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        pq.write_table(table.slice(1, 1), tmp_path / f"{name}.parquet")
    path = tmp_path / "association_summary/ldl.gwas.parquet"
    pq.write_table(pq.read_table(path).slice(0, 1), path)
    _, page = report(tmp_path)
    assert not re.search(r"\b(nan|None|NaT|inf)\b", page.text)


def test_tables_without_rows(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=200)
    for path in sorted(tmp_path.glob("*/*.parquet")):
        pq.write_table(pq.read_table(path).slice(0, 0), path)
    _, page = report(tmp_path)
    assert page.sections[-1] == "methods"


def test_all_metrics_missing(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=200)
    for name, table in (
        ("sample_qc/samples", cohort.SAMPLE_QC_SAMPLES),
        ("outcomes/hazards", clinical.HAZARDS),
        ("outcomes/survival_tests", clinical.SURVIVAL_TESTS),
        ("structure/fst", cohort.STRUCTURE_FST),
    ):
        path = tmp_path / f"{name}.parquet"
        content = pq.read_table(path).to_pydict()
        for column in table.columns:
            if column.type == "float64" and column.missing:
                content[column.name] = np.full(len(content[column.name]), np.nan)
        write_table(path, table, content)
    _, page = report(tmp_path)
    assert not re.search(r"\b(nan|None|NaT|inf)\b", page.text)


def test_a_loss_makes_the_verdict(tmp_path):
    write_results(tmp_path, n_samples=12, n_variants=200, parts=())
    (tmp_path / "accounts/accounts.json").write_text(
        '{"complete": false, "contradictions": [], "totals": {"sample_qc": {}},'
        ' "losses": [{"step": "alignments",'
        ' "scope": "S0003", "unit": "contig", "n": 2, "reason": "cut", "examples": ["chr1"]}]}'
    )
    _, page = report(tmp_path)
    assert "The run is incomplete" in page.text
    assert "Lost in alignments (S0003): 2 contigs – cut: chr1." in page.text


def test_many_samples_are_not_drawn_one_by_one(tmp_path):
    write_results(tmp_path, n_samples=1_200, n_variants=300, parts=("calls",))
    text, page = report(tmp_path, "--settings", '{"table_samples": 50}')
    assert text.count('class="pt ') < 900
    assert "1\u202f150 further samples that pass" in page.text


def test_wrong_settings_and_a_missing_folder_are_errors_without_a_page(tmp_path, capsys):
    output = tmp_path / "index.html"
    start = ["report", "--output", str(output)]
    assert main([*start, "--folder", str(tmp_path), "--settings", '{"nonsense": 1}']) == 2
    assert "unknown key" in capsys.readouterr().err
    assert main([*start, "--folder", str(tmp_path / "none")]) == 3
    assert "does not exist" in capsys.readouterr().err
    assert not output.exists()


def test_a_table_of_another_version_is_an_error(tmp_path, capsys):
    write_results(tmp_path, n_samples=12, n_variants=200, parts=())
    path = tmp_path / "sample_qc/samples.parquet"
    table = pq.read_table(path)
    named = {"table": "sample_qc/samples", "schema_version": "99"}
    pq.write_table(table.replace_schema_metadata(named), path)
    assert main(["report", "--folder", str(tmp_path), "--output", str(tmp_path / "x.html")]) == 3
    assert "version 99" in capsys.readouterr().err
