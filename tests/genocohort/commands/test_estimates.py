"""How long a set of jobs takes when jobs wait for each other and for CPUs."""

import random

import pytest

from genocohort.commands.dry_run import PlannedJob
from genocohort.commands.estimates import Capacity, compute_elapsed, format_seconds

CHAIN = [PlannedJob((), ("a",)), PlannedJob(("a",), ("b",)), PlannedJob(("b",), ("c",))]
APART = [PlannedJob(threads=2), PlannedJob(threads=2), PlannedJob(threads=1)]


def test_a_chain_takes_the_sum_whatever_there_is() -> None:
    for slots in (1, 8):
        assert compute_elapsed(CHAIN, [1, 2, 3], Capacity(slots, by_threads=True)) == 6


def test_jobs_apart_share_the_cpus() -> None:
    seconds = [4.0, 2.0, 3.0]
    assert compute_elapsed(APART, seconds, Capacity(5, by_threads=True)) == 4
    assert compute_elapsed(APART, seconds, Capacity(2, by_threads=True)) == 9
    # A job that asks for more threads than there are gets those there are.
    assert compute_elapsed(APART, seconds, Capacity(1, by_threads=True)) == 9
    assert compute_elapsed(APART, seconds, Capacity(2, by_threads=False)) == 5


def test_no_jobs_take_no_time() -> None:
    assert compute_elapsed([], [], Capacity(1, by_threads=True)) == 0


@pytest.mark.parametrize("seed", range(20))
def test_it_lies_between_what_work_and_what_the_longest_chain_need(seed: int) -> None:
    rng = random.Random(seed)
    jobs, seconds, finish = [], [], list[float]()
    for number in range(40):
        before = rng.sample(range(number), min(number, rng.randrange(3)))
        jobs.append(
            PlannedJob(tuple(f"o{n}" for n in before), (f"o{number}",), threads=rng.randrange(1, 4))
        )
        seconds.append(rng.uniform(0, 10))
        finish.append(seconds[-1] + max((finish[n] for n in before), default=0))
    slots = rng.randrange(3, 9)
    work = sum(s * j.threads for s, j in zip(seconds, jobs, strict=True))
    found = compute_elapsed(jobs, seconds, Capacity(slots, by_threads=True))
    assert max([*finish, work / slots]) <= found + 1e-9
    assert found <= sum(seconds) + 1e-9


def test_thousands_of_jobs_take_no_time_to_plan() -> None:
    jobs = [PlannedJob((), (f"{n}",)) for n in range(20_000)]
    jobs.append(PlannedJob(tuple(map(str, range(20_000))), ("end",)))
    assert compute_elapsed(jobs, [1.0] * len(jobs), Capacity(100, by_threads=True)) == 201


def test_durations_in_words() -> None:
    words = {0: "0 s", 59.4: "59 s", 60: "1 min 0 s", 3661: "1 h 1 min", 90_000: "1 d 1 h"}
    assert {n: format_seconds(n) for n in words} == words
