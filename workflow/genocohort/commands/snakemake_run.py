"""Start Snakemake on a study, show its progress, and find out why it failed."""

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from genocohort.commands.backends import Profile
from genocohort.commands.progress import Progress
from genocohort.commands.studies import WORKFLOW

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


def run_snakemake(
    command: Sequence[str], progress: Progress | None = None
) -> tuple[int, list[str]]:
    """Run Snakemake; its exit code and its output's lines. Ctrl-C is passed on and waited for."""
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
            for line in _timed_lines(process.stdout):
                if line is not None:
                    lines.append(line.rstrip("\n"))
                if progress:
                    progress.tick() if line is None else progress.feed(lines[-1])
        except KeyboardInterrupt:
            process.wait()
            raise
        finally:
            if progress:
                progress.close()
        return process.wait(), lines


def _timed_lines(stream: IO[str]) -> Iterator[str | None]:
    """Lines as they come, and None for every second without one."""
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            waiting.put(line)
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = waiting.get(timeout=1)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        yield line


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
