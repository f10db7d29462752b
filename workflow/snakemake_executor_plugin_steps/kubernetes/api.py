"""The few calls to Kubernetes that are needed, over its REST interface."""

import base64
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from snakemake_executor_plugin_steps.submission import StepsError

Object = dict[str, Any]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_SECONDS = (10, 60)
_ATTEMPTS = 4
_TRY_AGAIN = {429, 500, 502, 503, 504}
_CONFLICT, _NOT_FOUND = 409, 404


class Login:
    """Where the cluster is and who we are there: the pod's own account, or a kubeconfig."""

    def __init__(self, server: str, namespace: str, verify: str | bool) -> None:
        self.server, self.namespace, self.verify = server.rstrip("/"), namespace, verify
        self.certificate: tuple[str, str] | None = None
        self.token_file: Path | None = None
        self.token = ""
        self.command: Object | None = None
        self._expires = 0.0

    def headers(self) -> dict[str, str]:
        """What proves who we are; tokens of pods and of commands change with time."""
        if self.token_file:
            self.token = self.token_file.read_text(encoding="utf-8").strip()
        elif self.command and time.time() > self._expires:
            self.token = _token_of(self.command)
            self._expires = time.time() + 300
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def _token_of(command: Object) -> str:
    env = {**os.environ, **{e["name"]: e["value"] for e in command.get("env") or []}}
    done = subprocess.run(
        [command["command"], *(command.get("args") or [])],
        capture_output=True,
        text=True,
        env=env,
        check=False,
        timeout=60,
    )
    if done.returncode:
        raise StepsError(f"{command['command']}: {done.stderr.strip()[-500:]}")
    return str(json.loads(done.stdout)["status"]["token"])


def find_login() -> Login:
    """The login of this process.

    Raises
    ------
    StepsError
        It is in no pod, and there is no kubeconfig.
    """
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if host and (_ACCOUNT / "token").exists():
        host = f"[{host}]" if ":" in host else host
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        namespace = (_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
        login = Login(f"https://{host}:{port}", namespace, str(_ACCOUNT / "ca.crt"))
        login.token_file = _ACCOUNT / "token"
        return login
    path = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube/config")
    if not path.is_file():
        raise StepsError(f"this is no pod of a cluster, and there is no kubeconfig ({path})")
    return read_kubeconfig(path)


def read_kubeconfig(path: Path) -> Login:
    """The login that the current context of a kubeconfig describes."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))

    def named(kind: str, name: str) -> Object:
        found: Object = next(one for one in config[f"{kind}s"] if one["name"] == name)[kind]
        return found

    def file(entry: Object, key: str) -> str:
        if f"{key}-data" not in entry:
            name = entry.get(key)
            return str(path.parent / name) if name else ""
        with tempfile.NamedTemporaryFile(prefix="steps-", delete=False) as out:
            out.write(base64.b64decode(entry[f"{key}-data"]))
        return out.name

    context = named("context", config["current-context"])
    cluster, user = named("cluster", context["cluster"]), named("user", context["user"])
    verify: str | bool = file(cluster, "certificate-authority") or True
    if cluster.get("insecure-skip-tls-verify"):
        verify = False
    login = Login(cluster["server"], context.get("namespace") or "default", verify)
    if certificate := file(user, "client-certificate"):
        login.certificate = (certificate, file(user, "client-key"))
    login.token = user.get("token") or ""
    login.command = user.get("exec")
    return login


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
        self._path = f"{login.server}/api/v1/namespaces/{namespace}"

    def _call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        for attempt in range(_ATTEMPTS):
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
                if attempt + 1 == _ATTEMPTS:
                    raise StepsError(f"the cluster does not answer: {error}") from None
            else:
                if answer.status_code not in _TRY_AGAIN or attempt + 1 == _ATTEMPTS:
                    return answer
            time.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable")

    def _good(self, answer: requests.Response, what: str) -> requests.Response:
        if answer.ok:
            return answer
        try:
            message = answer.json()["message"]
        except (ValueError, KeyError):
            message = answer.text[:500] or answer.reason
        raise StepsError(f"the cluster refuses to {what} ({answer.status_code}): {message}")

    def create_pod(self, pod: Object) -> None:
        """Make a pod. One of its name is there only if an earlier attempt has made it."""
        answer = self._call("POST", "/pods", json=pod)
        if answer.status_code != _CONFLICT or "already exists" not in answer.text:
            self._good(answer, "make the pod")

    def list_pods(self, label: str, value: str) -> list[Object]:
        """All pods with a label, in one call."""
        answer = self._call("GET", "/pods", params={"labelSelector": f"{label}={value}"})
        items: list[Object] = self._good(answer, "list pods").json()["items"]
        return items

    def delete_pod(self, name: str) -> None:
        """Delete a pod at once; nothing if it is gone."""
        answer = self._call("DELETE", f"/pods/{name}", json={"gracePeriodSeconds": 0})
        if answer.status_code != _NOT_FOUND:
            self._good(answer, "delete the pod")

    def read_log(self, name: str, container: str, lines: int) -> str:
        """The last lines of a container's output."""
        params = {"container": container, "tailLines": lines}
        answer = self._call("GET", f"/pods/{name}/log", params=params)
        return self._good(answer, "read the log").content.decode("utf-8", "replace")

    def warnings_of(self, name: str) -> str:
        """The cluster's last warnings about a pod; empty if we may not see them."""
        selector = f"involvedObject.name={name},type=Warning"
        answer = self._call("GET", "/events", params={"fieldSelector": selector})
        events = answer.json()["items"] if answer.ok else []
        return "; ".join(f"{e.get('reason')}: {e.get('message')}" for e in events[-2:])
