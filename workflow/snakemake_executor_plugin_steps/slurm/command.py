"""What is handed to Slurm: the arguments of sbatch and its script."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from snakemake_executor_plugin_steps.mounts import step_mounts
from snakemake_executor_plugin_steps.submission import Step, StepsError, Submission
from snakemake_executor_plugin_steps.wrapper import step_command, wrapped

PREFIX = "steps"
_RESOURCES = {
    "slurm_partition": "--partition",
    "slurm_account": "--account",
    "qos": "--qos",
    "constraint": "--constraint",
}
LOSS_SECONDS = 90
_WATCH_SECONDS = 10
_KEPT_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME")
_KEPT_PREFIXES = ("APPTAINER_", "SINGULARITY_")


@dataclass(frozen=True)
class Files:
    """Where a job leaves what it has to tell.

    Parameters
    ----------
    folder
        A folder that controller and nodes share.
    submission
        The job's name.
    """

    folder: Path
    submission: str

    @property
    def output(self) -> Path:
        """Standard output and error."""
        return self.folder / f"{self.submission}.out"

    def usage(self, index: int) -> Path:
        """The wrapper's report of a step."""
        return self.folder / f"{self.submission}-{index}.json"

    def image(self, index: int) -> Path:
        """What Apptainer says of the image that a step ran in."""
        return self.folder / f"{self.submission}-{index}.image.json"

    @property
    def revoked(self) -> Path:
        """Where this file is, the job must not run, wherever it still may."""
        return self.folder / f"{self.submission}.revoked"


# Waits by reading from a pipe that nobody writes to, since a `sleep` would outlive the job.
_WATCH = f"""
(
  trap '' TERM
  exec {{never}}<> <(:)
  until [ -e "$revoked" ]; do read -r -t {_WATCH_SECONDS} -u "$never" || :; done
  kill -TERM -- -$$ 2>/dev/null || kill -TERM $$
  read -r -t {_WATCH_SECONDS} -u "$never" || :
  kill -KILL -- -$$ 2>/dev/null || kill -KILL $$
) </dev/null >/dev/null 2>&1 &
watch=$!
disown  # or bash would say on the output of every job that it was killed
""".strip()


def job_name(owner: str, submission: str) -> str:
    """The job's name in Slurm, which tells whose it is."""
    return f"{PREFIX}-{owner}-{submission}"


def parse_job_name(name: str) -> tuple[str, str] | None:
    """Owner and submission; None for a job of anyone else."""
    parts = name.split("-", 2)
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == PREFIX else None


def sbatch_command(
    submission: Submission,
    owner: str,
    files: Files,
    extra: str,
    environment: Mapping[str, str],
) -> list[str]:
    """The arguments of sbatch, which reads the script from its standard input.

    Parameters
    ----------
    submission
        The job.
    owner
        Label of the working directory.
    files
        Where it writes.
    extra
        More arguments, as a shell would take them.
    environment
        The controller's variables; only those that Apptainer needs are passed on.
    """
    steps = submission.steps
    # Slurm's own requeueing would run a script anew over what the first run has half written,
    # unseen by Snakemake. Only the executor runs a job again: under a new name, outputs removed.
    command = [
        "sbatch", "--parsable", "--no-requeue", "--nodes=1", "--ntasks=1",
        f"--job-name={job_name(owner, submission.name)}",
        f"--comment=rule {submission.rule}",
        f"--output={str(files.output).replace('%', '%%')}",
        f"--mem={max(step.mem_mb for step in steps)}M",
        f"--cpus-per-task={max(step.threads for step in steps)}",
    ]  # fmt: skip
    kept = [
        name
        for name in sorted(environment)
        if name in _KEPT_VARIABLES or name.startswith(_KEPT_PREFIXES)
    ]
    command.append(f"--export={','.join(kept) or 'NIL'}")
    if minutes := sum(step.runtime_minutes for step in steps):
        command.append(f"--time={minutes}")
    if submission.after_loss:  # until then a lost node has seen that its job is revoked
        command.append(f"--begin=now+{LOSS_SECONDS}")
    resources = steps[-1].resources
    for name, option in _RESOURCES.items():
        if value := resources.get(name):
            command.append(f"{option}={value}")
    return [*command, *shlex.split(str(resources.get("slurm_extra") or "")), *shlex.split(extra)]


def exec_command(step: Step, workdir: Path) -> list[str]:
    """Run a step in its image, but for the scratch folder, which only the node knows.

    Raises
    ------
    StepsError
        The image is not there as a file, or a path cannot be bound.
    """
    if not step.sif:
        raise StepsError(
            "slurm needs --software-deployment-method apptainer, and software-deployment in"
            " --shared-fs-usage: then Snakemake pulls each image once"
        )
    command = ["apptainer", "--silent", "exec", "--containall", "--no-eval", "--no-home"]
    command += ["--net", "--network", "none", "--pwd", str(workdir)]
    for path, writable in step_mounts(step, workdir).items():
        if any(mark in path for mark in ',"\n'):
            raise StepsError(f"a path with a comma or a quotation mark cannot be bound: {path}")
        mode = "" if writable else ",ro"
        command += ["--mount", f"type=bind,source={path},destination={path}{mode}"]
    for key, value in sorted(step.environment.items()):
        if key != "HOME":  # Apptainer takes the host's, and refuses another
            command += ["--env", f"{key}={value}"]
    return command


def batch_script(submission: Submission, workdir: Path, files: Files, scratch: str) -> str:
    """The script of a job: its steps, one after another, each under the wrapper.

    The wrapper runs outside the image, where the node's control group can be seen. The job ends
    itself once it is revoked: a node that Slurm has given up may still run it.
    """
    lines = [
        "#!/bin/bash",
        "set -e",
        f"revoked={shlex.quote(str(files.revoked))}",
        'if [ -e "$revoked" ]; then echo "this job was revoked" >&2; exit 1; fi',
        f"cd {shlex.quote(str(workdir))}",
        f'scratch=$(mktemp -d "{scratch or "${TMPDIR:-/tmp}"}/steps-XXXXXXXX")',
        _WATCH,
        'trap \'kill -KILL "$watch" || :; rm -rf "$scratch"\' EXIT',
    ]
    for index, step in enumerate(submission.steps):
        command = shlex.join(wrapped(exec_command(step, workdir)))
        home = ["bash", "-c", f'HOME={step.environment["HOME"]} exec "$@"', "step"]
        inside = shlex.join([str(step.sif), *home, *step_command(step.script)])
        inspected = shlex.quote(str(files.image(index)))
        lines += [
            f"apptainer inspect --json {shlex.quote(str(step.sif))} >{inspected}",
            f"export STEP_REPORT={shlex.quote(str(files.usage(index)))}",
            # Without --workdir, /tmp would lie in memory and be small.
            f'{command} --workdir "$scratch" {inside}',
        ]
    return "\n".join(lines) + "\n"
