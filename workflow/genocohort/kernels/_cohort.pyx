# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Loops over blocks of calls of a cohort; see `genocohort.kernels` for how it is found."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

import numpy as np

cdef enum:
    SPAN = 256

SPAN_SAMPLES = SPAN

include "cohort_pairs.pxi"
include "cohort_ld.pxi"


def standardise(const int8_t[:, ::1] calls, const float[:, ::1] values, const int64_t[::1] samples):
    """Values of the calls of some samples: float32[n_variants, n_chosen].

    Parameters
    ----------
    values : float32[n_variants, 4]
        Of 0, 1, 2 ALT alleles, and of a missing call.
    """
    cdef int64_t i, k, n = calls.shape[0], width = samples.shape[0]
    cdef const int8_t *row
    cdef const float *value
    out = np.empty((n, width), dtype=np.float32)
    cdef float[:, ::1] found = out
    if calls.shape[1] == 0 or width == 0 or n == 0:
        return out
    with nogil:
        for i in range(n):
            row, value = &calls[i, 0], &values[i, 0]
            for k in range(width):
                found[i, k] = value[row[samples[k]] & 3]
    return out
