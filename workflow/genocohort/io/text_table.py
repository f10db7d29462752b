"""Read CSV and TSV files as text: nothing is parsed as a number, every row keeps its line."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from genocohort.errors import InputDataError


@dataclass(frozen=True)
class TextTable:
    """A table of strings.

    Attributes
    ----------
    path : Path
    columns : tuple of str
        Header names, surrounding blanks removed.
    rows : tuple of tuple of str
        Cells with surrounding blanks removed; an empty cell is "".
    lines : tuple of int
        1-based line number of each row in the file.
    notes : tuple of str
        What was tolerated (BOM, CRLF, comments, blank lines, trailing blanks), with counts.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = field(default=())

    def column(self, name: str) -> tuple[str, ...]:
        """All cells of one column, in row order."""
        index = self.columns.index(name)
        return tuple(row[index] for row in self.rows)


def read_text_table(path: Path, delimiter: str | None = None) -> TextTable:
    """Read a delimited text file with a header line.

    The delimiter is a tab where the header has one, else a comma, else a semicolon, else blanks
    (PLINK). Lines that start with `##` and blank lines are skipped and counted; a leading `#` of
    the header (`#IID`) is removed.

    Raises
    ------
    InputDataError
        Missing file, not UTF-8, no header, duplicate columns, or rows of another width.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputDataError(
            "cannot read the table", where=str(path), remedy="check the path in the configuration"
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputDataError(
            "the table is not UTF-8 text",
            where=f"{path}, line {line}",
            remedy="save it as UTF-8 (in a spreadsheet: CSV UTF-8)",
        ) from error
    notes = []
    if raw.startswith(b"\xef\xbb\xbf"):
        notes.append("byte order mark removed")
    if b"\r\n" in raw:
        notes.append("CRLF line ends read as LF")
    return _parse(Path(path), text, delimiter, notes)


def _parse(path: Path, text: str, delimiter: str | None, notes: list[str]) -> TextTable:
    lines = text.splitlines(keepends=True)
    content = [(n, line) for n, line in enumerate(lines, 1) if line.strip()]
    comments = sum(line.startswith("##") for _, line in content)
    for count, what in ((len(lines) - len(content), "blank lines"), (comments, "comment lines")):
        if count:
            notes.append(f"{count} {what} skipped")
    content = [(n, line) for n, line in content if not line.startswith("##")]
    if not content:
        raise InputDataError(
            "the table is empty", where=str(path), expected="a header line and rows of data"
        )
    chosen = delimiter or next((d for d in ("\t", ",", ";") if d in content[0][1]), " ")
    records = _split_rows(content, chosen)
    header_line, header = records[0]
    columns = tuple(c.strip().lstrip("#") if i == 0 else c.strip() for i, c in enumerate(header))
    _check_header(path, header_line, columns)
    rows, numbers, trailing = [], [], 0
    for number, cells in records[1:]:
        row = tuple(c.strip() for c in cells)
        if not any(row):
            continue
        trailing += row != tuple(cells)
        while len(row) > len(columns) and row[-1] == "":
            row = row[:-1]
        if len(row) != len(columns):
            raise InputDataError(
                f"a row has {len(row)} fields where the header has {len(columns)}",
                where=f"{path}, line {number}",
                expected="one field for each column (quote fields that contain the separator)",
            )
        rows.append(row)
        numbers.append(number)
    if trailing:
        notes.append(f"surrounding blanks removed in {trailing} rows")
    return TextTable(path, columns, tuple(rows), tuple(numbers), tuple(notes))


def _split_rows(content: list[tuple[int, str]], delimiter: str) -> list[tuple[int, list[str]]]:
    """Cells of each record with the line it starts on; a quoted field may span lines."""
    if delimiter == " ":
        return [(number, line.split()) for number, line in content]
    reader = csv.reader((line.rstrip("\r\n") + "\n" for _, line in content), delimiter=delimiter)
    records, start = [], 0
    for cells in reader:
        records.append((content[start][0], cells))
        start = reader.line_num
    return records


def _check_header(path: Path, line: int, columns: tuple[str, ...]) -> None:
    repeated = sorted({c for c in columns if columns.count(c) > 1})
    if repeated:
        raise InputDataError(
            "two columns have the same name",
            where=f"{path}, line {line}",
            offenders=repeated,
            remedy="rename or remove one of them",
        )
    if any(c == "" for c in columns):
        raise InputDataError("a column has no name", where=f"{path}, line {line}")
