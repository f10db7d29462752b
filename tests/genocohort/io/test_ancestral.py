"""Ancestral alleles of INFO/AA."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from genocohort.errors import InputDataError
from genocohort.io.ancestral import Variants, read_ancestral

HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
ROWS = [
    ("1", 10, "A", "G", "AA=A"),
    ("1", 20, "A", "G", "AC=3;AA=G|||;DB"),
    ("1", 30, "C", "T", "AA=t"),
    ("1", 40, "C", "T", "AA=A"),
    ("1", 50, "C", "T", "AA=.|||"),
    ("1", 60, "C", "T", "NAA=T"),
    ("1", 70, "CA", "C", "AA=CA"),
    ("1", 80, "c", "t", "AA=T"),
    ("2", 10, "G", "A", "AA=A"),
    ("9", 10, "G", "A", "AA=A"),
]
WANTED = {
    "chr1": Variants(
        np.array([10, 20, 20, 30, 40, 50, 60, 70, 80, 90]),
        ["A", "A", "C", "C", "C", "C", "C", "CA", "C", "A"],
        ["G", "G", "G", "T", "T", "T", "T", "C", "T", "G"],
    ),
    "chr2": Variants(np.array([10]), ["G"], ["A"]),
    "chr3": Variants(np.zeros(0, dtype=np.int64), [], []),
}


def write(path: Path, rows: list[tuple[str, int, str, str, str]]) -> Path:
    lines = [f"{c}\t{p}\t.\t{r}\t{a}\t.\tPASS\t{i}\tGT\t0/1" for c, p, r, a, i in rows]
    text = HEAD + "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.vcf", "a.vcf.gz"])
def test_alleles_are_matched_by_place_and_ref(tmp_path: Path, name: str) -> None:
    found = read_ancestral(write(tmp_path / name, ROWS), WANTED, confident_only=True)
    assert found.codes["chr1"].tolist() == [0, 1, -1, -1, -1, -1, -1, 0, 1, -1]
    assert found.codes["chr2"].tolist() == [1]
    assert found.codes["chr3"].tolist() == []
    assert found.outcomes == {"known": 5, "low confidence": 1, "neither allele": 1}


def test_small_letters_count_where_they_are_wanted(tmp_path: Path) -> None:
    found = read_ancestral(write(tmp_path / "a.vcf", ROWS), WANTED, confident_only=False)
    assert found.codes["chr1"].tolist()[3] == 1


def test_a_file_without_any_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="no record has an ancestral allele"):
        read_ancestral(write(tmp_path / "a.vcf", ROWS[5:6]), WANTED, confident_only=True)
    with pytest.raises(InputDataError, match="cannot read"):
        read_ancestral(tmp_path / "none.vcf", WANTED, confident_only=True)
    (tmp_path / "cut.vcf.gz").write_bytes(write(tmp_path / "b.vcf.gz", ROWS).read_bytes()[:60])
    with pytest.raises(InputDataError, match="cannot read"):
        read_ancestral(tmp_path / "cut.vcf.gz", WANTED, confident_only=True)
    bad = [("1", "x", "A", "G", "AA=A")]
    with pytest.raises(InputDataError, match="line 3"):
        read_ancestral(write(tmp_path / "c.vcf", bad), WANTED, confident_only=True)  # type: ignore[arg-type]
