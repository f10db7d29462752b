"""The notebooks run from top to bottom on results of any run, and are committed without outputs."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tiny.sample_cohort import genocohort, write_cut

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
write_results = runpy.run_path(str(ROOT / "tests/steps/report/synthetic.py"))["write_results"]

# How many figures each draws: of results of every step, and of a run of the sample cohort.
FIGURES = {
    "association": (2, 4),  # regions need the genotype store, which only a run writes
    "clinical": (5, 5),
    "quality": (7, 7),
    "quickstart": (1, 1),
    "structure": (6, 6),
}

# In a process of its own: the kernel's and nbclient's own warnings are none of our concern.
EXECUTE = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
resources = {"metadata": {"path": sys.argv[2]}}
NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
nbformat.write(notebook, sys.argv[3])
"""


def _ids(paths):
    return [path.stem for path in paths]


def execute(notebook: Path, results: Path, scratch: Path) -> dict:
    """Run a notebook on a results folder; its executed content."""
    done = scratch / "done.ipynb"
    environment = os.environ | {
        "GENOCOHORT_RESULTS": str(results),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OPENBLAS_NUM_THREADS": "1",
    }
    outcome = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(notebook), str(notebook.parent), str(done)],
        env=environment, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    return json.loads(done.read_text(encoding="utf-8"))


def _outputs(notebook: dict, kind: str) -> list[dict]:
    return [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if kind in output.get("data", {}) or output.get("name") == kind
    ]


def test_there_is_one_per_subject():
    assert _ids(NOTEBOOKS) == sorted(FIGURES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_committed_without_outputs_and_with_fixed_ids(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    expected = [f"cell-{i:02d}" for i in range(1, len(notebook["cells"]) + 1)]
    assert [cell["id"] for cell in notebook["cells"]] == expected
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_runs_on_results_of_every_step(path, tmp_path):
    results = write_results(tmp_path / "results", n_samples=60, n_variants=500)
    done = execute(path, results, tmp_path)
    assert len(_outputs(done, "image/png")) == FIGURES[path.stem][0]
    assert _outputs(done, "stderr") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_runs_on_a_cohort_with_calls_only(path, tmp_path):
    results = write_results(tmp_path / "results", n_samples=20, n_variants=500, parts=["calls"])
    done = execute(path, results, tmp_path)
    said = "".join("".join(o["text"]) for o in _outputs(done, "stdout"))
    # All that the notebook on structure shows comes from calls.
    assert ("This run has no table" in said) == (path.stem != "structure")


@pytest.fixture(scope="module")
def sample_cohort(tmp_path_factory):
    """Results of a cut of the sample cohort."""
    folder = tmp_path_factory.mktemp("cohort") / "study"
    write_cut(folder)
    done = genocohort(["run", "--cores", "2"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results/full"


@pytest.mark.end_to_end
@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_runs_on_the_sample_cohort_and_skips_nothing(path, sample_cohort, tmp_path):
    done = execute(path, sample_cohort, tmp_path)
    assert len(_outputs(done, "image/png")) == FIGURES[path.stem][1]
    assert _outputs(done, "stderr") == []
    said = "".join("".join(o["text"]) for o in _outputs(done, "stdout"))
    assert "This run has no table" not in said
    if path.stem == "association":
        difference = re.search(r"(\d+) variants, largest difference of an effect: (\S+)", said)
        assert int(difference.group(1)) > 100
        assert float(difference.group(2)) < 1e-9
