"""`genocohort plan`: what would run, why, how long and at what cost; nothing is computed."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from genocohort.commands.backends import (
    Profile,
    add_backend_argument,
    add_cores_argument,
    check_backend,
)
from genocohort.commands.check import check_study
from genocohort.commands.dry_run import ABSENT, FOLLOWS, PlannedStep, parse_dry_run
from genocohort.commands.estimates import (
    BENCHMARKS,
    LIMIT,
    UNKNOWN,
    Capacity,
    Estimate,
    compute_elapsed,
    count_sources,
    estimate_steps,
    format_seconds,
)
from genocohort.commands.prices import EXAMPLE, compute_cost, cost_text, read_prices
from genocohort.commands.run import is_checked
from genocohort.commands.snakemake_run import run_snakemake, snakemake_command
from genocohort.commands.studies import add_study_arguments, enter_study
from genocohort.commands.tools import check_tools
from genocohort.errors import ConfigError, ToolError
from genocohort.study import resolve_study

_INDENTED = "".join(f"  {line}\n" for line in EXAMPLE.splitlines())
EXAMPLES = (
    "examples:\n"
    "  genocohort plan\n"
    "  genocohort plan --cores 8\n"
    "  genocohort plan --backend slurm --benchmarks ../pilot/benchmarks\n"
    "  genocohort plan --prices prices.yaml\n"
    "\n"
    "a price table (YAML or JSON; put your site's or provider's numbers):\n"
    f"{_INDENTED}"
    "\n"
    "Times come from the benchmark files of earlier runs. Before the first one, run a single\n"
    "chromosome (`chromosomes: [chr22]`), or name the benchmarks of a similar study."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_study_arguments(parser)
    add_backend_argument(parser)
    add_cores_argument(parser)
    parser.add_argument(
        "--benchmarks",
        type=Path,
        metavar="FOLDER",
        help="benchmark files of a study to take times from (default: this one's own)",
    )
    parser.add_argument(
        "--prices",
        type=Path,
        metavar="FILE",
        help="price table (see below): say what it would cost",
    )


def find_capacity(profile: Profile, cores: int | None) -> Capacity:
    """What a backend runs side by side."""
    if profile.on_this_machine:
        return Capacity(cores or os.cpu_count() or 1, by_threads=True)
    return Capacity(int(profile.options.get("jobs", 1)), by_threads=False)


def _memory(estimates: Sequence[Estimate], asked: Sequence[int | None]) -> str:
    if all(one is not None for one in asked):
        return str(max(one for one in asked if one is not None))
    known = [one.mem_mb for one in estimates if one.mem_mb is not None]
    return f"~{max(known):.0f}" if known else "?"


def _seconds(estimates: Sequence[Estimate]) -> str:
    known = [one.seconds for one in estimates if one.seconds is not None]
    if not known:
        return "?"
    mark = "<" if any(one.seconds_from == LIMIT for one in estimates) else ""
    return f"{mark}{sum(known) / len(known):.1f}"


def table_text(steps: Sequence[PlannedStep], estimates: Sequence[Sequence[Estimate]]) -> str:
    """One line per step, and what the marks mean that stand in it."""
    lines = [f"{'step':<22}{'jobs':>6}{'CPUs':>6}{'MB each':>9}{'s each':>9}  because"]
    for step, found in zip(steps, estimates, strict=True):
        reasons = ", ".join(f"{reason} ({n})" for reason, n in step.reasons.items())
        cpus = max(job.threads for job in step.jobs)
        memory = _memory(found, [job.mem_mb for job in step.jobs])
        lines.append(
            f"{step.name:<22}{step.n_jobs:>6}{cpus:>6}{memory:>9}{_seconds(found):>9}  {reasons}"
        )
    table = "\n".join(lines[1:])
    notes = {
        "~": "~ peak of earlier runs: the job asks for memory once its inputs are there",
        "<": "< the time limit that the job asks for",
        "?": "? not known before a first run",
    }
    return "\n".join([*lines, "", *(text for mark, text in notes.items() if f" {mark}" in table)])


def totals_text(
    steps: Sequence[PlannedStep], estimates: Sequence[Sequence[Estimate]], capacity: Capacity
) -> str:
    """How long and how much at once, and where these numbers come from."""
    jobs = [job for step in steps for job in step.jobs]
    what = f"{len(jobs)} job{'s' if len(jobs) > 1 else ''} would run"
    flat = [one for of_step in estimates for one in of_step]
    sources = count_sources(estimates)
    lines = []
    if sources[UNKNOWN] == len(jobs):
        lines.append(f"{what}; no earlier run tells how long they take.")
    else:
        seconds = [one.seconds or 0.0 for one in flat]
        elapsed = compute_elapsed(jobs, seconds, capacity)
        where = f"on {capacity.slots} CPUs" if capacity.by_threads else "if none has to queue"
        least = "at least " if sources[UNKNOWN] else "about "
        lines.append(
            f"{what}: {least}{format_seconds(elapsed)} {where}, "
            f"{format_seconds(sum(seconds))} of jobs one after another."
        )
        words = [f"{source} ({n})" for source, n in sources.items() if source != UNKNOWN]
        text = f"Times are from {', '.join(words)}"
        if sources[UNKNOWN]:
            names = [
                step.name
                for step, found in zip(steps, estimates, strict=True)
                if any(one.seconds is None for one in found)
            ]
            text += f"; not known for {sources[UNKNOWN]} of them ({', '.join(names)})"
        lines.append(f"{text}.")
    largest = max((one.mem_mb for one in flat if one.mem_mb is not None), default=None)
    if largest is not None:
        n_unknown = sum(one.mem_mb is None for one in flat)
        text = f"The largest job needs {largest:.0f} MB of memory"
        lines.append(f"{text}; not known for {n_unknown} of them." if n_unknown else f"{text}.")
    return "\n".join(lines)


def origin_text(steps: Sequence[PlannedStep]) -> str:
    """Where it begins: steps that run for a reason of their own, not only after another.

    That the results of a step after another are not there yet is no such reason.
    """
    found = []
    for step in steps:
        reasons = step.reasons
        follows = FOLLOWS in reasons
        own = [r for r in reasons if r != FOLLOWS and not (follows and r == ABSENT)]
        found += [f"{step.name} ({', '.join(own)})"] if own else []
    return f"It begins with: {'; '.join(found)}." if found else ""


def _find_benchmarks(folder: Path | None) -> Path | None:
    if folder is not None and not folder.is_dir():
        raise ConfigError(
            "there is no such folder of benchmarks",
            where=str(folder),
            expected="the folder benchmarks/ of a study that was run",
        )
    return None if folder is None else folder.resolve()


def run(args: argparse.Namespace) -> None:
    """Print the plan.

    Raises
    ------
    Problems
        The configuration or an input is wrong.
    ConfigError
        The price table or the folder of benchmarks does not exist.
    ToolError
        Snakemake cannot lay out the workflow, or a step needs a program that is not here.
    """
    prices = read_prices(args.prices) if args.prices else None
    folder = _find_benchmarks(args.benchmarks) or BENCHMARKS
    profile = check_backend(args.backend)
    config = enter_study(args)
    study, problems = resolve_study(config)
    if problems or not is_checked(study):
        check_study(config)
    check_tools(study, profile)
    code, lines = run_snakemake(snakemake_command(config, profile, args.cores, ["--dry-run"]))
    if code != 0:
        print("\n".join(lines), file=sys.stderr)
        raise ToolError(
            "Snakemake cannot lay out the workflow",
            where=str(config),
            remedy="its own words are above; `genocohort check` looks at the inputs alone",
        )
    steps = parse_dry_run(lines)
    if not steps:
        print("Nothing to be done: all results are up to date.")
        return
    print(
        f"{study.config.study}: {len(study.samples)} samples, {len(study.aligned)} alignments, "
        f"{len(study.chromosomes)} chromosomes\n"
    )
    estimates = estimate_steps(steps, folder)
    print(table_text(steps, estimates))
    print(totals_text(steps, estimates, find_capacity(profile, args.cores)))
    if origin := origin_text(steps):
        print(origin)
    if prices is not None:
        jobs = [job for step in steps for job in step.jobs]
        cost = compute_cost(jobs, [one for of_step in estimates for one in of_step])
        print(f"\n{cost_text(cost, prices)}")
