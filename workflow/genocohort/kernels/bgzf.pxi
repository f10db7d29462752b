# BGZF blocks of a file (SAM specification, section 4.1), inflated by libdeflate, CRC checked.
#
# Every read is bounded by what the file holds; a truncated or corrupt block is an error code.

cdef extern from "unistd.h" nogil:
    ssize_t pread(int, void *, size_t, int64_t)

cdef enum:
    RAW_BYTES = 1 << 20          # compressed bytes read at once; a block has 64 KiB at most
    BLOCK_BYTES = 65536          # inflated bytes of a block at most
    FILL_BYTES = 4 * 65536       # inflated at once: stays in the second-level cache
    RECORD_BYTES = 1 << 30       # no record is larger

cdef enum:                       # what went wrong; the texts are in __init__.py
    OK = 0
    END = 1
    TRUNCATED = -1
    NOT_BGZF = -2
    BAD_DATA = -3
    BAD_CRC = -4
    READ_FAILED = -5
    NO_MEMORY = -6
    BAD_RECORD = -7
    BAD_TAG = -8
    UNSORTED = -9
    BAD_HEADER = -10

ctypedef void *(*alloc_function)() noexcept nogil
ctypedef void (*free_function)(void *) noexcept nogil
ctypedef int (*inflate_function)(
    void *, const void *, size_t, void *, size_t, size_t *) noexcept nogil
ctypedef uint32_t (*crc_function)(uint32_t, const void *, size_t) noexcept nogil

cdef alloc_function deflate_alloc = NULL
cdef free_function deflate_free = NULL
cdef inflate_function deflate_inflate = NULL
cdef crc_function deflate_crc = NULL


def bind_libdeflate(uintptr_t alloc, uintptr_t free, uintptr_t inflate, uintptr_t crc):
    """Take libdeflate's functions by their addresses."""
    global deflate_alloc, deflate_free, deflate_inflate, deflate_crc
    deflate_alloc = <alloc_function>alloc
    deflate_free = <free_function>free
    deflate_inflate = <inflate_function>inflate
    deflate_crc = <crc_function>crc


cdef inline uint16_t u16(const uint8_t *p) noexcept nogil:
    return <uint16_t>(p[0] | (p[1] << 8))


cdef inline uint32_t u32(const uint8_t *p) noexcept nogil:
    return p[0] | (<uint32_t>p[1] << 8) | (<uint32_t>p[2] << 16) | (<uint32_t>p[3] << 24)


cdef inline int32_t i32(const uint8_t *p) noexcept nogil:
    return <int32_t>u32(p)


cdef inline int64_t low(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t high(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef struct Block:
    int64_t at                   # where it begins in the inflated bytes held
    int64_t offset               # where it begins in the file


cdef struct Bgzf:
    int fd
    void *decompressor
    uint8_t *raw                 # compressed: raw[raw_at:raw_end], raw[0] is at raw_offset
    int64_t raw_at
    int64_t raw_end
    int64_t raw_offset
    uint8_t *data                # inflated: data[at:end] is not used up yet
    int64_t at
    int64_t end
    int64_t size
    Block *blocks                # of the inflated bytes held, in order
    int64_t n_blocks
    int64_t max_blocks


cdef int bgzf_init(Bgzf *z) noexcept nogil:
    memset(z, 0, sizeof(Bgzf))
    z.size = 2 * FILL_BYTES
    z.max_blocks = 256
    z.raw = <uint8_t *>malloc(RAW_BYTES)
    z.data = <uint8_t *>malloc(z.size)
    z.blocks = <Block *>malloc(z.max_blocks * sizeof(Block))
    if deflate_alloc != NULL:
        z.decompressor = deflate_alloc()
    if z.raw == NULL or z.data == NULL or z.blocks == NULL or z.decompressor == NULL:
        return NO_MEMORY
    return OK


cdef void bgzf_free(Bgzf *z) noexcept nogil:
    free(z.raw)
    free(z.data)
    free(z.blocks)
    if z.decompressor != NULL:
        deflate_free(z.decompressor)
    memset(z, 0, sizeof(Bgzf))


cdef void bgzf_seek(Bgzf *z, int fd, int64_t offset) noexcept nogil:
    """Continue at the block that begins at an offset of the file."""
    z.fd = fd
    z.raw_at = z.raw_end = 0
    z.raw_offset = offset
    z.at = z.end = z.n_blocks = 0


cdef int64_t bgzf_need_raw(Bgzf *z, int64_t n) noexcept nogil:
    """Make n compressed bytes available, if the file has them; how many there are."""
    cdef int64_t held = z.raw_end - z.raw_at
    cdef ssize_t got
    if held >= n:
        return held
    memmove(z.raw, z.raw + z.raw_at, held)
    z.raw_offset += z.raw_at
    z.raw_at = 0
    z.raw_end = held
    while z.raw_end < RAW_BYTES:
        got = pread(z.fd, z.raw + z.raw_end, RAW_BYTES - z.raw_end, z.raw_offset + z.raw_end)
        if got < 0:
            return READ_FAILED
        if got == 0:
            break
        z.raw_end += got
    return z.raw_end


cdef int bgzf_block(Bgzf *z) noexcept nogil:
    """Inflate the next block behind the bytes held; END where the file ends."""
    cdef int64_t held = bgzf_need_raw(z, BLOCK_BYTES)
    cdef const uint8_t *p = z.raw + z.raw_at
    cdef int64_t extra, length = 0, q, n, out
    if held < 0:
        return <int>held
    if held == 0:
        return END
    if held < 18:
        return TRUNCATED
    if p[0] != 31 or p[1] != 139 or p[2] != 8 or not p[3] & 4:
        return NOT_BGZF
    extra = u16(p + 10)
    if 12 + extra > held:
        return TRUNCATED
    q = 12
    while q + 4 <= 12 + extra:
        if p[q] == 66 and p[q + 1] == 67 and u16(p + q + 2) == 2 and q + 6 <= 12 + extra:
            length = <int64_t>u16(p + q + 4) + 1
        q += 4 + u16(p + q + 2)
    if length == 0:
        return NOT_BGZF
    n = length - 20 - extra
    if n < 0:
        return NOT_BGZF
    if length > held:
        return TRUNCATED
    out = u32(p + length - 4)
    if out > BLOCK_BYTES:
        return BAD_DATA
    if z.n_blocks == z.max_blocks and not bgzf_more_blocks(z):
        return NO_MEMORY
    if out:
        if deflate_inflate(z.decompressor, p + 12 + extra, n, z.data + z.end, out, NULL) != 0:
            return BAD_DATA
        if deflate_crc(0, z.data + z.end, out) != u32(p + length - 8):
            return BAD_CRC
    z.blocks[z.n_blocks].at = z.end
    z.blocks[z.n_blocks].offset = z.raw_offset + z.raw_at
    z.n_blocks += 1
    z.end += out
    z.raw_at += length
    return OK


cdef bint bgzf_more_blocks(Bgzf *z) noexcept nogil:
    cdef Block *larger = <Block *>realloc(z.blocks, 2 * z.max_blocks * sizeof(Block))
    if larger == NULL:
        return False
    z.blocks = larger
    z.max_blocks *= 2
    return True


cdef void bgzf_drop_used(Bgzf *z) noexcept nogil:
    """Move the bytes that are not used up to the front."""
    cdef int64_t i, first = 0, moved = z.at
    if moved == 0:
        return
    while first + 1 < z.n_blocks and z.blocks[first + 1].at <= moved:
        first += 1
    for i in range(first, z.n_blocks):
        z.blocks[i - first].at = z.blocks[i].at - moved
        z.blocks[i - first].offset = z.blocks[i].offset
    z.n_blocks -= first
    memmove(z.data, z.data + moved, z.end - moved)
    z.end -= moved
    z.at = 0


cdef int bgzf_need(Bgzf *z, int64_t n) noexcept nogil:
    """Make n inflated bytes available at z.at; END where the file has fewer."""
    cdef uint8_t *larger
    cdef int64_t wanted, filled
    cdef int rc
    if z.end - z.at >= n:
        return OK
    bgzf_drop_used(z)
    filled = 0
    # At least what is needed, and as much more as stays in the cache.
    while z.end < n or filled < FILL_BYTES:
        if z.end + BLOCK_BYTES > z.size:
            if z.end >= n:
                break
            wanted = 2 * z.size
            larger = <uint8_t *>realloc(z.data, wanted)
            if larger == NULL:
                return NO_MEMORY
            z.data = larger
            z.size = wanted
        filled -= z.end
        rc = bgzf_block(z)
        filled += z.end
        if rc == END:
            return OK if z.end >= n else END
        if rc != OK:
            # What was inflated before the damage is used first.
            return OK if z.end >= n else rc
    return OK


cdef int64_t bgzf_tell(Bgzf *z) noexcept nogil:
    """Virtual offset of the next byte: that of the file's block, and within it; -1 if unknown."""
    cdef int64_t i = z.n_blocks - 1
    if i < 0:
        return (z.raw_offset + z.raw_at) << 16
    if z.at >= z.end:
        return (z.raw_offset + z.raw_at) << 16
    while i > 0 and z.blocks[i].at > z.at:
        i -= 1
    return (z.blocks[i].offset << 16) | (z.at - z.blocks[i].at)


cdef int bgzf_skip(Bgzf *z, int64_t n) noexcept nogil:
    """Pass over n inflated bytes."""
    cdef int64_t step
    cdef int rc
    while n > 0:
        rc = bgzf_need(z, 1)
        if rc != OK:
            return TRUNCATED if rc == END else rc
        step = low(n, z.end - z.at)
        z.at += step
        n -= step
    return OK


cdef int bgzf_skip_header(Bgzf *z) noexcept nogil:
    """Pass over a BAM header: its text and its list of contigs."""
    cdef int64_t i, n_contigs, n
    cdef int rc = bgzf_need(z, 8)
    if rc != OK:
        return BAD_HEADER if rc == END else rc
    if memcmp(z.data + z.at, b"BAM\1", 4) != 0 or i32(z.data + z.at + 4) < 0:
        return BAD_HEADER
    n = 8 + <int64_t>i32(z.data + z.at + 4)
    rc = bgzf_skip(z, n)
    if rc == OK:
        rc = bgzf_need(z, 4)
    if rc != OK:
        return BAD_HEADER if rc == END else rc
    n_contigs = i32(z.data + z.at)
    z.at += 4
    for i in range(n_contigs):
        rc = bgzf_need(z, 4)
        if rc == OK:
            n = i32(z.data + z.at)
            rc = bgzf_skip(z, 8 + n) if n >= 0 else BAD_HEADER
        if rc != OK:
            return BAD_HEADER if rc == END else rc
    return OK
