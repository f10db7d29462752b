"""Where the study's files are when a step's working directory is not the study's folder."""

import argparse
import os
from pathlib import Path
from typing import Any

SHEET = "work/sheet/samples.tsv"


def study_root(files: Any) -> str:
    """Where a job of a rule finds the study: here, or where a storage plugin keeps its copies.

    Parameters
    ----------
    files
        The job's inputs, of which `sheet` is the study's own sample sheet.
    """
    return str(files.sheet).removesuffix(SHEET) or "."


def add_root_argument(parser: argparse.ArgumentParser) -> None:
    """--root, which all steps take."""
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the study's folder, where the paths that stand in its files begin (default: here)",
    )


def enter_root(args: argparse.Namespace) -> None:
    """Make the study's folder the working directory; paths that were given mean the same files.

    A path below the folder becomes the one by which the study itself names the file, so that
    messages and results are the same wherever a backend has put the study.

    Parameters
    ----------
    args
        A step's arguments, changed in place.
    """
    root, here = args.root, Path.cwd()
    if root == Path():
        return

    def moved(value: Any) -> Any:
        if isinstance(value, list):
            return [moved(one) for one in value]
        if not isinstance(value, Path) or value.is_absolute():
            return value
        return value.relative_to(root) if value.is_relative_to(root) else here / value

    for name, value in vars(args).items():
        setattr(args, name, moved(value))
    os.chdir(root)
