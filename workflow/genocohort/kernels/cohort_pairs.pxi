# Counts over pairs of samples: common variants by planes of bits, rare ones by their carriers.
#
# A plane is added up through carry-save adders, 16 vectors at a time (Harley-Seal; Mula, Kurz and
# Lemire 2018, Comput J 61:111): no instruction of a newer processor is needed, and one with wider
# vectors is used where it is there. Everything is a whole number, so the results are the same.

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__GLIBC__) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
    #define COHORT_WIDER __attribute__((target_clones("avx2", "default")))
    #else
    #define COHORT_WIDER
    #endif
    typedef uint64_t cohort_v __attribute__((vector_size(32), aligned(8), may_alias));
    #define COHORT_INLINE static inline __attribute__((always_inline))
    #define AT(p, k) (*(const cohort_v *)((p) + 4 * (k)))
    #define CSA(h, l, a, b, c) do { \\
        cohort_v a_ = (a), b_ = (b), c_ = (c), u_ = a_ ^ b_; \\
        h = (a_ & b_) | (u_ & c_); \\
        l = u_ ^ c_; \\
    } while (0)
    /* Bits set in each byte of a vector; then 16-bit sums of neighbouring bytes. */
    #define BITS(x, y) do { \\
        cohort_v x_ = (x); \\
        x_ = x_ - ((x_ >> 1) & 0x5555555555555555ULL); \\
        x_ = (x_ & 0x3333333333333333ULL) + ((x_ >> 2) & 0x3333333333333333ULL); \\
        y = (x_ + (x_ >> 4)) & 0x0f0f0f0f0f0f0f0fULL; \\
    } while (0)
    #define WIDEN(sum, y) \\
        sum += ((y) & 0x00ff00ff00ff00ffULL) + (((y) >> 8) & 0x00ff00ff00ff00ffULL)
    #define ADD16(X) do { \\
        cohort_v p, q, r, s, t, u; \\
        CSA(p, ones_, ones_, X(0), X(1)); CSA(q, ones_, ones_, X(2), X(3)); \\
        CSA(r, twos_, twos_, p, q); \\
        CSA(p, ones_, ones_, X(4), X(5)); CSA(q, ones_, ones_, X(6), X(7)); \\
        CSA(s, twos_, twos_, p, q); CSA(t, fours_, fours_, r, s); \\
        CSA(p, ones_, ones_, X(8), X(9)); CSA(q, ones_, ones_, X(10), X(11)); \\
        CSA(r, twos_, twos_, p, q); \\
        CSA(p, ones_, ones_, X(12), X(13)); CSA(q, ones_, ones_, X(14), X(15)); \\
        CSA(s, twos_, twos_, p, q); CSA(u, fours_, fours_, r, s); CSA(p, eights_, eights_, t, u); \\
        BITS(p, q); \\
        WIDEN(sixteens_, q); \\
    } while (0)
    /* The bits of all words that X gives, 64 words at a time, then 16. */
    #define ADD_ALL(result, X) do { \\
        cohort_v ones_ = {0}, twos_ = {0}, fours_ = {0}, eights_ = {0}, sixteens_ = {0}, sum_ = {0}; \\
        cohort_v v, z; \\
        int64_t w = 0; \\
        for (; w + 64 <= words; w += 64) ADD16(X); \\
        BITS(ones_, v); BITS(twos_, z); v += z << 1; BITS(fours_, z); v += z << 2; \\
        BITS(eights_, z); v += z << 3; WIDEN(sum_, v); \\
        for (; w < words; w += 16) ADD4(sum_, X); \\
        result += 16 * cohort_total(sixteens_) + cohort_total(sum_); \\
    } while (0)
    #define ADD4(sum_, X) do { \\
        cohort_v one_, two_, y, z; \\
        CSA(two_, one_, X(0), X(1), X(2)); \\
        BITS(one_, y); BITS(two_, z); y += z << 1; BITS(X(3), z); y += z; \\
        WIDEN(sum_, y); \\
    } while (0)
    COHORT_INLINE int32_t cohort_total(cohort_v y) {
        uint64_t t = 0;
        for (int k = 0; k < 4; k++) t += (y[k] * 0x0001000100010001ULL) >> 48;
        return (int32_t)t;
    }
    #define BOTH_HET(k) (AT(e1 + w, k) & AT(e2 + w, k))
    #define OPPOSITE(k) ((AT(a1 + w, k) & AT(r2 + w, k)) | (AT(r1 + w, k) & AT(a2 + w, k)))
    /* Words of a plane (a multiple of 16); at most 4096, or a 16-bit sum would overflow. */
    COHORT_WIDER
    void cohort_dense(const uint64_t *planes, int64_t words, int64_t r0, int64_t r1, int64_t c0,
                      int64_t c1, int32_t *het_het, int32_t *ibs0, int64_t stride) {
        for (int64_t from = c0; from < c1; from += 4)
            for (int64_t i = r0; i < r1; i++) {
                const uint64_t *e1 = planes + 3 * words * i, *a1 = e1 + words, *r1 = a1 + words;
                int64_t to = from + 4 < c1 ? from + 4 : c1;
                for (int64_t j = from > i ? from : i + 1; j < to; j++) {
                    const uint64_t *e2 = planes + 3 * words * j, *a2 = e2 + words, *r2 = a2 + words;
                    ADD_ALL(het_het[(i - r0) * stride + j - c0], BOTH_HET);
                    ADD_ALL(ibs0[(i - r0) * stride + j - c0], OPPOSITE);
                }
            }
    }
    /* Where the calls of one variant are `value`, one more; the counters are bytes. */
    COHORT_WIDER
    void cohort_tally(const int8_t *calls, int64_t n, uint8_t *het, uint8_t *missing) {
        for (int64_t i = 0; i < n; i++) {
            het[i] += calls[i] == 1;
            missing[i] += calls[i] < 0;
        }
    }
    COHORT_WIDER
    void cohort_tally_het(const int8_t *calls, int64_t n, uint8_t *het) {
        for (int64_t i = 0; i < n; i++) het[i] += calls[i] == 1;
    }
    /* Heterozygous, homozygous ALT and missing calls of a row: bits 0, 1 and 7 of each byte. */
    COHORT_WIDER
    void cohort_count_row(const int8_t *calls, int64_t n, int64_t *counts) {
        int64_t at = 0, k, words, total[3] = {0, 0, 0};
        const uint64_t one = 0x0101010101010101ULL, half = 0x00ff00ff00ff00ffULL;
        while (n - at >= 8) {
            uint64_t het = 0, alt = 0, missing = 0;
            words = (n - at) / 8 < 255 ? (n - at) / 8 : 255;
            for (k = 0; k < words; k++) {
                uint64_t x, m;
                memcpy(&x, calls + at + 8 * k, 8);
                m = (x >> 7) & one;
                het += x & one & ~m;
                alt += (x >> 1) & one & ~m;
                missing += m;
            }
            total[0] += (int64_t)((((het & half) + ((het >> 8) & half)) * 0x0001000100010001ULL) >> 48);
            total[1] += (int64_t)((((alt & half) + ((alt >> 8) & half)) * 0x0001000100010001ULL) >> 48);
            total[2] += (int64_t)((((missing & half) + ((missing >> 8) & half))
                                   * 0x0001000100010001ULL) >> 48);
            at += 8 * words;
        }
        for (; at < n; at++) {
            total[0] += calls[at] == 1; total[1] += calls[at] == 2; total[2] += calls[at] < 0;
        }
        memcpy(counts, total, sizeof total);
    }
    /* Eight calls of each of 64 samples as bytes of bits, one plane behind the other. */
    COHORT_WIDER
    void cohort_eight(const int8_t *const *rows, int64_t from, int64_t n, uint8_t *out) {
        for (int64_t s = 0; s < n; s++) {
            uint8_t het = 0, alt = 0, ref = 0;
            for (int k = 0; k < 8; k++) {
                int8_t g = rows[k][from + s];
                het |= (uint8_t)((g == 1) << k);
                alt |= (uint8_t)((g == 2) << k);
                ref |= (uint8_t)((g == 0) << k);
            }
            out[s] = het; out[64 + s] = alt; out[128 + s] = ref;
        }
    }
    """
    void cohort_dense(const uint64_t *, int64_t, int64_t, int64_t, int64_t, int64_t, int32_t *,
                      int32_t *, int64_t) noexcept nogil
    void cohort_tally(const int8_t *, int64_t, uint8_t *, uint8_t *) noexcept nogil
    void cohort_tally_het(const int8_t *, int64_t, uint8_t *) noexcept nogil
    void cohort_count_row(const int8_t *, int64_t, int64_t *) noexcept nogil
    void cohort_eight(const int8_t **, int64_t, int64_t, uint8_t *) noexcept nogil


def count_calls(const int8_t[:, ::1] calls):
    """Heterozygous, homozygous ALT and missing calls of each variant: int64[n_variants, 3]."""
    cdef int64_t i, n = calls.shape[0], width = calls.shape[1]
    found = np.zeros((n, 3), dtype=np.int64)
    cdef int64_t[:, ::1] counts = found
    if n and width:
        with nogil:
            for i in range(n):
                cohort_count_row(&calls[i, 0], width, &counts[i, 0])
    return found


def count_samples(const int8_t[:, ::1] calls):
    """Heterozygous and missing calls of each sample: int64[2, n_samples]."""
    cdef int64_t i, k, n = calls.shape[0], width = calls.shape[1], held = 0
    found = np.zeros((2, width), dtype=np.int64)
    narrow = np.zeros((2, width), dtype=np.uint8)
    cdef int64_t[:, ::1] wide = found
    cdef uint8_t[:, ::1] bytes_ = narrow
    if n == 0 or width == 0:
        return found
    with nogil:
        for i in range(n):
            cohort_tally(&calls[i, 0], width, &bytes_[0, 0], &bytes_[1, 0])
            held += 1
            if held == 255 or i == n - 1:
                for k in range(width):
                    wide[0, k] += bytes_[0, k]
                    wide[1, k] += bytes_[1, k]
                memset(&bytes_[0, 0], 0, 2 * width)
                held = 0
    return found


def pack_planes(const int8_t[:, ::1] calls, const int64_t[::1] rows):
    """Bits of the calls of some variants: heterozygous, homozygous ALT, homozygous REF.

    Returns uint64[n_samples, 3, words], words a multiple of 16; bits behind the last row are 0.
    """
    cdef int64_t n = calls.shape[1], n_rows = rows.shape[0], words = (n_rows + 1023) // 1024 * 16
    cdef int64_t s, t, w, at, width
    cdef int k, b, plane
    cdef uint64_t word
    cdef uint8_t eight[64][192]
    cdef const int8_t *pointers[8]
    out = np.empty((n, 3, words), dtype=np.uint64)
    cdef uint64_t[:, :, ::1] planes = out
    nothing = np.full(max(n, 1), -1, dtype=np.int8)
    cdef const int8_t[::1] missing = nothing
    if n == 0 or n_rows == 0:
        return out
    with nogil:
        for w in range(0, words, 8):
            s = 0
            while s < n:
                width = n - s if n - s < 64 else 64
                for b in range(64):
                    for k in range(8):
                        at = 64 * w + 8 * b + k
                        pointers[k] = &calls[rows[at], 0] if at < n_rows else &missing[0]
                    cohort_eight(pointers, s, width, eight[b])
                # A line of the cache at a time: 8 words of one plane of a sample.
                for t in range(width):
                    for plane in range(3):
                        for k in range(8):
                            word = 0
                            for b in range(8):
                                word |= <uint64_t>eight[8 * k + b][64 * plane + t] << (8 * b)
                            planes[s + t, plane, w + k] = word
                s += width
    return out


def list_carriers(const int8_t[:, ::1] calls, const int64_t[::1] rows,
                  const uint8_t[::1] is_flipped, const int64_t[::1] bounds, bint only_missing):
    """Samples that carry something rare: heterozygous, rare homozygous, missing, in this order.

    Parameters
    ----------
    is_flipped : uint8[n_rows]
        Whether REF is the rarer allele.
    bounds : int64[n_spans + 1]
        Ranges of samples, ascending from 0 to n_samples.
    only_missing : bool
        Only the missing ones.

    Returns
    -------
    tuple
        int32[n_carried] samples, and int64[n_rows, 3, n_spans + 1]: where each kind's part for
        each range begins, and where the last one ends.
    """
    cdef int64_t n = calls.shape[1], n_rows = rows.shape[0], n_spans = bounds.shape[0] - 1
    cdef int64_t i, s, at = 0, need, size = 1024 + 3 * n, span, k
    cdef int kind, code
    cdef int64_t n_kind[3]
    cdef uint64_t base, word
    cdef const int8_t *row
    starts_ = np.zeros((n_rows, 3, n_spans + 1), dtype=np.int64)
    cdef int64_t[:, :, ::1] starts = starts_
    cdef int32_t *kinds = <int32_t *>malloc((3 * n + 3) * sizeof(int32_t))
    cdef int32_t *found = <int32_t *>malloc(size * sizeof(int32_t))
    cdef int32_t *larger
    cdef bint failed = kinds == NULL or found == NULL
    if not failed:
        with nogil:
            for i in range(n_rows):
                row = &calls[rows[i], 0]
                code = 2 if is_flipped[i] else 0
                base = 0x0202020202020202ULL if is_flipped[i] else 0
                n_kind[0] = n_kind[1] = n_kind[2] = 0
                s = 0
                while s < n:
                    if s + 8 <= n:
                        memcpy(&word, row + s, 8)
                        if word == base:
                            s += 8
                            continue
                    for k in range(s, s + 8 if s + 8 <= n else n):
                        if row[k] == code:
                            continue
                        kind = 2 if row[k] < 0 else 0 if row[k] == 1 else 1
                        kinds[kind * n + n_kind[kind]] = <int32_t>k
                        n_kind[kind] += 1
                    s += 8
                if only_missing:
                    n_kind[0] = n_kind[1] = 0
                need = at + n_kind[0] + n_kind[1] + n_kind[2]
                if need > size:
                    size = 2 * need
                    larger = <int32_t *>realloc(found, size * sizeof(int32_t))
                    if larger == NULL:
                        failed = True
                        break
                    found = larger
                for kind in range(3):
                    span = 0
                    for k in range(n_kind[kind]):
                        while kinds[kind * n + k] >= bounds[span]:
                            starts[i, kind, span] = at + k
                            span += 1
                        found[at + k] = kinds[kind * n + k]
                    at += n_kind[kind]
                    while span <= n_spans:
                        starts[i, kind, span] = at
                        span += 1
    samples = np.empty(at if not failed else 0, dtype=np.int32)
    cdef int32_t[::1] view = samples
    if not failed and at:
        memcpy(&view[0], found, at * sizeof(int32_t))
    free(kinds)
    free(found)
    if failed:
        raise MemoryError("the buffers of the kernel for cohorts")
    return samples, starts_


cdef void add_rare(const int32_t *who, const int64_t *starts, int64_t n_rows, int64_t n_spans,
                   int64_t row_span, int64_t column_span, int64_t r0, int64_t c0,
                   int32_t *acc, int64_t plane, int64_t stride) noexcept nogil:
    """Pairs of carriers of rare alleles; see `add_band` for what is counted."""
    cdef int64_t v, x, y, width = n_spans + 1, i, j
    cdef int first, second, change
    cdef int64_t b1, e1, b2, e2
    cdef const int64_t *s
    cdef int32_t *cells
    cdef int32_t *other
    cdef bint same = row_span == column_span
    for v in range(n_rows):
        s = starts + 3 * width * v
        for first in range(3):
            b1, e1 = s[first * width + row_span], s[first * width + row_span + 1]
            if b1 == e1:
                continue
            for second in range(first if same else 0, 3):
                b2, e2 = s[second * width + column_span], s[second * width + column_span + 1]
                cells = acc + plane * plane_of(first, second)
                other = acc + plane * plane_of(second, first)
                change = 1 if first != 1 and second != 1 else -2 if first == second else -1
                for x in range(b1, e1):
                    i = who[x] - r0
                    if not same:
                        for y in range(b2, e2):
                            cells[i * stride + who[y] - c0] += change
                    elif first == second:
                        for y in range(x + 1, e2):
                            cells[i * stride + who[y] - c0] += change
                    else:
                        for y in range(b2, e2):
                            j = who[y] - c0
                            if i < j:
                                cells[i * stride + j] += change
                            else:
                                other[j * stride + i] += change


cdef inline int plane_of(int row, int column) noexcept nogil:
    """Which count of a pair changes; kinds are 0 het, 1 rare homozygous, 2 missing."""
    if row == 1 or column == 1:
        return 1
    return (3 if column == 0 else 4) if row == 2 else 2 if column == 2 else 0


cdef void add_missing(const int8_t *calls, int64_t n, const int64_t *rows, int64_t n_rows,
                      const int32_t *who, const int64_t *starts, int64_t n_spans, int64_t row_span,
                      int64_t column_span, int64_t r0, int64_t r1, int64_t c0, int64_t c1,
                      int32_t *acc, int64_t plane, int64_t stride, uint8_t *bytes_) noexcept nogil:
    """Missing calls of common variants: bytes count them, and are added up before they are full.

    bytes_ : three planes of (SPAN, SPAN) and SPAN + SPAN counters, all 0.
    """
    cdef int64_t v, x, j, width = n_spans + 1
    cdef const int64_t *s
    cdef const int8_t *row
    cdef uint8_t *het = bytes_
    cdef uint8_t *both = bytes_ + SPAN * SPAN
    cdef uint8_t *other = bytes_ + 2 * SPAN * SPAN
    cdef uint8_t *held = bytes_ + 3 * SPAN * SPAN
    cdef bint same = row_span == column_span
    for v in range(n_rows):
        s = starts + 3 * width * v + 2 * width
        row = calls + rows[v] * n
        for x in range(s[column_span], s[column_span + 1]):
            j = who[x] - c0
            cohort_tally(row + r0, r1 - r0, het + SPAN * j, both + SPAN * j)
            held[j] += 1
            if held[j] == 255:
                empty_column(het, both, held, j, r1 - r0, same, acc, plane, stride)
        if same:
            continue
        for x in range(s[row_span], s[row_span + 1]):
            j = who[x] - r0
            cohort_tally_het(row + c0, c1 - c0, other + SPAN * j)
            held[SPAN + j] += 1
            if held[SPAN + j] == 255:
                empty_row(other, held, j, c1 - c0, acc, plane, stride)
    for j in range(c1 - c0):
        empty_column(het, both, held, j, r1 - r0, same, acc, plane, stride)
    if not same:
        for j in range(r1 - r0):
            empty_row(other, held, j, c1 - c0, acc, plane, stride)


cdef void empty_column(uint8_t *het, uint8_t *both, uint8_t *held, int64_t j, int64_t n, bint same,
                       int32_t *acc, int64_t plane, int64_t stride) noexcept nogil:
    cdef int64_t i
    if held[j] == 0:
        return
    for i in range(n):
        if not same or i < j:
            acc[2 * plane + i * stride + j] += het[SPAN * j + i]
            acc[4 * plane + i * stride + j] += both[SPAN * j + i]
        elif i > j:
            # Missing in the row's sample, heterozygous in the column's.
            acc[3 * plane + j * stride + i] += het[SPAN * j + i]
    memset(het + SPAN * j, 0, n)
    memset(both + SPAN * j, 0, n)
    held[j] = 0


cdef void empty_row(uint8_t *other, uint8_t *held, int64_t i, int64_t n, int32_t *acc,
                    int64_t plane, int64_t stride) noexcept nogil:
    cdef int64_t j
    if held[SPAN + i] == 0:
        return
    for j in range(n):
        acc[3 * plane + i * stride + j] += other[SPAN * i + j]
    memset(other + SPAN * i, 0, n)
    held[SPAN + i] = 0


def add_band(int64_t band, const int64_t[::1] bounds, const uint64_t[:, :, ::1] planes,
             const int32_t[::1] rare, const int64_t[:, :, ::1] rare_starts,
             const int8_t[:, ::1] calls, const int64_t[::1] gappy, const int32_t[::1] missing,
             const int64_t[:, :, ::1] missing_starts, int32_t[:, :, ::1] acc):
    """Add a block of variants to the counts of one range of samples with it and all behind it.

    Parameters
    ----------
    bounds : int64[n_spans + 1]
        Ranges of samples, each of at most SPAN.
    planes : uint64[n_samples, 3, words]
        Common variants (`pack_planes`).
    rare, rare_starts
        Carriers of rare alleles (`list_carriers`).
    gappy, missing, missing_starts
        Rows of `calls` that are common variants with missing calls, and who lacks them.
    acc : int32[5, n_rows, n_columns]
        Of each pair, the row's sample before the column's: both heterozygous; opposite homozygotes
        (of a rare variant less the rare homozygotes of both samples); heterozygous in the row's and
        missing in the column's; the other way round; missing in both.
    """
    cdef int64_t n = calls.shape[1], n_spans = bounds.shape[0] - 1, span
    cdef int64_t r0 = bounds[band], r1 = bounds[band + 1], c0, c1
    cdef int64_t stride = acc.shape[2], plane = acc.shape[1] * acc.shape[2], words = planes.shape[2]
    cdef int64_t n_rare = rare_starts.shape[0], n_gappy = gappy.shape[0]
    cdef int32_t *cells
    cdef uint8_t *bytes_
    if words > 4096:
        raise ValueError("a block has too many variants for 16-bit sums")
    if r1 - r0 > SPAN or r1 == r0 or acc.shape[1] != r1 - r0 or stride != n - r0:
        raise ValueError("the counts do not fit the range of samples")
    bytes_ = <uint8_t *>calloc(3 * SPAN * SPAN + 2 * SPAN, 1)
    if bytes_ == NULL:
        raise MemoryError("the buffers of the kernel for cohorts")
    with nogil:
        for span in range(band, n_spans):
            c0, c1 = bounds[span], bounds[span + 1]
            cells = &acc[0, 0, 0] + (c0 - r0)
            if words:
                cohort_dense(&planes[0, 0, 0], words, r0, r1, c0, c1, cells, cells + plane, stride)
            if n_rare and rare.shape[0]:
                add_rare(&rare[0], &rare_starts[0, 0, 0], n_rare, n_spans, band, span, r0, c0,
                         cells, plane, stride)
            if n_gappy and missing.shape[0]:
                add_missing(&calls[0, 0], n, &gappy[0], n_gappy, &missing[0],
                            &missing_starts[0, 0, 0], n_spans, band, span, r0, r1, c0, c1, cells,
                            plane, stride, bytes_)
    free(bytes_)
