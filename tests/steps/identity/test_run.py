"""`genocohort identity` on a tiny store and tables of alleles."""

from pathlib import Path

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_identity import ALLELES, IDENTITY_PAIRS, IDENTITY_SAMPLES, SITES
from genocohort.io.parquet import read_table, write_table
from tiny.cohort_store import draw_unrelated, make_samples, write_sheet, write_store

N = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three people with calls; S0's reads are its own, S1's those of S2, S2 failed."""
    calls = draw_unrelated(np.random.default_rng(1), N, 3)
    samples = make_samples(3)
    write_store(tmp_path, samples, {"chr1": calls[:70], "chr2": calls[70:]})
    write_sheet(tmp_path / "aligned.tsv", samples)
    chromosome = ["chr1"] * 70 + ["chr2"] * 50
    positions = [*range(1001, 1701, 10), *range(1001, 1501, 10)]
    sites = {"chromosome": chromosome, "vcf_pos": positions, "ref": ["A"] * N, "alt": ["G"] * N}
    write_table(tmp_path / "sites.parquet", SITES, sites | {"alt_frequency": [0.5] * N})
    zeros = [0] * N
    for name, person in (("S0", 0), ("S1", 2), ("S2", None)):
        n_alt = [] if person is None else (10 * calls[:, person]).tolist()
        n = len(n_alt)
        columns = {
            "sample_id": [name] * n,
            "chromosome": chromosome[:n],
            "vcf_pos": positions[:n],
            "n_ref": [20 - k for k in n_alt],
            "n_alt": n_alt,
            "n_other": zeros[:n],
            "n_unused": zeros[:n],
        }
        write_table(tmp_path / f"{name}.alleles.parquet", ALLELES, columns)
    return tmp_path


def identity(folder: Path, *more: str) -> int:
    words = ["identity", "--sheet", str(folder / "aligned.tsv"), "--alleles", str(folder)]
    words += ["--sites", str(folder / "sites.parquet")]
    for name in ("samples", "pairs"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    return main([*words, "--ledger", str(folder / "ledger.json"), *more])


def test_samples_pairs_and_ledger(folder: Path) -> None:
    store = ["--folder", str(folder), "--chromosomes", "chr1", "chr2"]
    assert identity(folder, *store, "--threads", "1") == 0
    rows = read_table(folder / "samples.parquet", IDENTITY_SAMPLES).to_pylist()
    assert [r["match"] for r in rows] == ["own", "other", "unknown"]
    assert [r["best_sample_id"] for r in rows] == ["S0", "S2", None]
    assert rows[0]["own_concordance"] == rows[1]["best_concordance"] == 1
    assert rows[2]["n_sites"] is None
    pairs = read_table(folder / "pairs.parquet", IDENTITY_PAIRS).to_pylist()
    assert [(p["sample_id"], p["calls_sample_id"]) for p in pairs] == [
        (a, b) for a in ("S0", "S1", "S2") for b in ("S0", "S1", "S2")
    ]
    (entry,) = entries_from_json((folder / "ledger.json").read_text())
    assert (entry.n_in, entry.n_kept) == (3, 2)
    assert entry.dropped[0].examples == ("S2",)
    names = ("samples.parquet", "pairs.parquet", "ledger.json")
    before = [(folder / name).read_bytes() for name in names]
    assert identity(folder, *store, "--threads", "3") == 0
    assert [(folder / name).read_bytes() for name in names] == before


def test_without_calls_there_is_contamination_alone(folder: Path) -> None:
    assert identity(folder) == 0
    rows = read_table(folder / "samples.parquet", IDENTITY_SAMPLES).to_pylist()
    assert {r["match"] for r in rows} == {"unknown"}
    assert rows[0]["contamination"] == 0
    assert len(read_table(folder / "pairs.parquet", IDENTITY_PAIRS)) == 0


def test_alleles_of_other_sites_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = read_table(folder / "S0.alleles.parquet", ALLELES)
    write_table(folder / "S0.alleles.parquet", ALLELES, table.slice(1))
    assert identity(folder) == 3
    assert "counted at other sites" in capsys.readouterr().err
