"""Correlated variants, by compiled loops where they are built."""

import numpy as np
import numpy.typing as npt

from genocohort.kernels import native
from genocohort.stats.ld import EPSILON, correlated_later

Indices = npt.NDArray[np.int64]


def find_correlated(
    calls: npt.NDArray[np.int8], n_first: int, reach: Indices, r2_max: float
) -> tuple[Indices, Indices]:
    """`stats.ld.correlated_later`; all sums are whole numbers, so both engines give the same."""
    module = native("cohort")
    if module is None:
        return correlated_later(calls, n_first, reach, r2_max)
    limit = r2_max * (1 + EPSILON)
    counts, places = module.correlated_later(np.ascontiguousarray(calls), n_first, reach, limit)
    return counts, places
