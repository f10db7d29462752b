"""Counts by cycle of the sequencer and by length: qualities, bases, GC, indels, coverage."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genocohort.domain.records import (
    DELETION,
    DUPLICATE,
    HARD_CLIP,
    INSERTION,
    PADDING,
    PAIRED,
    QC_FAIL,
    READ1,
    READ2,
    REVERSE,
    SECONDARY,
    SKIP,
    SUPPLEMENTARY,
    UNMAPPED,
    IntArray,
    RecordBatch,
)
from genocohort.steps.alignments.depth import add_padded
from genocohort.steps.alignments.layout import Layout

BoolArray = np.ndarray[tuple[Any, ...], np.dtype[np.bool_]]

# The last cycle holds later ones too, as the longest indel and the deepest coverage do.
CYCLES = 512
INDELS = 1000
COVERAGES = 1002
GC_STEPS = 200
READ_ORDERS = ("first", "last", "other")
BASES = ("A", "C", "G", "T", "N", "other_base")
# Bases looked at together: their arrays take about 60 MB.
_SLICE_BASES = 1 << 20
_CLASS = np.full(256, BASES.index("other_base"), dtype=np.int64)
_CLASS[list(b"ACGTN")] = range(5)


def _zeros(*shape: int) -> IntArray:
    return np.zeros(shape, dtype=np.int64)


@dataclass
class CycleTally:
    """Counts of reads' bases by cycle: 0 for the base that was sequenced first.

    Attributes
    ----------
    quality : int64[3, CYCLES, 256]
        Bases of primary reads by their read's order (first, last, other), cycle and quality.
    bases : int64[2, 2, CYCLES, 6]
        By order (first, last), strand (forward, reverse), cycle and base as it stands in the file.
    gc_steps : int64[2, GC_STEPS]
        Changes, from one step of GC content to the next, of the number of reads; first, last.
    mapping_quality : int64[256]
        Mapped records, neither secondary, supplementary, duplicate nor failing QC.
    lengths : list of int64[l]
        Reads by length, hard-clipped bases included; first, last, other.
    indel_length : int64[2, INDELS + 1]
        Insertions and deletions by length; `indel_cycle` : int64[2, 2, CYCLES] by order and cycle.
    coverage : int64[COVERAGES]
        Bases by depth of all mapped, not secondary records, an overlap of mates twice; depth 0 is
        not counted.

    References
    ----------
    samtools 1.16 stats: FFQ, LFQ, GCC, GCF, GCL, FRL, LRL, ID, IC, COV.
    """

    quality: IntArray = field(default_factory=lambda: _zeros(3, CYCLES, 256))
    bases: IntArray = field(default_factory=lambda: _zeros(2, 2, CYCLES, len(BASES)))
    gc_steps: IntArray = field(default_factory=lambda: _zeros(2, GC_STEPS))
    mapping_quality: IntArray = field(default_factory=lambda: _zeros(256))
    lengths: list[IntArray] = field(default_factory=lambda: [_zeros(1) for _ in READ_ORDERS])
    indel_length: IntArray = field(default_factory=lambda: _zeros(2, INDELS + 1))
    indel_cycle: IntArray = field(default_factory=lambda: _zeros(2, 2, CYCLES))
    coverage: IntArray = field(default_factory=lambda: _zeros(COVERAGES))

    def add(self, batch: RecordBatch, layout: Layout) -> None:
        """Count a batch of records; coverage is added by `add_coverage`."""
        flag, order = batch.flag, read_orders(batch.flag)
        with_sequence = batch.sequence_length > 0
        primary = with_sequence & ((flag & (SECONDARY | SUPPLEMENTARY)) == 0)
        unusable = UNMAPPED | SECONDARY | SUPPLEMENTARY | QC_FAIL | DUPLICATE
        usable = with_sequence & ((flag & unusable) == 0)
        self.mapping_quality += np.bincount(batch.mapping_quality[usable], minlength=256)
        lengths = batch.sequence_length + layout.hard_clipped
        for i in range(len(READ_ORDERS)):
            self.add_lengths(i, np.bincount(lengths[primary & (order == i)]))
        self._add_bases(batch, order)
        self._add_qualities(batch, order)
        self._add_indels(batch, order, with_sequence & ((flag & (UNMAPPED | SECONDARY)) == 0))

    def add_lengths(self, order: int, counts: IntArray) -> None:
        """Add reads of one order, by length."""
        self.lengths[order] = add_padded(self.lengths[order], counts)

    def add_coverage(self, histogram: IntArray) -> None:
        """Add a contig's bases by depth."""
        depth = np.minimum(np.arange(len(histogram)), COVERAGES - 1)
        np.add.at(self.coverage, depth, histogram)
        self.coverage[0] = 0

    def merge(self, other: "CycleTally") -> None:
        """Add another tally to this one."""
        for name in (
            "quality", "bases", "gc_steps", "mapping_quality", "indel_length", "indel_cycle",
            "coverage",
        ):  # fmt: skip
            getattr(self, name)[...] += getattr(other, name)
        for order, counts in enumerate(other.lengths):
            self.add_lengths(order, counts)

    def _add_bases(self, batch: RecordBatch, order: IntArray) -> None:
        is_reverse = ((batch.flag & REVERSE) != 0).astype(np.int64)
        for reads, owner, cycle, span in _slices(batch.n_bases, is_reverse):
            classes = _CLASS[batch.sequence[span]]
            is_gc = (classes == 1) | (classes == 2)
            gc = np.bincount(owner, weights=is_gc, minlength=len(reads)).astype(np.int64)
            which, n = order[reads], batch.n_bases[reads]
            for i in range(2):
                chosen = which == i
                low = gc[chosen] * (GC_STEPS - 1) // n[chosen]
                high = (gc[chosen] + 1) * (GC_STEPS - 1) // n[chosen]
                self.gc_steps[i] += np.bincount(low, minlength=GC_STEPS)
                high = np.minimum(high, GC_STEPS - 1)
                self.gc_steps[i] -= np.bincount(high, minlength=GC_STEPS)
            cell = (which * 2 + is_reverse[reads])[owner]
            cell = (cell * CYCLES + cycle) * len(BASES) + classes
            counts = np.bincount(cell[which[owner] < 2], minlength=self.bases.size)
            self.bases += counts.reshape(self.bases.shape)

    def _add_qualities(self, batch: RecordBatch, order: IntArray) -> None:
        is_reverse = ((batch.flag & REVERSE) != 0).astype(np.int64)
        for reads, owner, cycle, span in _slices(batch.n_qualities, is_reverse):
            cell = (order[reads][owner] * CYCLES + cycle) * 256 + batch.quality[span]
            counts = np.bincount(cell, minlength=self.quality.size)
            self.quality += counts.reshape(self.quality.shape)

    def _add_indels(self, batch: RecordBatch, order: IntArray, chosen: BoolArray) -> None:
        operation, length = batch.operation, batch.operation_length
        offset = batch.operation_offset
        owner = np.repeat(np.arange(len(batch)), np.diff(offset))
        on_read = ~np.isin(operation, (DELETION, SKIP, HARD_CLIP, PADDING))
        passed = np.zeros(len(operation) + 1, dtype=np.int64)
        np.cumsum(np.where(on_read, length, 0), out=passed[1:])
        before = passed[:-1] - passed[offset[owner]]
        left = batch.sequence_length[owner] - before
        is_reverse = (batch.flag[owner] & REVERSE) != 0
        for kind, (code, forward, reverse) in enumerate(
            ((INSERTION, before, left - length), (DELETION, before - 1, left - 1))
        ):
            at = np.where(is_reverse, reverse, forward)
            counted = (operation == code) & (length > 0) & chosen[owner] & (at >= 0)
            sizes = np.minimum(length[counted], INDELS)
            self.indel_length[kind] += np.bincount(sizes, minlength=INDELS + 1)
            for i in range(2):
                cycles = np.minimum(at[counted & (order[owner] == i)], CYCLES - 1)
                self.indel_cycle[kind, i] += np.bincount(cycles, minlength=CYCLES)


def read_orders(flag: IntArray) -> IntArray:
    """0: first read of its fragment or a single one; 1: last; 2: neither or both."""
    is_first, is_last = (flag & READ1) != 0, (flag & READ2) != 0
    orders = np.where(is_first & ~is_last, 0, np.where(is_last & ~is_first, 1, 2))
    return np.where((flag & PAIRED) == 0, 0, orders)


def _slices(
    lengths: IntArray, is_reverse: IntArray
) -> Iterator[tuple[IntArray, IntArray, IntArray, slice]]:
    """Reads a few at a time: their numbers, each base's read among them and cycle, their bases."""
    held = np.flatnonzero(lengths)
    end = np.cumsum(lengths[held])
    first = 0
    while first < len(held):
        begin = int(end[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(end, begin + _SLICE_BASES, side="right")))
        reads = held[first:last]
        n = lengths[reads]
        owner = np.repeat(np.arange(len(reads)), n)
        place = np.arange(len(owner)) - (np.cumsum(n) - n)[owner]
        cycle = np.where(is_reverse[reads][owner] != 0, n[owner] - 1 - place, place)
        yield reads, owner, np.minimum(cycle, CYCLES - 1), slice(begin, int(end[last - 1]))
        first = last
