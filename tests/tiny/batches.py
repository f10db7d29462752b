"""Batches of records from reads that tests make up, without a file."""

import numpy as np

from genocohort.domain.records import RecordBatch
from genocohort.steps.alignments.compute import Choices, Contig, Tally, tally_batches
from tiny.alignments import Read

CODES = "MIDNSHP=X"


def to_batch(reads: list[Read]) -> RecordBatch:
    """Arrays of these reads, filled by hand (no file, no pysam)."""
    bases = ["" if r.flag & 0x900 or r.bases == "" else r.bases or "A" * r.n_bases() for r in reads]
    qualities = [
        "" if r.qualities is None or not b else r.qualities or "I" * len(b)
        for r, b in zip(reads, bases, strict=True)
    ]
    operations = [(CODES.index(op), n) for r in reads for op, n in r.operations()]
    length = [0 if r.bases == "" else len(r.bases or "") or r.n_bases() for r in reads]

    def column(values: list[int]) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    return RecordBatch(
        flag=column([r.flag for r in reads]),
        contig=column([r.contig for r in reads]),
        start=column([r.start for r in reads]),
        mapping_quality=column([r.mapping_quality for r in reads]),
        mate_contig=column([r.mate_contig for r in reads]),
        mate_start=column([r.mate_start for r in reads]),
        template_length=column([r.template_length for r in reads]),
        sequence_length=column(length),
        n_bases=column([len(b) for b in bases]),
        n_qualities=column([len(q) for q in qualities]),
        edit_distance=column([int(r.tags.get("NM", -1)) for r in reads]),
        operation=column([op for op, _ in operations]),
        operation_length=column([n for _, n in operations]),
        operation_offset=column([0, *np.cumsum([len(r.operations()) for r in reads]).tolist()]),
        sequence=np.frombuffer("".join(bases).encode(), dtype=np.uint8),
        quality=np.frombuffer("".join(qualities).encode(), dtype=np.uint8) - np.uint8(33),
        name=[r.name for r in reads],
    )


def ordered(reads: list[Read]) -> list[Read]:
    return sorted(reads, key=lambda r: (r.contig if r.contig >= 0 else 99, r.start))


def tally(
    reads: list[Read], lengths: list[int], choices: Choices | None = None, size: int = 10_000
) -> tuple[Tally, list[np.ndarray]]:
    """Our tally and the depth of every base, the reads given in batches of `size`."""
    contigs = [Contig(i, f"chr{i + 1}", n) for i, n in enumerate(lengths)]
    depth = [np.full(n, -1) for n in lengths]

    def keep(number: int, start: int, values: np.ndarray) -> None:
        depth[number][start : start + len(values)] = values

    reads = ordered(reads)
    batches = [to_batch(reads[i : i + size]) for i in range(0, len(reads), size)]
    return tally_batches(batches, contigs, choices or Choices(window=97), keep), depth
