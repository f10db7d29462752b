"""What a run says of itself while it runs, from Snakemake's words and a clock."""

import io
import sys
from collections.abc import Iterable

import pytest

from genocohort.commands.progress import Progress
from genocohort.commands.snakemake_run import run_snakemake

START = """Job stats:
job            count
-----------  -------
all                1
alignments         2
genotypes          8
total             11

Select jobs to execute...
Execute 2 jobs...
"""


def started(number: int, step: str = "genotypes", name: str = "chr1") -> str:
    """As Snakemake announces a job."""
    return (
        f"\n[Sat Nov 28 15:43:46 2026]\nrule {step}:\n    input: {name}.vcf\n"
        f"    output: results/{name}.pgen\n    jobid: {number}\n    wildcards: sample={name}\n"
    )


def finished(number: int, step: str = "genotypes") -> str:
    return f"Finished jobid: {number} (Rule: {step})\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Run:
    """Progress with a clock that is set by hand."""

    def __init__(
        self, expected: dict[str, float] | None = None, stream: io.StringIO | None = None
    ) -> None:
        self.now = 0.0
        self.stream = stream or io.StringIO()
        self.progress = Progress(expected or {}, self.stream, lambda: self.now)

    def feed(self, *texts: str) -> None:
        for line in (line for text in texts for line in text.splitlines()):
            self.progress.feed(line)

    def at(self, now: float, *texts: str) -> None:
        self.now = now
        self.feed(*texts)

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


def test_a_pipe_gets_a_line_at_each_tenth() -> None:
    run = Run()
    run.feed(START)
    for number in range(10):
        run.at(10.0 * number, started(number))
        run.at(10.0 * number + 9, finished(number))
    assert run.lines()[0] == "10 jobs to run"
    assert run.lines()[1] == "1 of 10 jobs done, 9 s, about 1 min 21 s left"
    assert run.lines()[-1] == "10 of 10 jobs done, 1 min 39 s"
    assert len(run.lines()) == 11


def test_a_pipe_gets_a_line_a_minute_while_nothing_ends() -> None:
    run = Run()
    run.feed(START, started(1), started(2), started(3, "alignments"))
    for second in range(1, 181):
        run.at(float(second))
        run.progress.tick()
    assert run.lines()[1:] == [
        f"0 of 10 jobs done, {n} min 0 s; now genotypes 2, alignments" for n in (1, 2, 3)
    ]


def test_hundreds_of_jobs_give_no_more_lines() -> None:
    run = Run()
    run.feed("Job stats:\njob count\n--- ---\ngenotypes 500\ntotal 500\n\n")
    run.feed(*(text for n in range(500) for text in (started(n), finished(n))))
    assert len(run.lines()) == 11


def test_what_is_left_follows_earlier_runs() -> None:
    """8 jobs of 10 s and 2 of 100 s: after the 8 short ones, most is still to be done."""
    run = Run({"genotypes": 10, "alignments": 100})
    run.feed(START)
    run.at(0, *(started(n) for n in range(8)))
    run.at(80, *(finished(n) for n in range(8)))
    assert run.progress.seconds_left() == pytest.approx(200)
    # Twice as slow as expected: what is left takes twice as long, too.
    run.now = 160
    assert run.progress.seconds_left() == pytest.approx(400)
    # A job that runs counts as far as it should be, and never as done.
    run.now = 80
    run.feed(started(8, "alignments"))
    run.now = 130
    assert run.progress.seconds_left() == pytest.approx((280 - 130) * 130 / 130)
    run.now = 1000
    assert run.progress.seconds_left() == pytest.approx((280 - 80 - 95) * 1000 / (80 + 95))


def test_a_step_that_never_ran_counts_as_the_mean_of_the_others() -> None:
    run = Run({"genotypes": 10})
    run.feed(START, started(1))
    run.at(10, finished(1))
    assert run.progress.seconds_left() == pytest.approx(90)


def test_nothing_is_foretold_before_a_job_has_ended() -> None:
    run = Run({"genotypes": 10})
    run.feed(START, started(1))
    run.now = 60
    run.progress.tick()
    assert "left" not in run.lines()[-1]


def test_a_terminal_gets_one_line_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    run = Run(stream=Terminal())
    run.feed(START, started(1), started(2), started(3, "alignments"))
    run.at(5, finished(1))
    run.progress.close()
    text = run.stream.getvalue()
    assert text.count("\n") == 1
    shown = text.strip().split("\r")[-1].removesuffix("\x1b[K")
    assert shown.startswith("[##..................] 1 of 10 jobs done, 5 s, about 45 s left")
    assert all(len(part.strip().removesuffix("\x1b[K")) < 72 for part in text.split("\r"))


def test_names_of_samples_and_files_stay_out() -> None:
    for stream in (io.StringIO(), Terminal()):
        run = Run(stream=stream)
        run.feed(START, started(1, "alignments", "PATIENT7"))
        run.at(61, started(2, "genotypes", "PATIENT7"), finished(1, "alignments"))
        assert "alignments" in run.stream.getvalue()
        assert "PATIENT7" not in run.stream.getvalue()


def test_failed_jobs_are_counted_and_a_second_attempt_runs_again() -> None:
    run = Run()
    error = "Error in rule genotypes:\n    message: None\n    jobid: 1\n    output: x\n"
    run.feed(START, started(1), error)
    run.at(60, "")
    run.progress.tick()
    assert run.lines()[-1] == "0 of 10 jobs done, 1 min 0 s, 1 failed"
    run.at(61, "Trying to restart job 1.\n", started(1), finished(1))
    assert run.lines()[-1].startswith("1 of 10 jobs done, 1 min 1 s, 1 failed, about")


def test_the_last_gathering_job_is_none() -> None:
    run = Run()
    run.feed("Job stats:\njob count\n--- ---\nall 1\nreport 1\ntotal 2\n\n")
    run.feed(started(1, "report"), finished(1, "report"))
    run.feed("localrule all:\n    input: x\n    jobid: 0\n", "Finished jobid: 0 (Rule: all)\n")
    assert run.lines()[-1] == "1 of 1 jobs done, 0 s"


class Ticks(Progress):
    """Counts the seconds in which nothing was said."""

    def __init__(self) -> None:
        super().__init__({}, io.StringIO())
        self.n_ticks = 0
        self.seen: list[str] = []

    def feed(self, line: str) -> None:
        self.seen.append(line)

    def tick(self) -> None:
        self.n_ticks += 1


def python(lines: Iterable[str]) -> list[str]:
    return [sys.executable, "-c", "\n".join(["import sys, time", *lines])]


def test_lines_come_as_they_are_written_and_silence_is_noticed() -> None:
    progress = Ticks()
    code, lines = run_snakemake(
        python(["print('one', flush=True)", "time.sleep(2.5)", "print('two')", "sys.exit(3)"]),
        progress,
    )
    assert (code, lines) == (3, ["one", "two"])
    assert progress.seen == lines
    assert progress.n_ticks >= 1
