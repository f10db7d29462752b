"""How many alleles a genotype should have, by contig, region and sex; and what follows for it."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import Genome, contig_class
from genocohort.domain.genotype_codes import Genotype
from genocohort.domain.sheet import Sex

# Expected number of alleles: DIPLOID stands for "as written" (a haploid call is taken as such).
NOT_EXPECTED, HAPLOID, DIPLOID = 0, 1, 2


class GenotypeClass(IntEnum):
    """What a genotype counts as; every genotype is of exactly one class."""

    HOM_REF = 0
    HET = 1
    HOM_ALT = 2
    HET_ALT = 3
    HALF = 4
    HAPLOID_REF = 5
    HAPLOID_ALT = 6
    MISSING = 7
    OTHER_PLOIDY = 8
    HET_HAPLOID = 9
    NOT_EXPECTED = 10


COMPLETE = (
    GenotypeClass.HOM_REF, GenotypeClass.HET, GenotypeClass.HOM_ALT, GenotypeClass.HET_ALT,
    GenotypeClass.HAPLOID_REF, GenotypeClass.HAPLOID_ALT, GenotypeClass.OTHER_PLOIDY,
)  # fmt: skip
_HAPLOID_CLASSES = (GenotypeClass.HAPLOID_REF, GenotypeClass.HAPLOID_ALT)


def expected_ploidy(contig: str, sexes: Sequence[Sex]) -> npt.NDArray[np.int8]:
    """Alleles expected per sample on a contig outside its pseudo-autosomal regions.

    Males have one allele on X; everyone but females has one on Y, females none; MT has one. A
    sample of unknown sex is taken as written on X. Inside the pseudo-autosomal regions and on all
    other contigs every sample is DIPLOID.

    Returns
    -------
    ndarray, shape (n_samples,), int8
        NOT_EXPECTED, HAPLOID or DIPLOID.
    """
    kind = contig_class(contig)
    per_sex: dict[Sex, int]
    if kind == "X":
        per_sex = {"male": HAPLOID, "female": DIPLOID, "unknown": DIPLOID}
    elif kind == "Y":
        per_sex = {"male": HAPLOID, "female": NOT_EXPECTED, "unknown": HAPLOID}
    elif kind == "MT":
        per_sex = {"male": HAPLOID, "female": HAPLOID, "unknown": HAPLOID}
    else:
        per_sex = {"male": DIPLOID, "female": DIPLOID, "unknown": DIPLOID}
    return np.array([per_sex[sex] for sex in sexes], dtype=np.int8)


def in_par(genome: Genome, contig: str, vcf_pos: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each 1-based position lies in a pseudo-autosomal region of the contig."""
    inside = np.zeros(len(vcf_pos), dtype=np.bool_)
    for region in genome.par_regions(contig):
        inside |= (vcf_pos > region.start) & (vcf_pos <= region.end)
    return inside


def genotype_class(genotype: Genotype, expected: int) -> GenotypeClass:
    """Class of one genotype (alleles as written, -1 not called) where `expected` alleles are due.

    Where one allele is expected, a homozygous genotype of any ploidy is one call of its allele, and
    one of several alleles is HET_HAPLOID, which counts as missing.
    """
    called = {allele for allele in genotype if allele >= 0}
    if expected == NOT_EXPECTED:
        return GenotypeClass.NOT_EXPECTED
    if not called:
        return GenotypeClass.MISSING
    if expected == HAPLOID and len(called) > 1:
        return GenotypeClass.HET_HAPLOID
    if min(genotype) < 0:
        return GenotypeClass.HALF
    if expected == HAPLOID or len(genotype) == 1:
        return _HAPLOID_CLASSES[0 not in called]
    if len(genotype) > 2:
        return GenotypeClass.OTHER_PLOIDY
    if len(called) == 2:
        return GenotypeClass.HET if 0 in called else GenotypeClass.HET_ALT
    return GenotypeClass.HOM_REF if 0 in called else GenotypeClass.HOM_ALT


def counted_alleles(genotype: Genotype, expected: int) -> Genotype:
    """Alleles of a genotype that count in AC and AN.

    Every called allele counts, those of half-calls too; where one allele is expected, a call counts
    once however often it is written, and a heterozygous one not at all.
    """
    kind = genotype_class(genotype, expected)
    if kind in (GenotypeClass.NOT_EXPECTED, GenotypeClass.HET_HAPLOID):
        return ()
    called = tuple(allele for allele in genotype if allele >= 0)
    return called[:1] if expected == HAPLOID else called


def stored_dosage(genotype: Genotype, expected: int, allele: int) -> int:
    """Copies of an ALT allele in the genotype store: 0, 1, 2, or -1 missing.

    A call of one allele is stored as 0 or 2, as PLINK does; incomplete genotypes, heterozygous ones
    where one allele is expected, and those of three or more alleles are missing.
    """
    kind = genotype_class(genotype, expected)
    if kind in _HAPLOID_CLASSES:
        return 2 * (genotype[0] == allele)
    if kind not in COMPLETE or kind == GenotypeClass.OTHER_PLOIDY:
        return -1
    return genotype.count(allele)
