"""The counts of one chromosome's calls, as files: rows in Arrow's format, sums in NumPy's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from genocohort.domain.call_counts import (
    ROW_COLUMNS,
    TEXT_COLUMNS,
    CountedRows,
    SampleSums,
    Texts,
)
from genocohort.errors import InputDataError
from genocohort.io.atomic import replacing

# Rows of a batch: fixed, so that bytes do not depend on how the calls were cut.
BATCH_ROWS = 65_536
_WIDE = ("vcf_pos", "record", "dp_sum", "gq_sum", "het_ref_depth", "het_alt_depth")
_TYPES = {name: pa.int64() if name in _WIDE else pa.int32() for name in ROW_COLUMNS}
SCHEMA = pa.schema(
    [
        *(pa.field(name, kind, nullable=False) for name, kind in _TYPES.items()),
        pa.field("qual", pa.float64(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in TEXT_COLUMNS),
    ],
    metadata={"content": "genocohort counts of calls", "version": "2"},
)
_SUMS = (
    "classes", "called", "carried", "depths", "allele_depths", "depth_cells", "quality_cells",
)  # fmt: skip


def text_array(texts: Texts) -> pa.Array:
    """Texts as an Arrow array, without a copy of the data."""
    offsets = np.zeros(len(texts.lengths) + 1, dtype=np.int64)
    np.cumsum(texts.lengths, out=offsets[1:])
    if offsets[-1] >= 1 << 31:
        raise OverflowError("the texts of one part of the calls are larger than 2 GiB")
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(texts.data)]
    return pa.Array.from_buffers(pa.string(), len(texts.lengths), buffers)


def rows_to_arrow(rows: CountedRows, first_record: int) -> pa.RecordBatch:
    """Counted rows as one batch; records are numbered on from `first_record`."""
    arrays = []
    for i, name in enumerate(ROW_COLUMNS):
        values = rows.values[:, i]
        if name == "record":
            values = values + first_record
        kind = np.int64 if name in _WIDE else np.int32
        arrays.append(_numbers(np.ascontiguousarray(values, dtype=kind), SCHEMA.field(name).type))
    arrays.append(_numbers(rows.qual, pa.float64()))
    arrays += [text_array(texts) for texts in rows.texts]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _numbers(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Numbers as an Arrow array, without a copy; NaN stays NaN."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


class CountsWriter:
    """Writes the rows of a chromosome in batches of one size; a context manager."""

    def __init__(self, path: Path) -> None:
        self._replacing = replacing(path)
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0

    def __enter__(self) -> "CountsWriter":
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        temporary = self._replacing.__enter__()
        self._writer = pa.ipc.new_file(str(temporary), SCHEMA, options=options)
        return self

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            self._flush(0)
        self._writer.close()
        self._replacing.__exit__(*raised)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._waiting.append(batch)
        self._n_waiting += batch.num_rows
        if self._n_waiting >= BATCH_ROWS:
            self._flush(BATCH_ROWS - 1)

    def _flush(self, keep: int) -> None:
        """Write whole batches, until at most `keep` rows wait."""
        table = pa.Table.from_batches(self._waiting, schema=SCHEMA)
        start = 0
        while table.num_rows - start > keep:
            part = table.slice(start, BATCH_ROWS).combine_chunks()
            self._writer.write_batch(part.to_batches()[0])
            start += part.num_rows
        self._waiting = table.slice(start).to_batches()
        self._n_waiting = table.num_rows - start


def read_counts(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of rows, in order.

    Raises
    ------
    InputDataError
        The file is not what the step `genotypes` of this version writes.
    """
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            if reader.schema != SCHEMA or reader.schema.metadata != SCHEMA.metadata:
                raise _not_counts(path)
            for i in range(reader.num_record_batches):
                yield reader.get_batch(i)
    except (OSError, pa.ArrowInvalid) as error:
        raise _not_counts(path) from error


def write_sums(path: Path, sums: SampleSums) -> None:
    """Write the sums of samples, atomically."""
    numbers = np.array([sums.n_without_gt, sums.n_gt_not_first], dtype=np.int64)
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        # One after another: a zip file's bytes depend on the versions of Python and zlib.
        for array in (numbers, *(getattr(sums, name) for name in _SUMS)):
            np.save(stream, array, allow_pickle=False)


def read_sums(path: Path) -> SampleSums:
    """The sums of samples.

    Raises
    ------
    InputDataError
        The file is not what the step `genotypes` writes.
    """
    try:
        with open(path, "rb") as stored:
            numbers = np.load(stored, allow_pickle=False).tolist()
            sums = SampleSums(*(np.load(stored, allow_pickle=False) for _ in _SUMS))
            sums.n_without_gt, sums.n_gt_not_first = numbers
            return sums
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise _not_counts(path) from error


def _not_counts(path: Path) -> InputDataError:
    return InputDataError(
        "holds no counts of calls",
        where=str(path),
        expected="a file that the step `genotypes` of this version has written",
        remedy="run the step `genotypes` again",
    )
