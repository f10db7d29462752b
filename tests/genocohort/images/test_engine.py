"""The commands that build, as data, and what a missing engine says."""

from pathlib import Path

import pytest

from genocohort.errors import ToolError
from genocohort.images import engine


def test_docker_builds_without_a_network() -> None:
    command = engine.build_command("docker", Path("/ctx"), "name:tag", {"B": "2", "A": "1"})
    assert command == [
        "docker", "build", "--file", "/ctx/Containerfile", "--tag", "name:tag",
        "--network", "none", "--build-arg", "A=1", "--build-arg", "B=2", "/ctx",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_the_others_give_all_files_one_time(name: str) -> None:
    command = engine.build_command(name, Path("/ctx"), "name:tag", {})
    assert command[command.index("--timestamp") + 1] == engine.TIMESTAMP
    assert "--layers=false" in command
    assert ("--isolation" in command) == (name == "buildah")


def test_a_missing_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="podman is not installed"):
        engine.find_engine("podman")
    with pytest.raises(ToolError, match="docker, podman, buildah"):
        engine.find_engine(None)


def test_a_failing_command_is_quoted() -> None:
    with pytest.raises(ToolError, match="the build failed: no space"):
        engine.call(["sh", "-c", "echo no space >&2; exit 1"], "the build")
