"""What one pass over a chromosome's calls counts: rows of alleles, sums of samples, the store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genocohort.domain.ploidy import GenotypeClass
from genocohort.domain.site_filter import LEFT_OUT
from genocohort.domain.tables_variants import ALLELE_CLASSES, CARRIED_COUNTS, GENOTYPE_COUNTS

_Int64 = npt.NDArray[np.int64]

# FORMAT/DP and GQ are counted by whole values; the last cell holds all from there on.
DEPTH_CELLS, QUALITY_CELLS = 10_001, 1_001
# Columns of a row: where it stands, what its allele is, what was counted.
ROW_COLUMNS = (
    "vcf_pos", "record", "allele", "n_alt_alleles", "allele_class", "length_change",
    "substitution", "is_pass", "ac", "an", "n_hom_tested", "n_het_tested", "n_tested", "dp_sum",
    "n_dp", "gq_sum", "n_gq", "n_not_expected_called", "het_ref_depth", "het_alt_depth",
    *GENOTYPE_COUNTS,
)  # fmt: skip
TEXT_COLUMNS = ("variant_id", "ref", "alt", "filter")
# Sums of DP and GQ are kept in these units, so that they are exact in any order.
DEPTH_UNIT = 1024
CLASS_CODE = {name: i for i, name in enumerate(ALLELE_CLASSES)}


def column(name: str) -> int:
    """Number of a column of `CountedRows.values`."""
    return ROW_COLUMNS.index(name)


@dataclass(frozen=True)
class Texts:
    """Texts one behind the other: UTF-8 data, and the length of each (uint32)."""

    data: bytes
    lengths: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, values: Iterable[str]) -> "Texts":
        """From Python's own."""
        encoded = [value.encode() for value in values]
        return cls(b"".join(encoded), np.array([len(e) for e in encoded], dtype=np.uint32))


@dataclass(frozen=True)
class CountedRows:
    """Consecutive records: one row per ALT allele, or one for a record without any.

    Attributes
    ----------
    values : ndarray, shape (n_rows, len(ROW_COLUMNS)), int64
        `record` is 0-based within these records; `allele_class` and `substitution` are places in
        ALLELE_CLASSES and SUBSTITUTIONS (-1: none); sums of DP and GQ are in 1 / DEPTH_UNIT.
    qual : ndarray, shape (n_rows,), float64
        NaN where not given.
    texts : tuple of Texts
        TEXT_COLUMNS as written.
    store : bytes
        The rows that enter the store, encoded, with their record types and sizes in bytes.
    n_records : int
        All that were read, those too that a site filter left out and that have no rows.
    first_pos, last_pos : int
        Positions of the first and last of them; 0 where there is none.
    """

    values: _Int64
    qual: npt.NDArray[np.float64]
    texts: tuple[Texts, ...]
    store: bytes
    kinds: npt.NDArray[np.uint8]
    sizes: npt.NDArray[np.uint32]
    n_records: int
    first_pos: int
    last_pos: int


def join_rows(parts: Sequence[CountedRows]) -> CountedRows:
    """Consecutive parts as one; records are numbered on."""
    if len(parts) == 1:
        return parts[0]
    values, n = [], 0
    for part in parts:
        moved = part.values.copy()
        moved[:, 1] += n
        values.append(moved)
        n += part.n_records
    return CountedRows(
        np.concatenate(values),
        np.concatenate([p.qual for p in parts]),
        tuple(
            Texts(
                b"".join(p.texts[i].data for p in parts),
                np.concatenate([p.texts[i].lengths for p in parts]),
            )
            for i in range(len(TEXT_COLUMNS))
        ),
        b"".join(p.store for p in parts),
        np.concatenate([p.kinds for p in parts]),
        np.concatenate([p.sizes for p in parts]),
        n,
        next((p.first_pos for p in parts if p.n_records), 0),
        next((p.last_pos for p in reversed(parts) if p.n_records), 0),
    )


def no_rows() -> CountedRows:
    """No records."""
    empty = Texts(b"", np.zeros(0, dtype=np.uint32))
    return CountedRows(
        np.zeros((0, len(ROW_COLUMNS)), dtype=np.int64),
        np.zeros(0),
        tuple(empty for _ in TEXT_COLUMNS),
        b"",
        np.zeros(0, dtype=np.uint8),
        np.zeros(0, dtype=np.uint32),
        n_records=0,
        first_pos=0,
        last_pos=0,
    )


@dataclass
class SampleSums:
    """Sums of samples over records that do not pass (0) and that pass (1); sums add up.

    Attributes
    ----------
    classes : ndarray, shape (2, n_samples, 11), int64
        Genotypes by GenotypeClass.
    called : ndarray, shape (2, n_samples), int64
        Genotypes with a called allele where none is expected.
    carried : ndarray, shape (2, n_samples, 8), int64
        CARRIED_COUNTS.
    depths : ndarray, shape (2, n_samples, 4), int64
        Sum and number of DP, of GQ; sums in 1 / DEPTH_UNIT.
    allele_depths : ndarray, shape (2, n_samples, 2), int64
        FORMAT/AD of REF and of ALT, summed over heterozygous genotypes with REF.
    depth_cells, quality_cells : ndarray, shape (2, cells), int64
        Genotypes by DP and GQ.
    n_without_gt, n_gt_not_first : int
        Records whose FORMAT has no GT, or has it in a later place than the first.
    n_left_out : ndarray, shape (len(LEFT_OUT),), int64
        Records that a site filter left out, by reason.
    """

    classes: _Int64
    called: _Int64
    carried: _Int64
    depths: _Int64
    allele_depths: _Int64
    depth_cells: _Int64 = field(default_factory=lambda: np.zeros((2, DEPTH_CELLS), np.int64))
    quality_cells: _Int64 = field(default_factory=lambda: np.zeros((2, QUALITY_CELLS), np.int64))
    n_without_gt: int = 0
    n_gt_not_first: int = 0
    n_left_out: _Int64 = field(default_factory=lambda: np.zeros(len(LEFT_OUT), np.int64))

    @classmethod
    def zero(cls, n_samples: int) -> "SampleSums":
        """Nothing counted yet."""
        return cls(
            np.zeros((2, n_samples, len(GenotypeClass)), dtype=np.int64),
            np.zeros((2, n_samples), dtype=np.int64),
            np.zeros((2, n_samples, len(CARRIED_COUNTS)), dtype=np.int64),
            np.zeros((2, n_samples, 4), dtype=np.int64),
            np.zeros((2, n_samples, 2), dtype=np.int64),
        )

    def add(self, other: "SampleSums") -> None:
        """Add the sums over other records."""
        for name in (
            "classes", "called", "carried", "depths", "allele_depths", "depth_cells",
            "quality_cells", "n_left_out",
        ):  # fmt: skip
            mine = getattr(self, name)
            mine += getattr(other, name)
        self.n_without_gt += other.n_without_gt
        self.n_gt_not_first += other.n_gt_not_first
