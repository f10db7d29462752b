"""What tests on real backends share: two tiny images, a study, a run of Snakemake."""

import atexit
import base64
import functools
import grp
import importlib.metadata
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PROFILES = REPOSITORY / "workflow" / "profiles"
FLOWS = Path(__file__).parent / "flows"
REGISTRY = os.environ.get("STEPS_TEST_REGISTRY", "localhost:5000")
BASE_IMAGE = os.environ.get("STEPS_TEST_BASE_IMAGE", f"{REGISTRY}/base/python:bookworm")
S3_ENDPOINT = os.environ.get("STEPS_TEST_S3", "http://172.17.0.1:9000")
API_HOST = os.environ.get("STEPS_TEST_API_HOST", "172.17.0.1")
S3_KEY = os.environ.get("STEPS_TEST_S3_KEY", "genocohort")
S3_SECRET = os.environ.get("STEPS_TEST_S3_SECRET", "genocohort-secret")
USER = 10001
STARTED: "list[subprocess.Popen[str]]" = []
PARTS = ("part1", "part2", "part3")


def answers(*command: str) -> bool:
    """Whether a program is there and succeeds."""
    if not shutil.which(command[0]):
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
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

    def command(self, *args: str) -> list[str]:
        """Snakemake, as a user without root's rights."""
        become: list[str] = []
        if self.as_user and os.getuid() == 0:
            groups = [str(g.gr_gid) for g in grp.getgrall() if g.gr_name == "docker"]
            become = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}"]
            become += [f"--groups={','.join(groups)}"] if groups else ["--clear-groups"]
        return [
            *become, sys.executable, "-m", "snakemake",
            "--snakefile", str(FLOWS / self.flow), "--profile", str(self.profile),
            "--nocolor", *self.options, *args,
        ]  # fmt: skip

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start a run."""
        home = self.folder / "home"
        env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"),
            "USER": "tester", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }  # fmt: skip
        process = subprocess.Popen(
            self.command(*args), cwd=self.folder, env=env, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        STARTED.append(process)
        return process

    def run(self, *args: str, ok: bool = True, seconds: float = 300) -> str:
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

    def wait_for(self, *paths: str, seconds: float = 120) -> None:
        """Wait until files are there."""
        wait_until(lambda: all((self.folder / path).exists() for path in paths), seconds)

    def results(self) -> dict[str, bytes]:
        """The results, apart from what tells where they were made."""
        folder = self.folder / "results"
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in ("proof.txt", ".snakemake_timestamp")
        }


def wait_until(true: object, seconds: float = 120) -> None:
    """Wait until a function returns something true."""
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.2)


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

    def require(self) -> None:
        """Skip unless it answers."""

    def study(self, flow: str) -> Study:
        """A new folder with the flow's input."""
        folder = new_folder()
        fill(folder)
        return Study(folder, flow, PROFILES / self.name)

    def left(self, study: Study) -> list[str]:
        """Jobs of a study that the backend still has."""
        raise NotImplementedError


class DockerLab(Lab):
    """Docker, as a user."""

    name = "docker"
    many = 200

    def require(self) -> None:
        require("docker", "docker", "info")

    def left(self, study: Study) -> list[str]:
        names = output_of(
            self.name, "ps", "--all", "--filter", "label=snakemake-steps.owner",
            "--format", "{{.Names}}",
        )  # fmt: skip
        return names.split()


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
        lines = output_of("squeue", "--noheader", "--format=%j %T").splitlines()
        return [line for line in lines if line.startswith("steps-") and "COMPLETING" not in line]


@functools.cache
def sif_folder() -> Path:
    """Where the tests keep images as files."""
    return new_folder()


LABS["slurm"] = SlurmLab()


NAMESPACE = f"steps-test-{os.getpid()}"


def kubectl(*args: str, text: str | None = None) -> str:
    """Output of kubectl as the cluster's administrator."""
    return output_of("kubectl", *args, input=text)


@functools.cache
def cluster() -> Path:
    """A namespace with the profile's own rights, and a claim: its folder on this machine."""
    folder = new_folder()
    manifest = (PROFILES / "kubernetes/cluster.yaml").read_text()
    manifest = manifest.replace(": genocohort", f": {NAMESPACE}")
    volume = f"""
---
apiVersion: v1
kind: PersistentVolume
metadata: {{name: {NAMESPACE}}}
spec:
  capacity: {{storage: 10Gi}}
  accessModes: [ReadWriteMany]
  storageClassName: {NAMESPACE}
  hostPath: {{path: {folder}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: study, namespace: {NAMESPACE}}}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: {NAMESPACE}
  resources: {{requests: {{storage: 10Gi}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: storage, namespace: {NAMESPACE}}}
stringData:
  SNAKEMAKE_STORAGE_S3_ENDPOINT_URL: {S3_ENDPOINT}
  SNAKEMAKE_STORAGE_S3_ACCESS_KEY: {S3_KEY}
  SNAKEMAKE_STORAGE_S3_SECRET_KEY: {S3_SECRET}
"""
    atexit.register(leave_cluster)
    kubectl("apply", "-f", "-", text=manifest + volume)
    wait_until(lambda: '"Bound"' in kubectl("-n", NAMESPACE, "get", "pvc", "study", "-o", "json"))
    return folder


def leave_cluster() -> None:
    """Delete what the tests have made in the cluster."""
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    kubectl("delete", "persistentvolume", NAMESPACE, "--wait=false")


@functools.cache
def controller_kubeconfig() -> Path:
    """A kubeconfig of the controller's account, which has the profile's rights only."""
    cluster()
    config = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    secrets = json.loads(kubectl("-n", NAMESPACE, "get", "secrets", "-o", "json"))["items"]
    token = (
        next(
            (
                base64.b64decode(s["data"]["token"]).decode()
                for s in secrets
                if s["metadata"].get("annotations", {}).get("kubernetes.io/service-account.name")
                == "controller"
            ),
            None,
        )
        or kubectl("-n", NAMESPACE, "create", "token", "controller").strip()
    )
    config["users"][0]["user"] = {"token": token}
    config["contexts"][0]["context"]["namespace"] = NAMESPACE
    path = new_folder() / "kubeconfig.json"
    path.write_text(json.dumps(config))
    path.chmod(0o644)
    return path


class KubernetesLab(Lab):
    """Kubernetes with a claim; the controller is outside, with the controller's account."""

    name = "kubernetes"
    no_network = False  # the tests' cluster does not enforce policies
    many = 10
    quick = ("--steps-start-timeout", "15", "--steps-schedule-timeout", "5")
    pull_error = "cannot start: "
    too_large = "unschedulable: no node has taken the pod"

    def require(self) -> None:
        require("kubernetes", "kubectl", "get", "--raw", "/readyz")

    def study(self, flow: str) -> Study:
        folder = new_folder(cluster())
        fill(folder)
        options = ("--steps-claim", "study", "--steps-claim-mount", str(cluster()))
        return Study(
            folder,
            flow,
            PROFILES / self.name,
            (*options, "--steps-poll-seconds", "0.5", "--latency-wait", "5"),
            environment={"KUBECONFIG": str(controller_kubeconfig())},
        )

    def left(self, study: Study) -> list[str]:
        return kubectl("-n", NAMESPACE, "get", "pods", "-o", "name").split()


LABS["kubernetes"] = KubernetesLab()


def distributions(*roots: str) -> list[importlib.metadata.Distribution]:
    """Installed packages and all that they need."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(roots)
    while waiting:
        name = re.sub(r"[-_.]+", "-", re.split(r"[\s;<>=!~\[(]", waiting.pop(), maxsplit=1)[0])
        if name.lower() in found:
            continue
        try:
            found[name.lower()] = one = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform or an extra
        waiting += [r for r in one.requires or [] if "extra ==" not in r]
    return list(found.values())


@functools.cache
def controller_image() -> str:
    """Snakemake, the plugin and the storage plugin of this environment, in the base image."""
    images()
    context = new_folder()
    target = context / "packages"
    for one in distributions("snakemake", "snakemake-storage-plugin-s3"):
        for file in one.files or []:
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), target / file)
    plugin = "snakemake_executor_plugin_steps"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPOSITORY / "workflow" / plugin, target / plugin, ignore=ignore)
    (context / "Dockerfile").write_text(
        f"FROM {BASE_IMAGE}\nCOPY packages /opt/packages\n"
        "ENV PYTHONPATH=/opt/packages PYTHONDONTWRITEBYTECODE=1\nUSER 10001:10001\n"
    )
    tag = f"{REGISTRY}/steps-test/controller"
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    output_of("docker", "build", "--quiet", "--tag", tag, str(context), env=environment)
    output_of("docker", "push", "--quiet", tag)
    shutil.rmtree(context)
    digests = json.loads(
        output_of("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag)
    )
    return str(next(d for d in digests if d.startswith(tag + "@")))


@dataclass
class StagedStudy(Study):
    """A study whose files live in a bucket."""

    bucket: str = ""

    def results(self) -> dict[str, bytes]:
        found = bucket_contents(self.bucket, "run/results/")
        return {
            name: content
            for name, content in found.items()
            if name not in ("proof.txt", "report/.snakemake_timestamp")
        }


def storage() -> Any:
    """The object storage, as boto3 has it."""
    import boto3

    return boto3.resource(
        "s3", endpoint_url=S3_ENDPOINT, region_name="us-east-1",
        aws_access_key_id=S3_KEY, aws_secret_access_key=S3_SECRET,
    )  # fmt: skip


def bucket_contents(bucket: str, prefix: str) -> dict[str, bytes]:
    """Names after a prefix, and contents."""
    items = storage().Bucket(bucket).objects.filter(Prefix=prefix)
    return {item.key.removeprefix(prefix): item.get()["Body"].read() for item in items}


class StagedLab(KubernetesLab):
    """Kubernetes with object storage; a new bucket for every study."""

    name = "kubernetes-s3"
    too_long = "DeadlineExceeded: it ran longer than its runtime=1 minutes"

    def require(self) -> None:
        super().require()
        pytest.importorskip(
            "snakemake_storage_plugin_s3", reason="snakemake-storage-plugin-s3 is not installed"
        )
        host, port = S3_ENDPOINT.split("//")[1].split(":")
        with socket.socket() as probe:
            probe.settimeout(5)
            if probe.connect_ex((host, int(port))):
                pytest.skip(f"the object storage {S3_ENDPOINT} is not available")

    def study(self, flow: str) -> StagedStudy:
        folder = new_folder()
        fill(folder)
        bucket = folder.name.lower().replace("_", "-")
        storage().create_bucket(Bucket=bucket)
        storage().Bucket(bucket).upload_file(str(folder / "input.tsv"), "run/input.tsv")
        options = ("--steps-stager-image", controller_image())
        options += ("--default-storage-prefix", f"s3://{bucket}/run")
        return StagedStudy(
            folder,
            flow,
            PROFILES / self.name,
            (*options, "--steps-poll-seconds", "0.5", "--latency-wait", "5"),
            environment={
                "KUBECONFIG": str(controller_kubeconfig()),
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
                "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": S3_ENDPOINT,
                "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": S3_KEY,
                "SNAKEMAKE_STORAGE_S3_SECRET_KEY": S3_SECRET,
            },
            bucket=bucket,
        )


STAGED = StagedLab()
