# Depth inside regions, each for itself: its sum, and the bases that reach each threshold.

cdef struct Regions:             # of the stretch that is open, by start; they may overlap
    int64_t n
    int64_t next                 # the first one that was not looked at yet
    const int64_t *place         # [n, 2] starts and ends, inside the stretch
    int64_t n_thresholds
    const int64_t *threshold
    int64_t *cells               # [n, 1 + n_thresholds]
    Vector active                # those that were begun and may go on


cdef bint regions_enter(Regions *g, int64_t start, int64_t stop) noexcept nogil:
    """Have the regions that reach into [start, stop) at hand; False where memory is out."""
    cdef int64_t i, kept = 0
    for i in range(g.active.n):
        if g.place[2 * g.active.p[i] + 1] > start:
            g.active.p[kept] = g.active.p[i]
            kept += 1
    g.active.n = kept
    while g.next < g.n and g.place[2 * g.next] < stop:
        if g.place[2 * g.next + 1] > start and not vector_push(&g.active, g.next):
            return False
        g.next += 1
    return True


cdef bint regions_add(
    Regions *g, int64_t start, int64_t stop, const int32_t *depth, int64_t level
) noexcept nogil:
    """Count [start, stop): `depth` of its bases, or NULL where all have the depth `level`."""
    cdef int64_t i, j, k, t, first, last, total
    cdef int64_t *cells
    cdef int64_t reached
    if not regions_enter(g, start, stop):
        return False
    for i in range(g.active.n):
        k = g.active.p[i]
        first, last = high(g.place[2 * k], start), low(g.place[2 * k + 1], stop)
        cells = g.cells + k * (1 + g.n_thresholds)
        if depth == NULL:
            cells[0] += level * (last - first)
            for t in range(g.n_thresholds):
                cells[1 + t] += (last - first) * (level >= g.threshold[t])
            continue
        total = 0
        for j in range(first - start, last - start):
            total += depth[j]
        cells[0] += total
        for t in range(g.n_thresholds):
            reached = 0
            for j in range(first - start, last - start):
                reached += depth[j] >= g.threshold[t]
            cells[1 + t] += reached
    return True


cdef inline int64_t put_number(uint8_t *out, int64_t value) noexcept nogil:
    """Write a number from 0 on as text; how many digits it has."""
    cdef uint8_t digits[20]
    cdef int64_t n = 0, i
    while True:
        digits[n] = <uint8_t>(c'0' + value % 10)
        n += 1
        value //= 10
        if value == 0:
            break
    for i in range(n):
        out[i] = digits[n - 1 - i]
    return n


def bed_lines(bytes name, const int64_t[::1] start, const int64_t[::1] end,
              const int64_t[::1] depth):
    """Lines of name, start, end and depth; all numbers are from 0 on."""
    cdef int64_t n = len(start), width = len(name) + 64, i, at = 0
    cdef const uint8_t *text = name
    cdef int64_t n_text = len(name)
    made = bytearray(n * width)
    if n == 0:
        return bytes(made)
    cdef uint8_t[::1] view = made
    cdef uint8_t *out = &view[0]
    cdef int column
    cdef int64_t value
    with nogil:
        for i in range(n):
            memcpy(out + at, text, n_text)
            at += n_text
            for column in range(3):
                out[at] = c'\t'
                value = start[i] if column == 0 else end[i] if column == 1 else depth[i]
                at += 1 + put_number(out + at + 1, value)
            out[at] = c'\n'
            at += 1
    del view
    return bytes(made[:at])
