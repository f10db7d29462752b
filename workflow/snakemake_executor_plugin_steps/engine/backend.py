"""Docker and Podman through their command lines: one container per step."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from snakemake_executor_plugin_steps.backend import Run
from snakemake_executor_plugin_steps.contract import is_pinned, output_folders
from snakemake_executor_plugin_steps.engine.capacity import Capacity
from snakemake_executor_plugin_steps.engine.command import (
    LABEL_OWNER,
    LABEL_RUN,
    Place,
    container_name,
    list_command,
    parse_container_name,
    run_command,
)
from snakemake_executor_plugin_steps.engine.facts import Facts, container_user, parse_facts
from snakemake_executor_plugin_steps.engine.state import (
    ENDED,
    Ended,
    image_id,
    parse_inspect,
    parse_list,
)
from snakemake_executor_plugin_steps.submission import Outcome, StepsError, Submission, Usage
from snakemake_executor_plugin_steps.wrapper import failure, parse_usage

MAX_MESSAGE = 800
PATIENCE_SECONDS = 60
START_SECONDS = 300
SECONDS_PER_MINUTE = 60


@dataclass
class Progress:
    """How far a submission is: the step that runs, and what is known of those before it."""

    index: int = 0
    started: float = field(default_factory=time.monotonic)
    usages: list[Usage | None] = field(default_factory=list)
    images: list[str] = field(default_factory=list)


def create(run: Run) -> "EngineBackend":
    """The backend, ready: the engine answers and has all images."""
    return EngineBackend(run)


class EngineBackend:
    """Runs steps as containers on this machine; the steps of a group one after another."""

    def __init__(self, run: Run) -> None:
        if not run.shared:
            raise StepsError(f"{run.settings.backend} works with files of this machine only")
        self._run, self._engine = run, run.settings.backend
        if not shutil.which(self._engine):
            raise StepsError(f"{self._engine} is not installed")
        self._facts: Facts = parse_facts(self._engine, self._call("info", "--format", "{{json .}}"))
        settings = run.settings
        user = container_user(self._facts, settings.run_as, os.getuid(), os.getgid())
        if user is None:
            raise StepsError(
                "steps run with your rights, and never with root's:"
                " start the workflow as another user, or name one with --steps-run-as"
            )
        self._user = user
        if not self._facts.limits:
            run.logger.warning(f"This {self._engine} cannot limit the memory of containers.")
        self._capacity = Capacity(
            min(settings.cpus or self._facts.cpus, self._facts.cpus),
            min(settings.mem_mb or self._facts.mem_mb, self._facts.mem_mb),
        )
        self._scratch = Path(settings.scratch or tempfile.gettempdir())
        self._images = {image: self._resolve(image) for image in run.images}
        self._progress: dict[str, Progress] = {}
        self._doomed: set[str] = set()  # containers that the engine could not end
        self._lock = Lock()

    def _call(self, *args: str, timeout: float | None = PATIENCE_SECONDS) -> str:
        # A session of its own: Ctrl-C in the terminal must not cut a `run` in two.
        try:
            done = subprocess.run(
                [self._engine, *args],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=timeout,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise StepsError(f"{self._engine} {args[0]} has not answered in {timeout} s") from None
        if done.returncode:
            message = (done.stderr.strip() or done.stdout.strip())[-MAX_MESSAGE:]
            raise StepsError(f"{self._engine} {args[0]}: {message}")
        return done.stdout

    def _resolve(self, image: str) -> str:
        """The id of an image, pulled if it is not here: later jobs cannot get another one."""
        inspect = ("image", "inspect", "--format", "{{.Id}}", image)
        try:
            return image_id(self._call(*inspect).strip())
        except StepsError:
            if image.startswith("sha256:"):
                raise StepsError(f"the image {image} is not on this machine") from None
        self._run.logger.info(f"Pulling {image}")
        try:
            self._call("pull", "--quiet", image, timeout=None)
        except StepsError as error:
            raise StepsError(f"ImagePull: {image}: {error}") from None
        return image_id(self._call(*inspect).strip())

    def _image(self, image: str) -> str:
        with self._lock:
            if image not in self._images:  # a rule that a checkpoint has brought in
                self._images[image] = self._resolve(image)
            # By name where the digest is part of it, so that `ps` shows what runs.
            return image if is_pinned(image) else self._images[image]

    def submit(self, submission: Submission) -> None:
        """Wait for room and start the first step."""
        cpus = max(step.threads for step in submission.steps)
        mem_mb = max(step.mem_mb for step in submission.steps)
        self._capacity.take(submission.name, cpus, mem_mb)
        try:
            self._start(submission, 0)
        except BaseException:
            self._capacity.give_back(submission.name)
            raise
        self._progress[submission.name] = Progress()

    def _start(self, submission: Submission, index: int) -> None:
        if self._doomed:  # one of them may be an earlier attempt that still writes
            self._remove_containers(sorted(self._doomed))
        step, name = submission.steps[index], container_name(submission.name, index)
        report, scratch = self._report(name), self._scratch_folder(name)
        report.touch(mode=0o600)
        scratch.mkdir(mode=0o700)
        self._give([report, scratch], output_folders(step, self._run.workdir))
        place = Place(
            self._run.workdir, scratch, report, self._user, self._run.owner, self._run.run_id
        )
        command = run_command(name, step, self._image(step.image), place, self._facts)
        try:
            self._call(*command[1:], timeout=START_SECONDS)
        except BaseException:  # it may be there all the same
            self._try_to_remove([name])
            raise

    def _give(self, private: list[Path], folders: list[str]) -> None:
        """Let the step's user write what it must; nobody else can read its scratch."""
        uid, gid = (int(part) for part in self._user.split(":"))
        if os.getuid() == 0:
            for path in [*map(str, private), *folders]:
                os.chown(path, uid, gid)
        elif uid not in (0, os.getuid()):  # another user's, as whom nothing can be given away
            for own in private:
                own.chmod(0o1777 if own.is_dir() else 0o666)

    def _report(self, name: str) -> Path:
        return self._run.folder / "reports" / f"{name}.json"

    def _scratch_folder(self, name: str) -> Path:
        return self._scratch / f"{self._run.owner}-{name}"

    def poll(self, active: Mapping[str, Submission]) -> dict[str, Outcome]:
        """List once, look closer at those that have ended, start next members of groups."""
        listing = self._call(*list_command(self._engine, LABEL_RUN, self._run.run_id)[1:])
        states = parse_list(listing)
        current = {container_name(n, self._progress[n].index): n for n in active}
        ended = [name for name in current if states.get(name) in ENDED]
        fates = parse_inspect(self._call("inspect", *ended)) if ended else {}
        outcomes: dict[str, Outcome] = {}
        for container, name in current.items():
            outcome: Outcome | None
            if container in fates:
                outcome = self._judge(active[name], container, fates[container])
            elif container not in states:
                outcome = self._outcome(name, "its container has vanished, removed by someone else")
            else:
                outcome = self._overdue(active[name], container)
            if outcome is not None:
                outcomes[name] = outcome
        return outcomes

    def _outcome(self, name: str, reason: str) -> Outcome:
        progress = self._progress[name]
        return Outcome(reason, progress.index, tuple(progress.usages), tuple(progress.images))

    def _judge(self, submission: Submission, container: str, fate: Ended) -> Outcome | None:
        progress = self._progress[submission.name]
        step = submission.steps[progress.index]
        usage = parse_usage(_text(self._report(container)))
        progress.usages.append(usage)
        progress.images.append(fate.image_id)
        reason = failure(step, fate.exit_code, usage, fate.oom_killed)
        if reason and fate.error:
            reason = f"{reason}: {fate.error}"
        if fate.image_id != self._images[step.image]:
            reason = f"it ran in {fate.image_id}, not in {step.image} ({self._images[step.image]})"
        if reason or progress.index + 1 == len(submission.steps):
            return self._outcome(submission.name, reason)
        progress.index += 1
        try:
            self._start(submission, progress.index)
        except StepsError as error:
            return self._outcome(submission.name, str(error))
        return None

    def _overdue(self, submission: Submission, container: str) -> Outcome | None:
        progress = self._progress[submission.name]
        minutes = sum(step.runtime_minutes for step in submission.steps)
        if not minutes or time.monotonic() - progress.started < minutes * SECONDS_PER_MINUTE:
            return None
        try:
            self._call("kill", container)
        except StepsError:
            return None  # it has just ended, or the engine is busy: the next look tells
        return self._outcome(
            submission.name, f"DeadlineExceeded: it ran longer than its runtime={minutes} minutes"
        )

    def write_log(self, submission: Submission, step: int, path: Path) -> None:
        """Save the output of a step's container."""
        with path.open("wb") as file:
            subprocess.run(
                [self._engine, "logs", container_name(submission.name, step)],
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
                start_new_session=True,
                timeout=PATIENCE_SECONDS,
            )

    def remove(self, names: Collection[str]) -> None:
        """Remove the containers of ended jobs, and free their room."""
        containers = []
        for name in names:
            progress = self._progress.pop(name)
            self._capacity.give_back(name)
            containers += [container_name(name, i) for i in range(progress.index + 1)]
        if not self._run.settings.keep:
            self._remove_containers(containers)

    def _remove_containers(self, containers: list[str]) -> None:
        """Remove containers that are there; those that may run on are doomed, and tried again."""
        try:
            self._call("rm", "--force", *containers)
        except StepsError:
            self._doomed.update(containers)
            listing = self._call(*list_command(self._engine, LABEL_OWNER, self._run.owner)[1:])
            states = parse_list(listing)
            self._clear({n for n in containers if states.get(n) in (None, *ENDED)})
            if any(name in states for name in containers):
                raise
        else:
            self._clear(set(containers))

    def _try_to_remove(self, containers: list[str]) -> None:
        try:
            self._remove_containers(containers)
        except StepsError as error:
            self._run.logger.warning(f"Could not remove {', '.join(containers)}: {error}")

    def _clear(self, containers: set[str]) -> None:
        self._doomed -= containers
        for name in containers:
            shutil.rmtree(self._scratch_folder(name), ignore_errors=True)
            self._report(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Whoever waits for room gives up."""
        self._capacity.close()

    def remove_all(self, everything: bool) -> None:
        """Remove containers until none is listed."""
        label = (LABEL_OWNER, self._run.owner) if everything else (LABEL_RUN, self._run.run_id)
        command = list_command(self._engine, *label)[1:]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while found := list(parse_list(self._call(*command))):
            if everything:
                jobs = {parse_container_name(name)[0] for name in found}
                self._run.logger.info(f"Removing {len(jobs)} jobs that an earlier run has left.")
            self._try_to_remove(found)
            if time.monotonic() > deadline:
                raise StepsError(f"containers could not be removed: {', '.join(found[:5])}")
        if everything:
            for folder in self._scratch.glob(f"{self._run.owner}-*"):
                shutil.rmtree(folder, ignore_errors=True)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
