"""Bundles: their checksums, and the names that Snakemake looks for."""

import hashlib
from pathlib import Path

import pytest

from genocohort.errors import InputDataError
from genocohort.images.bundle import SUMS, check_sums, sif_name


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Two files and their checksums."""
    lines = []
    for name in ("a.oci.tar", "b.sif"):
        (tmp_path / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (tmp_path / SUMS).write_text("".join(lines))
    return tmp_path


def test_a_whole_bundle_passes(bundle: Path) -> None:
    check_sums(bundle)


def test_all_damaged_and_missing_files_are_named(bundle: Path) -> None:
    (bundle / "a.oci.tar").write_text("changed")
    (bundle / "b.sif").unlink()
    with pytest.raises(InputDataError, match=r"a\.oci\.tar, b\.sif"):
        check_sums(bundle)


def test_a_folder_without_checksums_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="no bundle"):
        check_sums(tmp_path)


def test_the_name_is_the_one_snakemake_gives() -> None:
    from snakemake.deployment.singularity import Image

    reference = "registry.example.org/genocohort/report@sha256:" + "ab" * 32
    image = object.__new__(Image)
    image.url = f"docker://{reference}"
    assert sif_name(reference) == f"{image.hash}.simg"
