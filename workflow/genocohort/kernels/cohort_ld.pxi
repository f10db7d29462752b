# Correlations of variants by planes of bits over the samples.
#
# A call is taken as -1, 0 or 1 (ALT alleles less one), which changes no correlation: plane 0 says
# that it is not 0, plane 1 that it is 1, plane 2 that it is called.

cdef extern from *:
    """
    #define NOT_ZERO(k) (AT(a + w, k) & AT(b + w, k))
    #define UNLIKE(k) (AT(a + w, k) & AT(b + w, k) & (AT(a + words + w, k) ^ AT(b + words + w, k)))
    #define CALLED(k) (AT(a + 2 * words + w, k) & AT(b + 2 * words + w, k))
    #define FIRST_NOT_ZERO(k) (AT(a + w, k) & AT(b + 2 * words + w, k))
    #define FIRST_ONE(k) (AT(a + words + w, k) & AT(b + 2 * words + w, k))
    #define SECOND_NOT_ZERO(k) (AT(b + w, k) & AT(a + 2 * words + w, k))
    #define SECOND_ONE(k) (AT(b + words + w, k) & AT(a + 2 * words + w, k))
    /* n, sum of products, sum and sum of squares of the first, and of the second; what the other
       variant does not lack is there already. Words are a multiple of 16, at most 65536. */
    COHORT_WIDER
    void cohort_products(const uint64_t *a, const uint64_t *b, int64_t words, int first_lacks,
                         int second_lacks, int64_t *sums) {
        int64_t both = 0, unlike = 0, n = 0, n_some = 0, n_ones = 0;
        ADD_ALL(both, NOT_ZERO);
        ADD_ALL(unlike, UNLIKE);
        sums[1] = both - 2 * unlike;
        if (first_lacks && second_lacks) { ADD_ALL(n, CALLED); sums[0] = n; }
        if (second_lacks) {
            ADD_ALL(n_some, FIRST_NOT_ZERO);
            ADD_ALL(n_ones, FIRST_ONE);
            sums[2] = 2 * n_ones - n_some; sums[3] = n_some;
        }
        if (first_lacks) {
            n_some = n_ones = 0;
            ADD_ALL(n_some, SECOND_NOT_ZERO);
            ADD_ALL(n_ones, SECOND_ONE);
            sums[4] = 2 * n_ones - n_some; sums[5] = n_some;
        }
    }
    """
    void cohort_products(const uint64_t *, const uint64_t *, int64_t, int, int,
                         int64_t *) noexcept nogil


cdef void fill_planes(const int8_t *row, int64_t n, uint64_t *planes, int64_t words,
                      int64_t *totals) noexcept nogil:
    """Planes of a variant; totals: calls, their sum, their sum of squares."""
    cdef int64_t w, k, width
    cdef uint64_t some, one, called, bit
    cdef int8_t g
    totals[0] = totals[1] = totals[2] = 0
    for w in range((n + 63) // 64):
        some = one = called = 0
        width = n - 64 * w if n - 64 * w < 64 else 64
        for k in range(width):
            g = row[64 * w + k]
            bit = <uint64_t>1 << k
            some |= bit if g == 0 or g == 2 else 0
            one |= bit if g == 2 else 0
            called |= bit if g >= 0 else 0
            totals[0] += g >= 0
            totals[1] += (g == 2) - (g == 0)
            totals[2] += g == 0 or g == 2
        planes[w], planes[words + w], planes[2 * words + w] = some, one, called


def correlated_later(const int8_t[:, ::1] calls, int64_t n_first, const int64_t[::1] reach,
                     double limit):
    """Later variants that each of the first ones is correlated with.

    Parameters
    ----------
    calls : int8[n_variants, n_samples]
        Negative is missing.
    n_first : int
    reach : int64[n_first]
        Variant i is compared with those from i + 1 on below reach[i].
    limit : float
        Squared correlation above which a pair is told.

    Returns
    -------
    tuple
        int64[n_first] numbers of variants found, and their places one behind the other.
    """
    cdef int64_t n_variants = calls.shape[0], n = calls.shape[1], i, j, at = 0, size = 4096
    cdef int64_t words = (n + 1023) // 1024 * 16, plane = 3 * words
    cdef int64_t sums[6]
    cdef int64_t covariance, first_variance, second_variance
    cdef double c
    cdef int64_t *t
    cdef int64_t *u
    cdef uint64_t *planes = <uint64_t *>calloc(max(n_variants * plane, 1), sizeof(uint64_t))
    cdef int64_t *totals = <int64_t *>malloc((3 * n_variants + 3) * sizeof(int64_t))
    cdef int64_t *found = <int64_t *>malloc(size * sizeof(int64_t))
    cdef int64_t *larger
    cdef bint failed = planes == NULL or totals == NULL or found == NULL
    numbers = np.zeros(n_first, dtype=np.int64)
    cdef int64_t[::1] counts = numbers
    if words > 65536:
        raise ValueError("too many samples for 16-bit sums")
    if not failed and n:
        with nogil:
            for i in range(n_variants):
                fill_planes(&calls[i, 0], n, planes + i * plane, words, totals + 3 * i)
            for i in range(n_first):
                t = totals + 3 * i
                if at + n_variants > size:
                    size = 2 * (at + n_variants)
                    larger = <int64_t *>realloc(found, size * sizeof(int64_t))
                    if larger == NULL:
                        failed = True
                        break
                    found = larger
                for j in range(i + 1, reach[i]):
                    u = totals + 3 * j
                    sums[0] = t[0] if t[0] < u[0] else u[0]
                    sums[2], sums[3], sums[4], sums[5] = t[1], t[2], u[1], u[2]
                    cohort_products(planes + i * plane, planes + j * plane, words,
                                    t[0] < n, u[0] < n, sums)
                    covariance = sums[0] * sums[1] - sums[2] * sums[4]
                    first_variance = sums[0] * sums[3] - sums[2] * sums[2]
                    second_variance = sums[0] * sums[5] - sums[4] * sums[4]
                    c = <double>covariance
                    if c * c > limit * <double>first_variance * <double>second_variance:
                        found[at] = j
                        at += 1
                        counts[i] += 1
    places = np.empty(at if not failed else 0, dtype=np.int64)
    cdef int64_t[::1] view = places
    if not failed and at:
        memcpy(&view[0], found, at * sizeof(int64_t))
    free(planes)
    free(totals)
    free(found)
    if failed:
        raise MemoryError("the buffers of the kernel for cohorts")
    return numbers, places
