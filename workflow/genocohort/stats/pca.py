"""Principal components of genotypes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

# An eigenvalue below this share of the largest is numerical noise: the component does not exist.
_NOISE = 1e-6


@dataclass(frozen=True)
class Components:
    """Leading principal components, largest first.

    Attributes
    ----------
    eigenvalues : ndarray, shape (k,), float64
        NaN for components that do not exist.
    vectors : ndarray, shape (n_samples, k), float64
        Unit-length eigenvectors; NaN columns for components that do not exist.
    total : float
        Trace of the matrix: the sum of all eigenvalues.
    """

    eigenvalues: npt.NDArray[np.float64]
    vectors: npt.NDArray[np.float64]
    total: float


def genotype_values(alt_frequency: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """(g - 2 p) / sqrt(2 p (1 - p)) of 0, 1, 2 ALT alleles and of a missing call (0, the mean).

    Parameters
    ----------
    alt_frequency : ndarray, shape (n_variants,), float64
        p, neither 0 nor 1.

    Returns
    -------
    ndarray, shape (n_variants, 4), float32

    References
    ----------
    Patterson, Price and Reich 2006, PLoS Genet 2:e190, equations 1 to 3.
    """
    mean = (2.0 * alt_frequency)[:, None]
    scale = np.sqrt(mean * (1.0 - alt_frequency)[:, None])
    values = np.zeros((len(alt_frequency), 4), dtype=np.float32)
    values[:, :3] = (np.arange(3) - mean) / scale
    return values


def standardise(
    calls: npt.NDArray[np.int8], alt_frequency: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """`genotype_values` of calls, shape (n_variants, n_samples), int8; negative is missing."""
    values = genotype_values(alt_frequency)
    return np.take_along_axis(values, (calls & 3).astype(np.int64), axis=1)


def compute_components(relationship: npt.NDArray[np.float64], n_components: int) -> Components:
    """Leading eigenvalues and eigenvectors of a relationship matrix.

    The sign of each vector is fixed: its entry of largest absolute value (the first of equal ones)
    is positive.

    Parameters
    ----------
    relationship : ndarray, shape (n, n), float64
        Symmetric; mean over variants of z z'.
    n_components : int
        k; those beyond the rank of the matrix are NaN.

    References
    ----------
    Yang et al. 2011, Am J Hum Genet 88:76 (matrix); plink2 --pca.
    """
    n = len(relationship)
    total = float(np.trace(relationship)) if n else float("nan")
    found = min(n, n_components)
    if found == 0 or not total > 0:
        return no_components(n, total, n_components)
    w, v = eigh(relationship, subset_by_index=(n - found, n - 1))
    return as_components(w[::-1], v[:, ::-1], total, n_components)


def no_components(n_samples: int, total: float, n_components: int) -> Components:
    """Components of which none exists."""
    vectors = np.full((n_samples, n_components), np.nan)
    return Components(np.full(n_components, np.nan), vectors, total)


def as_components(
    values: npt.NDArray[np.float64],
    vectors: npt.NDArray[np.float64],
    total: float,
    n_components: int,
) -> Components:
    """Eigenpairs, largest first, with signs fixed; those that are noise or absent are NaN."""
    found = len(values)
    exists = values > _NOISE * values[0]
    size = np.abs(vectors)
    largest = np.argmax(size >= size.max(axis=0) * (1 - 1e-6), axis=0)
    sign = np.sign(vectors[largest, np.arange(found)])
    w = np.full(n_components, np.nan)
    v = np.full((len(vectors), n_components), np.nan)
    w[:found] = np.where(exists, values, np.nan)
    v[:, :found] = np.where(exists, vectors * sign, np.nan)
    return Components(w, v, total)


def loadings(
    z: npt.NDArray[np.float32], components: Components, n_variants: int
) -> npt.NDArray[np.float64]:
    """Weight of variants in each component: z u / sqrt(M eigenvalue).

    Over all M variants a component's weights have unit length. A sample's place on a component is
    the sum over variants of its z times the weight, divided by sqrt(M eigenvalue).

    Parameters
    ----------
    z : ndarray, shape (n, n_fitted), float32
        Standardised calls (`standardise`).
    n_variants : int
        M, the variants that the relationship matrix is a mean over.

    Returns
    -------
    ndarray, shape (n, k), float64
        NaN for components that do not exist.
    """
    missing = np.isnan(components.eigenvalues)
    scale = np.sqrt(n_variants * np.where(missing, 1.0, components.eigenvalues))
    weights = z.astype(np.float64) @ np.nan_to_num(components.vectors) / scale
    weights[:, missing] = np.nan
    return np.asarray(weights)


def project(
    z: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
    components: Components,
    n_variants: int,
) -> npt.NDArray[np.float64]:
    """What some variants add to the places of samples: z' weight / sqrt(M eigenvalue).

    Summed over all M variants, a fitted sample falls on its own place.

    Parameters
    ----------
    z : ndarray, shape (n, n_samples), float32
        Standardised by the fitted samples' frequencies.
    weights : ndarray, shape (n, k), float64
        `loadings` of the same variants.

    Returns
    -------
    ndarray, shape (n_samples, k), float64
        NaN for components that do not exist.
    """
    scale = np.sqrt(n_variants * components.eigenvalues)
    placed = z.T.astype(np.float64) @ np.nan_to_num(weights)
    return np.asarray(placed / scale)
