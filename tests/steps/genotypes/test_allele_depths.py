"""Reads of both alleles in heterozygous genotypes, as they stand in FORMAT/AD."""

from pathlib import Path

import pytest

from genocohort.domain.call_counts import column
from genocohort.io.vcf_lines import allele_depths
from tiny.call_engines import ENGINES, count, site_rows
from tiny.calls import vcf_text, write_vcf

NAMES = ("F1", "F2", "M1", "M2")


@pytest.mark.parametrize("engine", ENGINES)
def test_only_heterozygous_genotypes_with_ref_count(tmp_path: Path, engine: str) -> None:
    lines = [
        "chr1 5 . A C 9 PASS . GT:AD 0/1:10,5 1|0:4,4 1/1:0,20 0/0:9,1",
        "chr1 6 . A C,G 9 q10 . GT:AD:DP 0/2:8,1,2:11 1/2:0,5,5:10 0/1:6,3,0:9 ./1:5,5,0:10",
        "chr1 7 . A C 9 PASS . AD:GT 3:0/1 3,.:0/1 7,9:0/1 .:0/1",
        "chr1 8 . A C 9 PASS . GT 0/1 0/0 0/0 0/0",
    ]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(NAMES, lines))
    rows, sums = count(engine, path, "chr1", NAMES)
    found = rows.values[:, [column("het_ref_depth"), column("het_alt_depth")]].tolist()
    assert found == [[14, 9], [6, 3], [8, 2], [7, 9], [0, 0]]
    assert sums.allele_depths.tolist() == [
        [[8, 2], [0, 0], [6, 3], [0, 0]], [[10, 5], [4, 4], [7, 9], [0, 0]],
    ]  # fmt: skip
    balance = [row["het_allele_balance"] for row in site_rows(rows, "chr1")]
    assert balance[:4] == [9 / 23, 3 / 9, 2 / 10, 9 / 16]
    assert balance[4] != balance[4]


@pytest.mark.parametrize("engine", ENGINES)
def test_males_have_no_balance_on_x(tmp_path: Path, engine: str) -> None:
    lines = ["chrX 5000000 . A C 9 PASS . GT:AD 0/1:10,5 0/0:9,0 0/1:7,7 1:0,9"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(NAMES, lines, {"chrX": 156_040_895}))
    rows, sums = count(engine, path, "chrX", NAMES)
    assert rows.values[0, column("het_ref_depth")] == 10
    assert sums.allele_depths.sum() == 15


@pytest.mark.parametrize(
    ("text", "n_alts", "allele", "expected"),
    [
        (b"3,4", 1, 1, (3, 4)), (b"3,4,5", 2, 2, (3, 5)), (b"3,.,5", 2, 2, (3, 5)),
        (b"3,.,5", 2, 1, (-1, -1)), (b"3", 1, 1, (-1, -1)), (b"3,4,5", 1, 1, (-1, -1)),
        (b"", 1, 1, (-1, -1)), (b"-3,4", 1, 1, (-1, -1)), (b"3,16777217", 1, 1, (-1, -1)),
    ],
)  # fmt: skip
def test_what_is_no_number_for_each_allele_is_not_given(
    text: bytes, n_alts: int, allele: int, expected: tuple[int, int]
) -> None:
    assert allele_depths(text, n_alts, allele) == expected
