"""The executor inside Snakemake, with an engine of the test's own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.lab import FLOWS, PROFILES, new_folder

DIGEST = "sha256:" + "a" * 64
IMAGES = {name: f"docker://registry.example/{name}@{DIGEST}" for name in ("a", "b")}


class FakeStudy:
    """A working directory, and a folder in which the engine keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.engine = folder / "study", folder / "engine"
        for path in (self.folder, self.engine, folder / "bin"):
            path.mkdir()
        (self.folder / "images.json").write_text(json.dumps(IMAGES))
        program = folder / "bin/docker"
        fake = Path(__file__).parent / "fake_engine.py"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} "$@"\n')
        program.chmod(0o755)
        self.env = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "FAKE_ENGINE": str(self.engine),
            "XDG_CACHE_HOME": str(folder),
        }

    def run(self, flow: str, *args: str, ok: bool = True) -> str:
        """Run a flow; the output."""
        command = [
            sys.executable, "-m", "snakemake", "--snakefile", str(FLOWS / flow),
            "--profile", str(PROFILES / "docker"), "--nocolor", "--steps-poll-seconds", "0.1",
            "--latency-wait", "0", "--retries", "0",
        ]  # fmt: skip
        if os.getuid() == 0 and "--steps-run-as" not in args:
            command += ["--steps-run-as", "10001"]
        done = subprocess.run(
            [*command, *args], cwd=self.folder, env=self.env, text=True, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def calls(self, word: str) -> int:
        """How often the engine was asked for something."""
        return sum(
            line.split(" ")[0] == word for line in (self.engine / "calls").read_text().splitlines()
        )

    def left(self) -> list[str]:
        """Containers that were not removed."""
        return [path.name for path in self.engine.glob("*.json")]


@pytest.fixture
def study() -> Iterator[FakeStudy]:
    """A new one."""
    folder = new_folder()
    yield FakeStudy(folder)
    shutil.rmtree(folder)


def test_a_flow_runs_and_is_recorded(study: FakeStudy) -> None:
    study.run("failures.smk", "second.txt", "short/1.txt")
    records = [
        json.loads(line)
        for line in (study.folder / ".snakemake/steps/jobs.jsonl").read_text().splitlines()
    ]
    assert {r["rule"]: r["image"] for r in records} == {
        "first": f"registry.example/a@{DIGEST}",
        "second": f"registry.example/b@{DIGEST}",
        "short": f"registry.example/a@{DIGEST}",
    }
    assert all(r["ran_in"] == "sha256:" + "1" * 64 for r in records)
    assert all(r["usage"]["exit_code"] == 0 for r in records)
    assert study.calls("run") == 3
    assert study.calls("pull") == 1
    assert study.left() == []
    assert list((study.folder / ".snakemake/steps/scripts").iterdir()) == []


def test_a_group_runs_in_order_and_says_which_member_failed(study: FakeStudy) -> None:
    text = study.run("failures.smk", "group/2.txt", ok=False)
    assert "exit code 5 (rule group_fails_2, image registry.example/b@" in text
    assert "second member was here" in text
    assert study.left() == []


def test_a_failed_job_keeps_its_output(study: FakeStudy) -> None:
    text = study.run("failures.smk", "fails.txt", ok=False)
    assert "exit code 3 (rule fails, image registry.example/b@" in text
    (log,) = (study.folder / ".snakemake/steps/logs").iterdir()
    assert log.read_text() == "no such chromosome: chrZ\n"
    assert str(log) in text
    assert len(list((study.folder / ".snakemake/steps/scripts").iterdir())) == 1


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_container.txt", "rule no_container: the rule names no container: image"),
        ("tag.txt", "rule tag: the image registry.example/a:1.0 is named by a tag"),
        ("run_block.txt", "rule run_block: a rule without shell:"),
        ("shadowed.txt", "rule shadowed: shadow: does not work"),
        ("repeated.txt", r"rule repeated: repeat() in benchmark: does not work"),
        ("piped.txt", "pipe() does not work"),
        ("uses_service.txt", "service() does not work"),
    ],
)
def test_rules_that_cannot_run_are_refused_before_any_job(
    study: FakeStudy, target: str, message: str
) -> None:
    text = study.run("refused.smk", "ok.txt", target, ok=False)
    assert message in text
    assert "Traceback" not in text
    assert not (study.folder / "ok.txt").exists()
    assert not (study.engine / "calls").exists()


def test_a_tag_is_accepted_on_request(study: FakeStudy) -> None:
    study.run("refused.smk", "tag.txt", "--steps-allow-tags")
    assert (study.folder / "tag.txt").exists()


def test_a_job_that_ran_in_another_image_fails(study: FakeStudy) -> None:
    (study.engine / "wrong-image").touch()
    text = study.run("failures.smk", "first.txt", ok=False)
    assert f"it ran in sha256:{'2' * 64}, not in registry.example/a@{DIGEST}" in text
    assert not (study.folder / "first.txt").exists()


def test_an_image_that_is_not_there_ends_the_run_with_the_registrys_words(
    study: FakeStudy,
) -> None:
    (study.engine / "no-registry").touch()
    text = study.run("failures.smk", "first.txt", ok=False)
    assert f"ImagePull: registry.example/a@{DIGEST}: docker pull: " in text
    assert "manifest unknown" in text
    assert "Traceback" not in text


def test_an_engine_that_does_not_answer_is_asked_again(study: FakeStudy) -> None:
    (study.engine / "silent").write_text("2")
    text = study.run("failures.smk", "first.txt")
    assert "The state of the jobs is unknown, trying again: docker ps: Cannot connect" in text
    assert (study.folder / "first.txt").exists()


def test_an_engine_that_never_answers_fails_its_jobs(study: FakeStudy) -> None:
    (study.engine / "silent").write_text("1000")
    text = study.run("failures.smk", "first.txt", "--steps-status-timeout", "1", ok=False)
    assert "the backend has not answered for" in text
    assert "Cannot connect to the Docker daemon" in text


def test_a_container_that_vanished_is_a_failure(study: FakeStudy) -> None:
    (study.engine / "forgetful").touch()
    text = study.run("failures.smk", "first.txt", ok=False)
    assert "its container has vanished, removed by someone else" in text


def test_containers_of_an_earlier_controller_are_removed(study: FakeStudy) -> None:
    study.run("failures.smk", "first.txt", "--steps-keep")
    assert len(study.left()) == 1
    text = study.run("failures.smk", "second.txt")
    assert "Removing 1 jobs that an earlier run has left." in text
    assert study.left() == []


def test_more_jobs_than_the_engine_holds_are_kept_waiting(study: FakeStudy) -> None:
    study.run("failures.smk", *(f"short/{i}.txt" for i in range(12)), "--steps-keep")
    assert study.calls("run") == 12


def test_an_engine_that_is_slow_to_answer_at_the_start_is_waited_for(study: FakeStudy) -> None:
    (study.engine / "slow").touch()
    study.run("failures.smk", "first.txt")
    assert (study.folder / "first.txt").exists()


def test_a_container_that_could_not_start_is_removed(study: FakeStudy) -> None:
    (study.engine / "no-bash").touch()
    text = study.run("failures.smk", "first.txt", ok=False)
    assert "it was not submitted: docker run: exec: " in text
    assert "executable file not found" in text
    assert study.left() == []
    (record,) = (study.folder / ".snakemake/steps/jobs.jsonl").read_text().splitlines()
    assert json.loads(record)["reason"].startswith("it was not submitted")


def test_an_ended_container_that_cannot_be_removed_is_only_named(study: FakeStudy) -> None:
    (study.engine / "stubborn").touch()
    text = study.run("failures.smk", "second.txt")
    assert "Could not forget the ended jobs: docker rm: device or resource busy" in text
    assert (study.folder / "second.txt").exists()


def test_nothing_is_started_beside_a_container_that_may_still_run(study: FakeStudy) -> None:
    for name in ("stubborn", "stuck"):
        (study.engine / name).touch()
    (study.engine / "silent").write_text("2")
    text = study.run("failures.smk", "grows.txt", "--steps-status-timeout", "0", ok=False)
    assert "the backend has not answered for 0 s: docker ps: Cannot connect" in text
    assert "it was not submitted: docker rm: device or resource busy" in text
    assert study.calls("run") == 1


def test_a_report_that_is_no_text_is_no_report(study: FakeStudy) -> None:
    (study.engine / "garbled").touch()
    study.run("failures.smk", "first.txt")
    (record,) = (study.folder / ".snakemake/steps/jobs.jsonl").read_text().splitlines()
    assert json.loads(record)["usage"] is None


def test_root_is_refused(study: FakeStudy) -> None:
    text = study.run("failures.smk", "first.txt", "--steps-run-as", "0:0", ok=False)
    assert "steps run with your rights, and never with root's" in text


def test_a_backend_that_is_not_there_is_named(study: FakeStudy) -> None:
    text = study.run("failures.smk", "first.txt", "--steps-backend", "moon", ok=False)
    assert "there is no backend moon; there are: docker, podman, slurm, kubernetes" in text
