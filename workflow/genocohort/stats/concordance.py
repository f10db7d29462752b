"""Genotypes from reads at known sites, and how they agree with called ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Calls = npt.NDArray[np.int8]

# Sites whose calls are compared at once.
_CHUNK = 4096


def call_from_reads(
    n_ref: Counts, n_alt: Counts, error_rate: float, min_probability: float
) -> Calls:
    """The genotype of each site: 0, 1, 2 ALT alleles, or -1 where the reads do not tell.

    The three genotypes are equally likely beforehand; a call needs `min_probability` afterwards.

    Parameters
    ----------
    n_ref, n_alt : int64[n]
    error_rate : float
        Share of wrong bases.
    min_probability : float
        Above 0.5.
    """
    p_alt = np.array([error_rate / 3, 0.5, 1 - error_rate])[:, None]
    p_ref = np.array([1 - error_rate, 0.5, error_rate / 3])[:, None]
    log = n_alt * np.log(p_alt) + n_ref * np.log(p_ref)
    best = log.argmax(axis=0)
    probability = 1 / np.exp(log - log.max(axis=0)).sum(axis=0)
    return np.where(probability >= min_probability, best, -1).astype(np.int8)


@dataclass(frozen=True)
class Agreement:
    """Counts of sites, int64[n, m]: called in both, of these the same, and opposite homozygotes."""

    n_sites: Counts
    n_concordant: Counts
    n_opposite: Counts


def compare_calls(reads: Calls, calls: Calls) -> Agreement:
    """Compare every row of reads' genotypes with every sample's calls.

    Parameters
    ----------
    reads : int8[n, s]
        -1 missing.
    calls : int8[s, m]
        -1 missing.
    """
    shape = (len(reads), calls.shape[1])
    both, same, opposite = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    for first in range(0, reads.shape[1], _CHUNK):
        one, other = reads[:, first : first + _CHUNK], calls[first : first + _CHUNK]
        # Whole numbers far below 2**24, so that sums of float32 are exact in any order.
        ones = [(one == g).astype(np.float32) for g in range(3)]
        others = [(other == g).astype(np.float32) for g in range(3)]
        both += (sum(ones[1:], ones[0]) @ sum(others[1:], others[0])).astype(np.int64)
        same += sum((a @ b).astype(np.int64) for a, b in zip(ones, others, strict=True))
        opposite += (ones[0] @ others[2] + ones[2] @ others[0]).astype(np.int64)
    return Agreement(both, same, opposite)
