"""The executor that Snakemake talks to: jobs become submissions, outcomes become reports."""

import asyncio
import hashlib
import json
import os
import time
import uuid
from collections.abc import AsyncGenerator
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import DeploymentMethod, SharedFSUsage

from snakemake_executor_plugin_steps.backend import Run, load_backend
from snakemake_executor_plugin_steps.benchmark import benchmark_text
from snakemake_executor_plugin_steps.contract import check_rule, image_of, step_of, written_files
from snakemake_executor_plugin_steps.staging.controller import Staging
from snakemake_executor_plugin_steps.submission import (
    Closing,
    Outcome,
    Step,
    StepsError,
    Submission,
)
from snakemake_executor_plugin_steps.submitter import Submitter

FOLDER = ".snakemake/steps"
TAIL_LINES = 15
TAIL_BYTES = 64 * 1024
FIRST_LOOK_SECONDS = 0.1
LOOK_LATER = 1.4
MANY_JOBS = 10
"""Few jobs are looked at soon after a change, then less and less often; many at a steady pace."""


@dataclass
class Tracked:
    """A job on its way: its submission, the future of handing it over, its lost machines."""

    submission: Submission
    members: list[Any]
    future: "Future[None]"
    losses: int = 0


class Executor(RemoteExecutor):  # type: ignore[misc]
    """Runs every job in a container of its own rule's image."""

    next_look = FIRST_LOOK_SECONDS  # Snakemake begins to look before __post_init__ has ended

    def __post_init__(self) -> None:
        settings = self.workflow.executor_settings
        usage = self.workflow.storage_settings.shared_fs_usage
        self.with_sif = SharedFSUsage.SOFTWARE_DEPLOYMENT in usage
        methods = self.workflow.deployment_settings.deployment_method
        # After a checkpoint Snakemake pulls all images as files, also where nothing needs them.
        self.pulls_checkpoints = DeploymentMethod.APPTAINER in methods and not self.with_sif
        workdir = Path(os.path.realpath(os.getcwd()))
        folder = workdir / FOLDER
        for name in ("scripts", "reports", "logs"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        where = [settings.backend, settings.claim or self._storage_prefix(), str(workdir)]
        jobs = [job for job in self.dag.needrun_jobs() if not job.is_local]
        self.cancelled = False
        self.looking = Lock()  # nothing is started by a look that overlaps with cancelling
        self.steps_run = Run(
            settings=settings,
            logger=self.logger,
            workdir=workdir,
            folder=folder,
            # One controller per working directory (Snakemake's lock): all else is an orphan.
            owner=hashlib.sha256("\n".join(where).encode()).hexdigest()[:12],
            run_id=uuid.uuid4().hex[:8],
            shared=SharedFSUsage.INPUT_OUTPUT in usage,
            images=tuple(sorted({image_of(j.container_img_url or "") for j in jobs} - {""})),
        )
        shared = self.steps_run.shared
        self.staging = None if shared else Staging(self.workflow, folder, f"{FOLDER}/manifests")
        self.silent_since: float | None = None
        self.submitted, self.naming = 0, Lock()
        try:
            for job in jobs:
                self._check(job)
            self.backend = load_backend(self.steps_run)
            self.backend.remove_all(everything=True)
        except StepsError as error:
            raise WorkflowError(str(error)) from error
        self.submitter = Submitter(self.backend.submit, settings.submissions_per_second)

    def _storage_prefix(self) -> str:
        return str(self.workflow.storage_settings.default_storage_prefix or "")

    def _check(self, job: Any) -> None:
        try:
            check_rule(job, self.steps_run.settings.allow_tags, self.pulls_checkpoints)
        except StepsError as error:
            raise StepsError(f"rule {job.rule.name}: {error}") from None

    def run_job(self, job: Any) -> None:
        """Submit a job or a group; a job that cannot be submitted is a failed job."""
        info = SubmittedJobInfo(job=job)
        members = [m for level in job.toposorted for m in level] if job.is_group() else [job]
        try:
            submission = self._submission(job, members)
        except Exception as error:
            self._report_failure(info, f"it was not submitted: {_words(error)}", [])
            return
        info.external_jobid = submission.name
        info.aux = {"tracked": Tracked(submission, members, self.submitter.add(submission))}
        self._look_soon(len(self.active_jobs) + 1)
        self.report_job_submission(info)

    def _submission(self, job: Any, members: list[Any]) -> Submission:
        for member in members:
            self._check(member)
        if self.steps_run.shared:
            for member in members:
                self.workflow.async_run(_prepare(member))
        return self._written(job, members, self._next_name())

    def _look_soon(self, jobs: int) -> None:
        seconds = self.workflow.executor_settings.poll_seconds * jobs / MANY_JOBS
        self.next_look = max(seconds, FIRST_LOOK_SECONDS)

    def _next_name(self) -> str:
        with self.naming:
            self.submitted += 1
            return f"{self.steps_run.run_id}-{self.submitted}"

    def _written(
        self, job: Any, members: list[Any], name: str, after_loss: bool = False
    ) -> Submission:
        """The submission of a job that is prepared, its scripts written."""
        steps = [
            step_of(member, f"{FOLDER}/scripts/{name}-{i}.sh", self.with_sif)
            for i, member in enumerate(members)
        ]
        if self.staging is None:
            for step in steps:
                (self.steps_run.workdir / step.script).write_text(step.text, encoding="utf-8")
            return Submission(name, tuple(steps), after_loss=after_loss)
        unneeded = {str(f) for f in self.dag.get_unneeded_temp_files(job)}
        manifest = self.staging.manifest(name, members, steps, unneeded)
        return Submission(name, tuple(steps), manifest, after_loss)

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Report the jobs that have ended; yield the others."""
        begun: dict[str, SubmittedJobInfo] = {}
        for info in active_jobs:
            tracked: Tracked = info.aux["tracked"]
            future = tracked.future
            if self.cancelled or not future.done() or future.cancelled():
                yield info
            elif error := future.exception():
                if not isinstance(error, Closing):
                    reason = f"it was not submitted: {_words(error)}"
                    self._record(tracked, Outcome(reason))
                    self._report_failure(info, reason, [])
            else:
                begun[info.external_jobid] = info
        if not begun:
            return
        async with self.status_rate_limiter:
            with self.looking:
                outcomes = {} if self.cancelled else self._outcomes(begun)
        self._end_failed(begun, outcomes)
        for name, info in begun.items():
            if name not in outcomes or await self._started_again(info, outcomes[name]):
                yield info
            else:
                self._finish(info, outcomes[name])
        if outcomes:
            self._look_soon(len(active_jobs))
            self._forget([name for name, outcome in outcomes.items() if outcome.ok])

    def _end_failed(self, begun: dict[str, SubmittedJobInfo], outcomes: dict[str, Outcome]) -> None:
        """Keep the output of failed jobs and remove them, before a next attempt can start."""
        failed = [name for name, outcome in outcomes.items() if not outcome.ok]
        for name in failed:
            submission, step = begun[name].aux["tracked"].submission, outcomes[name].step
            log = self._log(submission)
            self._attempt("save its output", self.backend.write_log, submission, step, log)
        self._forget(failed)

    def _forget(self, names: list[str]) -> None:
        if names:
            self._attempt("forget the ended jobs", self.backend.remove, names)

    def _outcomes(self, begun: dict[str, SubmittedJobInfo]) -> dict[str, Outcome]:
        try:
            found = self.backend.poll({n: i.aux["tracked"].submission for n, i in begun.items()})
            self.silent_since = None
            return found
        except Exception as error:
            now = time.monotonic()
            self.silent_since = self.silent_since or now
            silent = now - self.silent_since
            self.logger.warning(f"The state of the jobs is unknown, trying again: {_words(error)}")
            if silent < self.steps_run.settings.status_timeout:
                return {}
            reason = f"the backend has not answered for {silent:.0f} s: {_words(error)}"
            return dict.fromkeys(begun, Outcome(reason))

    async def _started_again(self, info: SubmittedJobInfo, outcome: Outcome) -> bool:
        """Whether a job whose machine was lost is on its way again, as a job of its own."""
        tracked: Tracked = info.aux["tracked"]
        if not outcome.lost or tracked.losses >= self.steps_run.settings.restarts:
            return False
        self._record(tracked, outcome)
        name = self._next_name()
        try:
            if self.steps_run.shared:
                for member in tracked.members:
                    await _prepare(member)
            submission = self._written(info.job, tracked.members, name, after_loss=True)
        except Exception as error:
            self.logger.error(f"Job {tracked.submission.name} is not run again: {_words(error)}")
            return False
        words = f"Job {tracked.submission.name} of rule {submission.rule} runs again as {name}"
        self.logger.warning(f"{words}: {outcome.reason}")
        future = self.submitter.add(submission)
        info.external_jobid = name
        info.aux["tracked"] = Tracked(submission, tracked.members, future, tracked.losses + 1)
        return True

    def _finish(self, info: SubmittedJobInfo, outcome: Outcome) -> None:
        tracked: Tracked = info.aux["tracked"]
        self._record(tracked, outcome)
        if self.staging:
            self.staging.learn(outcome)
            self._attempt("remove its manifest", self.staging.forget, tracked.submission.name)
        if not outcome.ok:
            log = self._log(tracked.submission)
            step = tracked.submission.steps[outcome.step]
            self._report_failure(info, _explained(outcome.reason, step, info.job, log), [log])
            return
        if self.steps_run.shared:
            try:
                for member, usage in zip(tracked.members, outcome.usages, strict=True):
                    if member.benchmark:
                        Path(member.benchmark).write_text(benchmark_text(usage), encoding="utf-8")
            except OSError as error:
                self._report_failure(info, f"its benchmark was not written: {error}", [])
                return
            for step in tracked.submission.steps:
                (self.steps_run.workdir / step.script).unlink(missing_ok=True)
        else:
            _forget_directory_flags(tracked.members)
        self.report_job_success(info)

    def _log(self, submission: Submission) -> Path:
        return self.steps_run.folder / "logs" / f"{submission.name}.log"

    def _report_failure(self, info: SubmittedJobInfo, reason: str, logs: list[Path]) -> None:
        if info.job.is_group():  # Snakemake leaves the message of a group away
            self.logger.error(f"Group {info.job.groupid}: {reason}")
        self.report_job_error(info, msg=reason + "\n", aux_logs=[str(p) for p in logs])

    def _record(self, tracked: Tracked, outcome: Outcome) -> None:
        """Append to jobs.jsonl what each step asked for, ran in and used."""
        lines = []
        for i, (step, member) in enumerate(
            zip(tracked.submission.steps, tracked.members, strict=True)
        ):
            if not outcome.ok and i > outcome.step:
                break
            usage = outcome.usages[i] if i < len(outcome.usages) else None
            line = {
                "rule": step.rule,
                "wildcards": dict(member.wildcards_dict),
                "attempt": member.attempt,
                "job": tracked.submission.name,
                "backend": self.steps_run.settings.backend,
                "image": step.image,
                "ran_in": outcome.images[i] if i < len(outcome.images) else None,
                "stagers": dict(outcome.stagers),
                "threads": step.threads,
                "mem_mb": step.mem_mb,
                "usage": asdict(usage) if usage else None,
                "reason": "" if i < outcome.step or outcome.ok else outcome.reason,
            }
            lines.append(json.dumps(line, sort_keys=True) + "\n")
        with (self.steps_run.folder / "jobs.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def _attempt(self, what: str, action: Any, *args: Any) -> None:
        try:
            action(*args)
        except Exception as error:
            self.logger.warning(f"Could not {what}: {_words(error)}")

    async def sleep(self) -> None:
        """Wait between two looks: shortly after a job has begun or ended, longer if none does."""
        longest = self.workflow.executor_settings.poll_seconds
        seconds = min(self.next_look, longest)
        self.next_look = min(seconds * LOOK_LATER, longest)
        await asyncio.sleep(seconds)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End all jobs of this run, also those that were being submitted."""
        self.cancelled = True
        self._stop_submitting()
        with self.looking:
            self._attempt("end all jobs", self.backend.remove_all, False)

    def shutdown(self) -> None:
        """Stop the threads; nothing is left to run."""
        self._stop_submitting()
        if self.staging:
            self._attempt("remove manifests", self.staging.forget_all)
        super().shutdown()

    def _stop_submitting(self) -> None:
        self.backend.close()
        self.submitter.close()


async def _prepare(job: Any) -> None:
    # As Snakemake's Job.prepare(), without its wait for inputs: members of a group make them.
    await job.check_protected_output()
    await job.remove_existing_output()
    for file in written_files(job):
        file.prepare()


def _forget_directory_flags(members: list[Any]) -> None:
    """Some storage plugins remember from before the job that an output was no directory."""
    for member in members:
        for file in member.output:
            if file.is_storage and hasattr(file.storage_object, "_is_dir"):
                file.storage_object._is_dir = None


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, StepsError) else f"{type(error).__name__}: {error}"


def _explained(reason: str, step: Step, job: Any, log: Path) -> str:
    lines = [f"{reason} (rule {step.rule}, image {step.image}, attempt {job.attempt})"]
    if tail := _end_of(log).splitlines()[-TAIL_LINES:]:
        lines += ["the last lines of its output:", *(f"    {line}" for line in tail)]
    return "\n".join(lines)


def _end_of(log: Path) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL_BYTES, 0))
        text = file.read().decode("utf-8", errors="replace")
    # Bytes that are no text must not reach the terminal.
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
