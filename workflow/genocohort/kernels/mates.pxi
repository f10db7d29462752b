# Reads that wait for their mates: an open-addressing table by two 64-bit hashes of the name.

cdef enum:
    INLINE_BLOCKS = 3

cdef struct Mate:
    uint64_t one                 # 0: the cell is empty
    uint64_t two
    int64_t end                  # end of the read; nothing that starts there or later overlaps it
    int64_t n_blocks
    int64_t first                # place in the arena where there are more than INLINE_BLOCKS
    int64_t block[2 * INLINE_BLOCKS]

cdef struct Mates:
    Mate *cell
    int64_t size                 # a power of two
    int64_t n
    int64_t furthest             # no waiting read ends behind it
    Vector arena                 # starts and ends of the blocks of reads with many


cdef int mates_init(Mates *m) noexcept nogil:
    memset(m, 0, sizeof(Mates))
    # Small, so that it stays in the cache; it grows with the reads that wait.
    m.size = 256
    m.cell = <Mate *>calloc(m.size, sizeof(Mate))
    return OK if m.cell != NULL else NO_MEMORY


cdef void mates_free(Mates *m) noexcept nogil:
    free(m.cell)
    free(m.arena.p)
    memset(m, 0, sizeof(Mates))


cdef void mates_clear(Mates *m) noexcept nogil:
    memset(m.cell, 0, m.size * sizeof(Mate))
    m.n = m.arena.n = m.furthest = 0


cdef inline uint64_t mixed(uint64_t h) noexcept nogil:
    h ^= h >> 33
    h *= <uint64_t>0xFF51AFD7ED558CCDu
    h ^= h >> 33
    h *= <uint64_t>0xC4CEB9FE1A85EC53u
    return h ^ (h >> 33)


cdef void name_hashes(Record *r, uint64_t *one, uint64_t *two) noexcept nogil:
    """Two hashes of a read's name; the first one is never 0."""
    cdef uint64_t a = mixed(r.name_length + <uint64_t>0x9E3779B97F4A7C15u)
    cdef uint64_t b = mixed(a), word
    cdef const uint8_t *p = r.name
    cdef int64_t left = r.name_length
    while left > 0:
        word = 0
        memcpy(&word, p, 8 if left >= 8 else left)
        a = mixed(a ^ word)
        b = (b + word) * <uint64_t>0x9E3779B97F4A7C15u
        b ^= b >> 29
        p += 8
        left -= 8
    one[0] = a | 1
    two[0] = mixed(b)


cdef int64_t mates_place(Mates *m, uint64_t one, uint64_t two) noexcept nogil:
    """The cell of a name, or the empty one where it belongs."""
    cdef int64_t k = <int64_t>((one >> 16) & <uint64_t>(m.size - 1))
    while m.cell[k].one != 0 and (m.cell[k].one != one or m.cell[k].two != two):
        k = (k + 1) & (m.size - 1)
    return k


cdef void mates_remove(Mates *m, int64_t hole) noexcept nogil:
    """Empty a cell and close the gap behind it."""
    cdef int64_t k = hole, home
    while True:
        k = (k + 1) & (m.size - 1)
        if m.cell[k].one == 0:
            break
        home = <int64_t>((m.cell[k].one >> 16) & <uint64_t>(m.size - 1))
        if ((k - home) & (m.size - 1)) >= ((k - hole) & (m.size - 1)):
            m.cell[hole] = m.cell[k]
            hole = k
    m.cell[hole].one = 0
    m.n -= 1


cdef int mates_make_room(Mates *m, int64_t position) noexcept nogil:
    """Drop the reads that end at or before a position; a larger table where that is not enough."""
    cdef Mate *old = m.cell
    cdef Mate *cell
    cdef Vector arena = m.arena
    cdef int64_t i, k, j, n_old = m.size, kept = 0, size
    for i in range(n_old):
        if old[i].one != 0 and old[i].end > position:
            kept += 1
    size = n_old
    while kept * 4 > size:
        size *= 2
    m.cell = <Mate *>calloc(size, sizeof(Mate))
    if m.cell == NULL:
        m.cell = old
        return NO_MEMORY
    m.size = size
    m.n = kept
    memset(&m.arena, 0, sizeof(Vector))
    for i in range(n_old):
        if old[i].one == 0 or old[i].end <= position:
            continue
        cell = &m.cell[mates_place(m, old[i].one, old[i].two)]
        cell[0] = old[i]
        if cell.n_blocks > INLINE_BLOCKS:
            cell.first = m.arena.n
            for j in range(2 * cell.n_blocks):
                if not vector_push(&m.arena, arena.p[old[i].first + j]):
                    free(old)
                    free(arena.p)
                    return NO_MEMORY
    free(old)
    free(arena.p)
    return OK


cdef int64_t *mate_blocks(Mates *m, Mate *mate) noexcept nogil:
    """Starts and ends of a waiting read's blocks, in turn."""
    if mate.n_blocks <= INLINE_BLOCKS:
        return &mate.block[0]
    return m.arena.p + mate.first


cdef int mates_keep(
    Mates *m, uint64_t one, uint64_t two, int64_t position, int64_t end,
    int64_t *blocks, int64_t n_blocks,
) noexcept nogil:
    """A read waits for its mate."""
    cdef int64_t k, j
    cdef int rc
    if 2 * (m.n + 1) > m.size:
        rc = mates_make_room(m, position)
        if rc != OK:
            return rc
    k = mates_place(m, one, two)
    if m.cell[k].one == 0:
        m.n += 1
    m.cell[k].one = one
    m.cell[k].two = two
    m.cell[k].end = end
    m.furthest = high(m.furthest, end)
    m.cell[k].n_blocks = n_blocks
    if n_blocks <= INLINE_BLOCKS:
        memcpy(m.cell[k].block, blocks, 2 * n_blocks * sizeof(int64_t))
        return OK
    m.cell[k].first = m.arena.n
    for j in range(2 * n_blocks):
        if not vector_push(&m.arena, blocks[j]):
            return NO_MEMORY
    return OK
