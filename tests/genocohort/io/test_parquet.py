"""Result tables: declared schema, no stray nulls, the same bytes for the same content."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from genocohort.domain.table import Column, Table
from genocohort.errors import InputDataError
from genocohort.io.parquet import read_table, write_table

TABLE = Table(
    "step/name",
    3,
    "an example",
    (
        Column("contig", "dictionary", "contig"),
        Column("n", "int64", "count"),
        Column("rate", "float64", "a rate", "undefined"),
    ),
)
CONTENT = {"contig": ["chr1", "chr2", "chr1"], "n": np.arange(3), "rate": [0.5, np.nan, 0.0]}


def test_round_trip_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, TABLE, CONTENT, genome_build="GRCh38")
    table = read_table(path, TABLE)
    assert table.column("contig").to_pylist() == CONTENT["contig"]
    assert table.column("rate").to_pylist() == [0.5, None, 0.0]
    metadata = pq.read_schema(path).metadata
    assert metadata[b"genome_build"] == b"GRCh38"
    assert metadata[b"schema_version"] == b"3"


def test_same_content_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(tmp_path / name, TABLE, CONTENT)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_null_where_none_is_allowed_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="n: 1 nulls"):
        write_table(tmp_path / "t", TABLE, {**CONTENT, "n": [1, None, 2]})
    with pytest.raises(ValueError, match="undeclared columns"):
        write_table(tmp_path / "t", TABLE, {**CONTENT, "more": [1, 2, 3]})
    assert list(tmp_path.iterdir()) == []


def test_another_table_or_version_is_an_input_error(tmp_path: Path) -> None:
    write_table(tmp_path / "t", TABLE, CONTENT)
    newer = Table("step/name", 4, "", TABLE.columns)
    with pytest.raises(InputDataError, match="version 3"):
        read_table(tmp_path / "t", newer)
    with pytest.raises(InputDataError, match="cannot read"):
        read_table(tmp_path / "absent", TABLE)
