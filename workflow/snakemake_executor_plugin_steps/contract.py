"""What a rule must be to run as a step, and how a Snakemake job becomes a submission."""

import math
import os
import re
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.submission import Step, StepsError

_DIGEST = re.compile(r"(?:[^@\s]+@)?sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(r"[a-z0-9][\w.\-/:]*(@sha256:[0-9a-f]{64})?")
DEFAULT_MEM_MB = 1000


def image_of(url: str) -> str:
    """The image's reference: the `container:` directive without its transport."""
    return url.removeprefix("docker://")


def is_pinned(image: str) -> bool:
    """Whether a reference names contents (`name@sha256:...` or `sha256:...`), not a moving tag."""
    return _DIGEST.fullmatch(image) is not None


def digest_of(image: str) -> str:
    """The digest in a reference; empty if it has none."""
    return image[image.index("sha256:") :] if "sha256:" in image else ""


def check_image(image: str, allow_tags: bool) -> None:
    """Refuse an image that is not pinned.

    Raises
    ------
    StepsError
        There is none, it is a file or of another transport, or it is named by a tag.
    """
    if not image:
        raise StepsError("the rule names no container: image; every step runs in its own")
    if "://" in image or image.startswith("/") or image.endswith(".sif"):
        raise StepsError(f"the image {image} is not of a registry: use docker://name@sha256:...")
    if is_pinned(image):
        return
    if not allow_tags or not _REFERENCE.fullmatch(image):
        raise StepsError(
            f"the image {image} is named by a tag, which can change: use name@sha256:..."
            " (for tests on one machine: --steps-allow-tags)"
        )


def check_rule(job: Any, allow_tags: bool, pulls_checkpoints: bool = False) -> None:
    """Refuse a job that cannot run as a step.

    Parameters
    ----------
    job
        Snakemake's job.
    allow_tags
        Accept images by tag.
    pulls_checkpoints
        Whether Snakemake would call Apptainer on this machine after a checkpoint.

    Raises
    ------
    StepsError
        It is no shell rule, uses pipes, services, shadow folders, repeated benchmarks, handover
        or a checkpoint that cannot work here, or its image is missing or not pinned.
    """
    refused = {
        "a rule without shell: (script, run, notebook, wrapper ...)": not job.is_shell,
        "pipe()": job.is_pipe,
        "service()": job.is_service,
        "shadow:": job.is_shadow,
        "repeat() in benchmark:": bool(job.benchmark) and (job.benchmark_repeats or 1) != 1,
        "handover:": job.rule.is_handover,
    }
    for what, used in refused.items():
        if used:
            raise StepsError(f"{what} does not work in a step's own image")
    if job.rule.is_checkpoint and pulls_checkpoints:
        raise StepsError(
            "after a checkpoint Snakemake calls Apptainer on this machine: leave"
            " software-deployment-method: apptainer away, or make it a rule"
        )
    check_image(image_of(job.container_img_url or ""), allow_tags)


def written_files(job: Any) -> list[Any]:
    """Outputs, logs and the benchmark of a job."""
    return [*job.output, *job.log, *([job.benchmark] if job.benchmark else [])]


def step_of(job: Any, script: str, with_sif: bool) -> Step:
    """The step that a job asks for.

    Parameters
    ----------
    job
        Snakemake's job, checked.
    script
        Where its script will be.
    with_sif
        Whether Snakemake pulls images as files, for Apptainer.
    """
    resources = dict(job.resources)

    def amount(name: str, default: int) -> int:
        value = resources.get(name)
        return math.ceil(value) if isinstance(value, (int, float)) and value > 0 else default

    heading = f"# rule {job.rule.name}, jobid {job.jobid}, attempt {job.attempt}"
    return Step(
        rule=job.rule.name,
        image=image_of(job.container_img_url),
        script=script,
        text=f"{heading}\n{job.shellcmd}\n",
        threads=max(int(job.threads), 1),
        mem_mb=amount("mem_mb", DEFAULT_MEM_MB),
        disk_mb=amount("disk_mb", 0),
        runtime_minutes=amount("runtime", 0),
        inputs=tuple(str(f) for f in job.input),
        written=tuple(str(f) for f in written_files(job)),
        sif=str(job.container_img_path) if with_sif and job.container_img_path else None,
        resources=resources,
    )


def output_folders(step: Step, workdir: Path) -> list[str]:
    """Absolute folders of what a step writes: all that it may write."""
    paths = (os.path.normpath(os.path.join(workdir, path)) for path in step.written)
    return sorted({os.path.dirname(path) for path in paths})
