"""Command line of the step `multiqc`."""

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

from genocohort.config import settings_from_json
from genocohort.errors import ConfigError
from genocohort.io.atomic import write_text
from genocohort.io.results import Results
from genocohort.steps.multiqc.compute import ENDING, SECTION_TABLES, compute_section
from genocohort.steps.multiqc.settings import MultiqcSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="folder with all steps' results")
    parser.add_argument("--settings", default="{}")
    parser.add_argument(
        "--outputs",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help=f"files to write, called after what they show: {', '.join(SECTION_TABLES)}"
        f" and {ENDING}",
    )


def run(args: argparse.Namespace) -> None:
    """Write each file from the tables it shows.

    Raises
    ------
    ConfigError
        A file's name is none of a section.
    InputDataError
        A table that a section shows is not among the results.
    """
    settings = settings_from_json(MultiqcSettings, args.settings)
    results = Results(args.folder)

    @cache
    def rows(table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = results.arrow(table).to_pylist()
        return found

    names = {path: path.name.removesuffix(ENDING) for path in args.outputs}
    if wrong := [str(path) for path, name in names.items() if name not in SECTION_TABLES]:
        raise ConfigError(
            "there is no section of this name",
            where="--outputs",
            offenders=wrong,
            expected=", ".join(f"{name}{ENDING}" for name in SECTION_TABLES),
        )
    for path, name in names.items():
        tables = {table: rows(table) for table in SECTION_TABLES[name]}
        content = compute_section(name, tables, settings.max_rows)
        write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
