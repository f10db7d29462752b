# Which records are let in; the plain engine's rule is `genocohort.domain.site_filter`.

cdef class Sites:
    """A site filter for the records of one contig.

    Parameters
    ----------
    filters : bytes or None
        FILTER values that are let in, tabs between; None: any.
    min_quality : float
        NaN: any.
    included, excluded : int64[n, 2]
        Merged regions, 0-based half-open; included None: anywhere.
    """

    cdef bytes held
    cdef object kept_regions
    cdef const uint8_t *filters
    cdef int64_t filters_bytes
    cdef double min_quality
    cdef bint has_include
    cdef const int64_t[:, ::1] included, excluded

    def __init__(self, bytes filters, double min_quality, included, excluded):
        cdef list regions = [
            np.ascontiguousarray(np.zeros((0, 2)) if r is None else r, dtype=np.int64).reshape(-1, 2)
            for r in (included, excluded)]
        self.filters = NULL
        if filters is not None:
            self.held = b"\t" + filters + b"\t"
            self.filters = self.held
            self.filters_bytes = len(self.held)
        self.min_quality = min_quality
        self.has_include = included is not None
        self.kept_regions = regions
        self.included, self.excluded = regions

    cdef int reason(self, int64_t pos, double qual, const uint8_t *filter,
                    int64_t filter_bytes) noexcept nogil:
        """0, or 1 + the place of the first reason why a record is left out."""
        if self.filters != NULL and not self.has_all(filter, filter + filter_bytes):
            return 1
        if self.min_quality == self.min_quality and not qual >= self.min_quality:
            return 2
        if self.has_include and not is_within(pos, self.included):
            return 3
        if self.excluded.shape[0] and is_within(pos, self.excluded):
            return 4
        return 0

    cdef bint has_all(self, const uint8_t *p, const uint8_t *end) noexcept nogil:
        """Whether each value of a FILTER is let in."""
        cdef const uint8_t *q
        while True:
            q = p
            while q < end and q[0] != c';':
                q += 1
            if q - p == 1 and p[0] == c'.':
                if not self.has(b"PASS", 4):
                    return False
            elif not self.has(p, q - p):
                return False
            if q >= end:
                return True
            p = q + 1

    cdef bint has(self, const uint8_t *name, int64_t n) noexcept nogil:
        cdef const uint8_t *p = self.filters + 1
        cdef const uint8_t *end = self.filters + self.filters_bytes
        cdef const uint8_t *q
        while p < end:
            q = <const uint8_t *>memchr(p, c'\t', end - p)
            if q - p == n and memcmp(p, name, n) == 0:
                return True
            p = q + 1
        return False


cdef bint is_within(int64_t pos, const int64_t[:, ::1] regions) noexcept nogil:
    """Whether a 1-based position lies in one of the merged regions."""
    cdef int64_t a = 0, b = regions.shape[0], middle
    while a < b:
        middle = (a + b) >> 1
        if regions[middle, 1] < pos:
            a = middle + 1
        else:
            b = middle
    return a < regions.shape[0] and regions[a, 0] < pos
