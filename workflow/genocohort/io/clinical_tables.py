"""Read clinical tables (CSV, TSV, XLSX, Parquet, PLINK) as text: no id is parsed as a number."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from genocohort.errors import InputDataError
from genocohort.io.text_table import TextTable, read_text_table

FAM_COLUMNS = ("FID", "IID", "PAT", "MAT", "SEX", "PHENO")
_SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "csv", ".xlsx": "xlsx", ".parquet": "parquet",
    ".pheno": "pheno", ".phe": "pheno", ".cov": "pheno", ".psam": "pheno", ".fam": "fam",
    ".ped": "fam",
}  # fmt: skip


def table_format(path: Path) -> str:
    """csv, tsv, xlsx, parquet, pheno (PLINK with a header) or fam (no header), by the name.

    Raises
    ------
    InputDataError
        The name has none of the known endings.
    """
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise InputDataError(
            "unknown kind of clinical table",
            where=str(path),
            expected="a name that ends with " + ", ".join(_SUFFIXES),
            remedy="rename it, or give `format` in the column map",
        )
    return kind


def read_clinical_table(path: Path, kind: str = "", sheet: str | None = None) -> TextTable:
    """Read one table with every cell as text and every row with its place in the file.

    Numbers of XLSX and Parquet become their shortest decimal text, dates become ISO dates, empty
    cells become "".

    Parameters
    ----------
    path : Path
    kind : str
        As `table_format` gives it; empty to go by the name.
    sheet : str, optional
        Sheet of an XLSX file; the first one if not given.

    Raises
    ------
    InputDataError
        The file cannot be read as what it is said to be.
    """
    kind = kind or table_format(path)
    if kind == "xlsx":
        return _read_xlsx(path, sheet)
    if kind == "parquet":
        return _read_parquet(path)
    if kind == "fam":
        return _read_fam(path)
    return read_text_table(path, {"csv": None, "tsv": "\t", "pheno": None}[kind])


def cell_text(value: Any) -> str:
    """A typed cell as text: the shortest decimal, ISO dates, nothing for none."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, list | tuple):
        return ";".join(cell_text(item) for item in value)
    return str(value).strip()


def _table(
    path: Path, header: Sequence[Any], rows: Iterable[tuple[int, Sequence[Any]]]
) -> TextTable:
    """Text table of typed rows; rows without any content are left out."""
    columns = tuple(cell_text(name) for name in header)
    while columns and not columns[-1]:
        columns = columns[:-1]
    if not columns or "" in columns:
        raise InputDataError("a column has no name", where=f"{path}, row 1")
    if len(set(columns)) < len(columns):
        repeated = sorted({c for c in columns if columns.count(c) > 1})
        raise InputDataError(
            "two columns have the same name", where=f"{path}, row 1", offenders=repeated
        )
    texts: list[tuple[str, ...]] = []
    numbers: list[int] = []
    for number, row in rows:
        cells = tuple(cell_text(value) for value in row)
        if any(cells[len(columns) :]):
            raise InputDataError(
                "a row has more cells than the header", where=f"{path}, row {number}"
            )
        if any(cells):
            texts.append(cells[: len(columns)])
            numbers.append(number)
    return TextTable(Path(path), columns, tuple(texts), tuple(numbers))


def _read_xlsx(path: Path, sheet: str | None) -> TextTable:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises many kinds for a damaged file
        raise InputDataError(
            "cannot read the workbook",
            where=str(path),
            remedy="check that it is a whole .xlsx file",
        ) from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputDataError(
                "the workbook has no such sheet", where=f"{path}, sheet {sheet}",
                expected="one of " + ", ".join(book.sheetnames),
            )  # fmt: skip
        page = book[sheet] if sheet is not None else book.worksheets[0]
        rows = enumerate(page.iter_rows(values_only=True), 1)
        first = next(rows, None)
        if first is None:
            raise InputDataError("the table is empty", where=str(path))
        return _table(path, first[1], rows)
    finally:
        book.close()


def _read_parquet(path: Path) -> TextTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowInvalid) as error:
        raise InputDataError("cannot read the Parquet file", where=str(path)) from error
    columns = [column.to_pylist() for column in content.columns]
    return _table(path, content.column_names, enumerate(zip(*columns, strict=True), 1))


def _read_fam(path: Path) -> TextTable:
    """The first six fields of a .fam or .ped file, which has no header."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError("cannot read the table", where=str(path)) from error
    rows, numbers = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split(maxsplit=6)[:6]
        if len(cells) < 6:
            raise InputDataError(
                f"a row has {len(cells)} fields",
                where=f"{path}, line {number}",
                expected="at least six: " + " ".join(FAM_COLUMNS),
            )
        rows.append(tuple(cells))
        numbers.append(number)
    return TextTable(Path(path), FAM_COLUMNS, tuple(rows), tuple(numbers))
