"""A job as a pod: a bare pod, because Snakemake itself decides about retries."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.mounts import step_mounts
from snakemake_executor_plugin_steps.submission import Step, StepsError, Submission
from snakemake_executor_plugin_steps.wrapper import step_command, wrapped

LABEL_OWNER = "snakemake-steps/owner"
LABEL_RUN = "snakemake-steps/run"
LABEL_RULE = "snakemake-steps/rule"
STAGED_WORKDIR = "/work"
REPORTS = ".steps"
"""Folder of the wrappers' reports, where the stager reads them."""

STAGER_MODULE = "snakemake_executor_plugin_steps.staging"
STAGER_MEM_MB = 512
STAGERS = ("stage-in", "stage-out")
TOKEN_FOLDER = "/var/run/secrets/steps"
"""Where the stagers alone find a token of the pod's account, if one is asked for."""
TOKEN_SECONDS = 86_400
GRACE_SECONDS = 10
SECONDS_PER_MINUTE = 60
# Nodes keep a part of each core for themselves: four threads must still fit on four cores.
MILLICORES_REQUESTED = 900
MILLICORES = 1000

Object = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """What all pods of a run have in common.

    Parameters
    ----------
    workdir
        The controller's working directory.
    owner, run_id
        Labels.
    claim, claim_mount
        The claim that holds the working directory, and where it is mounted; empty with object
        storage.
    stager_image, storage_secret, storage_token_audience, storage_timeout
        What moves files with object storage, and what it proves itself with.
    run_as
        `uid[:gid]`; empty where the cluster assigns one.
    controller
        Name and uid of the controller's pod, if it is one: with it go its pods.
    """

    workdir: Path
    owner: str
    run_id: str
    claim: str = ""
    claim_mount: str = ""
    stager_image: str = ""
    storage_secret: str = ""
    storage_token_audience: str = ""
    storage_timeout: int = 120
    run_as: str = ""
    service_account: str = ""
    controller: tuple[str, str] | None = None


def pod_name(submission: str) -> str:
    """Name of a submission's pod."""
    return f"steps-{submission}"


def step_container_name(index: int) -> str:
    """Name of a step's container."""
    return f"step-{index}"


def step_index(container: str) -> int | None:
    """Which step a container is; None for a stager."""
    return int(container.removeprefix("step-")) if container.startswith("step-") else None


def container_images(submission: Submission, stager_image: str) -> dict[str, str]:
    """The image that each container of a job must run in, by its name."""
    stagers = dict.fromkeys(STAGERS if stager_image else (), stager_image)
    steps = {step_container_name(i): step.image for i, step in enumerate(submission.steps)}
    return {**stagers, **steps}


def pod(submission: Submission, site: Site) -> Object:
    """The pod of a job.

    With a claim, the steps are its containers: the last is the main one, those before are init
    containers, which run in order. With object storage, a stager brings the files, the steps run
    without credentials, and another stager takes the results away.

    Raises
    ------
    StepsError
        The job cannot be a pod of this site.
    """
    steps = submission.steps
    # One after another, but in the same folders: what all of them leave adds up.
    disk_mb = sum(step.disk_mb for step in steps)
    volumes: list[Object] = [{"name": "tmp", "emptyDir": _sized(disk_mb)}]
    if site.claim:
        containers = [_claim_step(i, step, site, disk_mb) for i, step in enumerate(steps)]
        volumes.append({"name": "work", "persistentVolumeClaim": {"claimName": site.claim}})
    else:
        containers = [
            _stager("stage-in", submission, site, disk_mb),
            *(_staged_step(i, step, disk_mb) for i, step in enumerate(steps)),
            _stager("stage-out", submission, site, disk_mb),
        ]
        volumes.append({"name": "work", "emptyDir": _sized(disk_mb)})
        if site.storage_token_audience:
            volumes.append(_token_volume(site.storage_token_audience))
    spec: Object = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": _pod_security(site.run_as),
        "initContainers": containers[:-1],
        "containers": containers[-1:],
        "volumes": volumes,
    }
    if site.service_account:
        spec["serviceAccountName"] = site.service_account
    if minutes := sum(step.runtime_minutes for step in steps):
        spec["activeDeadlineSeconds"] = minutes * SECONDS_PER_MINUTE
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(submission, site),
        "spec": spec,
    }


def _metadata(submission: Submission, site: Site) -> Object:
    metadata: Object = {
        "name": pod_name(submission.name),
        "labels": {
            "app.kubernetes.io/managed-by": "snakemake-steps",
            LABEL_OWNER: site.owner,
            LABEL_RUN: site.run_id,
            LABEL_RULE: _label(submission.rule),
        },
    }
    if site.controller:
        name, uid = site.controller
        owner = {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid}
        metadata["ownerReferences"] = [owner]
    return metadata


def _label(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:63].strip("-_.")


def _token_volume(audience: str) -> Object:
    token = {"audience": audience, "expirationSeconds": TOKEN_SECONDS, "path": "token"}
    return {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}}


def _sized(disk_mb: int) -> Object:
    return {"sizeLimit": f"{disk_mb}M"} if disk_mb else {}


def _pod_security(run_as: str) -> Object:
    security: Object = {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        # Or each pod would first change the owner of every file of the study.
        "fsGroupChangePolicy": "OnRootMismatch",
    }
    if run_as:
        user, _, group = run_as.partition(":")
        if not user.isdigit() or (group and not group.isdigit()) or int(user) == 0:
            raise StepsError(f"--steps-run-as takes numbers, uid[:gid], and never root: {run_as}")
        security["runAsUser"] = int(user)
        if group:
            security["runAsGroup"] = int(group)
            if int(group):
                security["fsGroup"] = int(group)
    return security


def _resources(mem_mb: int, threads: int, disk_mb: int) -> Object:
    common: Object = {"memory": f"{mem_mb}M"}
    if disk_mb:
        common["ephemeral-storage"] = f"{disk_mb}M"
    return {
        "requests": {"cpu": f"{threads * MILLICORES_REQUESTED}m", **common},
        "limits": {"cpu": f"{threads * MILLICORES}m", **common},
    }


def _container(
    name: str,
    image: str,
    command: list[str],
    env: Mapping[str, str],
    resources: Object,
    mounts: list[Object],
    workdir: str,
) -> Object:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "workingDir": workdir,
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [*mounts, {"name": "tmp", "mountPath": "/tmp"}],
    }


def _claim_step(index: int, step: Step, site: Site, disk_mb: int) -> Object:
    mounts = []
    for path, writable in step_mounts(step, site.workdir).items():
        inside = os.path.relpath(path, site.claim_mount)
        if inside.startswith(".."):
            raise StepsError(f"{path} is not on the claim {site.claim} ({site.claim_mount})")
        mount: Object = {"name": "work", "mountPath": path, "readOnly": not writable}
        if inside != ".":
            mount["subPath"] = inside
        mounts.append(mount)
    return _container(
        step_container_name(index),
        step.image,
        wrapped(step_command(step.script)),
        step.environment,
        _resources(step.mem_mb, step.threads, disk_mb),
        mounts,
        str(site.workdir),
    )


_STAGED_MOUNT: list[Object] = [{"name": "work", "mountPath": STAGED_WORKDIR}]


def _staged_step(index: int, step: Step, disk_mb: int) -> Object:
    return _container(
        step_container_name(index),
        step.image,
        wrapped(step_command(step.script)),
        {**step.environment, "STEP_LATER": f"{REPORTS}/{index}.json"},
        _resources(step.mem_mb, step.threads, disk_mb),
        _STAGED_MOUNT,
        STAGED_WORKDIR,
    )


def _stager(name: str, submission: Submission, site: Site, disk_mb: int) -> Object:
    env = {
        "HOME": "/tmp",
        "USER": "stager",
        "PYTHONUNBUFFERED": "1",
        "STEP_MANIFEST": submission.manifest,
        "STEP_STORAGE_TIMEOUT": str(site.storage_timeout),
    }
    mounts = [*_STAGED_MOUNT]
    if site.storage_token_audience:
        mounts.append({"name": "token", "mountPath": TOKEN_FOLDER, "readOnly": True})
    container = _container(
        name,
        site.stager_image,
        ["python3", "-m", STAGER_MODULE, name.removeprefix("stage-")],
        env,
        _resources(STAGER_MEM_MB, 1, disk_mb),
        mounts,
        STAGED_WORKDIR,
    )
    if site.storage_secret:
        container["envFrom"] = [{"secretRef": {"name": site.storage_secret}}]
    return container
