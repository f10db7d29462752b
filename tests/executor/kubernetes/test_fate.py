"""What pods in all their states say about their jobs."""

import json
from typing import Any

import pytest

from snakemake_executor_plugin_steps.kubernetes.fate import Fate, Patience, judge
from snakemake_executor_plugin_steps.submission import Step, Submission

IMAGE = "registry.example/a@sha256:" + "a" * 64
MADE, MADE_SECONDS = "2026-01-02T03:04:05Z", 1767323045.0
STEP = Step("call", IMAGE, "s.sh", "", mem_mb=300, runtime_minutes=5)
ONE = Submission("r-1", (STEP,))
TWO = Submission("r-2", (STEP, STEP))
PATIENCE = Patience(start=300, schedule=1800)
Object = dict[str, Any]


def usage(code: int, oom_kills: int = 0) -> str:
    """What the wrapper leaves."""
    return json.dumps(
        {
            "exit_code": code,
            "started": 1.5,
            "ended": 2.5,
            "cpu_ticks": 7,
            "peak_bytes": 4096,
            "oom_kills": oom_kills,
        }
    )


def container(name: str, **state: Any) -> Object:
    """A container's status."""
    return {"name": name, "imageID": f"docker-pullable://{IMAGE}", "state": state}


def ended(name: str, code: int = 0, message: str = "", reason: str = "Error") -> Object:
    """A container that has ended."""
    terminated = {"exitCode": code, "message": message, "reason": reason}
    return container(name, terminated=terminated)


def waits(name: str, reason: str, message: str = "") -> Object:
    """A container that waits."""
    return container(name, waiting={"reason": reason, "message": message})


def pod(phase: str, *containers: Object, **status: Any) -> Object:
    """A pod."""
    return {
        "metadata": {"name": "steps-r-1", "creationTimestamp": MADE},
        "spec": {"containers": [{"name": c["name"], "image": IMAGE} for c in containers]},
        "status": {"phase": phase, "containerStatuses": list(containers), **status},
    }


def fate(one: Object, job: Submission = ONE, age: float = 10.0, idle: float = 0.0) -> Fate:
    """The fate of a pod."""
    return judge(one, job, PATIENCE, MADE_SECONDS + age, idle)


def reason(one: Object, job: Submission = ONE, age: float = 10.0, idle: float = 0.0) -> str:
    """The reason of a pod that has ended."""
    outcome = fate(one, job, age, idle).outcome
    assert outcome is not None
    return outcome.reason


def test_a_pod_that_ended_well() -> None:
    found = fate(pod("Succeeded", ended("step-0", 0, usage(0), "Completed"))).outcome
    assert found is not None
    assert found.ok
    assert found.images == (f"docker-pullable://{IMAGE}",)
    assert found.usages[0] is not None
    assert found.usages[0].peak_bytes == 4096


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pod("Failed", ended("step-0", 3, usage(3))), "exit code 3"),
        (
            pod("Failed", ended("step-0", 137, "", "OOMKilled")),
            "OOMKilled: it needed more than its mem_mb=300 (exit code 137)",
        ),
        (
            pod("Failed", ended("step-0", 1, usage(1, 1))),
            "OOMKilled: it needed more than its mem_mb=300 (exit code 1)",
        ),
        (pod("Failed", ended("step-0", 137)), "killed by signal 9 (exit code 137)"),
        (
            pod("Failed", reason="Evicted", message="The node was low on resource: memory. "),
            "Evicted: The node was low on resource: memory.",
        ),
        (
            pod("Failed", ended("step-0", 137), reason="DeadlineExceeded", message="Pod was ..."),
            "DeadlineExceeded: it ran longer than its runtime=5 minutes",
        ),
        (
            pod("Failed", reason="NodeShutdown", message="Node is shutting down"),
            "NodeShutdown: Node is shutting down",
        ),
        (pod("Failed"), "the pod has failed, and no container says why"),
    ],
)
def test_reasons_of_failed_pods(one: Object, expected: str) -> None:
    assert reason(one) == expected


def test_the_output_that_explains_it_is_of_the_container_that_failed() -> None:
    one = pod("Failed", ended("step-0", 0, usage(0)), ended("step-1", 5, usage(5)))
    found = fate(one, TWO)
    assert found.container == "step-1"
    assert found.outcome is not None
    assert (found.outcome.step, found.outcome.reason) == (1, "exit code 5")
    assert len(found.outcome.usages) == 2


def test_a_step_that_failed_between_stagers_is_found() -> None:
    one = pod(
        "Succeeded",
        ended("stage-in"),
        ended("step-0", 0, usage(4)),
        ended("step-1", 0),
        ended("stage-out"),
    )
    found = fate(one, TWO)
    assert found.outcome is not None
    assert (found.outcome.step, found.outcome.reason) == (0, "exit code 4")
    assert found.container == "step-0"


@pytest.mark.parametrize(
    ("stager", "expected"),
    [
        (
            ended("stage-out", 64, "out/x.tsv"),
            "it ended well but did not make all its outputs: out/x.tsv",
        ),
        (ended("stage-out", 65, "timed out"), "stage-out could not move files (timed out)"),
        (ended("stage-out", 137, "", "OOMKilled"), "stage-out has run out of memory"),
        (ended("stage-out", 1), "stage-out could not move files (exit code 1)"),
    ],
)
def test_failures_of_stagers(stager: Object, expected: str) -> None:
    one = pod("Failed", ended("stage-in"), ended("step-0", 0, usage(0)), stager)
    assert reason(one) == expected


@pytest.mark.parametrize(
    "image_id",
    [
        "docker-pullable://registry.example/a@sha256:" + "f" * 64,
        "docker://sha256:" + "e" * 64,
        "",
    ],
)
def test_another_image_than_the_rules_is_a_failure(image_id: str) -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)))
    one["status"]["containerStatuses"][0]["imageID"] = image_id
    assert "not in registry.example/a@sha256:aaa" in reason(one)
    trusted = judge(one, ONE, PATIENCE, MADE_SECONDS, 0, trust_node_digest=True).outcome
    assert trusted is not None
    assert trusted.ok


def test_a_changed_pod_is_a_failure_even_if_nodes_are_trusted() -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)))
    one["spec"]["containers"][0]["image"] = "registry.example/evil:1"
    found = judge(one, ONE, PATIENCE, MADE_SECONDS, 0, trust_node_digest=True).outcome
    assert found is not None
    assert "something has changed the pod" in found.reason


def test_the_digest_counts_and_not_the_name_of_a_mirror() -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)))
    one["status"]["containerStatuses"][0]["imageID"] = "mirror.example/x@sha256:" + "a" * 64
    assert reason(one) == ""


@pytest.mark.parametrize("why", ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_what_may_heal_is_given_time(why: str) -> None:
    one = pod("Pending", waits("step-0", why, "manifest unknown"))
    text = f"step-0 cannot start: {why}: manifest unknown"
    assert fate(one) == Fate(note=text)
    assert reason(one, age=301) == text


@pytest.mark.parametrize("why", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_cannot_heal_is_not_given_time(why: str) -> None:
    assert reason(pod("Pending", waits("step-0", why)), age=0).startswith("step-0 cannot start")


UNSCHEDULABLE = {
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient memory.",
        }
    ]
}


def test_a_full_cluster_is_no_error() -> None:
    one = pod("Pending", **UNSCHEDULABLE)
    assert fate(one, age=99_999, idle=10).outcome is None
    assert "Insufficient memory" in fate(one).note


def test_an_idle_cluster_that_takes_nothing_is_one() -> None:
    one = pod("Pending", **UNSCHEDULABLE)
    assert reason(one, age=1801, idle=1801) == (
        "unschedulable: no node has taken the pod: "
        "Unschedulable: 0/3 nodes are available: 3 Insufficient memory."
    )
    assert fate(one, age=10, idle=99_999).outcome is None


def test_a_node_that_does_not_start_a_pod() -> None:
    taken = {"conditions": [{"type": "PodScheduled", "status": "True"}]}
    assert fate(pod("Pending", **taken), age=299) == Fate()
    assert reason(pod("Pending", **taken), age=301) == "its node has not started the pod in time"
    running = pod("Running", container("step-0", running={}), **taken)
    assert fate(running, age=99_999) == Fate()
