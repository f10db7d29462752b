"""Site frequency spectra: folded or unfolded, projected to a number of alleles."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Spectrum:
    """How many variants carry an allele so many times.

    Attributes
    ----------
    values : ndarray, shape (n_alleles + 1,), float64
        Expected number of variants with 0, 1, ... copies among n_alleles alleles.
    n_left_out : int
        Variants with fewer alleles called than that.
    """

    values: npt.NDArray[np.float64]
    n_left_out: int


def projected_spectrum(
    counted: npt.NDArray[np.int64], called: npt.NDArray[np.int64], n_alleles: int
) -> Spectrum:
    """Spectrum of an allele among `n_alleles` alleles drawn from those called at each variant.

    Where exactly so many are called, a variant counts as it is: without missing calls the numbers
    are whole. Where more are called, it is spread as drawing without replacement would.

    Parameters
    ----------
    counted : ndarray, shape (n_variants,), int64
        Copies of the allele (ALT, or the derived one).
    called : ndarray, shape (n_variants,), int64
        Alleles called.
    n_alleles : int
        At least 1.

    References
    ----------
    Marth et al. 2004, Genetics 166:351 (hypergeometric projection); scikit-allel's sfs without it.
    """
    enough = called >= n_alleles
    most = int(called.max(initial=n_alleles, where=enough))
    order = np.argsort(called[enough], kind="stable")
    by_called, copies = called[enough][order], counted[enough][order]
    values = np.zeros(most + 1)
    # From n alleles to n - 1 one is taken away by chance; drawing is the same one by one.
    for n in range(most, n_alleles - 1, -1):
        if len(values) > n + 1:
            k = np.arange(n + 2)
            kept = values * ((n + 1 - k) / (n + 1))
            lost = values * (k / (n + 1))
            values = kept[: n + 1] + lost[1 : n + 2]
        first, last = np.searchsorted(by_called, (n, n + 1))
        values += np.bincount(copies[first:last], minlength=n + 1)
    return Spectrum(values, int((~enough).sum()))


def fold(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spectrum by the copies of the rarer allele.

    Parameters
    ----------
    values : ndarray, shape (n + 1,)

    Returns
    -------
    ndarray, shape (n // 2 + 1,)
    """
    n = len(values) - 1
    folded = values[: n // 2 + 1].copy()
    folded[: (n + 1) // 2] += values[: -((n + 1) // 2) - 1 : -1]
    return folded


def projection_size(n_samples: int, max_missing: float) -> int:
    """Alleles of a group to project to, where a share of them may be missing at a variant."""
    n = 2 * n_samples
    return max(n - int(n * max_missing * (1 + 1e-12)), min(n, 1))
