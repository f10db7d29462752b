"""Pieces of a reference, plain and bgzipped, are those of its text."""

import random
from pathlib import Path

import pysam
import pytest

from genocohort.errors import InputDataError
from genocohort.io.reference import Reference

TEXTS = {"a": "".join(random.Random(1).choices("ACGTNacgt", k=307)), "b": "ACG"}


def write(folder: Path, ending: str = "\n", width: int = 60) -> Path:
    path = folder / "ref.fa"
    lines = []
    for name, text in TEXTS.items():
        pieces = [text[i : i + width] for i in range(0, len(text), width)]
        lines += [f">{name} more words", *pieces]
    path.write_text(ending.join([*lines, ""]), newline="")
    pysam.faidx(str(path))
    return path


@pytest.fixture(params=["plain", "carriage returns", "bgzipped"])
def reference(request: pytest.FixtureRequest, tmp_path: Path) -> Reference:
    path = write(tmp_path, "\r\n" if request.param == "carriage returns" else "\n")
    if request.param == "bgzipped":
        packed = tmp_path / "ref.fa.gz"
        pysam.tabix_compress(str(path), str(packed))
        pysam.faidx(str(packed))
        return Reference(packed)
    return Reference(path)


def test_every_piece_is_that_of_the_text(reference: Reference) -> None:
    rng = random.Random(3)
    for _ in range(200):
        name = rng.choice("ab")
        start = rng.randrange(len(TEXTS[name]) + 1)
        end = rng.randrange(start, len(TEXTS[name]) + 1)
        assert reference.fetch(name, start, end) == TEXTS[name][start:end].encode()
    assert reference.fetch("b", 3, 3) == b""


def test_contigs_that_are_missing_or_of_another_length(reference: Reference) -> None:
    reference.check(["a", "b"], [307, 3])
    with pytest.raises(InputDataError, match="not the one") as error:
        reference.check(["a", "b", "c"], [308, 3, 5])
    assert len(error.value.offenders) == 2


def test_a_cut_reference_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputDataError, match="disagree"):
        Reference(path).fetch("a", 100, 300)


@pytest.mark.parametrize("text", ["", "a\t5\n", "a\t5\t3\t0\t61\n", "a\tx\t3\t60\t61\n"])
def test_an_index_that_says_nothing(tmp_path: Path, text: str) -> None:
    path = write(tmp_path)
    Path(f"{path}.fai").write_text(text)
    if text:
        with pytest.raises(InputDataError, match="missing or damaged"):
            Reference(path)
    else:
        with pytest.raises(InputDataError, match="not the one"):
            Reference(path).check(["a"], [307])


def test_missing_files(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.unlink()
    with pytest.raises(InputDataError, match="cannot read"):
        Reference(path)
    Path(f"{path}.fai").unlink()
    with pytest.raises(InputDataError, match="index"):
        Reference(path)
