# Exact test of Hardy-Weinberg proportions; the same steps in the same order as stats/hwe.py.

cdef double TINY_TERM = 1e-20
cdef double LARGEST_TOTAL = 1e290
cdef double TIE = 1e-10


cdef double hwe_p(int64_t rare, int64_t het, int64_t common, bint midp) noexcept nogil:
    """P, or NAN where it must be worked out in logarithms."""
    cdef double total = 1.0, tail = 0.5 if midp else 1.0
    cdef double term = 1.0
    cdef double r = <double>rare, h = <double>het, c = <double>common
    while h > 1.0:
        term = term * (h * (h - 1.0)) / (4.0 * (r + 1.0) * (c + 1.0))
        h -= 2.0
        r += 1.0
        c += 1.0
        total += term
        tail += hwe_share(term, midp)
        if term < TINY_TERM:
            break
    term = 1.0
    r, h, c = <double>rare, <double>het, <double>common
    while r > 0.0 and c > 0.0:
        term = term * (4.0 * r * c) / ((h + 2.0) * (h + 1.0))
        h += 2.0
        r -= 1.0
        c -= 1.0
        total += term
        tail += hwe_share(term, midp)
        if term < TINY_TERM:
            break
    if total > LARGEST_TOTAL:
        return NAN
    return tail / total


cdef inline double hwe_share(double term, bint midp) noexcept nogil:
    """What a configuration adds to the tail; 1 is the probability of the observed one."""
    if term > 1.0 + TIE:
        return 0.0
    if midp and term >= 1.0 - TIE:
        return 0.5 * term
    return term


def hwe(int64_t[::1] rare, int64_t[::1] het, int64_t[::1] common, bint midp):
    """P of each row of counts; NAN where it must be worked out in logarithms."""
    cdef int64_t i, n = rare.shape[0]
    found = np.empty(n, dtype=np.float64)
    cdef double[::1] p = found
    with nogil:
        for i in range(n):
            p[i] = hwe_p(rare[i], het[i], common[i], midp)
    return found
