"""The process around a step, run by this machine's bash, and what is read from it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from snakemake_executor_plugin_steps.benchmark import COLUMNS, benchmark_text
from snakemake_executor_plugin_steps.submission import Step, Usage
from snakemake_executor_plugin_steps.wrapper import failure, parse_usage, step_command, wrapped

STEP = Step("call", "image", "s.sh", "", mem_mb=300)


def run(tmp_path: Path, text: str, **env: str) -> tuple[int, Usage | None]:
    """Exit code and report of a script under the wrapper."""
    script, report = tmp_path / "script.sh", tmp_path / "report.json"
    script.write_text(text)
    done = subprocess.run(
        wrapped(step_command(str(script))),
        env={"PATH": os.environ["PATH"], "STEP_REPORT": str(report), **env},
        capture_output=True,
    )
    return done.returncode, parse_usage(report.read_text() if report.exists() else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("false; true", 1),
        ("false | cat", 1),
        ("echo $NO_SUCH", 1),
        ("kill -KILL $$", 137),
    ],
)
def test_exit_codes_pass_through(tmp_path: Path, text: str, code: int) -> None:
    exit_code, usage = run(tmp_path, text)
    assert exit_code == code
    assert usage is not None
    assert usage.exit_code == code
    assert usage.ended >= usage.started > 1e9


def test_times_are_measured(tmp_path: Path) -> None:
    _, usage = run(tmp_path, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 0.2")
    assert usage is not None
    assert 0.2 <= usage.ended - usage.started < 60
    assert usage.cpu_seconds is not None
    assert usage.cpu_seconds > 0.05


def test_its_own_variables_do_not_reach_the_script(tmp_path: Path) -> None:
    code, _ = run(tmp_path, '[ -z "${STEP_REPORT:-}${STEP_LATER:-}" ]')
    assert code == 0


def test_a_polite_end_reaches_the_script(tmp_path: Path) -> None:
    script, ready = tmp_path / "script.sh", tmp_path / "ready"
    script.write_text(f"touch {ready}; exec sleep 60")
    report = tmp_path / "report.json"
    process = subprocess.Popen(
        wrapped(step_command(str(script))),
        env={"PATH": os.environ["PATH"], "STEP_REPORT": str(report)},
    )
    while not ready.exists():
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 128 + signal.SIGTERM
    assert json.loads(report.read_text())["exit_code"] == 143


def test_later_reports_hide_the_failure_and_skip_the_next(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    first, second = str(tmp_path / "steps/0.json"), str(tmp_path / "steps/1.json")
    assert run(tmp_path, "exit 4", STEP_LATER=first)[0] == 0
    assert json.loads(Path(first).read_text())["exit_code"] == 4
    assert run(tmp_path, f"touch {tmp_path}/ran", STEP_LATER=second)[0] == 0
    assert not (tmp_path / "ran").exists()
    assert not Path(second).exists()


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"exit_code": 1}', "panic: no space"])
def test_a_broken_report_is_no_report(text: str | None) -> None:
    assert parse_usage(text) is None


def usage_of(code: int, oom_kills: int = 0) -> Usage:
    """A report."""
    return Usage(code, 0.0, 1.0, oom_kills=oom_kills)


@pytest.mark.parametrize(
    ("code", "usage", "killed", "expected"),
    [
        (0, usage_of(0), False, ""),
        (0, None, False, ""),
        (3, usage_of(3), False, "exit code 3"),
        (0, usage_of(4), False, "exit code 4"),
        (None, usage_of(0), False, ""),
        (None, None, False, "it ended without an exit code"),
        (143, None, False, "killed by signal 15 (exit code 143)"),
        (137, None, True, "OOMKilled: it needed more than its mem_mb=300 (exit code 137)"),
        (1, usage_of(1, 2), False, "OOMKilled: it needed more than its mem_mb=300 (exit code 1)"),
        (
            0,
            usage_of(0, 1),
            False,
            "OOMKilled: it needed more than its mem_mb=300 (although its script ended well)",
        ),
    ],
)
def test_reasons(code: int | None, usage: Usage | None, killed: bool, expected: str) -> None:
    assert failure(STEP, code, usage, killed) == expected


def test_a_benchmark_has_snakemakes_columns() -> None:
    snakemake = pytest.importorskip("snakemake.benchmark")
    assert list(COLUMNS) == snakemake.BenchmarkRecord.get_header()
    usage = Usage(0, 100.0, 3825.5, cpu_seconds=1862.75, peak_bytes=3 * 1024 * 1024)
    names, row = (line.split("\t") for line in benchmark_text(usage).splitlines())
    values = dict(zip(names, row, strict=True))
    assert values["s"] == "3725.5000"
    assert values["h:m:s"] == "1:02:05"
    assert values["max_rss"] == "3.00"
    assert values["cpu_time"] == "1862.75"
    assert values["mean_load"] == "50.00"
    assert values["io_in"] == "NA"


def test_what_is_unknown_is_na() -> None:
    assert set(benchmark_text(None).splitlines()[1].split("\t")) == {"NA"}
