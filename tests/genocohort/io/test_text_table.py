"""Tables as people save them: ids stay text, lines stay known."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genocohort.errors import InputDataError
from genocohort.io.text_table import read_text_table


def _write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_ids_stay_text(tmp_path: Path) -> None:
    ids = ["007", "7", "0012", "12.0", "1e5", "100000", "0x1F", "1_000", "NA", "TRUE"]
    path = _write(tmp_path / "t.tsv", "id\tage\n" + "".join(f"{i}\t1\n" for i in ids))
    assert list(read_text_table(path).column("id")) == ids


def test_what_spreadsheets_do_is_tolerated_and_told(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf## made by hand\r\nid,age \r\n\r\nA , 5\r\n,,\r\nB,6,\r\n"
    table = read_text_table(_write(tmp_path / "t.csv", raw))
    assert table.columns == ("id", "age")
    assert table.rows == (("A", "5"), ("B", "6"))
    assert table.lines == (4, 6)
    notes = " ".join(table.notes)
    for told in ("byte order mark", "CRLF", "1 blank lines", "1 comment lines", "blanks removed"):
        assert told in notes


def test_quoted_fields_may_hold_separators_and_line_ends(tmp_path: Path) -> None:
    table = read_text_table(_write(tmp_path / "t.csv", 'id,note\nA,"x, y"\nB,"one\ntwo"\nC,z\n'))
    assert table.column("note") == ("x, y", "one\ntwo", "z")
    assert table.lines == (2, 3, 5)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("a;b\n1;2\n", ("a", "b")), ("#IID SEX\ns 1\n", ("IID", "SEX")), ("id\nx\n", ("id",))],
)
def test_separators(tmp_path: Path, text: str, columns: tuple[str, ...]) -> None:
    assert read_text_table(_write(tmp_path / "t.txt", text)).columns == columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n1\n", "line 2"),
        ("a,b\n1,2,3\n", "3 fields"),
        ("a,a\n1,2\n", "same name"),
        ("a,\n1,2\n", "no name"),
        (b"a,b\n\xe9,2\n", "UTF-8"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputDataError) as caught:
        read_text_table(_write(tmp_path / "t.csv", text))
    assert message in caught.value.message()
    assert "t.csv" in caught.value.message()


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="cannot read"):
        read_text_table(tmp_path / "absent.csv")


_CELL = st.text(st.characters(codec="ascii", exclude_characters='\r\n\t"\x00'), max_size=5).map(
    lambda s: "x" + s.strip() + "x"
)


@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=6))
def test_cells_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("cells") / "t.tsv"
    text = "a\tb\n" + "".join(f"{a}\t{b}\n" for a, b in rows)
    # Line breaks other than LF and CRLF are ordinary characters of a cell, as csv readers see them.
    if text.count("\n") != len(text.splitlines()):
        return
    assert list(read_text_table(_write(path, text)).rows) == rows
