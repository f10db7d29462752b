"""Tally batches of records into one sample's counts, contigs and distributions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from genocohort.domain.records import SECONDARY, UNMAPPED, IntArray, RecordBatch
from genocohort.steps.alignments.alleles import SiteTally, no_counts
from genocohort.steps.alignments.cycles import CycleTally
from genocohort.steps.alignments.depth import WINDOW, ContigDepth, DepthArray, DepthSummary
from genocohort.steps.alignments.gc_bias import GcCounts, GcTally, ReferenceGc
from genocohort.steps.alignments.intervals import Intervals
from genocohort.steps.alignments.layout import Layout, compute_layout
from genocohort.steps.alignments.mates import MateOverlaps
from genocohort.steps.alignments.reads import ReadTally
from genocohort.steps.alignments.regions import RegionCells, RegionTally, no_cells
from genocohort.steps.alignments.strata import Strata, merge_strata, stratum_of


@dataclass(frozen=True)
class Contig:
    """A contig of the header: its number, name, length, and where its depth is looked at.

    `evaluated` None: everywhere; `targets` None: no targets are given; `sites`: rising positions
    whose alleles are counted, int64[m]; `regions`: starts and ends, by start, int64[k, 2].
    """

    number: int
    name: str
    length: int
    evaluated: Intervals | None = None
    targets: Intervals | None = None
    sites: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    regions: IntArray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))


@dataclass(frozen=True)
class Choices:
    """Which records give depth, and how the tally is bounded; see AlignmentsSettings."""

    excluded_flags: int = 1796
    min_mapping_quality: int = 0
    count_deletions: bool = False
    insert_size_max: int = 8000
    window: int = WINDOW
    site_min_mapping_quality: int = 20
    site_min_base_quality: int = 20
    thresholds: tuple[int, ...] = ()
    gc_window: int = 100
    gc_depth_bin: int = 20_000


# Called with a contig's number, the start of a window and its fragment depth.
OnWindow = Callable[[int, int, DepthArray], None]


@dataclass
class ContigCounts:
    """Result of one contig.

    Attributes
    ----------
    n_mapped, n_unmapped : int
        Records placed on it.
    read_depth_sum, soft_clipped_bases : int
        Over the records that give depth; an overlap of mates counts twice.
    n_past_end : int
        Records that give depth and reach beyond the contig's end.
    depth : DepthSummary
        Fragment depth: an overlap of mates counts once.
    alleles : int64[m, N_CELLS]
        Alleles at the contig's sites.
    regions : RegionCells
        Depth of the contig's regions.
    gc : GcCounts or None
        Reads by the reference's GC content; None where no reference is given.
    """

    contig: Contig
    n_mapped: int
    n_unmapped: int
    read_depth_sum: int
    soft_clipped_bases: int
    n_past_end: int
    depth: DepthSummary
    alleles: IntArray = field(default_factory=lambda: no_counts(0))
    regions: RegionCells = field(default_factory=lambda: no_cells(0))
    gc: GcCounts | None = None


@dataclass
class Tally:
    """What one task counted; `contigs` in the header's order.

    `by_group` and `by_contig` : the reads' counts by the number of the read group (how many there
    are: no group) and of the contig (-1: no place).
    """

    reads: ReadTally
    cycles: CycleTally = field(default_factory=CycleTally)
    contigs: list[ContigCounts] = field(default_factory=list)
    n_unplaced: tuple[int, int] = (0, 0)
    by_group: Strata = field(default_factory=dict)
    by_contig: Strata = field(default_factory=dict)


class _OpenContig:
    """A contig whose records are coming in."""

    def __init__(
        self,
        contig: Contig,
        choices: Choices,
        on_window: OnWindow | None,
        reference: ReferenceGc | None,
    ) -> None:
        self.number = contig.number
        self._contig, self._choices = contig, choices
        self._regions = RegionTally(contig.regions, choices.thresholds)
        self._on_window = on_window
        self._gc = GcTally(reference, contig.name, contig.length) if reference else None
        self._depth = ContigDepth(
            contig.length,
            contig.evaluated,
            contig.targets,
            choices.window,
            self._look if on_window or len(contig.regions) else None,
        )
        self._coverage = ContigDepth(contig.length, window=choices.window)
        self._mates = MateOverlaps()
        self._alleles = SiteTally(
            contig.sites, choices.site_min_mapping_quality, choices.site_min_base_quality
        )
        self._n_mapped = self._n_unmapped = 0
        self._read_depth_sum = self._soft_clipped = self._n_past_end = 0

    def _look(self, start: int, depth: DepthArray) -> None:
        self._regions.add(start, depth)
        if self._on_window:
            self._on_window(self.number, start, depth)

    def add(self, batch: RecordBatch, layout: Layout, first: int, last: int) -> None:
        """Add the records first..last of a batch, all of this contig."""
        if self._gc:
            self._gc.add(batch, layout.end, first, last)
        here = slice(first, last)
        flag = batch.flag[here]
        unmapped = int(np.count_nonzero(flag & UNMAPPED))
        self._n_mapped += last - first - unmapped
        self._n_unmapped += unmapped
        gives = (flag & self._choices.excluded_flags) == 0
        gives &= batch.mapping_quality[here] >= self._choices.min_mapping_quality
        gives &= batch.start[here] >= 0
        chosen = first + np.flatnonzero(gives)
        start, end = _blocks_of(layout, chosen)
        length = self._contig.length
        self._read_depth_sum += int(
            (np.minimum(end, length) - np.minimum(start, length)).sum(dtype=np.int64)
        )
        self._soft_clipped += int(layout.soft_clipped[chosen].sum())
        self._n_past_end += int(np.count_nonzero(layout.end[chosen] > length))
        self._depth.add(start, end)
        shared = self._mates.find(batch, layout, chosen)
        self._depth.add(*shared[:2], weight=-1)
        self._alleles.add(batch, layout.end, chosen, shared)
        self._add_coverage(batch, layout, first, last)
        position = int(batch.start[last - 1])
        self._depth.advance(position)
        self._coverage.advance(position)
        self._mates.forget_before(position)

    def _add_coverage(self, batch: RecordBatch, layout: Layout, first: int, last: int) -> None:
        here = slice(first, last)
        covers = (batch.flag[here] & (UNMAPPED | SECONDARY)) == 0
        covers &= (batch.sequence_length[here] > 0) & (batch.start[here] >= 0)
        if self._choices.count_deletions:
            layout = compute_layout(batch)
        self._coverage.add(*_blocks_of(layout, first + np.flatnonzero(covers)))

    def coverage(self) -> IntArray:
        """Bases by depth of all mapped, not secondary records; for a contig that is through."""
        return self._coverage.finish().histogram

    def finish(self) -> ContigCounts:
        """The contig's result."""
        return ContigCounts(
            self._contig,
            self._n_mapped,
            self._n_unmapped,
            self._read_depth_sum,
            self._soft_clipped,
            self._n_past_end,
            self._depth.finish(),
            self._alleles.counts,
            self._regions.finish(),
            self._gc.finish() if self._gc else None,
        )


def _blocks_of(layout: Layout, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Blocks of the chosen records."""
    n_blocks = np.diff(layout.block_offset)
    is_chosen = np.zeros(len(n_blocks), dtype=bool)
    is_chosen[chosen] = True
    mask = np.repeat(is_chosen, n_blocks)
    return layout.block_start[mask], layout.block_end[mask]


def tally_batches(
    batches: Iterable[RecordBatch],
    contigs: Sequence[Contig],
    choices: Choices,
    on_window: OnWindow | None = None,
    reference: ReferenceGc | None = None,
) -> Tally:
    """Count records in one pass.

    Parameters
    ----------
    batches : iterable of RecordBatch
        Sorted by coordinate; records without a place last.
    contigs : sequence of Contig
        All contigs the batches may hold, in the header's order; those without records get zeros.
    choices : Choices
    on_window : callable or None
        Is given the fragment depth of every base, window by window.
    reference : ReferenceGc or None
        Where reads are counted by GC content.

    Returns
    -------
    Tally
        One entry of `contigs` for each contig given.
    """
    tally = Tally(ReadTally(choices.insert_size_max))
    waiting = list(reversed(contigs))
    current: _OpenContig | None = None
    strata = _OpenStrata(tally, choices.insert_size_max)
    for batch in batches:
        layout = compute_layout(batch, count_deletions=choices.count_deletions)
        tally.reads.add(batch, layout)
        tally.cycles.add(batch, layout)
        for first, last in _runs(batch.contig):
            number = int(batch.contig[first])
            strata.add(batch, number, first, last)
            if number < 0:
                n_unmapped = int(np.count_nonzero(batch.flag[first:last] & UNMAPPED))
                n_mapped, n_before = tally.n_unplaced
                tally.n_unplaced = (n_mapped + last - first - n_unmapped, n_before + n_unmapped)
                continue
            while current is None or current.number != number:
                if current is not None:
                    _finish(tally, current)
                current = _OpenContig(waiting.pop(), choices, on_window, reference)
            current.add(batch, layout, first, last)
    if current is not None:
        _finish(tally, current)
    strata.close()
    while waiting:
        tally.contigs.append(_OpenContig(waiting.pop(), choices, on_window, reference).finish())
    return tally


class _OpenStrata:
    """The reads' counts of the contig whose records are coming in, by read group."""

    def __init__(self, tally: Tally, insert_size_max: int) -> None:
        self._tally, self._insert_size_max = tally, insert_size_max
        self._contig: int | None = None
        self._groups: dict[int, ReadTally] = {}

    def add(self, batch: RecordBatch, contig: int, first: int, last: int) -> None:
        """Count the records first..last of a batch, all of a contig (-1: no place)."""
        if contig != self._contig:
            self.close()
            self._contig = contig
        rows = np.arange(first, last)
        group = np.zeros(len(batch), dtype=np.int64) if batch.group is None else batch.group
        for number in np.unique(group[first:last]).tolist():
            part = batch.take(rows[group[first:last] == number])
            if number not in self._groups:
                self._groups[number] = ReadTally(self._insert_size_max)
            self._groups[number].add(part, compute_layout(part))

    def close(self) -> None:
        """Add the contig's counts to the tally."""
        for number, reads in self._groups.items():
            merge_strata(self._tally.by_group, {number: stratum_of(reads)})
            merge_strata(self._tally.by_contig, {self._contig or 0: stratum_of(reads)})
        self._groups = {}


def _finish(tally: Tally, contig: _OpenContig) -> None:
    tally.contigs.append(contig.finish())
    tally.cycles.add_coverage(contig.coverage())


def _runs(contig: IntArray) -> list[tuple[int, int]]:
    """Stretches of records on the same contig."""
    edges = np.flatnonzero(np.diff(contig)) + 1
    bounds = [0, *edges.tolist(), len(contig)]
    return list(pairwise(bounds))


def merge_tallies(tallies: Sequence[Tally]) -> Tally:
    """Join what the tasks counted; all sums are of integers, so their order does not matter."""
    first, *others = tallies
    for other in others:
        first.reads.merge(other.reads)
        first.cycles.merge(other.cycles)
        first.contigs += other.contigs
        merge_strata(first.by_group, other.by_group)
        merge_strata(first.by_contig, other.by_contig)
        first.n_unplaced = (
            first.n_unplaced[0] + other.n_unplaced[0],
            first.n_unplaced[1] + other.n_unplaced[1],
        )
    first.contigs.sort(key=lambda counts: counts.contig.number)
    return first
