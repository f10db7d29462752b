"""The files of the tables of records, written while the records are read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from genocohort.domain.table import Table
from genocohort.domain.tables_clinical import CONDITIONS, EXPOSURES, OBSERVATIONS
from genocohort.io.atomic import replacing
from genocohort.io.parquet import TableWriter
from genocohort.steps.clinical.records import Columns

RECORDS = (OBSERVATIONS, CONDITIONS, EXPOSURES)


class RecordFiles:
    """A sink that writes each table to its file."""

    def __init__(self, writers: dict[str, TableWriter]) -> None:
        self._writers = writers
        self.left_out: frozenset[str] = frozenset()

    def add(self, table: str, columns: Columns) -> None:
        """Add rows to the file of a table."""
        self._writers[table].add(columns)

    def leave_out(self, participants: frozenset[str]) -> None:
        """Take back the rows of some participants."""
        self.left_out = participants


@contextmanager
def writing_records(folder: Path) -> Iterator[RecordFiles]:
    """Files of observations, conditions and exposures; on an error none of them is left."""
    with ExitStack() as stack:
        writers, paths = {}, {}
        for table in RECORDS:
            name = table.name.split("/")[1]
            paths[name] = stack.enter_context(replacing(folder / f"{name}.parquet"))
            writers[name] = TableWriter(paths[name], table)
        files = RecordFiles(writers)
        try:
            yield files
        finally:
            for writer in writers.values():
                writer.close()
        if files.left_out:
            for table in RECORDS:
                _rewrite(paths[table.name.split("/")[1]], table, files.left_out)


def _rewrite(path: Path, table: Table, left_out: frozenset[str]) -> None:
    """Write a file again without the rows of some participants, a group of rows at a time."""
    gone = pa.array(sorted(left_out), pa.string())
    with replacing(path) as temporary:
        writer = TableWriter(temporary, table)
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                writer.add(rows.filter(pc.invert(pc.is_in(rows["participant_id"], gone))))
        writer.close()
