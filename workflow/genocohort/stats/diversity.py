"""Nucleotide diversity, Watterson's theta and Tajima's D in windows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Diversity:
    """Statistics of windows; arrays of shape (n_windows,). pi and theta are per base pair.

    `tajima_d` is NaN where no variant segregates, or fewer than four alleles are called.
    """

    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    n_segregating: npt.NDArray[np.int64]
    pi: npt.NDArray[np.float64]
    theta: npt.NDArray[np.float64]
    tajima_d: npt.NDArray[np.float64]


def compute_diversity(
    counts: npt.NDArray[np.int64], vcf_pos: npt.NDArray[np.int64], window: int
) -> Diversity:
    """Diversity of one group on one chromosome, in windows from its first base on.

    Windows without any variant are left out. Every base without a variant counts as called and
    invariant: where only part of a window was sequenced, pi and theta are too low by that part.

    Parameters
    ----------
    counts : ndarray, shape (n_variants, 2), int64
        REF and ALT alleles called.
    vcf_pos : ndarray, shape (n_variants,), int64
        1-based positions.
    window : int
        Base pairs.

    References
    ----------
    Nei and Li 1979, PNAS 76:5269 (pi); Watterson 1975, Theor Popul Biol 7:256 (theta); Tajima
    1989, Genetics 123:585 (D, with its equations 3, 4 and 28 to 38).
    """
    place = (vcf_pos - 1) // window
    windows, which = np.unique(place, return_inverse=True)
    n = counts.sum(axis=1)
    pairs = n * (n - 1) / 2
    differing = np.zeros(len(n))
    np.divide(counts[:, 0] * counts[:, 1], pairs, out=differing, where=pairs > 0)
    difference = np.bincount(which, weights=differing, minlength=len(windows))
    segregating = np.bincount(which[counts.min(axis=1) > 0], minlength=len(windows))
    a1, scale = _tajima_scale(int(n.max(initial=0)), segregating)
    estimate = segregating / a1 if a1 else np.zeros(len(windows))
    d = np.full(len(windows), np.nan)
    np.divide(difference - estimate, scale, out=d, where=scale > 0)
    return Diversity(
        windows * window, (windows + 1) * window, segregating.astype(np.int64),
        difference / window, estimate / window, d,
    )  # fmt: skip


def _tajima_scale(
    n: int, segregating: npt.NDArray[np.int64]
) -> tuple[float, npt.NDArray[np.float64]]:
    """The sum of 1/i below n, and the standard deviation of pi - theta; 0 where undefined."""
    if n < 2:
        return 0.0, np.zeros(len(segregating))
    i = np.arange(1, n)
    a1, a2 = float(np.sum(1 / i)), float(np.sum(1 / i**2))
    if n < 4:
        return a1, np.zeros(len(segregating))
    b1 = (n + 1) / (3 * (n - 1))
    b2 = 2 * (n**2 + n + 3) / (9 * n * (n - 1))
    e1 = (b1 - 1 / a1) / a1
    e2 = (b2 - (n + 2) / (a1 * n) + a2 / a1**2) / (a1**2 + a2)
    return a1, np.sqrt(e1 * segregating + e2 * segregating * (segregating - 1))
