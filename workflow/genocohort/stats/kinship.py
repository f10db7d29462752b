"""KING-robust kinship of pairs of samples from ALT allele counts, by exact integer counts."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Products of 0/1 planes are exact in float32 while a block has fewer variants than this.
MAX_BLOCK = 1 << 24

# Lower bounds of kinship for each degree: 1/2^(3/2), 1/2^(5/2), ... (Manichaikul 2010, table 1).
DUPLICATE, FIRST_DEGREE, SECOND_DEGREE, THIRD_DEGREE = 0.354, 0.177, 0.0884, 0.0442


# Samples in a range of a tile.
TILE = 512


@dataclass(frozen=True)
class Tile:
    """Two ranges of samples [start, end) whose pairs are counted together."""

    rows: tuple[int, int]
    columns: tuple[int, int]


def make_tiles(n_samples: int, size: int = TILE) -> list[Tile]:
    """Ranges that cover every pair of samples once (a diagonal tile holds each pair twice)."""
    starts = range(0, n_samples, size)
    return [
        Tile((a, min(a + size, n_samples)), (b, min(b + size, n_samples)))
        for a in starts
        for b in starts
        if a <= b
    ]


@dataclass
class PairCounts:
    """Counts over the variants called in both samples of a pair; each array (rows, columns), int64.

    `n_het_row` (`n_het_column`) counts heterozygous calls of the row's (the column's) sample.
    """

    n_called: npt.NDArray[np.int64]
    n_het_het: npt.NDArray[np.int64]
    n_ibs0: npt.NDArray[np.int64]
    n_het_row: npt.NDArray[np.int64]
    n_het_column: npt.NDArray[np.int64]

    @classmethod
    def zeros(cls, rows: int, columns: int) -> "PairCounts":
        """No variant counted yet."""
        return cls(*(np.zeros((rows, columns), dtype=np.int64) for _ in range(5)))

    def add(self, other: "PairCounts") -> None:
        """Add the counts of other variants, in place."""
        self.n_called += other.n_called
        self.n_het_het += other.n_het_het
        self.n_ibs0 += other.n_ibs0
        self.n_het_row += other.n_het_row
        self.n_het_column += other.n_het_column


def count_pairs(rows: npt.NDArray[np.int8], columns: npt.NDArray[np.int8]) -> PairCounts:
    """Count shared calls, shared heterozygotes and IBS0 for every pair of two sets of samples.

    Parameters
    ----------
    rows, columns : ndarray, shape (n_variants, n_rows) and (n_variants, n_columns), int8
        ALT allele counts of the same variants; negative is missing. Pass the same array twice for
        all pairs within one set.

    Returns
    -------
    PairCounts
        Arrays of shape (n_rows, n_columns).

    Raises
    ------
    ValueError
        The block has too many variants for exact counts.
    """
    if len(rows) >= MAX_BLOCK:
        raise ValueError(f"a block has {len(rows)} variants, at most {MAX_BLOCK - 1} are exact")
    same = rows is columns
    het_r, hom_r, sign_r = _planes(rows)
    het_c, hom_c, sign_c = (het_r, hom_r, sign_r) if same else _planes(columns)
    het_het = _product(het_r, het_c)
    het_hom = _product(het_r, hom_c)
    hom_het = het_hom.T if same else _product(hom_r, het_c)
    hom_hom = _product(hom_r, hom_c)
    # Like homozygotes count +1 in the signed product, opposite ones -1.
    opposite = (hom_hom - _product(sign_r, sign_c)) // 2
    return PairCounts(
        n_called=het_het + het_hom + hom_het + hom_hom,
        n_het_het=het_het,
        n_ibs0=opposite,
        n_het_row=het_het + het_hom,
        n_het_column=het_het + hom_het,
    )


def count_tile(tile: Tile, blocks: Iterable[npt.NDArray[np.int8]]) -> PairCounts:
    """Counts of all pairs of a tile over blocks of calls (n_variants, n_samples), int8."""
    counts = PairCounts.zeros(tile.rows[1] - tile.rows[0], tile.columns[1] - tile.columns[0])
    for calls in blocks:
        rows = calls[:, slice(*tile.rows)]
        columns = rows if tile.rows == tile.columns else calls[:, slice(*tile.columns)]
        counts.add(count_pairs(rows, columns))
    return counts


def _planes(
    calls: npt.NDArray[np.int8],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Heterozygous (0/1), homozygous (0/1) and signed homozygous (-1/0/1), as float32."""
    het = (calls == 1).astype(np.float32)
    sign = (calls == 2).astype(np.float32)
    sign -= calls == 0
    return het, np.abs(sign), sign


def _product(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.asarray(a.T @ b, dtype=np.int64)


def compute_kinship(counts: PairCounts) -> npt.NDArray[np.float64]:
    """KING-robust kinship coefficient, between-family form.

    1/2 - (4 IBS0 + het_i_only + het_j_only) / (4 min(het_i, het_j)), where all counts are over the
    variants called in both samples.

    Returns
    -------
    ndarray, float64, same shape as the counts
        NaN where one of the two has no heterozygous call among the shared ones.

    References
    ----------
    Manichaikul et al. 2010, Bioinformatics 26:2867, equation 11; plink2 --make-king-table.
    """
    smaller = np.minimum(counts.n_het_row, counts.n_het_column)
    differing = 4 * counts.n_ibs0 + counts.n_het_row + counts.n_het_column - 2 * counts.n_het_het
    kinship = np.full(smaller.shape, np.nan)
    np.divide(differing, 4.0 * smaller, out=kinship, where=smaller > 0)
    return 0.5 - kinship


def expected_ibs0(n_ref: npt.NDArray[np.int64], n_alt: npt.NDArray[np.int64]) -> float:
    """Share of variants at which two unrelated samples would share no allele: mean of 2 p^2 q^2.

    Parameters
    ----------
    n_ref, n_alt : ndarray, shape (n_variants,)
        Allele counts; a variant without calls is left out.

    Returns
    -------
    float
        NaN without any variant.
    """
    total = n_ref + n_alt
    called = total > 0
    if not called.any():
        return float("nan")
    p = n_alt[called] / total[called]
    return float(np.mean(2.0 * p**2 * (1.0 - p) ** 2))


def infer_relation(
    kinship: float, ibs0: float, unrelated_ibs0: float, parent_offspring_share: float
) -> str | None:
    """Name the relation that a kinship coefficient stands for; None where it is undefined.

    First-degree relatives are parent and child when their IBS0 is below `parent_offspring_share`
    of that of unrelated samples: none is expected for parent and child, a quarter for siblings.
    The share does not depend on how rare the variants are, as a fixed IBS0 limit would.
    """
    if np.isnan(kinship):
        return None
    if kinship > DUPLICATE:
        return "duplicate"
    if kinship > FIRST_DEGREE:
        limit = parent_offspring_share * unrelated_ibs0
        return "parent_offspring" if ibs0 == 0 or ibs0 < limit else "full_siblings"
    if kinship > SECOND_DEGREE:
        return "second_degree"
    return "third_degree" if kinship > THIRD_DEGREE else "unrelated"
