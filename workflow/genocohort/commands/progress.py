"""How far a run is: jobs done, what runs, and about how long the rest takes."""

import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import TextIO

from genocohort.commands.estimates import format_seconds

_COUNT = re.compile(r"^(\w+) +(\d+)$")
_JOB = re.compile(r"^(?:local)?rule (\w+):$")
_JOBID = re.compile(r"^    jobid: (\d+)$")
_FINISHED = re.compile(r"^Finished jobid: (\d+) ")
_FAILED = re.compile(r"^Error in (?:local)?(?:rule|group) (\w+)")
# Snakemake's own last job, which only gathers the others.
_TARGET = "all"
MINUTE = 60.0
# A job that runs longer than expected counts as nearly done, never as done.
_NEARLY = 0.95
_SHOWN_STEPS = 3


class Progress:
    """One line that moves on a terminal; elsewhere one at each tenth, at least one a minute.

    Steps and numbers of jobs are all that is shown: no name of a sample, file or chromosome.

    Parameters
    ----------
    expected
        Seconds that a job of each step takes, by earlier runs; steps without one count as the mean
        of those with one.
    stream
        Where to write.
    clock
        Gives seconds.
    """

    def __init__(
        self,
        expected: Mapping[str, float],
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected = expected
        self._stream = stream or sys.stderr
        self._clock = clock
        self._terminal = self._stream.isatty()
        self._start = self._written_at = clock()
        self._counts: dict[str, int] = {}
        self._in_counts = False
        self._block = ""
        self._running: dict[str, tuple[str, float]] = {}
        self._done: Counter[str] = Counter()
        self._n_failed = 0
        self._tenth = 0
        self._open_line = False

    @property
    def n_done(self) -> int:
        """Jobs that have ended well."""
        return self._done.total()

    def feed(self, line: str) -> None:
        """Take one line of Snakemake's output."""
        if self._in_counts or line == "Job stats:":
            self._take_count(line)
        elif job := _JOB.match(line):
            self._block = job.group(1)
        elif failed := _FAILED.match(line):
            self._block = f"!{failed.group(1)}"
        elif (number := _JOBID.match(line)) and self._block:
            self._take_job(number.group(1))
        elif finished := _FINISHED.match(line):
            step, _ = self._running.pop(finished.group(1), ("", 0.0))
            if step:
                self._done[step] += 1
                self.tick()

    def _take_count(self, line: str) -> None:
        found = _COUNT.match(line)
        if found and found.group(1) not in ("total", _TARGET):
            self._counts[found.group(1)] = int(found.group(2))
        elif self._counts and not line.strip():
            self._in_counts = False
            self._write(f"{sum(self._counts.values())} jobs to run", always=True)
            return
        self._in_counts = True

    def _take_job(self, number: str) -> None:
        if self._block.startswith("!"):
            self._n_failed += self._running.pop(number, None) is not None
        elif self._block != _TARGET:
            self._running[number] = (self._block, self._clock())
        self._block = ""
        self.tick()

    def tick(self) -> None:
        """Show where the run is, if that is due."""
        total = sum(self._counts.values())
        if not total:
            return
        tenth = 10 * self.n_done // total
        due = tenth > self._tenth or self._clock() - self._written_at >= MINUTE
        if self._terminal or due:
            self._tenth = tenth
            self._write(self._text(total))

    def close(self) -> None:
        """End the line."""
        if self._open_line:
            print(file=self._stream, flush=True)
            self._open_line = False

    def seconds_left(self) -> float | None:
        """Seconds that the rest takes, by what the jobs so far took against what was expected."""
        if not self.n_done:
            return None
        known = [self._expected[step] for step in self._counts if step in self._expected]
        usual = fmean(known) if known else 1.0
        weights = {step: self._expected.get(step, usual) for step in self._counts}
        total = sum(n * weights[step] for step, n in self._counts.items())
        done = sum(n * weights.get(step, usual) for step, n in self._done.items())
        now = self._clock()
        if known:
            for step, since in self._running.values():
                weight = weights.get(step, usual)
                done += min(now - since, _NEARLY * weight)
        if not done:
            return None
        return max(total - done, 0.0) * (now - self._start) / done

    def _text(self, total: int) -> str:
        text = f"{self.n_done} of {total} jobs done, {format_seconds(self._clock() - self._start)}"
        if self._n_failed:
            text += f", {self._n_failed} failed"
        left = self.seconds_left()
        if left is not None and self.n_done < total:
            text += f", about {format_seconds(left)} left"
        steps = Counter(step for step, _ in self._running.values()).most_common()
        shown = [f"{step} {n}" if n > 1 else step for step, n in steps[:_SHOWN_STEPS]]
        if len(steps) > _SHOWN_STEPS:
            shown.append("...")
        return f"{text}; now {', '.join(shown)}" if shown else text

    def _write(self, text: str, always: bool = False) -> None:
        self._written_at = self._clock()
        if not self._terminal:
            print(text, file=self._stream, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1
        total = sum(self._counts.values()) or 1
        if not always and width >= 70:
            filled = round(20 * self.n_done / total)
            text = f"[{'#' * filled}{'.' * (20 - filled)}] {text}"
        # Return to the start of the line, and clear what was longer there.
        print(f"\r{text[:width]}\x1b[K", end="", file=self._stream, flush=True)
        self._open_line = True
