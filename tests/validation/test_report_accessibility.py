"""Both editions of the report against axe-core, in a wide and in a narrow window.

`GENOCOHORT_AXE` names the script of axe-core (`axe.min.js`, from `npm install axe-core`).
"""

import json
import os
import runpy
from pathlib import Path

import pytest

from genocohort.cli import main
from tiny.browser import open_browser

pytestmark = pytest.mark.validation

AXE = os.environ.get("GENOCOHORT_AXE", "")
if not AXE:
    pytest.skip("GENOCOHORT_AXE is not set: where axe-core's script lies", allow_module_level=True)

write_results = runpy.run_path(str(Path(__file__).parents[1] / "steps/report/synthetic.py"))[
    "write_results"
]
# What is not on the screen is judged like the rest.
WHOLE = (
    "document.head.append(Object.assign(document.createElement('style'),"
    " {textContent: 'section { content-visibility: visible !important; }'}))"
)
RUN = (
    "axe.run(document, {resultTypes: ['violations']}).then(found => JSON.stringify("
    "found.violations.map(v => [v.impact, v.id, v.nodes.slice(0, 3).map(n => n.target.join(' ')"
    " + ': ' + n.failureSummary.split('\\n').at(-1))])))"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accessible")
    write_results(folder, n_samples=120, n_variants=2_000, max_aligned=12)
    full, shared = folder / "report/index.html", folder / "report/share.html"
    command = ["report", "--folder", str(folder), "--output", str(full)]
    assert main([*command, "--share-output", str(shared)]) == 0
    return {"full": full, "share": shared}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("edition", ["full", "share"])
def test_no_serious_finding(browser, editions, edition, width):
    browser.resize(width)
    browser.open(editions[edition])
    browser.value(WHOLE)
    browser.value(f"{Path(AXE).read_text(encoding='utf-8')}; undefined")
    found = json.loads(browser.value(RUN))
    for impact, rule, places in found:
        print(impact, rule, *places, sep="\n  ")
    assert [rule for impact, rule, _ in found if impact in ("serious", "critical")] == []


def test_a_fault_is_found(browser, editions):
    browser.resize(1280)
    browser.open(editions["share"])
    browser.value("document.querySelector('figure svg').removeAttribute('aria-label')")
    browser.value(f"{Path(AXE).read_text(encoding='utf-8')}; undefined")
    found = json.loads(browser.value(RUN))
    assert "svg-img-alt" in [rule for _, rule, _ in found]
