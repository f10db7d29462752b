"""`genocohort doctor`: which backends this machine has, and what is missing for the others."""

import argparse
import importlib.metadata
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from genocohort.commands.run import IMAGE_LOCK

EXAMPLES = "example:\n  genocohort doctor"
PACKAGES = ("snakemake", "pysam", "pgenlib", "dask", "pandas", "pyarrow", "scikit-allel")


@dataclass(frozen=True)
class Backend:
    """What a backend needs: programs on PATH, and a command that shows that it answers."""

    name: str
    programs: tuple[str, ...]
    probe: tuple[str, ...]


BACKENDS = (
    Backend("local", (), ()),
    Backend("docker", ("docker",), ("docker", "info", "--format", "{{.ServerVersion}}")),
    Backend("podman", ("podman",), ("podman", "--version")),
    Backend("slurm", ("sbatch", "squeue", "apptainer"), ("sinfo", "--noheader", "--format=%P")),
    Backend("kubernetes", ("kubectl",), ("kubectl", "get", "--raw", "/readyz")),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def backend_state(backend: Backend) -> str:
    """One phrase: ready, or what is missing."""
    missing = [program for program in backend.programs if not shutil.which(program)]
    if missing:
        return f"missing: {', '.join(missing)}"
    if backend.probe:
        try:
            probe = subprocess.run(backend.probe, capture_output=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return f"installed, but `{' '.join(backend.probe[:2])}` does not answer"
        if probe.returncode != 0:
            return f"installed, but `{' '.join(backend.probe[:2])}` fails"
    if backend.name != "local" and not IMAGE_LOCK.is_file():
        return "this machine has it; the images of the steps are not built yet"
    return "ready"


def run(args: argparse.Namespace) -> int:
    """Print the state of this machine.

    Returns
    -------
    int
        0 if at least the local backend is ready, else 4.
    """
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    broken = False
    for package in PACKAGES:
        try:
            print(f"  {package:<14} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            broken = True
            print(f"  {package:<14} missing: `make run` sets up the whole environment")
    print("backends:")
    for backend in BACKENDS:
        print(f"  {backend.name:<14} {backend_state(backend)}")
    return 4 if broken else 0
