"""The jobs that Snakemake would run, and why, from what its dry run prints."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

FOLLOWS = "a step before it runs"
ABSENT = "its results are not there"
# Snakemake's reasons, as they begin, in plain words.
_WORDS = {
    "Missing output files": ABSENT,
    "Incomplete output files": "it was interrupted",
    "Updated input files": "an input is newer than its results",
    "Input files updated by another job": FOLLOWS,
    "Set of input files has changed": "inputs were added or taken away",
    "Code has changed": "its command has changed",
    "Params have changed": "its settings have changed",
    "Software environment definition has changed": "its software has changed",
    "Forced execution": "it was asked for",
}
_KINDS = re.compile("(?:^|; )(" + "|".join(map(re.escape, _WORDS)) + ")")
_RULE = re.compile(r"^(?:local)?rule (\w+):$")
_FIELD = re.compile(r"^    (input|output|benchmark|reason|threads|resources): (.+)$")
# What object storage adds to a name.
_NOTE = re.compile(r" \([a-z ]+\)$")


@dataclass
class PlannedJob:
    """One job; None where Snakemake cannot tell before the job's inputs are there."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    benchmark: str = ""
    threads: int = 1
    mem_mb: int | None = None
    limit_minutes: int | None = None
    reasons: tuple[str, ...] = ()


@dataclass
class PlannedStep:
    """The jobs of one step that would run."""

    name: str
    jobs: list[PlannedJob] = field(default_factory=list)

    @property
    def n_jobs(self) -> int:
        """How many would run."""
        return len(self.jobs)

    @property
    def reasons(self) -> Counter[str]:
        """Why, with the number of jobs."""
        return Counter(reason for job in self.jobs for reason in job.reasons)


def reasons_in_words(reason: str) -> tuple[str, ...]:
    """Why a job would run, from Snakemake's reason; one it says in another way is kept as it is."""
    found = dict.fromkeys(_KINDS.findall(reason))
    return tuple(_WORDS[kind] for kind in found) or (reason,)


def _files(text: str) -> tuple[str, ...]:
    return tuple(_NOTE.sub("", name) for name in text.split(", "))


def _resource(text: str, name: str) -> int | None:
    found = re.search(rf"\b{name}=(\d+)(?:,|$)", text)
    return int(found.group(1)) if found else None


def _note(job: PlannedJob, key: str, text: str) -> None:
    if key == "input":
        job.inputs = _files(text)
    elif key == "output":
        job.outputs = _files(text)
    elif key == "benchmark":
        job.benchmark = _NOTE.sub("", text)
    elif key == "threads":
        job.threads = int(text)
    elif key == "reason":
        job.reasons = reasons_in_words(text)
    else:
        job.mem_mb, job.limit_minutes = _resource(text, "mem_mb"), _resource(text, "runtime")


def parse_dry_run(lines: Iterable[str]) -> list[PlannedStep]:
    """The steps of a Snakemake dry run, in the order in which they would start."""
    steps: dict[str, PlannedStep] = {}
    job = None
    for line in lines:
        if rule := _RULE.match(line):
            job = PlannedJob()
            if rule.group(1) != "all":
                steps.setdefault(rule.group(1), PlannedStep(rule.group(1))).jobs.append(job)
        elif job and (found := _FIELD.match(line)):
            _note(job, found.group(1), found.group(2))
    return list(steps.values())
