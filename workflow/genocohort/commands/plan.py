"""`genocohort plan`: what would run and why, in words; nothing is computed."""

import argparse
import re
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from genocohort.commands.backends import add_backend_argument, check_backend
from genocohort.commands.check import check_study
from genocohort.commands.run import is_checked
from genocohort.commands.snakemake_run import run_snakemake, snakemake_command
from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.commands.tools import check_tools
from genocohort.errors import ToolError
from genocohort.study import resolve_study

EXAMPLES = "examples:\n  genocohort plan\n  genocohort plan --backend slurm"
_RULE = re.compile(r"^(?:local)?rule (\w+):$")
_REASON = re.compile(r"^    reason: (.+)$")
_FOLLOWS = "a step before it runs"
_ABSENT = "its results are not there"
# Snakemake's reasons, as they begin, in plain words.
_WORDS = {
    "Missing output files": _ABSENT,
    "Incomplete output files": "it was interrupted",
    "Updated input files": "an input is newer than its results",
    "Input files updated by another job": _FOLLOWS,
    "Set of input files has changed": "inputs were added or taken away",
    "Code has changed": "its command has changed",
    "Params have changed": "its settings have changed",
    "Software environment definition has changed": "its software has changed",
    "Forced execution": "it was asked for",
}
_KINDS = re.compile("(?:^|; )(" + "|".join(map(re.escape, _WORDS)) + ")")
_MEMORY = re.compile(r"^    resources: .*\bmem_mb=(\d+)")


@dataclass
class PlannedStep:
    """The jobs of one step that would run."""

    name: str
    n_jobs: int = 0
    mem_mb: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    add_backend_argument(parser)


def reasons_in_words(reason: str) -> list[str]:
    """Why a job would run, from Snakemake's reason; one it says in another way is kept as it is."""
    return [_WORDS[kind] for kind in dict.fromkeys(_KINDS.findall(reason))] or [reason]


def parse_dry_run(lines: list[str]) -> list[PlannedStep]:
    """The steps of a Snakemake dry run, in the order in which they would start."""
    steps: dict[str, PlannedStep] = {}
    current = None
    for line in lines:
        if rule := _RULE.match(line):
            current = None
            if rule.group(1) != "all":
                current = steps.setdefault(rule.group(1), PlannedStep(rule.group(1)))
                current.n_jobs += 1
        elif current and (reason := _REASON.match(line)):
            for words in reasons_in_words(reason.group(1)):
                current.reasons[words] = current.reasons.get(words, 0) + 1
        elif current and (memory := _MEMORY.match(line)):
            current.mem_mb = max(current.mem_mb, int(memory.group(1)))
    return list(steps.values())


def measured_seconds(step: str, folder: Path) -> float | None:
    """Median wall seconds of a step's earlier jobs, from the benchmark files; None without any."""
    files = [folder / f"{step}.tsv", *sorted((folder / step).glob("*.tsv"))]
    seconds = []
    for path in files:
        if path.is_file():
            rows = path.read_text(encoding="utf-8").splitlines()
            seconds += [float(row.split("\t", 1)[0]) for row in rows[1:]]
    return statistics.median(seconds) if seconds else None


def plan_text(steps: list[PlannedStep], benchmarks: Path) -> str:
    """The plan as a table and one sentence."""
    lines = [f"{'step':<22}{'jobs':>6}{'MB each':>9}{'s each':>8}  because"]
    total = 0.0
    unknown = 0
    for step in steps:
        seconds = measured_seconds(step.name, benchmarks)
        unknown += seconds is None
        total += (seconds or 0.0) * step.n_jobs
        shown = "?" if seconds is None else f"{seconds:.1f}"
        reasons = ", ".join(f"{reason} ({n})" for reason, n in step.reasons.items())
        lines.append(f"{step.name:<22}{step.n_jobs:>6}{step.mem_mb or '-':>9}{shown:>8}  {reasons}")
    n_jobs = sum(s.n_jobs for s in steps)
    lines.append("")
    if unknown == len(steps):
        lines.append(f"{n_jobs} jobs would run; no earlier run tells how long they take.")
    else:
        text = (
            f"{n_jobs} jobs would run: about {total:.0f} s of work, by the medians of earlier runs"
        )
        if unknown:
            text += f" (without {unknown} steps that never ran)"
        lines.append(text + ".")
    return "\n".join([*lines, _origin(steps)])


def _origin(steps: list[PlannedStep]) -> str:
    """Where it begins: steps that run for a reason of their own, not only after another.

    That the results of a step after another are not there yet is no such reason.
    """
    found = []
    for step in steps:
        follows = _FOLLOWS in step.reasons
        own = [r for r in step.reasons if r != _FOLLOWS and not (follows and r == _ABSENT)]
        found += [f"{step.name} ({', '.join(own)})"] if own else []
    return f"It begins with: {'; '.join(found)}." if found else ""


def run(args: argparse.Namespace) -> None:
    """Print the plan.

    Raises
    ------
    Problems
        The configuration or an input is wrong.
    ToolError
        Snakemake cannot lay out the workflow, or a step needs a program that is not here.
    """
    profile = check_backend(args.backend)
    config = enter_study(args)
    study, problems = resolve_study(config)
    if problems or not is_checked(study):
        check_study(config)
    check_tools(study, profile)
    command = snakemake_command(config, profile, 1, ["--dry-run"])
    code, lines = run_snakemake(command)
    if code != 0:
        print("\n".join(lines), file=sys.stderr)
        raise ToolError("Snakemake cannot lay out the workflow", where=str(config))
    steps = parse_dry_run(lines)
    if not steps:
        print("Nothing to be done: all results are up to date.")
        return
    print(
        f"{study.config.study}: {len(study.samples)} samples, {len(study.aligned)} alignments, "
        f"{len(study.chromosomes)} chromosomes\n"
    )
    print(plan_text(steps, Path("benchmarks")))
