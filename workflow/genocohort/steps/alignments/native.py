"""Measure with the compiled kernels: pieces of the file on threads, added up in its order."""

import itertools
import os
from collections.abc import Sequence
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from genocohort.domain.records import UNMAPPED, IntArray
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
from genocohort.steps.alignments.cycles import CycleTally
from genocohort.steps.alignments.depth import DepthSummary, add_padded
from genocohort.steps.alignments.intervals import Intervals
from genocohort.steps.alignments.reads import N_FLAGS, ReadTally
from genocohort.steps.alignments.stretches import (
    bases_between,
    empty_stretch,
    join_stretches,
    sites_between,
    with_deep,
)

# The kernels' sums, in their order; those with a name of TOTALS_METRICS are kept.
SUMS = (
    "sequences", "sequences_first", "sequences_last", "sequences_mapped",
    "sequences_mapped_paired", "sequences_properly_paired", "sequences_paired",
    "sequences_duplicate", "sequences_mapped_duplicate", "sequences_mapq0",
    "sequences_mate_elsewhere", "bases", "bases_first", "bases_last", "bases_mapped",
    "bases_duplicate", "bases_acgt", "bases_gc", "bases_without_quality", "base_quality_sum",
    "bases_mapped_cigar", "bases_mapped_cigar_with_nm", "mismatches", "mate_other_contig",
    "mate_other_contig_mapq5",
)  # fmt: skip
# Buffers and counts of a thread.
TASK_BYTES = 64 << 20


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
    """

    def __init__(
        self,
        module: ModuleType,
        alignment: Alignment,
        contigs: Sequence[Contig],
        choices: Choices,
    ) -> None:
        self._module, self._alignment = module, alignment
        self._contigs, self._choices = contigs, choices
        self._idle: list[Any] = []
        self._all: list[Any] = []
        self._lock = Lock()
        self._flags = np.zeros(N_FLAGS, dtype=np.int64)
        self._sums = np.zeros((len(SUMS), 2), dtype=np.int64)
        self._long_lengths: list[IntArray] = []
        self._cycles = CycleTally()
        self._decoders = 1

    def count_alleles(self, pieces: Sequence[Piece], threads: int) -> Tally:
        """The contigs of the pieces, of which nothing but the alleles is complete.

        Raises
        ------
        InputDataError
            As `measure`.
        """
        parts = map_tasks(self._piece, list(pieces), threads=threads)
        tally = Tally(self._reads(), self._cycles)
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
        parts = map_tasks(self._piece, list(pieces), threads=threads)
        self._check_seams([(first, stop) for first, stop, _ in parts])
        tally = Tally(self._reads(), self._cycles)
        by_contig = self._by_contig([found for _, _, found in parts])
        if (unplaced := by_contig.pop(len(self._contigs), None)) is not None:
            tally.n_unplaced = (unplaced.n_mapped, unplaced.n_unmapped)
        tally.contigs = [by_contig[c.number] for c in self._contigs]
        return tally

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
            [],
            len(self._contigs),
            choices.insert_size_max,
            choices.excluded_flags,
            choices.min_mapping_quality,
            choices.count_deletions,
            choices.site_min_mapping_quality,
            choices.site_min_base_quality,
        )
        with self._lock:
            self._all.append(measurer)
        return measurer

    def _piece(self, piece: Piece) -> tuple[int, int, list[tuple[int, ContigCounts]]]:
        """First and last virtual offset of a piece, and its contigs."""
        measurer = self._take()
        path = self._alignment.path
        if self._alignment.kind == "cram":
            index = self._alignment.index if piece.offset >= 0 else None
            found = self._read_cram(measurer, piece, str(index) if index else "")
        else:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            try:
                measurer.open_bam(descriptor, piece.offset, piece.start, piece.end)
                found = self._read(measurer, piece)
            finally:
                os.close(descriptor)
        result = (int(measurer.first), int(measurer.stop), found)
        with self._lock:
            self._idle.append(measurer)
        return result

    def _read_cram(self, measurer: Any, piece: Piece, index: str) -> list[tuple[int, ContigCounts]]:
        names = (str(self._alignment.path), str(self._alignment.reference or ""), index)
        measurer.open_htslib(
            *(os.fsencode(n) for n in names), piece.start, piece.end, self._decoders
        )
        try:
            return self._read(measurer, piece)
        finally:
            measurer.close_htslib()

    def _read(self, measurer: Any, piece: Piece) -> list[tuple[int, ContigCounts]]:
        found = []
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
            found.append((number, self._stretch(measurer, contig, start, max(end, start))))
        code = self._checked(measurer, measurer.next_contig())
        if code != self._module.PAST_RANGE:
            raise self._disagrees()
        return found

    def _stretch(self, measurer: Any, contig: Contig, start: int, end: int) -> ContigCounts:
        if self._checked(measurer, measurer.next_contig()) != contig.number:
            return empty_stretch(contig, start, end)
        measurer.open_contig(
            contig.number, contig.length, start, end, _pairs(contig.evaluated),
            _pairs(contig.targets), sites_between(contig, start, end),
        )  # fmt: skip
        deep: list[IntArray] = []
        while self._checked(measurer, measurer.run()) == 0:
            deep.append(self._take_lists(measurer))
        closed = measurer.close_contig()
        deep.append(self._take_lists(measurer))
        mapped, unmapped = self._add_records(closed)
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
        )  # fmt: skip

    def _unplaced(self, measurer: Any) -> ContigCounts:
        """Records without a place; only their numbers count."""
        nowhere = Contig(len(self._contigs), "*", 0)
        counts = empty_stretch(nowhere, 0, 0)
        if self._checked(measurer, measurer.next_contig()) == nowhere.number:
            measurer.open_contig(nowhere.number, 0, 0, 0, None, None)
            while self._checked(measurer, measurer.run()) == 0:
                self._take_lists(measurer)
            counts.n_mapped, counts.n_unmapped = self._add_records(measurer.close_contig())
            self._take_lists(measurer)
        return counts

    def _take_lists(self, measurer: Any) -> IntArray:
        lists = measurer.take_lists()
        if len(lists["long_lengths"]):
            values, counts = np.unique(lists["long_lengths"], return_counts=True)
            with self._lock:
                self._long_lengths.append(np.stack([values, counts]))
        deep: IntArray = lists["deep"]
        if len(deep) and int(deep[:, 1].min()) < 0:
            raise RuntimeError("the kernel counted a negative depth")
        return deep

    def _add_records(self, closed: dict[str, Any]) -> tuple[int, int]:
        """Add a contig's records to the sample's; how many are mapped and not."""
        flags = closed["flag_cells"] % N_FLAGS
        records = closed["flag_records"]
        with self._lock:
            np.add.at(self._flags, flags, records)
            self._sums += closed["sums"].sum(axis=0)
            self._cycles.add_coverage(closed["coverage"])
        n_unmapped = int(records[(flags & UNMAPPED) != 0].sum())
        return int(records.sum()) - n_unmapped, n_unmapped

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

    def _reads(self) -> ReadTally:
        """All threads' counts as one tally."""
        tally = ReadTally(self._choices.insert_size_max)
        tally.flags += self._flags
        for i, name in enumerate(SUMS):
            if name in tally.sums:
                tally.sums[name] += self._sums[i]
        for row, name in enumerate(("mate_other_contig", "mate_other_contig_mapq5")):
            tally.mate_other_contig[row] += self._sums[SUMS.index(name)]
        for measurer in self._all:
            measurer.widen()
            counts = measurer.counts
            failing = counts["failed_quality"].sum(axis=0)
            tally.base_quality[:, 1] += failing
            tally.base_quality[:, 0] += counts["quality"].sum(axis=(0, 1, 3)) - failing
            tally.gc += counts["gc"].sum(axis=0)
            tally.mapping_quality += counts["mapping_quality"][:, 0].sum(axis=0)
            tally.insert_size += counts["inserts"].sum(axis=0)
            self._add_cycles(counts)
        for cells, n in self._long_lengths:
            order, length = cells >> 40, cells & ((1 << 40) - 1)
            for i in range(3):
                chosen = order == i
                longer = np.zeros(int(length.max()) + 1, dtype=np.int64)
                np.add.at(longer, length[chosen], n[chosen])
                self._cycles.add_lengths(i, longer)
        for by_length in self._cycles.lengths:
            tally.read_length = add_padded(tally.read_length, by_length)
        return tally

    def _add_cycles(self, counts: dict[str, IntArray]) -> None:
        cycles = self._cycles
        cycles.quality += counts["quality"].sum(axis=0).transpose(0, 2, 1)
        cycles.bases += counts["bases"].sum(axis=0)
        cycles.gc_steps += counts["gc_steps"].sum(axis=0)
        cycles.mapping_quality += counts["mapping_quality"][:, 1].sum(axis=0)
        cycles.indel_length += counts["indel_length"].sum(axis=0)
        cycles.indel_cycle += counts["indel_cycle"].sum(axis=0)
        for order, by_length in enumerate(counts["lengths"].sum(axis=0)):
            cycles.add_lengths(order, by_length)


def measure_native(
    module: ModuleType,
    alignment: Alignment,
    contigs: Sequence[Contig],
    choices: Choices,
    threads: int,
) -> Tally:
    """Measure a file with the compiled kernels, in as many pieces as its index allows.

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
    return Engine(module, alignment, contigs, choices).measure(pieces, threads)


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
