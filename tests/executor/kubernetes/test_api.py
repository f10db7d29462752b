"""The calls to a cluster, made to a server of the test's own."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from snakemake_executor_plugin_steps.kubernetes.api import Api, Login, read_kubeconfig
from snakemake_executor_plugin_steps.submission import StepsError


class Cluster:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str, str | None]] = []
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                cluster.body = self.rfile.read(length).decode()
                cluster.asked.append((self.command, self.path, self.headers["Authorization"]))
                code, content = cluster.answers.pop(0)
                raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

        self.body = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def api(self) -> Api:
        """A client of it."""
        login = Login(f"http://127.0.0.1:{self.server.server_port}", "study", True)
        login.token = "secret-token"
        return Api(login, "study")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster, and no time to lose."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    found = Cluster()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_pod_is_made_listed_and_deleted(cluster: Cluster) -> None:
    api = cluster.api()
    cluster.answers = [(201, {}), (200, {"items": [{"a": 1}]}), (200, {})]
    api.create_pod({"metadata": {"name": "x"}})
    assert api.list_pods("snakemake-steps/run", "r") == [{"a": 1}]
    api.delete_pod("x")
    assert cluster.asked == [
        ("POST", "/api/v1/namespaces/study/pods", "Bearer secret-token"),
        (
            "GET",
            "/api/v1/namespaces/study/pods?labelSelector=snakemake-steps%2Frun%3Dr",
            "Bearer secret-token",
        ),
        ("DELETE", "/api/v1/namespaces/study/pods/x", "Bearer secret-token"),
    ]
    assert json.loads(cluster.body) == {"gracePeriodSeconds": 0}


def test_the_clusters_own_words_reach_the_user(cluster: Cluster) -> None:
    cluster.answers = [(403, {"message": "exceeded quota: study, requested: pods=1"})]
    with pytest.raises(StepsError, match=r"refuses to make the pod \(403\): exceeded quota"):
        cluster.api().create_pod({})


def test_a_busy_cluster_is_asked_again(cluster: Cluster) -> None:
    cluster.answers = [(503, ""), (429, ""), (200, {"items": []})]
    assert cluster.api().list_pods("a", "b") == []
    assert len(cluster.asked) == 3


def test_a_pod_that_an_earlier_attempt_has_made_is_ours(cluster: Cluster) -> None:
    cluster.answers = [(500, ""), (409, {"message": 'pods "x" already exists'})]
    cluster.api().create_pod({})
    cluster.answers = [(409, {"message": "object is being deleted: quota conflict"})]
    with pytest.raises(StepsError, match="409"):
        cluster.api().create_pod({})


def test_a_pod_that_is_gone_is_deleted(cluster: Cluster) -> None:
    cluster.answers = [(404, {"message": "not found"})]
    cluster.api().delete_pod("x")


def test_events_are_optional(cluster: Cluster) -> None:
    cluster.answers = [(403, {"message": "forbidden"})]
    assert cluster.api().warnings_of("x") == ""
    cluster.answers = [(200, {"items": [{"reason": "FailedMount", "message": "no volume"}]})]
    assert cluster.api().warnings_of("x") == "FailedMount: no volume"


def test_a_cluster_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    api = Api(Login("http://127.0.0.1:9", "study", True), "study")
    with pytest.raises(StepsError, match="the cluster does not answer"):
        api.list_pods("a", "b")


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
    command = {"command": "echo", "args": [answer]}
    login = read_kubeconfig(kubeconfig(tmp_path, {"exec": command}, {}))
    assert login.headers() == {"Authorization": "Bearer fresh"}
    login.command = {"command": "false"}
    login._expires = 0
    with pytest.raises(StepsError, match="false"):
        login.headers()
