"""`genocohort init`: a study folder that runs as it is, to be filled with the user's own data."""

import argparse
import shutil
from pathlib import Path

from genocohort.commands.studies import WORKFLOW
from genocohort.errors import ConfigError

EXAMPLES = (
    "examples:\n"
    "  genocohort init mystudy\n"
    "  genocohort init mystudy && cd mystudy && genocohort run"
)
REPOSITORY = WORKFLOW.parent
COPIED = ("config", "data-samples")
_CODE = shutil.ignore_patterns("generate.py", "generator", "requirements.txt", "__pycache__")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder to make")


def run(args: argparse.Namespace) -> None:
    """Copy the template configuration and the sample cohort it points at.

    Raises
    ------
    ConfigError
        The folder exists and is not empty.
    """
    folder: Path = args.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            "the folder exists and is not empty",
            where=str(folder),
            remedy="choose a new folder: nothing is ever overwritten",
        )
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=_CODE)
    print(
        f"{folder} is a study that runs: it holds a sample cohort.\n"
        f"  cd {folder}\n"
        "  genocohort check     # all problems of the inputs at once\n"
        "  genocohort plan      # what would run\n"
        "  genocohort run       # the report: results/full/report/index.html\n"
        "For your own data edit config/config.yaml (its comments explain each key), its sample\n"
        "sheet and config/clinical.yaml; data-samples/ can then be removed."
    )
