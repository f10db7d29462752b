"""`genocohort pseudonyms`: a key, and a pseudonym for every participant of the study."""

import argparse
from pathlib import Path

from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.errors import ConfigError
from genocohort.io.crosswalk import (
    Crosswalk,
    key_id,
    make_key,
    read_crosswalk,
    read_erased,
    read_key,
    write_crosswalk,
)
from genocohort.io.sheet import read_sample_sheet
from genocohort.steps.clinical.people import people_of
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.run import read_records
from genocohort.study_config import Config, PseudonymFiles, load_config

EXAMPLES = """examples:
  genocohort pseudonyms --new-key   # once, where inputs.pseudonyms.key says
  genocohort pseudonyms             # pseudonyms for who has none yet; the others keep theirs
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    parser.add_argument("--new-key", action="store_true", help="make the key file first")


def wanted_files(config: Config, path: Path) -> PseudonymFiles:
    """The study's pseudonym files.

    Raises
    ------
    ConfigError
        The study keeps the participants' own ids.
    """
    files = config.inputs.pseudonyms
    if files is None:
        raise ConfigError(
            "the study keeps the participants' own ids", where=f"{path}, inputs.pseudonyms",
            remedy="add `pseudonyms: {key: FILE}` to inputs; keep the key out of the study folder",
        )  # fmt: skip
    return files


def run(args: argparse.Namespace) -> None:
    """Extend the crosswalk by every participant of the sheet and the clinical sources."""
    path = enter_study(args)
    config = load_config(path)
    files = wanted_files(config, path)
    if args.new_key:
        make_key(Path(files.key))
    key = read_key(Path(files.key))
    print(f"key {key_id(key)}: {files.key}")
    if not files.crosswalk_file:
        print("keyed hashes (kind: hmac) need no crosswalk")
        return
    crosswalk = Crosswalk()
    if Path(files.crosswalk).exists():
        crosswalk = read_crosswalk(Path(files.crosswalk), key)
    n_new = crosswalk.extend(_participants(config))
    write_crosswalk(Path(files.crosswalk), crosswalk, key)
    print(f"{files.crosswalk}: {n_new} new pseudonyms, {len(crosswalk.names)} in all")


def _participants(config: Config) -> set[str]:
    """Own ids of everybody in the sheet and the clinical sources, without who is erased."""
    given = config.inputs
    samples = read_sample_sheet(Path(given.sample_sheet))
    people = people_of(samples)
    if given.clinical:
        pedigree = Path(given.pedigree) if given.pedigree else None
        read_records(
            Path(given.clinical), pedigree, samples, config.clinical, Review(), people=people
        )
    found = people.seen | {s.participant_id for s in samples}
    return found - read_erased(given.erased or "")
