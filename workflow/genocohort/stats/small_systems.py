"""Many small symmetric systems at once: Cholesky by coefficient, vectorised over the systems.

Matrices have shape (p, p, m): m systems of p unknowns. A matrix that is not positive definite gives
NaN for its system and leaves the others alone.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def unpack_symmetric(upper: Floats, size: int) -> Floats:
    """Full matrices, shape (p, p, m), from their upper triangles by rows, shape (p(p+1)/2, m)."""
    rows, columns = np.triu_indices(size)
    full = np.empty((size, size, upper.shape[1]))
    full[rows, columns] = upper
    full[columns, rows] = upper
    return full


def cholesky(matrices: Floats) -> Floats:
    """Lower triangular factors L with L L' = A; shape (p, p, m), zero above the diagonal."""
    size = matrices.shape[0]
    factor = np.zeros_like(matrices)
    for j in range(size):
        row = factor[j, :j]
        pivot = matrices[j, j] - np.einsum("im,im->m", row, row)
        factor[j, j] = np.sqrt(np.where(pivot > 0, pivot, np.nan))
        for i in range(j + 1, size):
            product = np.einsum("im,im->m", factor[i, :j], row)
            factor[i, j] = (matrices[i, j] - product) / factor[j, j]
    return factor


def solve_lower(factor: Floats, right: Floats) -> Floats:
    """L^-1 b for right-hand sides of shape (p, m)."""
    solution = np.empty_like(right)
    for i in range(len(right)):
        product = np.einsum("jm,jm->m", factor[i, :i], solution[:i])
        solution[i] = (right[i] - product) / factor[i, i]
    return solution


def solve(factor: Floats, right: Floats) -> Floats:
    """A^-1 b from the factor of A, for right-hand sides of shape (p, m)."""
    solution = solve_lower(factor, right)
    for i in reversed(range(len(right))):
        product = np.einsum("jm,jm->m", factor[i + 1 :, i], solution[i + 1 :])
        solution[i] = (solution[i] - product) / factor[i, i]
    return solution


def inverse(factor: Floats) -> Floats:
    """A^-1, shape (p, p, m), from the factor of A."""
    size = factor.shape[0]
    lower = np.zeros_like(factor)
    for column in range(size):
        unit = np.zeros((size - column, factor.shape[2]))
        unit[0] = 1.0
        lower[column:, column] = solve_lower(factor[column:, column:], unit)
    return np.asarray(np.einsum("kim,kjm->ijm", lower, lower))


def log_determinant(factor: Floats) -> Floats:
    """log |A|, shape (m,), from the factor of A."""
    return np.asarray(2.0 * np.log(np.einsum("iim->im", factor)).sum(axis=0))
