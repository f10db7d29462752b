"""What a backend gets and gives: plain data, so that tests can read it without an engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class StepsError(Exception):
    """A job cannot be run, for a reason that its text tells the user."""


class Closing(StepsError):
    """The run is being cancelled; nothing is submitted any more."""


@dataclass(frozen=True)
class Step:
    """One rule's command in its own image.

    Parameters
    ----------
    rule
        Name of the rule.
    image
        `name@sha256:...`, without a transport.
    script
        Path of the script, relative to the working directory.
    text
        Contents of the script.
    threads, mem_mb, disk_mb, runtime_minutes
        What the job may use; 0 means that nothing was asked for.
    inputs
        Files the step reads.
    written
        Outputs, logs and benchmarks.
    sif
        The image as a file, where Snakemake has pulled one.
    resources
        All resources of the job.
    """

    rule: str
    image: str
    script: str
    text: str
    threads: int = 1
    mem_mb: int = 1000
    disk_mb: int = 0
    runtime_minutes: int = 0
    inputs: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    sif: str | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the step: home and scratch that any uid can write, and its threads."""
        threads = str(self.threads)
        return {
            "HOME": "/tmp",
            "LC_ALL": "C.UTF-8",
            "TMPDIR": "/tmp",
            "USER": "step",
            "GOTO_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "NUMEXPR_NUM_THREADS": threads,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "VECLIB_MAXIMUM_THREADS": threads,
        }


@dataclass(frozen=True)
class Submission:
    """One job: a step, or the steps of a group, one after another."""

    name: str
    steps: tuple[Step, ...]
    manifest: str = ""  # what the stager moves, where files live in object storage
    after_loss: bool = False  # an earlier one may still end on a machine that is out of reach

    @property
    def rule(self) -> str:
        """The rule that names the job; of a group, the last."""
        return self.steps[-1].rule


@dataclass(frozen=True)
class Usage:
    """What the wrapper in the container saw of one step; None where it could not know."""

    exit_code: int
    started: float
    ended: float
    cpu_seconds: float | None = None
    peak_bytes: int | None = None
    oom_kills: int = 0


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Parameters
    ----------
    reason
        Empty if it ended well; otherwise why not, in words.
    step
        Index of the step that decided it.
    usages
        One per step that ran.
    images
        What each step really ran in, as the backend reports it.
    lost
        Whether its machine is to blame, so that the job may be run again.
    stagers
        What the containers around the steps really ran in, where there are any.
    moved
        What those have moved: storage objects with their checksums.
    """

    reason: str = ""
    step: int = 0
    usages: tuple[Usage | None, ...] = ()
    images: tuple[str, ...] = ()
    lost: bool = False
    stagers: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[Mapping[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the job ended well."""
        return not self.reason
