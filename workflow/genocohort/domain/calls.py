"""A batch of variant calls as arrays, whichever file they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from genocohort.domain.genotype_codes import FIXED, Genotype


@dataclass(frozen=True)
class CallBatch:
    """Consecutive records of one chromosome, in the file's order.

    Attributes
    ----------
    first_record : int
        0-based number on the chromosome of the first record.
    vcf_pos : ndarray, shape (n_records,), int64
        1-based positions, never decreasing.
    variant_id, ref, filter : tuple of str
        As written; `.` where the file has none.
    alts : tuple of tuple of str
        ALT alleles as written; empty where there is none.
    qual : ndarray, shape (n_records,), float64
        NaN where not given.
    codes : ndarray, shape (n_records, n_samples), int16
        Codes of the genotypes; records without GT have the code of `./.`.
    genotypes : tuple of tuple of int
        What each code stands for: alleles as written, -1 not called.
    allele_depths : ndarray, shape (n_records, n_samples, 2), int32, or None
        FORMAT/AD of REF and of the other allele of heterozygous genotypes with REF, -1 where it is
        not given or is no whole number for each allele; None where no record has any.
    dp, gq : ndarray, shape (n_records, n_samples), float32, or None
        FORMAT/DP and GQ, NaN where not given; None where no record has any or none was asked for.
    n_without_gt, n_gt_not_first : int
        Records whose FORMAT has no GT, or has it in a later place than the first.
    phased : ndarray, shape (n_records, n_samples), bool, or None
        Whether the alleles of a genotype are in the order of the haplotypes; None: nowhere.
    dosages : mapping of int to ndarray, shape (n_alts, n_samples), float64
        Expected copies of each ALT allele (FORMAT/DS, or from GP) of the records that have them;
        NaN where not given.
    """

    first_record: int
    vcf_pos: npt.NDArray[np.int64]
    variant_id: tuple[str, ...]
    ref: tuple[str, ...]
    alts: tuple[tuple[str, ...], ...]
    filter: tuple[str, ...]
    qual: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int16]
    genotypes: tuple[Genotype, ...]
    dp: npt.NDArray[np.float32] | None = None
    gq: npt.NDArray[np.float32] | None = None
    allele_depths: npt.NDArray[np.int32] | None = None
    n_without_gt: int = 0
    n_gt_not_first: int = 0
    phased: npt.NDArray[np.bool_] | None = None
    dosages: Mapping[int, npt.NDArray[np.float64]] = field(default_factory=dict)

    @property
    def n_records(self) -> int:
        return len(self.vcf_pos)

    def chosen(self, records: npt.NDArray[np.int64]) -> "CallBatch":
        """The batch with these records only (ascending numbers within it)."""
        places = records.tolist()
        return replace(
            self,
            vcf_pos=self.vcf_pos[records],
            variant_id=tuple(self.variant_id[i] for i in places),
            ref=tuple(self.ref[i] for i in places),
            alts=tuple(self.alts[i] for i in places),
            filter=tuple(self.filter[i] for i in places),
            qual=self.qual[records],
            codes=self.codes[records],
            dp=None if self.dp is None else self.dp[records],
            gq=None if self.gq is None else self.gq[records],
            allele_depths=None if self.allele_depths is None else self.allele_depths[records],
            phased=None if self.phased is None else self.phased[records],
            dosages={n: self.dosages[i] for n, i in enumerate(places) if i in self.dosages},
        )


def empty_batch(n_samples: int) -> CallBatch:
    """A batch without records."""
    return CallBatch(
        first_record=0,
        vcf_pos=np.zeros(0, dtype=np.int64),
        variant_id=(),
        ref=(),
        alts=(),
        filter=(),
        qual=np.zeros(0),
        codes=np.zeros((0, n_samples), dtype=np.int16),
        genotypes=FIXED,
    )
