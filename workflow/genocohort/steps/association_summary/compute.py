"""Calibration of the tests, loci and their nearest genes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.stats.genomic_control import lambda_gc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Loci:
    """Independent loci, strongest first; shapes (n_loci,).

    `lead` is the row of the strongest variant, `size` the tested variants that belong to the locus.
    """

    lead: Ints
    size: Ints


def compute_loci(
    chromosome: Ints,
    vcf_pos: Ints,
    neg_log10_p: Floats,
    *,
    window_bp: int,
    n_loci: int,
    threshold: float,
) -> Loci:
    """Clump by distance: the strongest variant takes all that are close, then the next one.

    Parameters
    ----------
    chromosome : ndarray of int64, shape (n,)
        Rank of the chromosome; rows are sorted by it, then by position.
    vcf_pos : ndarray of int64, shape (n,)
        1-based position.
    neg_log10_p : ndarray of float64, shape (n,)
        NaN (no test) belongs to no locus. Ties go to the earlier row.
    window_bp : int
        Largest distance to the strongest variant, bases.
    n_loci : int
        Loci wanted; all that reach `threshold` are found, even if more.
    threshold : float
        -log10 P of significance.
    """
    free = ~np.isnan(neg_log10_p)
    order = np.argsort(np.where(free, -neg_log10_p, np.inf), kind="stable")
    order = order[: int(free.sum())]
    leads: list[int] = []
    sizes: list[int] = []
    for row in order:
        if not free[row]:
            continue
        if len(leads) >= n_loci and neg_log10_p[row] < threshold:
            break
        first, last = np.searchsorted(chromosome, [chromosome[row], chromosome[row] + 1])
        near = vcf_pos[first:last]
        low = first + np.searchsorted(near, vcf_pos[row] - window_bp, side="left")
        high = first + np.searchsorted(near, vcf_pos[row] + window_bp, side="right")
        leads.append(int(row))
        sizes.append(int(free[low:high].sum()))
        free[low:high] = False
    return Loci(np.array(leads, dtype=np.int64), np.array(sizes, dtype=np.int64))


def compute_nearest_gene(
    position: int, start: Ints, end: Ints, name: tuple[str, ...]
) -> tuple[str, int] | None:
    """The gene closest to a position and the bases between them; None where there is no gene.

    Parameters
    ----------
    position : int
        0-based.
    start, end : ndarray of int64, shape (n_genes,)
        0-based half-open, of genes on the same contig.
    name : tuple of str

    Returns
    -------
    tuple of str and int, or None
        Distance 0 is inside the gene. Ties go to the earlier gene of the arguments.
    """
    if len(start) == 0:
        return None
    distance = np.maximum(np.maximum(start - position, position - (end - 1)), 0)
    best = int(np.argmin(distance))
    return name[best], int(distance[best])


def compute_lambdas(neg_log10_p: Floats, frequency: Floats) -> dict[str, float]:
    """lambda_gc of all tests and by minor allele frequency; NaN where there is no test.

    Parameters
    ----------
    neg_log10_p, frequency : ndarray of float64, shape (n,)
        -log10 P (NaN: no test) and the effect allele's frequency.
    """
    minor = np.minimum(frequency, 1 - frequency)
    return {
        "lambda_gc": lambda_gc(neg_log10_p),
        "lambda_maf_below_0_01": lambda_gc(neg_log10_p[minor < 0.01]),
        "lambda_maf_0_01_to_0_05": lambda_gc(neg_log10_p[(minor >= 0.01) & (minor < 0.05)]),
        "lambda_maf_from_0_05": lambda_gc(neg_log10_p[minor >= 0.05]),
    }
