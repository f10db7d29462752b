"""Damaged compressed files are told from whole ones."""

import gzip
from pathlib import Path

import pysam
import pytest

from genocohort.io.bgzf import damage, has_eof_marker, is_bgzf, is_gzip


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "t.gz"
    with pysam.BGZFile(str(path), "w") as stream:
        for n in range(20000):
            stream.write(f"line {n} {n * n}\n".encode())
    return path


def test_a_whole_file(whole: Path) -> None:
    assert is_gzip(whole)
    assert is_bgzf(whole)
    assert has_eof_marker(whole)
    assert damage(whole) is None


def test_cut_at_a_block_edge(whole: Path) -> None:
    whole.write_bytes(whole.read_bytes()[:-28])
    assert not has_eof_marker(whole)


def test_cut_inside_a_block(whole: Path) -> None:
    raw = whole.read_bytes()
    whole.write_bytes(raw[: len(raw) // 2])
    assert "cut off" in str(damage(whole))


def test_a_flipped_bit(whole: Path) -> None:
    raw = bytearray(whole.read_bytes())
    raw[len(raw) // 2] ^= 16
    whole.write_bytes(raw)
    assert damage(whole) is not None


def test_plain_gzip_is_not_bgzf(tmp_path: Path) -> None:
    path = tmp_path / "t.gz"
    path.write_bytes(gzip.compress(b"text"))
    assert is_gzip(path)
    assert not is_bgzf(path)
    assert damage(path) is None
