"""Wheels and Debian packages by hash."""

import hashlib
from pathlib import Path

import pytest

from genocohort.errors import InputDataError, ToolError
from genocohort.images.packages import (
    DebianPackage,
    fetch_debs,
    locked_versions,
    read_packages,
    wheels_text,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, DebianPackage]:
    """A mirror with one package, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "mirror/pool/main/t/tool/tool_1.0_amd64.deb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a package")
    sha256 = hashlib.sha256(b"a package").hexdigest()
    package = DebianPackage("pool/main/t/tool/tool_1.0_amd64.deb", 9, sha256)
    return (tmp_path / "mirror").as_uri(), package


def test_a_package_is_fetched_once(mirror: tuple[str, DebianPackage], tmp_path: Path) -> None:
    place, package = mirror
    fetch_debs([package], place)
    assert package.file.read_bytes() == b"a package"
    assert package.name == "tool_1.0_amd64.deb"
    fetch_debs([package], (tmp_path / "gone").as_uri())  # not asked again


def test_another_package_is_refused_and_not_kept(mirror: tuple[str, DebianPackage]) -> None:
    place, package = mirror
    other = DebianPackage(package.path, package.size, "0" * 64)
    with pytest.raises(InputDataError, match="not the locked one"):
        fetch_debs([other], place)
    assert not other.file.exists()
    assert not list(other.file.parent.iterdir())


def test_a_mirror_that_does_not_answer_is_named(mirror: tuple[str, DebianPackage]) -> None:
    place, package = mirror
    with pytest.raises(ToolError, match="--debian-mirror"):
        fetch_debs([package], place + "/nowhere")


def test_the_lock_of_calls_is_read() -> None:
    packages = read_packages(ROOT / "containers/calls/packages.lock")
    assert any(package.name.startswith("bcftools_") for package in packages)
    assert all(p.size > 0 and len(p.sha256) == 64 for p in packages)
    assert all(p.path.startswith("pool/") for p in packages)


def test_wheels_are_named_by_their_hashes(tmp_path: Path) -> None:
    (tmp_path / "some_tool-1.2-py3-none-any.whl").write_bytes(b"x")
    (tmp_path / "another-3.0-cp311-cp311-manylinux_2_28_x86_64.whl").write_bytes(b"y")
    assert wheels_text(tmp_path) == (
        f"another==3.0 --hash=sha256:{hashlib.sha256(b'y').hexdigest()}\n"
        f"some_tool==1.2 --hash=sha256:{hashlib.sha256(b'x').hexdigest()}\n"
    )


def test_versions_of_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(
        "numpy==2.4.6 \\\n    --hash=sha256:aa\n    # via -r x.in\n"
        "zipp==4.1 ; python_version < '4' \\\n"
    )
    assert locked_versions(path) == {"numpy": "2.4.6", "zipp": "4.1"}
