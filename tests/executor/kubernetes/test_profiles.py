"""Every profile is one that Snakemake and the plugin understand, to the last key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import parse_args
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from snakemake_executor_plugin_steps.backend import MODULES

PROFILES = Path(__file__).parents[3] / "workflow" / "profiles"
ALL = sorted(path.parent.name for path in PROFILES.glob("*/config.yaml"))
STEPS = [name for name in ALL if name != "local"]
CLUSTERS = ["aks", "eks", "kubernetes", "kubernetes-s3", "openshift"]


def keys(name: str) -> dict[str, Any]:
    """What a profile says."""
    found: dict[str, Any] = yaml.safe_load((PROFILES / name / "config.yaml").read_text())
    return found


def parse(folder: Path) -> Any:
    """What Snakemake makes of a profile."""
    return parse_args(["--profile", str(folder), "--snakefile", "none", "--cores", "1"])[1]


def test_all_profiles_are_here() -> None:
    assert set(ALL) == {"local", "docker", "podman", "slurm", *CLUSTERS}


@pytest.mark.parametrize("name", ALL)
def test_snakemake_takes_every_key(name: str) -> None:
    parsed = parse(PROFILES / name)
    for key in keys(name):
        assert hasattr(parsed, key.replace("-", "_")), key


@pytest.mark.parametrize("name", STEPS)
def test_the_plugin_gets_its_settings(name: str) -> None:
    settings = ExecutorPluginRegistry().get_plugin("steps").get_settings(parse(PROFILES / name))
    given = {k.removeprefix("steps-"): v for k, v in keys(name).items() if k.startswith("steps-")}
    assert settings.backend in MODULES
    for key, value in given.items():
        assert getattr(settings, key.replace("-", "_")) == value


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("steps-backend", "steps-bakend"),
        ("rerun-incomplete", "rerun-incomplet"),
        ("steps-poll-seconds: 2", "steps-poll-seconds: two"),
        ("mtime, params", "mtime, parms"),
    ],
)
def test_a_typo_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], right: str, wrong: str
) -> None:
    text = (PROFILES / "kubernetes" / "config.yaml").read_text()
    assert right in text
    (tmp_path / "config.yaml").write_text(text.replace(right, wrong))
    with pytest.raises(SystemExit):
        parse(tmp_path)
    assert wrong.split(":")[-1].split()[-1] in capsys.readouterr().err


@pytest.mark.parametrize("name", CLUSTERS)
def test_profiles_of_clusters_are_complete(name: str) -> None:
    settings = keys(name)
    assert settings["steps-backend"] == "kubernetes"
    staged = settings["shared-fs-usage"] == "none"
    assert staged == ("default-storage-provider" in settings)
    assert staged != ("steps-claim" in settings and "steps-claim-mount" in settings)
    assert "steps-claim" not in settings or "steps-storage-secret" not in settings
    # OpenShift chooses the user itself and refuses a pod that names one.
    assert ("steps-run-as" in settings) == (name != "openshift")
    # Requests must be true: schedulers and autoscalers go by them.
    kinds = {text.split("=")[0] for text in settings["default-resources"]}
    assert {"mem_mb", "disk_mb", "runtime"} <= kinds
    assert settings["max-status-checks-per-second"] <= 2
    assert "max-jobs-per-timespan" in settings


@pytest.mark.parametrize("name", ["openshift", "eks", "aks"])
def test_what_was_not_tried_says_so(name: str) -> None:
    assert "# Not tried on an" in (PROFILES / name / "config.yaml").read_text()
