"""Kubernetes: one pod per job, on a claim that all see or with object storage."""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from snakemake_executor_plugin_steps.backend import Run
from snakemake_executor_plugin_steps.contract import check_image
from snakemake_executor_plugin_steps.kubernetes.api import Api, QuotaError
from snakemake_executor_plugin_steps.kubernetes.fate import (
    Fate,
    Hold,
    Patience,
    has_ended,
    has_node,
    hold_of,
    is_quiet,
    is_running,
    judge_ended,
    judge_waiting,
    statuses,
)
from snakemake_executor_plugin_steps.kubernetes.login import find_login
from snakemake_executor_plugin_steps.kubernetes.pod import (
    LABEL_OWNER,
    LABEL_RULE,
    LABEL_RUN,
    Object,
    Site,
    pod,
    pod_name,
)
from snakemake_executor_plugin_steps.staging.report import parse_report
from snakemake_executor_plugin_steps.submission import Closing, Outcome, StepsError, Submission

LOG_LINES = 20_000
REPORT_LINES = 200_000
MISSES = 2
"""Lists are consistent; one more look costs nothing."""
QUOTA_SECONDS = 5
DELETE_SECONDS = 120
GIVEN_UP_SECONDS = 60
GRACE_SECONDS = 1
"""For what may still run: its node must confirm the end, or its successor would not be alone."""


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
        if not settings.stager_image:
            raise StepsError("kubernetes with object storage needs --steps-stager-image")
        if not (settings.storage_secret or settings.storage_token_audience):
            raise StepsError(
                "kubernetes with object storage needs --steps-storage-secret or"
                " --steps-storage-token-audience"
            )
        check_image(settings.stager_image, settings.allow_tags)
    name, uid = os.environ.get("POD_NAME"), os.environ.get("POD_UID")
    return Site(
        workdir=run.workdir,
        owner=run.owner,
        run_id=run.run_id,
        claim=(settings.claim or "") if run.shared else "",
        claim_mount=(settings.claim_mount or "") if run.shared else "",
        stager_image="" if run.shared else settings.stager_image or "",
        storage_secret=settings.storage_secret or "",
        storage_token_audience=settings.storage_token_audience or "",
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
        self._progress = time.monotonic()
        self._held: dict[str, tuple[str, float]] = {}
        self._misses: dict[str, int] = {}
        self._pull_errors: dict[str, str] = {}
        self._explains: dict[str, str] = {}
        self._quiet: set[str] = set()
        self._warned: set[tuple[str, str]] = set()

    def submit(self, submission: Submission) -> None:
        """Make the pod; wait while the namespace's quota is full and jobs make progress."""
        one = pod(submission, self._site)
        while True:
            try:
                return self._api.create_pod(one, self._run.settings.status_timeout)
            except QuotaError as error:
                if time.monotonic() - self._progress > self._patience.schedule:
                    raise StepsError(f"unschedulable: there is no room for it: {error}") from None
                self._warn(one, Hold("quota", str(error)))
            if self._api.closing.wait(QUOTA_SECONDS):
                raise Closing("the run is being cancelled")

    def poll(self, active: Mapping[str, Submission]) -> dict[str, Outcome]:
        """List once and judge every pod."""
        pods = {
            one["metadata"]["name"]: one for one in self._api.list_pods(LABEL_RUN, self._run.run_id)
        }
        if any(is_running(one) for one in pods.values()):
            self._progress = time.monotonic()  # a full cluster is no error
        outcomes = {}
        for name, submission in active.items():
            found = pods.get(pod_name(name))
            if found is None:
                self._misses[name] = self._misses.get(name, 0) + 1
                if self._misses[name] >= MISSES:
                    outcomes[name] = Outcome(
                        "its pod has vanished: its node was drained or lost, or someone deleted it",
                        lost=True,
                    )
                continue
            self._misses.pop(name, None)
            outcome = self._judge(name, found, submission)
            if outcome is not None:
                outcomes[name] = outcome
        return outcomes

    def _judge(self, name: str, found: Object, submission: Submission) -> Outcome | None:
        if has_ended(found):
            if is_quiet(found):
                self._quiet.add(name)
            fate = judge_ended(
                found,
                submission,
                self._site.stager_image,
                self._run.settings.trust_node_digest,
            )
        else:
            fate = self._judge_waiting(name, found)
        if fate.outcome is None:
            return None
        if fate.container:
            self._explains[name] = fate.container
        if fate.outcome.ok and self._site.stager_image:
            return replace(fate.outcome, moved=self._moved(name))
        return fate.outcome

    def _judge_waiting(self, name: str, found: Object) -> Fate:
        self._remember_pull_errors(found)
        hold, now = hold_of(found), time.monotonic()
        if hold is None:
            self._held.pop(name, None)
            return Fate()
        kind, since = self._held.get(name, ("", now))
        if kind != hold.kind:
            since = now
        self._held[name] = (hold.kind, since)
        if hold.kind != "unstarted":
            self._warn(found, hold)
        fate = judge_waiting(hold, self._patience, now - since, now - self._progress)
        if fate.outcome and hold.kind != "deleted":
            self._quiet.add(name)  # nothing of it has started, or all that has started has ended
        # The cluster's events still say what a state leaves out, such as a registry's answer.
        if fate.outcome and any(w in fate.outcome.reason for w in ("not started", "BackOff")):
            warnings = self._api.warnings_of(pod_name(name))
            reason = f"{fate.outcome.reason}: {warnings}"
            return Fate(replace(fate.outcome, reason=reason))
        return fate

    def _moved(self, name: str) -> tuple[Mapping[str, object], ...]:
        """What the stagers have moved, with checksums."""
        try:
            text = self._api.read_log(pod_name(name), "stage-out", REPORT_LINES)
        except StepsError as error:
            self._run.logger.warning(f"Checksums of job {name} are not known: {error}")
            return ()
        return parse_report(text)

    def _remember_pull_errors(self, found: Object) -> None:
        """While it backs off, the cluster no longer says what the registry has answered."""
        for one in statuses(found):
            waiting = one.get("state", {}).get("waiting", {})
            key = f"{found['metadata']['name']}/{one['name']}"
            if waiting.get("reason") == "ErrImagePull":
                self._pull_errors[key] = waiting.get("message", "")
            elif waiting.get("reason") == "ImagePullBackOff" and key in self._pull_errors:
                waiting["message"] = self._pull_errors[key]

    def _warn(self, found: Object, hold: Hold) -> None:
        name = found["metadata"]["name"]
        key = (name, hold.text.split(":")[0])
        if key not in self._warned:
            self._warned.add(key)
            rule = found["metadata"]["labels"][LABEL_RULE]
            self._run.logger.warning(f"Pod {name} (rule {rule}) waits: {hold.text}")

    def write_log(self, submission: Submission, step: int, path: Path) -> None:
        """Save the output of the container that explains the failure, if one has run."""
        container = self._explains.pop(submission.name, "")
        if container:
            text = self._api.read_log(pod_name(submission.name), container, LOG_LINES)
            path.write_text(text, encoding="utf-8")

    def remove(self, names: Collection[str]) -> None:
        """Delete the pods of jobs; what may still run is awaited, since another attempt follows."""
        awaited = set()
        for name in names:
            self._misses.pop(name, None)
            kind, _ = self._held.pop(name, ("", 0.0))
            quiet = name in self._quiet
            self._quiet.discard(name)
            if not self._run.settings.keep:
                self._api.delete_pod(pod_name(name), 0 if quiet else GRACE_SECONDS)
                if not quiet and kind != "deleted":
                    awaited.add(pod_name(name))
        deadline = time.monotonic() + GIVEN_UP_SECONDS
        while awaited:
            listed = self._api.list_pods(LABEL_RUN, self._run.run_id)
            awaited &= {one["metadata"]["name"] for one in listed}
            if awaited and time.monotonic() > deadline:
                raise StepsError(
                    _undeletable([p for p in listed if p["metadata"]["name"] in awaited])
                )
            time.sleep(0.5 if awaited else 0.0)

    def close(self) -> None:
        """Nobody waits for room, or for a cluster that does not answer, any more."""
        self._api.closing.set()

    def remove_all(self, everything: bool) -> None:
        """Delete pods and wait until their nodes have confirmed it."""
        label = (LABEL_OWNER, self._run.owner) if everything else (LABEL_RUN, self._run.run_id)
        asked: set[str] = set()
        left, deadline = -1, 0.0
        while found := self._api.list_pods(*label):
            if everything and left < 0:
                self._run.logger.info(f"Removing {len(found)} jobs that an earlier run has left.")
            if left < 0 or len(found) < left:
                left, deadline = len(found), time.monotonic() + DELETE_SECONDS
            for one in found:
                name = one["metadata"]["name"]
                if name not in asked:
                    asked.add(name)
                    runs = has_node(one) and not has_ended(one)
                    self._api.delete_pod(name, GRACE_SECONDS if runs else 0)
            if time.monotonic() > deadline:
                raise StepsError(_undeletable(found))
            time.sleep(0.5)


def _undeletable(pods: list[Object]) -> str:
    nodes = sorted({one["spec"].get("nodeName") or "none" for one in pods})
    names = ", ".join(one["metadata"]["name"] for one in pods[:5])
    return (
        f"{len(pods)} pods ({names} ...) of nodes {', '.join(nodes[:5])} are deleted, but their"
        " nodes have not confirmed it, and the steps may still run there; once you are sure that"
        " they do not: kubectl delete pod --force NAME"
    )
