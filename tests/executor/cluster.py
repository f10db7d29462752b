"""Kubernetes, with a claim and with object storage: a namespace of the tests' own."""

import atexit
import base64
import functools
import importlib.metadata
import json
import os
import re
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor.lab import (
    BASE_IMAGE,
    LABS,
    PROFILES,
    REGISTRY,
    REPOSITORY,
    Lab,
    Study,
    fill,
    images,
    new_folder,
    output_of,
    require,
    wait_until,
)

S3_ENDPOINT = os.environ.get("STEPS_TEST_S3", "http://172.17.0.1:9000")
API_HOST = os.environ.get("STEPS_TEST_API_HOST", "172.17.0.1")
S3_KEY = os.environ.get("STEPS_TEST_S3_KEY", "genocohort")
S3_SECRET = os.environ.get("STEPS_TEST_S3_SECRET", "genocohort-secret")
NAMESPACE = f"steps-test-{os.getpid()}"


def kubectl(*args: str, text: str | None = None) -> str:
    """Output of kubectl as the cluster's administrator."""
    return output_of("kubectl", *args, input=text)


def documents(name: str, changes: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Manifests of a profile, `<profile>/<file>`, for the namespace of the tests.

    Parameters
    ----------
    name
        Which.
    changes
        Texts to be replaced, as a site does.
    """
    text = (PROFILES / name).read_text()
    for old, new in (changes or {}).items():
        assert old in text, f"{name} does not say {old}"
        text = text.replace(old, new)
    found = [one for one in yaml.safe_load_all(text) if one]
    for one in found:
        place = one["metadata"]
        if one["kind"] == "Namespace":
            place["name"] = NAMESPACE
        else:
            assert place["namespace"] == "genocohort"
            place["namespace"] = NAMESPACE
        for subject in one.get("subjects", []):
            subject["namespace"] = NAMESPACE
    return found


def apply(*objects: dict[str, Any]) -> None:
    """Make or change objects of the cluster."""
    kubectl(
        "apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    )


def volume(folder: Path, name: str, storage_class: str) -> dict[str, Any]:
    """A folder of this machine as a volume."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": {"steps-test": NAMESPACE}},
        "spec": {
            "capacity": {"storage": "10Ti"},
            "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            "storageClassName": storage_class,
            "hostPath": {"path": str(folder)},
        },
    }


def secret(**changes: str) -> dict[str, Any]:
    """What the stagers need to know of the storage."""
    values = {
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": S3_ENDPOINT,
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": S3_KEY,
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": S3_SECRET,
        **changes,
    }
    place = {"name": "storage", "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": place, "stringData": values}


@functools.cache
def cluster() -> Path:
    """A namespace with the profile's own manifests, and the claim: its folder on this machine."""
    folder = new_folder()
    atexit.register(leave_cluster)
    claim = documents(
        "kubernetes/claim.yaml", {"storageClassName: shared": f"storageClassName: {NAMESPACE}"}
    )
    apply(
        *documents("kubernetes/cluster.yaml"),
        volume(folder, NAMESPACE, NAMESPACE),
        *claim,
        secret(),
    )
    wait_until(
        lambda: '"Bound"' in kubectl("-n", NAMESPACE, "get", "pvc", "genocohort", "-o", "json")
    )
    return folder


def leave_cluster() -> None:
    """Delete what the tests have made in the cluster."""
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    kubectl("delete", "persistentvolume", "-l", f"steps-test={NAMESPACE}", "--wait=false")


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
        options = ("--steps-claim-mount", str(cluster()))
        study = Study(
            folder,
            flow,
            PROFILES / self.name,
            (*options, "--steps-poll-seconds", "0.5", "--latency-wait", "5"),
            environment={"KUBECONFIG": str(controller_kubeconfig())},
        )
        self.studies.append(study)
        return study

    def left(self, study: Study) -> list[str]:
        return kubectl("-n", NAMESPACE, "get", "pods", "-o", "name").split()

    def remove(self, names: list[str]) -> None:
        kubectl(
            "-n",
            NAMESPACE,
            "delete",
            "--ignore-not-found",
            "--wait=false",
            "--force",
            "--grace-period=0",
            *names,
        )


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
        "RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/packages\n"
        "ENV PYTHONPATH=/opt/packages PYTHONDONTWRITEBYTECODE=1\nUSER 10001:10001\n"
    )
    name = f"{REGISTRY}/steps-test/controller"
    # Processes of the tests build side by side.
    tag = f"{name}:{os.getpid()}"
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    output_of("docker", "build", "--quiet", "--tag", tag, str(context), env=environment)
    output_of("docker", "push", "--quiet", tag)
    shutil.rmtree(context)
    digests = json.loads(
        output_of("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag)
    )
    return str(next(d for d in digests if d.startswith(name + "@")))


IN_MANIFESTS = "registry.example/genocohort/controller@sha256:" + "0" * 64


def start_controller(
    manifest: str,
    image: str,
    workdir: str,
    command: list[str],
    args: list[str],
    changes: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    """Apply a controller's manifest as a site does: image, working directory and command."""
    objects = documents(manifest, {IN_MANIFESTS: image, **(changes or {})})
    job = next(one for one in objects if one["kind"] == "Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    server = json.loads(kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    port = server["clusters"][0]["cluster"]["server"].rsplit(":", 1)[1]
    # The tests' cluster has no network of services.
    address = {"KUBERNETES_SERVICE_HOST": API_HOST, "KUBERNETES_SERVICE_PORT": port}
    more = {**address, **(environment or {})}
    container["workingDir"] = workdir
    container["command"], container["args"] = command, args
    container["env"] += [{"name": name, "value": value} for name, value in more.items()]
    apply(*objects)


def finish_controller(seconds: float = 900) -> str:
    """Wait for the controller's job, which must succeed; its output."""

    def result() -> str:
        found = json.loads(kubectl("-n", NAMESPACE, "get", "job", "controller", "-o", "json"))
        return next((k for k in ("succeeded", "failed") if found.get("status", {}).get(k)), "")

    wait_until(result, seconds)
    text = kubectl("-n", NAMESPACE, "logs", "job/controller")
    assert result() == "succeeded", text
    return text


def end_controller() -> None:
    """Delete the controller's job, if there is one."""
    kubectl("-n", NAMESPACE, "delete", "job", "controller", "--ignore-not-found")


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
        bucket = folder.name.lower().replace("_", "0")
        storage().create_bucket(Bucket=bucket)
        storage().Bucket(bucket).upload_file(str(folder / "input.tsv"), "run/input.tsv")
        options = ("--steps-stager-image", controller_image())
        options += ("--default-storage-prefix", f"s3://{bucket}/run")
        study = StagedStudy(
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
        self.studies.append(study)
        return study


STAGED = StagedLab()
