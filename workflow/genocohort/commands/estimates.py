"""How long jobs take and how much memory: from earlier runs, else from what they ask for."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from genocohort.commands.dry_run import PlannedJob, PlannedStep

BENCHMARKS = Path("benchmarks")
# Where a figure comes from.
OWN = "the job's own earlier run"
STEP = "the mean of the step's other jobs"
LIMIT = "the time limit it asks for"
ASKED = "what the job asks for"
UNKNOWN = "not known"


@dataclass(frozen=True)
class Measured:
    """What a job took: wall and CPU seconds, and its peak of memory; None where not measured."""

    seconds: float
    cpu_seconds: float | None
    max_rss_mb: float | None


@dataclass(frozen=True)
class Estimate:
    """What a job will take, and where that comes from; None where it is not known."""

    seconds: float | None
    seconds_from: str
    mem_mb: float | None
    mem_from: str


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:  # Snakemake writes NA for what it could not measure.
        return None


def read_benchmark(path: Path) -> Measured | None:
    """The last run in a benchmark file of Snakemake; None where there is none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if len(lines) < 2:
        return None
    row = dict(zip(lines[0].split("\t"), lines[-1].split("\t"), strict=False))
    seconds = _number(row.get("s"))
    if seconds is None:
        return None
    return Measured(seconds, _number(row.get("cpu_time")), _number(row.get("max_rss")))


def read_step(step: str, folder: Path) -> list[Measured]:
    """What all earlier jobs of a step took."""
    paths = [folder / f"{step}.tsv", *sorted((folder / step).glob("*.tsv"))]
    return [found for path in paths if (found := read_benchmark(path))]


def expected_seconds(folder: Path) -> dict[str, float]:
    """Mean seconds of a job of each step that has run before."""
    if not folder.is_dir():
        return {}
    steps = {path.name.removesuffix(".tsv") for path in folder.iterdir()}
    found = {step: read_step(step, folder) for step in sorted(steps)}
    return {
        step: fmean(m.seconds for m in measured) for step, measured in found.items() if measured
    }


def estimate_job(job: PlannedJob, others: Sequence[Measured], folder: Path) -> Estimate:
    """What a job will take.

    Parameters
    ----------
    job
        The job.
    others
        Earlier jobs of its step.
    folder
        The benchmark files of earlier runs.
    """
    name = job.benchmark.rpartition(f"{BENCHMARKS}/")[2]
    own = read_benchmark(folder / name) if name else None
    known = [own] if own else list(others)
    source = OWN if own else STEP
    seconds = fmean(m.seconds for m in known) if known else None
    if seconds is None:
        source = UNKNOWN if job.limit_minutes is None else LIMIT
        seconds = None if job.limit_minutes is None else 60.0 * job.limit_minutes
    if job.mem_mb is not None:
        return Estimate(seconds, source, job.mem_mb, ASKED)
    peaks = [m.max_rss_mb for m in known if m.max_rss_mb is not None]
    if not peaks:
        return Estimate(seconds, source, None, UNKNOWN)
    return Estimate(seconds, source, max(peaks), OWN if own else STEP)


def estimate_steps(steps: Sequence[PlannedStep], folder: Path) -> list[list[Estimate]]:
    """What each job of each step will take."""
    found = []
    for step in steps:
        others = read_step(step.name, folder)
        found.append([estimate_job(job, others, folder) for job in step.jobs])
    return found


def count_sources(estimates: Sequence[Sequence[Estimate]]) -> Counter[str]:
    """How many jobs' times come from where."""
    return Counter(one.seconds_from for of_step in estimates for one in of_step)


@dataclass(frozen=True)
class Capacity:
    """What runs side by side: threads of this machine, or jobs of a cluster."""

    slots: int
    by_threads: bool

    def takes(self, job: PlannedJob) -> int:
        """Slots that a job takes."""
        return min(job.threads, self.slots) if self.by_threads else 1


def compute_elapsed(
    jobs: Sequence[PlannedJob], seconds: Sequence[float], capacity: Capacity
) -> float:
    """Seconds from the first start to the last end, each job starting as soon as it can.

    Parameters
    ----------
    jobs
        In the order in which they would start; a job waits for those whose outputs it reads.
    seconds
        What each takes.
    capacity
        What can run side by side.
    """
    maker = {name: number for number, job in enumerate(jobs) for name in job.outputs}
    waits = [{maker[n] for n in job.inputs if n in maker} for job in jobs]
    followers = defaultdict[int, list[int]](list)
    for number, before in enumerate(waits):
        for other in before:
            followers[other].append(number)
    ready = [number for number, before in enumerate(waits) if not before]
    running = list[tuple[float, int]]()
    now, free = 0.0, capacity.slots
    while ready or running:
        while ready and capacity.takes(jobs[ready[0]]) <= free:
            number = heapq.heappop(ready)
            free -= capacity.takes(jobs[number])
            heapq.heappush(running, (now + seconds[number], number))
        now, number = heapq.heappop(running)
        free += capacity.takes(jobs[number])
        for other in followers[number]:
            waits[other].remove(number)
            if not waits[other]:
                heapq.heappush(ready, other)
    return now


def format_seconds(seconds: float) -> str:
    """A duration in its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for size, unit, part, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {small}"
    return f"{whole // 60} min {whole % 60} s"
