"""Genes from BED files."""

import gzip
from pathlib import Path

import pytest

from genocohort.errors import InputDataError
from genocohort.io.genes import read_genes


def test_contigs_get_canonical_names_and_genes_are_sorted(tmp_path: Path) -> None:
    path = tmp_path / "genes.bed"
    path.write_text(
        "track name=x\n# c\n21\t50\t90\tB\t0\t+\nchr21\t0\t40\tA\n\nscaffold\t1\t2\tC\n"
    )
    genes = read_genes(path)
    assert sorted(genes) == ["chr21", "scaffold"]
    assert genes["chr21"].start.tolist() == [0, 50]
    assert genes["chr21"].end.tolist() == [40, 90]
    assert genes["chr21"].name == ("A", "B")


def test_gzipped_is_the_same(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.bed", tmp_path / "b.bed.gz"
    plain.write_text("chr1\t1\t2\tA\r\n")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_genes(plain)["chr1"].name == read_genes(packed)["chr1"].name == ("A",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5\t9", "no name"),
        ("chr1\tfive\t9\tA", "not whole numbers"),
        ("chr1\t-5\t9\tA", "not whole numbers"),
        ("chr1\t9\t9\tA", "ends before"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "genes.bed"
    path.write_text(f"chr1\t1\t2\tA\n{line}\n")
    with pytest.raises(InputDataError, match=message) as caught:
        read_genes(path)
    assert caught.value.where.endswith("line 2")


def test_a_missing_or_cut_file(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="cannot read the genes"):
        read_genes(tmp_path / "none.bed")
    cut = tmp_path / "cut.bed.gz"
    cut.write_bytes(gzip.compress(b"chr1\t1\t2\tA\n" * 99)[:-12])
    with pytest.raises(InputDataError, match="cannot read the genes"):
        read_genes(cut)
