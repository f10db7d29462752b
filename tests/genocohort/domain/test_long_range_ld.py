"""Regions of long-range LD lie on the chromosomes of their build."""

from itertools import pairwise

import pytest

from genocohort.domain.genome import Build, known_length
from genocohort.domain.long_range_ld import long_range_ld_regions


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_regions_lie_on_their_chromosomes_and_do_not_overlap(build: Build) -> None:
    regions = long_range_ld_regions(build)
    assert len(regions) > 20
    for region in regions:
        length = known_length(build, region.contig)
        assert length is not None
        assert 1_000_000 < region.end - region.start < 20_000_000
        assert region.end <= length
    ordered = sorted(regions, key=lambda r: (r.contig, r.start))
    for a, b in pairwise(ordered):
        assert a.contig != b.contig or a.end <= b.start


@pytest.mark.parametrize(
    ("build", "contig", "position"),
    [
        ("GRCh37", "chr6", 30_000_000),  # HLA
        ("GRCh38", "chr6", 30_000_000),
        ("GRCh37", "chr2", 136_600_000),  # LCT
        ("GRCh38", "chr2", 135_840_000),
        ("GRCh37", "chr8", 10_000_000),  # inversion 8p23
        ("GRCh38", "chr8", 10_000_000),
    ],
)
def test_the_best_known_regions_are_there(build: Build, contig: str, position: int) -> None:
    assert any(r.contig == contig and r.contains(position) for r in long_range_ld_regions(build))


def test_builds_without_a_list() -> None:
    assert long_range_ld_regions("synthetic") == ()
    assert long_range_ld_regions("T2T-CHM13") == ()
