"""Principal components of genotypes by the genetic relationship matrix."""

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


def standardise(
    calls: npt.NDArray[np.int8], alt_frequency: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """(g - 2 p) / sqrt(2 p (1 - p)) of ALT allele counts g; a missing call gives 0, the mean.

    Parameters
    ----------
    calls : ndarray, shape (n_variants, n_samples), int8
        Negative is missing.
    alt_frequency : ndarray, shape (n_variants,), float64
        p, neither 0 nor 1.

    References
    ----------
    Patterson, Price and Reich 2006, PLoS Genet 2:e190, equations 1 to 3.
    """
    mean = (2.0 * alt_frequency)[:, None]
    scale = np.sqrt(mean * (1.0 - alt_frequency)[:, None])
    z = (calls - mean) / scale
    z[calls < 0] = 0.0
    return z.astype(np.float32)


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
    values = np.full(n_components, np.nan)
    vectors = np.full((n, n_components), np.nan)
    total = float(np.trace(relationship)) if n else float("nan")
    found = min(n, n_components)
    if found == 0 or not total > 0:
        return Components(values, vectors, total)
    w, v = eigh(relationship, subset_by_index=(n - found, n - 1))
    w, v = w[::-1], v[:, ::-1]
    exists = w > _NOISE * w[0]
    size = np.abs(v)
    largest = np.argmax(size >= size.max(axis=0) * (1 - 1e-6), axis=0)
    sign = np.sign(v[largest, np.arange(found)])
    values[:found] = np.where(exists, w, np.nan)
    vectors[:, :found] = np.where(exists, v * sign, np.nan)
    return Components(values, vectors, total)


def project(
    relationship: npt.NDArray[np.float64], components: Components
) -> npt.NDArray[np.float64]:
    """Place further samples on fitted components: (relationship to the fitted) u / eigenvalue.

    A fitted sample projected in this way falls on its own place.

    Parameters
    ----------
    relationship : ndarray, shape (n_projected, n_fitted), float64
        Mean over variants of z z', z from the fitted samples' frequencies.

    Returns
    -------
    ndarray, shape (n_projected, k), float64
        NaN for components that do not exist.
    """
    placed = relationship @ np.nan_to_num(components.vectors)
    missing = np.isnan(components.eigenvalues)
    placed /= np.where(missing, 1.0, components.eigenvalues)
    placed[:, missing] = np.nan
    return np.asarray(placed)


def loadings(
    calls: npt.NDArray[np.int8],
    alt_frequency: npt.NDArray[np.float64],
    components: Components,
    n_variants: int,
) -> npt.NDArray[np.float64]:
    """Weight of variants in each component: z u / sqrt(M eigenvalue).

    Over all M variants a component's weights have unit length. A sample's place on a component is
    the sum over variants of its z times the weight, divided by sqrt(M eigenvalue).

    Parameters
    ----------
    calls : ndarray, shape (n, n_fitted), int8
        ALT allele counts; negative is missing.
    alt_frequency : ndarray, shape (n,), float64
        As `standardise`.
    n_variants : int
        M, the variants that the relationship matrix is a mean over.

    Returns
    -------
    ndarray, shape (n, k), float64
        NaN for components that do not exist.
    """
    z = standardise(calls, alt_frequency).astype(np.float64)
    missing = np.isnan(components.eigenvalues)
    scale = np.sqrt(n_variants * np.where(missing, 1.0, components.eigenvalues))
    weights = z @ np.nan_to_num(components.vectors) / scale
    weights[:, missing] = np.nan
    return np.asarray(weights)
