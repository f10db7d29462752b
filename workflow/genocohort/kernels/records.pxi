# One alignment record, its bounds checked, its CIGAR laid out (SAM specification, section 4.2).

cdef enum:
    MATCH = 0
    INSERTION = 1
    DELETION = 2
    SKIP = 3
    SOFT_CLIP = 4
    HARD_CLIP = 5
    PADDING = 6
    EQUAL = 7
    DIFFERENT = 8
    FIXED_BYTES = 32

cdef struct Record:
    int32_t contig
    int64_t start
    int32_t mate_contig
    int64_t mate_start
    int64_t template_length
    int64_t n_bases
    uint32_t flag
    uint32_t mapping_quality
    uint32_t name_length
    uint32_t n_operations
    const uint8_t *name
    const uint8_t *cigar
    const uint8_t *sequence
    const uint8_t *quality
    const uint8_t *tags
    const uint8_t *end
    # From the tags
    bint has_distance
    int64_t distance
    int64_t group
    # From the CIGAR
    int64_t span                 # M, D, N, =, X
    int64_t aligned              # M, I, =, X
    int64_t soft_clipped
    int64_t hard_clipped


cdef int record_parse(Record *r, const uint8_t *p, int64_t n) noexcept nogil:
    """Take apart the n bytes of a BAM record behind its length."""
    cdef int64_t used
    if n < FIXED_BYTES:
        return BAD_RECORD
    r.contig = i32(p)
    r.start = i32(p + 4)
    r.name_length = p[8]
    r.mapping_quality = p[9]
    r.n_operations = u16(p + 12)
    r.flag = u16(p + 14)
    r.n_bases = i32(p + 16)
    r.mate_contig = i32(p + 20)
    r.mate_start = i32(p + 24)
    r.template_length = i32(p + 28)
    if r.n_bases < 0 or r.name_length == 0:
        return BAD_RECORD
    used = FIXED_BYTES + <int64_t>r.name_length + 4 * <int64_t>r.n_operations
    used += (r.n_bases + 1) // 2 + r.n_bases
    if used > n:
        return BAD_RECORD
    r.name = p + FIXED_BYTES
    r.cigar = r.name + r.name_length
    r.sequence = r.cigar + 4 * <int64_t>r.n_operations
    r.quality = r.sequence + (r.n_bases + 1) // 2
    r.tags = r.quality + r.n_bases
    r.end = p + n
    return record_name(r)


cdef int record_name(Record *r) noexcept nogil:
    """The name ends at its first zero byte, which must be there."""
    cdef const uint8_t *zero = <const uint8_t *>memchr(r.name, 0, r.name_length)
    if zero == NULL:
        return BAD_RECORD
    r.name_length = <uint32_t>(zero - r.name)
    return OK


cdef inline int64_t type_bytes(uint8_t kind) noexcept nogil:
    """Bytes of one value of a tag's type; 0: none of fixed size."""
    if kind == c'C' or kind == c'c' or kind == c'A':
        return 1
    if kind == c'S' or kind == c's':
        return 2
    if kind == c'I' or kind == c'i' or kind == c'f':
        return 4
    if kind == c'd':
        return 8
    return 0


cdef int64_t tag_number(const uint8_t *p, uint8_t kind) noexcept nogil:
    if kind == c'C':
        return p[0]
    if kind == c'c':
        return <int8_t>p[0]
    if kind == c'S':
        return u16(p)
    if kind == c's':
        return <int16_t>u16(p)
    if kind == c'I':
        return u32(p)
    return i32(p)


cdef int record_tags(Record *r, Groups *groups) noexcept nogil:
    """Find NM and RG, and the CIGAR where it is too long for its place (tag CG)."""
    cdef const uint8_t *p = r.tags
    cdef const uint8_t *zero
    cdef int64_t size, n
    cdef uint8_t kind
    cdef bint wants_cigar = (
        r.n_operations == 2 and r.contig >= 0 and r.start >= 0
        and u32(r.cigar) == ((<uint64_t>r.n_bases << 4 | SOFT_CLIP) & 0xFFFFFFFFu)
        and (u32(r.cigar + 4) & 15) == SKIP
    )
    cdef bint wants_distance = True, wants_group = groups.n > 0
    r.has_distance = False
    r.distance = -1
    r.group = groups.n
    while r.end - p >= 4 and (wants_distance or wants_group or wants_cigar):
        kind = p[2]
        if kind == c'Z' or kind == c'H':
            zero = <const uint8_t *>memchr(p + 3, 0, r.end - p - 3)
            if zero == NULL:
                return BAD_RECORD
            if wants_group and kind == c'Z' and p[0] == c'R' and p[1] == c'G':
                wants_group = False
                r.group = groups_find(groups, p + 3, zero - p - 3)
            p = zero + 1
            continue
        if kind == c'B':
            if r.end - p < 8:
                return BAD_RECORD
            size = type_bytes(p[3])
            n = u32(p + 4)
            if size == 0 or n * size > r.end - p - 8:
                return BAD_RECORD
            if wants_cigar and p[0] == c'C' and p[1] == c'G' and p[3] == c'I' and n < 1 << 29:
                wants_cigar = False
                r.cigar = p + 8
                r.n_operations = <uint32_t>n
            p += 8 + n * size
            continue
        size = type_bytes(kind)
        if size == 0 or r.end - p < 3 + size:
            return BAD_RECORD
        if wants_distance and p[0] == c'N' and p[1] == c'M':
            if kind == c'A' or kind == c'f' or kind == c'd':
                return BAD_TAG
            wants_distance = False
            r.distance = tag_number(p + 3, kind)
            r.has_distance = r.distance >= 0
        p += 3 + size
    return OK


cdef int record_layout(Record *r) noexcept nogil:
    """Sums over the CIGAR."""
    cdef uint32_t i, operation
    cdef int64_t n
    r.span = r.aligned = r.soft_clipped = r.hard_clipped = 0
    for i in range(r.n_operations):
        n = u32(r.cigar + 4 * <int64_t>i)
        operation = <uint32_t>n & 15
        n >>= 4
        if operation == MATCH or operation == EQUAL or operation == DIFFERENT:
            r.aligned += n
            r.span += n
        elif operation == INSERTION:
            r.aligned += n
        elif operation == DELETION or operation == SKIP:
            r.span += n
        elif operation == SOFT_CLIP:
            r.soft_clipped += n
        elif operation == HARD_CLIP:
            r.hard_clipped += n
        elif operation != PADDING:
            return BAD_RECORD
    return OK


cdef struct Groups:              # read groups of the header, in order
    int64_t n
    int64_t last                 # most records are of the same group as the one before
    const uint8_t *names         # all names without separators
    const int64_t *offset        # int64[n + 1]


cdef int64_t groups_find(Groups *g, const uint8_t *name, int64_t n) noexcept nogil:
    """Number of a read group; g.n where the header does not name it."""
    cdef int64_t i, k
    for k in range(g.n + 1):
        i = g.last if k == 0 else k - 1
        if g.offset[i + 1] - g.offset[i] == n and memcmp(g.names + g.offset[i], name, n) == 0:
            g.last = i
            return i
    return g.n
