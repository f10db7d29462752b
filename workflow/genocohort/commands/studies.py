"""How every command finds the study: --config, relative to the study folder."""

import argparse
import os
from pathlib import Path

from genocohort.errors import ConfigError

DEFAULT_CONFIG = Path("config/config.yaml")
WORKFLOW = Path(__file__).resolve().parents[2]


def add_study_arguments(parser: argparse.ArgumentParser) -> None:
    """--config, shared by all commands that work on a study."""
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help="the study's configuration; the study folder is the one that holds its config/ folder "
        "(default: config/config.yaml)",
    )


def enter_study(args: argparse.Namespace) -> Path:
    """Make the study folder the working directory; the configuration's path inside it.

    Raises
    ------
    ConfigError
        The configuration does not exist.
    """
    path: Path = args.config.resolve()
    if not path.is_file():
        raise ConfigError(
            "there is no configuration here",
            where=str(args.config),
            remedy="run `genocohort init DIR`, then `cd DIR`; or name the file with --config",
        )
    folder = path.parent.parent if path.parent.name == "config" else path.parent
    os.chdir(folder)
    return path.relative_to(folder)
