"""The controller as a job in the cluster, from the profiles' own manifests."""

import copy
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.cluster import (
    NAMESPACE,
    STAGED,
    apply,
    bucket_contents,
    cluster,
    controller_image,
    documents,
    end_controller,
    finish_controller,
    kubectl,
    start_controller,
    volume,
)
from executor.lab import EXPECTED, FLOWS, LABS, USER, new_folder, wait_until

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("kubernetes-s3")]
LAB = LABS["kubernetes"]
MANIFEST = "kubernetes/controller.yaml"


@pytest.fixture(autouse=True)
def no_job() -> Iterator[None]:
    """A controller that a failed test has left is ended."""
    LAB.require()
    STAGED.require()  # the controller's image holds the storage plugin as well
    yield
    end_controller()


def start(workdir: str, args: list[str], manifest: str = MANIFEST, **changes: str) -> None:
    """Run Snakemake in the cluster."""
    command = ["python3", "-m", "snakemake"]
    start_controller(manifest, controller_image(), workdir, command, args, changes)


def pods() -> list[dict[str, Any]]:
    """Pods of steps."""
    label = "app.kubernetes.io/managed-by=snakemake-steps"
    found = kubectl("-n", NAMESPACE, "get", "pods", "-l", label, "-o", "json")
    items: list[dict[str, Any]] = json.loads(found)["items"]
    return items


def arguments(study: Any, profile: str, *more: str) -> list[str]:
    """Snakemake's arguments in a folder that holds the flow and the profile."""
    shutil.copy(FLOWS / study.flow, study.folder)
    shutil.copy(study.profile / "config.yaml", study.folder)
    return ["--snakefile", study.flow, "--profile", ".", *more]


def test_a_controller_on_the_claim_needs_its_own_rights_only() -> None:
    study = LAB.study("dag.smk")
    args = arguments(study, "kubernetes", "--steps-poll-seconds", "0.5", "--latency-wait", "5")
    start(f"/study/{study.folder.name}", args)
    finish_controller()
    assert study.results() == EXPECTED
    assert LAB.left(study) == [p for p in LAB.left(study) if "controller" in p]


def start_slow() -> Any:
    """A study whose controller waits for a long step."""
    study = LAB.study("failures.smk")
    args = arguments(study, "kubernetes", "slow/1.txt", "--config", "seconds=600")
    start(f"/study/{study.folder.name}", args)
    study.wait_for("slow/1.txt.started")
    (step,) = pods()
    (owner,) = step["metadata"]["ownerReferences"]
    assert owner["kind"] == "Pod"
    return study


def test_a_job_that_is_deleted_ends_its_steps_and_leaves_no_lock() -> None:
    study = start_slow()
    kubectl("-n", NAMESPACE, "delete", "job", "controller")
    wait_until(lambda: not LAB.left(study))
    assert not list((study.folder / ".snakemake").glob("locks/*"))
    assert not (study.folder / "slow/1.txt").exists()


def test_with_a_controllers_pod_that_is_lost_go_the_pods_of_its_steps() -> None:
    study = start_slow()
    label = "job-name=controller"
    kubectl("-n", NAMESPACE, "delete", "pod", "-l", label, "--grace-period=0", "--force")
    kubectl("-n", NAMESPACE, "delete", "job", "controller")
    wait_until(lambda: not pods())
    assert not (study.folder / "slow/1.txt").exists()


def test_a_controller_with_object_storage() -> None:
    study = STAGED.study("dag.smk")
    folder = new_folder()
    name = f"{NAMESPACE}-controller"
    args = arguments(study, "kubernetes-s3", *study.options)
    for file in ("dag.smk", "config.yaml", "images.json"):
        shutil.copy(study.folder / file, folder)
    if os.getuid() == 0:
        os.chown(folder, USER, USER)
    apply(volume(folder, name, name))
    changes = {"storageClassName: standard": f"storageClassName: {name}"}
    start("/controller", args, "kubernetes-s3/controller.yaml", **changes)
    finish_controller()
    assert study.results() == EXPECTED
    assert bucket_contents(study.bucket, "run/")["logs/prepare.log"] == b"prepared\n"
    assert (folder / ".snakemake/steps/checksums.jsonl").exists()
    apply(*documents("kubernetes-s3/network.yaml"))


@pytest.mark.parametrize(
    ("answer", "verbs", "resource"),
    [
        ("yes", ["create", "get", "list", "watch", "delete"], "pods"),
        ("yes", ["get"], "pods/log"),
        ("yes", ["list"], "events"),
        ("no", ["update", "patch", "deletecollection"], "pods"),
        ("no", ["create"], "pods/exec"),
        ("no", ["get", "list", "create", "watch"], "secrets"),
        ("no", ["get", "list", "create"], "configmaps"),
        ("no", ["create"], "serviceaccounts/token"),
        ("no", ["create", "update"], "roles.rbac.authorization.k8s.io"),
        ("no", ["create"], "jobs.batch"),
    ],
)
@pytest.mark.parametrize("account", ["controller", "step"])
def test_accounts_may_do_what_is_written_and_nothing_else(
    account: str, answer: str, verbs: list[str], resource: str
) -> None:
    cluster()
    who = f"system:serviceaccount:{NAMESPACE}:{account}"
    name, _, part = resource.partition("/")
    for verb in verbs:
        for namespace in (NAMESPACE, "default"):
            review = copy.deepcopy(REVIEW)
            group = name.partition(".")[2]
            review["spec"]["user"] = who
            review["spec"]["resourceAttributes"] = {
                "namespace": namespace, "verb": verb, "group": group,
                "resource": name.partition(".")[0], "subresource": part,
            }  # fmt: skip
            text = kubectl("create", "-o", "json", "-f", "-", text=json.dumps(review))
            allowed = json.loads(text)["status"].get("allowed", False)
            expected = answer == "yes" and account == "controller" and namespace == NAMESPACE
            assert allowed == expected, (verb, resource, namespace)


REVIEW: dict[str, Any] = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SubjectAccessReview",
    "spec": {},
}


def test_every_manifest_is_one_that_the_cluster_takes() -> None:
    cluster()
    profiles = Path(__file__).parents[3] / "workflow" / "profiles"
    names = sorted(f"{p.parent.name}/{p.name}" for p in profiles.glob("kubernetes*/*.yaml"))
    manifests = [name for name in names if not name.endswith("/config.yaml")]
    assert len(manifests) == 5
    for name in manifests:
        for one in documents(name):
            if one["kind"] != "Namespace":
                one["metadata"]["name"] += "-x"  # not one that another test has made
            kubectl("apply", "--dry-run=server", "-f", "-", text=json.dumps(one))
