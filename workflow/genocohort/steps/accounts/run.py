"""Command line of the step `accounts`."""

import argparse
import json
from pathlib import Path

from genocohort.config import settings_from_json
from genocohort.domain.ledger import Entry, entries_from_json
from genocohort.domain.tables_accounts import LEDGER
from genocohort.errors import InputDataError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.steps.accounts.compute import compute_accounts, compute_ledger_table
from genocohort.steps.accounts.settings import AccountsSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="folder with all steps' results")
    parser.add_argument("--steps", nargs="*", default=[], help="steps with one ledger each")
    parser.add_argument("--per-chromosome", nargs="*", default=[], help="steps run per chromosome")
    parser.add_argument("--chromosomes", nargs="*", default=[])
    parser.add_argument("--per-sample", nargs="*", default=[], help="steps run per aligned sample")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet of the aligned samples")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--ledger", type=Path, required=True, help="Parquet table to write")
    parser.add_argument("--accounts", type=Path, required=True, help="JSON summary to write")


def _ledger_paths(args: argparse.Namespace) -> list[Path]:
    samples = [s.sample_id for s in read_normalised_sheet(args.sheet)]
    paths = [args.folder / step / "ledger.json" for step in args.steps]
    for steps, scopes in ((args.per_chromosome, args.chromosomes), (args.per_sample, samples)):
        paths += [args.folder / s / f"{scope}.ledger.json" for s in steps for scope in scopes]
    return paths


def run(args: argparse.Namespace) -> None:
    """Read every step's ledger, check the sums, write the table and the summary.

    Raises
    ------
    InputDataError
        A ledger is missing, or the sums of two steps contradict each other.
    """
    settings_from_json(AccountsSettings, args.settings)
    entries: list[Entry] = []
    for path in _ledger_paths(args):
        try:
            entries += entries_from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputDataError(
                "cannot read a step's ledger",
                where=str(path),
                remedy="run that step again; if this persists, it is a defect: please report it",
            ) from error
    accounts = compute_accounts(entries)
    if accounts["contradictions"]:
        raise InputDataError(
            "the ledger does not add up: something was lost between two steps without a reason",
            where=str(args.folder),
            offenders=accounts["contradictions"],
            expected="what each step takes in equals what the step before it handed on",
            remedy="run again with --forceall; if this persists, it is a defect: please report it",
        )
    write_table(args.ledger, LEDGER, compute_ledger_table(entries))
    write_text(args.accounts, json.dumps(accounts, indent=1, sort_keys=True) + "\n")
