"""Submissions in threads of their own."""

import threading
import time

import pytest

from snakemake_executor_plugin_steps.submission import Step, StepsError, Submission
from snakemake_executor_plugin_steps.submitter import THREADS, Submitter

JOBS = [Submission(f"r-{i}", (Step("r", "i", "s", ""),)) for i in range(20)]


def test_few_at_a_time_and_not_too_fast() -> None:
    lock, together, most, times = threading.Lock(), 0, 0, []

    def submit(_: Submission) -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
            times.append(time.monotonic())
        time.sleep(0.03)
        with lock:
            together -= 1

    submitter = Submitter(submit, per_second=100)
    for future in [submitter.add(job) for job in JOBS]:
        future.result(timeout=10)
    assert most <= THREADS
    assert max(times) - min(times) >= 0.9 * 19 / 100
    submitter.close()


def test_a_refusal_is_handed_on() -> None:
    def submit(_: Submission) -> None:
        raise StepsError("no room")

    submitter = Submitter(submit, per_second=100)
    with pytest.raises(StepsError, match="no room"):
        submitter.add(JOBS[0]).result(timeout=10)
    submitter.close()


def test_closing_waits_for_what_is_under_way_and_begins_nothing() -> None:
    done: list[str] = []

    def submit(job: Submission) -> None:
        time.sleep(0.1)
        done.append(job.name)

    submitter = Submitter(submit, per_second=1000)
    for job in JOBS:
        submitter.add(job)
    time.sleep(0.05)
    submitter.close()
    assert 0 < len(done) <= THREADS
    assert all(job.name in done for job in JOBS[: len(done)])
