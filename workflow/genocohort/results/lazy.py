"""Tables that are larger than memory: Arrow data sets and Dask data frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow.dataset as pads
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import pandas as pd


def open_dataset(paths: Sequence[Path]) -> pads.Dataset:
    """The files as one data set; nothing is read but the first file's schema."""
    return pads.dataset([str(path) for path in paths], format="parquet")


def _read_group(piece: tuple[str, int], columns: Sequence[str] | None) -> "pd.DataFrame":
    path, group = piece
    table = pq.ParquetFile(path).read_row_group(group, columns=columns and list(columns))
    # A piece's own dictionary would make categories that differ between the pieces.
    for i, field in enumerate(table.schema):
        if str(field.type).startswith("dictionary"):
            table = table.set_column(i, field.name, table.column(i).cast("string"))
    return cast("pd.DataFrame", table.to_pandas())


def open_dask(paths: Sequence[Path], columns: Sequence[str] | None) -> Any:
    """A Dask data frame with one partition per group of rows of each file."""
    import dask.dataframe as dd

    pieces = [
        (str(path), group)
        for path in paths
        for group in range(pq.ParquetFile(path).metadata.num_row_groups)
    ]
    meta = _read_group(pieces[0], columns).iloc[:0]
    make: Any = dd.from_map
    return make(_read_group, pieces, columns=columns, meta=meta)
