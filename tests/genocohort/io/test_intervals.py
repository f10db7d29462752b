"""BED files as users write them."""

import gzip
from pathlib import Path

import pytest

from genocohort.errors import InputDataError
from genocohort.io.intervals import read_intervals


def test_a_bed_file_with_names_comments_and_other_contig_names(tmp_path: Path) -> None:
    text = "#note\ntrack name=x\n1\t10\t20\tgene\nchr1 30 40\r\n\nchrUn\t0\t5\n"
    expected = {"chr1": [(10, 20), (30, 40)], "chrUn": [(0, 5)]}
    plain, packed = tmp_path / "a.bed", tmp_path / "a.bed.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_intervals(plain) == expected
    assert read_intervals(packed) == expected


@pytest.mark.parametrize("line", ["chr1\t20\t10", "chr1\t-1\t10", "chr1\t5", "chr1\ta\tb"])
def test_a_line_that_is_no_interval(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.bed"
    path.write_text(f"chr1\t1\t2\n{line}\n")
    with pytest.raises(InputDataError, match="line 2"):
        read_intervals(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="cannot read"):
        read_intervals(tmp_path / "absent.bed")
