"""A compiled module that would be passed over at run time stops the build."""

import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from genocohort.commands.backends import CONTAINERS


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CONTAINERS / "check-modules.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("ending", [EXTENSION_SUFFIXES[0], ".abi3.so"])
def test_modules_that_fit(tmp_path: Path, ending: str) -> None:
    import numpy.random._common as compiled

    shutil.copy(str(compiled.__file__), tmp_path / f"a{ending}")
    assert check(tmp_path).returncode == 0


@pytest.mark.parametrize("ending", [EXTENSION_SUFFIXES[0], ".cpython-39-x86_64-linux-gnu.so"])
def test_modules_that_do_not(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes(b"\x7fELF of another system")
    done = check(tmp_path)
    assert done.returncode == 1
    assert f"a{ending} was compiled for another system" in done.stderr
