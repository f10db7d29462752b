"""What a reader takes out of the report in a real browser: drawings, pictures, data."""

import csv
import io
import runpy
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

from genocohort.cli import main
from tiny.browser import open_browser

pytestmark = pytest.mark.validation

write_results = runpy.run_path(str(Path(__file__).parents[1] / "steps/report/synthetic.py"))[
    "write_results"
]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The full edition in a browser that saves what is offered."""
    folder = tmp_path_factory.mktemp("downloads")
    write_results(folder, n_samples=60)
    report = folder / "report/index.html"
    assert main(["report", "--folder", str(folder), "--output", str(report)]) == 0
    saved = folder / "saved"
    saved.mkdir()
    with open_browser(tmp_path_factory.mktemp("profile")) as browser:
        browser.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
        browser.open(report)
        yield browser, saved


def take(page, place: str, word: str, name: str) -> Path:
    """The file that a button gives, pressed by the keyboard."""
    browser, saved = page
    buttons = f"[...document.querySelectorAll('{place} .save button')]"
    button = f"{buttons}.find(b => b.textContent === '{word}')"
    browser.value(f"{button}.focus()")
    assert browser.value(f"document.activeElement === {button}")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                     windowsVirtualKeyCode=13)  # fmt: skip
    path = saved / name
    for _ in range(100):
        if path.exists() and path.stat().st_size:
            return path
        time.sleep(0.1)
    raise TimeoutError(f"{name} was not saved")


def test_a_figure_is_saved_as_a_drawing_that_needs_nothing_else(page):
    path = take(page, "#kinship", "SVG", "kinship.svg")
    root = ElementTree.parse(path).getroot()
    text = path.read_text(encoding="utf-8")
    assert root.tag == f"{SVG}svg"
    words = [t.text for t in root.iter(f"{SVG}text")]
    title = page[0].value("document.querySelector('#kinship h4').textContent")
    shown = " ".join(t.text for t in root.findall(f"{SVG}text[@class='heading']"))
    assert shown == title
    assert any("full siblings" in word for word in words if word)
    assert "var(--sans)" not in text
    assert ".pt" in root.find(f"{SVG}style").text
    assert not {"http://", "https://"} & {
        t for t in text.split('"') if t.startswith("http") and t != SVG[1:-1]
    }


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_a_figure_is_saved_as_a_picture(page):
    path = take(page, "#kinship", "PNG", "kinship.png")
    pixels = imread(path)
    height, width = pixels.shape[:2]
    box = page[0].value("document.querySelector('#kinship .plot svg').viewBox.baseVal.width")
    assert width == 3 * box
    assert height > 3 * 320
    colors = {tuple((p * 255).round().astype(int)) for p in pixels[::3, ::3, :3].reshape(-1, 3)}
    assert (255, 255, 255) in colors
    # The orange of a mark over white: the figure's own style has been applied.
    assert any(max(abs(a - b) for a, b in zip(c, (221, 123, 46), strict=True)) < 4 for c in colors)
    assert len(colors) > 20


def test_a_figures_data_are_saved(page):
    path = take(page, "#kinship", "CSV", "kinship.csv")
    heads, *rows = read_csv(path)
    assert heads[:2] == ["series", "name"]
    assert len(rows) == 4
    assert rows[0][1] == "S0006 – S0007"
    assert float(rows[0][3]) == 0.497


def test_a_table_is_saved_as_it_is_shown(page):
    browser, _ = page
    box = ".table:has(#verdicts)"
    browser.value("document.querySelector('form[data-table=verdicts] input[value=pass]').click()")
    path = take(page, box, "CSV", "verdicts.csv")
    heads, *rows = read_csv(path)
    assert heads[:3] == ["sample", "verdict", "why"]
    assert [row[:2] for row in rows] == [["S0001", "fail"], ["S0060", "look again"]]


def test_buttons_say_what_they_save_and_do_not_print(page):
    browser, _ = page
    labels = browser.value("[...document.querySelectorAll('.save button')].map(b => b.ariaLabel)")
    figures = browser.value("document.querySelectorAll('figure').length")
    assert len(labels) == len(set(labels)) > 3 * figures
    browser.call("Emulation.setEmulatedMedia", media="print")
    state = browser.value("getComputedStyle(document.querySelector('.save')).display")
    browser.call("Emulation.setEmulatedMedia", media="")
    assert state == "none"


def test_nothing_was_refused_or_asked_for(page):
    assert page[0].problems() == []
