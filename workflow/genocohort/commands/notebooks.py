"""`genocohort notebooks`: run the notebooks on a study's results, as HTML beside the report."""

import argparse
import html
import os
import tempfile
from pathlib import Path
from typing import Any

from genocohort.commands.studies import WORKFLOW, add_study_arguments, enter_study
from genocohort.errors import InputDataError, ToolError
from genocohort.io.atomic import write_text

EXAMPLES = (
    "examples:\n"
    "  genocohort notebooks                  # all, into results/full/report/notebooks\n"
    "  genocohort notebooks mine.ipynb       # your own"
)
FULL = Path("results/full")
OUTPUT = FULL / "report/notebooks"
TIMEOUT_SECONDS = 3600
# Nothing is linked from the net: the page is whole by itself.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto; padding: 1rem; }}
pre {{ overflow-x: auto; background: #f5f5f5; padding: .6rem; font-size: .85rem; }}
.output_area pre, .jp-OutputArea pre {{ background: none; }}
table {{ border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }}
th, td {{ padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }}
img {{ max-width: 100%; }}
.prompt, .jp-InputPrompt, .jp-OutputPrompt, .anchor-link {{ display: none; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    parser.add_argument(
        "notebooks", nargs="*", type=Path, metavar="FILE", help="notebooks to run (default: all)"
    )


def _import_jupyter() -> tuple[Any, Any, Any]:
    try:
        import nbclient
        import nbconvert
        import nbformat
    except ImportError as error:
        raise ToolError(
            f"notebooks need the package {error.name}",
            remedy="use the environment that `make run` sets up (environment.yml with conda)",
        ) from error
    return nbformat, nbclient, nbconvert


def render_notebook(path: Path, results: Path, scratch: Path) -> str:
    """Run a notebook on a results folder; the page of what it shows.

    Raises
    ------
    InputDataError
        A cell fails: what it said is told.
    """
    nbformat, nbclient, nbconvert = _import_jupyter()
    notebook = nbformat.read(path, as_version=4)
    # The kernel inherits these; nothing is left in the user's own folders.
    os.environ |= {
        "GENOCOHORT_RESULTS": str(results.resolve()),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
    }
    client = nbclient.NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        raise InputDataError(
            f"a cell of the notebook failed: {error.ename}: {error.evalue}",
            where=str(path),
            remedy="run it in JupyterLab (`make notebooks`) to see the cell; a part that the study"
            " does not have cannot be read",
        ) from error
    for cell in notebook.cells:
        # Clock times of the run.
        cell.metadata.pop("execution", None)
    exporter = nbconvert.HTMLExporter(template_name="basic")
    body, _ = exporter.from_notebook_node(notebook)
    return _PAGE.format(title=html.escape(path.stem), body=body)


def run(args: argparse.Namespace) -> None:
    """Run the notebooks, write one page each, and print where they are.

    Raises
    ------
    InputDataError
        There are no results, a notebook does not exist, or a cell fails.
    ToolError
        Jupyter is not installed.
    """
    chosen = [path.resolve() for path in args.notebooks]
    enter_study(args)
    if not FULL.is_dir():
        raise InputDataError(
            "there are no results yet", where=str(FULL), remedy="run `genocohort run` first"
        )
    for path in chosen:
        if not path.is_file():
            raise InputDataError(
                "there is no such notebook", where=str(path), expected="the path of an .ipynb file"
            )
    with tempfile.TemporaryDirectory(prefix="genocohort-") as folder:
        for path in chosen or sorted((WORKFLOW.parent / "notebooks").glob("*.ipynb")):
            target = OUTPUT / f"{path.stem}.html"
            write_text(target, render_notebook(path, FULL, Path(folder)))
            print(target.resolve(), flush=True)
