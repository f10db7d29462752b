"""Notebooks as pages beside the report: run, whole by themselves, the same bytes twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genocohort.domain.tables_accounts import LEDGER
from genocohort.io.parquet import write_table


def write_notebook(path: Path, *sources: str) -> None:
    """A notebook of code cells."""
    cells = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": source,
         "execution_count": None, "outputs": []}
        for i, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with a configuration and one result."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("inputs: {sample_sheet: s.tsv}\n")
    plain = {"string": "x", "dictionary": "a_step", "int64": 1, "bool": False, "list<string>": []}
    row = {c.name: [plain[c.type]] for c in LEDGER.columns}
    write_table(tmp_path / "results/full/accounts/ledger.parquet", LEDGER, row)
    return tmp_path


def run(study: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own: Jupyter's warnings are none of our concern."""
    return subprocess.run(
        [sys.executable, "-m", "genocohort.cli", "notebooks", *names],
        cwd=study, env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip


def test_a_page_holds_what_the_cells_show_and_links_nothing(study: Path) -> None:
    source = "import genocohort.results\ngenocohort.results.open().ledger()"
    write_notebook(study / "mine.ipynb", source)
    page = study / "results/full/report/notebooks/mine.html"
    pages = []
    for _ in range(2):
        done = run(study, "mine.ipynb")
        assert done.returncode == 0, done.stderr
        assert str(page) in done.stdout
        pages.append(page.read_bytes())
    assert pages[0] == pages[1]
    text = pages[0].decode()
    assert "a_step" in text
    assert "<script" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text


def test_a_failing_cell_is_told_and_leaves_no_page(study: Path) -> None:
    write_notebook(study / "mine.ipynb", "raise ValueError('the reason')")
    done = run(study, "mine.ipynb")
    assert done.returncode == 3
    assert "ValueError: the reason" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (study / "results/full/report/notebooks").exists()


def test_an_absent_notebook_and_absent_results_are_told(study: Path, tmp_path: Path) -> None:
    done = run(study, "none.ipynb")
    assert done.returncode == 3
    assert "none.ipynb" in done.stderr
    (tmp_path / "results").rename(tmp_path / "elsewhere")
    done = run(study)
    assert done.returncode == 3
    assert "genocohort run" in done.stderr
