# Genotypes of one record: read into arrays, then counted by record, by allele and by sample.

cdef enum:
    NOT_CALLED = 255             # an allele `.`
    NO_SECOND = 254              # a genotype of one allele
    MAX_ALLELE = 249
    N_CLASSES = 11
    N_CARRIED = 8
    LARGEST_DEPTH = 1 << 24      # whole numbers up to here are exact as float32
    DEPTHS = 10001
    QUALITIES = 1001

cdef enum:                       # GenotypeClass in domain/ploidy.py
    HOM_REF = 0
    HET = 1
    HOM_ALT = 2
    HET_ALT = 3
    HALF = 4
    HAPLOID_REF = 5
    HAPLOID_ALT = 6
    MISSING = 7
    HET_HAPLOID = 9
    NOT_EXPECTED = 10

cdef struct Genotype:
    uint8_t first
    uint8_t second
    uint8_t phased
    int32_t depth                # -1: not given
    int32_t quality
    const uint8_t *alleles       # the text of AD; NULL: not given


cdef bint read_fixed(const uint8_t *p, int64_t n, uint8_t *code) noexcept nogil:
    """Cells of three characters (`0|1`) with alleles 0, 1 or both `.`; whether all were so.

    Bits 0 and 1 of a code: ALT alleles, 3 for missing; 2: phased; 3: ALT stands first.
    """
    cdef int64_t i
    cdef uint32_t c, a, b, s, bad = 0
    for i in range(n - 1):
        memcpy(&c, p + 4 * i, 4)
        a = (c & 255) ^ 48
        b = ((c >> 16) & 255) ^ 48
        s = (c >> 8) & 255
        bad |= (c >> 24) ^ 9
        bad |= (a | b) & 0xE0
        bad |= (a ^ b) & 0x1E
        bad |= ((a & 0x1E) + 2) & 0x1C
        bad |= ((a >> 4) & a & 1) | ((b >> 4) & b & 1)
        bad |= <uint32_t>((s != 47) & (s != 124))
        code[i] = <uint8_t>(
            ((a + b) & 3) | (3 * ((a >> 4) & 1)) | ((s & 64) >> 4) | ((a & 1) << 3))
    if bad:
        return False
    p += 4 * (n - 1)
    a = p[0] ^ 48
    b = p[2] ^ 48
    if (p[1] != 47 and p[1] != 124) or not ((a < 2 and b < 2) or (a == 30 and b == 30)):
        return False
    code[n - 1] = <uint8_t>(
        ((a + b) & 3) | (3 * ((a >> 4) & 1)) | ((p[1] & 64) >> 4) | ((a & 1) << 3))
    return True


cdef void count_codes(
    const uint8_t *code, int64_t n, int64_t *het, int64_t *hom, int64_t *missing
) noexcept nogil:
    """How many codes are 1, 2 and 3 in their lower two bits; eight are added at once."""
    cdef uint64_t v, both, one = 0x0101010101010101ULL, h = 0, a = 0, m = 0
    cdef int64_t i = 0, stop
    while i + 8 <= n:
        stop = low(n - 7, i + 8 * 255)
        h = a = m = 0
        while i < stop:
            memcpy(&v, code + i, 8)
            both = v & (v >> 1) & one
            m += both
            h += (v & one) ^ both
            a += ((v >> 1) & one) ^ both
            i += 8
        het[0] += lanes(h)
        hom[0] += lanes(a)
        missing[0] += lanes(m)
    while i < n:
        het[0] += (code[i] & 3) == 1
        hom[0] += (code[i] & 3) == 2
        missing[0] += (code[i] & 3) == 3
        i += 1


cdef inline int64_t lanes(uint64_t v) noexcept nogil:
    """Sum of eight bytes."""
    v = (v & 0x00FF00FF00FF00FFULL) + ((v >> 8) & 0x00FF00FF00FF00FFULL)
    return <int64_t>((v * 0x0001000100010001ULL) >> 48)


cdef const uint8_t *read_allele(
    const uint8_t *p, const uint8_t *end, uint8_t *allele
) noexcept nogil:
    """One allele; NULL where the text is another."""
    cdef int64_t value = 0
    cdef const uint8_t *start = p
    if p < end and p[0] == c'.':
        allele[0] = NOT_CALLED
        return p + 1
    while p < end and p[0] >= 48 and p[0] <= 57:
        value = value * 10 + p[0] - 48
        if value > MAX_ALLELE:
            return NULL
        p += 1
    allele[0] = <uint8_t>value
    return p if p > start else NULL


cdef const uint8_t *read_genotype(
    const uint8_t *p, const uint8_t *end, Genotype *g
) noexcept nogil:
    """A genotype of one or two alleles; NULL where the text is another."""
    p = read_allele(p, end, &g.first)
    g.second, g.phased = NO_SECOND, 0
    if p != NULL and p < end and (p[0] == c'/' or p[0] == c'|'):
        g.phased = p[0] == c'|'
        p = read_allele(p + 1, end, &g.second)
    if p != NULL and p < end and p[0] != c':' and p[0] != c'\t':
        return NULL
    return p


cdef const uint8_t *read_depth(
    const uint8_t *p, const uint8_t *end, int32_t *value
) noexcept nogil:
    """A whole number, `.` or nothing; NULL where the text is another."""
    cdef int64_t v = 0
    cdef const uint8_t *start = p
    value[0] = -1
    if p < end and p[0] == c'.':
        p += 1
    else:
        while p < end and p[0] >= 48 and p[0] <= 57:
            v = v * 10 + p[0] - 48
            if v > LARGEST_DEPTH:
                return NULL
            p += 1
        if p > start:
            value[0] = <int32_t>v
    if p < end and p[0] != c':' and p[0] != c'\t':
        return NULL
    return p


cdef struct Keys:
    int genotype                 # place in FORMAT; -1: not there
    int depth
    int quality
    int alleles
    int last
    bint is_odd                  # a key that the plain engine must read


cdef void read_keys(const uint8_t *p, const uint8_t *end, Keys *k) noexcept nogil:
    cdef const uint8_t *q
    cdef int place = 0
    k.genotype = k.depth = k.quality = k.alleles = k.last = -1
    k.is_odd = False
    while True:
        q = p
        while q < end and q[0] != c':':
            q += 1
        if q - p == 2:
            if p[0] == c'G' and p[1] == c'T' and k.genotype < 0:
                k.genotype = k.last = place
            elif p[0] == c'D' and p[1] == c'P' and k.depth < 0:
                k.depth = k.last = place
            elif p[0] == c'G' and p[1] == c'Q' and k.quality < 0:
                k.quality = k.last = place
            elif p[0] == c'A' and p[1] == c'D' and k.alleles < 0:
                k.alleles = k.last = place
            elif p[0] == c'D' and p[1] == c'S' or p[0] == c'G' and p[1] == c'P':
                k.is_odd = True
        if q >= end:
            return
        p = q + 1
        place += 1


cdef int read_cells(
    const uint8_t *p, const uint8_t *end, int64_t n, const Keys *k, int n_alts, Genotype *found
) noexcept nogil:
    """The cells of all n columns; ODD where one is rare or wrong."""
    cdef int64_t i
    cdef int place
    cdef Genotype *g
    for i in range(n):
        g = &found[i]
        g.first = g.second = NOT_CALLED
        g.phased = 0
        g.depth = g.quality = -1
        g.alleles = NULL
        place = 0
        while place <= k.last:
            if place == k.genotype:
                p = read_genotype(p, end, g)
                if p == NULL or (g.first > n_alts and g.first != NOT_CALLED) or (
                        g.second > n_alts and g.second < NO_SECOND):
                    return ODD
            elif place == k.depth:
                p = read_depth(p, end, &g.depth)
            elif place == k.quality:
                p = read_depth(p, end, &g.quality)
            else:
                if place == k.alleles:
                    g.alleles = p
                while p < end and p[0] != c':' and p[0] != c'\t':
                    p += 1
            if p == NULL:
                return ODD
            if p >= end or p[0] == c'\t':
                break
            p += 1
            place += 1
        if place > k.last:
            p = <const uint8_t *>memchr(p, c'\t', end - p) if p < end else NULL
            if p == NULL:
                p = end
        if p >= end:
            return OK if i == n - 1 else ODD
        p += 1
    return ODD


cdef bint read_allele_depths(
    const uint8_t *p, const uint8_t *end, int n_alts, int k, int64_t *ref, int64_t *alt
) noexcept nogil:
    """AD of REF and of the k-th ALT; False unless both are whole numbers, one for each allele."""
    cdef int place = 0
    cdef int64_t value
    cdef const uint8_t *start
    while True:
        start, value = p, 0
        while p < end and p[0] >= 48 and p[0] <= 57 and value <= LARGEST_DEPTH:
            value = value * 10 + p[0] - 48
            p += 1
        if place == 0 or place == k:
            if p == start or value > LARGEST_DEPTH:
                return False
            if p < end and p[0] != c',' and p[0] != c':' and p[0] != c'\t':
                return False
            if place == 0:
                ref[0] = value
            else:
                alt[0] = value
        while p < end and p[0] != c',' and p[0] != c':' and p[0] != c'\t':
            p += 1
        if p >= end or p[0] != c',':
            return place == n_alts
        p += 1
        place += 1


cdef inline int class_of(uint8_t a, uint8_t b, int due) noexcept nogil:
    """GenotypeClass of a genotype where `due` alleles are expected."""
    cdef bint has_b = b != NO_SECOND
    if due == 0:
        return NOT_EXPECTED
    if a == NOT_CALLED and (not has_b or b == NOT_CALLED):
        return MISSING
    if a == NOT_CALLED or b == NOT_CALLED:
        return HALF
    if not has_b:
        return HAPLOID_REF if a == 0 else HAPLOID_ALT
    if due == 1:
        if a != b:
            return HET_HAPLOID
        return HAPLOID_REF if a == 0 else HAPLOID_ALT
    if a != b:
        return HET if a == 0 or b == 0 else HET_ALT
    return HOM_REF if a == 0 else HOM_ALT
