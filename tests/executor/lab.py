"""What tests on real backends share: two tiny images, a study, a run of Snakemake."""

import atexit
import functools
import grp
import hashlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PROFILES = REPOSITORY / "workflow" / "profiles"
FLOWS = Path(__file__).parent / "flows"
REGISTRY = os.environ.get("STEPS_TEST_REGISTRY", "localhost:5000")
BASE_IMAGE = os.environ.get("STEPS_TEST_BASE_IMAGE", f"{REGISTRY}/base/python:bookworm")
USER = 10001
PATIENCE = 300
"""Seconds after which a backend has hung; it may be busy with the tests of others."""
STARTED: "list[subprocess.Popen[str]]" = []
PARTS = ("part1", "part2", "part3")


def answers(*command: str) -> bool:
    """Whether a program is there and succeeds."""
    if not shutil.which(command[0]):
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=PATIENCE).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def require(name: str, *probe: str) -> None:
    """Skip unless a backend answers."""
    if not answers(*probe):
        pytest.skip(f"{name} is not available")


def output_of(*command: str, **kwargs: object) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@functools.cache
def images() -> dict[str, str]:
    """Two images that differ in /etc/step-name, pushed: `docker://name@sha256:...`."""
    require("docker", "docker", "info")
    if not answers("docker", "image", "inspect", BASE_IMAGE):
        pytest.skip(f"the base image {BASE_IMAGE} is not available")
    found = {}
    for name in ("a", "b"):
        tag = f"{REGISTRY}/steps-test/step-{name}"
        text = f"FROM {BASE_IMAGE}\nRUN echo step-image-{name} > /etc/step-name\n"
        output_of(
            "docker", "build", "--quiet", "--tag", tag, "-",
            input=text, env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )  # fmt: skip
        if subprocess.run(["docker", "push", "--quiet", tag], capture_output=True).returncode:
            pytest.skip(f"the registry {REGISTRY} is not available")
        digests = json.loads(
            output_of("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag)
        )
        found[name] = "docker://" + next(d for d in digests if d.startswith(tag + "@"))
    return found


@dataclass
class Study:
    """A working directory and the command that runs its flow."""

    folder: Path
    flow: str
    profile: Path
    options: tuple[str, ...] = ()
    as_user: bool = True
    user: int = USER
    environment: dict[str, str] = field(default_factory=dict)

    def become(self) -> list[str]:
        """What starts a command as a user without root's rights."""
        if not self.as_user or os.getuid():
            return []
        groups = [str(g.gr_gid) for g in grp.getgrall() if g.gr_name == "docker"]
        more = [f"--groups={','.join(groups)}"] if groups else ["--clear-groups"]
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", *more]

    def command(self, *args: str) -> list[str]:
        """Snakemake, as that user."""
        return [
            *self.become(), sys.executable, "-m", "snakemake",
            "--snakefile", str(FLOWS / self.flow), "--profile", str(self.profile),
            "--nocolor", "--retries", "0", *self.options, *args,
        ]  # fmt: skip

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start a run."""
        home = self.folder / "home"
        env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"),
            "USER": "tester", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }  # fmt: skip
        # A shell lets what it starts in the background ignore Ctrl-C.
        process = subprocess.Popen(
            ["env", "--default-signal=INT", *self.command(*args)], cwd=self.folder, env=env,
            text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        STARTED.append(process)
        return process

    def run(self, *args: str, ok: bool = True, seconds: float = 3 * PATIENCE) -> str:
        """Run to the end; the output."""
        process = self.start(*args)
        try:
            text, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert (process.returncode == 0) == ok, text
        return text

    def records(self) -> list[dict[str, object]]:
        """What the executor has recorded of its jobs."""
        text = (self.folder / ".snakemake/steps/jobs.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def wait_for(self, *paths: str, seconds: float = PATIENCE) -> None:
        """Wait until files are there."""
        wait_until(lambda: all((self.folder / path).exists() for path in paths), seconds)

    def owner(self) -> str:
        """The label of its jobs, so that those of others on this machine are not counted."""
        backend = self.profile.name
        where = f"{backend}\n\n{os.path.realpath(self.folder)}"
        return hashlib.sha256(where.encode()).hexdigest()[:12]

    def results(self) -> dict[str, bytes]:
        """The results, apart from what tells where they were made."""
        folder = self.folder / "results"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in ("proof.txt", ".snakemake_timestamp")
        }


def wait_until(true: object, seconds: float = PATIENCE) -> None:
    """Wait until a function returns something true."""
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)


def side_by_side(names: Iterable[str]) -> list[Any]:
    """Parameters of tests; those of one backend stay in one process, one after another."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


def end_controllers() -> None:
    """End what a failed test has left running."""
    for process in STARTED:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
    STARTED.clear()


def new_folder(parent: Path | None = None) -> Path:
    """A folder that the user of the tests may write; those of pytest are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="steps-test-", dir=parent))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def fill(folder: Path) -> None:
    """The input of the flows."""
    rows = [f"{part}\t{i}" for i in range(5) for part in PARTS]
    (folder / "input.tsv").write_text("# part\tvalue\n" + "\n".join(rows) + "\n")
    (folder / "images.json").write_text(json.dumps(images()))
    (folder / "home").mkdir()
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER, USER)


EXPECTED = {
    "gathered.tsv": "".join(
        f"{part}\t{i}\n" for part in PARTS for i in range(5)
    ).encode() + b"step-image-a\n",
}  # fmt: skip
EXPECTED["report/index.txt"] = EXPECTED["gathered.tsv"] + b"step-image-b\n"


class Lab:
    """A real backend: how to run a flow on it, and what it has left behind."""

    name = ""
    memory_is_limited = True
    seccomp = True
    no_network = True
    many = 20
    quick: tuple[str, ...] = ()
    pull_error = "ImagePull: "
    too_large = "but jobs have"
    too_long = "DeadlineExceeded: it ran longer than its runtime=1 minutes"

    def __init__(self) -> None:
        self.studies: list[Study] = []

    def require(self) -> None:
        """Skip unless it answers."""

    def study(self, flow: str) -> Study:
        """A new folder with the flow's input."""
        folder = new_folder()
        fill(folder)
        study = Study(folder, flow, PROFILES / self.name)
        self.studies.append(study)
        return study

    def left(self, study: Study) -> list[str]:
        """Jobs of a study that the backend still has."""
        raise NotImplementedError

    def clear(self) -> None:
        """Remove what failed tests have left: it would take the place of the next tests' jobs."""
        end_controllers()
        while self.studies:
            if names := self.left(self.studies.pop()):
                self.remove(names)

    def remove(self, names: list[str]) -> None:
        """End and remove jobs, as `left` names them."""
        raise NotImplementedError


class DockerLab(Lab):
    """Docker, as a user."""

    name = "docker"
    many = 200

    def require(self) -> None:
        require("docker", "docker", "info")

    def left(self, study: Study) -> list[str]:
        names = output_of(
            self.name, "ps", "--all", "--filter", f"label=snakemake-steps.owner={study.owner()}",
            "--format", "{{.Names}}",
        )  # fmt: skip
        return names.split()

    def remove(self, names: list[str]) -> None:
        output_of(self.name, "rm", "--force", *names)


class PodmanLab(DockerLab):
    """Podman, as root for another user: the way of a machine without users' namespaces."""

    name = "podman"
    many = 20

    def require(self) -> None:
        require("podman", "podman", "info")
        image = images()["a"].removeprefix("docker://")
        if not answers("podman", "pull", "--quiet", image):
            pytest.skip(f"the registry {REGISTRY} is not available to podman")
        # An engine may be installed where its runtime cannot work.
        require("podman", "podman", "run", "--rm", "--network=none", image, "true")

    def study(self, flow: str) -> Study:
        study = super().study(flow)
        if os.getuid() == 0:
            study.as_user, study.options = False, ("--steps-run-as", f"{USER}:{USER}")
        return study


LABS: dict[str, Lab] = {"docker": DockerLab(), "podman": PodmanLab()}


class SlurmLab(Lab):
    """Slurm with Apptainer, as a user that the nodes know."""

    name = "slurm"
    memory_is_limited = False  # the tests' Slurm has no control groups
    seccomp = False
    many = 10
    pull_error = "Failed to pull"
    too_large = "Requested node configuration is not available"
    too_long = "TIMEOUT: it ran longer than its runtime=1 minutes"

    def require(self) -> None:
        require("slurm", "sinfo")
        require("apptainer", "apptainer", "--version")

    def study(self, flow: str) -> Study:
        study = super().study(flow)
        study.options = ("--steps-poll-seconds", "1", "--apptainer-prefix", str(sif_folder()))
        study.environment = {"APPTAINER_NOHTTPS": "1"}
        if os.getuid() == 0:
            study.user = next(u.pw_uid for u in pwd.getpwall() if u.pw_name == "nobody")
            for path in (sif_folder(), study.folder, *study.folder.rglob("*")):
                os.chown(path, study.user, study.user)
        return study

    def left(self, study: Study) -> list[str]:
        mine = f"steps-{study.owner()}-"
        lines = output_of("squeue", "--noheader", "--format=%j %T %i").splitlines()
        return [line for line in lines if line.startswith(mine) and "COMPLETING" not in line]

    def remove(self, names: list[str]) -> None:
        output_of("scancel", *(name.split()[-1] for name in names))


@functools.cache
def sif_folder() -> Path:
    """Where the tests keep images as files."""
    return new_folder()


LABS["slurm"] = SlurmLab()
