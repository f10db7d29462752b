"""What a real cluster does to pods, and what is made of it."""

import json
from typing import Any

import pytest

from executor.cluster import NAMESPACE, STAGED, apply, kubectl
from executor.lab import LABS, PATIENCE, Lab, wait_until

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("kubernetes")]


@pytest.fixture
def lab() -> Lab:
    """Kubernetes with a claim."""
    found = LABS["kubernetes"]
    found.require()
    return found


def pods() -> list[dict[str, Any]]:
    """All pods of the tests."""
    found = kubectl("-n", NAMESPACE, "get", "pods", "-o", "json")
    items: list[dict[str, Any]] = json.loads(found)["items"]
    return items


def test_a_job_that_fills_the_disk_is_evicted_and_says_so(lab: Lab) -> None:
    study = lab.study("cluster.smk")
    text = study.run("fills.txt", ok=False)
    (record,) = study.records()
    assert str(record["reason"]).startswith("Evicted: ")
    assert "exceeds the limit" in text
    assert lab.left(study) == []


@pytest.mark.parametrize("grace", ["0", "2"])
def test_a_pod_that_someone_deletes_runs_again(lab: Lab, grace: str) -> None:
    study = lab.study("failures.smk")
    # A busy node ends a pod late; one that is forgotten runs again to its end.
    process = study.start("slow/1.txt", "--config", f"seconds={PATIENCE // 3}")
    study.wait_for("slow/1.txt.started")
    (one,) = pods()
    force = ["--force"] if grace == "0" else []
    name = one["metadata"]["name"]
    kubectl("-n", NAMESPACE, "delete", "pod", name, "--grace-period", grace, "--wait=false", *force)
    text, _ = process.communicate(timeout=PATIENCE)
    reasons = [str(record["reason"]) for record in study.records()]
    assert process.returncode == (0 if reasons[-1] == "" else 1), text
    if "vanished" in reasons[0]:
        assert reasons[1:] == [""]
        assert (study.folder / "slow/1.txt").read_text() == "1\n"
    else:
        assert reasons[0].startswith("someone has deleted its pod")
    assert lab.left(study) == []


def test_a_secret_that_is_not_there_is_named() -> None:
    STAGED.require()
    study = STAGED.study("failures.smk")
    options = ("--steps-storage-secret", "absent", "--steps-start-timeout", "60")
    text = study.run("first.txt", *options, ok=False)
    assert "stage-in cannot start: CreateContainerConfigError" in text
    assert '"absent" not found' in text
    assert STAGED.left(study) == []


def test_a_full_quota_makes_jobs_wait(lab: Lab) -> None:
    study = lab.study("failures.smk")
    place = {"name": "tight", "namespace": NAMESPACE}
    spec = {"hard": {"pods": "1"}}
    apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": place, "spec": spec})
    try:
        wait_until(
            lambda: '"used"' in kubectl("-n", NAMESPACE, "get", "quota", "tight", "-o", "json")
        )
        text = study.run("short/1.txt", "short/2.txt", "short/3.txt")
    finally:
        kubectl("-n", NAMESPACE, "delete", "quota", "tight")
    assert "exceeded quota: tight" in text
    assert [r["reason"] for r in study.records()] == ["", "", ""]


def test_a_quota_that_never_has_room_is_an_error(lab: Lab) -> None:
    study = lab.study("failures.smk")
    place = {"name": "none", "namespace": NAMESPACE}
    spec = {"hard": {"pods": "0"}}
    apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": place, "spec": spec})
    try:
        wait_until(
            lambda: '"used"' in kubectl("-n", NAMESPACE, "get", "quota", "none", "-o", "json")
        )
        text = study.run("first.txt", "--steps-schedule-timeout", "3", ok=False)
    finally:
        kubectl("-n", NAMESPACE, "delete", "quota", "none")
    assert "unschedulable: there is no room for it" in text
