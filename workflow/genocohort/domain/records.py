"""A batch of alignment records as arrays, whichever file they come from."""

from dataclasses import dataclass
from typing import Any

import numpy as np

IntArray = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]
ByteArray = np.ndarray[tuple[Any, ...], np.dtype[np.uint8]]

# Numbers of CIGAR operations (SAM specification, section 4.2).
MATCH, INSERTION, DELETION, SKIP, SOFT_CLIP, HARD_CLIP, PADDING, EQUAL, DIFFERENT = range(9)

PAIRED, PROPER_PAIR, UNMAPPED, MATE_UNMAPPED = 0x1, 0x2, 0x4, 0x8
REVERSE, MATE_REVERSE, READ1, READ2 = 0x10, 0x20, 0x40, 0x80
SECONDARY, QC_FAIL, DUPLICATE, SUPPLEMENTARY = 0x100, 0x200, 0x400, 0x800


@dataclass(frozen=True)
class RecordBatch:
    """`n` alignment records in file order.

    Attributes
    ----------
    flag, contig, start, mapping_quality, mate_contig, mate_start, template_length : int64[n]
        Fields of the record; contig and start are -1 where there is none; start is 0-based.
    sequence_length : int64[n]
        Bases of the record (l_seq), whether they are in `sequence` or not.
    n_bases, n_qualities : int64[n]
        How many entries of `sequence` and `quality` are the record's: 0 for secondary and
        supplementary records; no qualities where they are missing.
    edit_distance : int64[n]
        Tag NM; -1 where it is missing.
    operation, operation_length : int64[m]
        CIGAR operations of all records.
    operation_offset : int64[n + 1]
        Where each record's operations begin.
    sequence : uint8[b]
        Bases as ASCII; `quality` : uint8[q], Phred.
    name : list of str
    """

    flag: IntArray
    contig: IntArray
    start: IntArray
    mapping_quality: IntArray
    mate_contig: IntArray
    mate_start: IntArray
    template_length: IntArray
    sequence_length: IntArray
    n_bases: IntArray
    n_qualities: IntArray
    edit_distance: IntArray
    operation: IntArray
    operation_length: IntArray
    operation_offset: IntArray
    sequence: ByteArray
    quality: ByteArray
    name: list[str]

    def __len__(self) -> int:
        return len(self.name)
