"""Where the two reads of a pair cover the same bases, so that a fragment counts once."""

from dataclasses import dataclass, field

import numpy as np

from genocohort.domain.records import PROPER_PAIR, SUPPLEMENTARY, IntArray, RecordBatch
from genocohort.steps.alignments.layout import Layout

Blocks = list[tuple[int, int]]


@dataclass
class MateOverlaps:
    """Pairs whose first read was seen, until the second one comes or cannot overlap any more.

    One object per contig; batches must come in the order of their positions.

    References
    ----------
    mosdepth 0.3.3 (Pedersen & Quinlan 2018, Bioinformatics 34:867): properly paired, primary or
    secondary records of one contig; the first one waits if it reaches its mate's start. A read
    that ends before the other one begins is no mate, so that forgetting it changes nothing.
    """

    waiting: dict[str, tuple[int, Blocks]] = field(default_factory=dict)

    def find(
        self, batch: RecordBatch, layout: Layout, chosen: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Pieces of the contig that both mates of a pair cover.

        Parameters
        ----------
        batch, layout
            Records and where they lie.
        chosen : int64[k]
            Indices of the records that give depth, rising, all of this contig.

        Returns
        -------
        (int64[p], int64[p], int64[p])
            Starts and ends, 0-based half-open, and the index of the pair's second read, in which
            they lie.
        """
        flag = batch.flag[chosen]
        paired = chosen[(flag & (PROPER_PAIR | SUPPLEMENTARY)) == PROPER_PAIR]
        mate_start = batch.mate_start[paired]
        reaches = batch.contig[paired] == batch.mate_contig[paired]
        reaches &= layout.end[paired] > mate_start
        # 1: waits for its mate; 2: waits unless the mate is there; 0: the mate may be there.
        role = np.where(reaches & (batch.start[paired] < mate_start), 1, 0)
        role[reaches & (batch.start[paired] == mate_start)] = 2
        shared_start: list[int] = []
        shared_end: list[int] = []
        owner: list[int] = []
        waiting, names = self.waiting, batch.name
        for i, kind in zip(paired.tolist(), role.tolist(), strict=True):
            mate = None if kind == 1 else waiting.pop(names[i], None)
            if mate is not None and mate[0] > batch.start[i]:
                for a, b in _shared(mate[1], _blocks(layout, i)):
                    shared_start.append(a)
                    shared_end.append(b)
                    owner.append(i)
            elif kind:
                waiting[names[i]] = (int(layout.end[i]), _blocks(layout, i))
        start, end = np.array(shared_start, dtype=np.int64), np.array(shared_end, dtype=np.int64)
        return start, end, np.array(owner, dtype=np.int64)

    def forget_before(self, position: int) -> None:
        """Drop reads that end at or before a position: nothing that follows can overlap them."""
        self.waiting = {name: read for name, read in self.waiting.items() if read[0] > position}


def _blocks(layout: Layout, i: int) -> Blocks:
    first, last = int(layout.block_offset[i]), int(layout.block_offset[i + 1])
    if last - first == 1:
        return [(int(layout.block_start[first]), int(layout.block_end[first]))]
    starts, ends = layout.block_start[first:last].tolist(), layout.block_end[first:last].tolist()
    return list(zip(starts, ends, strict=True))


def _shared(one: Blocks, other: Blocks) -> Blocks:
    """Intersection of two sorted lists of blocks."""
    found = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            found.append((start, end))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return found
