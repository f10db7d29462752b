# The fixed columns of a VCF record: numbers, and the class of each ALT allele against REF.
#
# What is not handled here is ODD: the plain engine reads that record, or says what is wrong with it.

cdef enum:
    ODD = 2
    MAX_ALTS = 64

cdef enum:                       # as ALLELE_CLASSES in domain/tables_variants.py has them
    SNV = 0
    INSERTION = 1
    DELETION = 2
    MNV = 3
    COMPLEX = 4
    STAR = 5
    SYMBOLIC = 6
    NON_REF = 8
    NO_ALT = 9

cdef struct Allele:
    const uint8_t *p
    int64_t n
    int kind
    int64_t length_change
    int substitution             # as SUBSTITUTIONS in domain/alleles.py has them; -1: none

cdef uint8_t BASE[256]           # 1-4: A C G T, 5: another base of the IUPAC codes, 0: none
cdef double TENTHS[23]


cdef void alleles_init():
    cdef int i
    cdef bytes others = b"URYSWKMBDHVN"
    memset(BASE, 0, 256)
    for c in others + others.lower():
        BASE[<uint8_t>c] = 5
    for i in range(4):
        BASE[<uint8_t>(<bytes>b"ACGT")[i]] = BASE[<uint8_t>(<bytes>b"acgt")[i]] = <uint8_t>(i + 1)
    TENTHS[0] = 1.0
    for i in range(1, 23):
        TENTHS[i] = TENTHS[i - 1] * 10.0


alleles_init()


cdef inline uint8_t upper(uint8_t c) noexcept nogil:
    return c - 32 if c >= 97 and c <= 122 else c


cdef inline bint is_letter(uint8_t c) noexcept nogil:
    return (c >= 65 and c <= 90) or (c >= 97 and c <= 122)


cdef int64_t whole_number(const uint8_t *p, const uint8_t *end) noexcept nogil:
    """A whole number of at most 18 digits; -1 where the text is another."""
    cdef int64_t value = 0
    if p >= end or end - p > 18:
        return -1
    while p < end:
        if p[0] < 48 or p[0] > 57:
            return -1
        value = value * 10 + p[0] - 48
        p += 1
    return value


cdef double decimal_number(const uint8_t *p, const uint8_t *end) noexcept nogil:
    """A number of at most 15 digits with an optional point, rounded as it must be; else -1."""
    cdef int64_t value = 0
    cdef int digits = 0, behind = -1
    while p < end:
        if p[0] == c'.' and behind < 0:
            behind = 0
        elif p[0] >= 48 and p[0] <= 57 and digits < 15:
            value = value * 10 + p[0] - 48
            digits += 1
            behind += behind >= 0
        else:
            return -1
        p += 1
    if digits == 0:
        return -1
    return <double>value / TENTHS[behind] if behind > 0 else <double>value


cdef int classify(const uint8_t *ref, int64_t n_ref, Allele *a) noexcept nogil:
    """Class, change of length and substitution of one ALT allele; ODD for what is rare."""
    cdef int64_t i, n = a.n, prefix = 0, suffix = 0, shorter = low(n_ref, n)
    cdef int old, new
    a.length_change, a.substitution = 0, -1
    if n == 1 and a.p[0] == c'*':
        a.kind = STAR
        return OK
    if n >= 3 and a.p[0] == c'<' and a.p[n - 1] == c'>':
        for i in range(1, n - 1):
            if a.p[i] == c'[' or a.p[i] == c']' or a.p[i] >= 128:
                return ODD
        a.kind = SYMBOLIC
        if (n == 3 and a.p[1] == c'*') or (n == 9 and memcmp(a.p, b"<NON_REF>", 9) == 0):
            a.kind = NON_REF
        return OK
    if n == 0:
        return ODD
    for i in range(n):
        if BASE[a.p[i]] == 0:
            return ODD
    while prefix < shorter and upper(ref[prefix]) == upper(a.p[prefix]):
        prefix += 1
    while suffix < shorter - prefix and (
            upper(ref[n_ref - 1 - suffix]) == upper(a.p[n - 1 - suffix])):
        suffix += 1
    n_ref -= prefix + suffix
    n -= prefix + suffix
    a.length_change = n - n_ref
    if n_ref == 0:
        a.kind = NO_ALT if n == 0 else INSERTION
    elif n == 0:
        a.kind = DELETION
    elif n_ref == 1 and n == 1:
        a.kind = SNV
        old, new = BASE[ref[prefix]] - 1, BASE[a.p[prefix]] - 1
        if 0 <= old < 4 and 0 <= new < 4:
            a.substitution = 3 * old + new - (new > old)
    else:
        a.kind = MNV if n == n_ref else COMPLEX
    return OK


cdef inline bint is_transition(int substitution) noexcept nogil:
    # A>G, C>T, G>A, T>C
    return substitution == 1 or substitution == 5 or substitution == 6 or substitution == 10
