"""Start Snakemake on a study, show its progress, and find out why it failed."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from genocohort.commands.backends import Profile
from genocohort.commands.studies import WORKFLOW

_STEPS_DONE = re.compile(r"^(\d+) of (\d+) steps \((\d+)%\) done")
_JOB = re.compile(r"^(?:local)?rule (\w+):")
_ERROR = re.compile(r"^genocohort \w+: error \[(\d)\]: ")


def snakemake_command(
    config: Path, profile: Profile, cores: int | None, extra: Sequence[str] = ()
) -> list[str]:
    """The command that runs the workflow in the working directory.

    Parameters
    ----------
    config
        The study's configuration, relative to the working directory.
    profile
        The backend.
    cores
        CPUs of this machine; None for all.
    extra
        More arguments.
    """
    option: list[str] = []
    if not profile.in_containers:
        option = ["--cores", str(cores or os.cpu_count() or 1)]
    elif profile.on_this_machine and cores:
        option = ["--steps-cpus", str(cores)]
    return [
        sys.executable, "-m", "snakemake",
        "--snakefile", str(WORKFLOW / "Snakefile"),
        "--workflow-profile", str(profile.folder),
        *option,
        "--config", f"study_config={config}",
        *extra,
    ]  # fmt: skip


class Progress:
    """One line that moves on a terminal; one line per tenth of the work elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._start = time.monotonic()
        self._last_tenth = -1
        self._rule = ""

    def feed(self, line: str) -> None:
        """Take one line of Snakemake's output."""
        if job := _JOB.match(line):
            self._rule = job.group(1)
            return
        if done := _STEPS_DONE.match(line):
            self._show(int(done.group(1)), int(done.group(2)))

    def _show(self, done: int, total: int) -> None:
        elapsed = time.monotonic() - self._start
        left = elapsed / done * (total - done) if done else 0.0
        if self._terminal:
            filled = round(24 * done / total)
            bar = "#" * filled + "." * (24 - filled)
            text = f"[{bar}] {done}/{total} jobs, {elapsed:.0f} s, about {left:.0f} s left"
            print(f"\r{text:<70} {self._rule:<20}", end="", file=sys.stderr, flush=True)
            if done == total:
                print(file=sys.stderr)
        elif done * 10 // total > self._last_tenth:
            self._last_tenth = done * 10 // total
            print(f"{done} of {total} jobs done ({elapsed:.0f} s)", file=sys.stderr, flush=True)


def run_snakemake(command: Sequence[str]) -> tuple[int, list[str]]:
    """Run Snakemake; its exit code and its output's lines. Ctrl-C is passed on and waited for."""
    progress = Progress()
    lines: list[str] = []
    # Rules call `genocohort`: it must be this one, whether or not its environment is active.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # Snakemake asks for the user's name, which a uid without an account does not have.
        env={"USER": "genocohort", **os.environ, "PATH": path},
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                progress.feed(lines[-1])
        except KeyboardInterrupt:
            process.wait()
            raise
        return process.wait(), lines


def crashed_steps(logs: Path, since: float, n_lines: int = 20) -> list[str]:
    """The ends of the logs of steps that ended in a traceback since a time: these are defects."""
    texts = []
    for path in sorted(logs.rglob("*.log")) if logs.is_dir() else []:
        if path.stat().st_mtime >= since:
            text = path.read_text(encoding="utf-8", errors="replace")
            if "Traceback (most recent call last)" in text:
                texts.append("\n".join([f"{path}:", *text.splitlines()[-n_lines:]]))
    return texts


def step_errors(logs: Path, since: float) -> tuple[int, list[str]]:
    """Errors that steps wrote to their logs since a time: the smallest exit code, and the texts."""
    code, texts = 0, []
    for path in sorted(logs.rglob("*.log")) if logs.is_dir() else []:
        if path.stat().st_mtime < since:
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines):
            if found := _ERROR.match(line):
                code = min(code or 9, int(found.group(1)))
                texts.append("\n".join(lines[number:]))
                break
    return code, texts
