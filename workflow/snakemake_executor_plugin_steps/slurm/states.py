"""What Slurm says about jobs."""

import json
from dataclasses import dataclass

from snakemake_executor_plugin_steps.submission import Step, Usage
from snakemake_executor_plugin_steps.wrapper import failure

ALIVE = {
    "PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD",
    "REQUEUE_FED", "RESIZING", "STAGE_OUT", "SIGNALING", "STOPPED", "SPECIAL_EXIT",
}  # fmt: skip
WELL = {"COMPLETED"}
HOPELESS = {
    "BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS",
    "PartitionNodeLimit", "PartitionTimeLimit", "AccountNotAllowed", "QOSNotAllowed",
}  # fmt: skip
_WORDS = {
    "NODE_FAIL": "its node has failed",
    "BOOT_FAIL": "its node has not booted",
    "PREEMPTED": "another job has taken its place",
    "CANCELLED": "someone has cancelled it",
    "DEADLINE": "its deadline has passed",
    "REVOKED": "another cluster has taken it",
}
_IMAGE_LABEL = "org.label-schema.usage.singularity.deffile.from"


@dataclass(frozen=True)
class Listed:
    """A job as squeue lists it.

    Parameters
    ----------
    job_id
        Slurm's number.
    state
        Its state, in full.
    reason
        Why it waits.
    """

    job_id: str
    state: str
    reason: str = ""


def parse_queue(text: str) -> dict[str, Listed]:
    """Job's name to what squeue says, from lines of `%i|%j|%T|%r`."""
    found = {}
    for line in text.splitlines():
        job_id, name, state, reason = line.split("|", 3)
        found[name] = Listed(job_id, state, reason.strip("()"))
    return found


def parse_image(text: str) -> str:
    """The registry's reference of an image, from `apptainer inspect --json`; empty if unknown."""
    try:
        labels = json.loads(text)["data"]["attributes"]["labels"]
        return str(labels.get(_IMAGE_LABEL, "")).removeprefix("docker://")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def reason_of(step: Step, listed: Listed | None, usage: Usage | None, minutes: int) -> str:
    """Why the step of a job that has ended did not end well, or an empty text.

    Parameters
    ----------
    step
        The step that ran last.
    listed
        What squeue says; None if it has forgotten the job.
    usage
        What the wrapper saw.
    minutes
        The job's time limit.
    """
    state = listed.state if listed else ""
    if state == "TIMEOUT":
        return f"TIMEOUT: it ran longer than its runtime={minutes} minutes"
    if state == "OUT_OF_MEMORY":
        return failure(step, usage.exit_code if usage else None, usage, killed_for_memory=True)
    if state in _WORDS:
        return f"{state}: {_WORDS[state]}"
    if usage is not None:
        return failure(step, None, usage, killed_for_memory=False)
    if listed is None:
        return "it has vanished: Slurm no longer knows it, and it has left no exit code"
    return f"{state}: it has left no exit code"
