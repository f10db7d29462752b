"""What the state of a pod says about its job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from snakemake_executor_plugin_steps.contract import digest_of
from snakemake_executor_plugin_steps.kubernetes.pod import (
    container_images,
    step_container_name,
    step_index,
)
from snakemake_executor_plugin_steps.submission import Outcome, Submission, Usage
from snakemake_executor_plugin_steps.wrapper import failure, parse_usage

Object = dict[str, Any]

CANNOT_START = {
    "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
}  # fmt: skip
NODE_LOST = {
    "NodeLost",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "Preempting",
    "UnexpectedAdmissionError",
}
HOPELESS = {"InvalidImageName", "ErrImageNeverPull"}
MISSING_OUTPUTS = 64
TRANSFER_FAILED = 65
STEP_FAILED = 66


@dataclass(frozen=True)
class Patience:
    """How long to wait for a pod, in seconds.

    Parameters
    ----------
    start
        For an image, a volume or a configuration, once a node has taken the pod.
    schedule
        For a node to take it, while no other pod of the run makes progress.
    delete
        For a node to confirm that a pod, which someone has deleted, has ended.
    """

    start: float
    schedule: float
    delete: float = 120.0


@dataclass(frozen=True)
class Hold:
    """Why a pod does not get on.

    Parameters
    ----------
    kind
        `deleted`, `unscheduled`, `unstarted`, or the name of the container that cannot start.
    text
        In the cluster's words.
    hopeless
        Whether waiting cannot help.
    """

    kind: str
    text: str
    hopeless: bool = False


@dataclass(frozen=True)
class Fate:
    """What was found.

    Parameters
    ----------
    outcome
        None while the job may still end well.
    container
        Whose output explains a failure; empty if none has run.
    """

    outcome: Outcome | None = None
    container: str = ""


def statuses(pod: Object) -> list[Object]:
    """The states of all containers, in the order in which they run."""
    status = pod.get("status", {})
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def is_running(pod: Object) -> bool:
    """Whether a container of a pod runs."""
    return any("running" in one.get("state", {}) for one in statuses(pod))


def has_ended(pod: Object) -> bool:
    """Whether no container of a pod will ever run again."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_quiet(pod: Object) -> bool:
    """Whether nothing of a pod runs: some nodes call it failed before they have ended it."""
    if not has_ended(pod) or is_running(pod):
        return False
    return bool(statuses(pod)) or not pod["status"].get("reason")


def has_node(pod: Object) -> bool:
    """Whether a node has taken a pod: until it confirms, the pod may still be running there."""
    return bool(pod.get("spec", {}).get("nodeName"))


def _stuck(pod: Object) -> Iterator[Hold]:
    for one in statuses(pod):
        waiting = one.get("state", {}).get("waiting", {})
        reason, message = waiting.get("reason"), str(waiting.get("message") or "").strip()
        if reason in CANNOT_START | HOPELESS:
            text = f"{one['name']} cannot start: {reason}: {message}"
            yield Hold(one["name"], text, reason in HOPELESS)


def hold_of(pod: Object) -> Hold | None:
    """Why a pod that has not ended does not get on; None if it does."""
    if pod["metadata"].get("deletionTimestamp"):
        node = pod.get("spec", {}).get("nodeName") or "none"
        return Hold("deleted", f"someone has deleted its pod; node {node} has not confirmed it")
    for hold in _stuck(pod):
        return hold
    conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions", [])}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return Hold("unscheduled", f"{scheduled.get('reason')}: {scheduled.get('message')}")
    started = is_running(pod) or any("terminated" in s.get("state", {}) for s in statuses(pod))
    if scheduled.get("status") == "True" and not started:
        return Hold("unstarted", "its node has not started it yet")
    return None


def judge_waiting(
    hold: Hold | None, patience: Patience, held_seconds: float, idle_seconds: float
) -> Fate:
    """What a pod's wait says about its job.

    Parameters
    ----------
    hold
        Why it waits.
    patience
        How long it may.
    held_seconds
        For how long it has been waiting for this, by our own clock: clusters' clocks differ.
    idle_seconds
        For how long no pod of the run has been running.
    """
    if hold is None:
        return Fate()
    if hold.kind == "deleted":
        # Not lost in the sense of being run again: the step may still be writing there.
        text = f"{hold.text}: the node may be lost, and the step may still run there"
        return Fate(Outcome(text)) if held_seconds > patience.delete else Fate()
    if hold.kind == "unscheduled":
        if min(held_seconds, idle_seconds) <= patience.schedule:
            return Fate()
        return Fate(Outcome(f"unschedulable: no node has taken the pod: {hold.text}"))
    if not hold.hopeless and held_seconds <= patience.start:
        return Fate()
    if hold.kind == "unstarted":
        return Fate(Outcome("its node has not started the pod in time"))
    return Fate(Outcome(hold.text, step_index(hold.kind) or 0))


def judge_ended(
    pod: Object, submission: Submission, stager_image: str = "", trust_node_digest: bool = False
) -> Fate:
    """What a pod that has ended says about its job.

    Parameters
    ----------
    pod
        The pod, as the cluster returns it.
    submission
        Its job.
    stager_image
        The image of the containers that move files, if there are any.
    trust_node_digest
        Do not compare the digest that the node reports.
    """
    wanted = container_images(submission, stager_image)
    last = len(submission.steps) - 1
    usages: list[Usage | None] = []
    images: list[str] = []
    stagers: dict[str, str] = {}
    reason, container, decisive = "", "", 0
    for one in statuses(pod):
        name, index = one["name"], step_index(one["name"])
        ended = one.get("state", {}).get("terminated")
        if ended is None or reason:
            continue
        decisive = index if index is not None else 0 if name == "stage-in" else last
        if index is None:
            stagers[name] = one.get("imageID", "")
            reason = _stager_failure(name, ended)
            decisive = _failed_step(ended, decisive)
        else:
            usages.append(parse_usage(ended.get("message")))
            images.append(one.get("imageID", ""))
            killed = ended.get("reason") == "OOMKilled"
            reason = failure(submission.steps[index], ended.get("exitCode"), usages[-1], killed)
        container = name if reason else ""
        if index is None and ended.get("exitCode") == STEP_FAILED:
            container = step_container_name(decisive)
        if wrong := _wrong_image(pod, one, wanted, trust_node_digest):
            reason, container = wrong, ""
    status = pod["status"]
    minutes = sum(step.runtime_minutes for step in submission.steps)
    if "it ran in" not in reason:
        reason = _pod_reason(pod, minutes, reason)
    if not reason and status["phase"] != "Succeeded":
        reason = "the pod has failed, and no container says why"
    decisive = min(decisive, last) if reason else 0
    lost = _is_lost(pod) and "it ran in" not in reason
    outcome = Outcome(reason, decisive, tuple(usages), tuple(images), lost, stagers)
    return Fate(outcome, container)


def _pod_reason(pod: Object, minutes: int, container_reason: str) -> str:
    """Why the cluster has ended a pod, or else what its container says."""
    status = pod["status"]
    if status.get("reason") == "DeadlineExceeded":
        return f"DeadlineExceeded: it ran longer than its runtime={minutes} minutes"
    also = f" ({container_reason})" if container_reason else ""
    for one in status.get("conditions", []):
        if one["type"] == "DisruptionTarget" and one.get("status") == "True":
            return f"{one.get('reason')}: {str(one.get('message') or '').strip()}{also}"
    if status.get("reason"):
        message = str(status.get("message") or "").strip()
        return f"{status['reason']}: {message or 'the cluster has ended it'}{also}"
    failed = container_reason or status["phase"] != "Succeeded"
    if failed and pod["metadata"].get("deletionTimestamp"):
        return f"someone has deleted its pod{also}"
    return container_reason


def _is_lost(pod: Object) -> bool:
    """Whether the cluster has taken a pod's node away, and not for anything that it did."""
    status = pod["status"]
    if status.get("phase") != "Failed":
        return False
    disrupted = any(
        c["type"] == "DisruptionTarget" and c.get("status") == "True"
        for c in status.get("conditions", [])
    )
    return disrupted or status.get("reason") in NODE_LOST


def _failed_step(ended: Object, otherwise: int) -> int:
    """The step that the last stager names."""
    if ended.get("exitCode") != STEP_FAILED:
        return otherwise
    index = step_index(str(ended.get("message") or "").split(":")[0])
    return otherwise if index is None else index


def _stager_failure(name: str, ended: Object) -> str:
    code = ended.get("exitCode")
    message = str(ended.get("message") or "").strip()
    if code == 0:
        return ""
    if code == MISSING_OUTPUTS:
        return f"it ended well but did not make all its outputs: {message}"
    if code == STEP_FAILED:
        return message or "a step has failed"
    if ended.get("reason") == "OOMKilled":
        return f"{name} has run out of memory"
    return f"{name} could not move files ({message or f'exit code {code}'})"


def _wrong_image(
    pod: Object, status: Object, wanted: Mapping[str, str], trust_node_digest: bool
) -> str:
    name, spec = status["name"], pod["spec"]
    specified = {
        c["name"]: c["image"] for c in [*spec.get("initContainers", []), *spec["containers"]]
    }
    image = wanted.get(name, "none: the job has no such container")
    if specified.get(name) != image:
        return (
            f"{name}: it ran in {specified.get(name)}, not in {image}: something has changed the"
            " pod"
        )
    reported = digest_of(status.get("imageID", ""))
    if digest_of(image) and reported != digest_of(image) and not trust_node_digest:
        ran = status.get("imageID") or "an unknown image"
        return f"{name}: it ran in {ran}, not in {image}"
    return ""
