"""The same counts as for the whole file, for each read group and for each contig."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.steps.alignments.reads import (
    ORIENTATIONS,
    ReadTally,
    compute_flagstat,
    compute_totals,
)

# Memory for what is counted of each read group; of files with more groups none is told apart.
GROUPS_BYTES = 32 << 20
_LEAST_HELD = 1 << 14


def most_groups(insert_size_max: int) -> int:
    """How many read groups are told apart at most."""
    return GROUPS_BYTES // (8 * (6 * (insert_size_max + 1) + (1 << 12)))


@dataclass
class CellCounts:
    """Counts of cells, of which few are used."""

    _parts: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    _n_held: int = 0
    _n_joined: int = 0

    def add(self, cells: IntArray, counts: IntArray) -> None:
        """Add counts of some cells."""
        self._parts.append((cells, counts))
        self._n_held += len(cells)
        if self._n_held > 2 * self._n_joined + _LEAST_HELD:
            self._parts = [self._join()]
            self._n_held = self._n_joined = len(self._parts[0][0])

    def merge(self, other: "CellCounts") -> None:
        """Add another object's counts."""
        for cells, counts in other._parts:
            self.add(cells, counts)

    def dense(self, n: int) -> IntArray:
        """The counts of `n` cells, int64[n]."""
        found = np.zeros(n, dtype=np.int64)
        for cells, counts in self._parts:
            np.add.at(found, cells, counts)
        return found

    def _join(self) -> tuple[IntArray, IntArray]:
        cells, at = np.unique(np.concatenate([c for c, _ in self._parts]), return_inverse=True)
        counts = np.zeros(len(cells), dtype=np.int64)
        np.add.at(counts, at, np.concatenate([n for _, n in self._parts]))
        return cells, counts


@dataclass
class Stratum:
    """Counts of one read group's or one contig's records.

    Attributes
    ----------
    sums : dict of str to int64[2]
        As in ReadTally, with base_quality_sum, mate_other_contig and mate_other_contig_mapq5.
    flags, inserts : CellCounts
        Cells of ReadTally's `flags` and `insert_size`.
    """

    sums: dict[str, IntArray] = field(default_factory=dict)
    flags: CellCounts = field(default_factory=CellCounts)
    inserts: CellCounts = field(default_factory=CellCounts)

    def add_sums(self, sums: dict[str, IntArray]) -> None:
        """Add sums by name."""
        for name, pair in sums.items():
            self.sums[name] = self.sums[name] + pair if name in self.sums else pair.copy()

    def merge(self, other: "Stratum") -> None:
        """Add another one's counts."""
        self.add_sums(other.sums)
        self.flags.merge(other.flags)
        self.inserts.merge(other.inserts)

    def tally(self, insert_size_max: int) -> ReadTally:
        """The counts as a tally of reads, of which distributions but insert sizes are empty."""
        tally = ReadTally(insert_size_max)
        tally.flags += self.flags.dense(len(tally.flags))
        shape = tally.insert_size.shape
        tally.insert_size += self.inserts.dense(tally.insert_size.size).reshape(shape)
        for name, pair in self.sums.items():
            if name in tally.sums:
                tally.sums[name] += pair
        for row, name in enumerate(("mate_other_contig", "mate_other_contig_mapq5")):
            tally.mate_other_contig[row] += self.sums.get(name, 0)
        return tally

    def quality_sum(self) -> tuple[int, int]:
        """Sum of the base qualities, QC-pass and QC-fail."""
        passing, failing = self.sums.get("base_quality_sum", (0, 0))
        return int(passing), int(failing)


def stratum_of(tally: ReadTally) -> Stratum:
    """A tally of reads as a stratum."""
    stratum = Stratum()
    for cells, values in ((stratum.flags, tally.flags), (stratum.inserts, tally.insert_size)):
        used = np.flatnonzero(values)
        cells.add(used, values.reshape(-1)[used])
    stratum.add_sums(tally.sums)
    quality = (tally.base_quality * np.arange(256)[:, None]).sum(axis=0)
    mates = dict(zip(("mate_other_contig", "mate_other_contig_mapq5"), tally.mate_other_contig,
                     strict=True))  # fmt: skip
    stratum.add_sums({"base_quality_sum": quality, **mates})
    return stratum


Strata = dict[int, Stratum]


def merge_strata(one: Strata, other: Strata) -> None:
    """Add strata to those of the same numbers."""
    for number, stratum in other.items():
        if number in one:
            one[number].merge(stratum)
        else:
            one[number] = stratum


@dataclass(frozen=True)
class Named:
    """Strata with their names: (read group or None, contig or None, stratum)."""

    rows: Sequence[tuple[str | None, str | None, Stratum]]
    insert_size_max: int

    def count_rows(self) -> list[tuple[Any, ...]]:
        """Read group, contig, source, metric, QC-pass and QC-fail counts that are not 0."""
        rows: list[tuple[Any, ...]] = []
        for group, contig, stratum in self.rows:
            tally = stratum.tally(self.insert_size_max)
            sources = {
                "flagstat": compute_flagstat(tally.flags, tally.mate_other_contig),
                "totals": compute_totals(tally, stratum.quality_sum()),
            }
            rows += [
                (group, contig, source, metric, *counts)
                for source, metrics in sources.items()
                for metric, counts in metrics.items()
                if any(counts) or metric == "total"
            ]
        return rows

    def insert_rows(self) -> list[tuple[Any, ...]]:
        """Read group, contig, orientation, insert size and pairs that are not 0."""
        rows: list[tuple[Any, ...]] = []
        for group, contig, stratum in self.rows:
            inserts = stratum.tally(self.insert_size_max).insert_size
            rows += [(group, contig, *row) for row in insert_rows(inserts)]
        return rows


def insert_rows(inserts: IntArray) -> list[tuple[str, int, int]]:
    """Orientation, insert size and pairs: each is counted from both of its reads."""
    pairs = inserts.sum(axis=2) // 2
    names = [name.removeprefix("pairs_") for name in ORIENTATIONS]
    return [
        (names[kind], size, int(pairs[size, kind])) for kind, size in np.argwhere(pairs.T).tolist()
    ]
