"""`genocohort erase`: leave participants out of everything from now on."""

import argparse
from pathlib import Path

from genocohort.commands.pseudonyms import wanted_files
from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.errors import ConfigError
from genocohort.io.atomic import write_text
from genocohort.io.crosswalk import read_crosswalk, read_erased, read_key, write_crosswalk
from genocohort.study_config import load_config

EXAMPLES = (
    "examples:\n"
    "  genocohort erase P0210 && genocohort run\n"
    "  genocohort erase P0210 P0174 --config other/config/config.yaml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    parser.add_argument("participants", nargs="+", metavar="PARTICIPANT", help="ids of the sources")


def run(args: argparse.Namespace) -> None:
    """Add participants to the study's list of who is erased, and forget their pseudonyms.

    Raises
    ------
    ConfigError
        The study names no list.
    """
    path = enter_study(args)
    config = load_config(path)
    listed = config.inputs.erased
    if listed is None:
        raise ConfigError(
            "the study names no list of erased participants", where=f"{path}, inputs.erased",
            remedy="add for example `erased: config/erased.txt` to inputs",
        )  # fmt: skip
    known = read_erased(listed) if Path(listed).exists() else frozenset()
    everybody = sorted(known | set(args.participants))
    head = "# Participants that are left out of everything; `genocohort erase` adds to it.\n"
    write_text(Path(listed), head + "".join(f"{name}\n" for name in everybody))
    print(f"{listed}: {len(everybody) - len(known)} added, {len(everybody)} in all")
    if config.inputs.pseudonyms is not None:
        files = wanted_files(config, path)
        if files.crosswalk_file and Path(files.crosswalk).exists():
            key = read_key(Path(files.key))
            crosswalk = read_crosswalk(Path(files.crosswalk), key)
            gone = [crosswalk.names.pop(name, None) for name in args.participants]
            write_crosswalk(Path(files.crosswalk), crosswalk, key)
            print(f"{files.crosswalk}: {len(gone) - gone.count(None)} pseudonyms removed")
    print(
        "The results still hold them until `genocohort run` has made them anew; source files, "
        "copies and backups are yours to mend."
    )
