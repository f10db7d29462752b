"""The sample sheet: own columns and sarek-like ones, every problem at once."""

from pathlib import Path

import pytest

from genocohort.domain.sheet import Sample
from genocohort.errors import ConfigError, Problems
from genocohort.io.sheet import read_normalised_sheet, read_sample_sheet, sheet_text


def test_own_and_sarek_like_sheets(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("patient,sample,sex,bam\nP1,007,XX,a.bam\nP2,7,XY,\n")
    assert read_sample_sheet(path) == (
        Sample("007", "P1", "007", "female", alignment="a.bam"),
        Sample("7", "P2", "7", "male"),
    )


def test_participant_and_calls_name_default_to_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "s.tsv"
    path.write_text("sample_id\tvcf_name\nA\tlab17\nB\t\n")
    assert read_sample_sheet(path) == (
        Sample("A", "A", "lab17", "unknown"),
        Sample("B", "B", "B", "unknown"),
    )


def test_all_problems_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.tsv"
    path.write_text("sample_id\tsex\nA\tXX\nA\tXY\n\tXX\nB C\tXX\n../D\t7\n")
    with pytest.raises(Problems) as caught:
        read_sample_sheet(path)
    text = caught.value.message()
    for part in ("line 3", "first on line 2", "empty", "B C", "../D", "unknown code for sex"):
        assert part in text
    assert caught.value.exit_code == 3


def test_a_sheet_needs_sample_id(tmp_path: Path) -> None:
    path = tmp_path / "s.tsv"
    path.write_text("name\tsex\nA\tXX\n")
    with pytest.raises(ConfigError, match="sample_id"):
        read_sample_sheet(path)


def test_the_normalised_sheet_round_trips(tmp_path: Path) -> None:
    samples = (
        Sample("S1", "P", "v", "male", "WGS", "B1", "a b.bam", "r.fa"),
        Sample("1e5", "", "", "unknown"),
    )
    path = tmp_path / "n.tsv"
    path.write_text(sheet_text(samples))
    assert read_normalised_sheet(path) == samples
