"""The backends: a Snakemake profile each, of this workflow or of the site."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genocohort.commands.studies import WORKFLOW
from genocohort.config import read_yaml
from genocohort.errors import ConfigError
from genocohort.images.lock import check_lock, find_lock
from genocohort.images.recipe import load_recipes

CONTAINERS = WORKFLOW.parent / "containers"
PROFILES = WORKFLOW / "profiles"
LOCAL = "local"


@dataclass(frozen=True)
class Profile:
    """A profile: its folder, and what its file says."""

    folder: Path
    options: dict[str, Any]

    @property
    def in_containers(self) -> bool:
        """Whether jobs run in their steps' images."""
        return self.options.get("executor") == "steps"

    @property
    def on_this_machine(self) -> bool:
        """Whether jobs share this machine's processors."""
        return not self.in_containers or self.options.get("steps-backend") in ("docker", "podman")


def backend_names() -> tuple[str, ...]:
    """Names of the workflow's own profiles, the local one first."""
    names = {path.parent.name for path in PROFILES.glob("*/config.yaml")} - {LOCAL}
    return (LOCAL, *sorted(names))


def add_backend_argument(parser: argparse.ArgumentParser) -> None:
    """--backend, shared by all commands that start Snakemake."""
    parser.add_argument(
        "--backend",
        default=LOCAL,
        metavar="NAME|FOLDER",
        help=f"one of {', '.join(backend_names())} (default: {LOCAL}); or the folder of your site's"
        " own profile, made from a copy of one in workflow/profiles",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def add_cores_argument(parser: argparse.ArgumentParser) -> None:
    """--cores, shared by the commands that run or plan jobs."""
    parser.add_argument(
        "--cores",
        type=_count,
        metavar="N",
        help="CPUs of this machine to use (local, docker, podman; default: all)",
    )


def load_profile(backend: str) -> Profile:
    """The profile that a backend's name or folder stands for.

    Raises
    ------
    ConfigError
        There is none.
    """
    folder = PROFILES / backend if backend in backend_names() else Path(backend).resolve()
    if not (folder / "config.yaml").is_file():
        raise ConfigError(
            f"there is no backend {backend}",
            expected=f"{', '.join(backend_names())}, or a folder with a profile's config.yaml",
        )
    return Profile(folder, read_yaml(folder / "config.yaml") or {})


def check_backend(backend: str) -> Profile:
    """The profile of a backend, whose images must be built from the sources that are here.

    Raises
    ------
    ConfigError
        There is no such backend; images are missing, named by a tag, or of other sources.
    """
    profile = load_profile(backend)
    if profile.in_containers:
        check_lock(find_lock(CONTAINERS), load_recipes(CONTAINERS, WORKFLOW))
    return profile
