# One stretch of a contig: depth and alleles of the records that come by, mates counted once.

cdef struct Stretch:
    Depth d
    Mates m
    Sites s
    Vector blocks                # starts and ends of the record's blocks, in turn
    uint32_t excluded_flags
    uint32_t min_mapping_quality
    bint count_deletions
    int64_t length               # of the contig
    int64_t read_depth_sum
    int64_t soft_clipped
    int64_t n_past_end


cdef int stretch_init(Stretch *c) noexcept nogil:
    memset(c, 0, sizeof(Stretch))
    if mates_init(&c.m) != OK or depth_init(&c.d) != OK:
        return NO_MEMORY
    return OK


cdef void stretch_free(Stretch *c) noexcept nogil:
    mates_free(&c.m)
    depth_free(&c.d)
    free(c.s.shared.p)
    free(c.blocks.p)


cdef void stretch_open(Stretch *c, int64_t length, int64_t start, int64_t end) noexcept nogil:
    """Begin a stretch; its intervals and sites are set already."""
    c.length = length
    depth_open(&c.d, start, end)
    mates_clear(&c.m)
    c.read_depth_sum = c.soft_clipped = c.n_past_end = 0


cdef int stretch_add(Stretch *c, Record *r, bint is_own) noexcept nogil:
    """Count a record with a place; `is_own`: it begins in the range that is read."""
    cdef bint gives, is_covered
    cdef int rc = depth_advance(&c.d, r.start, False)
    gives = not r.flag & c.excluded_flags and r.mapping_quality >= c.min_mapping_quality
    is_covered = not r.flag & 0x104 and r.n_bases > 0
    if rc != OK or not (gives or is_covered):
        return rc
    return stretch_add_blocks(c, r, gives, is_covered, is_own)


cdef int stretch_add_blocks(
    Stretch *c, Record *r, bint gives, bint is_covered, bint is_own
) noexcept nogil:
    """Add the record's blocks to both tracks, and take the overlap with its mate away."""
    cdef int64_t at = r.start, n
    cdef uint32_t i, operation
    cdef bint is_aligned
    cdef int rc = OK
    c.blocks.n = 0
    for i in range(r.n_operations):
        n = u32(r.cigar + 4 * <int64_t>i)
        operation = <uint32_t>n & 15
        n >>= 4
        is_aligned = operation == MATCH or operation == EQUAL or operation == DIFFERENT
        if n and is_aligned and is_covered:
            rc = depth_add(&c.d, 1, at, at + n, 1)
        if n and gives and (is_aligned or (operation == DELETION and c.count_deletions)):
            if rc == OK:
                rc = depth_add(&c.d, 0, at, at + n, 1)
            if not vector_push(&c.blocks, at) or not vector_push(&c.blocks, at + n):
                return NO_MEMORY
            if is_own:
                c.read_depth_sum += low(at + n, c.length) - low(at, c.length)
        if rc != OK:
            return rc
        if is_aligned or operation == DELETION or operation == SKIP:
            at += n
    if not gives:
        return OK
    if is_own:
        c.soft_clipped += r.soft_clipped
        c.n_past_end += r.start + high(r.span, 1) > c.length
    c.s.shared.n = 0
    if (r.flag & 0x802) == 2:
        rc = stretch_find_mate(c, r)
    if rc == OK and c.s.n and sites_wanted(&c.s, r):
        sites_count(&c.s, r)
    return rc


cdef int stretch_find_mate(Stretch *c, Record *r) noexcept nogil:
    """Keep a read whose mate may overlap it, or take what both cover away once."""
    cdef int64_t end = r.start + high(r.span, 1), k
    cdef uint64_t one, two
    cdef Mate *mate
    cdef int rc, role
    # 1: waits for its mate; 2: waits unless the mate is there; 0: the mate may be there.
    role = 1 if r.start < r.mate_start else 2
    if r.mate_contig != r.contig or end <= r.mate_start or r.start > r.mate_start:
        role = 0
    if role == 0 and r.start >= c.m.furthest:
        return OK
    name_hashes(r, &one, &two)
    if role != 1:
        k = mates_place(&c.m, one, two)
        mate = &c.m.cell[k]
        if mate.one != 0 and mate.end > r.start:
            rc = stretch_take_shared(c, mate)
            mates_remove(&c.m, k)
            return rc
        if role == 0:
            return OK
    return mates_keep(
        &c.m, one, two, r.start, end, c.blocks.p, c.blocks.n // 2)


cdef int stretch_take_shared(Stretch *c, Mate *mate) noexcept nogil:
    """Count what lies in blocks of both reads once."""
    cdef int64_t i = 0, j = 0, n = c.blocks.n // 2, start, end
    cdef int64_t *own = c.blocks.p
    cdef int64_t *other = mate_blocks(&c.m, mate)
    cdef int rc
    while i < mate.n_blocks and j < n:
        start = high(other[2 * i], own[2 * j])
        end = low(other[2 * i + 1], own[2 * j + 1])
        if start < end:
            rc = depth_add(&c.d, 0, start, end, -1)
            if rc == OK and c.s.n and not (
                    vector_push(&c.s.shared, start) and vector_push(&c.s.shared, end)):
                rc = NO_MEMORY
            if rc != OK:
                return rc
        if other[2 * i + 1] <= own[2 * j + 1]:
            i += 1
        else:
            j += 1
    return OK
