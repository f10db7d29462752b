"""What is wrong with a file is said by either engine, in the same words, or counted."""

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from genocohort.cli import main
from genocohort.kernels import native
from genocohort.steps.alignments import run as step
from tiny.alignments import Read, random_reads, write_alignment
from tiny.bgzf import bgzf

LENGTHS = {"chr1": 9000, "chr2": 3000, "chrEmpty": 100}


@pytest.fixture(params=["compiled", "plain"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One of the two engines, in use."""
    if request.param == "plain":
        monkeypatch.setattr(step, "native", lambda name: None)
    elif native("alignments") is None:
        pytest.skip("the kernels are not built")
    return str(request.param)


def run(path: Path, *more: str) -> int:
    words = ["alignments", "--sample", "S", "--alignment", str(path), *more]
    for name in ("flagstat", "contigs", "histograms", "ledger"):
        words += [f"--{name}", str(path.parent / f"out.{name}")]
    return main(words)


def made(folder: Path, *, index: bool = True, is_sorted: bool = True) -> Path:
    reads = random_reads(3, 400, list(LENGTHS.values()))
    return write_alignment(
        folder / "in.bam", reads, LENGTHS, index=index and is_sorted, is_sorted=is_sorted
    )


def flipped(raw: bytes) -> bytes:
    """A bit of a checksum that is another one: the four bytes before a block's last four."""
    size = int.from_bytes(raw[16:18], "little") + 1
    second = size + int.from_bytes(raw[size + 16 : size + 18], "little") + 1
    return raw[: second - 8] + bytes([raw[second - 8] ^ 1]) + raw[second - 7 :]


def without_contigs(raw: bytes) -> bytes:
    text = b"@HD\tVN:1.6\tSO:coordinate\n"
    return bgzf(b"BAM\1" + len(text).to_bytes(4, "little") + text + bytes(4))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw[:-28], "its end-of-file marker is missing"),
        (lambda raw: raw[: len(raw) // 2], "its end-of-file marker is missing"),
        (lambda raw: raw[: len(raw) // 2] + raw[-28:], "truncated or corrupt"),
        (lambda raw: bgzf(gzip.decompress(raw)[:-7]), "truncated or corrupt"),
        (flipped, "truncated or corrupt"),
        (lambda raw: b"", "is empty"),
        (without_contigs, "no @SQ line"),
        (gzip.decompress, "neither a BAM nor a CRAM"),
    ],
)
def test_damaged_files(
    engine: str,
    change: Callable[[bytes], bytes],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = made(tmp_path, index=False)
    path.write_bytes(change(path.read_bytes()))
    assert run(path) == 3
    said = capsys.readouterr().err
    assert words in said
    assert str(path) in said
    assert not (tmp_path / "out.flagstat").exists()


def test_an_index_older_than_its_file(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made(tmp_path)
    assert run(path) == 0
    fresh = (tmp_path / "out.contigs").read_bytes()
    capsys.readouterr()
    os.utime(f"{path}.bai", (1, 1))
    assert run(path) == 0
    assert "older" in capsys.readouterr().err
    assert (tmp_path / "out.contigs").read_bytes() == fresh


def test_records_out_of_order(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(made(tmp_path, is_sorted=False)) == 3
    said = capsys.readouterr().err
    assert "not sorted by coordinate" in said
    assert "samtools sort" in said


def test_another_reference(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {name: "ACGT" * (n // 4) for name, n in LENGTHS.items()}
    for name, first in (("right", "A"), ("wrong", "C")):
        rows = [f">{c}\n{first}{text[1:]}\n" for c, text in texts.items()]
        (tmp_path / f"{name}.fa").write_text("".join(rows))
        pysam.faidx(str(tmp_path / f"{name}.fa"))
    sums = {name: hashlib.md5(text.encode()).hexdigest() for name, text in texts.items()}
    reads = [r for r in random_reads(4, 50, list(LENGTHS.values())) if r.bases != ""]
    path = write_alignment(
        tmp_path / "in.cram", reads, LENGTHS, reference=tmp_path / "right.fa", checksums=sums
    )
    assert run(path, "--reference", str(tmp_path / "right.fa")) == 0
    capsys.readouterr()
    assert run(path, "--reference", str(tmp_path / "wrong.fa")) == 3
    said = capsys.readouterr().err
    assert "chr1" in said
    assert "M5" in said


def test_what_is_tolerated_is_counted(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reads = [
        Read("whole", start=5, cigar="10M"),
        Read("beyond", start=8995, cigar="10M"),
        Read("bare", start=6, cigar="10M", bases=""),
        Read("mute", start=7, cigar="10M", qualities=None),
        Read("mute2", start=7, cigar="12M", qualities=None),
    ]
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    assert run(path) == 0
    said = capsys.readouterr().err
    assert "1 records reach beyond the end of chr1 (9000 bp)" in said
    assert "1 reads have no bases" in said
    assert "22 bases have no quality" in said


def test_a_file_without_records_is_measured(engine: str, tmp_path: Path) -> None:
    assert run(write_alignment(tmp_path / "in.bam", [], LENGTHS)) == 0
