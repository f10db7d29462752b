"""OMOP tables from CSV, Athena's dialect, Parquet and DuckDB hold the same text."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genocohort.errors import InputDataError
from genocohort.io.omop_tables import OmopTables

NEEDED, OPTIONAL = ("person_id", "Value"), ("note", "day", "absent")


def _written(folder: Path) -> dict[str, OmopTables]:
    rows = [(1, Decimal("48.100"), 'said "yes', date(2020, 1, 2)), (2, None, "", None)]
    (folder / "t.csv").write_text(
        'PERSON_ID,Value,note,day\n1,48.1,"said ""yes",2020-01-02\n2,,,\n'
    )
    (folder / "athena.csv").write_text(
        'person_id\tvalue\tnote\tday\n1\t48.1\tsaid "yes\t2020-01-02\n2\t\t\t\n'
    )
    names = ("person_id", "value", "note", "day")
    types = (pa.int64(), pa.decimal128(18, 3), pa.string(), pa.date32())
    cells = [pa.array(c, t) for c, t in zip(zip(*rows, strict=True), types, strict=True)]
    pq.write_table(pa.table(cells, names=list(names)), folder / "t.parquet")
    with duckdb.connect(str(folder / "cdm.duckdb")) as connection:
        connection.execute("CREATE SCHEMA cdm.cdm")
        connection.execute(
            "CREATE TABLE cdm.cdm.T "
            "(Person_Id INTEGER, value DECIMAL(18, 3), note VARCHAR, day DATE)"
        )
        connection.executemany("INSERT INTO cdm.cdm.T VALUES (?, ?, ?, ?)", rows)
    return {
        "csv": OmopTables({"t": str(folder / "t.csv")}),
        "athena": OmopTables({"t": str(folder / "athena.csv")}),
        "parquet": OmopTables({"t": str(folder / "t.parquet")}),
        "duckdb": OmopTables({}, str(folder / "cdm.duckdb")),
    }


@pytest.mark.parametrize("kind", ["csv", "athena", "parquet", "duckdb"])
def test_same_text_from_every_format(tmp_path: Path, kind: str) -> None:
    tables = _written(tmp_path)[kind]
    assert "t" in tables
    assert "person" not in tables
    found = tables.read("t", ("person_id", "value"), OPTIONAL)
    assert found.columns == ("person_id", "value", "note", "day", "absent")
    first = list(found.rows[0])
    assert float(first.pop(1)) == 48.1
    assert first == ["1", 'said "yes', "2020-01-02", ""]
    assert found.rows[1] == ("2", "", "", "", "")
    with pytest.raises(InputDataError, match="not a table of the OMOP CDM"):
        tables.read("t", ("person_id", "gender_concept_id"))


def test_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    with pytest.raises(InputDataError, match="1 fields"):
        OmopTables({"t": str(tmp_path / "t.csv")}).read("t", ("a",))
    (tmp_path / "x.duckdb").write_bytes(b"no database" * 1000)
    for name in ("x.duckdb", "absent.duckdb"):
        with pytest.raises(InputDataError):
            OmopTables({}, str(tmp_path / name))
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputDataError, match="Parquet"):
        OmopTables({"t": str(tmp_path / "t.parquet")}).read("t", ("a",))
