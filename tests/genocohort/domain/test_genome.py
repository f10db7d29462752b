"""Contig names, builds and pseudo-autosomal regions."""

import pytest

from genocohort.domain.genome import (
    PRIMARY,
    Genome,
    Region,
    canonical_contig,
    contig_class,
    known_length,
    matching_builds,
)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("1", "chr1"), ("chr1", "chr1"), ("Chr1", "chr1"), ("NC_000001.11", "chr1"),
        ("22", "chr22"), ("X", "chrX"), ("23", "chrX"), ("chrX", "chrX"), ("NC_000023.10", "chrX"),
        ("24", "chrY"), ("MT", "chrM"), ("chrM", "chrM"), ("NC_012920.1", "chrM"), ("26", "chrM"),
        ("NC_060925.1", "chr1"), ("NC_060947.1", "chrX"), ("NC_060948.1", "chrY"),
        ("chrBig", "chrBig"), ("chr1_KI270706v1_random", "chr1_KI270706v1_random"),
        ("HLA-A*01:01", "HLA-A*01:01"), ("chr23x", "chr23x"), ("0", "0"),
    ],
)  # fmt: skip
def test_canonical_names(name: str, canonical: str) -> None:
    assert canonical_contig(name) == canonical


def test_a_canonical_name_stays() -> None:
    assert [canonical_contig(name) for name in PRIMARY] == list(PRIMARY)


def test_classes() -> None:
    classes = [contig_class(n) for n in ("7", "chrX", "Y", "MT", "chrUn_gl000220")]
    assert classes == ["autosome", "X", "Y", "MT", "other"]


def test_lengths_tell_the_build() -> None:
    assert known_length("GRCh38", "1") == 248956422
    assert known_length("GRCh37", "chr21") == 48129895
    assert known_length("GRCh38", "chrUn") is None
    assert matching_builds({"chr1": 248956422, "2": 242193529}) == ("GRCh38",)
    assert matching_builds({"chr1": 249250621, "chr2": 242193529}) == ()
    assert matching_builds({"scaffold1": 5}) == ()


def test_par_is_0_based_half_open() -> None:
    genome = Genome(build="GRCh38")
    assert not genome.is_par("X", 9999)
    assert genome.is_par("chrX", 10000)
    assert genome.is_par("chrX", 2781478)
    assert not genome.is_par("chrX", 2781479)
    assert not genome.is_par("chr1", 10000)


def test_given_par_replaces_the_builds() -> None:
    genome = Genome(build="GRCh38", par=(("X", 0, 5),))
    assert genome.is_par("chrX", 4)
    assert not genome.is_par("chrX", 10000)


def test_regions_are_checked() -> None:
    with pytest.raises(ValueError, match="bad region"):
        Region("chr1", 5, 4)
    with pytest.raises(ValueError, match="half-open"):
        Genome(par=(("chrX", 7, 7),))
