"""Kubernetes: one pod per job, on a claim that all see or with object storage."""

import os
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from snakemake_executor_plugin_steps.backend import Run
from snakemake_executor_plugin_steps.contract import check_image
from snakemake_executor_plugin_steps.kubernetes.api import Api, find_login
from snakemake_executor_plugin_steps.kubernetes.fate import Patience, is_running, judge
from snakemake_executor_plugin_steps.kubernetes.pod import (
    LABEL_OWNER,
    LABEL_RULE,
    LABEL_RUN,
    Object,
    Site,
    pod,
    pod_name,
)
from snakemake_executor_plugin_steps.submission import Outcome, StepsError, Submission

LOG_LINES = 20_000
MISSES = 3
"""A list may lack a pod that was made a moment ago."""
PATIENCE_SECONDS = 120


def create(run: Run) -> "KubernetesBackend":
    """The backend, ready: the cluster answers and lets us list pods."""
    return KubernetesBackend(run)


def site_of(run: Run) -> Site:
    """What all pods of a run have in common.

    Raises
    ------
    StepsError
        A setting is missing.
    """
    settings = run.settings
    if run.shared and not (settings.claim and settings.claim_mount):
        raise StepsError("kubernetes needs --steps-claim and --steps-claim-mount")
    if not run.shared:
        if not (settings.stager_image and settings.storage_secret):
            raise StepsError(
                "kubernetes with object storage needs --steps-stager-image and"
                " --steps-storage-secret"
            )
        check_image(settings.stager_image, settings.allow_tags)
    name, uid = os.environ.get("POD_NAME"), os.environ.get("POD_UID")
    return Site(
        workdir=run.workdir,
        owner=run.owner,
        run_id=run.run_id,
        claim=(settings.claim or "") if run.shared else "",
        claim_mount=(settings.claim_mount or "") if run.shared else "",
        stager_image=settings.stager_image or "",
        storage_secret=settings.storage_secret or "",
        storage_timeout=settings.storage_timeout,
        run_as=settings.run_as or "",
        service_account=settings.service_account or "",
        controller=(name, uid) if name and uid else None,
    )


class KubernetesBackend:
    """Makes pods, lists them once per poll, and says what the cluster says about them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._site = site_of(run)
        login = find_login()
        self._api = Api(login, run.settings.namespace or login.namespace)
        self._patience = Patience(run.settings.start_timeout, run.settings.schedule_timeout)
        self._progress = time.time()
        self._misses: dict[str, int] = {}
        self._pull_errors: dict[str, str] = {}
        self._explains: dict[str, str] = {}
        self._warned: set[tuple[str, str]] = set()

    def submit(self, submission: Submission) -> None:
        """Make the pod."""
        self._api.create_pod(pod(submission, self._site))

    def poll(self, active: Mapping[str, Submission]) -> dict[str, Outcome]:
        """List once and judge every pod."""
        pods = {
            one["metadata"]["name"]: one for one in self._api.list_pods(LABEL_RUN, self._run.run_id)
        }
        now = time.time()
        if any(is_running(one) for one in pods.values()):
            self._progress = now  # a full cluster is no error
        outcomes = {}
        for name, submission in active.items():
            found = pods.get(pod_name(name))
            if found is None:
                self._misses[name] = self._misses.get(name, 0) + 1
                if self._misses[name] >= MISSES:
                    outcomes[name] = Outcome(
                        "its pod has vanished: its node was drained or lost, or someone deleted it"
                    )
                continue
            self._misses.pop(name, None)
            outcome = self._judge(name, found, submission, now)
            if outcome is not None:
                outcomes[name] = outcome
        return outcomes

    def _judge(
        self, name: str, found: Object, submission: Submission, now: float
    ) -> Outcome | None:
        self._remember_pull_errors(found)
        fate = judge(
            found,
            submission,
            self._patience,
            now,
            now - self._progress,
            self._run.settings.trust_node_digest,
        )
        if fate.note:
            self._warn(found, fate.note)
        if fate.outcome is None:
            return None
        if fate.container:
            self._explains[name] = fate.container
        # The cluster's events still say what a state leaves out, such as a registry's answer.
        if any(words in fate.outcome.reason for words in ("has not started the pod", "BackOff")):
            warnings = self._api.warnings_of(pod_name(name))
            return Outcome(f"{fate.outcome.reason}: {warnings}", fate.outcome.step)
        return fate.outcome

    def _remember_pull_errors(self, found: Object) -> None:
        """While it backs off, the cluster no longer says what the registry has answered."""
        status = found.get("status", {})
        for one in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            waiting = one.get("state", {}).get("waiting", {})
            key = f"{found['metadata']['name']}/{one['name']}"
            if waiting.get("reason") == "ErrImagePull":
                self._pull_errors[key] = waiting.get("message", "")
            elif waiting.get("reason") == "ImagePullBackOff" and key in self._pull_errors:
                waiting["message"] = self._pull_errors[key]

    def _warn(self, found: Object, text: str) -> None:
        name = found["metadata"]["name"]
        key = (name, text.split(":")[0])
        if key not in self._warned:
            self._warned.add(key)
            rule = found["metadata"]["labels"][LABEL_RULE]
            self._run.logger.warning(f"Pod {name} (rule {rule}) waits: {text}")

    def write_log(self, submission: Submission, step: int, path: Path) -> None:
        """Save the output of the container that explains the failure, if one has run."""
        container = self._explains.pop(submission.name, "")
        if container:
            text = self._api.read_log(pod_name(submission.name), container, LOG_LINES)
            path.write_text(text, encoding="utf-8")

    def remove(self, names: Collection[str]) -> None:
        """Delete the pods of ended jobs."""
        for name in names:
            self._misses.pop(name, None)
            if not self._run.settings.keep:
                self._api.delete_pod(pod_name(name))

    def close(self) -> None:
        """Nobody waits."""

    def remove_all(self, everything: bool) -> None:
        """Delete pods and wait until none is listed."""
        label = (LABEL_OWNER, self._run.owner) if everything else (LABEL_RUN, self._run.run_id)
        deadline = time.time() + PATIENCE_SECONDS
        said = False
        while found := self._api.list_pods(*label):
            if everything and not said:
                self._run.logger.info(f"Removing {len(found)} jobs that an earlier run has left.")
                said = True
            for one in found:
                self._api.delete_pod(one["metadata"]["name"])
            if time.time() > deadline:
                raise StepsError(f"pods could not be deleted: {len(found)} are left")
            time.sleep(0.5)
