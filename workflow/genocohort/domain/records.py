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

# The fields of a batch with one number for each record.
FIXED_FIELDS = (
    "flag", "contig", "start", "mapping_quality", "mate_contig", "mate_start", "template_length",
    "sequence_length", "n_bases", "n_qualities", "edit_distance",
)  # fmt: skip


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
    group : int64[n] or None
        Read group by its number in the header; the number of groups: none, or one that the header
        does not name. None: they are not told apart.
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
    group: IntArray | None = None

    def __len__(self) -> int:
        return len(self.name)

    def take(self, rows: IntArray) -> "RecordBatch":
        """The records at rising places, as a batch of their own."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[rows] = True
        n_operations = np.diff(self.operation_offset)
        of_operations = np.repeat(chosen, n_operations)
        offset = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(n_operations[rows], out=offset[1:])
        fixed = {name: getattr(self, name)[rows] for name in FIXED_FIELDS}
        return RecordBatch(
            **fixed,
            operation=self.operation[of_operations],
            operation_length=self.operation_length[of_operations],
            operation_offset=offset,
            sequence=self.sequence[np.repeat(chosen, self.n_bases)],
            quality=self.quality[np.repeat(chosen, self.n_qualities)],
            name=[self.name[i] for i in rows.tolist()],
            group=None if self.group is None else self.group[rows],
        )
