"""What the compiled kernels have counted of reads, added up over threads, contigs and groups."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from genocohort.domain.records import UNMAPPED, IntArray
from genocohort.steps.alignments.cycles import CycleTally
from genocohort.steps.alignments.depth import add_padded
from genocohort.steps.alignments.reads import N_FLAGS, ReadTally
from genocohort.steps.alignments.strata import Strata, Stratum

# The kernels' sums, in their order.
SUMS = (
    "sequences", "sequences_first", "sequences_last", "sequences_mapped",
    "sequences_mapped_paired", "sequences_properly_paired", "sequences_paired",
    "sequences_duplicate", "sequences_mapped_duplicate", "sequences_mapq0",
    "bases", "bases_first", "bases_last", "bases_mapped",
    "bases_duplicate", "bases_acgt", "bases_gc", "bases_without_quality", "base_quality_sum",
    "bases_mapped_cigar", "bases_mapped_cigar_with_nm", "mismatches", "mate_other_contig",
    "mate_other_contig_mapq5",
)  # fmt: skip
_LENGTH_BITS = 40


class ReadCounts:
    """Counts of all threads; `add_contig` may be called from any.

    Attributes
    ----------
    by_group, by_contig : Strata
        By the number of the read group, and of the contig.
    cycles : CycleTally
    """

    def __init__(self, insert_size_max: int) -> None:
        self.by_group: Strata = {}
        self.by_contig: Strata = {}
        self.cycles = CycleTally()
        self._insert_size_max = insert_size_max
        self._long_lengths: list[IntArray] = []
        self._lock = Lock()

    def add_contig(self, number: int, closed: dict[str, Any]) -> tuple[int, int]:
        """Add a stretch of a contig; how many of its records are mapped, and how many are not."""
        group, flags = np.divmod(closed["flag_cells"], N_FLAGS)
        records = closed["flag_records"]
        n_cells = 6 * (self._insert_size_max + 1)
        insert_group, inserts = np.divmod(closed["insert_cells"], n_cells)
        with self._lock:
            self.cycles.add_coverage(closed["coverage"])
            for i in np.unique(group).tolist():
                here, pairs = group == i, insert_group == i
                sums = dict(zip(SUMS, closed["sums"][i], strict=True))
                for strata, key in ((self.by_group, i), (self.by_contig, number)):
                    stratum = strata.setdefault(key, Stratum())
                    stratum.add_sums(sums)
                    stratum.flags.add(flags[here], records[here])
                    stratum.inserts.add(inserts[pairs], closed["insert_reads"][pairs])
        n_unmapped = int(records[(flags & UNMAPPED) != 0].sum())
        return int(records.sum()) - n_unmapped, n_unmapped

    def add_long_lengths(self, lengths: IntArray) -> None:
        """Add reads that are too long for the kernels' cells."""
        if len(lengths):
            values, counts = np.unique(lengths, return_counts=True)
            with self._lock:
                self._long_lengths.append(np.stack([values, counts]))

    def reads(self, measurers: Sequence[Any]) -> ReadTally:
        """Everything as one tally; `cycles` is complete afterwards."""
        tally = ReadTally(self._insert_size_max)
        whole = Stratum()
        for stratum in self.by_group.values():
            whole.merge(stratum)
        counted = whole.tally(self._insert_size_max)
        tally.merge(counted)
        for measurer in measurers:
            measurer.widen()
            counts = measurer.counts
            failing = counts["failed_quality"]
            tally.base_quality[:, 1] += failing
            tally.base_quality[:, 0] += counts["quality"].sum(axis=(0, 2)) - failing
            tally.gc += counts["gc"]
            tally.mapping_quality += counts["mapping_quality"][0]
            self._add_cycles(counts)
        for cells, n in self._long_lengths:
            order, length = cells >> _LENGTH_BITS, cells & ((1 << _LENGTH_BITS) - 1)
            for i in range(3):
                chosen = order == i
                longer = np.zeros(int(length.max()) + 1, dtype=np.int64)
                np.add.at(longer, length[chosen], n[chosen])
                self.cycles.add_lengths(i, longer)
        for by_length in self.cycles.lengths:
            tally.read_length = add_padded(tally.read_length, by_length)
        return tally

    def _add_cycles(self, counts: dict[str, IntArray]) -> None:
        cycles = self.cycles
        cycles.quality += counts["quality"].transpose(0, 2, 1)
        cycles.bases += counts["bases"]
        cycles.gc_steps += counts["gc_steps"]
        cycles.mapping_quality += counts["mapping_quality"][1]
        cycles.indel_length += counts["indel_length"]
        cycles.indel_cycle += counts["indel_cycle"]
        for order, by_length in enumerate(counts["lengths"]):
            cycles.add_lengths(order, by_length)
