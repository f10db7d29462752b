# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""One pass over alignment records; see `genocohort.kernels` for how it is found and driven."""

from libc.stdint cimport (
    INT64_MAX, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t)
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

import numpy as np

include "bgzf.pxi"
include "records.pxi"
include "reads.pxi"
include "mates.pxi"
include "depth.pxi"
include "sites.pxi"
include "htslib.pxi"

cdef enum:
    MUCH = 1 << 20               # values in a list that the caller then takes away

PAST_RANGE = 1 << 40             # `next_contig`: no record of the range is left
N_SUM_CELLS = N_SUMS
CYCLE_CELLS = CYCLES
COVERAGE_CELLS = COVERAGES
INDEL_CELLS = INDELS


cdef object vector_array(Vector *v):
    """A copy of the values, int64; the list is emptied."""
    cdef int64_t i, n = v.n
    found = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] view
    if n:
        view = found
        memcpy(&view[0], v.p, n * sizeof(int64_t))
    v.n = 0
    return found


cdef int64_t *cells_of(object array) except NULL:
    return <int64_t *><uintptr_t>array.ctypes.data


cdef class Measurer:
    """Counts of one thread: opened on piece after piece of a file, it adds up what it sees.

    Attributes
    ----------
    counts : dict of str to ndarray
        int64 cells by read group, as `Reads` in reads.pxi describes them.
    first, stop : int
        Virtual offsets of the piece's first record and of the first one behind it.
    n_records : int
        Records looked at in the piece.
    """

    cdef Bgzf z
    cdef Reads c
    cdef Mates m
    cdef Depth d
    cdef Sites s
    cdef Groups groups
    cdef Record r
    cdef readonly dict counts
    cdef object names, offsets, evaluated, targets, sites, site_counts, narrow
    cdef uint32_t excluded_flags, min_mapping_quality
    cdef bint count_deletions, pending, is_first_known, is_past
    cdef int error
    cdef int64_t n_contigs, contig, length, query_contig
    cdef int64_t last_contig, last_start
    cdef int64_t range_contig, range_start, range_end_contig, range_end
    cdef readonly int64_t first, stop, n_records
    cdef int64_t read_depth_sum, soft_clipped, n_past_end
    cdef Vector blocks
    # htslib, where it reads
    cdef void *file
    cdef void *header
    cdef void *index
    cdef void *query
    cdef bam1_t *record

    def __cinit__(self, *args, **kwargs):
        memset(&self.c, 0, sizeof(Reads))
        memset(&self.s, 0, sizeof(Sites))
        memset(&self.blocks, 0, sizeof(Vector))
        self.file = self.header = self.index = self.query = self.record = NULL
        if (bgzf_init(&self.z) != OK or mates_init(&self.m) != OK
                or depth_init(&self.d) != OK):
            raise MemoryError("the alignment kernel's buffers")

    def __init__(self, list group_names, int64_t n_contigs, int64_t insert_max,
                 uint32_t excluded_flags, uint32_t min_mapping_quality, bint count_deletions,
                 uint32_t site_min_mapping_quality=0, uint32_t site_min_base_quality=0):
        cdef int64_t g = len(group_names) + 1
        cdef const uint8_t[::1] names
        cdef const int64_t[::1] offsets
        joined = b"".join(group_names)
        self.names = np.frombuffer(joined + b"\0", dtype=np.uint8)
        lengths = [0] + [len(name) for name in group_names]
        self.offsets = np.cumsum(np.array(lengths, dtype=np.int64))
        names, offsets = self.names, self.offsets
        self.groups.n = g - 1
        self.groups.last = 0
        self.groups.names, self.groups.offset = &names[0], &offsets[0]
        self.n_contigs = n_contigs
        self.excluded_flags = excluded_flags
        self.min_mapping_quality = min_mapping_quality
        self.count_deletions = count_deletions
        self.s.min_mapping_quality = site_min_mapping_quality
        self.s.min_base_quality = site_min_base_quality
        shapes = {
            "sums": (g, N_SUMS, 2), "contig_flags": (g, N_FLAGS), "quality": (g, 3, CYCLES, 256),
            "failed_quality": (g, 256), "pairs": (g, 2, 3, PAIRS, 64), "bases": (g, 2, 2, CYCLES, BASES), "gc": (g, 101),
            "gc_steps": (g, 2, GC_STEPS), "mapping_quality": (g, 2, 256),
            "lengths": (g, 3, LENGTHS), "inserts": (g, insert_max + 1, 3, 2),
            "indel_length": (g, 2, INDELS + 1), "indel_cycle": (g, 2, 2, CYCLES),
            "pending": (g,), "longest": (g,),
        }
        self.counts = {name: np.zeros(shape, dtype=np.int64) for name, shape in shapes.items()}
        self.narrow = (
            np.zeros((g, 2, CYCLES, NARROW_QUALITIES), dtype=np.uint8),
            np.zeros((g, 2, 3, PAIRS, 64), dtype=np.uint8),
        )
        self.c.n_groups, self.c.insert_max = g, insert_max
        self.c.sums = cells_of(self.counts["sums"])
        self.c.contig_flags = cells_of(self.counts["contig_flags"])
        self.c.quality = cells_of(self.counts["quality"])
        self.c.failed_quality = cells_of(self.counts["failed_quality"])
        self.c.pairs = cells_of(self.counts["pairs"])
        self.c.bases = cells_of(self.counts["bases"])
        self.c.gc = cells_of(self.counts["gc"])
        self.c.gc_steps = cells_of(self.counts["gc_steps"])
        self.c.mapping_quality = cells_of(self.counts["mapping_quality"])
        self.c.lengths = cells_of(self.counts["lengths"])
        self.c.inserts = cells_of(self.counts["inserts"])
        self.c.indel_length = cells_of(self.counts["indel_length"])
        self.c.indel_cycle = cells_of(self.counts["indel_cycle"])
        self.c.pending = cells_of(self.counts["pending"])
        self.c.longest = cells_of(self.counts["longest"])
        self.c.narrow_quality = <uint8_t *>cells_of(self.narrow[0])
        self.c.narrow_bases = <uint8_t *>cells_of(self.narrow[1])

    def __dealloc__(self):
        bgzf_free(&self.z)
        mates_free(&self.m)
        depth_free(&self.d)
        free(self.c.flags_seen.p)
        free(self.c.long_lengths.p)
        free(self.blocks.p)
        free(self.s.shared.p)
        self.close_htslib()

    # ---- where records come from

    def open_bam(self, int fd, int64_t offset, tuple start, tuple end):
        """Begin a piece of a BAM.

        Parameters
        ----------
        fd : int
            The open file.
        offset : int
            Virtual offset of a record at or before the piece; -1: the file's start.
        start, end : (int, int)
            First contig and position of the piece, and those behind it.
        """
        cdef int rc = OK
        cdef int64_t within = offset & 0xFFFF
        self._range(start, end)
        bgzf_seek(&self.z, fd, 0 if offset < 0 else offset >> 16)
        if offset < 0:
            with nogil:
                rc = bgzf_skip_header(&self.z)
        elif within:
            rc = bgzf_need(&self.z, within)
            rc = TRUNCATED if rc == END else rc
            self.z.at += within if rc == OK else 0
        self.error = rc
        return rc

    def open_htslib(self, bytes path, bytes reference, bytes index, tuple start, tuple end,
                    int threads):
        """Begin contigs of a CRAM by its index, or all of it (`index` empty).

        With more than one thread htslib decodes on threads of its own.
        """
        self.close_htslib()
        self._range(start, end)
        self.error = self._open_htslib(path, reference, index, threads)
        return self.error

    cdef int _open_htslib(
        self, bytes path, bytes reference, bytes index, int threads
    ) except? -99:
        self.record = hts.record()
        self.file = hts.open(path, b"r")
        if self.file == NULL or self.record == NULL:
            return READ_FAILED
        if reference and hts.reference(self.file, reference) != 0:
            return READ_FAILED
        if threads > 1 and hts.threads(self.file, threads) != 0:
            return READ_FAILED
        self.header = hts.header(self.file)
        if self.header == NULL:
            return BAD_HEADER
        if not index:
            return OK
        self.index = hts.index(self.file, path, index, 0)
        if self.index == NULL:
            return READ_FAILED
        self.query_contig = self.range_contig
        return OK

    def close_htslib(self):
        """Give htslib's file back."""
        if self.query != NULL:
            hts.query_free(self.query)
        if self.index != NULL:
            hts.index_free(self.index)
        if self.header != NULL:
            hts.header_free(self.header)
        if self.record != NULL:
            hts.record_free(self.record)
        if self.file != NULL:
            hts.close(self.file)
        self.file = self.header = self.index = self.query = self.record = NULL

    cdef void _range(self, tuple start, tuple end):
        self.range_contig, self.range_start = start
        self.range_end_contig, self.range_end = end
        self.pending = self.is_first_known = self.is_past = False
        self.last_contig = self.last_start = -1
        self.n_records = 0
        self.first = self.stop = -1
        mates_clear(&self.m)

    cdef int _load(self) noexcept nogil:
        """Have the next record ready, none of a contig before the range; OK or what is wrong."""
        cdef int rc
        while True:
            rc = self._load_next()
            if rc != OK or self.is_past or self.last_contig >= self.range_contig:
                return rc
            self._use_up()

    cdef int _load_next(self) noexcept nogil:
        cdef int64_t contig, start, n
        cdef int rc
        if self.pending or self.is_past:
            return OK
        if self.file != NULL:
            rc = self._load_htslib()
        else:
            rc = bgzf_need(&self.z, 4)
            if rc == OK:
                n = i32(self.z.data + self.z.at)
                if n < FIXED_BYTES or n > RECORD_BYTES:
                    return BAD_RECORD
                rc = bgzf_need(&self.z, 4 + n)
                if rc == OK:
                    rc = record_parse(&self.r, self.z.data + self.z.at + 4, n)
                elif rc == END:
                    rc = TRUNCATED
            elif rc == END and self.z.at < self.z.end:
                rc = TRUNCATED
        if rc == END:
            self._past()
            return OK
        if rc != OK:
            return rc
        if self.r.contig >= self.n_contigs or self.r.contig < -1 or self.r.start < -1:
            return BAD_RECORD
        contig = self.r.contig if self.r.contig >= 0 else self.n_contigs
        start = self.r.start if self.r.contig >= 0 else 0
        if contig < self.last_contig or (contig == self.last_contig and start < self.last_start):
            return UNSORTED
        self.last_contig, self.last_start = contig, start
        if contig > self.range_end_contig or (
                contig == self.range_end_contig and start >= self.range_end):
            self._past()
            return OK
        if not self.is_first_known and self._owns(contig, start):
            self.first = self._tell()
            self.is_first_known = True
        self.pending = True
        return OK

    cdef int _load_htslib(self) noexcept nogil:
        """Have htslib decode the next record, contig after contig where there is an index."""
        cdef int rc
        if self.index == NULL:
            rc = hts.read(self.file, self.header, self.record)
        else:
            rc = -1
            while True:
                if self.query != NULL:
                    rc = hts.next(NULL, self.query, self.record, self.file)
                if rc != -1 or self.query_contig >= self._end_of_queries():
                    break
                if self.query != NULL:
                    hts.query_free(self.query)
                # -2 asks for the records without a place.
                self.query = hts.query(
                    self.index, -2 if self.query_contig == self.n_contigs
                    else <int>self.query_contig,
                    high(self.range_start, 0) if self.query_contig == self.range_contig else 0,
                    self.range_end if self.query_contig == self.range_end_contig else INT64_MAX)
                if self.query == NULL:
                    return READ_FAILED
                self.query_contig += 1
        if rc >= 0:
            return record_of_htslib(&self.r, self.record)
        return END if rc == -1 else BAD_DATA

    cdef int64_t _end_of_queries(self) noexcept nogil:
        """The first contig that the range holds nothing of."""
        return low(self.range_end_contig + (self.range_end > 0), self.n_contigs + 1)

    cdef int64_t _tell(self) noexcept nogil:
        return -1 if self.file != NULL else bgzf_tell(&self.z)

    cdef bint _owns(self, int64_t contig, int64_t start) noexcept nogil:
        return contig > self.range_contig or (
            contig == self.range_contig and start >= self.range_start)

    cdef void _past(self) noexcept nogil:
        self.is_past = True
        self.stop = self._tell()
        if not self.is_first_known:
            self.first = self.stop
            self.is_first_known = True

    cdef void _use_up(self) noexcept nogil:
        self.pending = False
        self.n_records += 1
        if self.file == NULL:
            self.z.at += 4 + <int64_t>i32(self.z.data + self.z.at)

    # ---- one contig after the other

    def next_contig(self):
        """Contig of the next record (the number of contigs: no place); PAST_RANGE at the end.

        A negative number is an error's code.
        """
        cdef int rc
        with nogil:
            rc = self._load()
        if rc != OK:
            self.error = rc
            return rc
        if self.is_past:
            return PAST_RANGE
        return self.last_contig

    def open_contig(self, int64_t contig, int64_t length, int64_t start, int64_t end,
                    evaluated, targets, sites=None, int64_t window_size=0, bint with_runs=False):
        """Begin a stretch of a contig.

        `evaluated`, `targets` : int64[k, 2] or None; `sites` : int64[m] or None, rising positions
        inside the stretch.
        """
        cdef const int64_t[:, ::1] view
        cdef const int64_t[::1] positions
        self.contig, self.length = contig, length
        self.evaluated, self.targets = evaluated, targets
        self.d.n_evaluated = self.d.n_targets = -1
        if evaluated is not None:
            self.d.n_evaluated = len(evaluated)
            if len(evaluated):
                view = evaluated
                self.d.evaluated = &view[0, 0]
        if targets is not None:
            self.d.n_targets = len(targets)
            if len(targets):
                view = targets
                self.d.targets = &view[0, 0]
        self.sites = sites
        self.s.n = 0 if sites is None else len(sites)
        self.s.next = 0
        self.site_counts = np.zeros((self.s.n, ALLELES), dtype=np.int64)
        if self.s.n:
            positions = sites
            self.s.position = &positions[0]
            self.s.counts = cells_of(self.site_counts)
        self.d.window_size, self.d.with_runs = window_size, with_runs
        depth_open(&self.d, start, end)
        mates_clear(&self.m)
        self.read_depth_sum = self.soft_clipped = self.n_past_end = 0

    def run(self):
        """Count the records of the open contig: 1 when they are through, 0 when lists are full.

        A negative number is an error's code.
        """
        cdef int rc
        with nogil:
            rc = self._run()
        if rc < 0:
            self.error = rc
        return rc

    cdef int _run(self) noexcept nogil:
        cdef int rc
        while True:
            rc = self._load()
            if rc != OK:
                return rc
            if self.is_past or self.last_contig != self.contig:
                return END
            rc = self._count()
            if rc != OK:
                return rc
            self._use_up()
            if (self.c.long_lengths.n > MUCH or self.d.deep.n > MUCH or self.d.runs.n > MUCH
                    or self.d.windows.n > MUCH):
                return OK

    cdef int _count(self) noexcept nogil:
        """Count the record that is ready."""
        cdef Record *r = &self.r
        cdef bint is_own = self._owns(self.last_contig, self.last_start)
        cdef bint gives, is_covered
        cdef int rc = record_tags(r, &self.groups)
        if rc == OK:
            rc = record_layout(r)
        if rc == OK and is_own:
            rc = reads_add(&self.c, r)
        if rc != OK or r.contig < 0 or r.start < 0:
            return rc
        rc = depth_advance(&self.d, r.start, False)
        gives = not r.flag & self.excluded_flags and r.mapping_quality >= self.min_mapping_quality
        is_covered = not r.flag & 0x104 and r.n_bases > 0
        if rc != OK or not (gives or is_covered):
            return rc
        return self._add_blocks(gives, is_covered, is_own)

    cdef int _add_blocks(self, bint gives, bint is_covered, bint is_own) noexcept nogil:
        """Add the record's blocks to both tracks, and take the overlap with its mate away."""
        cdef Record *r = &self.r
        cdef int64_t at = r.start, n
        cdef uint32_t i, operation
        cdef bint is_aligned
        cdef int rc = OK
        self.blocks.n = 0
        for i in range(r.n_operations):
            n = u32(r.cigar + 4 * <int64_t>i)
            operation = <uint32_t>n & 15
            n >>= 4
            is_aligned = operation == MATCH or operation == EQUAL or operation == DIFFERENT
            if n and is_aligned and is_covered:
                rc = depth_add(&self.d, 1, at, at + n, 1)
            if n and gives and (is_aligned or (operation == DELETION and self.count_deletions)):
                if rc == OK:
                    rc = depth_add(&self.d, 0, at, at + n, 1)
                if not vector_push(&self.blocks, at) or not vector_push(&self.blocks, at + n):
                    return NO_MEMORY
                if is_own:
                    self.read_depth_sum += low(at + n, self.length) - low(at, self.length)
            if rc != OK:
                return rc
            if is_aligned or operation == DELETION or operation == SKIP:
                at += n
        if not gives:
            return OK
        if is_own:
            self.soft_clipped += r.soft_clipped
            self.n_past_end += r.start + high(r.span, 1) > self.length
        self.s.shared.n = 0
        if (r.flag & 0x802) == 2:
            rc = self._find_mate()
        if rc == OK and self.s.n and sites_wanted(&self.s, r):
            sites_count(&self.s, r)
        return rc

    cdef int _find_mate(self) noexcept nogil:
        """Keep a read whose mate may overlap it, or take what both cover away once."""
        cdef Record *r = &self.r
        cdef int64_t end = r.start + high(r.span, 1), k
        cdef uint64_t one, two
        cdef Mate *mate
        cdef int rc, role
        # 1: waits for its mate; 2: waits unless the mate is there; 0: the mate may be there.
        role = 1 if r.start < r.mate_start else 2
        if r.mate_contig != r.contig or end <= r.mate_start or r.start > r.mate_start:
            role = 0
        if role == 0 and r.start >= self.m.furthest:
            return OK
        name_hashes(r, &one, &two)
        if role != 1:
            k = mates_place(&self.m, one, two)
            mate = &self.m.cell[k]
            if mate.one != 0 and mate.end > r.start:
                rc = self._take_shared(mate)
                mates_remove(&self.m, k)
                return rc
            if role == 0:
                return OK
        return mates_keep(
            &self.m, one, two, r.start, end, self.blocks.p, self.blocks.n // 2)

    cdef int _take_shared(self, Mate *mate) noexcept nogil:
        """Count what lies in blocks of both reads once."""
        cdef int64_t i = 0, j = 0, n = self.blocks.n // 2, start, end
        cdef int64_t *own = self.blocks.p
        cdef int64_t *other = mate_blocks(&self.m, mate)
        cdef int rc
        while i < mate.n_blocks and j < n:
            start = high(other[2 * i], own[2 * j])
            end = low(other[2 * i + 1], own[2 * j + 1])
            if start < end:
                rc = depth_add(&self.d, 0, start, end, -1)
                if rc == OK and self.s.n and not (
                        vector_push(&self.s.shared, start) and vector_push(&self.s.shared, end)):
                    rc = NO_MEMORY
                if rc != OK:
                    return rc
            if other[2 * i + 1] <= own[2 * j + 1]:
                i += 1
            else:
                j += 1
        return OK

    def take_lists(self):
        """Lists that grew, and empty them: long reads, deep bases, runs of equal depth, windows."""
        return {
            "long_lengths": vector_array(&self.c.long_lengths),
            "deep": vector_array(&self.d.deep).reshape(-1, 3),
            "runs": vector_array(&self.d.runs).reshape(-1, 2),
        }

    def close_contig(self):
        """Finish the stretch: its depth and sums (the last lists are left to `take_lists`)."""
        cdef int rc
        with nogil:
            rc = depth_advance(&self.d, self.d.end, True)
        if rc != OK:
            self.error = rc
            raise MemoryError("depth")
        cells = vector_array(&self.c.flags_seen)
        flat = self.counts["contig_flags"].reshape(-1)
        records = flat[cells].copy()
        flat[cells] = 0
        sums = self.counts["sums"].copy()
        self.counts["sums"][:] = 0
        return {
            "flag_cells": cells, "flag_records": records, "sums": sums,
            "read_depth_sum": self.read_depth_sum, "soft_clipped_bases": self.soft_clipped,
            "n_past_end": self.n_past_end, "evaluated_sum": self.d.evaluated_sum,
            "histogram": trimmed(self.d.histogram, DEPTHS),
            "target_histogram": trimmed(self.d.target_histogram, DEPTHS),
            "coverage": trimmed(self.d.coverage, COVERAGES),
            "windows": vector_array(&self.d.windows), "site_counts": self.site_counts,
        }

    def widen(self):
        """Bring the counts by cycle up to date."""
        cdef int64_t g
        for g in range(self.c.n_groups):
            reads_decode(&self.c, g)

    def position(self):
        """Offset in the file of the block in use, for messages; -1 where it is not known."""
        return -1 if self.file != NULL else bgzf_tell(&self.z) >> 16


cdef object trimmed(int64_t *cells, int64_t n):
    """A copy without the zeros at the end; one cell at least."""
    while n > 1 and cells[n - 1] == 0:
        n -= 1
    found = np.empty(n, dtype=np.int64)
    cdef int64_t[::1] view = found
    memcpy(&view[0], cells, n * sizeof(int64_t))
    return found


cdef class Inflater:
    """libdeflate on blocks in memory, for checks and tests."""

    cdef void *decompressor

    def __cinit__(self):
        self.decompressor = deflate_alloc()

    def __dealloc__(self):
        if self.decompressor != NULL:
            deflate_free(self.decompressor)

    def inflate(self, const uint8_t[::1] data, int64_t size):
        """Raw deflate data -> its bytes and their CRC32; None where it is damaged."""
        out = bytearray(max(size, 1))
        cdef uint8_t[::1] view = out
        if not len(data) or deflate_inflate(
                self.decompressor, &data[0], len(data), &view[0], size, NULL) != 0:
            return None
        return bytes(out[:size]), deflate_crc(0, &view[0], size)
