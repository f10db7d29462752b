# GC content of the reference where reads lie: the window at each read's beginning, and bins.

cdef enum:
    NO_WINDOW = 101              # after the percentages 0 to 100
    GC_CELLS = 102
    MOST_UNKNOWN = 4             # bases N that a window may hold

cdef struct Gc:
    bint wanted
    int64_t window               # bases of a window
    int64_t length               # of the contig
    int64_t stop                 # reads that begin there or later need the next chunk
    int64_t base                 # `percent` is of the windows that begin at [base, base + n)
    int64_t n
    const uint8_t *percent
    int64_t *reads               # [2, GC_CELLS]: no duplicates, duplicates
    Vector far                   # windows behind the chunk: 2 * position + whether a duplicate
    int64_t bin_size
    int64_t first_bin
    int64_t *bins                # reads that begin in each bin of the stretch


cdef bint gc_add(Gc *g, Record *r) noexcept nogil:
    """Count a record that begins in the chunk; False where memory is out."""
    cdef int64_t at
    cdef bint is_duplicate = (r.flag & 0x400) != 0
    if r.flag & 4 or r.n_bases == 0:
        return True
    if not r.flag & 0x100 and r.start < g.length:
        g.bins[r.start // g.bin_size - g.first_bin] += 1
    at = r.start + high(r.span, 1) - g.window if r.flag & 16 else r.start + 1
    if at < g.base or at >= g.length:
        g.reads[is_duplicate * GC_CELLS + NO_WINDOW] += 1
    elif at < g.base + g.n:
        g.reads[is_duplicate * GC_CELLS + g.percent[at - g.base]] += 1
    else:
        return vector_push(&g.far, 2 * at + is_duplicate)
    return True


cdef uint8_t BASE_KIND[256]      # 0: A or T, 1: G or C, 2: N, 3: any other letter


def _fill_kinds():
    cdef int i
    for i in range(256):
        BASE_KIND[i] = 3
    for letters, kind in ((b"ATat", 0), (b"GCgc", 1), (b"Nn", 2)):
        for i in letters:
            BASE_KIND[i] = kind


_fill_kinds()


def gc_percents(const uint8_t[::1] sequence, int64_t window):
    """Percent of G and C in every window, rounded down: uint8[bases - window + 1].

    NO_WINDOW where more than MOST_UNKNOWN bases are N.
    """
    cdef int64_t n = max(len(sequence) - window + 1, 0), i, gc = 0, unknown = 0
    found = np.empty(n, dtype=np.uint8)
    if n == 0:
        return found
    cdef uint8_t[::1] percent = found
    cdef uint8_t kind
    cdef const uint8_t[::1] of = (100 * np.arange(window + 1) // window).astype(np.uint8)
    with nogil:
        for i in range(window - 1):
            kind = BASE_KIND[sequence[i]]
            gc += kind == 1
            unknown += kind == 2
        for i in range(n):
            kind = BASE_KIND[sequence[i + window - 1]]
            gc += kind == 1
            unknown += kind == 2
            percent[i] = of[gc] if unknown <= MOST_UNKNOWN else NO_WINDOW
            kind = BASE_KIND[sequence[i]]
            gc -= kind == 1
            unknown -= kind == 2
    return found


def gc_bases(const uint8_t[::1] sequence, int64_t start, int64_t bin_size):
    """Bases A, C, G or T, and G or C of them, of each bin that a sequence lies in: int64[k, 2].

    `start` : position of the sequence on its contig, whose bins begin at multiples of `bin_size`.
    """
    cdef int64_t n = len(sequence), first = start // bin_size, i, at, till, known, gc
    found = np.zeros(((start + n - 1) // bin_size - first + 1 if n else 0, 2), dtype=np.int64)
    cdef int64_t[:, ::1] cells = found
    cdef uint8_t kind
    with nogil:
        at = 0
        while at < n:
            till = low(n, ((start + at) // bin_size + 1) * bin_size - start)
            known = gc = 0
            for i in range(at, till):
                kind = BASE_KIND[sequence[i]]
                known += kind < 2
                gc += kind == 1
            cells[(start + at) // bin_size - first, 0] = known
            cells[(start + at) // bin_size - first, 1] = gc
            at = till
    return found
