"""The report in a real browser: opens offline, fast, without errors; its table sorts, filters."""

import json
import runpy
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from genocohort.cli import main

pytestmark = pytest.mark.validation

CHROMIUM = next(
    (p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None
)
websocket = pytest.importorskip("websocket", reason="websocket-client is not installed")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)

write_results = runpy.run_path(str(Path(__file__).parents[1] / "steps/report/synthetic.py"))[
    "write_results"
]
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Browser:
    """One page of a browser over its debugging protocol; what it reports is kept."""

    def __init__(self, url: str, *, width: int = 1280) -> None:
        self.socket = websocket.create_connection(url, timeout=30, suppress_origin=True)
        self.number = 0
        self.events: list[dict] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width)

    def resize(self, width: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def call(self, method: str, **params: object) -> dict:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.events.append(json.loads(self.socket.recv()))

    def value(self, script: str) -> object:
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        self.socket.close()

    def problems(self) -> list[str]:
        """Requests other than the page itself, console errors, exceptions, blocked content."""
        found = []
        for event in self.events:
            params = event["params"]
            if event["method"] == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:")):
                    found.append(url)
            elif event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                found.append(json.dumps(params)[:400])
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] != "verbose":
                found.append(params["entry"]["text"])
        return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile = tmp_path_factory.mktemp("profile")
    command = [
        CHROMIUM, *FLAGS, f"--remote-debugging-port={port}", f"--user-data-dir={profile}",
        "about:blank",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            page = Browser(_page_address(port))
            yield page
            page.close()
        finally:
            process.terminate()
            process.wait(20)


def _page_address(port: int) -> str:
    for _ in range(150):
        try:
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                pages = [p for p in json.load(answer) if p["type"] == "page"]
                if pages:
                    return pages[0]["webSocketDebuggerUrl"]
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError("the browser did not start")


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
