"""What every backend does, and what it is told about the run."""

import importlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from snakemake_executor_plugin_steps.settings import ExecutorSettings
from snakemake_executor_plugin_steps.submission import Outcome, StepsError, Submission

MODULES = {
    "docker": "engine",
    "podman": "engine",
    "slurm": "slurm",
    "kubernetes": "kubernetes",
}


@dataclass(frozen=True)
class Run:
    """One run of the controller.

    Parameters
    ----------
    workdir
        The working directory, absolute and without links.
    folder
        Where scripts, logs and reports of jobs are kept, absolute, inside `.snakemake`.
    owner
        Label of all jobs of this working directory, also those of earlier controllers.
    run_id
        Label of the jobs of this controller.
    shared
        Whether steps see the working directory; otherwise files move through object storage.
    images
        The images that this run needs.
    """

    settings: ExecutorSettings
    logger: logging.Logger
    workdir: Path
    folder: Path
    owner: str
    run_id: str
    shared: bool
    images: tuple[str, ...]


class Backend(Protocol):
    """Runs submissions. `submit` is called from several threads, the rest from one at a time."""

    def submit(self, submission: Submission) -> None:
        """Start a job; it may wait for room. Raises StepsError with the backend's own words."""

    def poll(self, active: Mapping[str, Submission]) -> dict[str, Outcome]:
        """The outcomes of those that have ended, from one listing of all."""

    def write_log(self, submission: Submission, step: int, path: Path) -> None:
        """Save what a step wrote to its standard output and error."""

    def remove(self, names: Collection[str]) -> None:
        """Forget jobs that have ended."""

    def close(self) -> None:
        """Wake up whoever waits for room: nothing is started any more."""

    def remove_all(self, everything: bool) -> None:
        """End this run's jobs and wait until they are gone; or all of this working directory."""


def load_backend(run: Run) -> Backend:
    """The backend that the settings name.

    Raises
    ------
    StepsError
        There is none of that name, or it cannot be used here.
    """
    name = run.settings.backend
    if name not in MODULES:
        raise StepsError(f"there is no backend {name}; there are: {', '.join(MODULES)}")
    module = importlib.import_module(f"{__package__}.{MODULES[name]}.backend")
    backend: Backend = module.create(run)
    return backend
