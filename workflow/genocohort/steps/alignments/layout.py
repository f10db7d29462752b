"""Where the records of a batch lie on their contig, from their CIGARs."""

from dataclasses import dataclass

import numpy as np

from genocohort.domain.records import (
    DELETION,
    DIFFERENT,
    EQUAL,
    HARD_CLIP,
    INSERTION,
    MATCH,
    SKIP,
    SOFT_CLIP,
    IntArray,
    RecordBatch,
)


@dataclass(frozen=True)
class Layout:
    """Positions of `n` records and their `m` aligned blocks, 0-based half-open.

    Attributes
    ----------
    end : int64[n]
        End on the contig; start + 1 where no reference base is consumed.
    aligned_bases : int64[n]
        Bases of the operations M, I, = and X.
    soft_clipped, hard_clipped : int64[n]
        Clipped bases.
    block_start, block_end : int64[m]
        Blocks of M, = or X (and D where asked for), in the order of the records.
    block_offset : int64[n + 1]
        Where each record's blocks begin.
    """

    end: IntArray
    aligned_bases: IntArray
    soft_clipped: IntArray
    hard_clipped: IntArray
    block_start: IntArray
    block_end: IntArray
    block_offset: IntArray


def compute_layout(batch: RecordBatch, *, count_deletions: bool = False) -> Layout:
    """Lay the records of a batch out on their contigs.

    Parameters
    ----------
    batch : RecordBatch
    count_deletions : bool
        Whether deleted bases (D) are part of the blocks too (samtools depth -J).

    Returns
    -------
    Layout

    References
    ----------
    SAM format specification, section 1.4.6: M, D, N, = and X consume the reference; M, I, S, = and
    X the read.
    """
    offset, length = batch.operation_offset, batch.operation_length
    operation = batch.operation
    on_reference = np.isin(operation, (MATCH, DELETION, SKIP, EQUAL, DIFFERENT))
    covered = _running_sum(np.where(on_reference, length, 0))
    is_aligned = np.isin(operation, (MATCH, EQUAL, DIFFERENT))
    is_block = is_aligned | ((operation == DELETION) & count_deletions)
    is_block &= length > 0
    owner = np.repeat(np.arange(len(batch)), np.diff(offset))
    # Reference bases of the same record before each operation.
    before = covered[:-1] - covered[offset[owner]]
    block_start = (batch.start[owner] + before)[is_block]
    span = covered[offset[1:]] - covered[offset[:-1]]
    return Layout(
        end=batch.start + np.maximum(span, 1),
        aligned_bases=_sum_of(is_aligned | (operation == INSERTION), length, offset),
        soft_clipped=_sum_of(operation == SOFT_CLIP, length, offset),
        hard_clipped=_sum_of(operation == HARD_CLIP, length, offset),
        block_start=block_start,
        block_end=block_start + length[is_block],
        block_offset=_running_sum(is_block.astype(np.int64))[offset],
    )


def _running_sum(values: IntArray) -> IntArray:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])
    return total


def _sum_of(chosen: np.ndarray, length: IntArray, offset: IntArray) -> IntArray:
    """Sum of the chosen operations' lengths for each record."""
    total = _running_sum(np.where(chosen, length, 0))
    return total[offset[1:]] - total[offset[:-1]]
