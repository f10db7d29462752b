"""The same flows on every backend that this machine has."""

import os
import signal

import pytest

import executor.cluster  # noqa: F401  it adds Kubernetes to the labs
from executor.lab import (
    EXPECTED,
    LABS,
    PARTS,
    PATIENCE,
    Lab,
    Study,
    images,
    side_by_side,
    wait_until,
)

pytestmark = pytest.mark.backend


@pytest.fixture(params=side_by_side(LABS))
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each backend in turn."""
    found = LABS[request.param]
    found.require()
    return found


def finish(lab: Lab, study: Study) -> None:
    """Nothing is left; a busy node confirms the end of a pod late."""
    wait_until(lambda: not lab.left(study))


def test_a_flow_runs_each_rule_in_its_own_image(lab: Lab) -> None:
    study = lab.study("dag.smk")
    study.run()
    assert study.results() == EXPECTED
    proof = (study.folder / "results/proof.txt").read_text().splitlines()
    assert proof == [
        proof[0],
        "report CapEff: 0000000000000000",
        "report NoNewPrivs: 1",
        "report Seccomp: 2" if lab.seccomp else "report Seccomp: 0",
        "report image: step-image-b",
        "report root: read-only",
        "report inputs: read-only",
        "report interfaces: 0" if lab.no_network else proof[7],
        "report scratch: ok",
        "report credentials: 0",
    ]
    assert int(proof[0]) != 0
    assert not (study.folder / "work/parts/part1.tsv").exists()
    for part in PARTS:
        assert (study.folder / f"logs/scatter/{part}.log").read_text() == "ok\n"
        header, row = (study.folder / f"benchmarks/scatter/{part}.tsv").read_text().splitlines()
        assert header.startswith("s\th:m:s\tmax_rss")
        assert float(row.split("\t")[0]) > 0
    records = study.records()
    assert {r["rule"] for r in records} == {"prepare", "scatter", "gather", "report"}
    assert len(records) == 6
    for record in records:
        wanted = images()["a" if record["rule"] in ("prepare", "gather") else "b"]
        assert "docker://" + record["image"] == wanted
        assert record["ran_in"]
    assert "Nothing to be done" in study.run()
    finish(lab, study)


def test_failures_say_why_and_keep_their_logs(lab: Lab) -> None:
    study = lab.study("failures.smk")
    targets = ["fails.txt", "unset.txt", "pipefail.txt", "forgets.txt", "here/x.txt", "second.txt"]
    text = study.run(*targets, "group/2.txt", ok=False)
    reasons = {r["rule"]: r["reason"] for r in study.records()}
    assert reasons["fails"].startswith("exit code 3")
    assert reasons["unset"].startswith("exit code 1")
    assert reasons["pipefail"].startswith("exit code 1")
    assert reasons["writes_elsewhere"].startswith("exit code 1")
    assert (reasons["first"], reasons["second"], reasons["group_fails_1"]) == ("", "", "")
    assert reasons["group_fails_2"].startswith("exit code 5")
    assert "no such chromosome: chrZ" in text
    assert "NO_SUCH_VARIABLE: unbound variable" in text
    assert "second member was here" in text
    assert "Read-only file system" in text
    assert "missing" in text
    assert "forgets.txt" in text
    assert (study.folder / "logs/fails.log").read_text() == "kept in the log\n"
    kept = [p.read_text() for p in (study.folder / ".snakemake/steps/logs").iterdir()]
    assert any("no such chromosome: chrZ" in t for t in kept)
    assert (study.folder / "second.txt").read_text() == "1\nstep-image-b\n"
    assert not (study.folder / "fails.txt").exists()
    finish(lab, study)


def test_memory_grows_with_the_attempts(lab: Lab) -> None:
    if not lab.memory_is_limited:
        pytest.skip(f"{lab.name} does not limit memory here")
    study = lab.study("failures.smk")
    text = study.run("grows.txt", "hides_oom.txt", ok=False)
    assert int((study.folder / "grows.txt").read_text()) == 220 * 1024 * 1024
    grows = [r for r in study.records() if r["rule"] == "grows"]
    assert [r["attempt"] for r in grows] == [1, 2, 3]
    assert [r["mem_mb"] for r in grows] == [100, 200, 300]
    assert [r["reason"].split(":")[0] for r in grows] == ["OOMKilled", "OOMKilled", ""]
    assert "OOMKilled: it needed more than its mem_mb=100 (although its script ended well)" in text
    assert grows[2]["usage"]["peak_bytes"] > 200 * 1024 * 1024
    finish(lab, study)


def test_an_image_that_is_not_there_is_named(lab: Lab) -> None:
    study = lab.study("failures.smk")
    text = study.run("bad_image.txt", *lab.quick, ok=False)
    assert lab.pull_error in text
    assert "manifest unknown" in text
    finish(lab, study)


def test_a_job_that_fits_nowhere_says_so(lab: Lab) -> None:
    study = lab.study("failures.smk")
    assert lab.too_large in study.run("huge.txt", *lab.quick, ok=False)
    finish(lab, study)


def test_a_job_that_takes_too_long_is_ended(lab: Lab) -> None:
    study = lab.study("failures.smk")
    assert lab.too_long in study.run("deadline.txt", ok=False)
    finish(lab, study)


def test_ctrl_c_leaves_nothing(lab: Lab) -> None:
    study = lab.study("failures.smk")
    process = study.start("slow/1.txt", "slow/2.txt", "slow/3.txt", "--config", "seconds=300")
    wait_until(lambda: list(study.folder.glob("slow/*.started")))
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "vanished" not in text
    finish(lab, study)
    assert not (study.folder / "slow/1.txt").exists()


def test_a_killed_controller_is_resumed(lab: Lab) -> None:
    study = lab.study("failures.smk")
    process = study.start("slow/1.txt", "second.txt", "--config", "seconds=600")
    study.wait_for("slow/1.txt.started", "second.txt")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert len(lab.left(study)) > 0
    study.run("slow/1.txt", "second.txt", "--config", "seconds=0", "--unlock")
    text = study.run("slow/1.txt", "second.txt", "--config", "seconds=0")
    assert "that an earlier run has left" in text
    assert (study.folder / "slow/1.txt").read_text() == "1\n"
    assert [r["rule"] for r in study.records()].count("second") <= 2
    finish(lab, study)


def test_many_short_jobs(lab: Lab) -> None:
    study = lab.study("failures.smk")
    text = study.run(*(f"short/{i}.txt" for i in range(lab.many)))
    assert f"{lab.many} of {lab.many} steps (100%) done" in text
    for i in range(lab.many):
        assert (study.folder / f"short/{i}.txt").read_text() == f"{i}\n"
    finish(lab, study)
