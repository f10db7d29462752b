"""Look for planted identifiers in everything a run leaves."""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def _texts_of_parquet(path: Path) -> bytes:
    """Metadata of file and columns, statistics, and every text of a table, decoded."""
    file = pq.ParquetFile(path)
    parts = [repr(file.metadata.metadata), str(file.schema_arrow)]
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    for group in groups:
        columns = [group.column(i) for i in range(group.num_columns)]
        parts += [f"{c.path_in_schema} {c.statistics}" for c in columns]
    table = file.read()
    for column in table.columns:
        kind = column.type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            parts += [str(value) for value in column.to_pylist() if value is not None]
    return "\n".join(parts).encode()


def find_identifiers(
    folder: Path, secrets: Iterable[str], skip: Iterable[str]
) -> tuple[list[str], int]:
    """Files in which a secret stands, and how many files were looked through.

    Parameters
    ----------
    folder : Path
    secrets : iterable of str
    skip : iterable of str
        Folders of the inputs, below `folder`.
    """
    pattern = re.compile("|".join(map(re.escape, sorted(secrets))).encode())
    inputs = [folder / name for name in skip]
    found, n_files = [], 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or any(path.is_relative_to(i) for i in inputs):
            continue
        n_files += 1
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw += gzip.decompress(raw)
        if path.suffix == ".parquet":
            raw += _texts_of_parquet(path)
        hit = pattern.search(raw) or pattern.search(str(path.relative_to(folder)).encode())
        if hit:
            found.append(f"{path.relative_to(folder)}: {hit[0].decode()}")
    return found, n_files
