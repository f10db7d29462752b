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
LOST = {"NODE_FAIL", "BOOT_FAIL", "PREEMPTED"}
"""The machine is to blame, not the step: the job may be run again."""
_IMAGE_LABELS = ("snakemake-steps.image", "org.label-schema.usage.singularity.deffile.from")
"""What whoever has made the file says, then what Apptainer says of an image it has pulled."""


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
    """Job's name to what squeue or sacct says, from lines of job, name, state, reason.

    Lines of other people's odd names are left out; "CANCELLED by 1000" is CANCELLED.
    """
    found = {}
    for line in text.splitlines():
        words = line.split("|", 3)
        if len(words) == 4 and words[2]:
            job_id, name, state, reason = words
            found[name] = Listed(job_id, state.split()[0], reason.strip("()"))
    return found


def parse_image(text: str) -> str:
    """The registry's reference of an image, from `apptainer inspect --json`; empty if unknown."""
    try:
        labels = json.loads(text)["data"]["attributes"]["labels"]
        named = next((labels[label] for label in _IMAGE_LABELS if labels.get(label)), "")
        return str(named).removeprefix("docker://")
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
