"""The step's command line: files by their names, the same bytes twice, absent tables named."""

import json
from pathlib import Path

import pytest

from genocohort.cli import main
from genocohort.steps.multiqc.compute import ENDING, SECTION_TABLES
from tiny.multiqc_tables import NAMES, write_multiqc_tables


def write(folder: Path, out: Path, *more: str) -> int:
    """Write all sections."""
    files = [str(out / f"{name}{ENDING}") for name in SECTION_TABLES]
    return main(["multiqc", "--folder", str(folder), "--outputs", *files, *more])


def test_every_section_is_a_file_and_its_bytes_are_the_same_twice(tmp_path: Path) -> None:
    write_multiqc_tables(tmp_path / "results")
    for name in ("one", "two"):
        assert write(tmp_path / "results", tmp_path / name) == 0
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(f"{name}{ENDING}" for name in SECTION_TABLES)
    for name in files:
        text = (tmp_path / "one" / name).read_bytes()
        assert text == (tmp_path / "two" / name).read_bytes()
        assert json.loads(text)["id"].startswith("genocohort_")
    samples = json.loads((tmp_path / f"one/samples{ENDING}").read_text())
    assert list(samples["data"][0]) == list(NAMES)


def test_settings_limit_what_is_shown(tmp_path: Path) -> None:
    write_multiqc_tables(tmp_path / "results")
    assert write(tmp_path / "results", tmp_path / "out", "--settings", '{"max_rows": 2}') == 0
    samples = json.loads((tmp_path / f"out/samples{ENDING}").read_text())
    assert list(samples["data"][0]) == ["S1", "<b>"]
    assert "Left out: 4 of 6" in samples["description"]


def test_a_name_that_is_no_section_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["multiqc", "--folder", str(tmp_path), "--outputs", str(tmp_path / f"fun{ENDING}")]
    assert main(words) == 2
    assert f"fun{ENDING}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_absent_table_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_multiqc_tables(tmp_path)
    (tmp_path / "kinship/pairs.parquet").unlink()
    words = ["multiqc", "--folder", str(tmp_path), "--outputs", str(tmp_path / f"kinship{ENDING}")]
    assert main(words) == 3
    assert "kinship/pairs" in capsys.readouterr().err
