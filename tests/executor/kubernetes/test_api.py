"""The calls to a cluster, made to a server of the test's own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from snakemake_executor_plugin_steps.kubernetes import api as api_module
from snakemake_executor_plugin_steps.kubernetes.api import Api, QuotaError
from snakemake_executor_plugin_steps.kubernetes.login import Login
from snakemake_executor_plugin_steps.submission import Closing, StepsError

RESET = 0
"""Instead of an answer: the connection breaks after the request was heard."""


class Cluster:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.headers: dict[str, str] = {}
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                cluster.body = self.rfile.read(length).decode()
                cluster.asked.append((self.command, self.path, self.headers["Authorization"]))
                code, content = cluster.answers.pop(0)
                if code == RESET:
                    self.connection.shutdown(2)
                    self.close_connection = True
                    return
                raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(code)
                for key, value in cluster.headers.items():
                    self.send_header(key, value)
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
        api = Api(login, "study")
        setattr(api.closing, "wait", lambda _: api.closing.is_set())  # noqa: B010
        return api


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
            "/api/v1/namespaces/study/pods?labelSelector=snakemake-steps%2Frun%3Dr&limit=500",
            "Bearer secret-token",
        ),
        ("DELETE", "/api/v1/namespaces/study/pods/x", "Bearer secret-token"),
    ]
    assert json.loads(cluster.body) == {"gracePeriodSeconds": 0}


def test_the_clusters_own_words_reach_the_user(cluster: Cluster) -> None:
    cluster.answers = [(403, {"message": "pods is forbidden: user x cannot create"})]
    with pytest.raises(StepsError, match=r"refuses to make the pod \(403\): pods is forbidden"):
        cluster.api().create_pod({})


def test_a_full_quota_is_told_from_a_refusal(cluster: Cluster) -> None:
    cluster.answers = [(403, {"message": "exceeded quota: study, requested: pods=1"})]
    with pytest.raises(QuotaError, match="exceeded quota: study"):
        cluster.api().create_pod({})


def test_pages_are_put_together_and_old_ones_read_again(cluster: Cluster) -> None:
    first = {"items": [{"a": 1}], "metadata": {"continue": "token"}}
    cluster.answers = [(200, first), (410, {"message": "too old"}), (200, first)]
    cluster.answers += [(200, {"items": [{"a": 2}], "metadata": {}})]
    assert cluster.api().list_pods("a", "b") == [{"a": 1}, {"a": 2}]
    assert [("continue=token" in path) for _, path, _ in cluster.asked] == [0, 1, 0, 1]


def test_a_busy_server_says_when_to_come_back(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    cluster.headers = {"Retry-After": "7"}
    cluster.answers = [(429, ""), (200, {"items": []})]
    cluster.api().list_pods("a", "b")
    assert slept == [7.0]


def test_a_token_that_was_refused_is_renewed_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = cluster.api()._login
    tokens = iter(["old", "new", "newest"])
    monkeypatch.setattr(login, "headers", lambda: {"Authorization": next(tokens)})
    monkeypatch.setattr(login, "renew", lambda: True)
    cluster.answers = [(401, ""), (200, {"items": []})]
    assert Api(login, "study").list_pods("a", "b") == []
    assert [given for _, _, given in cluster.asked] == ["old", "new"]
    cluster.answers = [(401, {"message": "Unauthorized"}), (401, {"message": "Unauthorized"})]
    tokens = iter(["old", "new", "newest"])
    with pytest.raises(StepsError, match=r"\(401\): Unauthorized"):
        Api(login, "study").list_pods("a", "b")


def test_a_broken_connection_makes_no_second_pod(cluster: Cluster) -> None:
    cluster.answers = [(RESET, ""), (409, {"message": 'pods "x" already exists'})]
    cluster.api().create_pod({})
    assert [method for method, _, _ in cluster.asked] == ["POST", "POST"]


def test_a_pod_of_another_is_not_ours(cluster: Cluster) -> None:
    cluster.answers = [(409, {"message": 'pods "x" already exists'})]
    with pytest.raises(StepsError, match="already exists"):
        cluster.api().create_pod({})


def test_a_conflict_over_a_quota_is_tried_again(cluster: Cluster) -> None:
    conflict = {"message": "Operation cannot be fulfilled on resourcequotas: modified"}
    cluster.answers = [(409, conflict), (201, {})]
    cluster.api().create_pod({})
    assert len(cluster.asked) == 2


def test_nothing_is_made_once_the_run_is_cancelled(cluster: Cluster) -> None:
    api = cluster.api()
    api.closing.set()
    cluster.answers = [(503, "")]
    with pytest.raises(Closing):
        api.create_pod({})
    cluster.answers = [(503, ""), (200, {"items": []})]
    assert api.list_pods("a", "b") == []  # but what is left can still be found


def test_only_the_end_of_a_long_log_is_kept(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_module, "MAX_LOG_BYTES", 10)
    cluster.answers = [(200, "x" * 300_000 + "the last.")]
    assert cluster.api().read_log("x", "step-0", 100) == "xthe last."
    assert "tailLines=100" in cluster.asked[0][1]


def test_a_busy_cluster_is_asked_again(cluster: Cluster) -> None:
    cluster.answers = [(503, ""), (429, ""), (200, {"items": []})]
    assert cluster.api().list_pods("a", "b") == []
    assert len(cluster.asked) == 3


def test_a_pod_that_an_earlier_attempt_has_made_is_ours(cluster: Cluster) -> None:
    cluster.answers = [(500, ""), (409, {"message": 'pods "x" already exists'})]
    cluster.api().create_pod({})


def test_a_pod_that_is_gone_is_deleted(cluster: Cluster) -> None:
    cluster.answers = [(404, {"message": "not found"})]
    cluster.api().delete_pod("x")


def test_events_are_optional(cluster: Cluster) -> None:
    cluster.answers = [(403, {"message": "forbidden"})]
    assert cluster.api().warnings_of("x") == ""
    past = {"reason": "FailedScheduling", "message": "a moment ago"}
    cluster.answers = [(200, {"items": [{"reason": "FailedMount", "message": "no volume"}, past]})]
    assert cluster.api().warnings_of("x") == "FailedMount: no volume"


def test_a_cluster_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(api_module, "PATIENCE_SECONDS", 1)
    clock = iter(range(1000))
    monkeypatch.setattr(api_module.time, "monotonic", lambda: next(clock))
    api = Api(Login("http://127.0.0.1:9", "study", True), "study")
    with pytest.raises(StepsError, match="the cluster does not answer"):
        api.list_pods("a", "b")
