"""What Docker and Podman say, read."""

import json
import threading

import pytest

from snakemake_executor_plugin_steps.engine.capacity import Capacity
from snakemake_executor_plugin_steps.engine.facts import Facts, container_user, parse_facts
from snakemake_executor_plugin_steps.engine.state import ENDED, parse_inspect, parse_list
from snakemake_executor_plugin_steps.submission import Closing, StepsError

MB = 1024 * 1024


def test_states_of_both_engines() -> None:
    text = "steps-r-1-0 exited\nsteps-r-2-0 running\nsteps-r-3-0 Exited (1) 10 minutes ago\n"
    states = parse_list(text + "steps-r-4-0 Up 2 seconds\n")
    assert {name for name, state in states.items() if state in ENDED} == {
        "steps-r-1-0",
        "steps-r-3-0",
    }
    assert parse_list("") == {}


def test_fates_of_ended_containers() -> None:
    state = {"ExitCode": 137, "OOMKilled": True, "Error": ""}
    docker = {"Name": "/steps-r-1-0", "Image": "sha256:" + "a" * 64, "State": state}
    podman = {"Name": "steps-r-2-0", "Image": "b" * 64, "State": {"ExitCode": 0}}
    fates = parse_inspect(json.dumps([docker, podman]))
    assert fates["steps-r-1-0"].oom_killed
    assert fates["steps-r-1-0"].exit_code == 137
    assert fates["steps-r-2-0"].image_id == "sha256:" + "b" * 64
    assert not fates["steps-r-2-0"].oom_killed


def test_facts_of_docker() -> None:
    info = {"NCPU": 8, "MemTotal": 16_000 * MB, "SecurityOptions": ["name=seccomp"]}
    assert parse_facts("docker", json.dumps(info)) == Facts("docker", 8, 16_000)
    info |= {"SecurityOptions": ["name=rootless", "name=selinux"], "CgroupVersion": "1"}
    facts = parse_facts("docker", json.dumps(info))
    assert (facts.rootless, facts.selinux, facts.limits) == (True, True, False)


def test_facts_of_podman() -> None:
    host = {"cpus": 2, "memTotal": 4000 * MB, "cgroupVersion": "v1", "security": {"rootless": True}}
    facts = parse_facts("podman", json.dumps({"host": host}))
    assert facts == Facts("podman", 2, 4000, rootless=True, limits=False)
    host["cgroupVersion"] = "v2"
    assert parse_facts("podman", json.dumps({"host": host})).limits


@pytest.mark.parametrize(
    ("facts", "run_as", "uid", "expected"),
    [
        (Facts("docker", 1, 1), None, 1000, "1000:100"),
        (Facts("docker", 1, 1), None, 0, None),
        (Facts("docker", 1, 1), "0:0", 1000, None),
        (Facts("docker", 1, 1), "10001", 0, "10001:10001"),
        (Facts("docker", 1, 1), "10001:0", 0, "10001:0"),
        (Facts("docker", 1, 1, rootless=True), None, 1000, "0:0"),
        (Facts("podman", 1, 1, rootless=True), None, 1000, "1000:100"),
    ],
)
def test_steps_are_whoever_runs_them_and_never_root(
    facts: Facts, run_as: str | None, uid: int, expected: str | None
) -> None:
    assert container_user(facts, run_as, uid, 100) == expected


def test_a_user_by_name_is_refused() -> None:
    with pytest.raises(StepsError, match="numbers"):
        container_user(Facts("docker", 1, 1), "root", 0, 0)


def test_jobs_wait_for_room() -> None:
    capacity = Capacity(cpus=2, mem_mb=1000)
    capacity.take("a", 1, 600)
    waiting = threading.Thread(target=capacity.take, args=("b", 1, 600))
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    capacity.give_back("a")
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_job_that_never_fits_is_refused_at_once() -> None:
    with pytest.raises(StepsError, match="mem_mb=2000, but jobs have 1000 MB"):
        Capacity(cpus=2, mem_mb=1000).take("a", 1, 2000)


def test_more_threads_than_cpus_take_all_cpus() -> None:
    capacity = Capacity(cpus=2, mem_mb=1000)
    capacity.take("a", 64, 10)
    waiting = threading.Thread(target=capacity.take, args=("b", 1, 10), daemon=True)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    capacity.give_back("a")
    waiting.join(5)


def test_closing_wakes_who_waits() -> None:
    capacity = Capacity(cpus=1, mem_mb=100)
    capacity.take("a", 1, 10)
    threading.Timer(0.05, capacity.close).start()
    with pytest.raises(Closing):
        capacity.take("b", 1, 10)
