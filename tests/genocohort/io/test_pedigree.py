"""Pedigrees as users write them."""

from pathlib import Path

import pytest

from genocohort.domain.pedigree import Person
from genocohort.errors import GenocohortError, InputDataError, Problems
from genocohort.io.pedigree import read_pedigree


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_ped_with_tabs_blanks_and_crlf(tmp_path: Path) -> None:
    text = (
        "\ufeffF1\t007\t0\t0\t1\t-9\r\nF1 1e5  007 NA 2 1 A C\r\n\n# a comment\nF2\tx\t.\t\t0\t0\n"
    )
    assert read_pedigree(write(tmp_path / "a.ped", text)) == (
        Person("F1", "007", "", "", "male"),
        Person("F1", "1e5", "007", "", "female"),
        Person("F2", "x", "", "", "unknown"),
    )


def test_header_with_columns_in_another_order(tmp_path: Path) -> None:
    text = "#IID\tSEX\tPAT\tMAT\na\t2\tb\t0\nb\tM\t0\t0\n"
    assert read_pedigree(write(tmp_path / "a.psam", text)) == (
        Person("", "a", "b", "", "female"),
        Person("", "b", "", "", "male"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("F a 0 0\n", "has 4 fields"),
        ("F a 0 0 1\nG a 0 0 1\n", "two lines"),
        ("F a 0 0 3\n", "unknown code for sex"),
        ("F a a 0 1\n", "not two other people"),
        ("F a b b 1\n", "not two other people"),
        ("F a b 0 1\nF b 0 0 2\n", "father is recorded as female"),
        ("F a 0 b 1\nF b 0 0 1\n", "mother is recorded as male"),
        ("F a b 0 1\nF b a 0 1\n", "own ancestor"),
        ("F 0 0 0 1\n", "names no person"),
        ("# nothing\n", "no person"),
    ],
)
def test_contradictions_are_errors_with_their_line(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "a.ped", text)
    with pytest.raises(GenocohortError) as caught:
        read_pedigree(path)
    assert words in caught.value.message()
    assert str(path) in caught.value.message()
    assert caught.value.exit_code == 3


def test_all_problems_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ped", "F a 0 0 9\nF b 0\nF c c 0 1\n")
    with pytest.raises(Problems) as caught:
        read_pedigree(path)
    assert len(caught.value.problems) == 3


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="cannot read"):
        read_pedigree(tmp_path / "none.ped")
