# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""One pass over the text of variant calls; see `genocohort.kernels` for how it is found."""

from libc.stdint cimport (
    int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t)
from libc.math cimport INFINITY, NAN, fabs
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

import numpy as np

include "bgzf.pxi"
include "calls_alleles.pxi"
include "calls_filter.pxi"
include "calls_store.pxi"
include "calls_genotypes.pxi"
include "calls_hwe.pxi"

# Columns of a row; the eleven classes follow.
ROW_COLUMNS = (
    "vcf_pos", "record", "allele", "n_alt_alleles", "allele_class", "length_change",
    "substitution", "is_pass", "ac", "an", "n_hom_tested", "n_het_tested", "n_tested", "dp_sum",
    "n_dp", "gq_sum", "n_gq", "n_not_expected_called", "het_ref_depth", "het_alt_depth",
)
DEPTH_CELLS, QUALITY_CELLS = DEPTHS, QUALITIES

cdef enum:
    N_ROW = 20 + N_CLASSES
    N_NARROW = 3 + N_CARRIED     # het, hom_alt, missing, carried
    TEXTS = 4                    # ID, REF, ALT, FILTER
    N_REASONS = 4                # FILTER, QUAL, not included, excluded


cdef class Inflater:
    """libdeflate's functions, to be tried."""

    def inflate(self, bytes data, int64_t size):
        """The inflated bytes and their CRC; None where the data is damaged."""
        cdef void *decompressor = deflate_alloc()
        cdef bytearray out = bytearray(size)
        cdef uint8_t[::1] view = out
        cdef const uint8_t[::1] source = data
        cdef int rc = deflate_inflate(
            decompressor, &source[0], len(data), &view[0], size, NULL) if len(data) else 1
        deflate_free(decompressor)
        return (bytes(out), deflate_crc(0, &view[0], size)) if rc == 0 else None


def shard_starts(int fd, int64_t start, int64_t end, int64_t shard_bytes):
    """Offsets of blocks at which shards begin: each holds at least so many inflated bytes.

    Only the blocks' headers and lengths are read. A negative number is an error's code.
    """
    cdef uint8_t head[1 << 12]
    cdef uint8_t size[4]
    cdef int64_t at = start, inflated = shard_bytes, length, q, extra
    cdef ssize_t got
    starts = []
    while end < 0 or at < end:
        got = pread(fd, head, sizeof(head) if at == start else 64, at)
        if got < 0:
            return READ_FAILED
        if got == 0:
            break
        if got < 18:
            return TRUNCATED
        if head[0] != 31 or head[1] != 139 or head[2] != 8 or not head[3] & 4:
            return NOT_BGZF
        extra = u16(head + 10)
        q, length = 12, 0
        while q + 6 <= low(12 + extra, got):
            if head[q] == 66 and head[q + 1] == 67 and u16(head + q + 2) == 2:
                length = <int64_t>u16(head + q + 4) + 1
            q += 4 + u16(head + q + 2)
        if length < 26:
            return NOT_BGZF
        if inflated >= shard_bytes:
            starts.append(at)
            inflated = 0
        if pread(fd, size, 4, at + length - 4) != 4:
            return TRUNCATED
        inflated += u32(size)
        at += length
    return starts


cdef class Counter:
    """Counts records of one contig; shards in any order, sums over all of them.

    Attributes
    ----------
    classes : ndarray, int64[2, n, 11]
        Genotypes of each sample by class, over records that do not pass and that pass.
    called : ndarray, int64[2, n]
        Genotypes with a called allele where none is expected.
    carried : ndarray, int64[2, n, 8]
    depths : ndarray, int64[2, n, 4]
        Sum and number of DP, of GQ.
    allele_depths : ndarray, int64[2, n, 2]
        AD of REF and of ALT in heterozygous genotypes with REF.
    depth_cells, quality_cells : ndarray, int64[2, k]
    n_without_gt, n_gt_not_first : int
    n_left_out : ndarray, int64[4]
        Records that the site filter left out: by FILTER, QUAL, not included, excluded.
    n_records : int
        Of the shard.
    is_late, is_left, is_broken : bool
        Whether other lines than the contig's stand before its first record of the shard, behind
        one, and between two.
    """

    cdef readonly object classes, called, carried, depths, allele_depths
    cdef readonly object depth_cells, quality_cells
    cdef readonly int64_t n_without_gt, n_gt_not_first, n_records
    cdef readonly bint is_late, is_left, is_broken
    cdef Bgzf z
    cdef bint is_plain, is_done, is_held
    cdef int64_t file_at, end_block, n_columns, n
    cdef object keep_, due_, tested_, par_, everyone_, contig_
    cdef const int64_t[::1] column
    cdef const uint8_t[::1] expected, tested, diploid
    cdef const int64_t[:, ::1] par
    cdef const uint8_t *contig
    cdef int64_t contig_bytes
    cdef bint all_diploid, stop_at_other
    cdef int64_t last_pos, first_pos
    cdef readonly object n_left_out
    cdef Sites sites
    cdef int64_t[::1] left_out_v
    # one record
    cdef Allele alts[MAX_ALTS]
    cdef int n_alts
    cdef Genotype *cells
    cdef uint8_t *raw_code
    cdef uint8_t *code
    cdef int32_t *at
    cdef int64_t pos
    cdef int64_t ac[256]
    cdef int64_t hom[256]
    cdef int64_t het[256]
    cdef int64_t ref_depth[256]
    cdef int64_t alt_depth[256]
    cdef int64_t counts[N_CLASSES]
    cdef int64_t sums[4]
    cdef int64_t an, n_tested, n_called
    cdef int is_pass
    cdef double qual
    cdef const uint8_t *text[TEXTS]
    cdef int64_t text_bytes[TEXTS]
    # sums of samples
    cdef uint8_t *narrow
    cdef int n_narrow[2]
    cdef int64_t[:, :, ::1] classes_v, carried_v, depths_v, allele_depths_v
    cdef int64_t[:, ::1] called_v, depth_v, quality_v
    # what the shard gives
    cdef Bytes blobs[TEXTS]
    cdef Bytes lengths[TEXTS]
    cdef Bytes rows, quals, store, kinds, sizes

    def __cinit__(self, *args, **kwargs):
        cdef int i
        memset(&self.z, 0, sizeof(Bgzf))
        for i in range(TEXTS):
            memset(&self.blobs[i], 0, sizeof(Bytes))
            memset(&self.lengths[i], 0, sizeof(Bytes))
        memset(&self.rows, 0, sizeof(Bytes))
        memset(&self.quals, 0, sizeof(Bytes))
        memset(&self.store, 0, sizeof(Bytes))
        memset(&self.kinds, 0, sizeof(Bytes))
        memset(&self.sizes, 0, sizeof(Bytes))
        self.cells = NULL
        self.raw_code = self.code = self.narrow = NULL
        self.at = NULL

    def __init__(self, bytes contig, int64_t n_columns, column, expected, tested, par,
                 bint stop_at_other, Sites sites):
        """`column` : int64[n], each sample's column of the file (n_columns: it has none)."""
        cdef int64_t n = len(column), i
        if bgzf_init(&self.z) != OK:
            raise MemoryError("the buffers of the kernel for calls")
        self.contig_ = contig + b"\t"
        self.contig = self.contig_
        self.contig_bytes = len(self.contig_)
        self.n_columns, self.n = n_columns, n
        # One more than needed, so that addresses of empty arrays can be taken.
        self.keep_ = np.append(np.asarray(column, dtype=np.int64), n_columns)
        self.due_ = np.append(np.asarray(expected, dtype=np.uint8), np.uint8(2))
        self.tested_ = np.append(np.asarray(tested, dtype=np.uint8), np.uint8(1))
        self.everyone_ = np.full(n + 1, 2, dtype=np.uint8)
        self.par_ = np.ascontiguousarray(par, dtype=np.int64).reshape(-1, 2)
        self.column, self.expected, self.tested = self.keep_, self.due_, self.tested_
        self.diploid, self.par = self.everyone_, self.par_
        self.all_diploid = bool((self.due_ == 2).all() and self.tested_.all())
        self.stop_at_other = stop_at_other
        self.sites = sites
        self.n_left_out = np.zeros(N_REASONS, dtype=np.int64)
        self.left_out_v = self.n_left_out
        self.cells = <Genotype *>malloc((n_columns + 1) * sizeof(Genotype))
        self.raw_code = <uint8_t *>malloc(n_columns + 16)
        self.code = <uint8_t *>malloc(n + 16)
        self.at = <int32_t *>malloc((n + 16) * sizeof(int32_t))
        self.narrow = <uint8_t *>malloc(2 * N_NARROW * (n + 1))
        if (self.cells == NULL or self.raw_code == NULL or self.code == NULL or self.at == NULL
                or self.narrow == NULL):
            raise MemoryError("the buffers of the kernel for calls")
        memset(self.narrow, 0, 2 * N_NARROW * (n + 1))
        memset(self.code, 0, n + 16)
        memset(&self.cells[n_columns], 0, sizeof(Genotype))
        self.cells[n_columns].first = NOT_CALLED
        self.cells[n_columns].second = NOT_CALLED
        self.cells[n_columns].depth = self.cells[n_columns].quality = -1
        self.cells[n_columns].alleles = NULL
        self.n_narrow[0] = self.n_narrow[1] = 0
        self.classes = np.zeros((2, n + 1, N_CLASSES), dtype=np.int64)
        self.called = np.zeros((2, n + 1), dtype=np.int64)
        self.carried = np.zeros((2, n + 1, N_CARRIED), dtype=np.int64)
        self.depths = np.zeros((2, n + 1, 4), dtype=np.int64)
        self.allele_depths = np.zeros((2, n + 1, 2), dtype=np.int64)
        self.allele_depths_v = self.allele_depths
        self.depth_cells = np.zeros((2, DEPTHS), dtype=np.int64)
        self.quality_cells = np.zeros((2, QUALITIES), dtype=np.int64)
        self.classes_v, self.carried_v, self.depths_v = self.classes, self.carried, self.depths
        self.called_v, self.depth_v = self.called, self.depth_cells
        self.quality_v = self.quality_cells
        self.n_without_gt = self.n_gt_not_first = 0

    def __dealloc__(self):
        cdef int i
        bgzf_free(&self.z) if self.z.data != NULL else None
        free(self.cells)
        free(self.raw_code)
        free(self.code)
        free(self.at)
        free(self.narrow)
        for i in range(TEXTS):
            free(self.blobs[i].p)
            free(self.lengths[i].p)
        free(self.rows.p)
        free(self.quals.p)
        free(self.store.p)
        free(self.kinds.p)
        free(self.sizes.p)

    # ---- lines of a shard

    def open_shard(self, int fd, bint is_plain, int64_t start, int64_t within, int64_t end,
                   bint at_line):
        """Begin a shard: lines whose preceding line end lies in [start, end) of the file.

        Parameters
        ----------
        is_plain : bool
            Whether the file is not compressed.
        start, within : int
            Offset of the first block, and of the first byte in it.
        end : int
            Offset that the shard ends before; negative: the file's end.
        at_line : bool
            Whether a line begins there; otherwise the rest of a line is passed over.
        """
        cdef int rc = OK
        self._begin(fd, is_plain, start, end)
        with nogil:
            if within:
                rc = self._need(within)
                if rc == OK:
                    self.z.at += within
                elif rc == END:
                    rc = TRUNCATED
            if rc == OK and not at_line:
                rc = self._next_line(NULL)
                if rc == END:
                    self.is_done = True
                    rc = OK
        return rc

    def open_lines(self, const uint8_t[::1] lines):
        """Begin whole lines of the contig that are in memory."""
        cdef int64_t n = lines.shape[0]
        cdef uint8_t *larger
        self._begin(-1, True, 0, -1)
        if self.z.size < n:
            larger = <uint8_t *>realloc(self.z.data, n)
            if larger == NULL:
                return NO_MEMORY
            self.z.data = larger
            self.z.size = n
        if n:
            memcpy(self.z.data, &lines[0], n)
        self.z.end = n
        self.is_held = True
        return OK

    cdef void _begin(self, int fd, bint is_plain, int64_t start, int64_t end):
        self.is_plain = is_plain
        self.is_held = False
        self.n_records = 0
        self.last_pos = 0
        self.first_pos = -1
        self.is_late = self.is_left = self.is_broken = self.is_done = False
        self.end_block = end
        bgzf_seek(&self.z, fd, start)
        self.file_at = start

    cdef int _need(self, int64_t n) noexcept nogil:
        """Have n more bytes; END where the file has fewer."""
        cdef int64_t got
        cdef uint8_t *larger
        if self.is_held:
            return OK if self.z.end - self.z.at >= n else END
        if not self.is_plain:
            return bgzf_need(&self.z, n)
        if self.z.end - self.z.at >= n:
            return OK
        memmove(self.z.data, self.z.data + self.z.at, self.z.end - self.z.at)
        self.file_at += self.z.at
        self.z.end -= self.z.at
        self.z.at = 0
        while self.z.size < n + BLOCK_BYTES:
            larger = <uint8_t *>realloc(self.z.data, 2 * self.z.size)
            if larger == NULL:
                return NO_MEMORY
            self.z.data = larger
            self.z.size *= 2
        while self.z.end < self.z.size:
            got = pread(self.z.fd, self.z.data + self.z.end, self.z.size - self.z.end,
                        self.file_at + self.z.end)
            if got < 0:
                return READ_FAILED
            if got == 0:
                break
            self.z.end += got
        return OK if self.z.end >= n else END

    cdef int _next_line(self, int64_t *n) noexcept nogil:
        """Bytes of the line at z.at with its end; z.at moves behind it where `n` is NULL."""
        cdef int64_t held, searched = 0, length
        cdef const uint8_t *found
        cdef int rc
        while True:
            held = self.z.end - self.z.at
            found = NULL
            if held > searched:
                found = <const uint8_t *>memchr(
                    self.z.data + self.z.at + searched, c'\n', held - searched)
            if found != NULL:
                length = found - (self.z.data + self.z.at) + 1
                break
            searched = held
            if held > RECORD_BYTES:
                return BAD_RECORD
            rc = self._need(held + 1)
            if rc == END:
                if held == 0:
                    return END
                length = held
                break
            if rc != OK:
                return rc
        if n != NULL:
            n[0] = length
        else:
            self._pass(length)
        return OK

    cdef void _pass(self, int64_t length) noexcept nogil:
        """Move behind a line; the shard is done where its end lies behind the shard."""
        cdef int64_t at
        self.z.at += length - 1
        at = self.file_at + self.z.at if self.is_plain else bgzf_tell(&self.z) >> 16
        self.z.at += 1
        if self.end_block >= 0 and at >= self.end_block:
            self.is_done = True

    def run(self):
        """Count lines: 1 at the shard's end, 2 before a line that the plain engine must read.

        A negative number is an error's code.
        """
        cdef int rc
        with nogil:
            rc = self._run()
        return rc

    cdef int _run(self) noexcept nogil:
        cdef int64_t n
        cdef const uint8_t *p
        cdef const uint8_t *end
        cdef int rc
        while not self.is_done:
            rc = self._next_line(&n)
            if rc == END:
                break
            if rc != OK:
                return rc
            p = self.z.data + self.z.at
            if n < self.contig_bytes or memcmp(p, self.contig, self.contig_bytes) != 0:
                if self.n_records == 0:
                    self.is_late = True
                else:
                    self.is_left = True
                    if self.stop_at_other:
                        break
                self._pass(n)
                continue
            if self.is_left:
                self.is_broken = True
                break
            end = p + n
            while end > p and ((end - 1)[0] == c'\n' or (end - 1)[0] == c'\r'):
                end -= 1
            rc = self._record(p + self.contig_bytes, end)
            if rc != OK:
                return rc
            self._pass(n)
            self.n_records += 1
        self.is_done = True
        return END

    def take_line(self):
        """The line that `run` stopped before, without its end; it counts as a record."""
        cdef int64_t n = 0
        self._next_line(&n)
        line = (<char *>self.z.data + self.z.at)[:n]
        self._pass(n)
        self.n_records += 1
        return line.rstrip(b"\r\n")

    def next_is_record(self):
        """Whether another record of the contig follows in the shard."""
        cdef int64_t n = 0
        if self.is_done or self._next_line(&n) != OK:
            return False
        return n >= self.contig_bytes and memcmp(
            self.z.data + self.z.at, self.contig, self.contig_bytes) == 0

    def set_position(self, int64_t pos):
        """Position of the record before the next one."""
        self.last_pos = pos

    def position(self):
        """Position of the last record."""
        return self.last_pos

    # ---- one record

    cdef int _record(self, const uint8_t *p, const uint8_t *end) noexcept nogil:
        """Count one record; nothing is counted where it is ODD."""
        cdef const uint8_t *field[10]
        cdef int64_t k
        cdef int n = 0, rc, reason
        cdef bint inside
        cdef Keys keys
        field[0] = p
        while n < 8:
            p = <const uint8_t *>memchr(p, c'\t', end - p)
            if p == NULL:
                break
            p += 1
            n += 1
            field[n] = p
        # POS ID REF ALT QUAL FILTER INFO FORMAT cells
        if n < 6 or (self.n_columns and n < 8):
            return ODD
        rc = self._fixed(field)
        if rc != OK:
            return rc
        reason = self.sites.reason(self.pos, self.qual, self.text[3], self.text_bytes[3])
        inside = False
        for k in range(self.par.shape[0]):
            inside = inside or (self.pos > self.par[k, 0] and self.pos <= self.par[k, 1])
        self._clear()
        if self.n_columns == 0:
            if self.n:
                return ODD
            return self._emit() if reason == 0 else self._leave_out(reason)
        if field[8] - field[7] == 3 and memcmp(field[7], b"GT", 2) == 0 and self.n_alts == 1 and (
                end - field[8] == 4 * self.n_columns - 1) and (inside or self.all_diploid):
            if read_fixed(field[8], self.n_columns, self.raw_code):
                return self._count_fixed() if reason == 0 else self._leave_out(reason)
        read_keys(field[7], field[8] - 1, &keys)
        if keys.is_odd:
            return ODD
        rc = read_cells(field[8], end, self.n_columns, &keys, self.n_alts, self.cells)
        if rc != OK:
            return rc
        if keys.genotype < 0:
            self.n_without_gt += 1
        elif keys.genotype > 0:
            self.n_gt_not_first += 1
        return self._count_cells(inside, end) if reason == 0 else self._leave_out(reason)

    cdef int _leave_out(self, int reason) noexcept nogil:
        """Pass over a record that was read and is not let in."""
        self.left_out_v[reason - 1] += 1
        self._note_position()
        return OK

    cdef void _note_position(self) noexcept nogil:
        if self.first_pos < 0:
            self.first_pos = self.pos
        self.last_pos = self.pos

    cdef int _fixed(self, const uint8_t **field) noexcept nogil:
        """POS to FILTER."""
        cdef const uint8_t *p
        cdef const uint8_t *q
        cdef const uint8_t *alt_end = field[4] - 1
        cdef int i
        cdef int64_t n_ref = field[3] - 1 - field[2]
        self.pos = whole_number(field[0], field[1] - 1)
        if self.pos < self.last_pos or n_ref == 0:
            return ODD
        p = field[1]
        while p < field[6]:
            if p[0] >= 128:
                return ODD
            p += 1
        for i in range(n_ref):
            if not is_letter(field[2][i]):
                return ODD
        self.n_alts = 0
        p = field[3]
        if not (alt_end - p == 1 and p[0] == c'.'):
            while True:
                q = p
                while q < alt_end and q[0] != c',':
                    q += 1
                if self.n_alts == MAX_ALTS:
                    return ODD
                self.alts[self.n_alts].p = p
                self.alts[self.n_alts].n = q - p
                if classify(field[2], n_ref, &self.alts[self.n_alts]) != OK:
                    return ODD
                self.n_alts += 1
                if q >= alt_end:
                    break
                p = q + 1
        p, q = field[4], field[5] - 1
        if q - p == 1 and p[0] == c'.':
            self.qual = NAN
        else:
            self.qual = decimal_number(p, q)
            if self.qual < 0:
                return ODD
        p, q = field[5], field[6] - 1
        self.is_pass = (q - p == 1 and p[0] == c'.') or (
            q - p == 4 and memcmp(p, b"PASS", 4) == 0)
        self.text[0], self.text_bytes[0] = field[1], field[2] - 1 - field[1]
        self.text[1], self.text_bytes[1] = field[2], n_ref
        self.text[3], self.text_bytes[3] = p, q - p
        return OK

    cdef void _clear(self) noexcept nogil:
        cdef int64_t n = (self.n_alts + 1) * sizeof(int64_t)
        memset(self.ac, 0, n)
        memset(self.hom, 0, n)
        memset(self.het, 0, n)
        memset(self.ref_depth, 0, n)
        memset(self.alt_depth, 0, n)
        memset(self.counts, 0, sizeof(self.counts))
        memset(self.sums, 0, sizeof(self.sums))
        self.an = self.n_tested = self.n_called = 0

    cdef int _count_fixed(self) noexcept nogil:
        """One ALT allele, diploid genotypes of both alleles or none, nothing else."""
        cdef int64_t i, n = self.n
        cdef int64_t het = 0, hom = 0, missing = 0
        cdef uint8_t *code = self.code
        cdef uint8_t *one
        cdef Allele *a = &self.alts[0]
        cdef int column, singleton
        self.raw_code[self.n_columns] = 3
        if n == self.n_columns and self._is_identity():
            memcpy(code, self.raw_code, n)
        else:
            for i in range(n):
                code[i] = self.raw_code[self.column[i]]
        if self.n_narrow[self.is_pass] == 255:
            self._widen(self.is_pass)
        count_codes(code, n, &het, &hom, &missing)
        one = self.narrow + self.is_pass * N_NARROW * n
        if het:
            for i in range(n):
                one[i] += (code[i] & 3) == 1
        one += n
        if hom:
            for i in range(n):
                one[i] += (code[i] & 3) == 2
        one += n
        if missing:
            for i in range(n):
                one[i] += (code[i] & 3) == 3
        self.n_narrow[self.is_pass] += 1
        if het or hom:
            singleton = het == 1 and hom == 0
            if a.substitution >= 0:
                self._add_carriers(0 if is_transition(a.substitution) else 1)
            column = 2 + a.kind if a.kind <= MNV else 6
            self._add_carriers(column)
            if singleton and (a.kind <= COMPLEX):
                self._add_carriers(7)
        self.ac[1] = het + 2 * hom
        self.hom[1], self.het[1] = hom, het
        self.an = 2 * (n - missing)
        self.n_tested = n - missing
        self.counts[HOM_REF] = n - het - hom - missing
        self.counts[HET], self.counts[HOM_ALT], self.counts[MISSING] = het, hom, missing
        if a.kind <= COMPLEX and put_row_of(self, code) != OK:
            return NO_MEMORY
        return self._emit()

    cdef bint _is_identity(self) noexcept nogil:
        cdef int64_t i
        # Looked at once: the scratch cell behind the columns remembers.
        if self.cells[self.n_columns].phased == 0:
            self.cells[self.n_columns].phased = 2
            for i in range(self.n):
                if self.column[i] != i:
                    self.cells[self.n_columns].phased = 3
                    break
        return self.cells[self.n_columns].phased == 2

    cdef void _add_carriers(self, int column) noexcept nogil:
        cdef int64_t i, n = self.n
        cdef const uint8_t *code = self.code
        cdef uint8_t *one = self.narrow + (self.is_pass * N_NARROW + 3 + column) * n
        for i in range(n):
            # 1 for codes 1 and 2 in the lower two bits.
            one[i] += (code[i] ^ (code[i] >> 1)) & 1

    cdef void _widen(self, int s) noexcept nogil:
        """Add the narrow counts to the wide ones."""
        cdef int64_t i, n = self.n
        cdef int k
        cdef uint8_t *one = self.narrow + s * N_NARROW * n
        if self.n_narrow[s] == 0:
            return
        for i in range(n):
            self.classes_v[s, i, HET] += one[i]
            self.classes_v[s, i, HOM_ALT] += one[n + i]
            self.classes_v[s, i, MISSING] += one[2 * n + i]
            self.classes_v[s, i, HOM_REF] += (
                self.n_narrow[s] - one[i] - one[n + i] - one[2 * n + i])
        for k in range(N_CARRIED):
            for i in range(n):
                self.carried_v[s, i, k] += one[(3 + k) * n + i]
        memset(one, 0, N_NARROW * n)
        self.n_narrow[s] = 0

    cdef int _count_cells(self, bint inside, const uint8_t *end) noexcept nogil:
        """Any genotypes of one or two alleles."""
        cdef int64_t i
        cdef int s = self.is_pass, k, kind, column, n_stored = 0
        cdef Genotype *g
        cdef const uint8_t *due = &self.diploid[0] if inside else &self.expected[0]
        cdef const uint8_t *tested = &self.diploid[0] if inside else &self.tested[0]
        cdef uint8_t a, b
        for i in range(self.n):
            g = &self.cells[self.column[i]]
            a, b = g.first, g.second
            kind = class_of(a, b, due[i])
            self.counts[kind] += 1
            self.classes_v[s, i, kind] += 1
            if kind == NOT_EXPECTED:
                if a != NOT_CALLED or b < NO_SECOND:
                    self.n_called += 1
                    self.called_v[s, i] += 1
                continue
            if g.depth >= 0:
                self.sums[0] += g.depth
                self.sums[1] += 1
                self.depths_v[s, i, 0] += g.depth
                self.depths_v[s, i, 1] += 1
                self.depth_v[s, low(g.depth, DEPTHS - 1)] += 1
            if g.quality >= 0:
                self.sums[2] += g.quality
                self.sums[3] += 1
                self.depths_v[s, i, 2] += g.quality
                self.depths_v[s, i, 3] += 1
                self.quality_v[s, low(g.quality, QUALITIES - 1)] += 1
            if kind == HET and g.alleles != NULL:
                self._add_allele_depths(g, i, end)
            if kind <= HET_ALT and tested[i]:
                self.n_tested += 1
                if a == b:
                    self.hom[a] += 1
                else:
                    self.het[a] += 1
                    self.het[b] += 1
            if kind == MISSING or kind == HET_HAPLOID:
                continue
            if a != NOT_CALLED:
                self.ac[a] += 1
                self.an += 1
            if b < NO_SECOND and (due[i] == 2 or a == NOT_CALLED):
                self.ac[b] += 1
                self.an += 1
        for k in range(1, self.n_alts + 1):
            if self.ac[k]:
                self._add_carried(k, due)
        for k in range(1, self.n_alts + 1):
            if self.alts[k - 1].kind <= COMPLEX:
                for i in range(self.n):
                    self.code[i] = self._stored(&self.cells[self.column[i]], due[i], k)
                if put_row_of(self, self.code) != OK:
                    return NO_MEMORY
        return self._emit()

    cdef void _add_allele_depths(self, Genotype *g, int64_t i, const uint8_t *end) noexcept nogil:
        """Add AD of a heterozygous genotype, one of whose alleles is REF."""
        cdef int64_t ref, alt
        cdef int s = self.is_pass, k = g.first + g.second
        if read_allele_depths(g.alleles, end, self.n_alts, k, &ref, &alt):
            self.ref_depth[k] += ref
            self.alt_depth[k] += alt
            self.allele_depths_v[s, i, 0] += ref
            self.allele_depths_v[s, i, 1] += alt

    cdef void _add_carried(self, int k, const uint8_t *due) noexcept nogil:
        """Count an allele for the samples that carry it."""
        cdef int64_t i
        cdef int s = self.is_pass, kind
        cdef Genotype *g
        cdef Allele *a = &self.alts[k - 1]
        cdef int column = 2 + a.kind if a.kind <= MNV else 6
        cdef int singleton = self.ac[k] == 1 and a.kind <= COMPLEX
        for i in range(self.n):
            g = &self.cells[self.column[i]]
            if g.first != k and g.second != k:
                continue
            kind = class_of(g.first, g.second, due[i])
            if kind == NOT_EXPECTED or kind == HET_HAPLOID:
                continue
            if due[i] == 1 and g.first != k and g.first != NOT_CALLED:
                continue
            if a.substitution >= 0:
                self.carried_v[s, i, 0 if is_transition(a.substitution) else 1] += 1
            self.carried_v[s, i, column] += 1
            self.carried_v[s, i, 7] += singleton

    cdef uint8_t _stored(self, Genotype *g, int due, int k) noexcept nogil:
        """The store's code of a genotype for one ALT allele."""
        cdef int kind = class_of(g.first, g.second, due)
        cdef uint8_t copies
        if kind == HAPLOID_REF or kind == HAPLOID_ALT:
            return 2 * (g.first == k)
        if kind > HET_ALT:
            return 3
        copies = (g.first == k) + (g.second == k)
        if copies == 1 and g.phased:
            copies |= 4 | ((g.first == k) << 3)
        return copies

    cdef int _emit(self) noexcept nogil:
        """Rows of the record that was counted: one per ALT allele, or one without."""
        cdef int64_t row[N_ROW]
        cdef int k, i, n = self.n_alts if self.n_alts else 1
        cdef Allele *a
        cdef uint32_t length
        self._note_position()
        for k in range(n):
            memset(row, 0, sizeof(row))
            row[0], row[1], row[3] = self.pos, self.n_records, self.n_alts
            row[4], row[6] = NO_ALT, -1
            if self.n_alts:
                a = &self.alts[k]
                row[2] = k + 1
                row[4], row[5], row[6] = a.kind, a.length_change, a.substitution
                row[8] = self.ac[k + 1]
                row[10], row[11] = self.hom[k + 1], self.het[k + 1]
                self.text[2], self.text_bytes[2] = a.p, a.n
            else:
                self.text[2], self.text_bytes[2] = b".", 1
            row[7], row[9], row[12] = self.is_pass, self.an, self.n_tested
            for i in range(4):
                row[13 + i] = self.sums[i]
            row[17] = self.n_called
            if self.n_alts:
                row[18], row[19] = self.ref_depth[k + 1], self.alt_depth[k + 1]
            for i in range(N_CLASSES):
                row[20 + i] = self.counts[i]
            if (bytes_need(&self.rows, sizeof(row)) != OK
                    or bytes_need(&self.quals, sizeof(double)) != OK):
                return NO_MEMORY
            bytes_add(&self.rows, row, sizeof(row))
            bytes_add(&self.quals, &self.qual, sizeof(double))
            for i in range(TEXTS):
                length = <uint32_t>self.text_bytes[i]
                if (bytes_need(&self.blobs[i], self.text_bytes[i]) != OK
                        or bytes_need(&self.lengths[i], 4) != OK):
                    return NO_MEMORY
                bytes_add(&self.blobs[i], self.text[i], self.text_bytes[i])
                bytes_add(&self.lengths[i], &length, 4)
        return OK

    def widen(self):
        """Complete the sums of samples."""
        self._widen(0)
        self._widen(1)

    def take(self):
        """What was counted since the last time: rows, QUAL, texts and the store's rows."""
        found = {
            "rows": np.frombuffer(taken(&self.rows), dtype=np.int64).reshape(-1, N_ROW),
            "qual": np.frombuffer(taken(&self.quals), dtype=np.float64),
            "texts": [
                (taken(&self.blobs[i]), np.frombuffer(taken(&self.lengths[i]), dtype=np.uint32))
                for i in range(TEXTS)
            ],
            "store": taken(&self.store),
            "kinds": np.frombuffer(taken(&self.kinds), dtype=np.uint8),
            "sizes": np.frombuffer(taken(&self.sizes), dtype=np.uint32),
            "first_pos": self.first_pos,
        }
        self.first_pos = -1
        return found


cdef int put_row_of(Counter c, const uint8_t *code) noexcept nogil:
    """One row of the store, where there are samples."""
    cdef int64_t before = c.store.n
    cdef uint32_t size
    cdef uint8_t kind = 0
    if (bytes_need(&c.kinds, 1) != OK or bytes_need(&c.sizes, 4) != OK
            or put_row(&c.store, code, c.n, c.at, &kind) != OK):
        return NO_MEMORY
    size = <uint32_t>(c.store.n - before)
    bytes_add(&c.kinds, &kind, 1)
    bytes_add(&c.sizes, &size, 4)
    return OK


cdef bytes taken(Bytes *b):
    """The bytes held; none are held afterwards."""
    found = (<char *>b.p)[:b.n] if b.n else b""
    b.n = 0
    return found
