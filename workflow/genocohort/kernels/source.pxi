# Where records come from: blocks of a BAM, or htslib, limited to a range of the sorted file.

cdef struct Source:
    Bgzf z
    Record r                     # the record that is ready
    bint pending                 # there is one
    bint is_first_known
    bint is_past                 # no record of the range is left
    int64_t n_contigs
    int64_t n_records            # used up
    int64_t last_contig          # of the record that is ready; n_contigs: no place
    int64_t last_start
    int64_t range_contig         # the range begins at this contig and position
    int64_t range_start
    int64_t range_end_contig     # and ends before these
    int64_t range_end
    int64_t first                # virtual offsets: the first record, and the first one behind
    int64_t stop
    void *file                   # htslib's, where it reads
    void *header
    void *index
    void *query
    int64_t query_contig
    bam1_t *record


cdef int source_init(Source *s) noexcept nogil:
    memset(s, 0, sizeof(Source))
    return bgzf_init(&s.z)


cdef void source_free(Source *s) noexcept nogil:
    bgzf_free(&s.z)
    source_close_htslib(s)


cdef void source_range(
    Source *s, int64_t contig, int64_t start, int64_t end_contig, int64_t end
) noexcept nogil:
    """Begin a range of the file."""
    s.range_contig, s.range_start = contig, start
    s.range_end_contig, s.range_end = end_contig, end
    s.pending = s.is_first_known = s.is_past = False
    s.last_contig = s.last_start = -1
    s.n_records = 0
    s.first = s.stop = -1


cdef int source_open_bam(Source *s, int fd, int64_t offset) noexcept nogil:
    """Enter a BAM at the virtual offset of a record; -1: at its start."""
    cdef int64_t within = offset & 0xFFFF
    cdef int rc = OK
    bgzf_seek(&s.z, fd, 0 if offset < 0 else offset >> 16)
    if offset < 0:
        return bgzf_skip_header(&s.z)
    if within:
        rc = bgzf_need(&s.z, within)
        rc = TRUNCATED if rc == END else rc
        s.z.at += within if rc == OK else 0
    return rc


cdef int source_open_htslib(
    Source *s, bytes path, bytes reference, bytes index, int threads
) except? -99:
    """Open a CRAM, with its index where one is named."""
    s.record = hts.record()
    s.file = hts.open(path, b"r")
    if s.file == NULL or s.record == NULL:
        return READ_FAILED
    if reference and hts.reference(s.file, reference) != 0:
        return READ_FAILED
    if threads > 1 and hts.threads(s.file, threads) != 0:
        return READ_FAILED
    s.header = hts.header(s.file)
    if s.header == NULL:
        return BAD_HEADER
    if not index:
        return OK
    s.index = hts.index(s.file, path, index, 0)
    if s.index == NULL:
        return READ_FAILED
    s.query_contig = s.range_contig
    return OK


cdef void source_close_htslib(Source *s) noexcept nogil:
    """Give htslib's file back."""
    if s.query != NULL:
        hts.query_free(s.query)
    if s.index != NULL:
        hts.index_free(s.index)
    if s.header != NULL:
        hts.header_free(s.header)
    if s.record != NULL:
        hts.record_free(s.record)
    if s.file != NULL:
        hts.close(s.file)
    s.file = s.header = s.index = s.query = NULL
    s.record = NULL


cdef int source_load(Source *s) noexcept nogil:
    """Have the next record ready, none of a contig before the range; OK or what is wrong."""
    cdef int rc
    while True:
        rc = source_load_next(s)
        if rc != OK or s.is_past or s.last_contig >= s.range_contig:
            return rc
        source_use_up(s)


cdef int source_load_next(Source *s) noexcept nogil:
    cdef int64_t contig, start, n
    cdef int rc
    if s.pending or s.is_past:
        return OK
    if s.file != NULL:
        rc = source_load_htslib(s)
    else:
        rc = bgzf_need(&s.z, 4)
        if rc == OK:
            n = i32(s.z.data + s.z.at)
            if n < FIXED_BYTES or n > RECORD_BYTES:
                return BAD_RECORD
            rc = bgzf_need(&s.z, 4 + n)
            if rc == OK:
                rc = record_parse(&s.r, s.z.data + s.z.at + 4, n)
            elif rc == END:
                rc = TRUNCATED
        elif rc == END and s.z.at < s.z.end:
            rc = TRUNCATED
    if rc == END:
        source_past(s)
        return OK
    if rc != OK:
        return rc
    if s.r.contig >= s.n_contigs or s.r.contig < -1 or s.r.start < -1:
        return BAD_RECORD
    contig = s.r.contig if s.r.contig >= 0 else s.n_contigs
    start = s.r.start if s.r.contig >= 0 else 0
    if contig < s.last_contig or (contig == s.last_contig and start < s.last_start):
        return UNSORTED
    s.last_contig, s.last_start = contig, start
    if contig > s.range_end_contig or (
            contig == s.range_end_contig and start >= s.range_end):
        source_past(s)
        return OK
    if not s.is_first_known and source_owns(s, contig, start):
        s.first = source_tell(s)
        s.is_first_known = True
    s.pending = True
    return OK


cdef int source_load_htslib(Source *s) noexcept nogil:
    """Have htslib decode the next record, contig after contig where there is an index."""
    cdef int rc
    if s.index == NULL:
        rc = hts.read(s.file, s.header, s.record)
    else:
        rc = -1
        while True:
            if s.query != NULL:
                rc = hts.next(NULL, s.query, s.record, s.file)
            if rc != -1 or s.query_contig >= source_end_of_queries(s):
                break
            if s.query != NULL:
                hts.query_free(s.query)
            # -2 asks for the records without a place.
            s.query = hts.query(
                s.index, -2 if s.query_contig == s.n_contigs
                else <int>s.query_contig,
                high(s.range_start, 0) if s.query_contig == s.range_contig else 0,
                s.range_end if s.query_contig == s.range_end_contig else INT64_MAX)
            if s.query == NULL:
                return READ_FAILED
            s.query_contig += 1
    if rc >= 0:
        return record_of_htslib(&s.r, s.record)
    return END if rc == -1 else BAD_DATA


cdef int64_t source_end_of_queries(Source *s) noexcept nogil:
    """The first contig that the range holds nothing of."""
    return low(s.range_end_contig + (s.range_end > 0), s.n_contigs + 1)


cdef int64_t source_tell(Source *s) noexcept nogil:
    return -1 if s.file != NULL else bgzf_tell(&s.z)


cdef bint source_owns(Source *s, int64_t contig, int64_t start) noexcept nogil:
    return contig > s.range_contig or (
        contig == s.range_contig and start >= s.range_start)


cdef void source_past(Source *s) noexcept nogil:
    s.is_past = True
    s.stop = source_tell(s)
    if not s.is_first_known:
        s.first = s.stop
        s.is_first_known = True


cdef void source_use_up(Source *s) noexcept nogil:
    s.pending = False
    s.n_records += 1
    if s.file == NULL:
        s.z.at += 4 + <int64_t>i32(s.z.data + s.z.at)
