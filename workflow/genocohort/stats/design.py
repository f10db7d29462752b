"""Covariates of a regression: which are redundant, and an orthonormal basis of their span."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Share of a centred column's norm that must be left after removing the others.
_TOLERANCE = 1e-6


def constant_columns(matrix: Floats, names: Sequence[str]) -> list[str]:
    """Names of the columns that do not vary (relative to their size)."""
    if matrix.shape[0] == 0:
        return list(names)
    spread = np.ptp(matrix, axis=0)
    size = np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    return [n for n, constant in zip(names, spread <= 1e-12 * size, strict=True) if constant]


def dependent_columns(matrix: Floats, names: Sequence[str]) -> list[str]:
    """Names of the columns that the intercept and the columns before them explain.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, k)
        Covariates without the intercept, nothing missing.
    names : sequence of str
        One per column.
    """
    basis = np.empty((matrix.shape[0], 0))
    found = []
    for name, column in zip(names, matrix.T, strict=True):
        centred = column - column.mean()
        norm = float(np.linalg.norm(centred))
        rest = centred / norm if norm else centred
        for _ in range(2):  # twice is enough for orthogonality in floating point
            rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left < _TOLERANCE:
            found.append(name)
        else:
            basis = np.column_stack([basis, rest / left])
    return found


def orthonormal_basis(matrix: Floats) -> Floats:
    """Orthonormal basis of the intercept and the covariates.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, k)
        Linearly independent covariates without the intercept; k may be 0.

    Returns
    -------
    ndarray of float64, shape (n, k + 1)
        Columns are orthonormal; the first is constant.
    """
    n = matrix.shape[0]
    centred = matrix - matrix.mean(axis=0) if n else matrix
    norms = np.linalg.norm(centred, axis=0)
    scaled = centred / np.where(norms > 0, norms, 1.0)
    q, _ = np.linalg.qr(np.column_stack([np.ones(n), scaled]))
    return np.ascontiguousarray(q)
