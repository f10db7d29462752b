"""A cluster that lets in only what keeps the written standards: flows run, bad pods do not."""

import base64
import copy
import http.server
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.cluster import API_HOST, NAMESPACE, STAGED, cluster, kubectl
from executor.kubernetes.standards import (
    violations_of_own_rules,
    violations_of_restricted,
    violations_of_restricted_v2,
)
from executor.lab import EXPECTED, LABS, Study, images, new_folder
from snakemake_executor_plugin_steps.kubernetes.pod import Site, pod
from snakemake_executor_plugin_steps.submission import Step, Submission

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("kubernetes")]
OPENSHIFT_UID = 1000680000
UIDS = range(OPENSHIFT_UID, OPENSHIFT_UID + 10_000)
LAB = LABS["kubernetes"]
Rule = Callable[[dict[str, Any]], list[str]]


class Admission:
    """A webhook: the cluster asks it about every pod of the tests' namespace."""

    def __init__(self, folder: Path, rules: list[Rule]) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.certificate = folder / "crt.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=admission", "-addext", f"subjectAltName=IP:{API_HOST}",
             "-keyout", str(folder / "key.pem"), "-out", str(self.certificate)],
            check=True, capture_output=True,
        )  # fmt: skip
        admission = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                request = json.loads(self.rfile.read(length))["request"]
                found = [text for rule in rules for text in rule(request["object"])]
                admission.asked.append((request["object"]["metadata"]["name"], found))
                response = {
                    "uid": request["uid"],
                    "allowed": not found,
                    "status": {"code": 403, "message": "; ".join(found)},
                }
                body = {
                    "apiVersion": "admission.k8s.io/v1",
                    "kind": "AdmissionReview",
                    "response": response,
                }
                raw = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def configuration(self) -> dict[str, Any]:
        """What makes the cluster ask; without an answer it refuses."""
        port = self.server.server_port
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": NAMESPACE},
            "webhooks": [
                {
                    "name": "pods.steps.test",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 10,
                    "clientConfig": {
                        "url": f"https://{API_HOST}:{port}/",
                        "caBundle": base64.b64encode(self.certificate.read_bytes()).decode(),
                    },
                    "namespaceSelector": {"matchLabels": {"steps-test": NAMESPACE}},
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE"],
                            "resources": ["pods"],
                        }
                    ],
                }
            ],
        }

    def end(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def admission_of() -> Iterator[Callable[[list[Rule]], Admission]]:
    """Starts a webhook with rules; the cluster forgets it at the end."""
    LAB.require()
    cluster()
    started: list[Admission] = []

    def start(rules: list[Rule]) -> Admission:
        found = Admission(new_folder(), rules)
        started.append(found)
        kubectl("label", "namespace", NAMESPACE, f"steps-test={NAMESPACE}", "--overwrite")
        kubectl("apply", "-f", "-", text=json.dumps(found.configuration()))
        wait_until_asked(found)
        return found

    yield start
    kubectl("delete", "validatingwebhookconfiguration", NAMESPACE, "--ignore-not-found")
    for one in started:
        one.end()


def bare(run_as: str = "10001:10001") -> dict[str, Any]:
    """A pod as the plugin makes it, that does nothing."""
    image = images()["a"].removeprefix("docker://")
    step = Step("nothing", image, "s.sh", "", mem_mb=50, disk_mb=50, runtime_minutes=1)
    site = Site(cluster(), "none", "none", "genocohort", str(cluster()), run_as=run_as)
    one = pod(Submission(f"bare-{os.urandom(4).hex()}", (step,)), site)
    one["spec"]["containers"][0]["command"] = ["true"]
    return one


def create(one: dict[str, Any]) -> str:
    """What the cluster says to a pod, which is not really made."""
    done = subprocess.run(
        ["kubectl", "-n", NAMESPACE, "create", "--dry-run=server", "-f", "-"],
        input=json.dumps(one), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def wait_until_asked(found: Admission) -> None:
    """The cluster takes a moment until it asks."""
    from executor.lab import wait_until

    def asked() -> bool:
        create(bare())
        return bool(found.asked)

    wait_until(asked)
    found.asked.clear()


def with_user(study: Study, user: int) -> Study:
    """A study whose controller and steps run as a user without a name."""
    study.user = user
    study.options += ("--steps-run-as", f"{user}:0")
    if os.getuid() == 0:
        for path in (study.folder, *study.folder.rglob("*")):
            os.chown(path, user, 0)
    return study


@pytest.mark.parametrize("name", ["claim", "object storage"])
def test_flows_run_under_the_restricted_standard(admission_of: Any, name: str) -> None:
    lab = LAB if name == "claim" else STAGED
    lab.require()
    found = admission_of([violations_of_restricted, violations_of_own_rules])
    study = lab.study("dag.smk")
    study.run()
    assert study.results() == EXPECTED
    assert len(found.asked) == 5  # the group is one pod
    assert all(not violations for _, violations in found.asked)


@pytest.mark.parametrize("name", ["claim", "object storage"])
def test_flows_run_as_a_user_that_openshift_would_choose(admission_of: Any, name: str) -> None:
    lab = LAB if name == "claim" else STAGED
    lab.require()
    found = admission_of([lambda one: violations_of_restricted_v2(one, UIDS)])
    study = with_user(lab.study("dag.smk"), OPENSHIFT_UID)
    study.run()
    assert study.results() == EXPECTED
    assert len(found.asked) == 5
    if name == "claim":
        proof = (study.folder / "results/proof.txt").read_text()
        assert proof.startswith(f"{OPENSHIFT_UID}\n")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spec.hostNetwork", True),
        (
            "spec.volumes",
            [{"name": "work", "hostPath": {"path": "/"}}, {"name": "tmp", "emptyDir": {}}],
        ),
        ("spec.securityContext.seccompProfile", {"type": "Unconfined"}),
        ("container.runAsUser", 0),
        ("container.allowPrivilegeEscalation", True),
        ("container.capabilities", {"drop": ["ALL"], "add": ["NET_RAW"]}),
        ("container.readOnlyRootFilesystem", False),
    ],
)
def test_bad_pods_are_refused_and_the_field_is_named(
    admission_of: Any, field: str, value: Any
) -> None:
    admission_of([violations_of_restricted, violations_of_own_rules])
    good = bare()
    assert "created" in create(good)
    bad = copy.deepcopy(good)
    place: Any = (
        bad["spec"]["containers"][0]["securityContext"] if field.startswith("container") else bad
    )
    *path, last = field.removeprefix("container.").split(".")
    for key in path:
        place = place[key]
    place[last] = value
    text = create(bad)
    assert "denied the request" in text
    assert last in text


def test_a_tag_or_a_chosen_user_is_refused(admission_of: Any) -> None:
    admission_of([violations_of_own_rules, lambda one: violations_of_restricted_v2(one, UIDS)])
    assert "created" in create(bare(f"{OPENSHIFT_UID}:0"))
    assert "spec.securityContext.runAsUser: 10001" in create(bare())
    tagged = bare(f"{OPENSHIFT_UID}:0")
    tagged["spec"]["containers"][0]["image"] = "registry.example/a:1"
    assert "registry.example/a:1" in create(tagged)


def test_a_flow_whose_pods_are_refused_says_why(admission_of: Any) -> None:
    found = admission_of([lambda one: violations_of_restricted_v2(one, UIDS)])
    study = LAB.study("dag.smk")
    text = study.run(ok=False)
    assert "it was not submitted: the cluster refuses to make the pod (403)" in text
    assert "spec.securityContext.runAsUser: 10001" in text
    assert len(found.asked) == 1


def test_without_an_answer_nothing_is_let_in(admission_of: Any) -> None:
    found = admission_of([violations_of_restricted])
    assert "created" in create(bare())
    found.end()
    assert "failed calling webhook" in create(bare())
