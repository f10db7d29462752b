# Counts over reads: flags, bases, qualities and bases by cycle, GC, lengths, insert sizes, indels.
#
# Qualities and bases are first counted in 8-bit cells, small enough for the first-level cache,
# which are added to the wide ones before any of them can pass 255. Cycles lie side by side, since
# most reads have few different qualities and bases: few cache lines are then in use.

cdef enum:
    N_FLAGS = 4096               # what the bits above mean is not defined
    CYCLES = 512                 # the last one holds later cycles too
    PAIRS = CYCLES // 2
    LENGTHS = 2048               # longer reads are listed
    INDELS = 1000                # longer ones are counted here
    GC_STEPS = 200
    BASES = 6                    # A, C, G, T, N, other
    NARROW_QUALITIES = 64

# In the order of SUMS in steps/alignments/native_counts.py.
cdef enum:
    S_SEQUENCES
    S_FIRST
    S_LAST
    S_MAPPED
    S_MAPPED_PAIRED
    S_PROPERLY_PAIRED
    S_PAIRED
    S_DUPLICATE
    S_MAPPED_DUPLICATE
    S_MAPQ0
    S_BASES
    S_BASES_FIRST
    S_BASES_LAST
    S_BASES_MAPPED
    S_BASES_DUPLICATE
    S_BASES_ACGT
    S_BASES_GC
    S_BASES_WITHOUT_QUALITY
    S_QUALITY
    S_ALIGNED
    S_ALIGNED_WITH_NM
    S_MISMATCHES
    S_MATE_OTHER_CONTIG
    S_MATE_OTHER_CONTIG_MAPQ5
    N_SUMS

cdef uint8_t CLASS_OF[16]
cdef uint8_t PAIR_OF[256]        # two packed bases: BASES * first + second
cdef uint64_t COUNT_OF[256]      # two packed bases: how many are G or C; A, C, G or T (from bit 32)


def _fill_tables():
    cdef int i, one, two
    for i in range(16):
        CLASS_OF[i] = 5
    CLASS_OF[1] = 0
    CLASS_OF[2] = 1
    CLASS_OF[4] = 2
    CLASS_OF[8] = 3
    CLASS_OF[15] = 4
    for i in range(256):
        one, two = CLASS_OF[i >> 4], CLASS_OF[i & 15]
        PAIR_OF[i] = BASES * one + two
        COUNT_OF[i] = (one in (1, 2)) + (two in (1, 2)) + (<uint64_t>((one < 4) + (two < 4)) << 32)


_fill_tables()

cdef struct Vector:              # int64 values that grow
    int64_t *p
    int64_t n
    int64_t size


cdef bint vector_push(Vector *v, int64_t value) noexcept nogil:
    """Append; False where memory is out."""
    cdef int64_t *larger
    cdef int64_t wanted
    if v.n == v.size:
        wanted = 2 * v.size if v.size else 1024
        larger = <int64_t *>realloc(v.p, wanted * sizeof(int64_t))
        if larger == NULL:
            return False
        v.p = larger
        v.size = wanted
    v.p[v.n] = value
    v.n += 1
    return True


cdef struct Reads:               # g: read groups of the header, and one more for all other reads
    int64_t n_groups
    int64_t insert_max
    # Of the contig that is open, by group; which cells are not 0 stands in the lists.
    int64_t *sums                # [g, N_SUMS, 2]
    int64_t *contig_flags        # [g, N_FLAGS]
    Vector flags_seen
    int64_t *inserts             # [g, insert_max + 1, 3, 2]
    Vector inserts_seen
    # Of all contigs and groups.
    int64_t *quality             # [3, 256, CYCLES]: first, last, other reads
    int64_t *failed_quality      # [256]: of records that fail QC
    int64_t *pairs               # [2, 3, 64, PAIRS]: as narrow_bases
    int64_t *bases               # [2, 2, CYCLES, BASES]: first, last; forward, reverse
    int64_t *gc                  # [101]
    int64_t *gc_steps            # [2, GC_STEPS]: changes
    int64_t *mapping_quality     # [2, 256]: of primary records; not duplicate nor failing
    int64_t *lengths             # [3, LENGTHS]
    Vector long_lengths          # order << 40 | length
    int64_t *indel_length        # [2, INDELS + 1]: insertions, deletions
    int64_t *indel_cycle         # [2, 2, CYCLES]: insertions, deletions; first, last
    uint8_t *narrow_quality      # [2, NARROW_QUALITIES, CYCLES]
    uint8_t *narrow_bases        # [2, 3, 64, PAIRS]: forward, reverse even, reverse odd
    int64_t pending              # reads in the narrow cells
    int64_t longest              # most bases of them


cdef void reads_widen(Reads *c) noexcept nogil:
    """Add the narrow cells to the wide ones."""
    cdef int64_t order, kind
    if c.pending == 0:
        return
    for order in range(2):
        widen_rows(
            c.narrow_quality + order * NARROW_QUALITIES * CYCLES, CYCLES,
            NARROW_QUALITIES, c.longest, c.quality + order * 256 * CYCLES)
        for kind in range(3):
            widen_rows(
                c.narrow_bases + (order * 3 + kind) * 64 * PAIRS, PAIRS, BASES * BASES,
                c.longest // 2, c.pairs + (order * 3 + kind) * 64 * PAIRS)
    c.pending = c.longest = 0


cdef void widen_rows(
    uint8_t *narrow, int64_t size, int64_t n_rows, int64_t used, int64_t *wide
) noexcept nogil:
    """Add rows of `size` cells, whose first `used` count, to the same rows of wide cells."""
    cdef int64_t row, i
    cdef uint64_t word, any_set
    cdef uint8_t *cells
    cdef int64_t *sums
    for row in range(n_rows):
        cells = narrow + row * size
        any_set = 0
        # Rows have a multiple of 8 cells; those behind the used ones are 0.
        for i in range(0, used, 8):
            memcpy(&word, cells + i, 8)
            any_set |= word
        if any_set == 0:
            continue
        sums = wide + row * size
        for i in range(used):
            sums[i] += cells[i]
        memset(cells, 0, used)


cdef void reads_decode(Reads *c) noexcept nogil:
    """Take the counted pairs of bases apart into bases by cycle."""
    cdef int64_t order, kind, i, q, cycle, n
    cdef int64_t *pair
    cdef int64_t *wide
    reads_widen(c)
    for order in range(2):
        for kind in range(3):
            wide = c.bases + (order * 2 + (kind > 0)) * CYCLES * BASES
            for i in range(PAIRS):
                pair = c.pairs + (order * 3 + kind) * 64 * PAIRS + i
                # Cycle of the pair's first base; the second one is a cycle later or earlier.
                cycle = 2 * i if kind == 0 else 2 * i + 1 if kind == 1 else 2 * i + 2
                for q in range(BASES * BASES):
                    n = pair[q * PAIRS]
                    if n:
                        wide[cycle * BASES + q // BASES] += n
                        wide[(cycle + (1 if kind == 0 else -1)) * BASES + q % BASES] += n
                        pair[q * PAIRS] = 0


cdef int reads_add(Reads *c, Record *r) noexcept nogil:
    """Count one record."""
    cdef uint32_t flag = r.flag
    cdef int64_t g = r.group, n = r.n_bases, cell = g * N_FLAGS + (flag & (N_FLAGS - 1))
    cdef int64_t order, percent, acgt, lo, hi
    cdef uint64_t counts
    cdef int64_t *s = c.sums + g * N_SUMS * 2 + ((flag >> 9) & 1)
    cdef bint is_mapped = not flag & 4
    cdef bint is_primary = not flag & 0x900
    if c.contig_flags[cell] == 0 and not vector_push(&c.flags_seen, cell):
        return NO_MEMORY
    c.contig_flags[cell] += 1
    if is_primary and (flag & 0xD) == 1 and r.contig != r.mate_contig:
        s[2 * S_MATE_OTHER_CONTIG] += 1
        if r.mapping_quality >= 5:
            s[2 * S_MATE_OTHER_CONTIG_MAPQ5] += 1
    if n == 0:
        return OK
    order = order_of(flag)
    if is_mapped and not flag & 0x100:
        s[2 * S_ALIGNED] += r.aligned
        if r.has_distance:
            s[2 * S_ALIGNED_WITH_NM] += r.aligned
            s[2 * S_MISMATCHES] += r.distance
        reads_indels(c, r, order)
    if is_mapped and not flag & 0xF00:
        c.mapping_quality[256 + r.mapping_quality] += 1
    if not is_primary:
        return OK
    s[2 * S_SEQUENCES] += 1
    s[2 * S_BASES] += n
    if order == 0:
        s[2 * S_FIRST] += 1
        s[2 * S_BASES_FIRST] += n
    elif order == 1:
        s[2 * S_LAST] += 1
        s[2 * S_BASES_LAST] += n
    if flag & 1:
        s[2 * S_PAIRED] += 1
    if flag & 0x400:
        s[2 * S_DUPLICATE] += 1
        s[2 * S_BASES_DUPLICATE] += n
    if is_mapped and not reads_mapped(c, r, s):
        return NO_MEMORY
    if n + r.hard_clipped < LENGTHS:
        c.lengths[order * LENGTHS + n + r.hard_clipped] += 1
    elif not vector_push(&c.long_lengths, order << 40 | (n + r.hard_clipped)):
        return NO_MEMORY
    counts = reads_bases(c, r, order)
    acgt = counts >> 32
    s[2 * S_BASES_GC] += counts & 0xFFFFFFFFu
    s[2 * S_BASES_ACGT] += acgt
    if acgt:
        percent = (200 * <int64_t>(counts & 0xFFFFFFFFu) + acgt) // (2 * acgt)
        c.gc[percent] += 1
    if order < 2:
        lo = <int64_t>(counts & 0xFFFFFFFFu) * (GC_STEPS - 1) // n
        hi = low((<int64_t>(counts & 0xFFFFFFFFu) + 1) * (GC_STEPS - 1) // n, GC_STEPS - 1)
        c.gc_steps[order * GC_STEPS + lo] += 1
        c.gc_steps[order * GC_STEPS + hi] -= 1
    reads_qualities(c, r, order, s)
    if c.pending == 255:
        reads_widen(c)
    return OK


cdef inline int64_t order_of(uint32_t flag) noexcept nogil:
    """0: first or single read, 1: last read of its fragment, 2: neither or both."""
    if not flag & 1:
        return 0
    if (flag & 0xC0) == 0x40:
        return 0
    return 1 if (flag & 0xC0) == 0x80 else 2


cdef bint reads_mapped(Reads *c, Record *r, int64_t *s) noexcept nogil:
    """A primary mapped read: its place in its pair, and the insert size; False: out of memory."""
    cdef uint32_t flag = r.flag
    cdef int64_t size, sign, kind, gap, cell
    s[2 * S_MAPPED] += 1
    s[2 * S_BASES_MAPPED] += r.n_bases
    c.mapping_quality[r.mapping_quality] += 1
    if flag & 0x400:
        s[2 * S_MAPPED_DUPLICATE] += 1
    if r.mapping_quality == 0:
        s[2 * S_MAPQ0] += 1
    if (flag & 9) != 1:
        return True
    s[2 * S_MAPPED_PAIRED] += 1
    if flag & 2:
        s[2 * S_PROPERLY_PAIRED] += 1
    size = r.template_length if r.template_length >= 0 else -r.template_length
    size = low(size, c.insert_max)
    if size == 0 and r.contig != r.mate_contig:
        return True
    gap = r.mate_start - r.start
    sign = 1 if flag & 0x40 else -1
    if ((flag >> 4) & 1) == ((flag >> 5) & 1):
        kind = 2
    else:
        kind = 0 if (sign * gap >= 0) == (sign * (-1 if flag & 16 else 1) > 0) else 1
    cell = ((r.group * (c.insert_max + 1) + size) * 3 + kind) * 2 + ((flag >> 9) & 1)
    if c.inserts[cell] == 0 and not vector_push(&c.inserts_seen, cell):
        return False
    c.inserts[cell] += 1
    return True


cdef void reads_indels(Reads *c, Record *r, int64_t order) noexcept nogil:
    """Insertions and deletions by length and by cycle, as samtools stats counts them."""
    cdef int64_t cycle = 0, at, n
    cdef uint32_t i, operation
    cdef bint is_deletion
    for i in range(r.n_operations):
        n = u32(r.cigar + 4 * <int64_t>i)
        operation = <uint32_t>n & 15
        n >>= 4
        if n == 0:
            continue
        if operation == INSERTION or operation == DELETION:
            is_deletion = operation == DELETION
            if is_deletion:
                at = r.n_bases - cycle - 1 if r.flag & 16 else cycle - 1
            else:
                at = r.n_bases - cycle - n if r.flag & 16 else cycle
            if at >= 0:
                if order < 2:
                    c.indel_cycle[(is_deletion * 2 + order) * CYCLES
                                  + low(at, CYCLES - 1)] += 1
                c.indel_length[is_deletion * (INDELS + 1) + low(n, INDELS)] += 1
        if operation != DELETION and operation != SKIP and operation != HARD_CLIP:
            if operation != PADDING:
                cycle += n


cdef uint64_t reads_bases(Reads *c, Record *r, int64_t order) noexcept nogil:
    """Count bases by cycle; how many are G or C, and from bit 32 on how many A, C, G or T."""
    cdef int64_t n = r.n_bases, pairs = n // 2, i, cycle
    cdef bint is_reverse = (r.flag & 16) != 0
    cdef const uint8_t *p = r.sequence
    cdef uint64_t counts = 0
    cdef uint8_t *narrow
    cdef int64_t *wide
    cdef uint8_t base
    if n & 1:
        # The other half of the last byte is no base.
        counts += COUNT_OF[p[pairs] & 0xF0]
    if order == 2 or n > CYCLES:
        for i in range(pairs):
            counts += COUNT_OF[p[i]]
    if order == 2:
        return counts
    wide = c.bases + (order * 2 + is_reverse) * CYCLES * BASES
    if n > CYCLES:
        for i in range(n):
            base = p[i >> 1] >> 4 if not i & 1 else p[i >> 1] & 15
            cycle = low(n - 1 - i if is_reverse else i, CYCLES - 1)
            wide[cycle * BASES + CLASS_OF[base]] += 1
        return counts
    narrow = c.narrow_bases + order * 3 * PAIRS * 64
    if is_reverse:
        narrow += (1 + (n & 1)) * PAIRS * 64 + pairs - 1
        for i in range(pairs):
            counts += COUNT_OF[p[i]]
            narrow[<int64_t>PAIR_OF[p[i]] * PAIRS - i] += 1
    else:
        for i in range(pairs):
            counts += COUNT_OF[p[i]]
            narrow[<int64_t>PAIR_OF[p[i]] * PAIRS + i] += 1
    if n & 1:
        wide[(0 if is_reverse else n - 1) * BASES + CLASS_OF[p[pairs] >> 4]] += 1
    c.pending += 1
    c.longest = high(c.longest, n)
    return counts


cdef int64_t sum_of(const uint8_t *q, int64_t n, uint64_t *bits) noexcept nogil:
    """Sum of bytes, eight at a time in lanes of 16 bits; `bits` gathers the bits that occur."""
    cdef uint64_t word, lanes = 0, even = <uint64_t>0x00FF00FF00FF00FFu
    cdef int64_t i = 0, total = 0, stop
    while i + 8 <= n:
        # A lane gains at most 510 a step: 128 steps fit.
        stop = low(n - 7, i + 1024)
        lanes = 0
        while i < stop:
            memcpy(&word, q + i, 8)
            bits[0] |= word
            lanes += (word & even) + ((word >> 8) & even)
            i += 8
        total += (lanes & 0xFFFF) + ((lanes >> 16) & 0xFFFF) + ((lanes >> 32) & 0xFFFF)
        total += lanes >> 48
    while i < n:
        bits[0] |= q[i]
        total += q[i]
        i += 1
    return total


cdef void reads_qualities(Reads *c, Record *r, int64_t order, int64_t *s) noexcept nogil:
    """Count qualities by cycle."""
    cdef int64_t n = r.n_bases, i, at
    cdef const uint8_t *q = r.quality
    cdef uint8_t *narrow
    cdef int64_t *wide
    cdef uint64_t bits = 0
    cdef int64_t total
    if q[0] == 255:
        s[2 * S_BASES_WITHOUT_QUALITY] += n
        return
    total = sum_of(q, n, &bits)
    s[2 * S_QUALITY] += total
    if r.flag & 0x200:
        for i in range(n):
            c.failed_quality[q[i]] += 1
    if order < 2 and n <= CYCLES and not bits & <uint64_t>0xC0C0C0C0C0C0C0C0u:
        # `reads_bases` has counted this read as pending.
        narrow = c.narrow_quality + order * CYCLES * NARROW_QUALITIES
        if r.flag & 16:
            narrow += n - 1
            for i in range(n):
                narrow[<int64_t>q[i] * CYCLES - i] += 1
        else:
            for i in range(n):
                narrow[<int64_t>q[i] * CYCLES + i] += 1
        return
    wide = c.quality + order * CYCLES * 256
    for i in range(n):
        at = n - 1 - i if r.flag & 16 else i
        wide[<int64_t>q[i] * CYCLES + low(at, CYCLES - 1)] += 1
