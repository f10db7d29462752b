"""`genocohort run`: the whole workflow, with exit codes that say what happened."""

import argparse
import sys
import time
from pathlib import Path

from genocohort.commands.backends import add_backend_argument, add_cores_argument, check_backend
from genocohort.commands.check import check_study
from genocohort.commands.estimates import BENCHMARKS, expected_seconds
from genocohort.commands.object_storage import ObjectStorage, find_storage
from genocohort.commands.progress import Progress
from genocohort.commands.run_summary import FILES as SUMMARISED
from genocohort.commands.run_summary import FULL, measure_used, summary_text, used_text
from genocohort.commands.snakemake_run import (
    crashed_steps,
    run_snakemake,
    snakemake_command,
    step_errors,
)
from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.commands.tools import check_tools
from genocohort.errors import ConfigError
from genocohort.io.results import Results
from genocohort.study import Study, resolve_study

EXAMPLES = (
    "examples:\n"
    "  genocohort run\n"
    "  genocohort run --cores 8\n"
    "  genocohort run --backend docker\n"
    "  genocohort run -- --forceall         # everything after -- goes to Snakemake"
)
SHEET = Path("work/sheet")
PREFLIGHT = FULL / "preflight/preflight.json"
ACCOUNTS = FULL / "accounts/accounts.json"
REPORT, SHARE = FULL / "report/index.html", FULL / "report/share.html"
NOTEBOOKS = FULL / "report/notebooks"
LOSSES_EXIT_CODE = 5
MAX_SHOWN_LINES = 25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    add_backend_argument(parser)
    add_cores_argument(parser)
    parser.add_argument("snakemake", nargs="*", metavar="-- ...", help="arguments for Snakemake")


def is_checked(study: Study) -> bool:
    """Whether preflight passed after the last change of any input."""
    study.write_inputs(SHEET)
    inputs = [*study.input_files(), SHEET / "inputs.json", SHEET / "samples.tsv"]
    if not PREFLIGHT.is_file() or not all(path.exists() for path in inputs):
        return False
    return max(path.stat().st_mtime for path in inputs) <= PREFLIGHT.stat().st_mtime


def run(args: argparse.Namespace) -> int:
    """Run the workflow.

    Returns
    -------
    int
        0 complete; 5 finished with losses; otherwise the exit code of the first kind of error.

    Raises
    ------
    Problems
        The configuration or the inputs are wrong.
    ToolError
        A step needs a program that this machine lacks.
    """
    profile = check_backend(args.backend)
    storage = find_storage(profile, args.snakemake)
    config = enter_study(args)
    study, problems = resolve_study(config)
    if problems or not is_checked(study):
        check_study(config)
    check_tools(study, profile)
    if storage:
        store_inputs(study, storage)
    started = time.time()
    command = snakemake_command(config, profile, args.cores, args.snakemake)
    progress = Progress(expected_seconds(BENCHMARKS))
    code, lines = run_snakemake(command, progress)
    if code != 0:
        if storage:
            storage.download_logs(lines)
        return _explain_failure(started, lines)
    if any(arg in args.snakemake for arg in ("-n", "--dry-run", "--dryrun", "--unlock")):
        print("\n".join(lines))
        return 0
    if storage:
        storage.download([ACCOUNTS, REPORT, SHARE, *SUMMARISED])
    if any("Nothing to be done" in line for line in lines):
        print("Nothing to be done: all results are up to date.")
    else:
        used = measure_used(BENCHMARKS, started)
        print(used_text(study.config.study, time.time() - started, used))
    return _say_result()


def store_inputs(study: Study, storage: ObjectStorage) -> None:
    """Store the inputs that have changed.

    Raises
    ------
    ConfigError
        Participants get pseudonyms, whose key would have to be stored, too; or as `upload`.
    ToolError
        The storage does not take a file.
    """
    if study.config.inputs.pseudonyms:
        raise ConfigError(
            "the key of the pseudonyms is not put into object storage",
            where=f"{study.path}: inputs.pseudonyms",
            remedy="pick a backend whose jobs see the study folder itself",
        )
    sheets = sorted(path for path in SHEET.iterdir() if path.is_file())
    stored = storage.upload([*study.input_files(), *sheets])
    if stored:
        print(f"stored {len(stored)} changed inputs under {storage.prefix}", file=sys.stderr)


def _explain_failure(started: float, lines: list[str]) -> int:
    code, texts = step_errors(Path("logs"), started)
    for text in texts:
        print(text, file=sys.stderr)
    if not texts:
        crashes = crashed_steps(Path("logs"), started)
        print("\n".join(crashes or lines[-MAX_SHOWN_LINES:]), file=sys.stderr)
        print(
            "genocohort run: the workflow failed; the logs are in logs/ and .snakemake/log/",
            file=sys.stderr,
        )
    return code or 1


def _say_result() -> int:
    """What was found and where it is, the report's place last; the exit code."""
    if not ACCOUNTS.is_file():
        return 0
    results = Results(FULL)
    accounts = results.accounts()
    print(summary_text(results, accounts))
    if SHARE.is_file():
        print(f"To share, after a review: {SHARE.resolve()}")
    pages = len(list(NOTEBOOKS.glob("*.html")))
    print(f"Notebooks: {NOTEBOOKS.resolve()}" if pages else "Notebooks: `genocohort notebooks`")
    print(f"The report: {REPORT.resolve()}", flush=True)
    if not accounts["losses"]:
        return 0
    print("genocohort run: finished with losses:", file=sys.stderr)
    for loss in accounts["losses"]:
        examples = ", ".join(loss["examples"])
        print(
            f"  {loss['step']} {loss['scope']}: {loss['n']} {loss['unit']}: {loss['reason']}"
            + (f" ({examples})" if examples else ""),
            file=sys.stderr,
        )
    return LOSSES_EXIT_CODE
