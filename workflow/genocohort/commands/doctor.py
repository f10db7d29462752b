"""`genocohort doctor`: which backends this machine has, and what is missing for the others."""

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genocohort.commands.backends import CONTAINERS
from genocohort.commands.studies import WORKFLOW
from genocohort.commands.tools import bcftools_version
from genocohort.errors import ConfigError, ToolError
from genocohort.images.lock import find_lock, outdated, read_lock
from genocohort.images.recipe import load_recipes

EXAMPLES = "example:\n  genocohort doctor        # exit code 4: not even the local backend is ready"
PACKAGES = ("snakemake", "pysam", "pgenlib", "dask", "pandas", "pyarrow", "scikit-allel")
PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Finding:
    """What is known of a backend: whether it can run steps, and what the site allows."""

    name: str
    ready: bool
    details: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def ask(*command: str) -> str:
    """The output of a program.

    Raises
    ------
    ToolError
        It is not installed, does not answer, or fails.
    """
    if not shutil.which(command[0]):
        raise ToolError(f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ToolError(f"{command[0]} does not answer") from None
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ToolError(f"{command[0]} fails: {words[0] if words else 'no message'}")
    return done.stdout.strip()


def check_docker() -> list[str]:
    """Docker: its version and what it can limit."""
    info = json.loads(ask("docker", "info", "--format", "{{json .}}"))
    limits = "limits memory" if info.get("MemoryLimit") else "cannot limit memory"
    return [f"Docker {info['ServerVersion']}, {info['NCPU']} CPUs, {limits}", *_who_runs()]


def check_podman() -> list[str]:
    """Podman: its version, and whether containers belong to a user."""
    info = json.loads(ask("podman", "info", "--format", "json"))
    rootless = "rootless" if info["host"]["security"]["rootless"] else "as root"
    return [f"Podman {info['version']['Version']}, {rootless}", *_who_runs()]


def _who_runs() -> list[str]:
    if os.getuid():
        return []
    return ["you are root, and steps never are: name a user with -- --steps-run-as UID:GID"]


def check_slurm() -> list[str]:
    """Slurm with Apptainer: partitions, accounting, and how images become files."""
    apptainer = ask("apptainer", "--version")
    partitions = ask("sinfo", "--noheader", "--format=%P %l %D nodes").splitlines()
    config = ask("scontrol", "show", "config")
    accounting = "accounting_storage/none" not in config
    details = [apptainer, *(f"partition {' '.join(line.split())}" for line in partitions)]
    details.append(
        "accounting is on: sacct knows jobs that squeue has forgotten"
        if accounting
        else "accounting is off: states come from squeue and from the jobs' own reports"
    )
    if shutil.which("skopeo"):
        details.append("skopeo: `genocohort images import --push` can fill a registry")
    return details


def check_kubernetes() -> list[str]:
    """Kubernetes: the cluster, and whether it lets us see the pods of our namespace."""
    from snakemake_executor_plugin_steps.kubernetes.api import Api
    from snakemake_executor_plugin_steps.kubernetes.login import find_login
    from snakemake_executor_plugin_steps.submission import StepsError

    try:
        login = find_login()
        Api(login, login.namespace).list_pods("app.kubernetes.io/name", "genocohort")
    except StepsError as error:
        raise ToolError(str(error)) from None
    return [f"the cluster {login.server} answers; we may list pods in {login.namespace}"]


CHECKS: dict[str, Callable[[], list[str]]] = {
    "docker": check_docker,
    "podman": check_podman,
    "slurm": check_slurm,
    "kubernetes": check_kubernetes,
}


def find_backends() -> list[Finding]:
    """All backends, each asked for real."""
    found = [Finding("local", True, (f"{os.cpu_count()} CPUs",))]
    for name, check in CHECKS.items():
        try:
            found.append(Finding(name, True, tuple(check())))
        except ToolError as error:
            found.append(Finding(name, False, (error.what,)))
    return found


def calling_state() -> str:
    """One phrase: whether variants can be called without containers."""
    try:
        return f"bcftools {bcftools_version()} (variant calling with the local backend)"
    except ToolError as error:
        return (
            f"{error.what}: variant calling needs {error.expected or 'it'} with the local backend"
        )


def images_state(containers: Path, workflow: Path) -> str:
    """One phrase: whether the steps' images can be used."""
    try:
        lock = read_lock(find_lock(containers))
    except ConfigError as error:
        return f"{error.what}: run `genocohort images build`"
    if stale := outdated(lock, load_recipes(containers, workflow)):
        return f"out of date: {', '.join(stale)}; run `genocohort images build`"
    return f"{len(lock.images)} built from the sources that are here"


def run(args: argparse.Namespace) -> int:
    """Print the state of this machine.

    Returns
    -------
    int
        0 if the local backend is ready, else 4.
    """
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    broken = False
    for package in PACKAGES:
        try:
            print(f"  {package:<14} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            broken = True
            print(f"  {package:<14} missing: `make run` sets up the whole environment")
    print(f"programs: {calling_state()}")
    print(f"images: {images_state(CONTAINERS, WORKFLOW)}")
    print("backends:")
    for finding in find_backends():
        state = "ready" if finding.ready else "not here"
        print(f"  {finding.name:<12} {state:<9} {finding.details[0] if finding.details else ''}")
        for detail in finding.details[1:]:
            print(f"  {'':<22} {detail}")
    return 4 if broken else 0
