"""Who we are to a cluster: the pod's own account, or a kubeconfig."""

import atexit
import base64
import json
import os
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from snakemake_executor_plugin_steps.submission import StepsError

Object = dict[str, Any]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EARLY_SECONDS = 60
"""A token is renewed this long before it ends."""


class Login:
    """Where the cluster is and how we prove who we are. Used from several threads."""

    def __init__(self, server: str, namespace: str, verify: str | bool) -> None:
        self.server, self.namespace, self.verify = server.rstrip("/"), namespace, verify
        self.certificate: tuple[str, str] | None = None
        self.token_file: Path | None = None
        self.token = ""
        self.command: Object | None = None
        self._expires = 0.0
        self._lock = Lock()

    def headers(self) -> dict[str, str]:
        """What proves who we are; tokens of pods and of commands change with time."""
        with self._lock:
            if self.token_file:
                self.token = self.token_file.read_text(encoding="utf-8").strip()
            elif self.command and time.time() > self._expires:
                self.token, self._expires = _token_of(self.command)
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def renew(self) -> bool:
        """Forget a token that was refused; whether another can be had."""
        with self._lock:
            self._expires = 0.0
        return bool(self.token_file or self.command)


def _token_of(command: Object) -> tuple[str, float]:
    """A token from a kubeconfig's command, and when it ends."""
    about = {"apiVersion": command.get("apiVersion"), "kind": "ExecCredential"}
    env = {
        **os.environ,
        "KUBERNETES_EXEC_INFO": json.dumps({**about, "spec": {"interactive": False}}),
        **{e["name"]: e["value"] for e in command.get("env") or []},
    }
    try:
        done = subprocess.run(
            [command["command"], *(command.get("args") or [])],
            capture_output=True, text=True, env=env, check=False, timeout=60,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepsError(f"the kubeconfig's command {command['command']}: {error}") from None
    if done.returncode:
        raise StepsError(f"{command['command']}: {done.stderr.strip()[-500:]}")
    try:
        status = json.loads(done.stdout)["status"]
        token, ends = str(status["token"]), status.get("expirationTimestamp")
    except (ValueError, KeyError, TypeError):
        raise StepsError(f"{command['command']} gave no token (certificates: unknown)") from None
    if not ends:
        return token, float("inf")
    return token, datetime.fromisoformat(ends.replace("Z", "+00:00")).timestamp() - _EARLY_SECONDS


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
        raise StepsError(
            f"this is no pod of a cluster, and there is no kubeconfig ({path}); of several files"
            " make one: kubectl config view --flatten"
        )
    return read_kubeconfig(path)


def read_kubeconfig(path: Path) -> Login:
    """The login that the current context of a kubeconfig describes.

    Raises
    ------
    StepsError
        It names something that it does not hold.
    """
    config = yaml.safe_load(path.read_text(encoding="utf-8"))

    def named(kind: str, name: str) -> Object:
        for one in config.get(f"{kind}s") or []:
            if one["name"] == name:
                found: Object = one[kind]
                return found
        raise StepsError(f"the kubeconfig {path} has no {kind} {name!r}")

    def file(entry: Object, key: str) -> str:
        if f"{key}-data" in entry:
            return _private_file(base64.b64decode(entry[f"{key}-data"]))
        name = entry.get(key)
        return str(path.parent / name) if name else ""

    context = named("context", config.get("current-context"))
    cluster, user = named("cluster", context["cluster"]), named("user", context["user"])
    verify: str | bool = file(cluster, "certificate-authority") or True
    if cluster.get("insecure-skip-tls-verify"):
        verify = False
    login = Login(cluster["server"], context.get("namespace") or "default", verify)
    if certificate := file(user, "client-certificate"):
        login.certificate = (certificate, file(user, "client-key"))
    login.token = user.get("token") or ""
    if user.get("tokenFile"):
        login.token_file = path.parent / user["tokenFile"]
    login.command = user.get("exec")
    return login


def _private_file(content: bytes) -> str:
    """A file for libraries that take no keys from memory; it goes with this process."""
    with tempfile.NamedTemporaryFile(prefix="steps-", delete=False) as out:
        out.write(content)
    atexit.register(Path(out.name).unlink, missing_ok=True)
    return out.name
