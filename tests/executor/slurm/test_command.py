"""What Slurm is handed, as data."""

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from snakemake_executor_plugin_steps.slurm.command import (
    LOSS_SECONDS,
    Files,
    batch_script,
    exec_command,
    job_name,
    parse_job_name,
    sbatch_command,
)
from snakemake_executor_plugin_steps.submission import Step, StepsError, Submission


def step(tmp_path: Path, **changes: Any) -> Step:
    """A small step."""
    fields: dict[str, Any] = {
        "rule": "call",
        "image": "registry.example/a@sha256:" + "a" * 64,
        "script": ".snakemake/steps/scripts/r-1-0.sh",
        "text": "",
        "threads": 2,
        "mem_mb": 300,
        "runtime_minutes": 30,
        "written": ("out/x.tsv",),
        "sif": str(tmp_path / "image.simg"),
    }
    return Step(**fields | changes)


def arguments(tmp_path: Path, *steps: Step, extra: str = "", **env: str) -> list[str]:
    """The arguments of sbatch."""
    job = Submission("r-1", steps)
    return sbatch_command(job, "own", Files(tmp_path, "r-1"), extra, env)


def test_a_job_asks_for_what_its_step_needs(tmp_path: Path) -> None:
    words = arguments(tmp_path, step(tmp_path))
    assert words == [
        "sbatch",
        "--parsable",
        "--no-requeue",
        "--nodes=1",
        "--ntasks=1",
        "--job-name=steps-own-r-1",
        "--comment=rule call",
        f"--output={tmp_path}/r-1.out",
        "--mem=300M",
        "--cpus-per-task=2",
        "--export=NIL",
        "--time=30",
    ]


def test_a_group_asks_for_the_most_memory_and_the_sum_of_times(tmp_path: Path) -> None:
    second = step(tmp_path, mem_mb=900, threads=1, runtime_minutes=12)
    words = arguments(tmp_path, step(tmp_path), second)
    assert {"--mem=900M", "--cpus-per-task=2", "--time=42"} <= set(words)


def test_a_site_names_partition_account_and_more(tmp_path: Path) -> None:
    resources = {
        "slurm_partition": "short",
        "slurm_account": "group1",
        "qos": "low",
        "constraint": "avx2",
        "slurm_extra": "--exclude='n1,n2' --nice",
    }
    words = arguments(tmp_path, step(tmp_path, resources=resources), extra="--reservation=r1")
    assert words[-7:] == [
        "--partition=short",
        "--account=group1",
        "--qos=low",
        "--constraint=avx2",
        "--exclude=n1,n2",
        "--nice",
        "--reservation=r1",
    ]


def test_only_what_apptainer_needs_is_passed_on(tmp_path: Path) -> None:
    words = arguments(
        tmp_path, step(tmp_path), PATH="/bin", AWS_SECRET_ACCESS_KEY="x", APPTAINER_NOHTTPS="1"
    )
    assert "--export=APPTAINER_NOHTTPS,PATH" in words
    assert "AWS" not in " ".join(words)


def test_a_percent_in_a_path_is_not_slurms_pattern(tmp_path: Path) -> None:
    files = Files(tmp_path / "100%j", "r-1")
    words = sbatch_command(Submission("r-1", (step(tmp_path),)), "own", files, "", {})
    assert f"--output={tmp_path}/100%%j/r-1.out" in words


def test_names_lead_back_to_jobs() -> None:
    assert parse_job_name(job_name("own", "a1b2-17")) == ("own", "a1b2-17")
    assert parse_job_name("somebody-elses-job") is None
    assert parse_job_name("bash") is None


def test_a_step_is_confined(tmp_path: Path) -> None:
    words = exec_command(step(tmp_path), tmp_path)
    assert words[:3] == ["apptainer", "--silent", "exec"]
    assert {"--containall", "--no-eval", "--no-home"} <= set(words)
    assert words[words.index("--network") + 1] == "none"
    mounts = [words[i + 1] for i, word in enumerate(words) if word == "--mount"]
    assert mounts == [
        f"type=bind,source={tmp_path},destination={tmp_path},ro",
        f"type=bind,source={tmp_path}/out,destination={tmp_path}/out",
    ]
    refused = {"--writable", "--writable-tmpfs", "--fakeroot", "--nv", "--privileged"}
    assert not refused & set(words)


def test_without_an_image_file_the_user_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(StepsError, match="software-deployment in --shared-fs-usage"):
        exec_command(step(tmp_path, sif=None), tmp_path)


@pytest.mark.parametrize("folder", ['a"b', "a,b"])
def test_a_path_that_would_break_the_bind_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(StepsError, match="cannot be bound"):
        exec_command(step(tmp_path, written=(f"{folder}/x",)), tmp_path)


def test_a_job_whose_machine_was_lost_waits_until_that_has_seen_it(tmp_path: Path) -> None:
    job = Submission("r-2", (step(tmp_path),), after_loss=True)
    words = sbatch_command(job, "own", Files(tmp_path, "r-2"), "", {})
    assert f"--begin=now+{LOSS_SECONDS}" in words
    assert not any(word.startswith("--begin") for word in arguments(tmp_path, step(tmp_path)))


FAKE = r"""#!/bin/bash
# Stands for Apptainer: inspects, or runs what follows the image on this machine.
if [ "$1" = inspect ]; then echo "{\"inspected\": \"$3\"}"; exit 0; fi
while [[ $1 != *.simg ]]; do if [ "$1" = --workdir ]; then ls -d "$2" >"SCRATCH"; fi; shift; done
shift; exec "$@"
"""


def run_batch(tmp_path: Path, *texts: str, seconds: float = 60) -> tuple[int, str, Files]:
    """Run the script of a job whose steps have these commands."""
    workdir = tmp_path / "a study"
    workdir.mkdir()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/apptainer"
    program.write_text(FAKE.replace("SCRATCH", str(tmp_path / "scratch-seen")))
    program.chmod(0o755)
    steps = []
    for index, text in enumerate(texts):
        (workdir / f"{index}.sh").write_text(text)
        steps.append(step(tmp_path, script=f"{index}.sh"))
    files = Files(tmp_path, "r-1")
    script = batch_script(Submission("r-1", tuple(steps)), workdir, files, "")
    done = subprocess.run(
        ["bash", "-s"],
        input=script,
        text=True,
        capture_output=True,
        env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        timeout=seconds,
        start_new_session=True,
    )
    return done.returncode, done.stdout + done.stderr, files


def test_the_script_runs_steps_in_order_and_removes_its_scratch(tmp_path: Path) -> None:
    code, text, files = run_batch(tmp_path, "echo first in $PWD; echo $HOME", "echo second")
    assert code == 0, text
    assert text.splitlines() == [f"first in {tmp_path}/a study", "/tmp", "second"]
    assert '"exit_code":0' in files.usage(0).read_text()
    assert '"exit_code":0' in files.usage(1).read_text()
    assert "image.simg" in files.image(1).read_text()
    scratch = Path((tmp_path / "scratch-seen").read_text().strip())
    assert scratch.parent == tmp_path
    assert not scratch.exists()


def test_a_failing_member_ends_the_job(tmp_path: Path) -> None:
    code, text, files = run_batch(tmp_path, "echo first; exit 6", "echo second")
    assert code == 6
    assert "second" not in text
    assert '"exit_code":6' in files.usage(0).read_text()
    assert not files.usage(1).exists()


def test_a_revoked_job_does_not_start(tmp_path: Path) -> None:
    Files(tmp_path, "r-1").revoked.touch()
    code, text, files = run_batch(tmp_path, "echo started")
    assert (code, text) == (1, "this job was revoked\n")
    assert not files.usage(0).exists()


def test_a_job_that_is_revoked_while_it_runs_ends_itself(tmp_path: Path) -> None:
    revoked = shlex.quote(str(Files(tmp_path, "r-1").revoked))
    code, text, _ = run_batch(tmp_path, f"touch {revoked}; echo started; sleep 50; echo survived")
    assert code != 0
    assert text.startswith("started")
    assert "survived" not in text
    scratch = Path((tmp_path / "scratch-seen").read_text().strip())
    assert not scratch.exists()


def test_the_script_is_quoted_for_any_path(tmp_path: Path) -> None:
    script = batch_script(
        Submission("r-1", (step(tmp_path),)), Path("/a 'b' $c"), Files(tmp_path, "r-1"), ""
    )
    line = next(line for line in script.splitlines() if line.startswith("cd "))
    assert shlex.split(line) == ["cd", "/a 'b' $c"]
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
