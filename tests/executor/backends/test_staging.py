"""Kubernetes with object storage."""

import os
import signal

import pytest

from executor.cluster import NAMESPACE, STAGED, StagedStudy, bucket_contents, kubectl
from executor.lab import EXPECTED, PATIENCE, wait_until

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("kubernetes-s3")]


@pytest.fixture
def study_of() -> object:
    """Makes studies."""
    STAGED.require()
    return STAGED.study


def test_a_flow_runs_with_object_storage(study_of) -> None:  # type: ignore[no-untyped-def]
    study: StagedStudy = study_of("dag.smk")
    study.run()
    assert study.results() == EXPECTED
    found = bucket_contents(study.bucket, "run/")
    assert found["logs/scatter/part1.log"] == b"ok\n"
    assert found["benchmarks/scatter/part1.tsv"].startswith(b"s\th:m:s\tmax_rss")
    assert "work/parts/part1.tsv" not in found
    proof = found["results/proof.txt"].decode().splitlines()
    assert "report credentials: 0" in proof
    assert "report root: read-only" in proof
    assert "report CapEff: 0000000000000000" in proof
    assert not (study.folder / "results").exists()
    records = study.records()
    assert len(records) == 6
    assert all(str(r["image"]).split("@")[1] in str(r["ran_in"]) for r in records)
    assert "Nothing to be done" in study.run()
    assert STAGED.left(study) == []


def test_failures_with_object_storage(study_of) -> None:  # type: ignore[no-untyped-def]
    study: StagedStudy = study_of("failures.smk")
    targets = ["fails.txt", "forgets.txt", "second.txt", "group/2.txt", "grows.txt"]
    text = study.run(*targets, ok=False)
    reasons = {r["rule"]: str(r["reason"]) for r in study.records()}
    assert reasons["fails"].startswith("exit code 3")
    assert reasons["group_fails_2"].startswith("exit code 5")
    assert reasons["forgets"].startswith("it ended well but did not make all its outputs:")
    assert "forgets.txt" in reasons["forgets"]
    assert (reasons["first"], reasons["second"], reasons["grows"]) == ("", "", "")
    assert "OOMKilled: it needed more than its mem_mb=200" in text
    assert "no such chromosome: chrZ" in text
    found = bucket_contents(study.bucket, "run/")
    assert found["logs/fails.log"] == b"kept in the log\n"
    assert "fails.txt" not in found
    assert found["second.txt"] == b"1\nstep-image-b\n"
    assert STAGED.left(study) == []


def test_ctrl_c_and_a_killed_controller_with_object_storage(study_of) -> None:  # type: ignore[no-untyped-def]
    study: StagedStudy = study_of("failures.smk")
    process = study.start("slow/1.txt", "--config", "seconds=300")
    wait_until(lambda: "Init:1/2" in kubectl("-n", NAMESPACE, "get", "pods"))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(STAGED.left(study)) == 1
    study.run("slow/1.txt", "--config", "seconds=0", "--unlock")
    process = study.start("slow/1.txt", "slow/2.txt", "--config", "seconds=301")
    wait_until(lambda: len(STAGED.left(study)) == 2)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=PATIENCE)
    assert "that an earlier run has left" in text
    assert STAGED.left(study) == []
