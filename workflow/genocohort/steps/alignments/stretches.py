"""Stretches of contigs that were counted apart, and how they are joined."""

from collections.abc import Sequence

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.steps.alignments.alleles import no_counts
from genocohort.steps.alignments.compute import Contig, ContigCounts
from genocohort.steps.alignments.depth import DepthSummary, add_padded
from genocohort.steps.alignments.gc_bias import GcCounts
from genocohort.steps.alignments.intervals import Intervals
from genocohort.steps.alignments.regions import no_cells


def bases_between(intervals: Intervals | None, start: int, end: int) -> int:
    """Bases of intervals (None: of everything) inside a stretch."""
    return end - start if intervals is None else intervals.within(start, end).n_bases()


def with_deep(histogram: IntArray, deep: Sequence[IntArray], kind: int) -> IntArray:
    """The histogram with the bases that were too deep for its cells."""
    for rows in deep:
        chosen = rows[rows[:, 0] == kind]
        if len(chosen):
            larger = np.zeros(int(chosen[:, 1].max()) + 1, dtype=np.int64)
            np.add.at(larger, chosen[:, 1], chosen[:, 2])
            histogram = add_padded(histogram, larger)
    return histogram


def empty_stretch(
    contig: Contig, start: int, end: int, n_thresholds: int = 0, gc: GcCounts | None = None
) -> ContigCounts:
    """A stretch without records."""
    targets = None
    if contig.targets is not None:
        targets = np.array([contig.targets.within(start, end).n_bases()], dtype=np.int64)
    bases = np.array([end - start], dtype=np.int64)
    evaluated = bases_between(contig.evaluated, start, end)
    alleles = no_counts(len(sites_between(contig, start, end)))
    depth = DepthSummary(bases, evaluated, 0, targets)
    return ContigCounts(contig, 0, 0, 0, 0, 0, depth, alleles, no_cells(n_thresholds), gc)


def sites_between(contig: Contig, start: int, end: int) -> IntArray:
    """The contig's sites inside a stretch."""
    first, last = np.searchsorted(contig.sites, (start, end)).tolist()
    return np.ascontiguousarray(contig.sites[first:last])


def join_stretches(one: ContigCounts, other: ContigCounts) -> ContigCounts:
    """Two stretches of a contig as one."""
    a, b = one.depth, other.depth
    targets = None
    if a.target_histogram is not None and b.target_histogram is not None:
        targets = add_padded(a.target_histogram, b.target_histogram)
    return ContigCounts(
        one.contig,
        one.n_mapped + other.n_mapped,
        one.n_unmapped + other.n_unmapped,
        one.read_depth_sum + other.read_depth_sum,
        one.soft_clipped_bases + other.soft_clipped_bases,
        one.n_past_end + other.n_past_end,
        DepthSummary(
            add_padded(a.histogram, b.histogram),
            a.evaluated_bases + b.evaluated_bases,
            a.evaluated_sum + b.evaluated_sum,
            targets,
        ),
        np.concatenate([one.alleles, other.alleles]),
        one.regions.joined(other.regions),
        one.gc.joined(other.gc) if one.gc and other.gc else None,
    )
