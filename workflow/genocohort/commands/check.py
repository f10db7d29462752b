"""`genocohort check`: preflight alone; every problem at once, nothing computed."""

import argparse
import sys
import tempfile
from pathlib import Path

from genocohort.commands.backends import add_backend_argument, load_profile
from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.commands.tools import check_tools
from genocohort.errors import Problems
from genocohort.steps.preflight.outcome import Outcome
from genocohort.steps.preflight.run import check_inputs
from genocohort.study import Study, resolve_study

EXAMPLES = (
    "examples:\n"
    "  genocohort check\n"
    "  genocohort check --backend slurm              # without the programs that images bring\n"
    "  genocohort check --config other/config/config.yaml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    add_backend_argument(parser)


def check_study(config: Path) -> tuple[Study, Outcome]:
    """Resolve a study and check all its inputs.

    Raises
    ------
    Problems
        Everything that is wrong, each problem once.
    """
    study, problems = resolve_study(config)
    with tempfile.TemporaryDirectory(prefix="genocohort-") as folder:
        study.write_inputs(Path(folder))
        outcome = check_inputs(
            Path(folder) / "inputs.json", Path(folder) / "samples.tsv", study.config.preflight
        )
    found = {problem.message(): problem for problem in [*problems, *outcome.problems]}
    if found:
        raise Problems(list(found.values()))
    return study, outcome


def run(args: argparse.Namespace) -> None:
    """Check every input of a study.

    Raises
    ------
    Problems
        Everything that is wrong.
    ToolError
        The run would need a program that this machine lacks.
    """
    profile = load_profile(args.backend)
    study, outcome = check_study(enter_study(args))
    check_tools(study, profile)
    for notice in outcome.notices:
        print(f"note: {notice}", file=sys.stderr)
    print(
        f"{study.config.study}: {len(study.samples)} samples "
        f"({len(study.genotyped)} with calls, {len(study.aligned)} with alignments), "
        f"{len(study.chromosomes)} chromosomes: all {outcome.n_checks} checks passed"
    )
