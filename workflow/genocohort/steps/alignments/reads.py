"""Counts and distributions over reads: flags, bases, qualities, GC, lengths, insert sizes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genocohort.domain.records import (
    DUPLICATE,
    MATE_REVERSE,
    MATE_UNMAPPED,
    PAIRED,
    PROPER_PAIR,
    QC_FAIL,
    READ1,
    READ2,
    REVERSE,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    ByteArray,
    IntArray,
    RecordBatch,
)
from genocohort.domain.tables_alignments import FLAGSTAT_METRICS, TOTALS_METRICS
from genocohort.steps.alignments.cycles import read_orders
from genocohort.steps.alignments.layout import Layout

BoolArray = np.ndarray[tuple[Any, ...], np.dtype[np.bool_]]

# The bits above have no meaning (SAM specification, section 1.4.2).
N_FLAGS = 1 << 12
ORIENTATIONS = ("pairs_inward", "pairs_outward", "pairs_other")
_DERIVED = (
    *ORIENTATIONS, "base_quality_sum", "paired_both_mapped", "paired_both_mapped_duplicate"
)  # fmt: skip
_SUMS = tuple(m for m in TOTALS_METRICS if m not in _DERIVED)

# Bases as 0 (A, T), 1 (G, C) or 2 (anything else).
_BASE_CLASS = bytes(0 if b in b"ATat" else 1 if b in b"GCgc" else 2 for b in range(256))


def _zeros(*shape: int) -> IntArray:
    return np.zeros(shape, dtype=np.int64)


@dataclass
class ReadTally:
    """Sums over records; the last axis of two is (QC-pass, QC-fail). Tallies can be added.

    Attributes
    ----------
    flags : int64[N_FLAGS] or more
        Records by flag.
    mate_other_contig : int64[2, 2]
        Both mates mapped, to different contigs; all, and with mapping quality 5 or more.
    sums : dict of str to int64[2]
        The sums named in TOTALS_METRICS.
    base_quality : int64[256, 2]
        Bases by quality; `gc`: int64[101] reads by percent; `mapping_quality`: int64[256].
    read_length : int64[l]
        Reads by length.
    insert_size : int64[insert_size_max + 1, 3, 2]
        Reads (two of each pair) by insert size and orientation (inward, outward, other).
    """

    insert_size_max: int
    flags: IntArray = field(default_factory=lambda: _zeros(N_FLAGS))
    mate_other_contig: IntArray = field(default_factory=lambda: _zeros(2, 2))
    sums: dict[str, IntArray] = field(default_factory=lambda: {m: _zeros(2) for m in _SUMS})
    base_quality: IntArray = field(default_factory=lambda: _zeros(256, 2))
    gc: IntArray = field(default_factory=lambda: _zeros(101))
    mapping_quality: IntArray = field(default_factory=lambda: _zeros(256))
    read_length: IntArray = field(default_factory=lambda: _zeros(1))
    insert_size: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.insert_size = _zeros(self.insert_size_max + 1, 3, 2)

    def add(self, batch: RecordBatch, layout: Layout) -> None:
        """Count a batch of records."""
        flag = batch.flag
        fails = ((flag & QC_FAIL) != 0).astype(np.int64)
        self.flags += np.bincount(flag & (N_FLAGS - 1), minlength=N_FLAGS)
        primary = (flag & (SECONDARY | SUPPLEMENTARY)) == 0
        self._add_mates(batch, primary, fails)
        with_sequence = batch.sequence_length > 0
        reads = primary & with_sequence
        mapped = (flag & UNMAPPED) == 0
        self._add_sums(batch, layout, reads, mapped, fails)
        aligned = with_sequence & mapped & ((flag & SECONDARY) == 0)
        self._add_alignment(batch, layout, aligned, fails)
        self._add_bases(batch, fails)
        self._add_inserts(batch, reads & mapped, fails)
        lengths = np.bincount((batch.sequence_length + layout.hard_clipped)[reads])
        self.read_length = _grown(self.read_length, len(lengths))
        self.read_length[: len(lengths)] += lengths
        self.mapping_quality += np.bincount(batch.mapping_quality[reads & mapped], minlength=256)

    def merge(self, other: "ReadTally") -> None:
        """Add another tally to this one."""
        self.flags += other.flags
        self.mate_other_contig += other.mate_other_contig
        for name in self.sums:
            self.sums[name] += other.sums[name]
        self.base_quality += other.base_quality
        self.gc += other.gc
        self.mapping_quality += other.mapping_quality
        self.read_length = _grown(self.read_length, len(other.read_length))
        self.read_length[: len(other.read_length)] += other.read_length
        self.insert_size += other.insert_size

    def _add_mates(self, batch: RecordBatch, primary: BoolArray, fails: IntArray) -> None:
        flag = batch.flag
        both = primary & ((flag & (PAIRED | UNMAPPED | MATE_UNMAPPED)) == PAIRED)
        other = both & (batch.contig != batch.mate_contig)
        self.mate_other_contig[0] += np.bincount(fails[other], minlength=2)
        sure = other & (batch.mapping_quality >= 5)
        self.mate_other_contig[1] += np.bincount(fails[sure], minlength=2)

    def _add(self, metric: str, chosen: BoolArray, fails: IntArray, values: IntArray) -> None:
        for column in (0, 1):
            self.sums[metric][column] += int(values[chosen & (fails == column)].sum())

    def _add_sums(
        self,
        batch: RecordBatch,
        layout: Layout,
        reads: BoolArray,
        mapped: BoolArray,
        fails: IntArray,
    ) -> None:
        ones = np.ones(len(batch), dtype=np.int64)
        duplicate = (batch.flag & DUPLICATE) != 0
        length = batch.sequence_length
        order = read_orders(batch.flag)
        paired = (batch.flag & PAIRED) != 0
        both_mapped = reads & mapped & paired & ((batch.flag & MATE_UNMAPPED) == 0)
        self._add("sequences", reads, fails, ones)
        self._add("sequences_first", reads & (order == 0), fails, ones)
        self._add("sequences_last", reads & (order == 1), fails, ones)
        self._add("sequences_paired", reads & paired, fails, ones)
        self._add("sequences_mapped_paired", both_mapped, fails, ones)
        proper = both_mapped & ((batch.flag & PROPER_PAIR) != 0)
        self._add("sequences_properly_paired", proper, fails, ones)
        self._add("bases_first", reads & (order == 0), fails, length)
        self._add("bases_last", reads & (order == 1), fails, length)
        self._add("sequences_mapped", reads & mapped, fails, ones)
        self._add("sequences_duplicate", reads & duplicate, fails, ones)
        self._add("sequences_mapped_duplicate", reads & mapped & duplicate, fails, ones)
        self._add("sequences_mapq0", reads & mapped & (batch.mapping_quality == 0), fails, ones)
        self._add("bases", reads, fails, length)
        self._add("bases_mapped", reads & mapped, fails, length)
        self._add("bases_duplicate", reads & duplicate, fails, length)
        self._add("bases_without_quality", reads & (batch.n_qualities == 0), fails, length)

    def _add_alignment(
        self, batch: RecordBatch, layout: Layout, aligned: BoolArray, fails: IntArray
    ) -> None:
        with_nm = aligned & (batch.edit_distance >= 0)
        self._add("bases_mapped_cigar", aligned, fails, layout.aligned_bases)
        self._add("bases_mapped_cigar_with_nm", with_nm, fails, layout.aligned_bases)
        self._add("mismatches", with_nm, fails, batch.edit_distance)

    def _add_bases(self, batch: RecordBatch, fails: IntArray) -> None:
        """GC and qualities of the reads whose bases the batch holds."""
        held = np.flatnonzero(batch.n_bases)
        if len(held):
            first = np.concatenate([[0], np.cumsum(batch.n_bases[held])[:-1]])
            classes = np.frombuffer(batch.sequence.tobytes().translate(_BASE_CLASS), np.uint8)
            others = np.searchsorted(first, np.flatnonzero(classes == 2), side="right") - 1
            n_other = np.bincount(others, minlength=len(held))
            gc = np.add.reduceat(classes, first, dtype=np.int64) - 2 * n_other
            acgt = batch.n_bases[held] - n_other
            everything = np.ones(len(held), dtype=bool)
            self._add("bases_gc", everything, fails[held], gc)
            self._add("bases_acgt", everything, fails[held], acgt)
            known = acgt > 0
            percent = (200 * gc[known] + acgt[known]) // (2 * acgt[known])
            self.gc += np.bincount(percent, minlength=101)
        if not len(batch.quality):
            return
        if fails.any():
            failing = np.repeat(fails, batch.n_qualities).astype(bool)
            failed = _count_bytes(batch.quality[failing])
            self.base_quality[:, 1] += failed
            self.base_quality[:, 0] -= failed
        self.base_quality[:, 0] += _count_bytes(batch.quality)

    def _add_inserts(self, batch: RecordBatch, chosen: BoolArray, fails: IntArray) -> None:
        flag = batch.flag
        size = np.minimum(np.abs(batch.template_length), self.insert_size_max)
        chosen = chosen & ((flag & (PAIRED | MATE_UNMAPPED)) == PAIRED)
        chosen = chosen & ((size > 0) | (batch.contig == batch.mate_contig))
        same_way = ((flag & REVERSE) != 0) == ((flag & MATE_REVERSE) != 0)
        sign = np.where((flag & READ1) != 0, 1, -1)
        mate_follows = sign * (batch.mate_start - batch.start) >= 0
        first_forward = sign * np.where((flag & REVERSE) != 0, -1, 1) > 0
        orientation = np.where(same_way, 2, np.where(mate_follows == first_forward, 0, 1))
        cell = (size * 3 + orientation) * 2 + fails
        n_cells = self.insert_size.size
        counts = np.bincount(cell[chosen], minlength=n_cells)
        self.insert_size += counts.reshape(self.insert_size.shape)


def _count_bytes(values: ByteArray) -> IntArray:
    """How often each byte occurs; counted two at a time."""
    even = len(values) // 2 * 2
    pairs = np.bincount(values[:even].view(np.uint16), minlength=1 << 16).reshape(256, 256)
    counts: IntArray = pairs.sum(axis=0) + pairs.sum(axis=1)
    return counts + np.bincount(values[even:], minlength=256)


def _grown(histogram: IntArray, size: int) -> IntArray:
    """The histogram with at least `size` bins."""
    grown = _zeros(max(size, len(histogram)))
    grown[: len(histogram)] = histogram
    return grown


def compute_flagstat(flags: IntArray, mate_other_contig: IntArray) -> dict[str, tuple[int, int]]:
    """The categories of `samtools flagstat` from the number of records of each flag.

    Parameters
    ----------
    flags : int64[N_FLAGS] or more
        Records by flag.
    mate_other_contig : int64[2, 2]
        As in ReadTally.

    Returns
    -------
    dict of str to (int, int)
        QC-pass and QC-fail counts of each metric of FLAGSTAT_METRICS.

    References
    ----------
    samtools 1.16 flagstat; a record both secondary and supplementary counts as secondary.
    """
    flag = np.arange(len(flags))

    def has(bit: int) -> BoolArray:
        held: BoolArray = (flag & bit) != 0
        return held

    secondary = has(SECONDARY)
    supplementary = has(SUPPLEMENTARY) & ~secondary
    primary = ~secondary & ~supplementary
    mapped = ~has(UNMAPPED)
    paired = primary & has(PAIRED)
    masks = {
        "total": flag >= 0,
        "primary": primary,
        "secondary": secondary,
        "supplementary": supplementary,
        "duplicates": has(DUPLICATE),
        "primary_duplicates": primary & has(DUPLICATE),
        "mapped": mapped,
        "primary_mapped": primary & mapped,
        "paired": paired,
        "read1": paired & has(READ1),
        "read2": paired & has(READ2),
        "properly_paired": paired & has(PROPER_PAIR) & mapped,
        "both_mapped": paired & mapped & ~has(MATE_UNMAPPED),
        "singletons": paired & mapped & has(MATE_UNMAPPED),
    }
    fails = has(QC_FAIL)
    counts = {
        name: (int(flags[mask & ~fails].sum()), int(flags[mask & fails].sum()))
        for name, mask in masks.items()
    }
    counts["mate_other_contig"] = (int(mate_other_contig[0, 0]), int(mate_other_contig[0, 1]))
    counts["mate_other_contig_mapq5"] = (int(mate_other_contig[1, 0]), int(mate_other_contig[1, 1]))
    return {name: counts[name] for name in FLAGSTAT_METRICS}


def compute_totals(
    tally: ReadTally, quality_sum: tuple[int, int] | None = None
) -> dict[str, tuple[int, int]]:
    """The sums of TOTALS_METRICS, QC-pass and QC-fail.

    `quality_sum` : the sums of the base qualities; None: from the tally's distribution.

    References
    ----------
    samtools 1.16 stats, summary numbers; each pair is counted from both of its reads and halved.
    Unlike samtools, missing qualities are left out and supplementary duplicates do not count.
    """
    totals = {name: (int(v[0]), int(v[1])) for name, v in tally.sums.items()}
    quality = (tally.base_quality * np.arange(256)[:, None]).sum(axis=0)
    totals["base_quality_sum"] = quality_sum or (int(quality[0]), int(quality[1]))
    for column, name in enumerate(ORIENTATIONS):
        both = tally.insert_size[:, column]
        failing = both[:, 1] // 2
        passing = both.sum(axis=1) // 2 - failing
        totals[name] = (int(passing.sum()), int(failing.sum()))
    totals |= _pairs_mapped(tally.flags)
    return {name: totals[name] for name in TOTALS_METRICS}


def _pairs_mapped(flags: IntArray) -> dict[str, tuple[int, int]]:
    """Primary reads with both mates mapped, and duplicates of them; QC-pass and QC-fail."""
    flag = np.arange(len(flags))
    no_pair = UNMAPPED | MATE_UNMAPPED | SECONDARY | SUPPLEMENTARY
    both = (flag & (PAIRED | no_pair)) == PAIRED
    fails = (flag & QC_FAIL) != 0
    masks = {
        "paired_both_mapped": both,
        "paired_both_mapped_duplicate": both & ((flag & DUPLICATE) != 0),
    }
    return {
        name: (int(flags[mask & ~fails].sum()), int(flags[mask & fails].sum()))
        for name, mask in masks.items()
    }
