"""Regions of long-range linkage disequilibrium, left out of principal components."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import Build, Region, canonical_contig

_MB = 1_000_000

# Price et al. 2008 (Am J Hum Genet 83:132) and Weale 2010 (Methods Mol Biol 628:341), in GRCh37 as
# listed by the Genome Analysis Wiki, "Regions of high linkage disequilibrium (LD)"; megabases.
_GRCH37_MB = (
    ("chr1", 48.0, 52.0), ("chr2", 86.0, 100.5), ("chr2", 134.5, 138.0), ("chr2", 183.0, 190.0),
    ("chr3", 47.5, 50.0), ("chr3", 83.5, 87.0), ("chr3", 89.0, 97.5), ("chr5", 44.5, 50.5),
    ("chr5", 98.0, 100.5), ("chr5", 129.0, 132.0), ("chr5", 135.5, 138.5), ("chr6", 25.0, 35.0),
    ("chr6", 57.0, 64.0), ("chr6", 140.0, 142.5), ("chr7", 55.0, 66.0), ("chr8", 7.0, 13.0),
    ("chr8", 43.0, 50.0), ("chr8", 112.0, 115.0), ("chr10", 37.0, 43.0), ("chr11", 46.0, 57.0),
    ("chr11", 87.5, 90.5), ("chr12", 33.0, 40.0), ("chr12", 109.5, 112.0), ("chr20", 32.0, 34.5),
)  # fmt: skip

# The same regions on GRCh38: those the wiki lists (from Anderson et al. 2010, Nat Protoc 5:1564),
# and where its list has lost a region in conversion, the neurogenetics GWAS pipeline's.
_GRCH38 = (
    ("chr1", 47534328, 51761740), ("chr2", 85919365, 100517106), ("chr2", 133742429, 137242430),
    ("chr2", 182135273, 189427029), ("chr3", 47458510, 49987563), ("chr3", 83368158, 86950850),
    ("chr5", 44464140, 51168409), ("chr5", 98664296, 101164296), ("chr5", 129636407, 132664308),
    ("chr5", 136164311, 139164311), ("chr6", 24999772, 35032223), ("chr6", 57788603, 61357029),
    ("chr6", 139637169, 142178863), ("chr7", 54964812, 66897578), ("chr8", 7142478, 13142491),
    ("chr8", 43025699, 48924888), ("chr8", 110918594, 113987771), ("chr10", 36671065, 43184546),
    ("chr11", 87789108, 91127184), ("chr12", 32955798, 41319931), ("chr12", 109062195, 111562196),
    ("chr20", 33412194, 36438183),
)  # fmt: skip


def long_range_ld_regions(build: Build) -> tuple[Region, ...]:
    """Regions of long-range LD of a build, 0-based half-open; empty where no list is known."""
    if build == "GRCh37":
        return tuple(Region(c, int(s * _MB), int(e * _MB)) for c, s, e in _GRCH37_MB)
    return tuple(Region(*row) for row in _GRCH38) if build == "GRCh38" else ()


def in_regions(
    chromosome: str, vcf_pos: npt.NDArray[np.int64], regions: Iterable[Region]
) -> npt.NDArray[np.bool_]:
    """Whether variants (1-based positions) start in one of the regions."""
    inside = np.zeros(len(vcf_pos), dtype=bool)
    for region in regions:
        if canonical_contig(region.contig) == canonical_contig(chromosome):
            inside |= (vcf_pos - 1 >= region.start) & (vcf_pos - 1 < region.end)
    return inside
