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
include "regions.pxi"
include "depth.pxi"
include "sites.pxi"
include "gc.pxi"
include "htslib.pxi"
include "source.pxi"
include "stretch.pxi"

cdef enum:
    MUCH = 1 << 20               # values in a list that the caller then takes away
    NEXT_CHUNK = 2               # `run`: the next chunk of the reference is needed

PAST_RANGE = 1 << 40             # `next_contig`: no record of the range is left
GC_CHUNK_NEEDED = NEXT_CHUNK
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

    cdef Source source
    cdef Stretch stretch
    cdef Reads c
    cdef Gc gc
    cdef Groups groups
    cdef readonly dict counts
    cdef object names, offsets, evaluated, targets, sites, site_counts, narrow
    cdef object regions, thresholds, region_cells, percent, gc_reads, gc_bins
    cdef int64_t contig

    def __cinit__(self, *args, **kwargs):
        memset(&self.c, 0, sizeof(Reads))
        memset(&self.gc, 0, sizeof(Gc))
        if source_init(&self.source) != OK or stretch_init(&self.stretch) != OK:
            raise MemoryError("the alignment kernel's buffers")

    @property
    def first(self):
        return self.source.first

    @property
    def stop(self):
        return self.source.stop

    @property
    def n_records(self):
        return self.source.n_records

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
        self.source.n_contigs = n_contigs
        self.stretch.excluded_flags = excluded_flags
        self.stretch.min_mapping_quality = min_mapping_quality
        self.stretch.count_deletions = count_deletions
        self.stretch.s.min_mapping_quality = site_min_mapping_quality
        self.stretch.s.min_base_quality = site_min_base_quality
        shapes = {
            "sums": (g, N_SUMS, 2), "contig_flags": (g, N_FLAGS),
            "inserts": (g, insert_max + 1, 3, 2), "quality": (3, 256, CYCLES),
            "failed_quality": (256,), "pairs": (2, 3, 64, PAIRS), "bases": (2, 2, CYCLES, BASES),
            "gc": (101,), "gc_steps": (2, GC_STEPS), "mapping_quality": (2, 256),
            "lengths": (3, LENGTHS), "indel_length": (2, INDELS + 1),
            "indel_cycle": (2, 2, CYCLES),
        }
        self.counts = {name: np.zeros(shape, dtype=np.int64) for name, shape in shapes.items()}
        self.narrow = (
            np.zeros((2, NARROW_QUALITIES, CYCLES), dtype=np.uint8),
            np.zeros((2, 3, 64, PAIRS), dtype=np.uint8),
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
        self.c.narrow_quality = <uint8_t *>cells_of(self.narrow[0])
        self.c.narrow_bases = <uint8_t *>cells_of(self.narrow[1])

    def __dealloc__(self):
        source_free(&self.source)
        stretch_free(&self.stretch)
        free(self.c.flags_seen.p)
        free(self.c.inserts_seen.p)
        free(self.c.long_lengths.p)
        free(self.gc.far.p)

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
        cdef int rc
        self._range(start, end)
        with nogil:
            rc = source_open_bam(&self.source, fd, offset)
        return rc

    def open_htslib(self, bytes path, bytes reference, bytes index, tuple start, tuple end,
                    int threads):
        """Begin contigs of a CRAM by its index, or all of it (`index` empty).

        With more than one thread htslib decodes on threads of its own.
        """
        source_close_htslib(&self.source)
        self._range(start, end)
        return source_open_htslib(&self.source, path, reference, index, threads)

    def close_htslib(self):
        """Give htslib's file back."""
        source_close_htslib(&self.source)

    cdef void _range(self, tuple start, tuple end):
        source_range(&self.source, start[0], start[1], end[0], end[1])

    # ---- one contig after the other

    def next_contig(self):
        """Contig of the next record (the number of contigs: no place); PAST_RANGE at the end.

        A negative number is an error's code.
        """
        cdef int rc
        with nogil:
            rc = source_load(&self.source)
        if rc != OK:
            return rc
        return PAST_RANGE if self.source.is_past else self.source.last_contig

    def open_contig(self, int64_t contig, int64_t length, int64_t start, int64_t end,
                    evaluated, targets, sites=None, int64_t window_size=0, bint with_runs=False,
                    regions=None):
        """Begin a stretch of a contig.

        `evaluated`, `targets` : int64[k, 2] or None; `sites` : int64[m] or None, rising positions
        inside the stretch; `regions` : int64[k, 2] or None, by start, inside the stretch.
        """
        cdef const int64_t[:, ::1] view
        cdef const int64_t[::1] positions
        cdef Depth *d = &self.stretch.d
        cdef Sites *s = &self.stretch.s
        self.contig = contig
        self.evaluated, self.targets, self.sites = evaluated, targets, sites
        d.n_evaluated = -1 if evaluated is None else len(evaluated)
        if d.n_evaluated > 0:
            view = evaluated
            d.evaluated = &view[0, 0]
        d.n_targets = -1 if targets is None else len(targets)
        if d.n_targets > 0:
            view = targets
            d.targets = &view[0, 0]
        s.n = 0 if sites is None else len(sites)
        s.next = 0
        self.site_counts = np.zeros((s.n, ALLELES), dtype=np.int64)
        if s.n:
            positions = sites
            s.position = &positions[0]
            s.counts = cells_of(self.site_counts)
        d.window_size, d.with_runs = window_size, with_runs
        self._open_regions(regions)
        self.gc.wanted = False
        stretch_open(&self.stretch, length, start, end)

    cdef void _open_regions(self, regions):
        cdef const int64_t[:, ::1] view
        cdef Regions *g = &self.stretch.d.regions
        self.regions = regions
        g.n = 0 if regions is None else len(regions)
        self.region_cells = np.zeros((g.n, 1 + g.n_thresholds), dtype=np.int64)
        if g.n:
            view = regions
            g.place = &view[0, 0]
            g.cells = cells_of(self.region_cells)

    def set_thresholds(self, thresholds):
        """Depths (int64[t]) for which the bases of regions that reach them are counted."""
        cdef const int64_t[::1] view = thresholds
        self.thresholds = thresholds
        self.stretch.d.regions.n_thresholds = len(thresholds)
        if len(thresholds):
            self.stretch.d.regions.threshold = &view[0]

    def open_gc(self, int64_t window, int64_t bin_size):
        """Count the open stretch's reads by the reference's GC; `set_chunk` must come next."""
        cdef Gc *g = &self.gc
        cdef Depth *d = &self.stretch.d
        g.wanted = True
        g.window, g.bin_size, g.length = window, bin_size, self.stretch.length
        g.first_bin = d.start // bin_size
        # A record may begin at the stretch's end or behind it: its place is the contig's last.
        self.gc_bins = np.zeros(max(d.end - 1, d.start) // bin_size - g.first_bin + 1, np.int64)
        self.gc_reads = np.zeros((2, GC_CELLS), dtype=np.int64)
        g.bins, g.reads = cells_of(self.gc_bins), cells_of(self.gc_reads)
        g.far.n = g.n = g.base = g.stop = 0

    def set_chunk(self, percent, int64_t base, int64_t stop):
        """The reference's windows that begin at `base` and later, for reads that begin before `stop`.

        `percent` : uint8[n], at most NO_WINDOW, of all windows from which reads before `stop` may
        take theirs, but for those far behind it.
        """
        cdef const uint8_t[::1] view = percent
        self.percent = percent
        self.gc.percent = &view[0] if len(percent) else NULL
        self.gc.base, self.gc.n, self.gc.stop = base, len(percent), stop

    def run(self):
        """Count the records of the open contig: 1 when they are through, 0 when lists are full.

        GC_CHUNK_NEEDED where the next record lies behind the chunk; negative: an error's code.
        """
        cdef int rc
        with nogil:
            rc = self._run()
        return rc

    cdef int _run(self) noexcept nogil:
        cdef Source *source = &self.source
        cdef Depth *d = &self.stretch.d
        cdef int rc
        while True:
            rc = source_load(source)
            if rc != OK:
                return rc
            if source.is_past or source.last_contig != self.contig:
                return END
            if self.gc.wanted and source.last_start >= self.gc.stop:
                return NEXT_CHUNK
            rc = self._count(&source.r)
            if rc != OK:
                return rc
            source_use_up(source)
            if (self.c.long_lengths.n > MUCH or d.deep.n > MUCH or d.runs.n > MUCH
                    or d.windows.n > MUCH or self.gc.far.n > MUCH):
                return OK

    cdef int _count(self, Record *r) noexcept nogil:
        """Count the record that is ready."""
        cdef bint is_own = source_owns(
            &self.source, self.source.last_contig, self.source.last_start)
        cdef int rc = record_tags(r, &self.groups)
        if rc == OK:
            rc = record_layout(r)
        if rc == OK and is_own:
            rc = reads_add(&self.c, r)
        if rc != OK or r.contig < 0 or r.start < 0:
            return rc
        if is_own and self.gc.wanted and not gc_add(&self.gc, r):
            return NO_MEMORY
        return stretch_add(&self.stretch, r, is_own)

    def take_lists(self):
        """Lists that grew, and empty them: long reads, deep bases, runs of equal depth, windows."""
        return {
            "long_lengths": vector_array(&self.c.long_lengths),
            "deep": vector_array(&self.stretch.d.deep).reshape(-1, 3),
            "runs": vector_array(&self.stretch.d.runs).reshape(-1, 2),
            "far": vector_array(&self.gc.far),
        }

    def close_contig(self):
        """Finish the stretch: its depth and sums (the last lists are left to `take_lists`)."""
        cdef Stretch *c = &self.stretch
        cdef int rc
        with nogil:
            rc = depth_advance(&c.d, c.d.end, True)
        if rc != OK:
            raise MemoryError("depth")
        flag_cells, records = self._taken("contig_flags", &self.c.flags_seen)
        insert_cells, reads = self._taken("inserts", &self.c.inserts_seen)
        sums = self.counts["sums"].copy()
        self.counts["sums"][:] = 0
        return {
            "flag_cells": flag_cells, "flag_records": records, "sums": sums,
            "insert_cells": insert_cells, "insert_reads": reads,
            "read_depth_sum": c.read_depth_sum, "soft_clipped_bases": c.soft_clipped,
            "n_past_end": c.n_past_end, "evaluated_sum": c.d.evaluated_sum,
            "histogram": trimmed(c.d.histogram, DEPTHS),
            "target_histogram": trimmed(c.d.target_histogram, DEPTHS),
            "coverage": trimmed(c.d.coverage, COVERAGES),
            "windows": vector_array(&c.d.windows), "site_counts": self.site_counts,
            "region_cells": self.region_cells,
            "gc_reads": self.gc_reads if self.gc.wanted else None,
            "gc_bins": self.gc_bins if self.gc.wanted else None,
        }

    cdef tuple _taken(self, str name, Vector *seen):
        """The cells of the open contig that are not 0, and their counts, which are then given up."""
        cells = vector_array(seen)
        flat = self.counts[name].reshape(-1)
        found = flat[cells].copy()
        flat[cells] = 0
        return cells, found

    def widen(self):
        """Bring the counts by cycle up to date."""
        reads_decode(&self.c)

    def position(self):
        """Offset in the file of the block in use, for messages; -1 where it is not known."""
        return -1 if self.source.file != NULL else bgzf_tell(&self.source.z) >> 16


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
