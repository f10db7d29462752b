"""Slurm with accounting: jobs that squeue has forgotten, and machines that are lost.

STEPS_TEST_SLURM_ACCOUNTING names the slurm.conf of a cluster of the tests' own, with accounting
and a MinJobAge of a few seconds; the tests set its node down.
"""

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from executor.lab import LABS, PATIENCE, Study, output_of, require, wait_until

CONF = os.environ.get("STEPS_TEST_SLURM_ACCOUNTING", "")
pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("slurm")]


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    """A study whose jobs go to that cluster; its node is up again at the end."""
    if not CONF:
        pytest.skip("Slurm with accounting (STEPS_TEST_SLURM_ACCOUNTING) is not available")
    monkeypatch.setenv("SLURM_CONF", CONF)
    require("Slurm with accounting", "sacct", "--noheader")
    LABS["slurm"].require()
    found = LABS["slurm"].study("failures.smk")
    found.environment["SLURM_CONF"] = CONF
    yield found
    LABS["slurm"].clear()
    set_node("resume")


def set_node(state: str) -> None:
    """Set this machine's node up or down, if it is not."""
    node = socket.gethostname()
    if state == "resume" and output_of("sinfo", "-h", "-o", "%t").strip() not in ("down", "down*"):
        return
    output_of("scontrol", "update", f"nodename={node}", f"state={state}", "reason=test")


def running() -> list[str]:
    """Numbers of the jobs that run."""
    return output_of("squeue", "--noheader", "--states=RUNNING", "--format=%i").split()


def listed() -> list[str]:
    """Numbers of all jobs that squeue still knows."""
    return output_of("squeue", "--noheader", "--states=all", "--format=%i").split()


def test_what_squeue_has_forgotten_is_known_from_accounting(study: Study) -> None:
    process = study.start("slow/1.txt", "--config", "seconds=300")
    study.wait_for("slow/1.txt.started")
    (job,) = running()
    os.killpg(process.pid, signal.SIGSTOP)
    output_of("scancel", job)
    wait_until(lambda: job not in listed())
    os.killpg(process.pid, signal.SIGCONT)
    text, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "CANCELLED: someone has cancelled it" in text


def test_a_job_whose_node_fails_runs_again_and_each_run_is_accounted_for(study: Study) -> None:
    process = study.start("slow/1.txt", "--config", "seconds=20")
    study.wait_for("slow/1.txt.started")
    set_node("down")
    wait_until(lambda: list((study.folder / ".snakemake/steps/logs").glob("*.log")))
    set_node("resume")
    text, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, text
    assert "runs again as" in text
    assert [(r["attempt"], r["reason"]) for r in study.records()] == [
        (1, "NODE_FAIL: its node has failed"),
        (1, ""),
    ]
    assert len({r["job"] for r in study.records()}) == 2
    assert (study.folder / "slow/1.txt").read_text() == "1\n"


def test_a_job_whose_machines_keep_failing_fails(study: Study) -> None:
    process = study.start("slow/1.txt", "--config", "seconds=300", "--steps-restarts", "0")
    study.wait_for("slow/1.txt.started")
    set_node("down")
    text, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "NODE_FAIL: its node has failed" in text
    assert "runs again" not in text
