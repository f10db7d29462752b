"""`genocohort kinship` on tiny stores."""

from pathlib import Path

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_cohort import KINSHIP_PAIRS
from genocohort.io.parquet import read_table
from tiny.cohort_store import draw_child, draw_unrelated, make_samples, write_sheet, write_store


def kinship(
    folder: Path, *extra: str, chromosomes: tuple[str, ...] = ("chr1", "chr2", "chrX")
) -> int:
    return main([
        "kinship", "--folder", str(folder), "--chromosomes", *chromosomes,
        "--sheet", str(folder / "genotyped.tsv"), "--genome", '{"build":"synthetic"}',
        "--pairs", str(folder / "pairs.parquet"), "--ledger", str(folder / "ledger.json"), *extra,
    ])  # fmt: skip


@pytest.fixture
def trio(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    calls = draw_unrelated(rng, 600, 4)
    calls[:, 2] = draw_child(rng, calls[:, 0], calls[:, 1])
    calls[rng.random(calls.shape) < 0.02] = -1
    samples = make_samples(4)
    write_store(
        tmp_path,
        samples,
        {"chr1": calls[:400], "chr2": calls[400:], "chrX": calls[:9]},
        filters={"chr2": ["q10"] + ["PASS"] * 199},
    )
    write_sheet(tmp_path / "genotyped.tsv", samples)
    (tmp_path / "family.ped").write_text("F S2 S0 S1 0\nF P3 P0 0 0\n")
    return tmp_path


def test_pairs_and_ledger(trio: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pedigree = ["--pedigree", str(trio / "family.ped")]
    assert kinship(trio, *pedigree, "--settings", '{"min_het":0}') == 0
    rows = read_table(trio / "pairs.parquet", KINSHIP_PAIRS).to_pylist()
    seen = {(r["sample_id_1"], r["sample_id_2"]): r for r in rows}
    assert set(seen) == {("S0", "S2"), ("S1", "S2"), ("S0", "S3"), ("S2", "S3")}
    assert seen[("S0", "S2")]["relation_inferred"] == "parent_offspring"
    assert seen[("S0", "S2")]["ibs0"] == 0
    assert seen[("S0", "S3")]["is_contradiction"]
    assert seen[("S2", "S3")]["relation_recorded"] == "second_degree"
    sample, variant = entries_from_json((trio / "ledger.json").read_text())
    assert (sample.unit, sample.source, sample.n_in, sample.n_kept) == ("sample", "genotypes", 4, 4)
    assert sample.source_scopes == ("chr1",)
    assert (variant.n_in, variant.n_kept) == (609, 599)
    assert {d.reason: d.n for d in variant.dropped} == {
        "FILTER is not PASS": 1,
        "not on an autosome": 9,
    }
    assert "Traceback" not in capsys.readouterr().err


def test_the_same_bytes_for_any_threads(trio: Path) -> None:
    written = []
    for threads in ("1", "2"):
        assert kinship(trio, "--threads", threads, "--settings", '{"min_het":0}') == 0
        written.append((trio / "pairs.parquet").read_bytes())
    assert written[0] == written[1]


def test_too_few_heterozygous_calls_make_no_relatives(trio: Path) -> None:
    """A handful of variants must not accuse anybody: recorded pairs are listed as undefined."""
    pedigree = ["--pedigree", str(trio / "family.ped")]
    assert kinship(trio, *pedigree, "--settings", '{"min_het":400}') == 0
    rows = read_table(trio / "pairs.parquet", KINSHIP_PAIRS).to_pylist()
    assert rows
    assert all(r["kinship"] is None and r["relation_recorded"] for r in rows)
    assert not any(r["is_contradiction"] for r in rows)
    assert all("too few calls to judge" in r["finding"] for r in rows)


def test_filter_can_be_ignored(trio: Path) -> None:
    assert (
        kinship(trio, "--settings", '{"min_het":0,"pass_only":false,"report_threshold":0.2}') == 0
    )
    assert entries_from_json((trio / "ledger.json").read_text())[1].n_kept == 600
    assert len(read_table(trio / "pairs.parquet", KINSHIP_PAIRS)) == 2


@pytest.mark.parametrize("n_samples", [0, 1, 3])
@pytest.mark.parametrize("n_variants", [0, 1])
def test_next_to_nothing_gives_a_complete_empty_table(
    tmp_path: Path, n_samples: int, n_variants: int
) -> None:
    samples = make_samples(n_samples)
    calls = np.full((n_variants, n_samples), -1, dtype=np.int8)
    write_store(tmp_path, samples, {"chr1": calls})
    write_sheet(tmp_path / "genotyped.tsv", samples)
    assert kinship(tmp_path, chromosomes=("chr1",)) == 0
    assert len(read_table(tmp_path / "pairs.parquet", KINSHIP_PAIRS)) == 0


def test_recorded_relatives_without_shared_calls_are_rows_of_nulls(tmp_path: Path) -> None:
    samples = make_samples(2)
    write_store(tmp_path, samples, {"chr1": np.full((5, 2), -1, dtype=np.int8)})
    write_sheet(tmp_path / "genotyped.tsv", samples)
    (tmp_path / "f.ped").write_text("F S0 S1 0 0\n")
    assert kinship(tmp_path, "--pedigree", str(tmp_path / "f.ped"), chromosomes=("chr1",)) == 0
    (row,) = read_table(tmp_path / "pairs.parquet", KINSHIP_PAIRS).to_pylist()
    assert (row["n_snps"], row["ibs0"], row["kinship"]) == (0, None, None)
    assert row["relation_inferred"] is None
    assert not row["is_contradiction"]
    assert "too few calls" in row["finding"]


def test_people_who_are_not_in_the_calls_are_told(
    trio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (trio / "f.ped").write_text("F S2 granddad S1 0\n")
    assert kinship(trio, "--pedigree", str(trio / "f.ped")) == 0
    assert "granddad" in capsys.readouterr().err


def test_errors_leave_nothing_behind(trio: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (trio / "bad.ped").write_text("F S2 S2 S1 0\n")
    assert kinship(trio, "--pedigree", str(trio / "bad.ped")) == 3
    assert kinship(trio, chromosomes=("chr1", "chr9")) == 3
    assert "chr9" in capsys.readouterr().err
    assert kinship(trio, "--settings", '{"report_treshold":1}') == 2
    assert kinship(trio, "--settings", '{"report_threshold":7}') == 2
    assert not (trio / "pairs.parquet").exists()
    assert not (trio / "ledger.json").exists()
    assert not list(trio.glob(".*"))
