"""Slurm with Apptainer: one batch job per job of the workflow."""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from snakemake_executor_plugin_steps.backend import Run
from snakemake_executor_plugin_steps.slurm.command import (
    Files,
    batch_script,
    job_name,
    parse_job_name,
    sbatch_command,
)
from snakemake_executor_plugin_steps.slurm.states import (
    ALIVE,
    HOPELESS,
    LOST,
    WELL,
    Listed,
    parse_image,
    parse_queue,
    reason_of,
)
from snakemake_executor_plugin_steps.submission import Outcome, StepsError, Submission
from snakemake_executor_plugin_steps.wrapper import parse_usage

MAX_MESSAGE = 800
PATIENCE_SECONDS = 60
LATENCY_SECONDS = 60
"""How long a shared file system may take to show what a node has written."""


def create(run: Run) -> "SlurmBackend":
    """The backend, ready: Slurm answers."""
    return SlurmBackend(run)


class SlurmBackend:
    """Submits with sbatch and looks with squeue; what it has forgotten, sacct may know."""

    def __init__(self, run: Run) -> None:
        if not run.shared:
            raise StepsError("slurm works with a file system that all nodes share")
        for program in ("sbatch", "squeue", "scancel"):
            if not shutil.which(program):
                raise StepsError(f"{program} is not installed")
        self._run = run
        self._scratch = shlex.quote(run.settings.scratch) if run.settings.scratch else ""
        self._since: dict[str, float] = {}
        self._ended: set[str] = set()
        self._accounting = bool(shutil.which("sacct"))
        self._queue()

    def _call(self, *args: str, script: str | None = None) -> str:
        try:
            done = subprocess.run(
                args,
                input=script,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=PATIENCE_SECONDS,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise StepsError(f"{args[0]} has not answered in {PATIENCE_SECONDS} s") from None
        if done.returncode:
            raise StepsError(f"{args[0]}: {done.stderr.strip()[-MAX_MESSAGE:]}")
        return done.stdout

    def _queue(self) -> dict[str, Listed]:
        return parse_queue(
            self._call("squeue", "--noheader", "--me", "--states=all", "--format=%i|%j|%T|%r")
        )

    def _forgotten(self, names: list[str]) -> dict[str, Listed]:
        """What accounting knows of jobs that squeue no longer lists; nothing where it is off."""
        if not names or not self._accounting:
            return {}
        wanted = ",".join(job_name(self._run.owner, name) for name in names)
        command = ["sacct", "--noheader", "--parsable2", "--allocations", "--duplicates"]
        command += ["--starttime=now-1days", f"--name={wanted}"]
        try:
            return parse_queue(self._call(*command, "--format=JobIDRaw,JobName,State,Reason"))
        except StepsError as error:
            self._accounting = False
            self._run.logger.info(f"Jobs that squeue forgets are known by their files: {error}")
            return {}

    def _files(self, submission: str) -> Files:
        return Files(self._run.folder / "reports", submission)

    def submit(self, submission: Submission) -> None:
        """Hand a job to Slurm."""
        files = self._files(submission.name)
        script = batch_script(submission, self._run.workdir, files, self._scratch)
        command = sbatch_command(
            submission,
            self._run.owner,
            files,
            self._run.settings.sbatch_args or "",
            os.environ,
        )
        self._call(*command, script=script)

    def poll(self, active: Mapping[str, Submission]) -> dict[str, Outcome]:
        """List once and judge those that have ended."""
        queue = self._queue()
        missing = [n for n in active if job_name(self._run.owner, n) not in queue]
        queue |= self._forgotten(missing)
        outcomes = {}
        for name, submission in active.items():
            listed = queue.get(job_name(self._run.owner, name))
            alive = listed is not None and listed.state in ALIVE
            if alive and name in missing:  # accounting may lag behind, but not for ever
                alive = self._may_come(name)
            if listed is not None and alive:
                outcome = self._waiting(submission, listed)
            else:
                outcome = self._judge(submission, listed)
            if outcome is not None:
                outcomes[name] = outcome
                self._ended.add(name)
        return outcomes

    def _waiting(self, submission: Submission, listed: Listed) -> Outcome | None:
        if listed.state != "PENDING" or listed.reason not in HOPELESS:
            return None
        self._revoke([submission.name])
        return Outcome(f"unschedulable: Slurm keeps the job waiting for {listed.reason}")

    def _judge(self, submission: Submission, listed: Listed | None) -> Outcome | None:
        files = self._files(submission.name)
        usages, images = [], []
        for index in range(len(submission.steps)):
            usages.append(parse_usage(_text(files.usage(index))))
            if usages[-1] is None or usages[-1].exit_code:
                break
        last = len(usages) - 1
        images = [parse_image(_text(files.image(i))) for i in range(last + 1)]
        unseen = not all(images[: last + 1 if usages[last] else last])
        unclear = unseen or (usages[last] is None and (listed is None or listed.state in WELL))
        if unclear and self._may_come(submission.name):
            return None
        lost = listed is not None and listed.state in LOST
        if lost:
            self._revoke([submission.name])
        for index, step in enumerate(submission.steps[: last + 1]):
            if images[index] != step.image and usages[index] is not None:
                reason = f"it ran in {images[index] or 'an unknown image'}, not in {step.image}"
                return Outcome(reason, index, tuple(usages), tuple(images))
        minutes = sum(step.runtime_minutes for step in submission.steps)
        reason = reason_of(submission.steps[last], listed, usages[last], minutes)
        return Outcome(reason, last, tuple(usages), tuple(images), lost)

    def _may_come(self, name: str) -> bool:
        since = self._since.setdefault(name, time.monotonic())
        return time.monotonic() - since < LATENCY_SECONDS

    def _revoke(self, names: list[str]) -> None:
        """Make sure that jobs end, even where Slurm does not answer or no longer knows them."""
        for name in names:
            self._files(name).revoked.touch()
        try:
            for name in names:
                self._call("scancel", f"--name={job_name(self._run.owner, name)}")
        except StepsError as error:
            self._run.logger.warning(f"Revoked jobs could not be cancelled: {error}")

    def write_log(self, submission: Submission, step: int, path: Path) -> None:
        """Save the output of the whole job."""
        source = self._files(submission.name).output
        if source.exists():
            shutil.copyfile(source, path)

    def remove(self, names: Collection[str]) -> None:
        """Remove what ended jobs have left in the folder; revoke those that have not ended."""
        if abandoned := [name for name in names if name not in self._ended]:
            self._revoke(abandoned)
        for name in names if not self._run.settings.keep else ():
            files = self._files(name)
            for path in files.folder.glob(f"{name}[.-]*"):
                if path != files.revoked:
                    path.unlink(missing_ok=True)
        self._ended.difference_update(names)

    def close(self) -> None:
        """Nobody waits."""

    def remove_all(self, everything: bool) -> None:
        """Cancel jobs and wait until they are over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        said = False
        while found := self._alive(everything):
            if everything and not said:
                self._run.logger.info(f"Removing {len(found)} jobs that an earlier run has left.")
                said = True
            self._call("scancel", *found)
            if time.monotonic() > deadline:
                raise StepsError(f"jobs could not be cancelled: {', '.join(found[:5])}")
            time.sleep(1)

    def _alive(self, everything: bool) -> list[str]:
        found = []
        for name, listed in self._queue().items():
            owner, submission = parse_job_name(name) or ("", "")
            mine = owner == self._run.owner
            if not everything:
                mine = mine and submission.startswith(f"{self._run.run_id}-")
            if mine and listed.state in ALIVE:
                found.append(listed.job_id)
        return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
