# Alleles at given positions: A, C, G, T, and bases that are not used (low quality, another letter).

cdef enum:
    ALLELES = 5
    UNUSED = 4

cdef struct Sites:               # of the stretch that is open
    int64_t n
    int64_t next                 # nothing that comes lies before this one
    const int64_t *position      # 0-based, rising; the same one may stand twice
    int64_t *counts              # [n, ALLELES]
    uint32_t min_mapping_quality
    uint32_t min_base_quality
    Vector shared                # starts and ends of what the mate before it has counted


cdef bint sites_wanted(Sites *s, Record *r) noexcept nogil:
    """Whether a site may lie in the record; `next` moves on."""
    while s.next < s.n and s.position[s.next] < r.start:
        s.next += 1
    return (s.next < s.n and s.position[s.next] < r.start + r.span and not r.flag & 0x900
            and r.mapping_quality >= s.min_mapping_quality)


cdef void sites_count(Sites *s, Record *r) noexcept nogil:
    """Count the record's bases at the sites, without those that lie in `shared`."""
    cdef int64_t at = r.start, base = 0, k = s.next, n
    cdef uint32_t i, operation
    for i in range(r.n_operations):
        n = u32(r.cigar + 4 * <int64_t>i)
        operation = <uint32_t>n & 15
        n >>= 4
        if operation == MATCH or operation == EQUAL or operation == DIFFERENT:
            while k < s.n and s.position[k] < at:
                k += 1
            while k < s.n and s.position[k] < at + n:
                sites_base(s, r, k, base + s.position[k] - at)
                k += 1
            at += n
            base += n
        elif operation == DELETION or operation == SKIP:
            at += n
        elif operation == INSERTION or operation == SOFT_CLIP:
            base += n


cdef void sites_base(Sites *s, Record *r, int64_t site, int64_t base) noexcept nogil:
    """Count one base at one site."""
    cdef int64_t i, position = s.position[site]
    cdef uint8_t code
    if base >= r.n_bases:
        return
    for i in range(0, s.shared.n, 2):
        if s.shared.p[i] <= position < s.shared.p[i + 1]:
            return
    code = r.sequence[base >> 1]
    code = CLASS_OF[code & 15 if base & 1 else code >> 4]
    # Where the qualities are missing the first one is 255.
    if code > 3 or (r.quality[0] != 255 and r.quality[base] < s.min_base_quality):
        code = UNUSED
    s.counts[site * ALLELES + code] += 1
