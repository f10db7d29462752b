"""The dispatcher: names, exit codes, no traceback for a user's mistake."""

import os
import re
import subprocess
import sys

import pytest

from genocohort import cli


def test_help_names_every_command_and_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in cli.COMMANDS | cli.STEPS)


def test_an_unknown_command_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fly"]) == 2
    assert "no command 'fly'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(cli.COMMANDS | cli.STEPS))
def test_each_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([name, "--help"])
    assert caught.value.code == 0
    assert f"genocohort {name}" in capsys.readouterr().out


def test_start_up_is_light() -> None:
    """No heavy package is imported before a step is chosen: start-up is paid at every job."""
    code = (
        "import sys, genocohort.cli as c; c.main(['--version']);"
        "heavy = {'pandas', 'allel', 'numpy', 'pyarrow', 'dask', 'snakemake'} & set(sys.modules);"
        "sys.exit(','.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("genocohort ")


def test_a_step_fixes_what_sums_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake sets these to the job's threads, which must not reach the results."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    with pytest.raises(SystemExit):
        cli.main(["accounts", "--help"])
    assert os.environ["OPENBLAS_NUM_THREADS"] == os.environ["OMP_NUM_THREADS"] == "1"


def test_a_backend_whose_images_are_not_built_says_how_to_build_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENOCOHORT_IMAGES_LOCK", "no-such-lock.yaml")
    assert cli.main(["run", "--backend", "docker"]) == 2
    assert "run `genocohort images build`" in capsys.readouterr().err


def test_doctor_tells_what_this_machine_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^  local +ready", text, re.MULTILINE)
    for backend in ("docker", "podman", "slurm", "kubernetes"):
        assert re.search(rf"^  {backend} +(ready|not here) +\S", text, re.MULTILINE)
    assert "  slurm " in text


def test_a_users_mistake_has_no_traceback(
    tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", "--config", f"{tmp_path}/absent.yaml"]) == 2
    text = capsys.readouterr().err
    assert "error [2]" in text
    assert "genocohort init" in text
    assert "Traceback" not in text
