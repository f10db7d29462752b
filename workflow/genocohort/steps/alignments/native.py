"""Measure with the compiled kernels: pieces of the file on threads, added up in its order."""

import itertools
import os
from collections.abc import Sequence
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.engine.tasks import map_tasks
from genocohort.errors import InputDataError
from genocohort.io.alignment_pieces import (
    Piece,
    contig_pieces,
    read_pieces,
    site_pieces,
    whole_file,
)
from genocohort.io.alignments import Alignment, unsorted_error
from genocohort.kernels import NO_MEMORY, PROBLEMS, UNSORTED
from genocohort.steps.alignments.compute import Choices, Contig, ContigCounts, Tally
from genocohort.steps.alignments.depth import DepthSummary
from genocohort.steps.alignments.gc_bias import Fetch, GcCounts, ReferenceGc, StretchGc
from genocohort.steps.alignments.intervals import Intervals
from genocohort.steps.alignments.native_counts import ReadCounts
from genocohort.steps.alignments.regions import RegionCells, regions_between
from genocohort.steps.alignments.stretches import (
    bases_between,
    empty_stretch,
    join_stretches,
    sites_between,
    with_deep,
)

# Buffers and counts of a thread.
TASK_BYTES = 100 << 20
# What the kernel's `run` says when a contig's records are through, and a place behind all reads.
_THROUGH = 1
_BEHIND = 1 << 62


class RunSink(Protocol):
    """Takes the depth of every base, by pieces of the file that come in any order."""

    def add(self, piece: int, contig: int, runs: IntArray) -> None:
        """Ends and depths (int64[k, 2]) that follow those added of the piece before."""

    def done(self, piece: int) -> None:
        """Nothing more comes of a piece."""


class _Place(NamedTuple):
    """A stretch of a contig in a piece of the file."""

    piece: int
    contig: Contig
    start: int
    end: int
    gc: StretchGc | None


class Engine:
    """Measures one file.

    Parameters
    ----------
    module : ModuleType
        The compiled module.
    alignment : Alignment
    contigs : sequence of Contig
        Of the header, in order.
    choices : Choices
    fetch : callable or None
        Gives pieces of the reference; None: reads are not counted by its GC content.
    sink : RunSink or None
        Is given the depth of every base.
    """

    def __init__(
        self,
        module: ModuleType,
        alignment: Alignment,
        contigs: Sequence[Contig],
        choices: Choices,
        fetch: Fetch | None = None,
        sink: RunSink | None = None,
    ) -> None:
        self._module, self._alignment = module, alignment
        self._contigs, self._choices = contigs, choices
        self._idle: list[Any] = []
        self._all: list[Any] = []
        self._lock = Lock()
        self._counts = ReadCounts(choices.insert_size_max)
        self._sink = sink
        self._reference: ReferenceGc | None = None
        if fetch is not None:
            self._reference = ReferenceGc(
                fetch, choices.gc_window, choices.gc_depth_bin, module.gc_percents, module.gc_bases
            )
        self._decoders = 1

    def count_alleles(self, pieces: Sequence[Piece], threads: int) -> Tally:
        """The contigs of the pieces, of which nothing but the alleles is complete.

        Raises
        ------
        InputDataError
            As `measure`.
        """
        parts = map_tasks(self._piece, list(enumerate(pieces)), threads=threads)
        tally = self._tally()
        by_contig = self._by_contig([found for _, _, found in parts])
        tally.contigs = [by_contig[number] for number in sorted(by_contig)]
        return tally

    def measure(self, pieces: Sequence[Piece], threads: int) -> Tally:
        """Count every record of the file.

        Raises
        ------
        InputDataError
            Damaged data, records out of order, or an index of another file.
        """
        # The threads that pieces leave idle decode a CRAM.
        self._decoders = max(1, threads // len(pieces))
        parts = map_tasks(self._piece, list(enumerate(pieces)), threads=threads)
        self._check_seams([(first, stop) for first, stop, _ in parts])
        tally = self._tally()
        by_contig = self._by_contig([found for _, _, found in parts])
        if (unplaced := by_contig.pop(len(self._contigs), None)) is not None:
            tally.n_unplaced = (unplaced.n_mapped, unplaced.n_unmapped)
        tally.contigs = [by_contig[c.number] for c in self._contigs]
        return tally

    def _tally(self) -> Tally:
        """All threads' counts of reads."""
        counts = self._counts
        reads = counts.reads(self._all)
        by_contig = {
            number if number < len(self._contigs) else -1: stratum
            for number, stratum in counts.by_contig.items()
        }
        return Tally(reads, counts.cycles, by_group=counts.by_group, by_contig=by_contig)

    @staticmethod
    def _by_contig(parts: Sequence[list[tuple[int, ContigCounts]]]) -> dict[int, ContigCounts]:
        by_contig: dict[int, ContigCounts] = {}
        for number, counts in itertools.chain.from_iterable(parts):
            known = by_contig.get(number)
            by_contig[number] = join_stretches(known, counts) if known else counts
        return by_contig

    def _take(self) -> Any:
        """A measurer that no task uses: as many as threads at most."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        choices = self._choices
        measurer = self._module.Measurer(
            [name.encode() for name in self._alignment.read_groups],
            len(self._contigs),
            choices.insert_size_max,
            choices.excluded_flags,
            choices.min_mapping_quality,
            choices.count_deletions,
            choices.site_min_mapping_quality,
            choices.site_min_base_quality,
        )
        measurer.set_thresholds(np.array(choices.thresholds, dtype=np.int64))
        with self._lock:
            self._all.append(measurer)
        return measurer

    def _piece(self, task: tuple[int, Piece]) -> tuple[int, int, list[tuple[int, ContigCounts]]]:
        """First and last virtual offset of a piece, and its contigs."""
        number, piece = task
        measurer = self._take()
        path = self._alignment.path
        if self._alignment.kind == "cram":
            index = self._alignment.index if piece.offset >= 0 else None
            found = self._read_cram(measurer, task, str(index) if index else "")
        else:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            try:
                measurer.open_bam(descriptor, piece.offset, piece.start, piece.end)
                found = self._read(measurer, task)
            finally:
                os.close(descriptor)
        if self._sink is not None:
            self._sink.done(number)
        result = (int(measurer.first), int(measurer.stop), found)
        with self._lock:
            self._idle.append(measurer)
        return result

    def _read_cram(
        self, measurer: Any, task: tuple[int, Piece], index: str
    ) -> list[tuple[int, ContigCounts]]:
        _, piece = task
        names = (str(self._alignment.path), str(self._alignment.reference or ""), index)
        measurer.open_htslib(
            *(os.fsencode(n) for n in names), piece.start, piece.end, self._decoders
        )
        try:
            return self._read(measurer, task)
        finally:
            measurer.close_htslib()

    def _read(self, measurer: Any, task: tuple[int, Piece]) -> list[tuple[int, ContigCounts]]:
        found = []
        at, piece = task
        n_contigs = len(self._contigs)
        (first, begin), (last, stop) = piece.start, piece.end
        for number in range(first, min(last, n_contigs) + 1):
            start = max(begin, 0) if number == first else 0
            if number == n_contigs:
                if number < last or stop > 0:
                    found.append((number, self._unplaced(measurer)))
                continue
            contig = self._contigs[number]
            end = min(stop, contig.length) if number == last else contig.length
            if number == last and stop < 0:
                continue
            place = _Place(at, contig, start, max(end, start), self._gc(contig, start, end))
            found.append((number, self._stretch(measurer, place)))
        code = self._checked(measurer, measurer.next_contig())
        if code != self._module.PAST_RANGE:
            raise self._disagrees()
        return found

    def _gc(self, contig: Contig, start: int, end: int) -> StretchGc | None:
        if self._reference is None:
            return None
        return StretchGc(self._reference, contig.name, contig.length, start, max(end, start))

    def _stretch(self, measurer: Any, place: _Place) -> ContigCounts:
        contig, start, end, gc = place.contig, place.start, place.end, place.gc
        if self._checked(measurer, measurer.next_contig()) != contig.number:
            if self._sink is not None and start < end:
                self._sink.add(place.piece, contig.number, np.array([[end, 0]], dtype=np.int64))
            n_thresholds = len(self._choices.thresholds)
            return empty_stretch(contig, start, end, n_thresholds, gc.finish() if gc else None)
        index, regions = regions_between(contig.regions, start, end)
        measurer.open_contig(
            contig.number, contig.length, start, end, _pairs(contig.evaluated),
            _pairs(contig.targets), sites_between(contig, start, end), 0, self._sink is not None,
            regions,
        )  # fmt: skip
        if gc is not None:
            measurer.open_gc(self._choices.gc_window, self._choices.gc_depth_bin)
        deep: list[IntArray] = []
        while (code := self._checked(measurer, measurer.run())) != _THROUGH:
            if code == self._module.GC_CHUNK_NEEDED:
                _set_chunk(measurer, gc)
            deep.append(self._take_lists(measurer, place))
        closed = measurer.close_contig()
        deep.append(self._take_lists(measurer, place))
        mapped, unmapped = self._counts.add_contig(contig.number, closed)
        targets = None
        if contig.targets is not None:
            targets = with_deep(closed["target_histogram"], deep, 1)
        evaluated = bases_between(contig.evaluated, start, end)
        return ContigCounts(
            contig, mapped, unmapped, closed["read_depth_sum"], closed["soft_clipped_bases"],
            closed["n_past_end"],
            DepthSummary(
                with_deep(closed["histogram"], deep, 0), evaluated, closed["evaluated_sum"],
                targets,
            ),
            closed["site_counts"],
            RegionCells(index, closed["region_cells"]),
            _with_reads(gc, closed) if gc is not None else None,
        )  # fmt: skip

    def _unplaced(self, measurer: Any) -> ContigCounts:
        """Records without a place; only their numbers count."""
        nowhere = Contig(len(self._contigs), "*", 0)
        counts = empty_stretch(nowhere, 0, 0)
        if self._checked(measurer, measurer.next_contig()) == nowhere.number:
            measurer.open_contig(nowhere.number, 0, 0, 0, None, None)
            while self._checked(measurer, measurer.run()) != _THROUGH:
                self._take_lists(measurer, None)
            closed = measurer.close_contig()
            counts.n_mapped, counts.n_unmapped = self._counts.add_contig(nowhere.number, closed)
            self._take_lists(measurer, None)
        return counts

    def _take_lists(self, measurer: Any, place: "_Place | None") -> IntArray:
        lists = measurer.take_lists()
        self._counts.add_long_lengths(lists["long_lengths"])
        if place is not None:
            if self._sink is not None and len(lists["runs"]):
                self._sink.add(place.piece, place.contig.number, lists["runs"])
            if place.gc is not None and len(lists["far"]):
                place.gc.add_far(lists["far"] >> 1, lists["far"] & 1)
        deep: IntArray = lists["deep"]
        if len(deep) and int(deep[:, 1].min()) < 0:
            raise RuntimeError("the kernel counted a negative depth")
        return deep

    def _checked(self, measurer: Any, code: int) -> int:
        if code >= 0:
            return code
        alignment = self._alignment
        if code == NO_MEMORY:
            raise MemoryError("the alignment kernel's buffers")
        block = measurer.position()
        near = f", block at byte {block}" if block >= 0 else ""
        if code == UNSORTED:
            raise unsorted_error(f"{alignment.path}, after {measurer.n_records} records{near}")
        raise InputDataError(
            "the alignment file is truncated or corrupt: a record cannot be read: "
            + PROBLEMS[code],
            where=f"{alignment.path}, after about {measurer.n_records} records{near}",
            remedy="copy it again, or make it again from its source",
        )

    def _check_seams(self, offsets: list[tuple[int, int]]) -> None:
        """Every piece must begin at the record at which the one before it has stopped."""
        for (_, stop), (first, _) in itertools.pairwise(offsets):
            if stop != first:
                raise self._disagrees()

    def _disagrees(self) -> InputDataError:
        return InputDataError(
            "the file and its index disagree: the file is truncated or changed, or the index is "
            "of another file",
            where=f"{self._alignment.path} and {self._alignment.index}",
            remedy="copy the file again, or make its index again with `samtools index`",
        )


def measure_native(
    module: ModuleType,
    alignment: Alignment,
    contigs: Sequence[Contig],
    choices: Choices,
    threads: int,
    fetch: Fetch | None = None,
    sink: RunSink | None = None,
) -> Tally:
    """Measure a file with the compiled kernels, in as many pieces as its index allows.

    `fetch` and `sink` : as in Engine.

    Raises
    ------
    InputDataError
        Damaged data, records out of order, or an index of another file.
    """
    pieces = whole_file(len(contigs))
    if alignment.index is not None:
        if alignment.kind == "bam":
            pieces = read_pieces(alignment.index, len(contigs))
        else:
            pieces = contig_pieces(alignment.lengths)
    return Engine(module, alignment, contigs, choices, fetch, sink).measure(pieces, threads)


def count_alleles_native(
    module: ModuleType,
    alignment: Alignment,
    contigs: Sequence[Contig],
    choices: Choices,
    threads: int,
) -> Tally:
    """Count alleles at the contigs' sites, reading only what lies around them.

    Raises
    ------
    InputDataError
        As `measure_native`; a damage elsewhere in the file is not seen.
    """
    index = alignment.index if alignment.kind == "bam" else None
    pieces = site_pieces(index, [c.sites.tolist() for c in contigs], len(contigs))
    return Engine(module, alignment, contigs, choices).count_alleles(pieces, threads)


def _pairs(intervals: Intervals | None) -> IntArray | None:
    """Starts and ends, int64[n, 2]."""
    if intervals is None:
        return None
    return np.ascontiguousarray(np.stack([intervals.start, intervals.end], axis=1))


def _set_chunk(measurer: Any, gc: StretchGc | None) -> None:
    """Hand the kernel the next chunk of the reference's windows."""
    chunk = gc.next() if gc is not None else None
    if gc is None or chunk is None:
        measurer.set_chunk(np.zeros(0, dtype=np.uint8), 0, _BEHIND)
    else:
        stop = _BEHIND if gc.is_last(chunk) else chunk.stop
        measurer.set_chunk(chunk.percent, chunk.base, stop)


def _with_reads(gc: StretchGc, closed: dict[str, Any]) -> GcCounts:
    """The stretch's counts with the reads that the kernel has counted."""
    counts = gc.finish()
    counts.reads += closed["gc_reads"]
    counts.bins[:, 0] += closed["gc_bins"][: len(counts.bins)]
    return counts
