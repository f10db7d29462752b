"""What one more job costs on each backend: trivial jobs, one after another.

`python tests/benchmarks/overhead.py docker podman slurm kubernetes kubernetes-s3` prints for each
seconds from one job's start to the next one's (quartiles), and what the engine alone needs for
the same container. `--jobs N` (default 25); the first two, which warm up, are left out.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from executor.cluster import NAMESPACE, STAGED, kubectl
from executor.lab import LABS, Study, images, sif_folder, wait_until

BACKENDS = {**LABS, "kubernetes-s3": STAGED}
WARM_UP = 2
ALONE = 9


def quartiles(seconds: list[float]) -> tuple[float, float, float]:
    """The median and the quartiles around it, in seconds."""
    low, middle, high = statistics.quantiles(seconds, n=4)
    return low, middle, high


def cycles(study: Study) -> list[float]:
    """Seconds from the start of each job's script to the start of the next one's."""
    usages = [record["usage"] for record in study.records()]
    started = sorted(usage["started"] for usage in usages if isinstance(usage, dict))
    return [after - before for before, after in itertools.pairwise(started)][WARM_UP:]


def alone(backend: str) -> list[str]:
    """The shortest command that runs a container of the same image on a backend."""
    image = images()["a"].removeprefix("docker://")
    if backend == "slurm":
        sif = str(next(sif_folder().glob("*.simg")))
        return ["srun", "--quiet", "--mem=100M", "apptainer", "--silent", "exec", sif, "true"]
    return [backend, "run", "--rm", "--network=none", "--entrypoint=bash", image, "-c", "true"]


def timed(command: list[str]) -> float:
    """Seconds that a command takes."""
    before = time.monotonic()
    # For root Apptainer would keep capabilities that a step never has.
    env = {**os.environ, "HOME": "/tmp", "APPTAINER_NO_PRIVS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=env)
    return time.monotonic() - before


def bare_pod() -> float:
    """Seconds until a bare pod of the same image has ended."""
    image = images()["a"].removeprefix("docker://")
    before = time.monotonic()
    kubectl("-n", NAMESPACE, "run", "bare", "--restart=Never", f"--image={image}", "--", "true")
    phase = ["-n", NAMESPACE, "get", "pod", "bare", "-o", "jsonpath={.status.phase}"]
    wait_until(lambda: kubectl(*phase) == "Succeeded")
    seconds = time.monotonic() - before
    kubectl("-n", NAMESPACE, "delete", "pod", "bare", "--grace-period=0", "--force")
    return seconds


def measure(backend: str, jobs: int, say: Callable[[str], None]) -> None:
    """Run the jobs on a backend and print its line."""
    lab = BACKENDS[backend]
    try:
        lab.require()
        study = lab.study("serial.smk")
    except pytest.skip.Exception as reason:
        say(f"{backend:<13} {reason}")
        return
    # The tests look oftener; here the profile's own interval counts.
    if "--steps-poll-seconds" in study.options:
        place = study.options.index("--steps-poll-seconds")
        study.options = study.options[:place] + study.options[place + 2 :]
    before = os.getloadavg()[0]
    study.run(f"chain/{jobs - 1}.txt", seconds=3600)
    low, middle, high = quartiles(cycles(study))
    is_cluster = backend.startswith("kubernetes")
    bare = statistics.median(
        bare_pod() if is_cluster else timed(alone(backend)) for _ in range(ALONE)
    )
    load = f"{before:.1f}-{os.getloadavg()[0]:.1f}"
    say(f"{backend:<13} {middle:7.2f} {low:7.2f} {high:7.2f} {bare:7.2f}   {load}")


def main() -> None:
    """Measure the backends named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("backends", nargs="+", choices=list(BACKENDS))
    parser.add_argument("--jobs", type=int, default=25)
    options = parser.parse_args()
    print(f"seconds per trivial job, {options.jobs} serial jobs")
    print("backend        median      q1      q3   alone   load average")
    for backend in options.backends:
        measure(backend, options.jobs, print)


if __name__ == "__main__":
    main()
