"""Leading eigenvalues of a large symmetric matrix that is known by its products only."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh, qr

Floats = npt.NDArray[np.float64]

# Vectors of a block beyond those wanted; the stream of this generator never changes.
_BEYOND = 10
_SEED = 20_240_229
# A new direction shorter than this share of the block before orthogonalisation is rounding.
_SPENT = 1e-9


@dataclass(frozen=True)
class Leading:
    """Eigenpairs, largest first.

    Attributes
    ----------
    values : ndarray, shape (k,)
    vectors : ndarray, shape (n, k)
        Of unit length.
    residuals : ndarray, shape (k,)
        Length of A v - value v, relative to the value.
    n_products : int
        Products of the matrix with a block of vectors.
    """

    values: Floats
    vectors: Floats
    residuals: Floats
    n_products: int


def find_leading(
    multiply: Callable[[Floats], Floats],
    n: int,
    k: int,
    *,
    tolerance: float,
    max_products: int,
) -> Leading:
    """The k largest eigenvalues of a positive semidefinite matrix, by block Krylov iteration.

    Begins with random vectors of a fixed seed, and looks for the eigenvectors in all that was found
    since (not in the last block alone), until every residual is small enough.

    Parameters
    ----------
    multiply : callable
        The matrix times vectors, shape (n, any).
    k : int
        At least 1, at most n.
    tolerance : float
        Residual, relative to the eigenvalue, at which a pair counts as found.
    max_products : int
        Stop after so many products in any case; what is left is told by `residuals`.

    References
    ----------
    Halko, Martinsson and Tropp 2011, SIAM Rev 53:217 (random start); Musco and Musco 2015, NeurIPS
    28:1396 (block Krylov); Saad 2011, Numerical Methods for Large Eigenvalue Problems, chapter 6.
    """
    width = min(k + _BEYOND, n)
    drawn = np.random.RandomState(_SEED).standard_normal((n, width))
    block = qr(drawn, mode="economic")[0]
    basis = images = np.zeros((n, 0))
    small = np.zeros((0, 0))
    n_products = 0
    while True:
        image = np.asarray(multiply(block), dtype=np.float64)
        n_products += 1
        basis, images = np.hstack([basis, block]), np.hstack([images, image])
        small = _bordered(small, basis, image)
        w, v = eigh(small)
        w, v = w[::-1][:k], v[:, ::-1][:, :k]
        vectors = basis @ v
        left = np.linalg.norm(images @ v - vectors * w, axis=0)
        residuals = left / np.where(w > 0, w, np.inf)
        block = _next(image, basis)
        if (residuals <= tolerance).all() or n_products == max_products or not block.size:
            return Leading(w, vectors, residuals, n_products)


def _bordered(small: Floats, basis: Floats, image: Floats) -> Floats:
    """The matrix within the basis, which has grown by the directions that `image` belongs to."""
    old, new = len(small), basis.shape[1]
    grown = np.zeros((new, new))
    grown[:old, :old] = small
    columns = basis.T @ image
    grown[:, old:] = columns
    grown[old:, :] = columns.T
    grown[old:, old:] = (columns[old:] + columns[old:].T) / 2
    return grown


def _next(image: Floats, basis: Floats) -> Floats:
    """Directions of the images that the basis does not hold yet."""
    room = len(basis) - basis.shape[1]
    length = np.linalg.norm(image, axis=0).max(initial=0.0)
    left = image
    # Twice is enough (Giraud et al. 2005, Numer Math 101:87).
    for _ in range(2):
        left = left - basis @ (basis.T @ left)
    if room == 0 or not length > 0:
        return np.zeros((len(basis), 0))
    q, r, _ = qr(left, mode="economic", pivoting=True)
    n = int((np.abs(np.diag(r)) > _SPENT * length).sum())
    found = q[:, : min(n, room)]
    return np.asarray(found - basis @ (basis.T @ found))
