"""Calls as written into biallelic rows of the genotype store."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY, classify_allele
from genocohort.domain.calls import CallBatch
from genocohort.domain.ploidy import (
    DIPLOID,
    GenotypeClass,
    genotype_class,
    stored_dosage,
)

# Longer alleles would make ids that no tool shows; these variants are named by their record.
_MAX_ID_ALLELES = 80

DROPPED_GENOTYPES = {
    GenotypeClass.HALF: "half-called: missing in the store",
    GenotypeClass.OTHER_PLOIDY: "three or more alleles: missing in the store",
    GenotypeClass.HET_HAPLOID: "heterozygous where one allele is expected: missing in the store",
    GenotypeClass.NOT_EXPECTED: "called in a female on Y: missing in the store",
}


class StoredAllele(NamedTuple):
    """One row of the store: an ALT allele of a record (`record` 0-based, `allele` 1-based)."""

    vcf_pos: int
    variant_id: str
    ref: str
    alt: str
    qual: float
    filter: str
    record: int
    allele: int


@dataclass
class Tally:
    """What was met and what was left out; tallies of batches add up.

    Attributes
    ----------
    records, records_without_gt, records_gt_not_first : int
    records_left_out : Counter of str
        Records without any stored allele, by reason.
    alleles : Counter of str
        ALT alleles by class.
    genotypes : Counter of str
        Genotypes with a called allele, of the records stored: `stored`, or why they are missing.
    """

    records: int = 0
    records_without_gt: int = 0
    records_gt_not_first: int = 0
    records_left_out: Counter[str] = field(default_factory=Counter)
    alleles: Counter[str] = field(default_factory=Counter)
    genotypes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add the tally of another batch."""
        self.records += other.records
        self.records_without_gt += other.records_without_gt
        self.records_gt_not_first += other.records_gt_not_first
        self.records_left_out += other.records_left_out
        self.alleles += other.alleles
        self.genotypes += other.genotypes


@dataclass(frozen=True)
class StoredBatch:
    """The store's rows of one batch: calls int8 (n_alleles, n_samples), rows, tally."""

    calls: npt.NDArray[np.int8]
    rows: tuple[StoredAllele, ...]
    tally: Tally


def compute_stored_batch(
    batch: CallBatch, expected: npt.NDArray[np.int8], in_par: npt.NDArray[np.bool_]
) -> StoredBatch:
    """Split a batch into biallelic rows, with the genotypes that the ploidy allows.

    Parameters
    ----------
    batch : CallBatch
    expected : ndarray, shape (n_samples,), int8
        Alleles expected per sample outside the pseudo-autosomal regions.
    in_par : ndarray, shape (n_records,), bool
        Whether a record lies inside one; there every sample is diploid.

    Returns
    -------
    StoredBatch
        Rows in the order of records, then of ALT alleles; symbolic and `*` alleles, breakends and
        records without ALT have none.
    """
    tally = Tally(batch.n_records, batch.n_without_gt, batch.n_gt_not_first)
    rows: list[StoredAllele] = []
    sources: list[int] = []
    for i in range(batch.n_records):
        kinds = [classify_allele(batch.ref[i], alt).kind for alt in batch.alts[i]]
        tally.alleles.update(kinds)
        kept = [k for k, kind in enumerate(kinds, 1) if kind in ORDINARY]
        if not kept:
            tally.records_left_out[_reason(kinds)] += 1
        for k in kept:
            sources.append(i)
            rows.append(_row(batch, i, k))
    source = np.array(sources, dtype=np.int64)
    allele = np.array([row.allele for row in rows], dtype=np.int64)
    calls = np.empty((len(rows), batch.codes.shape[1]), dtype=np.int8)
    for par in (False, True):
        ploidy = np.full_like(expected, DIPLOID) if par else expected
        for due in np.unique(ploidy):
            columns = np.flatnonzero(ploidy == due)
            for k in np.unique(allele):
                chosen = np.flatnonzero((in_par[source] == par) & (allele == k))
                codes = batch.codes[np.ix_(source[chosen], columns)]
                calls[np.ix_(chosen, columns)] = _dosages(batch, int(due), int(k))[codes]
            records = np.unique(source[in_par[source] == par])
            _count_genotypes(tally, batch, np.ix_(records, columns), int(due))
    return StoredBatch(calls, tuple(rows), tally)


def _reason(kinds: Sequence[str]) -> str:
    if set(kinds) <= {"no_alt"}:
        return "no ALT allele (monomorphic)"
    return "only alleles without a known sequence (" + ", ".join(sorted(set(kinds))) + ")"


def _row(batch: CallBatch, i: int, k: int) -> StoredAllele:
    return StoredAllele(
        int(batch.vcf_pos[i]),
        batch.variant_id[i],
        batch.ref[i].upper(),
        batch.alts[i][k - 1].upper(),
        float(batch.qual[i]),
        batch.filter[i],
        batch.first_record + i,
        k,
    )


def _dosages(batch: CallBatch, expected: int, allele: int) -> npt.NDArray[np.int8]:
    """Stored call of every genotype code for one ALT allele."""
    return np.array([stored_dosage(g, expected, allele) for g in batch.genotypes], dtype=np.int8)


def _count_genotypes(
    tally: Tally, batch: CallBatch, where: tuple[npt.NDArray[np.int64], ...], expected: int
) -> None:
    counts = np.bincount(batch.codes[where].ravel(), minlength=len(batch.genotypes))
    for code in np.flatnonzero(counts):
        genotype = batch.genotypes[code]
        if max(genotype) >= 0:
            kind = genotype_class(genotype, expected)
            tally.genotypes[DROPPED_GENOTYPES.get(kind, "stored")] += int(counts[code])


def compute_unique_ids(chromosome: str, rows: Iterable[StoredAllele]) -> list[str]:
    """An id for every row, each different.

    The calls' own ID is kept where it stands for one row only; otherwise the id is
    `chromosome:position:ref:alt`, with the record's number where that is not unique or too long.
    """
    rows = list(rows)
    given = Counter(row.variant_id for row in rows)
    made = Counter((r.vcf_pos, r.ref, r.alt) for r in rows)
    used = {name for name, n in given.items() if n == 1 and name != "."}
    ids = []
    for row in rows:
        if given[row.variant_id] == 1 and row.variant_id != ".":
            ids.append(row.variant_id)
            continue
        name = f"{chromosome}:{row.vcf_pos}"
        if len(row.ref) + len(row.alt) <= _MAX_ID_ALLELES:
            name += f":{row.ref}:{row.alt}"
        else:
            made[(row.vcf_pos, row.ref, row.alt)] += 1
        if made[(row.vcf_pos, row.ref, row.alt)] > 1 or name in used:
            name += f":record{row.record}:allele{row.allele}"
        while name in used:
            name += "_"
        used.add(name)
        ids.append(name)
    return ids
