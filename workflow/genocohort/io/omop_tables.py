"""Read tables of the OMOP CDM from CSV, Athena's tab-separated files, Parquet or a DuckDB file.

Only the columns that are asked for are read, as text.
"""

import csv
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from genocohort.errors import InputDataError
from genocohort.io.clinical_tables import cell_text
from genocohort.io.text_table import TextTable


class OmopTables:
    """The tables of one database: a file each, or all in one DuckDB file.

    Parameters
    ----------
    files : mapping of str to str
        File of each table, by the table's name in the CDM.
    database : str
        A DuckDB file for every table that has no file of its own; empty for none.
    """

    def __init__(self, files: dict[str, str], database: str = "") -> None:
        self.files = {name: path for name, path in files.items() if path}
        self.database = database
        self._held = _held_tables(database) if database else {}

    def __contains__(self, name: str) -> bool:
        return name in self.files or name in self._held

    def place(self, name: str) -> str:
        """Where a table is, for messages."""
        return self.files.get(name) or f"{self.database}, table {name}"

    def read(self, name: str, needed: Sequence[str], optional: Sequence[str] = ()) -> TextTable:
        """Columns of a table as text; an optional column that is not there is blank.

        Raises
        ------
        InputDataError
            The table cannot be read, or lacks a needed column.
        """
        rows = self.rows(name, needed, optional)
        numbered = list(rows)
        return TextTable(
            Path(self.place(name)),
            (*needed, *optional),
            tuple(cells for _, cells in numbered),
            tuple(number for number, _ in numbered),
        )

    def rows(
        self, name: str, needed: Sequence[str], optional: Sequence[str] = ()
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Rows one by one, with their line or number."""
        wanted = (*needed, *optional)
        path = self.files.get(name)
        if path is None:
            found = _duckdb_rows(self.database, self._held[name], wanted, needed)
        elif path.endswith(".parquet"):
            found = _parquet_rows(path, wanted, needed)
        else:
            found = _text_rows(path, wanted, needed)
        return found


def _check(held: Collection[str], needed: Sequence[str], where: str) -> None:
    absent = [column for column in needed if column not in held]
    if absent:
        raise InputDataError(
            "not a table of the OMOP CDM", where=where, offenders=absent,
            expected="columns " + ", ".join(needed),
        )  # fmt: skip


def _text_rows(
    path: str, wanted: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            by_tab = "\t" in first
            # Athena's files are separated by tabs and quote nothing: a `"` is a part of a name.
            quoting: Literal[0, 3] = csv.QUOTE_NONE if by_tab else csv.QUOTE_MINIMAL
            separator = "\t" if by_tab else ","
            header = next(csv.reader([first], delimiter=separator, quoting=quoting), [])
            places = {cell.strip().lower(): i for i, cell in enumerate(header)}
            _check(places, needed, path)
            at = [places.get(column) for column in wanted]
            reader = csv.reader(stream, delimiter=separator, quoting=quoting)
            for row in reader:
                if not any(row):
                    continue
                line = reader.line_num + 1
                if len(row) != len(header):
                    raise InputDataError(
                        f"a row has {len(row)} fields where the header has {len(header)}",
                        where=f"{path}, line {line}",
                    )
                yield line, tuple("" if i is None else row[i].strip() for i in at)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputDataError("cannot read the table", where=path) from error


def _typed(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(cell_text(value) for value in values)


def _parquet_rows(
    path: str, wanted: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = {name.lower(): name for name in file.schema_arrow.names}
        _check(names, needed, path)
        there = [column for column in wanted if column in names]
        number = 0
        for batch in file.iter_batches(columns=[names[c] for c in there]):
            held = {c: batch.column(names[c]).to_pylist() for c in there}
            blank = [None] * batch.num_rows
            for row in zip(*(held.get(c, blank) for c in wanted), strict=True):
                number += 1
                yield number, _typed(row)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputDataError("cannot read the Parquet file", where=path) from error


def _connect(database: str) -> Any:
    import duckdb

    if not Path(database).is_file():
        raise InputDataError("there is no such database", where=database)
    try:
        # One thread, so that rows come in the order in which they were put in.
        return duckdb.connect(database, read_only=True, config={"threads": 1})
    except duckdb.Error as error:
        raise InputDataError(
            "cannot open the DuckDB file", where=database,
            expected="a database file of this version of DuckDB or an older one",
        ) from error  # fmt: skip


def _held_tables(database: str) -> dict[str, str]:
    """Qualified, quoted name of each table of a DuckDB file, by its name in small letters."""
    with _connect(database) as connection:
        found = connection.execute(
            "SELECT table_catalog, table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database() ORDER BY table_schema, table_name"
        ).fetchall()
    quoted: dict[str, str] = {}
    for parts in found:
        # A file cdm.duckdb may hold a schema cdm: only all three names tell them apart.
        quoted.setdefault(parts[-1].lower(), ".".join(f'"{part}"' for part in parts))
    return quoted


def _duckdb_rows(
    database: str, table: str, wanted: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    with _connect(database) as connection:
        described = connection.execute(f"SELECT * FROM {table} LIMIT 0").description
        names = {column[0].lower(): column[0] for column in described}
        _check(names, needed, f"{database}, table {table}")
        chosen = ", ".join(f'"{names[c]}"' if c in names else "NULL" for c in wanted)
        cursor = connection.execute(f"SELECT {chosen} FROM {table}")
        number = 0
        while batch := cursor.fetchmany(10_000):
            for row in batch:
                number += 1
                yield number, _typed(row)
