"""The report in a real browser: opens offline, fast, without errors; its table sorts, filters."""

import runpy
import time
from pathlib import Path

import pytest

from genocohort.cli import main
from tiny.browser import open_browser

pytestmark = pytest.mark.validation

write_results = runpy.run_path(str(Path(__file__).parents[1] / "steps/report/synthetic.py"))[
    "write_results"
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


def _report(folder: Path, **size: int) -> Path:
    write_results(folder, **size)
    page = folder / "report/index.html"
    assert main(["report", "--folder", str(folder), "--output", str(page)]) == 0
    return page


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return _report(tmp_path_factory.mktemp("small"))


def test_opens_offline_without_a_request_or_an_error(browser, small):
    browser.open(small)
    assert browser.value("document.querySelectorAll('section').length") == 7
    assert browser.problems() == []


def test_the_page_refuses_to_load_anything(browser, small):
    browser.open(small)
    script = (
        "new Promise(done => { const image = new Image();"
        " image.onerror = () => done('refused'); image.onload = () => done('loaded');"
        " image.src = 'http://127.0.0.1:9/x.png'; })"
    )
    assert browser.value(script) == "refused"
    assert any("Content Security Policy" in text for text in browser.problems())


FIRST = "document.querySelector('#verdicts tbody tr:not([hidden])').cells[0].textContent"
SHOWN = "document.querySelectorAll('#verdicts tbody tr:not([hidden])').length"
COUNT = "document.querySelector('form[data-table=verdicts] output').textContent"


def test_table_sorts_numbers_both_ways_and_says_so(browser, small):
    browser.open(small)
    assert browser.value(FIRST) == "S0001"
    head = "document.querySelector('#verdicts').tHead.rows[0].cells[5]"
    rates = (
        "[...document.querySelectorAll('#verdicts tbody tr')]"
        ".map(r => parseFloat(r.cells[5].textContent))"
    )
    browser.value(f"{head}.firstElementChild.click()")
    values = browser.value(rates)
    assert values == sorted(values)
    assert browser.value(f"{head}.ariaSort") == "ascending"
    browser.value(f"{head}.firstElementChild.click()")
    values = browser.value(rates)
    assert values == sorted(values, reverse=True)
    assert browser.value(f"{head}.ariaSort") == "descending"


def test_negative_numbers_and_powers_of_ten_sort_as_numbers(browser, small):
    browser.open(small)
    head = "document.querySelector('#verdicts').tHead.rows[0].cells[7]"
    browser.value(f"{head}.firstElementChild.click()")
    texts = browser.value(
        "[...document.querySelectorAll('#verdicts tbody tr')].map(r => r.cells[7].textContent)"
    )
    values = [float(t.replace("\u2212", "-")) for t in texts]
    assert min(values) < 0 < max(values)
    assert values == sorted(values)
    column = (
        "[...document.querySelectorAll('#hits-ldl tbody tr')]"
        ".map(r => Number(r.cells[0].textContent))"
    )
    browser.value(
        "document.querySelector('#hits-ldl').tHead.rows[0].cells[7].firstElementChild.click()"
    )
    assert browser.value(column) == [5, 4, 3, 2, 1]


def test_table_filters_by_word_and_by_verdict(browser, small):
    browser.open(small)
    assert browser.value(SHOWN) == 60
    search = "document.querySelector('form[data-table=verdicts] input[type=search]')"
    changed = f"{search}.dispatchEvent(new Event('input', {{bubbles: true}}))"
    browser.value(f"{search}.value = 'looks MALE'; {changed}")
    assert browser.value(SHOWN) == 1
    assert browser.value(FIRST) == "S0060"
    assert browser.value(COUNT) == "1 of 60 shown"
    browser.value(f"{search}.value = ''; {changed}")
    browser.value("document.querySelector('form[data-table=verdicts] input[value=pass]').click()")
    assert browser.value(SHOWN) == 2


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(browser, small, width):
    browser.resize(width)
    browser.open(small)
    too_wide = browser.value(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    browser.resize(1280)
    assert too_wide <= 0


def test_print_shows_no_navigation_and_whole_tables(browser, small):
    browser.open(small)
    browser.call("Emulation.setEmulatedMedia", media="print")
    state = browser.value(
        "[getComputedStyle(document.querySelector('nav')).display,"
        " getComputedStyle(document.querySelector('.scroll')).maxHeight]"
    )
    browser.call("Emulation.setEmulatedMedia", media="")
    assert state == ["none", "none"]


def test_five_thousand_samples_and_a_million_variants_open_within_three_seconds(
    browser, tmp_path, capsys
):
    page = _report(tmp_path, n_samples=5_000, n_variants=1_000_000)
    size = page.stat().st_size / 1e6
    started = time.monotonic()
    browser.open(page)
    browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\nreport of 5,000 samples and 1,000,000 variants: {size:.2f} MB, {seconds:.2f} s")
    assert browser.problems() == []
    assert size < 5
    assert seconds < 3
