"""One sample's tally as the columns of its result tables."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import (
    CONTIGS,
    CYCLES,
    FLAGSTAT,
    GC_BIAS,
    GC_DEPTH,
    HISTOGRAMS,
    INSERT_SIZES,
    STRATA,
)
from genocohort.steps.alignments.compute import ContigCounts, Tally
from genocohort.steps.alignments.cycles import BASES, READ_ORDERS, CycleTally
from genocohort.steps.alignments.gc_bias import gc_bias_rows, gc_depth_rows
from genocohort.steps.alignments.reads import ReadTally, compute_flagstat, compute_totals
from genocohort.steps.alignments.strata import Named, Stratum, insert_rows

Columns = dict[str, Any]


def empty_columns(table: Table) -> Columns:
    """A table without rows."""
    return {name: [] for name in table.column_names}


def flagstat_columns(sample: str, reads: ReadTally) -> Columns:
    """Columns of the flagstat table."""
    counts = {
        "flagstat": compute_flagstat(reads.flags, reads.mate_other_contig),
        "totals": compute_totals(reads),
    }
    rows = [
        (sample, source, metric, passing, failing)
        for source, metrics in counts.items()
        for metric, (passing, failing) in metrics.items()
    ]
    return _by_column(FLAGSTAT, rows)


def contig_columns(sample: str, tally: Tally) -> Columns:
    """Columns of the contigs table: every contig, then the row `*`."""
    rows: list[tuple[Any, ...]] = [_contig_row(sample, counts) for counts in tally.contigs]
    rows.append((sample, "*", None, *tally.n_unplaced, 0, None, 0, None, 0, 0, 0, 0))
    return _by_column(CONTIGS, rows)


def _contig_row(sample: str, counts: ContigCounts) -> tuple[Any, ...]:
    length, depth = counts.contig.length, counts.depth
    total = depth.depth_sum()
    return (
        sample,
        counts.contig.name,
        length,
        counts.n_mapped,
        counts.n_unmapped,
        total,
        total / length if length else None,
        counts.read_depth_sum,
        counts.read_depth_sum / length if length else None,
        depth.covered_bases(),
        counts.soft_clipped_bases,
        depth.evaluated_bases,
        depth.evaluated_sum,
    )


def histogram_columns(sample: str, tally: Tally, thresholds: Sequence[int]) -> Columns:
    """Columns of the histograms table: first over all contigs, then for each contig."""
    reads = tally.reads
    depth = _sum_histograms([c.depth.histogram for c in tally.contigs])
    parts = [("", "fragment_depth", depth)]
    targets = [c.depth.target_histogram for c in tally.contigs]
    given = [t for t in targets if t is not None]
    if given:
        parts.append(("", "target_depth", _sum_histograms(given)))
    # Each pair is counted from both of its reads, in each of its orientations.
    inserts = (reads.insert_size.sum(axis=2) // 2).sum(axis=1)
    parts += [
        ("", "insert_size", inserts),
        ("", "base_quality", reads.base_quality.sum(axis=1)),
        ("", "gc", reads.gc),
        ("", "read_length", reads.read_length),
        ("", "mapping_quality", reads.mapping_quality),
        *(("", name, counts) for name, counts in _cycle_histograms(tally.cycles).items()),
    ]
    parts += [(c.contig.name, "fragment_depth", c.depth.histogram) for c in tally.contigs]
    rows = [row for part in parts for row in _filled(*part)]
    reached = [("", depth), *((c.contig.name, c.depth.histogram) for c in tally.contigs)]
    rows += [
        (name, "fragment_depth_at_least", x, int(histogram[x:].sum()))
        for name, histogram in reached
        for x in thresholds
        if int(histogram[x:].sum())
    ]
    return _by_column(HISTOGRAMS, [(sample, *row) for row in rows])


def _cycle_histograms(cycles: CycleTally) -> dict[str, IntArray]:
    """Distributions of the histograms table that need reads' order or their own depth."""
    first, last = cycles.gc_steps.cumsum(axis=1)
    return {
        "mapping_quality_usable": cycles.mapping_quality,
        "read_length_first": cycles.lengths[0],
        "read_length_last": cycles.lengths[1],
        "gc_first": first,
        "gc_last": last,
        "insertion_length": cycles.indel_length[0],
        "deletion_length": cycles.indel_length[1],
        "coverage": cycles.coverage,
    }


def cycle_columns(sample: str, cycles: CycleTally) -> Columns:
    """Columns of the cycles table."""
    rows: list[tuple[Any, ...]] = []
    for order, cycle, quality in np.argwhere(cycles.quality).tolist():
        n = int(cycles.quality[order, cycle, quality])
        rows.append((sample, "quality", READ_ORDERS[order], None, cycle + 1, quality, n))
    by_base = np.moveaxis(cycles.bases, 3, 0)
    for base, order, strand, cycle in np.argwhere(by_base).tolist():
        n = int(by_base[base, order, strand, cycle])
        name = ("forward", "reverse")[strand]
        rows.append((sample, BASES[base], READ_ORDERS[order], name, cycle + 1, None, n))
    for kind, order, cycle in np.argwhere(cycles.indel_cycle).tolist():
        n = int(cycles.indel_cycle[kind, order, cycle])
        name = ("insertion", "deletion")[kind]
        rows.append((sample, name, READ_ORDERS[order], None, cycle + 1, None, n))
    return _by_column(CYCLES, rows)


def gc_bias_columns(sample: str, tally: Tally) -> Columns:
    """Columns of the gc_bias table; no rows where there is no reference."""
    parts = [c.gc for c in tally.contigs if c.gc is not None]
    return _by_column(GC_BIAS, [(sample, *row) for row in gc_bias_rows(parts)] if parts else [])


def gc_depth_columns(sample: str, tally: Tally, bin_size: int) -> Columns:
    """Columns of the gc_depth table; no rows where there is no reference."""
    parts = [c.gc for c in tally.contigs if c.gc is not None]
    length = mean_read_length(tally.reads)
    return _by_column(GC_DEPTH, [(sample, *row) for row in gc_depth_rows(parts, bin_size, length)])


def mean_read_length(reads: ReadTally) -> float:
    """Bases per primary read; 0 without reads."""
    n = int(reads.sums["sequences"].sum())
    return int(reads.sums["bases"].sum()) / n if n else 0.0


def strata_of(tally: Tally, read_groups: Sequence[str]) -> Named:
    """The tally's strata: the header's read groups (empty text: none of them), then contigs."""
    by_group, by_contig = tally.by_group, tally.by_contig
    rows: list[tuple[str | None, str | None, Stratum]] = [
        (name, None, by_group.get(number, Stratum())) for number, name in enumerate(read_groups)
    ]
    if len(read_groups) in by_group:
        rows.append(("", None, by_group[len(read_groups)]))
    names = {c.contig.number: c.contig.name for c in tally.contigs} | {-1: "*"}
    rows += [(None, name, by_contig[n]) for n, name in names.items() if n in by_contig]
    return Named(rows, tally.reads.insert_size_max)


def strata_columns(sample: str, strata: Named) -> Columns:
    """Columns of the strata table."""
    return _by_column(STRATA, [(sample, *row) for row in strata.count_rows()])


def insert_size_columns(sample: str, tally: Tally, strata: Named) -> Columns:
    """Columns of the insert_sizes table: first of all pairs, then of each stratum."""
    whole = [(None, None, *row) for row in insert_rows(tally.reads.insert_size)]
    return _by_column(INSERT_SIZES, [(sample, *row) for row in (*whole, *strata.insert_rows())])


def _filled(name: str, metric: str, histogram: IntArray) -> Iterator[tuple[str, str, int, int]]:
    for value in np.flatnonzero(histogram).tolist():
        yield name, metric, value, int(histogram[value])


def _sum_histograms(histograms: Sequence[IntArray]) -> IntArray:
    total = np.zeros(max((len(h) for h in histograms), default=1), dtype=np.int64)
    for histogram in histograms:
        total[: len(histogram)] += histogram
    return total


def _by_column(table: Table, rows: Sequence[tuple[Any, ...]]) -> Columns:
    columns = zip(*rows, strict=True) if rows else [()] * len(table.columns)
    return {name: list(c) for name, c in zip(table.column_names, columns, strict=True)}
