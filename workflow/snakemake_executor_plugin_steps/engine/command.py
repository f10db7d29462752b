"""The command lines of Docker and Podman, as lists."""

from dataclasses import dataclass
from pathlib import Path

from snakemake_executor_plugin_steps.engine.facts import Facts
from snakemake_executor_plugin_steps.mounts import step_mounts
from snakemake_executor_plugin_steps.submission import Step, StepsError
from snakemake_executor_plugin_steps.wrapper import REPORT, step_command, wrapped

LABEL_OWNER = "snakemake-steps.owner"
LABEL_RUN = "snakemake-steps.run"
PREFIX = "steps-"
PIDS_LIMIT = 4096
LOG_SIZE = "64m"


@dataclass(frozen=True)
class Place:
    """Where a container runs.

    Parameters
    ----------
    workdir
        The working directory.
    scratch
        A folder of its own, which becomes its /tmp.
    report
        The file that becomes the wrapper's report.
    user
        `uid:gid`.
    owner, run_id
        Labels.
    """

    workdir: Path
    scratch: Path
    report: Path
    user: str
    owner: str
    run_id: str


def container_name(submission: str, index: int) -> str:
    """Name of the container of a submission's step."""
    return f"{PREFIX}{submission}-{index}"


def parse_container_name(name: str) -> tuple[str, int]:
    """Submission and step of a container."""
    submission, _, index = name.removeprefix(PREFIX).rpartition("-")
    return submission, int(index)


def _mount(source: str, target: str, writable: bool) -> list[str]:
    if any(mark in source for mark in ',"\n'):
        raise StepsError(f"a path with a comma or a quotation mark cannot be mounted: {source}")
    mode = "" if writable else ",readonly"
    return ["--mount", f"type=bind,source={source},target={target}{mode}"]


def _confinement(user: str, facts: Facts) -> list[str]:
    command = ["--user", user, "--cap-drop", "ALL"]
    command += ["--security-opt", "no-new-privileges", "--network", "none", "--read-only"]
    if facts.name == "podman":
        command += ["--read-only-tmpfs=false", "--log-driver", "k8s-file"]
        if facts.rootless:
            command += ["--userns", "keep-id"]
    else:
        command += ["--log-driver", "json-file"]
    command += ["--log-opt", f"max-size={LOG_SIZE}"]
    if facts.selinux:
        command += ["--security-opt", "label=disable"]
    return command


def _limits(step: Step, facts: Facts) -> list[str]:
    if not facts.limits:
        return []
    memory = f"{step.mem_mb}m"
    return [
        "--memory", memory, "--memory-swap", memory,
        "--cpus", str(min(step.threads, facts.cpus)), "--pids-limit", str(PIDS_LIMIT),
    ]  # fmt: skip


def run_command(name: str, step: Step, image: str, place: Place, facts: Facts) -> list[str]:
    """Start a step's container and leave it running.

    Parameters
    ----------
    name
        Name of the container.
    step
        What runs in it.
    image
        The image, as the engine knows it.
    place
        Where it runs.
    facts
        What the engine can do.

    Returns
    -------
    list of str
        The command. Not `--rm`: an ended container says how it ended.

    Raises
    ------
    StepsError
        A path cannot be mounted.
    """
    command = [facts.name, "run", "--detach", "--pull=never", "--name", name]
    command += ["--label", f"{LABEL_OWNER}={place.owner}", "--label", f"{LABEL_RUN}={place.run_id}"]
    command += [*_confinement(place.user, facts), *_limits(step, facts)]
    for path, writable in step_mounts(step, place.workdir).items():
        command += _mount(path, path, writable)
    command += _mount(str(place.scratch), "/tmp", writable=True)
    command += _mount(str(place.report), REPORT, writable=True)
    command += ["--workdir", str(place.workdir)]
    for key, value in sorted(step.environment.items()):
        command += ["--env", f"{key}={value}"]
    entry, *arguments = wrapped(step_command(step.script))
    return [*command, "--entrypoint", entry, image, *arguments]


def list_command(engine: str, label: str, value: str) -> list[str]:
    """List containers with a label: name and state, one a line."""
    return [
        engine, "ps", "--all", "--no-trunc", "--filter", f"label={label}={value}",
        "--format", "{{.Names}} {{.State}}",
    ]  # fmt: skip
