"""Identity by state of pairs of samples, and its multidimensional scaling."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from genocohort.stats.kinship import PairCounts

# An eigenvalue below this share of the largest is numerical noise: the dimension does not exist.
_NOISE = 1e-9


@dataclass(frozen=True)
class Scaling:
    """Coordinates of samples whose distances are as those given, as well as k dimensions can.

    Attributes
    ----------
    coordinates : ndarray, shape (n, k), float64
        NaN for dimensions that do not exist.
    eigenvalues : ndarray, shape (k,), float64
        Largest first; NaN for dimensions that do not exist.
    squared : ndarray, shape (n,), float64
        Mean squared distance of each sample, less half of the mean over all pairs.
    """

    coordinates: npt.NDArray[np.float64]
    eigenvalues: npt.NDArray[np.float64]
    squared: npt.NDArray[np.float64]


def ibs1(counts: PairCounts) -> npt.NDArray[np.int64]:
    """Variants at which two samples share one allele: heterozygous in one of them only."""
    return counts.n_het_row + counts.n_het_column - 2 * counts.n_het_het


def similarity(counts: PairCounts) -> npt.NDArray[np.float64]:
    """Share of alleles in common, (IBS2 + IBS1 / 2) / variants called in both; NaN without any.

    References
    ----------
    Purcell et al. 2007, Am J Hum Genet 81:559; plink 1.9 --distance ibs.
    """
    shared = np.full(counts.n_called.shape, np.nan)
    called = counts.n_called
    differing = 2 * counts.n_ibs0 + ibs1(counts)
    np.divide(differing, 2.0 * called, out=shared, where=called > 0)
    return 1.0 - shared


def scale(distances: npt.NDArray[np.float64], n_dimensions: int) -> Scaling:
    """Classical multidimensional scaling.

    The sign of each dimension is fixed: its entry of largest absolute value (the first of equal
    ones) is positive.

    Parameters
    ----------
    distances : ndarray, shape (n, n), float64
        Symmetric, 0 on the diagonal; without NaN.
    n_dimensions : int
        k; those that do not exist are NaN.

    References
    ----------
    Torgerson 1952, Psychometrika 17:401; plink 1.9 --mds-plot.
    """
    n = len(distances)
    coordinates = np.full((n, n_dimensions), np.nan)
    values = np.full(n_dimensions, np.nan)
    if n == 0:
        return Scaling(coordinates, values, np.zeros(0))
    square = distances**2
    mean = square.mean(axis=0)
    squared = mean - square.mean() / 2
    found = min(n, n_dimensions)
    if found and square.any():
        centred = (squared[:, None] + squared[None, :] - square) / 2
        w, v = eigh(centred, subset_by_index=(n - found, n - 1))
        w, v = w[::-1], v[:, ::-1]
        exists = w > _NOISE * w[0]
        size = np.abs(v)
        largest = np.argmax(size >= size.max(axis=0) * (1 - 1e-6), axis=0)
        sign = np.sign(v[largest, np.arange(found)])
        values[:found] = np.where(exists, w, np.nan)
        coordinates[:, :found] = v * sign * np.sqrt(np.where(exists, w, np.nan))
    return Scaling(coordinates, values, squared)


def place(distances: npt.NDArray[np.float64], scaling: Scaling) -> npt.NDArray[np.float64]:
    """Coordinates of further samples by their distances to the scaled ones.

    Parameters
    ----------
    distances : ndarray, shape (n_further, n), float64

    References
    ----------
    Gower 1968, Biometrika 55:582.
    """
    missing = np.isnan(scaling.eigenvalues)
    found = (scaling.squared[None, :] - distances**2) @ np.nan_to_num(scaling.coordinates) / 2
    found /= np.where(missing, 1.0, scaling.eigenvalues)
    found[:, missing] = np.nan
    return np.asarray(found)
