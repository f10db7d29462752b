"""The `run` command of Docker and Podman, field by field."""

from pathlib import Path

import pytest

from snakemake_executor_plugin_steps.engine.command import (
    Place,
    container_name,
    list_command,
    parse_container_name,
    run_command,
)
from snakemake_executor_plugin_steps.engine.facts import Facts
from snakemake_executor_plugin_steps.submission import Step, StepsError

IMAGE = "registry.example/step@sha256:" + "a" * 64
SCRIPT = ".snakemake/steps/scripts/r-1-0.sh"
DOCKER = Facts("docker", cpus=4, mem_mb=8000)


def command(tmp_path: Path, facts: Facts = DOCKER, **changes: object) -> list[str]:
    """The command of a small step."""
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in/x.tsv").touch()
    step = Step(
        **{
            "rule": "call",
            "image": IMAGE,
            "script": SCRIPT,
            "text": "",
            "threads": 2,
            "mem_mb": 300,
            "inputs": ("in/x.tsv",),
            "written": ("out/y.tsv", "logs/y.log"),
            **changes,
        }
    )
    place = Place(tmp_path, Path("/scratch/s"), Path("/reports/r.json"), "1000:100", "own", "run")
    return run_command("steps-r-1-0", step, IMAGE, place, facts)


def values(words: list[str], option: str) -> list[str]:
    """All values that an option is given."""
    return [words[i + 1] for i, word in enumerate(words) if word == option]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--user", "1000:100"),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--network", "none"),
        ("--memory", "300m"),
        ("--memory-swap", "300m"),
        ("--cpus", "2"),
        ("--pids-limit", "4096"),
        ("--entrypoint", "bash"),
    ],
)
def test_a_step_is_confined_and_limited(tmp_path: Path, option: str, expected: str) -> None:
    assert values(command(tmp_path), option) == [expected]


def test_the_root_is_read_only_and_nothing_is_privileged_or_pulled(tmp_path: Path) -> None:
    words = command(tmp_path)
    assert words[:3] == ["docker", "run", "--detach"]
    assert "--read-only" in words
    assert "--pull=never" in words
    refused = ("--privileged", "--rm", "--cap-add", "--device", "--pid", "--ipc", "--volume", "-v")
    assert not set(refused) & set(words)
    assert "unconfined" not in " ".join(words)


def test_only_folders_of_outputs_are_writable(tmp_path: Path) -> None:
    mounts = values(command(tmp_path), "--mount")
    writable = {m for m in mounts if not m.endswith(",readonly")}
    assert writable == {
        f"type=bind,source={tmp_path}/out,target={tmp_path}/out",
        f"type=bind,source={tmp_path}/logs,target={tmp_path}/logs",
        "type=bind,source=/scratch/s,target=/tmp",
        "type=bind,source=/reports/r.json,target=/dev/termination-log",
    }
    assert f"type=bind,source={tmp_path},target={tmp_path},readonly" in mounts


def test_the_image_runs_the_script_under_the_wrapper(tmp_path: Path) -> None:
    words = command(tmp_path)
    after = words[words.index(IMAGE) + 1 :]
    assert after[0] == "-c"
    assert after[2:] == ["step", "bash", "-euo", "pipefail", SCRIPT]


def test_threads_and_home_are_set_and_nothing_is_inherited(tmp_path: Path) -> None:
    variables = dict(pair.split("=", 1) for pair in values(command(tmp_path), "--env"))
    assert variables["OMP_NUM_THREADS"] == "2"
    assert (variables["HOME"], variables["TMPDIR"], variables["USER"]) == ("/tmp", "/tmp", "step")
    assert len(variables) == 10
    assert "--env-file" not in command(tmp_path)


def test_more_threads_than_cpus_are_no_error(tmp_path: Path) -> None:
    assert values(command(tmp_path, threads=99), "--cpus") == ["4"]


def test_podman_has_no_other_writable_places_and_keeps_the_user(tmp_path: Path) -> None:
    words = command(tmp_path, Facts("podman", 4, 8000, rootless=True))
    assert words[0] == "podman"
    assert "--read-only-tmpfs=false" in words
    assert values(words, "--userns") == ["keep-id"]
    rootful = command(tmp_path, Facts("podman", 4, 8000))
    assert "--userns" not in rootful


def test_limits_are_left_out_where_the_engine_cannot_set_them(tmp_path: Path) -> None:
    words = command(tmp_path, Facts("podman", 4, 8000, rootless=True, limits=False))
    assert not {"--memory", "--cpus", "--pids-limit"} & set(words)


def test_labels_of_files_are_off_only_on_systems_that_have_them(tmp_path: Path) -> None:
    assert "label=disable" in command(tmp_path, Facts("podman", 4, 8000, selinux=True))
    assert "label=disable" not in command(tmp_path)


@pytest.mark.parametrize("path", ["out,1/y.tsv", 'out"1/y.tsv'])
def test_a_path_that_would_break_the_mount_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(StepsError, match="cannot be mounted"):
        command(tmp_path, written=(path,))


def test_a_colon_in_a_path_is_fine(tmp_path: Path) -> None:
    mounts = values(command(tmp_path, written=("a:b/y.tsv",)), "--mount")
    assert f"type=bind,source={tmp_path}/a:b,target={tmp_path}/a:b" in mounts


def test_names_lead_back_to_jobs() -> None:
    assert parse_container_name(container_name("54b89531-12", 3)) == ("54b89531-12", 3)


def test_listing_asks_once_for_all_of_a_label() -> None:
    words = list_command("docker", "l", "v")
    assert words[:3] == ["docker", "ps", "--all"]
    assert values(words, "--filter") == ["label=l=v"]
