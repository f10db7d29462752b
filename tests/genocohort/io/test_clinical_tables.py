"""Clinical tables of every format give the same text."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from genocohort.errors import InputDataError
from genocohort.io.clinical_tables import read_clinical_table, table_format

IDS = ("007", "7", "0012", "12.0", "1e5", "100000", "0x1F", "1_000", "NA", "true")


def _workbook(path: Path, rows: list[list[object]]) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)


def test_ids_are_text_in_every_format(tmp_path: Path) -> None:
    rows = [[i, str(n)] for n, i in enumerate(IDS)]
    for name, separator in (("a.csv", ","), ("a.tsv", "\t"), ("a.pheno", " ")):
        lines = [separator.join(row) for row in [["id", "age"], *rows]]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    _workbook(tmp_path / "a.xlsx", [["id", "age"], *[list(r) for r in rows]])
    table = pa.table({"id": list(IDS), "age": [str(n) for n in range(len(IDS))]})
    pq.write_table(table, tmp_path / "a.parquet")
    for name in ("a.csv", "a.tsv", "a.pheno", "a.xlsx", "a.parquet"):
        found = read_clinical_table(tmp_path / name)
        assert found.column("id") == IDS, name
        assert found.columns == ("id", "age")


def test_typed_cells(tmp_path: Path) -> None:
    day = datetime(2012, 3, 4)
    rows: list[list[object]] = [
        ["id", "value", "date", "none"], ["a", 5.0, day, None], ["b", 5.25, day, None],
        [None, None, None, None], ["c", True, None, None],
    ]  # fmt: skip
    _workbook(tmp_path / "a.xlsx", rows)
    found = read_clinical_table(tmp_path / "a.xlsx")
    assert found.rows == (
        ("a", "5", "2012-03-04", ""), ("b", "5.25", "2012-03-04", ""), ("c", "true", "", ""),
    )  # fmt: skip
    assert found.lines == (2, 3, 5)


def test_parquet_types(tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2], "x": [0.5, None], "when": [datetime(2012, 3, 4), None]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_clinical_table(tmp_path / "a.parquet").rows == (
        ("1", "0.5", "2012-03-04"), ("2", "", ""),
    )  # fmt: skip


def test_fam(tmp_path: Path) -> None:
    (tmp_path / "a.ped").write_text("# a comment\nF I 0 0 1 -9 A A G G\n\nF 007 I 0 2 2\n")
    found = read_clinical_table(tmp_path / "a.ped")
    assert found.rows == (("F", "I", "0", "0", "1", "-9"), ("F", "007", "I", "0", "2", "2"))
    assert found.lines == (2, 4)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", b"x", "unknown kind"),
        ("a.xlsx", b"not a zip", "cannot read the workbook"),
        ("a.parquet", b"not parquet", "cannot read the Parquet file"),
        ("a.fam", b"F I 0 0\n", "a row has 4 fields"),
        ("missing.csv", None, "cannot read the table"),
        ("missing.fam", None, "cannot read the table"),
    ],
)
def test_errors(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputDataError, match=message):
        read_clinical_table(tmp_path / name)


def test_sheets(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(["a"])
    first.append(["1"])
    second = book.create_sheet("labs")
    second.append(["b", "b"])
    book.save(tmp_path / "a.xlsx")
    assert read_clinical_table(tmp_path / "a.xlsx").columns == ("a",)
    with pytest.raises(InputDataError, match="same name"):
        read_clinical_table(tmp_path / "a.xlsx", sheet="labs")
    with pytest.raises(InputDataError, match="no such sheet"):
        read_clinical_table(tmp_path / "a.xlsx", sheet="absent")


def test_formats() -> None:
    assert table_format(Path("x.PSAM")) == "pheno"
