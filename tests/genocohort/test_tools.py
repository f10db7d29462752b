"""A run without containers that calls variants needs bcftools here, and says so."""

import os
from pathlib import Path

import pytest

from genocohort import cli
from genocohort.commands.backends import load_profile
from genocohort.commands.doctor import calling_state
from genocohort.commands.tools import bcftools_version, check_tools
from genocohort.errors import ToolError
from genocohort.study import load_study
from tiny.calling import write_calling_study
from tiny.study import write_study


def _program(folder: Path, text: str) -> str:
    """A PATH whose first bcftools says this."""
    folder.mkdir()
    program = folder / "bcftools"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return os.pathsep.join([str(folder), "/usr/bin", "/bin"])


def test_without_bcftools_commands_refuse_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_calling_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for command in ("check", "run", "plan"):
        assert cli.main([command]) == 4, command
        text = capsys.readouterr().err
        assert "bcftools is not installed" in text
        assert "apt-get install bcftools" in text
    assert not (tmp_path / "results").exists()
    assert "bcftools is not installed" in calling_state()


def test_containers_and_given_calls_need_no_bcftools_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, write in {"calling": write_calling_study, "given": write_study}.items():
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        study = load_study(write(tmp_path / name))
        check_tools(study, load_profile("docker"))
        if name == "given":
            check_tools(study, load_profile("local"))


def test_an_old_or_broken_bcftools_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", _program(tmp_path / "old", "echo bcftools 1.9"))
    with pytest.raises(ToolError, match=r"1\.9 is too old") as caught:
        bcftools_version()
    assert "1.16 or newer" in caught.value.message()
    monkeypatch.setenv("PATH", _program(tmp_path / "broken", "exit 127"))
    with pytest.raises(ToolError, match="does not start"):
        bcftools_version()
    monkeypatch.setenv("PATH", _program(tmp_path / "new", "echo bcftools 1.22.1-dirty"))
    assert bcftools_version() == "1.22.1-dirty"
    assert "1.22.1-dirty" in calling_state()
