"""What the state of a pod says about its job."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from snakemake_executor_plugin_steps.contract import digest_of
from snakemake_executor_plugin_steps.kubernetes.pod import step_index
from snakemake_executor_plugin_steps.submission import Outcome, Submission, Usage
from snakemake_executor_plugin_steps.wrapper import failure, parse_usage

Object = dict[str, Any]

CANNOT_START = {
    "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
}  # fmt: skip
HOPELESS = {"InvalidImageName", "ErrImageNeverPull"}
MISSING_OUTPUTS = 64
TRANSFER_FAILED = 65


@dataclass(frozen=True)
class Patience:
    """How long to wait for a pod to start, in seconds.

    Parameters
    ----------
    start
        For images, volumes and configuration, once a node has taken the pod.
    schedule
        For a node to take it, while no other pod of the run makes progress.
    """

    start: float
    schedule: float


@dataclass(frozen=True)
class Fate:
    """What was found.

    Parameters
    ----------
    outcome
        None while the job may still end well.
    container
        Whose output explains a failure; empty if none has run.
    note
        Why it waits, in the cluster's words.
    """

    outcome: Outcome | None = None
    container: str = ""
    note: str = ""


def statuses(pod: Object) -> list[Object]:
    """The states of all containers, in the order in which they run."""
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def is_running(pod: Object) -> bool:
    """Whether a container of a pod runs."""
    return any("running" in one.get("state", {}) for one in statuses(pod))


def age_seconds(pod: Object, now: float) -> float:
    """How long ago a pod was made."""
    made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return now - made.timestamp()


def judge(
    pod: Object,
    submission: Submission,
    patience: Patience,
    now: float,
    idle_seconds: float,
    trust_node_digest: bool = False,
) -> Fate:
    """What the state of a pod says.

    Parameters
    ----------
    pod
        The pod, as the cluster returns it.
    submission
        Its job.
    patience
        How long it may wait.
    now
        Seconds since the epoch.
    idle_seconds
        For how long no pod of the run has been running.
    trust_node_digest
        Do not compare the digest that the node reports.
    """
    phase = pod.get("status", {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        return _ended(pod, submission, trust_node_digest)
    return _waiting(pod, patience, now, idle_seconds)


def _ended(pod: Object, submission: Submission, trust_node_digest: bool) -> Fate:
    usages: list[Usage | None] = []
    images: list[str] = []

    def fate(reason: str, step: int, container: str) -> Fate:
        return Fate(Outcome(reason, step, tuple(usages), tuple(images)), container)

    last = len(submission.steps) - 1
    reason, container, decisive = "", "", 0
    for one in statuses(pod):
        index = step_index(one["name"])
        ended = one.get("state", {}).get("terminated")
        if ended is None or reason:
            continue
        if index is None:
            reason = _stager_failure(one["name"], ended)
            decisive = 0 if one["name"] == "stage-in" else last
        else:
            usages.append(parse_usage(ended.get("message")))
            images.append(one.get("imageID", ""))
            decisive = index
            if wrong := _wrong_image(pod, one, submission, index, trust_node_digest):
                return fate(wrong, index, "")
            killed = ended.get("reason") == "OOMKilled"
            step = submission.steps[index]
            reason = failure(step, ended.get("exitCode"), usages[-1], killed)
        container = one["name"] if reason else ""
    status = pod["status"]
    if status.get("reason"):
        minutes = sum(step.runtime_minutes for step in submission.steps)
        reason = _pod_reason(status, minutes, reason)
        return fate(reason, min(decisive, last), container)
    if reason or status["phase"] == "Succeeded":
        return fate(reason, min(decisive, last), container)
    return fate("the pod has failed, and no container says why", 0, "")


def _pod_reason(status: Object, minutes: int, container_reason: str) -> str:
    if status["reason"] == "DeadlineExceeded":
        return f"DeadlineExceeded: it ran longer than its runtime={minutes} minutes"
    message = str(status.get("message") or "").strip()
    also = f" ({container_reason})" if container_reason else ""
    return f"{status['reason']}: {message or 'the cluster has ended it'}{also}"


def _stager_failure(name: str, ended: Object) -> str:
    code = ended.get("exitCode")
    message = str(ended.get("message") or "").strip()
    if code == 0:
        return ""
    if code == MISSING_OUTPUTS:
        return f"it ended well but did not make all its outputs: {message}"
    if ended.get("reason") == "OOMKilled":
        return f"{name} has run out of memory"
    return f"{name} could not move files ({message or f'exit code {code}'})"


def _wrong_image(
    pod: Object, status: Object, submission: Submission, index: int, trust_node_digest: bool
) -> str:
    wanted = submission.steps[index].image
    spec = pod["spec"]
    specified = {
        c["name"]: c["image"] for c in [*spec.get("initContainers", []), *spec["containers"]]
    }
    ran = specified[status["name"]]
    if ran != wanted:
        return f"it ran in {ran}, not in {wanted}: something has changed the pod"
    reported = digest_of(status.get("imageID", ""))
    if digest_of(wanted) and reported != digest_of(wanted) and not trust_node_digest:
        return f"it ran in {status.get('imageID') or 'an unknown image'}, not in {wanted}"
    return ""


def _stuck(pod: Object) -> Iterator[tuple[str, str, str]]:
    for one in statuses(pod):
        waiting = one.get("state", {}).get("waiting", {})
        if waiting.get("reason") in CANNOT_START | HOPELESS:
            yield one["name"], waiting["reason"], str(waiting.get("message") or "").strip()


def _waiting(pod: Object, patience: Patience, now: float, idle_seconds: float) -> Fate:
    age = age_seconds(pod, now)
    for container, reason, message in _stuck(pod):
        text = f"{container} cannot start: {reason}: {message}"
        if reason in HOPELESS or age > patience.start:
            return Fate(Outcome(text, step_index(container) or 0))
        return Fate(note=text)
    conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        text = f"{scheduled.get('reason')}: {scheduled.get('message')}"
        if min(age, idle_seconds) > patience.schedule:
            return Fate(Outcome(f"unschedulable: no node has taken the pod: {text}"))
        return Fate(note=text)
    started = is_running(pod) or any("terminated" in s.get("state", {}) for s in statuses(pod))
    if scheduled.get("status") == "True" and not started and age > patience.start:
        return Fate(Outcome("its node has not started the pod in time"))
    return Fate()
