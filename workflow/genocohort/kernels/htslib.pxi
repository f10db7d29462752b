# Records of a CRAM through htslib, whose functions are taken from pysam's shared object.

cdef struct bam1_t:              # htslib 1.10 and later; `check_htslib` tries it
    int64_t pos
    int32_t tid
    uint16_t bin
    uint8_t qual
    uint8_t l_extranul
    uint16_t flag
    uint16_t l_qname
    uint32_t n_cigar
    int32_t l_qseq
    int32_t mtid
    int64_t mpos
    int64_t isize
    uint64_t id
    uint8_t *data
    int l_data
    uint32_t m_data
    uint32_t mempolicy

ctypedef void *(*open_function)(const char *, const char *) noexcept nogil
ctypedef void *(*header_function)(void *) noexcept nogil
ctypedef void (*header_free_function)(void *) noexcept nogil
ctypedef int (*read_function)(void *, void *, bam1_t *) noexcept nogil
ctypedef int (*threads_function)(void *, int) noexcept nogil
ctypedef int (*reference_function)(void *, const char *) noexcept nogil
ctypedef int (*close_function)(void *) noexcept nogil
ctypedef bam1_t *(*record_function)() noexcept nogil
ctypedef void (*record_free_function)(bam1_t *) noexcept nogil
ctypedef void *(*index_function)(void *, const char *, const char *, int) noexcept nogil
ctypedef void (*index_free_function)(void *) noexcept nogil
ctypedef void *(*query_function)(const void *, int, int64_t, int64_t) noexcept nogil
ctypedef int (*next_function)(void *, void *, void *, void *) noexcept nogil
ctypedef void (*query_free_function)(void *) noexcept nogil

cdef struct Htslib:
    open_function open
    header_function header
    header_free_function header_free
    read_function read
    threads_function threads
    reference_function reference
    close_function close
    record_function record
    record_free_function record_free
    index_function index
    index_free_function index_free
    query_function query
    next_function next
    query_free_function query_free

cdef Htslib hts
memset(&hts, 0, sizeof(Htslib))


def bind_htslib(dict address):
    """Take htslib's functions by their addresses, and check the layout of a record.

    `address` : name -> address; `bam_set1`, too, which builds the record that is looked at.
    """
    hts.open = <open_function><uintptr_t>address["hts_open"]
    hts.header = <header_function><uintptr_t>address["sam_hdr_read"]
    hts.header_free = <header_free_function><uintptr_t>address["sam_hdr_destroy"]
    hts.read = <read_function><uintptr_t>address["sam_read1"]
    hts.threads = <threads_function><uintptr_t>address["hts_set_threads"]
    hts.reference = <reference_function><uintptr_t>address["hts_set_fai_filename"]
    hts.close = <close_function><uintptr_t>address["hts_close"]
    hts.record = <record_function><uintptr_t>address["bam_init1"]
    hts.record_free = <record_free_function><uintptr_t>address["bam_destroy1"]
    hts.index = <index_function><uintptr_t>address["sam_index_load3"]
    hts.index_free = <index_free_function><uintptr_t>address["hts_idx_destroy"]
    hts.query = <query_function><uintptr_t>address["sam_itr_queryi"]
    hts.next = <next_function><uintptr_t>address["hts_itr_next"]
    hts.query_free = <query_free_function><uintptr_t>address["hts_itr_destroy"]


def describe_record(uintptr_t place) -> tuple:
    """The fields of a bam1_t at an address, as this module understands them."""
    cdef bam1_t *b = <bam1_t *>place
    return (b.tid, b.pos, b.qual, b.flag, b.l_qname - b.l_extranul, b.n_cigar, b.l_qseq, b.mtid,
            b.mpos, b.isize, (<char *>b.data)[:b.l_data])


cdef int record_of_htslib(Record *r, bam1_t *b) noexcept nogil:
    """Take over a record of htslib, which has checked its bounds."""
    cdef int64_t used = b.l_qname + 4 * <int64_t>b.n_cigar
    r.contig = b.tid
    r.start = b.pos
    r.mapping_quality = b.qual
    r.flag = b.flag
    r.n_operations = b.n_cigar
    r.n_bases = b.l_qseq
    r.mate_contig = b.mtid
    r.mate_start = b.mpos
    r.template_length = b.isize
    used += (r.n_bases + 1) // 2 + r.n_bases
    if r.n_bases < 0 or b.l_qname == 0 or used > b.l_data:
        return BAD_RECORD
    r.name_length = b.l_qname
    r.name = b.data
    r.cigar = r.name + b.l_qname
    r.sequence = r.cigar + 4 * <int64_t>r.n_operations
    r.quality = r.sequence + (r.n_bases + 1) // 2
    r.tags = r.quality + r.n_bases
    r.end = b.data + b.l_data
    return record_name(r)
