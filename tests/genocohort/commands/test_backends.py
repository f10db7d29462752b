"""Profiles by name and by folder, and what each demands."""

from pathlib import Path

import pytest
import yaml

from genocohort.commands.backends import PROFILES, backend_names, check_backend, load_profile
from genocohort.commands.snakemake_run import snakemake_command
from genocohort.errors import ConfigError


def test_every_profile_is_a_backend() -> None:
    folders = {path.name for path in PROFILES.iterdir() if path.is_dir()}
    assert set(backend_names()) == folders
    assert backend_names()[0] == "local"


def test_a_site_may_bring_its_own_profile(tmp_path: Path) -> None:
    profile = tmp_path / "cluster"
    profile.mkdir()
    (profile / "config.yaml").write_text("executor: steps\nsteps-backend: slurm\n")
    found = load_profile(str(profile))
    assert (found.in_containers, found.on_this_machine) == (True, False)


def test_an_unknown_backend_names_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="docker, eks, kubernetes"):
        load_profile(str(tmp_path / "nowhere"))


def test_containers_need_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENOCOHORT_IMAGES_LOCK", "no-such-lock.yaml")
    assert not check_backend("local").in_containers
    with pytest.raises(ConfigError, match="genocohort images build"):
        check_backend("docker")


@pytest.mark.parametrize(
    ("backend", "cores", "expected"),
    [
        ("local", 3, ["--cores", "3"]),
        ("docker", 3, ["--steps-cpus", "3"]),
        ("docker", None, []),
        ("slurm", 3, []),
        ("kubernetes-s3", None, []),
    ],
)
def test_cores_are_those_of_this_machine(
    backend: str, cores: int | None, expected: list[str]
) -> None:
    profile = load_profile(backend)
    command = snakemake_command(Path("config/config.yaml"), profile, cores, ["--quiet"])
    start = command.index("--workflow-profile") + 2
    assert command[start : command.index("--config")] == expected
    assert command[-1] == "--quiet"


@pytest.mark.parametrize("name", backend_names())
def test_profiles_say_resources_and_executor_only(name: str) -> None:
    options = yaml.safe_load((PROFILES / name / "config.yaml").read_text())
    assert not {"config", "configfile", "snakefile", "directory"} & set(options)
