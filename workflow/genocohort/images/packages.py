"""The wheels and Debian packages of an image, fetched on the host and checked by hash.

The build itself needs no network, so that it gives the same image behind any firewall.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from genocohort.errors import InputDataError, ToolError
from genocohort.io.atomic import replacing

PYTHON = "3.11"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
SOFTWARE = (
    "snakemake", "dask", "numpy", "scipy", "pandas", "pyarrow", "pysam", "pgenlib", "scikit-allel",
    "jinja2",
)  # fmt: skip
DEBIAN_MIRROR = "https://deb.debian.org/debian"
TIMEOUT_SECONDS = 120
_PIN = re.compile(r"^([A-Za-z0-9_.\-]+)==(\S+)")


@dataclass(frozen=True)
class DebianPackage:
    """One line of a packages.lock: where it lies in a mirror, its size, its hash."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its file's name."""
        return Path(self.path).name

    @property
    def file(self) -> Path:
        """Where it is kept once fetched."""
        return cache_folder() / "debs" / self.sha256[:16] / self.name


def cache_folder() -> Path:
    """Where fetched packages are kept, for all builds of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "genocohort" / "images"


def fetch_wheels(requirements: Path, digest: str) -> Path:
    """The folder with the wheels of a requirements file; fetched once.

    Parameters
    ----------
    requirements
        Locked, with hashes.
    digest
        Its hash, which names the folder.

    Raises
    ------
    ToolError
        pip found no wheel or another hash.
    """
    folder = cache_folder() / "wheels" / digest.removeprefix("sha256:")[:32]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "wheels"
        made.mkdir()
        sdists = _download(requirements, made)
        if sdists:
            _build_wheels(requirements, sdists, made)
        os.replace(made, folder)
    return folder


def wheel_pin(wheel: Path) -> str:
    """`name==version` of a wheel's file, spelled as in a locked requirements file."""
    name, version = wheel.name.split("-")[:2]
    return f"{name.replace('_', '-').lower()}=={version}"


def pins(requirements: Path) -> frozenset[str]:
    """`name==version` of every package of a locked requirements file."""
    return frozenset(
        f"{name}=={version}" for name, version in locked_versions(requirements).items()
    )


def wheels_text(folder: Path) -> str:
    """A requirements file that names every wheel of a folder by its hash."""
    lines = []
    for path in sorted(folder.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{sha256_of(path)}\n")
    return "".join(lines)


def locked_versions(requirements: Path) -> dict[str, str]:
    """Package -> version of a locked requirements file."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return {match.group(1): match.group(2) for line in lines if (match := _PIN.match(line))}


def software_json(containers: Path) -> str:
    """The packages that compute results, and the versions all images and `make run` install.

    Parameters
    ----------
    containers
        The folder of the images.

    Returns
    -------
    str
        JSON, package -> version.
    """
    found: dict[str, str] = {}
    for path in sorted(containers.glob("*/requirements.txt")):
        found |= locked_versions(path)
    return json.dumps({name: found[name] for name in SOFTWARE})


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(requirements: Path, folder: Path) -> list[str]:
    """Fetch what exists as a wheel; the blocks of the requirements that do not."""
    every = _blocks(requirements.read_text(encoding="utf-8"))
    if _pip_download(every, folder):
        return []
    return [block for block in every if not _pip_download([block], folder)]


def _blocks(text: str) -> list[str]:
    """One requirement with its hashes each."""
    blocks: list[str] = []
    for line in text.splitlines():
        if _PIN.match(line):
            blocks.append(line)
        elif blocks and line.startswith("    --hash"):
            blocks[-1] += f"\n{line}"
    return blocks


def _pip_download(blocks: list[str], folder: Path) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(block.rstrip(" \\") for block in blocks) + "\n")
        file.flush()
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp",
            f"--python-version={PYTHON}", *(f"--platform={p}" for p in PLATFORMS),
            "--dest", str(folder), "--requirement", file.name,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _build_wheels(requirements: Path, blocks: list[str], folder: Path) -> None:
    """Packages that exist as sources only become wheels here; they must be pure Python."""
    names = [match.group(1) for block in blocks if (match := _PIN.match(block))]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(blocks) + "\n")
        file.flush()
        command = [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
            "--require-hashes", "--no-deps", "--wheel-dir", str(folder), "--requirement", file.name,
        ]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
        )
    if done.returncode:
        raise ToolError(
            f"pip could not fetch the packages of an image: {done.stderr.strip()[-1000:]}",
            where=str(requirements),
            offenders=names,
            remedy="see that a package index answers; after a change of versions run `make lock`",
        )
    for name in names:
        built = next(folder.glob(f"{re.sub(r'[-_.]+', '_', name)}-*.whl"), None)
        if built is None or not built.name.endswith("-none-any.whl"):
            raise ToolError(
                f"the package {name} has no wheel for Python {PYTHON} on linux/amd64",
                where=str(requirements),
                remedy="choose a version that has one",
            )


def read_packages(path: Path) -> list[DebianPackage]:
    """The lines of a packages.lock: `pool path, size, sha256`, separated by white space."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pool, size, sha256 = line.split()
            found.append(DebianPackage(pool, int(size), sha256))
    return found


def fetch_debs(packages: list[DebianPackage], mirror: str) -> list[DebianPackage]:
    """Debian packages, fetched once and checked; the same packages, now with their files.

    Raises
    ------
    ToolError
        The mirror does not answer.
    InputDataError
        A package is not the locked one.
    """
    for package in packages:
        if not package.file.is_file():
            _fetch(f"{mirror.rstrip('/')}/{package.path}", package.file, package.sha256)
    return packages


def _fetch(url: str, path: Path, sha256: str) -> None:
    with replacing(path) as temporary:
        try:
            with (
                urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer,
                temporary.open("wb") as file,
            ):
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise ToolError(
                f"a Debian package could not be fetched: {error}",
                where=url,
                remedy="name a mirror that answers with --debian-mirror URL",
            ) from None
        found = sha256_of(temporary)
        if found != sha256:
            raise InputDataError(
                "a Debian package is not the locked one",
                where=url,
                expected=sha256,
                offenders=[found],
            )
