"""What pods in all their states say about their jobs."""

import json
from typing import Any

import pytest

from snakemake_executor_plugin_steps.kubernetes.fate import (
    Fate,
    Patience,
    hold_of,
    is_quiet,
    judge_ended,
    judge_waiting,
)
from snakemake_executor_plugin_steps.submission import Step, Submission

IMAGE = "registry.example/a@sha256:" + "a" * 64
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
        "metadata": {"name": "steps-r-1"},
        "spec": {"containers": [{"name": c["name"], "image": IMAGE} for c in containers]},
        "status": {"phase": phase, "containerStatuses": list(containers), **status},
    }


def reason(one: Object, job: Submission = ONE, stager_image: str = "") -> str:
    """The reason of a pod that has ended."""
    outcome = judge_ended(one, job, stager_image).outcome
    assert outcome is not None
    return outcome.reason


def waiting(one: Object, held: float = 10.0, idle: float = 0.0) -> Fate:
    """The fate of a pod that has not ended."""
    return judge_waiting(hold_of(one), PATIENCE, held, idle)


def note(one: Object) -> str:
    """Why a pod waits."""
    hold = hold_of(one)
    assert hold is not None
    return hold.text


def test_a_pod_that_ended_well() -> None:
    found = judge_ended(pod("Succeeded", ended("step-0", 0, usage(0), "Completed")), ONE).outcome
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
    found = judge_ended(one, TWO)
    assert found.container == "step-1"
    assert found.outcome is not None
    assert (found.outcome.step, found.outcome.reason) == (1, "exit code 5")
    assert len(found.outcome.usages) == 2


def test_a_step_that_failed_between_stagers_is_found() -> None:
    one = pod(
        "Failed",
        ended("stage-in"),
        ended("step-0", 0, usage(4)),
        ended("step-1", 0),
        ended("stage-out", 66, "step-0: exit code 4"),
    )
    found = judge_ended(one, TWO, IMAGE)
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
    assert reason(one, ONE, IMAGE) == expected


def test_a_step_whose_report_was_cut_is_told_by_the_stager() -> None:
    one = pod(
        "Failed",
        ended("stage-in"),
        ended("step-0", 0, '{"exit_code": 7, "sta'),
        ended("step-1", 0),
        ended("stage-out", 66, "step-0: exit code 7"),
    )
    found = judge_ended(one, TWO, IMAGE)
    assert found.outcome is not None
    assert (found.outcome.step, found.outcome.reason) == (0, "step-0: exit code 7")
    assert found.container == "step-0"


def test_the_images_of_stagers_are_compared_and_kept() -> None:
    containers = [ended("stage-in"), ended("step-0", 0, usage(0)), ended("stage-out")]
    one = pod("Succeeded", *containers)
    found = judge_ended(one, ONE, IMAGE).outcome
    assert found is not None
    assert found.ok
    assert set(found.stagers) == {"stage-in", "stage-out"}
    assert len(found.images) == 1
    containers[2]["imageID"] = "docker-pullable://x@sha256:" + "b" * 64
    assert reason(one, ONE, IMAGE).startswith("stage-out: it ran in docker-pullable://x@sha256:bb")


def test_a_container_that_someone_has_added_is_a_failure() -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)), ended("sidecar"))
    assert "something has changed the pod" in reason(one)


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
    trusted = judge_ended(one, ONE, trust_node_digest=True).outcome
    assert trusted is not None
    assert trusted.ok


def test_a_changed_pod_is_a_failure_even_if_nodes_are_trusted() -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)))
    one["spec"]["containers"][0]["image"] = "registry.example/evil:1"
    found = judge_ended(one, ONE, trust_node_digest=True).outcome
    assert found is not None
    assert "something has changed the pod" in found.reason


def test_the_digest_counts_and_not_the_name_of_a_mirror() -> None:
    one = pod("Succeeded", ended("step-0", 0, usage(0)))
    one["status"]["containerStatuses"][0]["imageID"] = "mirror.example/x@sha256:" + "a" * 64
    assert reason(one) == ""


PREEMPTED = {
    "conditions": [
        {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": "preempting to accommodate a higher priority pod",
        }
    ]
}


@pytest.mark.parametrize(
    ("one", "lost"),
    [
        (pod("Failed", ended("step-0", 143), **PREEMPTED), True),
        (pod("Failed", reason="NodeShutdown", message="Node is shutting down"), True),
        (pod("Failed", reason="Evicted", message="ephemeral storage exceeds"), False),
        (pod("Failed", ended("step-0", 3, usage(3))), False),
    ],
)
def test_only_a_lost_node_is_not_the_jobs_own_fault(one: Object, lost: bool) -> None:
    found = judge_ended(one, ONE).outcome
    assert found is not None
    assert found.lost is lost


def test_a_pod_that_gave_way_to_another_says_so() -> None:
    assert reason(pod("Failed", ended("step-0", 143), **PREEMPTED)) == (
        "PreemptionByScheduler: preempting to accommodate a higher priority pod"
        " (killed by signal 15 (exit code 143))"
    )


def test_a_pod_that_was_deleted_as_it_ran_says_so() -> None:
    one = pod("Failed", ended("step-0", 143))
    one["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert reason(one) == "someone has deleted its pod (killed by signal 15 (exit code 143))"


def test_a_pod_that_was_deleted_before_its_container_was_seen_says_so() -> None:
    one = pod("Failed")
    one["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    assert reason(one) == "someone has deleted its pod"


def test_a_deleted_pod_whose_node_is_silent_is_not_awaited_for_ever() -> None:
    one = pod("Running", container("step-0", running={}))
    one["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    one["spec"]["nodeName"] = "node7"
    assert waiting(one, held=100) == Fate()
    found = waiting(one, held=121).outcome
    assert found is not None
    assert "node node7 has not confirmed it" in found.reason
    assert not found.lost  # it may still be writing


@pytest.mark.parametrize("why", ["ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_what_may_heal_is_given_time(why: str) -> None:
    one = pod("Pending", waits("step-0", why, "manifest unknown"))
    text = f"step-0 cannot start: {why}: manifest unknown"
    assert note(one) == text
    assert waiting(one) == Fate()
    found = waiting(one, held=301).outcome
    assert found is not None
    assert found.reason == text


@pytest.mark.parametrize("why", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_cannot_heal_is_not_given_time(why: str) -> None:
    found = waiting(pod("Pending", waits("step-0", why)), held=0).outcome
    assert found is not None
    assert found.reason.startswith("step-0 cannot start")


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
    assert waiting(one, held=99_999, idle=10).outcome is None
    assert "Insufficient memory" in note(one)


def test_an_idle_cluster_that_takes_nothing_is_one() -> None:
    one = pod("Pending", **UNSCHEDULABLE)
    found = waiting(one, held=1801, idle=1801).outcome
    assert found is not None
    assert found.reason == (
        "unschedulable: no node has taken the pod: "
        "Unschedulable: 0/3 nodes are available: 3 Insufficient memory."
    )
    assert waiting(one, held=10, idle=99_999).outcome is None


def test_a_node_that_does_not_start_a_pod() -> None:
    taken = {"conditions": [{"type": "PodScheduled", "status": "True"}]}
    assert waiting(pod("Pending", **taken), held=299) == Fate()
    found = waiting(pod("Pending", **taken), held=301).outcome
    assert found is not None
    assert found.reason == "its node has not started the pod in time"
    running = pod("Running", container("step-0", running={}), **taken)
    assert waiting(running, held=99_999) == Fate()


@pytest.mark.parametrize(
    ("one", "quiet"),
    [
        (pod("Succeeded", ended("step-0")), True),
        (pod("Failed", ended("step-0", 3)), True),
        (pod("Failed", container("step-0", running={}), reason="DeadlineExceeded"), False),
        (pod("Failed", reason="Evicted", message="low on memory"), False),
        (pod("Running", container("step-0", running={})), False),
    ],
)
def test_a_pod_that_is_called_failed_may_still_run(one: Object, quiet: bool) -> None:
    assert is_quiet(one) is quiet
