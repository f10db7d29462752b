"""Run Picard, whatever its launcher is called, and read its tables."""

import shutil
import subprocess
from pathlib import Path

LAUNCHER = shutil.which("PicardCommandLine") or shutil.which("picard")


def picard(program: str, **options: str | Path) -> None:
    """One of Picard's programs, which must succeed."""
    assert LAUNCHER is not None
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    done = subprocess.run([LAUNCHER, program, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def metrics(path: Path) -> list[dict[str, str]]:
    """Rows of a metrics file."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    head, *rows = [line.split("\t") for line in lines]
    return [dict(zip(head, row, strict=False)) for row in rows]
