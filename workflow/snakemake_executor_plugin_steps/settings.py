"""What a profile can say about the backend; resources of rules are Snakemake's own matter."""

from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,  # --shared-fs-usage says whether files or object storage is used
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
)


def _option(default: Any, text: str, kind: type = str) -> Any:
    return field(default=default, metadata={"help": text, "type": kind})


def _flag(text: str) -> Any:
    return field(default=False, metadata={"help": text})


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]
    """Options of the command line, `--steps-...`, and keys of a profile, `steps-...`."""

    backend: str = _option("docker", "docker, podman, slurm or kubernetes.")
    poll_seconds: float = _option(1.0, "Seconds between two looks at the running jobs.", float)
    submissions_per_second: float = _option(10.0, "At most this many jobs start a second.", float)
    status_timeout: int = _option(
        600, "Seconds after which jobs fail if the backend does not answer.", int
    )
    restarts: int = _option(
        2, "How often a job runs again whose machine was lost; this is no attempt.", int
    )
    allow_tags: bool = _flag("Accept images by tag instead of by digest; for local tests only.")
    keep: bool = _flag("Keep finished containers and pods, to look into them.")
    run_as: str | None = _option(
        None,
        "uid[:gid] of the steps. Docker and Podman: you, if unset. Kubernetes: leave unset where"
        " the cluster assigns one (OpenShift).",
    )
    cpus: int | None = _option(
        None,
        "Docker and Podman: CPUs that jobs may use together; all of the engine's if unset.",
        int,
    )
    mem_mb: int | None = _option(
        None,
        "Docker and Podman: memory that jobs may use together; all of the engine's if unset.",
        int,
    )
    scratch: str | None = _option(
        None, "Docker, Podman and Slurm: folder for the steps' /tmp (default: this machine's)."
    )
    sbatch_args: str | None = _option(None, "Slurm: more arguments for every sbatch.")
    namespace: str | None = _option(
        None, "Kubernetes: namespace of the pods; the controller's own if unset."
    )
    claim: str | None = _option(
        None, "Kubernetes: PersistentVolumeClaim (ReadWriteMany) that holds the working directory."
    )
    claim_mount: str | None = _option(
        None, "Kubernetes: where that claim is mounted, in the controller and in every step."
    )
    stager_image: str | None = _option(
        None, "Kubernetes, object storage: image that moves files in and out, by digest."
    )
    storage_secret: str | None = _option(
        None, "Kubernetes, object storage: Secret whose keys become the stager's environment."
    )
    storage_token_audience: str | None = _option(
        None,
        "Kubernetes, object storage: the stagers, and they alone, get a token of the service"
        " account for this audience, at /var/run/secrets/steps/token.",
    )
    storage_timeout: int = _option(
        120, "Kubernetes, object storage: seconds without a byte moved; then it begins anew.", int
    )
    service_account: str | None = _option(
        None, "Kubernetes: service account of the steps' pods; it needs no rights."
    )
    start_timeout: int = _option(
        300, "Kubernetes: seconds after which a pod that cannot start fails its job.", int
    )
    schedule_timeout: int = _option(
        1800, "Kubernetes: seconds after which a pod that no node takes fails its job.", int
    )
    trust_node_digest: bool = _flag(
        "Kubernetes: accept another digest from the node, as nodes report for images of several"
        " platforms; the pod's own image is compared all the same."
    )
