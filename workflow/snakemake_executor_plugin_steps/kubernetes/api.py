"""The few calls to Kubernetes that are needed, over its REST interface."""

import random
import time
from threading import Event
from typing import Any

import requests

from snakemake_executor_plugin_steps.kubernetes.login import Login
from snakemake_executor_plugin_steps.submission import Closing, StepsError

Object = dict[str, Any]

_TIMEOUT_SECONDS = (10, 60)
_TRY_AGAIN = {429, 500, 502, 503, 504}
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _GONE = 401, 403, 404, 409, 410
_LONGEST_DELAY = 10.0
PATIENCE_SECONDS = 15.0
"""A call that reads or deletes; whoever makes it calls again."""
PAGE = 500
MAX_LOG_BYTES = 8_000_000
_CHUNK = 65_536


class QuotaError(StepsError):
    """The namespace has no room for another pod now."""


class Api:
    """Pods of one namespace.

    Parameters
    ----------
    login
        Where and who.
    namespace
        Where the pods are.
    """

    def __init__(self, login: Login, namespace: str) -> None:
        self._login, self._session = login, requests.Session()
        self.namespace = namespace
        self.calls = 0
        self.closing = Event()
        self._path = f"{login.server}/api/v1/namespaces/{namespace}"

    def _call(
        self, method: str, path: str, patience: float = PATIENCE_SECONDS, **kwargs: Any
    ) -> tuple[requests.Response, int]:
        """The answer, and how many attempts came before it."""
        deadline = time.monotonic() + patience
        attempt, renewed = 0, False
        while True:
            delay = min(0.5 * 2**attempt, _LONGEST_DELAY) * random.uniform(0.8, 1.2)
            self.calls += 1
            try:
                answer = self._session.request(
                    method,
                    f"{self._path}{path}",
                    headers=self._login.headers(),
                    cert=self._login.certificate,
                    verify=self._login.verify,
                    timeout=_TIMEOUT_SECONDS,
                    **kwargs,
                )
            except requests.RequestException as error:
                if time.monotonic() + delay > deadline:
                    raise StepsError(f"the cluster does not answer: {error}") from None
            else:
                if answer.status_code == _UNAUTHORIZED and not renewed and self._login.renew():
                    renewed, delay = True, 0.0
                elif answer.status_code not in _TRY_AGAIN:
                    return answer, attempt
                else:
                    delay = max(delay, _asked_delay(answer))
                    if time.monotonic() + delay > deadline:
                        return answer, attempt
            attempt += 1
            if method != "POST":
                time.sleep(delay)
            elif self.closing.wait(delay):
                raise Closing("the run is being cancelled")

    def _good(self, answer: requests.Response, what: str) -> requests.Response:
        if answer.ok:
            return answer
        try:
            message = answer.json()["message"]
        except (ValueError, KeyError):
            message = answer.text[:500] or answer.reason
        text = f"the cluster refuses to {what} ({answer.status_code}): {message}"
        if answer.status_code == _FORBIDDEN and "exceeded quota" in message:
            raise QuotaError(text)
        raise StepsError(text)

    def create_pod(self, pod: Object, patience: float = PATIENCE_SECONDS) -> None:
        """Make a pod, once: names are unique, so one that is there is of an attempt before.

        Raises
        ------
        QuotaError
            There is no room for it now.
        StepsError
            The cluster refuses, or has not answered for `patience` seconds.
        Closing
            The run is being cancelled.
        """
        deadline = time.monotonic() + patience
        while True:
            answer, attempts = self._call("POST", "/pods", patience, json=pod)
            if answer.status_code == _CONFLICT:
                if attempts and "already exists" in answer.text:
                    return
                # A quota that others change at the same time is a conflict to be tried again.
                if "already exists" not in answer.text and time.monotonic() < deadline:
                    if self.closing.wait(0.5):
                        raise Closing("the run is being cancelled")
                    continue
            self._good(answer, "make the pod")
            return

    def list_pods(self, label: str, value: str) -> list[Object]:
        """All pods with a label: one call for every 500."""
        items: list[Object] = []
        params = {"labelSelector": f"{label}={value}", "limit": str(PAGE)}
        while True:
            answer, _ = self._call("GET", "/pods", params=params)
            if answer.status_code == _GONE and "continue" in params:
                items.clear()  # the pages have become too old: from the first again
                del params["continue"]
                continue
            found = self._good(answer, "list pods").json()
            items += found["items"]
            token = found.get("metadata", {}).get("continue")
            if not token:
                return items
            params["continue"] = token

    def delete_pod(self, name: str, grace_seconds: int = 0) -> None:
        """Delete a pod; nothing if it is gone.

        Zero seconds forget it without asking its node: only for what does not run.
        """
        answer, _ = self._call(
            "DELETE", f"/pods/{name}", json={"gracePeriodSeconds": grace_seconds}
        )
        if answer.status_code != _NOT_FOUND:
            self._good(answer, "delete the pod")

    def read_log(self, name: str, container: str, lines: int) -> str:
        """The last lines of a container's output, and of these at most 8 MB."""
        params = {"container": container, "tailLines": lines}
        answer, _ = self._call("GET", f"/pods/{name}/log", params=params, stream=True)
        with self._good(answer, "read the log"):
            found = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                found += chunk
                if len(found) > 2 * MAX_LOG_BYTES:
                    del found[:-MAX_LOG_BYTES]
        return found[-MAX_LOG_BYTES:].decode("utf-8", "replace")

    def warnings_of(self, name: str) -> str:
        """The cluster's last warnings about a pod on its node; empty if we may not see them."""
        selector = f"involvedObject.name={name},type=Warning"
        answer, _ = self._call("GET", "/events", params={"fieldSelector": selector})
        events = answer.json()["items"] if answer.ok else []
        events = [e for e in events if e.get("reason") != "FailedScheduling"]
        return "; ".join(f"{e.get('reason')}: {e.get('message')}" for e in events[-2:])


def _asked_delay(answer: requests.Response) -> float:
    """Seconds that a busy server asks us to wait."""
    text = answer.headers.get("Retry-After", "")
    return float(min(int(text), 60)) if text.isdigit() else 0.0
