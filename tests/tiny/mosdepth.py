"""Run mosdepth where its package does not find htslib."""

import ctypes.util
import os
from pathlib import Path


def mosdepth_environment(folder: Path) -> dict[str, str]:
    """Distributions that ship mosdepth without libhts.so have the library under its full name."""
    name = ctypes.util.find_library("hts")
    if name and name != "libhts.so":
        for place in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"):
            if (Path(place) / name).exists() and not (folder / "libhts.so").exists():
                (folder / "libhts.so").symlink_to(Path(place) / name)
    old = os.environ.get("LD_LIBRARY_PATH", "")
    return {**os.environ, "LD_LIBRARY_PATH": f"{folder}:{old}"}
