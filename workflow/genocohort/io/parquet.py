"""Write and read result tables: one documented schema, deterministic bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from genocohort.domain.arrow_columns import list_to_arrow, numpy_to_arrow
from genocohort.domain.table import Table
from genocohort.errors import InputDataError
from genocohort.io.atomic import replacing

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {
    "string": pa.string(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "list<string>": pa.list_(pa.string()),
}


def arrow_schema(table: Table, genome_build: str = "") -> pa.Schema:
    """The pyarrow schema of a declared table, with its version in the metadata."""
    fields = [pa.field(c.name, _TYPES[c.type], nullable=bool(c.missing)) for c in table.columns]
    metadata = {"table": table.name, "schema_version": str(table.version)}
    if genome_build:
        metadata["genome_build"] = genome_build
    return pa.schema(fields, metadata=metadata)


def write_table(
    path: Path,
    table: Table,
    columns: "Mapping[str, Any] | pd.DataFrame | pa.Table",
    *,
    genome_build: str = "",
) -> None:
    """Write one table to Parquet (zstd), atomically; the same content gives the same bytes.

    Parameters
    ----------
    path : Path
        The file to write.
    table : Table
        Its declaration; the columns must be exactly those declared (any order).
    columns : mapping of str to array-like, pandas.DataFrame or pyarrow.Table
        The content. NaN in a float column becomes null.
    genome_build : str
        Recorded in the metadata where coordinates are in the table.

    Raises
    ------
    ValueError
        Columns are missing or not declared, or a null stands where none is allowed.
    """
    content = _checked(table, arrow_schema(table, genome_build), columns)
    with replacing(Path(path)) as temporary:
        pq.write_table(content, temporary, **_OPTIONS)


_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "version": "2.6",
    "data_page_version": "1.0",
    "write_statistics": True,
    "store_schema": True,
}


def _checked(table: Table, schema: pa.Schema, columns: Any) -> pa.Table:
    """The columns as declared, in order."""
    given = columns.column_names if isinstance(columns, pa.Table) else list(columns)
    if set(given) != set(table.column_names):
        missing = sorted(set(table.column_names) - set(given))
        extra = sorted(set(given) - set(table.column_names))
        raise ValueError(f"{table.name}: missing columns {missing}, undeclared columns {extra}")
    arrays = []
    for field in schema:
        array = _to_arrow(columns[field.name], field.type)
        if array.null_count and not field.nullable:
            raise ValueError(f"{table.name}.{field.name}: {array.null_count} nulls, none allowed")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=schema)


class TableWriter:
    """Write a table that comes in pieces; its bytes are those of the rows, not of the pieces.

    Parameters
    ----------
    path : Path
        Is written to directly: a caller who may fail gives a temporary name.
    table : Table
        Its declaration.
    genome_build : str
        As in `write_table`.
    """

    def __init__(self, path: Path, table: Table, *, genome_build: str = "") -> None:
        self._table, self._schema = table, arrow_schema(table, genome_build)
        self._writer = pq.ParquetWriter(path, self._schema, **_OPTIONS)
        self._held = pa.Table.from_batches([], schema=self._schema)

    def add(self, columns: Mapping[str, Any] | pa.Table) -> None:
        """Add rows; they go to the file once there are enough for a group."""
        self._held = pa.concat_tables([self._held, _checked(self._table, self._schema, columns)])
        while self._held.num_rows >= GROUP_ROWS:
            self._writer.write_table(self._held.slice(0, GROUP_ROWS).combine_chunks())
            # Copied, so that the rows that were written can be let go.
            self._held = self._held.slice(GROUP_ROWS).combine_chunks()

    def close(self) -> None:
        """Write what is left; an empty table has one group without rows."""
        self._writer.write_table(self._held.combine_chunks())
        self._writer.close()


GROUP_ROWS = 131_072


def _to_arrow(values: Any, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.ChunkedArray | pa.Array):
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        if pa.types.is_dictionary(kind) and pa.types.is_dictionary(values.type):
            values = values.cast(pa.string())
        return values.dictionary_encode() if pa.types.is_dictionary(kind) else values.cast(kind)
    if isinstance(values, np.ndarray):
        made = numpy_to_arrow(values, kind)
        if made is not None:
            return made
    if type(values) is list and _is_plain(values):
        made = list_to_arrow(values, kind)
        if made is not None:
            return made
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string(), from_pandas=True).dictionary_encode()
    return pa.array(values, kind, from_pandas=True)


def _is_plain(values: list[Any]) -> bool:
    """Whether a list holds texts, or numbers without NaN, and nulls: nothing to interpret."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str} or kinds <= {int}:
        return True
    return kinds == {float} and not any(v is not None and v != v for v in values)


def read_table(path: Path, table: Table, columns: list[str] | None = None) -> pa.Table:
    """Read a result table and check that it is the declared one.

    Raises
    ------
    InputDataError
        The file is missing, is not Parquet, or holds another table or schema version.
    """
    try:
        file = pq.ParquetFile(path)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise InputDataError(
            "cannot read a result table",
            where=str(path),
            remedy="run the step that writes it again",
        ) from error
    metadata = file.schema_arrow.metadata or {}
    found = (metadata.get(b"table", b"").decode(), metadata.get(b"schema_version", b"").decode())
    if found != (table.name, str(table.version)):
        raise InputDataError(
            f"holds table {found[0] or '(unknown)'} version {found[1] or '?'}",
            where=str(path),
            expected=f"table {table.name} version {table.version}",
            remedy="run the step that writes it again with this version of genocohort",
        )
    return file.read(columns=columns)
