"""Rank-based inverse normal transformation."""

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]


def rank_inverse_normal(values: npt.ArrayLike) -> Floats:
    """Normal scores of the values' ranks, ties averaged; missing values stay missing.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        NaN is missing and is not ranked.

    Returns
    -------
    ndarray of float64, shape (n,)
        Phi^-1((rank - 3/8) / (m + 1/4)) with m values present.

    References
    ----------
    Blom G., Statistical Estimates and Transformed Beta-Variables, 1958 (c = 3/8).
    """
    values = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(values)
    scores = np.full(values.shape, np.nan)
    count = int(present.sum())
    if count:
        _, place, counts = np.unique(values[present], return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        ranks = (last - (counts - 1) / 2)[place]
        scores[present] = special.ndtri((ranks - 0.375) / (count + 0.25))
    return scores
