# Rows of a PGEN (PLINK 2 binary genotypes, storage mode 0x10): hardcalls and phase of one allele.

cdef struct Bytes:
    uint8_t *p
    int64_t n
    int64_t size


cdef int bytes_need(Bytes *b, int64_t more) noexcept nogil:
    """Room for more bytes behind those held."""
    cdef int64_t wanted = high(2 * b.size, b.n + more + 4096)
    cdef uint8_t *larger
    if b.n + more <= b.size:
        return OK
    larger = <uint8_t *>realloc(b.p, wanted)
    if larger == NULL:
        return NO_MEMORY
    b.p, b.size = larger, wanted
    return OK


cdef inline void bytes_add(Bytes *b, const void *p, int64_t n) noexcept nogil:
    memcpy(b.p + b.n, p, n)
    b.n += n


cdef inline void put_number(Bytes *b, uint64_t value) noexcept nogil:
    """Seven bits a byte, the lowest first."""
    while value >= 128:
        b.p[b.n] = <uint8_t>(value | 128)
        b.n += 1
        value >>= 7
    b.p[b.n] = <uint8_t>value
    b.n += 1


cdef inline uint64_t load8(const uint8_t *p) noexcept nogil:
    cdef uint64_t v
    memcpy(&v, p, 8)
    return v


cdef inline uint8_t packed4(const uint8_t *code) noexcept nogil:
    return <uint8_t>((code[0] & 3) | ((code[1] & 3) << 2) | ((code[2] & 3) << 4) | (code[3] << 6))


cdef void put_packed(Bytes *b, const uint8_t *code, int64_t n) noexcept nogil:
    """Two bits a call; eight codes are gathered at once."""
    cdef int64_t i = 0
    cdef uint64_t v
    cdef uint8_t last[4]
    while i + 8 <= n:
        v = load8(code + i) & 0x0303030303030303ULL
        v = (v | (v >> 6)) & 0x000F000F000F000FULL
        v = v | (v >> 12)
        b.p[b.n] = <uint8_t>v
        b.p[b.n + 1] = <uint8_t>(v >> 32)
        b.n += 2
        i += 8
    while i < n:
        memset(last, 0, 4)
        memcpy(last, code + i, low(4, n - i))
        b.p[b.n] = packed4(last)
        b.n += 1
        i += 4


cdef int64_t list_changed(const uint8_t *code, int64_t n, int32_t *at) noexcept nogil:
    """Where calls are not homozygous REF."""
    cdef int64_t i = 0, k, found = 0
    while i + 8 <= n:
        if load8(code + i) & 0x0303030303030303ULL:
            for k in range(i, i + 8):
                at[found] = <int32_t>k
                found += (code[k] & 3) != 0
        i += 8
    for k in range(i, n):
        at[found] = <int32_t>k
        found += (code[k] & 3) != 0
    return found


cdef void put_list(
    Bytes *b, const uint8_t *code, const int32_t *at, int64_t n_at, int64_t n
) noexcept nogil:
    """The calls that are not homozygous REF, in groups of 64 (PGEN's difflist)."""
    cdef int64_t n_groups = (n_at + 63) // 64, i, k, start, lengths
    cdef int id_bytes = 1 + (n > 255) + (n > 65535) + (n > 16777215)
    cdef uint8_t last[4]
    put_number(b, n_at)
    if n_at == 0:
        return
    for i in range(n_groups):
        for k in range(id_bytes):
            b.p[b.n] = <uint8_t>(at[64 * i] >> (8 * k))
            b.n += 1
    lengths = b.n
    b.n += n_groups - 1
    i = 0
    while i < n_at:
        memset(last, 0, 4)
        for k in range(low(4, n_at - i)):
            last[k] = code[at[i + k]] & 3
        b.p[b.n] = packed4(last)
        b.n += 1
        i += 4
    for i in range(n_groups):
        start = b.n
        for k in range(64 * i + 1, low(64 * i + 64, n_at)):
            put_number(b, at[k] - at[k - 1])
        if i < n_groups - 1:
            b.p[lengths + i] = <uint8_t>(b.n - start - 63)


cdef bint put_phase(
    Bytes *b, const uint8_t *code, const int32_t *at, int64_t n_at
) noexcept nogil:
    """Phase of the heterozygous calls (bit 2: phased, bit 3: ALT stands first); if any has one."""
    cdef int64_t i, n_het = 0, n_phased = 0, start = b.n, bit, behind
    cdef uint8_t c
    for i in range(n_at):
        c = code[at[i]]
        n_het += (c & 3) == 1
        n_phased += (c & 7) == 5
    if n_phased == 0:
        return False
    b.n += 1 + n_het // 8
    memset(b.p + start, 0, b.n - start)
    bit = 1
    if n_phased == n_het:
        for i in range(n_at):
            c = code[at[i]]
            if (c & 3) == 1:
                b.p[start + (bit >> 3)] |= ((c >> 3) & 1) << (bit & 7)
                bit += 1
        return True
    b.p[start] = 1
    behind = b.n
    b.n += (n_phased + 7) // 8
    memset(b.p + behind, 0, b.n - behind)
    n_phased = 0
    for i in range(n_at):
        c = code[at[i]]
        if (c & 3) != 1:
            continue
        if c & 4:
            b.p[start + (bit >> 3)] |= 1 << (bit & 7)
            b.p[behind + (n_phased >> 3)] |= ((c >> 3) & 1) << (n_phased & 7)
            n_phased += 1
        bit += 1
    return True


cdef int put_row(Bytes *b, const uint8_t *code, int64_t n, int32_t *at, uint8_t *kind) noexcept nogil:
    """One row; `kind` is its record type. `at` has room for n places."""
    cdef int64_t n_at
    # Groups, numbers of up to five bytes and phase of every call at most.
    if bytes_need(b, 8 * n + 64) != OK:
        return NO_MEMORY
    n_at = list_changed(code, n, at)
    if 8 * n_at <= n:
        kind[0] = 4
        put_list(b, code, at, n_at, n)
    else:
        kind[0] = 0
        put_packed(b, code, n)
    if put_phase(b, code, at, n_at):
        kind[0] |= 16
    return OK
