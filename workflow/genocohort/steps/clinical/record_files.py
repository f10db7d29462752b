"""The files of the tables of records, written while the records are read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from genocohort.domain.tables_clinical import CONDITIONS, EXPOSURES, OBSERVATIONS
from genocohort.io.atomic import replacing
from genocohort.io.parquet import TableWriter
from genocohort.steps.clinical.records import Columns

RECORDS = (OBSERVATIONS, CONDITIONS, EXPOSURES)


class RecordFiles:
    """A sink that writes each table to its file."""

    def __init__(self, writers: dict[str, TableWriter]) -> None:
        self._writers = writers

    def add(self, table: str, columns: Columns) -> None:
        """Add rows to the file of a table."""
        self._writers[table].add(columns)


@contextmanager
def writing_records(folder: Path) -> Iterator[RecordFiles]:
    """Files of observations, conditions and exposures; on an error none of them is left."""
    with ExitStack() as stack:
        writers = {}
        for table in RECORDS:
            name = table.name.split("/")[1]
            temporary = stack.enter_context(replacing(folder / f"{name}.parquet"))
            writers[name] = TableWriter(temporary, table)
        try:
            yield RecordFiles(writers)
        finally:
            for writer in writers.values():
                writer.close()
