"""Open BAM and CRAM files (whole, of the right reference, with a fresh index); read batches."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct, pack
from struct import error as _PackError  # noqa: N812
from typing import Any, Literal

import numpy as np
import pysam

from genocohort.domain.records import FIXED_FIELDS, RecordBatch
from genocohort.errors import InputDataError
from genocohort.io.alignment_index import bad_index, find_index
from genocohort.io.alignment_reference import check_reference
from genocohort.io.bgzf import has_eof_marker, is_bgzf, is_gzip

BATCH_RECORDS = 32_768
# Long reads: a batch also ends when it holds this many bases.
BATCH_BASES = 16 << 20
_NOT_PRIMARY = 0x900
_COPY_AGAIN = "copy it again, or make it again from its source"
# A path that cannot exist: the reference comes from the given FASTA, never from the net.
_NO_DOWNLOAD = "/nonexistent"


@dataclass(frozen=True)
class Alignment:
    """One checked alignment file.

    Attributes
    ----------
    path : Path
    kind : {"bam", "cram"}
    contigs, lengths : tuple
        Names and lengths of the header's @SQ lines, in order.
    index : Path or None
        An index that is not older than the file; None: read from start to end.
    reference : Path or None
        FASTA a CRAM is decoded with; its checksums agree with the header.
    notices : tuple of str
        What was tolerated.
    read_groups : tuple of str
        Names of the header's @RG lines, in order.
    """

    path: Path
    kind: Literal["bam", "cram"]
    contigs: tuple[str, ...]
    lengths: tuple[int, ...]
    index: Path | None = None
    reference: Path | None = None
    notices: tuple[str, ...] = field(default=())
    read_groups: tuple[str, ...] = field(default=())


def inspect_alignment(path: Path, reference: Path | None = None) -> Alignment:
    """Check an alignment file before anything is computed from it.

    Parameters
    ----------
    path : Path
        BAM or CRAM.
    reference : Path or None
        FASTA with its index (.fai); needed for a CRAM only.

    Raises
    ------
    InputDataError
        Missing, empty or cut-off file, no BAM or CRAM, no @SQ line, or a CRAM whose reference is
        missing or another one (checksum M5).
    """
    kind = _kind(path)
    if not has_eof_marker(path):
        raise InputDataError(
            "the alignment file is truncated: its end-of-file marker is missing",
            where=str(path),
            remedy=_COPY_AGAIN,
        )
    if kind == "cram":
        os.environ["REF_PATH"] = os.environ["REF_CACHE"] = _NO_DOWNLOAD
    pysam.set_verbosity(0)
    header = _read_header(path)
    rows = header.get("SQ", [])
    if not rows:
        raise InputDataError(
            "the header has no @SQ line: no contig is known",
            where=str(path),
            remedy="align the reads, or restore the header with `samtools reheader`",
        )
    contigs, lengths = _named_lengths(path, rows)
    notices: list[str] = []
    if kind == "cram":
        checksums = tuple(row.get("M5") for row in rows)
        notices += check_reference(path, contigs, lengths, checksums, reference)
    index, index_notice = find_index(path, kind, len(contigs))
    return Alignment(
        path,
        kind,
        contigs,
        lengths,
        index=index,
        reference=reference if kind == "cram" else None,
        notices=(*notices, *index_notice),
        read_groups=tuple(
            dict.fromkeys(str(row["ID"]) for row in header.get("RG", []) if "ID" in row)
        ),
    )


def _named_lengths(
    path: Path, rows: list[dict[str, Any]]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Names and lengths of the @SQ lines."""
    try:
        return tuple(str(row["SN"]) for row in rows), tuple(int(row["LN"]) for row in rows)
    except (KeyError, ValueError) as error:
        raise InputDataError(
            "the header is damaged: an @SQ line without name or length",
            where=str(path),
            remedy=_COPY_AGAIN,
        ) from error


def _kind(path: Path) -> Literal["bam", "cram"]:
    try:
        with open(path, "rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise InputDataError(
            "cannot read the alignment file",
            where=str(path),
            remedy="check the path in the sample sheet",
        ) from error
    if not magic:
        raise InputDataError("the alignment file is empty", where=str(path), remedy=_COPY_AGAIN)
    if magic == b"CRAM":
        return "cram"
    if is_bgzf(path):
        return "bam"
    raise InputDataError(
        "neither a BAM nor a CRAM file" + (" (plain gzip)" if is_gzip(path) else ""),
        where=str(path),
        remedy="convert it with `samtools view -b`",
    )


def _read_header(path: Path) -> dict[str, Any]:
    try:
        with (
            _without_index(path) as bare,
            pysam.AlignmentFile(str(bare), check_sq=False, require_index=False) as file,
        ):
            if not (file.is_bam or file.is_cram):
                raise ValueError("not BAM or CRAM")
            header: dict[str, Any] = file.header.to_dict()
            return header
    # pysam asserts the form of the header's lines.
    except (OSError, ValueError, AssertionError, KeyError) as error:
        raise InputDataError(
            "not a BAM or CRAM file, or its header is damaged",
            where=str(path),
            remedy="check with `samtools quickcheck`; " + _COPY_AGAIN,
        ) from error


@contextmanager
def _without_index(path: Path) -> Iterator[Path]:
    """A name of the file with no index beside it: htslib loads any it sees, damaged or stale."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "alignment"
        bare.symlink_to(path.resolve())
        yield bare


@contextmanager
def _open(alignment: Alignment, *, indexed: bool) -> Iterator[Any]:
    options: dict[str, Any] = {"check_sq": False, "require_index": False}
    if alignment.reference is not None:
        options["reference_filename"] = str(alignment.reference)
    mode = "rc" if alignment.kind == "cram" else "rb"
    with ExitStack() as stack:
        path = alignment.path
        if indexed:
            options["index_filename"] = str(alignment.index)
        else:
            path = stack.enter_context(_without_index(path))
        try:
            file = pysam.AlignmentFile(str(path), mode, **options)
        except (OSError, ValueError) as error:
            raise _unreadable(alignment, 0) from error
        try:
            yield file
        finally:
            # htslib reports what it met while reading once more when it closes the file.
            with suppress(OSError):
                file.close()


def _unreadable(alignment: Alignment, n_read: int) -> InputDataError:
    return InputDataError(
        "the alignment file is truncated or corrupt: a record cannot be read",
        where=f"{alignment.path}, after about {n_read} records",
        remedy=_COPY_AGAIN,
    )


def read_index_counts(alignment: Alignment) -> tuple[list[tuple[int, int]], int] | None:
    """Mapped and unmapped records of each contig as the index says, and records without a place.

    Returns
    -------
    (list of (int, int), int) or None
        None where there is no index, or it holds no counts (CRAM, very old indexes).
    """
    if alignment.index is None or alignment.kind == "cram":
        return None
    try:
        with _open(alignment, indexed=True) as file:
            rows = [(int(r.mapped), int(r.unmapped)) for r in file.get_index_statistics()]
            unplaced = int(file.nocoordinate)
    except (OSError, ValueError, AttributeError) as error:
        raise bad_index(alignment.index, "cannot be read") from error
    return (rows, unplaced) if unplaced or any(a or b for a, b in rows) else None


def check_index_counts(
    alignment: Alignment, expected: tuple[list[tuple[int, int]], int], found: list[tuple[int, int]]
) -> None:
    """Compare what was counted with what the index holds; the last row of `found` is unplaced.

    Raises
    ------
    InputDataError
        They differ: the file was cut or changed, or the index is of another file.
    """
    rows, unplaced = expected
    names = (*alignment.contigs, "*")
    wrong = [
        f"{name}: {sum(counted)} records read, {sum(told)} in the index"
        for name, counted, told in zip(names, found, [*rows, (0, unplaced)], strict=True)
        if counted != told and (name != "*" or sum(counted) != sum(told))
    ]
    if wrong:
        raise InputDataError(
            "the file and its index disagree: the file is truncated or changed, or the index is "
            "of another file",
            where=f"{alignment.path} and {alignment.index}",
            offenders=wrong,
            remedy="copy the file again, or make its index again with `samtools index`",
        )


def read_contig(alignment: Alignment, contig: int) -> Iterator[RecordBatch]:
    """Records of one contig by the index, in order; -1: the records without a place.

    Raises
    ------
    InputDataError
        Corrupt data, or records that are not sorted.
    """
    with _open(alignment, indexed=True) as file:
        name = "*" if contig < 0 else alignment.contigs[contig]
        yield from _batches(alignment, file.fetch(contig=name))


def read_all(alignment: Alignment) -> Iterator[RecordBatch]:
    """All records from start to end, which must be sorted by coordinate.

    Raises
    ------
    InputDataError
        Corrupt or truncated data, or records that are not sorted.
    """
    with _open(alignment, indexed=False) as file:
        yield from _batches(alignment, file.fetch(until_eof=True))


def _batches(alignment: Alignment, records: Any) -> Iterator[RecordBatch]:
    n_read = 0
    last = (0, -1)
    iterator = iter(records)
    groups = {name: number for number, name in enumerate(alignment.read_groups)}
    while True:
        try:
            batch = _gather(iterator, groups)
        except (OSError, ValueError, _PackError) as error:
            raise _unreadable(alignment, n_read) from error
        if len(batch) == 0:
            return
        last = _check_order(alignment, batch, last, n_read)
        n_read += len(batch)
        yield batch


def _gather(records: Iterator[Any], groups: dict[str, int]) -> RecordBatch:
    """The next records as arrays."""
    fixed: list[bytes] = []
    operations: list[bytes] = []
    sequence: list[str] = []
    quality: list[Any] = []
    names: list[str] = []
    group: list[int] = []
    pack_fixed = Struct(f"{len(FIXED_FIELDS) + 1}q").pack
    # Most CIGARs of a batch are the same few: their operations packed, and how many.
    known: dict[str | None, tuple[bytes, int]] = {None: (b"", 0)}
    total_bases = 0
    for record in records:
        flag = record.flag
        n_bases = n_qualities = 0
        if not flag & _NOT_PRIMARY and (bases := record.query_sequence):
            n_bases = len(bases)
            sequence.append(bases)
            if (qualities := record.query_qualities) is not None:
                n_qualities = n_bases
                quality.append(qualities)
        text = record.cigarstring
        if (cigar := known.get(text)) is None:
            numbers = [x for pair in record.cigartuples for x in pair]
            cigar = known[text] = (pack(f"{len(numbers)}q", *numbers), len(numbers) // 2)
        operations.append(cigar[0])
        try:
            edit_distance = record.get_tag("NM")
        except KeyError:
            edit_distance = -1
        fixed.append(
            pack_fixed(
                flag,
                record.reference_id,
                record.reference_start,
                record.mapping_quality,
                record.next_reference_id,
                record.next_reference_start,
                record.template_length,
                record.query_length,
                n_bases,
                n_qualities,
                edit_distance,
                cigar[1],
            )
        )
        names.append(record.query_name)
        group.append(_group_of(record, groups))
        total_bases += n_bases
        if len(names) >= BATCH_RECORDS or total_bases >= BATCH_BASES:
            break
    rows = np.frombuffer(b"".join(fixed), dtype=np.int64).reshape(-1, len(FIXED_FIELDS) + 1)
    columns = np.ascontiguousarray(rows.T)
    pairs = np.frombuffer(b"".join(operations), dtype=np.int64).reshape(-1, 2).T
    offsets = np.zeros(len(names) + 1, dtype=np.int64)
    np.cumsum(columns[-1], out=offsets[1:])
    return RecordBatch(
        **dict(zip(FIXED_FIELDS, columns[:-1], strict=True)),
        operation=pairs[0],
        operation_length=pairs[1],
        operation_offset=offsets,
        sequence=np.frombuffer("".join(sequence).encode("ascii"), dtype=np.uint8),
        quality=np.frombuffer(b"".join(quality), dtype=np.uint8),
        name=names,
        group=np.array(group, dtype=np.int64),
    )


def _group_of(record: Any, groups: dict[str, int]) -> int:
    """Number of a record's read group; how many there are where it has none of them."""
    if not groups or not record.has_tag("RG"):
        return len(groups)
    value, kind = record.get_tag("RG", with_value_type=True)
    return groups.get(value, len(groups)) if kind == "Z" else len(groups)


def _check_order(
    alignment: Alignment, batch: RecordBatch, last: tuple[int, int], n_read: int
) -> tuple[int, int]:
    """Contigs in the header's order, starts rising; records without a place come last."""
    n_contigs = len(alignment.contigs)
    contig = np.where(batch.contig < 0, n_contigs, batch.contig)
    start = np.where(batch.contig < 0, 0, batch.start)
    before_contig = np.concatenate([[last[0]], contig[:-1]])
    before_start = np.concatenate([[last[1]], start[:-1]])
    wrong = (contig < before_contig) | ((contig == before_contig) & (start < before_start))
    if wrong.any():
        i = int(np.argmax(wrong))
        name = (*alignment.contigs, "*")[int(contig[i])]
        place = f"record {n_read + i + 1} ({name}:{int(start[i]) + 1})"
        raise unsorted_error(f"{alignment.path}, {place}")
    return int(contig[-1]), int(start[-1])


def unsorted_error(where: str) -> InputDataError:
    """The error for records that are out of order."""
    return InputDataError(
        "the alignment is not sorted by coordinate",
        where=where,
        expected="records in the order of the header's contigs and of their positions",
        remedy="samtools sort",
    )
