"""Object storage that is slow, cuts, changes bytes or hangs, and lists that are very long."""

import base64
import gzip
import hashlib
import http.client
import http.server
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from executor.cluster import (
    API_HOST,
    S3_ENDPOINT,
    STAGED,
    StagedStudy,
    apply,
    bucket_contents,
    secret,
    storage,
)
from executor.lab import EXPECTED
from snakemake_executor_plugin_steps.staging.manifest import MAX_CHARACTERS

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("kubernetes-s3")]
STALL_SECONDS = 4


@dataclass
class Fault:
    """What goes wrong with requests for keys that end in a text, and how often it still will."""

    kind: str
    method: str
    key: str
    times: int = 1_000_000
    seen: int = 0


class Proxy:
    """Stands between the stagers and the storage."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        proxy = self
        target = S3_ENDPOINT.split("//")[1]

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                kind = proxy.fault(self.command, self.path.split("?")[0])
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if kind == "busy":
                    self.reply(503, {}, b"")
                    return
                if kind == "hang":
                    proxy.over.wait(600)
                    self.close_connection = True
                    return
                if kind == "change" and self.command == "PUT" and body:
                    body = bytes([body[0] ^ 1]) + body[1:]
                connection = http.client.HTTPConnection(target, timeout=60)
                connection.request(self.command, self.path, body, dict(self.headers))
                found = connection.getresponse()
                content, headers = found.read(), dict(found.getheaders())
                connection.close()
                if kind == "change" and content and self.command == "GET":
                    content = bytes([content[0] ^ 1]) + content[1:]
                self.reply(found.status, headers, content, kind == "cut")

            def reply(
                self, status: int, headers: dict[str, str], content: bytes, cut: bool = False
            ) -> None:
                self.send_response(status)
                for key, value in headers.items():
                    if key.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(key, value)
                length = headers.get("Content-Length", "0")
                is_head = self.command == "HEAD"
                self.send_header("Content-Length", length if is_head else str(len(content)))
                self.end_headers()
                if not is_head:
                    self.wfile.write(content[: len(content) // 2] if cut else content)
                self.close_connection = cut

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815

        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fault(self, method: str, path: str) -> str:
        """What is to go wrong with a request."""
        with self.lock:
            for one in self.faults:
                if one.method == method and path.endswith(one.key) and one.times > 0:
                    one.times -= 1
                    one.seen += 1
                    return one.kind
        return ""

    def study(self, flow: str, *faults: Fault) -> StagedStudy:
        """A study whose stagers, but not its controller, reach the storage through here."""
        self.faults = list(faults)
        endpoint = f"http://{API_HOST}:{self.server.server_port}"
        one = secret(SNAKEMAKE_STORAGE_S3_ENDPOINT_URL=endpoint)
        one["metadata"]["name"] = "faulty"
        study = STAGED.study(flow)
        apply(one)
        study.options += ("--steps-storage-secret", "faulty")
        study.options += ("--steps-storage-timeout", str(STALL_SECONDS))
        return study

    def end(self) -> None:
        """Let go of all who hang, and answer no more."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """The way to the storage."""
    STAGED.require()
    found = Proxy()
    yield found
    found.end()


def test_what_goes_wrong_once_is_made_good(proxy: Proxy) -> None:
    faults = [
        Fault("busy", "GET", "input.tsv", 2),
        Fault("change", "PUT", "work/prepared.tsv", 1),
        Fault("change", "GET", "work/parts/part1.tsv", 1),
        Fault("cut", "GET", "work/parts/part2.tsv", 1),
        Fault("hang", "GET", "work/parts/part3.tsv", 1),
        Fault("hang", "PUT", "results/proof.txt", 1),
    ]
    study = proxy.study("dag.smk", *faults)
    study.run()
    assert study.results() == EXPECTED
    assert [fault.times for fault in faults] == [0] * len(faults)
    assert STAGED.left(study) == []


def test_what_goes_wrong_for_ever_is_named(proxy: Proxy) -> None:
    faults = [
        Fault("hang", "PUT", "short/1.txt"),
        Fault("change", "PUT", "short/2.txt"),
        Fault("change", "GET", "short/3.txt"),
        Fault("busy", "PUT", "short/4.txt"),
    ]
    study = proxy.study("failures.smk", *faults)
    study.run(*(f"short/{i}.txt" for i in range(1, 5)), ok=False)
    reasons = {r["wildcards"]["i"]: str(r["reason"]) for r in study.records()}
    assert f"no byte has moved for {STALL_SECONDS} s" in reasons["1"]
    assert "short/1.txt (3 times)" in reasons["1"]
    assert "short/2.txt: sha256" in reasons["2"]
    assert "is read back" in reasons["2"]
    assert "is read back" in reasons["3"]
    # The plugin's own pauses between its attempts may be longer than our patience.
    assert "short/4.txt" in reasons["4"]
    assert all(fault.seen for fault in faults)
    assert STAGED.left(study) == []


def test_an_input_that_changes_between_two_jobs_is_found(proxy: Proxy) -> None:
    study = proxy.study("failures.smk")
    study.run("first.txt")
    proxy.faults = [Fault("change", "GET", "first.txt")]
    study.run("second.txt", ok=False)
    (reason,) = (str(r["reason"]) for r in study.records() if r["rule"] == "second")
    assert "first.txt: what arrived has sha256" in reason


def test_a_list_too_long_for_a_variable_travels_as_a_file(proxy: Proxy) -> None:
    study = proxy.study("many.smk")
    count = int(os.environ.get("STEPS_TEST_INPUTS", "400"))
    names = [
        "".join(hashlib.sha512(f"{i} {j}".encode()).hexdigest() for j in range(4))[: 200 + i % 7]
        for i in range(count)
    ]
    packed = base64.b64encode(gzip.compress(json.dumps(names * 2).encode()))
    assert len(packed) > MAX_CHARACTERS or count < 400
    (study.folder / "names.json").write_text(json.dumps(names))
    bucket = storage().Bucket(study.bucket)
    for i, name in enumerate(names):
        bucket.put_object(Key=f"run/in/{name}", Body=f"{i}\n".encode())
    start = time.monotonic()
    study.run()
    print(f"{count} inputs: {time.monotonic() - start:.1f} s")
    text = "".join(f"{i}\n" for i in range(count)).encode()
    assert study.results()["gathered.tsv"] == text
    assert study.results()["parts/a/b/all"] == text
    assert "Nothing to be done" in study.run()
    assert not [k for k in bucket_contents(study.bucket, "run/") if "manifest" in k]
    assert STAGED.left(study) == []
