"""The allotment: threads, memory and scratch of a job, applied in one place."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genocohort import cli
from genocohort.engine import allotment
from genocohort.engine.allotment import MIB, Allotment, add_allotment_arguments, check_scratch
from genocohort.errors import ConfigError


def parse(*arguments: str) -> Allotment:
    """The allotment of a command line."""
    parser = argparse.ArgumentParser()
    add_allotment_arguments(parser)
    return Allotment.of(parser.parse_args(arguments))


def test_a_rule_gives_threads_and_memory() -> None:
    assert parse("--threads", "3", "--mem-mb", "700") == Allotment(3, 700)


@pytest.mark.parametrize("option", ["--threads", "--mem-mb"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_below_one_is_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(option, value)
    assert caught.value.code == 2
    assert f"argument {option}: must be at least 1, got {value}" in capsys.readouterr().err


@pytest.mark.parametrize(("threads", "mem_mb"), [(0, 1), (1, 0)])
def test_an_empty_allotment_is_a_mistake(threads: int, mem_mb: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Allotment(threads, mem_mb)


@pytest.mark.parametrize(
    ("task_mb", "workers"), [(0, 4), (1, 4), (200, 4), (201, 3), (400, 2), (401, 1), (9000, 1)]
)
def test_tasks_at_once_fit_in_the_memory(
    task_mb: int,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(allotment, "resident_bytes", lambda: 200 * MIB)
    assert Allotment(4, 1000).workers(task_mb * MIB) == workers
    notice = capsys.readouterr().err
    assert notice.startswith(f"notice: {workers} of 4 threads") == (workers < 4)


def test_a_full_memory_still_leaves_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allotment, "resident_bytes", lambda: 2000 * MIB)
    assert Allotment(4, 1000).workers(MIB) == 1


def test_the_memory_held_is_that_of_this_process() -> None:
    before = allotment.resident_bytes()
    held = bytearray(os.urandom(MIB)) * 64
    assert allotment.resident_bytes() - before > 60 * MIB
    assert len(held) == 64 * MIB


def test_the_scratch_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    check_scratch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match="cannot be written"):
        check_scratch()
    monkeypatch.delenv("TMPDIR")
    check_scratch()


def test_a_step_without_its_scratch_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    table = str(tmp_path / "table")
    folder = ["--folder", str(tmp_path), "--ledger", table, "--settings", "{}"]
    command = ["outcomes", *folder]
    for name in ("table1", "curves", "tests", "hazards", "scores"):
        command += [f"--{name}", table]
    assert cli.main(command) == 2
    assert "TMPDIR=" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="threads are listed in /proc")
def test_libraries_have_one_thread_whatever_the_job_has() -> None:
    """Asked of the libraries themselves, in a process whose environment says otherwise."""
    code = (
        "import contextlib, io\n"
        "from genocohort import cli\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli.main(['report', '--help'])\n"
        "import os, numpy, pyarrow\n"
        "numpy.ones((600, 600)) @ numpy.ones((600, 600))\n"
        "print(pyarrow.cpu_count(), pyarrow.io_thread_count())\n"
        "for task in os.listdir('/proc/self/task'):\n"
        "    print(open(f'/proc/self/task/{task}/comm').read().strip())"
    )
    names = {name: "4" for name in allotment.POOLS}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **names}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    pools, *threads = done.stdout.splitlines()
    assert pools == "1 1"
    # jemalloc's, which Arrow brings, sleeps until memory is given back.
    assert len([name for name in threads if name != "jemalloc_bg_thd"]) == 1
