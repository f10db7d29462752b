"""`genocohort accounts` over ledgers as the steps write them."""

import json
from pathlib import Path

import pytest

from genocohort import cli
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_accounts import LEDGER
from genocohort.io.parquet import read_table
from genocohort.io.sheet import sheet_text


def _study(folder: Path, received: int) -> list[str]:
    (folder / "aligned.tsv").write_text(sheet_text((Sample("S1", "P1", "S1", "male"),)))
    ledgers = {
        "genotypes/chr1.ledger.json": Entry(
            step="genotypes", scope="chr1", unit="variant", n_in=4, n_kept=4
        ),
        "alignments/S1.ledger.json": Entry(
            step="alignments", scope="S1", unit="contig", n_in=2, n_kept=2
        ),
        "kinship/ledger.json": Entry(
            step="kinship",
            unit="variant",
            source="genotypes",
            source_scopes=("chr1",),
            n_in=received,
            n_kept=received,
        ),
    }
    for name, entry in ledgers.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(entries_to_json([entry]))
    return [
        "accounts", "--folder", str(folder), "--steps", "kinship",
        "--per-chromosome", "genotypes", "--chromosomes", "chr1",
        "--per-sample", "alignments", "--sheet", str(folder / "aligned.tsv"),
        "--ledger", str(folder / "ledger.parquet"), "--accounts", str(folder / "accounts.json"),
    ]  # fmt: skip


def test_agreeing_ledgers(tmp_path: Path) -> None:
    assert cli.main(_study(tmp_path, 4)) == 0
    assert read_table(tmp_path / "ledger.parquet", LEDGER).num_rows == 3
    assert json.loads((tmp_path / "accounts.json").read_text())["complete"] is True


def test_contradicting_ledgers_fail_and_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(_study(tmp_path, 3)) == 3
    assert "genotypes handed on 4" in capsys.readouterr().err
    assert not (tmp_path / "accounts.json").exists()


def test_a_missing_ledger_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = _study(tmp_path, 4)
    (tmp_path / "kinship/ledger.json").unlink()
    assert cli.main(arguments) == 3
    assert "kinship/ledger.json" in capsys.readouterr().err
