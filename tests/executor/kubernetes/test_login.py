"""Who we are to a cluster, from kubeconfigs of all kinds."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from snakemake_executor_plugin_steps.kubernetes.login import find_login, read_kubeconfig
from snakemake_executor_plugin_steps.submission import StepsError


def kubeconfig(tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any]) -> Path:
    """A kubeconfig with one context."""
    path = tmp_path / "config"
    context = {"cluster": "c", "user": "u", "namespace": "study"}
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": context}],
        "clusters": [{"name": "c", "cluster": {"server": "https://host:6443/", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_kubeconfig_with_a_token(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("ca")
    login = read_kubeconfig(
        kubeconfig(tmp_path, {"token": "t"}, {"certificate-authority": "ca.crt"})
    )
    assert (login.server, login.namespace) == ("https://host:6443", "study")
    assert login.verify == str(tmp_path / "ca.crt")
    assert login.headers() == {"Authorization": "Bearer t"}


def test_a_kubeconfig_with_certificates_inside(tmp_path: Path) -> None:
    user = {
        "client-certificate-data": base64.b64encode(b"crt").decode(),
        "client-key-data": base64.b64encode(b"key").decode(),
    }
    login = read_kubeconfig(kubeconfig(tmp_path, user, {}))
    assert login.verify is True
    assert login.certificate is not None
    assert [Path(p).read_text() for p in login.certificate] == ["crt", "key"]
    assert Path(login.certificate[1]).stat().st_mode & 0o077 == 0


def test_a_kubeconfig_whose_command_gives_the_token(tmp_path: Path) -> None:
    answer = json.dumps({"status": {"token": "fresh"}})
    command: dict[str, Any] = {"command": "echo", "args": [answer]}
    login = read_kubeconfig(kubeconfig(tmp_path, {"exec": command}, {}))
    assert login.headers() == {"Authorization": "Bearer fresh"}
    login.command = {"command": "false"}
    assert login.headers() == {"Authorization": "Bearer fresh"}  # until it ends or is refused
    assert login.renew()
    with pytest.raises(StepsError, match="false"):
        login.headers()


def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    for ends, renewed in (("2001-01-01T00:00:00Z", True), ("2999-01-01T00:00:00Z", False)):
        count = tmp_path / f"count-{renewed}"
        answer = json.dumps({"status": {"token": "t", "expirationTimestamp": ends}})
        script = f"echo >> {count}; echo '{answer}'"
        command = {"command": "sh", "args": ["-c", script]}
        login = read_kubeconfig(kubeconfig(tmp_path, {"exec": command}, {}))
        login.headers()
        login.headers()
        assert len(count.read_text().splitlines()) == (2 if renewed else 1)


def test_a_command_is_told_what_is_asked_for(tmp_path: Path) -> None:
    script = (
        """printf '{"status": {"token": "%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | cksum)" """
    )
    command = {"apiVersion": "v1", "command": "sh", "args": ["-c", script]}
    given = read_kubeconfig(kubeconfig(tmp_path, {"exec": command}, {})).headers()
    assert given != {"Authorization": "Bearer 4294967295 0"}  # the sum of nothing


def test_a_command_that_gives_no_token_is_named(tmp_path: Path) -> None:
    for command, words in (("echo", "gave no token"), ("/no/such/program", "No such file")):
        login = read_kubeconfig(kubeconfig(tmp_path, {"exec": {"command": command}}, {}))
        with pytest.raises(StepsError, match=words):
            login.headers()


def test_a_token_of_a_pod_changes_with_time(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    login = read_kubeconfig(kubeconfig(tmp_path, {"tokenFile": "token"}, {}))
    assert login.headers() == {"Authorization": "Bearer one"}
    (tmp_path / "token").write_text("two\n")
    assert login.headers() == {"Authorization": "Bearer two"}


def test_a_kubeconfig_that_lacks_something_says_what(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {}, {})
    path.write_text(path.read_text().replace("current-context: x", "current-context: y"))
    with pytest.raises(StepsError, match="has no context 'y'"):
        read_kubeconfig(path)


def test_several_kubeconfigs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    with pytest.raises(StepsError, match="kubectl config view --flatten"):
        find_login()
