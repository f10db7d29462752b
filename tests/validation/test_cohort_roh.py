"""Runs of homozygosity against plink 1.9 --homozyg."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_ROH_SAMPLES,
    STRUCTURE_ROH_SEGMENTS,
)
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import open_stores, select_variants
from genocohort.steps.structure.run import OUTPUTS
from tiny.cohort_reference import SYNTHETIC, merged_for_plink, need, read_plink, run_tool
from tiny.cohort_store import make_samples, write_store

pytestmark = pytest.mark.validation

CHROMOSOMES = ("chr1", "chr2", "chr3")
N_SAMPLES = 30


def draw_autozygous(seed: int, n_variants: int) -> tuple[np.ndarray, list[int]]:
    """Calls with stretches of homozygosity, errors and missing calls; spacing with wide gaps."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 0.9, size=(n_variants, 1))
    calls = rng.binomial(2, np.broadcast_to(p, (n_variants, N_SAMPLES))).astype(np.int8)
    for sample in range(N_SAMPLES):
        for _ in range(4):
            start, length = rng.integers(n_variants), rng.integers(20, 500)
            stretch = calls[start : start + length, sample]
            stretch[stretch == 1] = rng.choice([0, 2], size=int((stretch == 1).sum()))
    calls[rng.random(calls.shape) < 0.005] = 1
    calls[rng.random(calls.shape) < 0.02] = -1
    steps = rng.exponential(12_000, size=n_variants).astype(int) + 1
    steps[rng.integers(n_variants, size=3)] = 1_500_000
    return calls, np.cumsum(steps).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three chromosomes with what the step needs, and plink's `all` beside it."""
    folder = tmp_path_factory.mktemp("roh")
    drawn = {name: draw_autozygous(i, 1500) for i, name in enumerate(CHROMOSOMES)}
    samples = make_samples(N_SAMPLES)
    write_store(
        folder,
        samples,
        {name: calls for name, (calls, _) in drawn.items()},
        positions={name: places for name, (_, places) in drawn.items()},
    )
    rows: list[dict[str, Any]] = [
        dict.fromkeys(SAMPLE_QC_SAMPLES.column_names)
        | {
            "sample_id": s.sample_id, "participant_id": s.sample_id, "batch": "",
            "has_calls": True, "has_alignment": False, "sex_recorded": "unknown",
            "sex_inferred": "unknown", "verdict": "pass", "reasons": [],
        }
        for s in samples
    ]  # fmt: skip
    columns = {c: [r[c] for r in rows] for c in SAMPLE_QC_SAMPLES.column_names}
    write_table(folder / "qc.parquet", SAMPLE_QC_SAMPLES, columns)
    nobody: dict[str, list[Any]] = {c: [] for c in KINSHIP_PAIRS.column_names}
    write_table(folder / "pairs.parquet", KINSHIP_PAIRS, nobody)
    chosen = [select_variants(s, pass_only=True) for s in open_stores(folder, CHROMOSOMES)]
    prefix = merged_for_plink(folder, chosen, "all")
    run_tool("plink2", "--pfile", prefix, "--make-bed", "--out", prefix)
    return folder


CHOICES: list[tuple[dict[str, float], tuple[object, ...]]] = [
    ({}, ()),
    (
        {"roh_window_variants": 30, "roh_window_het": 0, "roh_window_missing": 2},
        ("--homozyg-window-snp", 30, "--homozyg-window-het", 0, "--homozyg-window-missing", 2),
    ),
    (
        {"roh_window_share": 0.4, "roh_min_variants": 40, "roh_min_kb": 300,
         "roh_max_kb_per_variant": 13, "roh_max_gap_kb": 70},
        ("--homozyg-window-threshold", 0.4, "--homozyg-snp", 40, "--homozyg-kb", 300,
         "--homozyg-density", 13, "--homozyg-gap", 70),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "options"), CHOICES)
def test_segments_equal_plink(
    folder: Path, tmp_path: Path, settings: dict[str, float], options: tuple[object, ...]
) -> None:
    """All variants, as plink uses them; segments and sums per sample are identical."""
    need("plink1.9", "plink2")
    chosen = json.dumps({"group_by": "none", "min_maf": 0, "max_missing": 1, **settings})
    words = ["structure", "--folder", str(folder), "--chromosomes", *CHROMOSOMES]
    words += ["--settings", chosen, "--genome", SYNTHETIC, "--threads", "2"]
    words += ["--kinship", str(folder / "pairs.parquet")]
    words += ["--sample-qc", str(folder / "qc.parquet")]
    for name in OUTPUTS:
        words += [f"--{name}", str(tmp_path / f"{name}.parquet")]
    assert main([*words, "--ledger", str(tmp_path / "ledger.json")]) == 0
    run_tool("plink1.9", "--bfile", folder / "all", "--homozyg", *options,
             "--out", tmp_path / "theirs")  # fmt: skip
    theirs = read_plink(tmp_path / "theirs.hom")
    expected = {
        (r.IID, f"chr{r.CHR}", r.POS1 - 1, r.POS2, r.NSNP) for r in theirs.itertuples(index=False)
    }
    segments = read_table(tmp_path / "roh-segments.parquet", STRUCTURE_ROH_SEGMENTS).to_pandas()
    assert len(expected) > 20
    assert set(segments.itertuples(index=False, name=None)) == expected
    sums = read_table(tmp_path / "roh-samples.parquet", STRUCTURE_ROH_SAMPLES).to_pandas()
    summary = read_plink(tmp_path / "theirs.hom.indiv").set_index("IID").loc[sums.sample_id]
    assert sums.n_runs.tolist() == summary.NSEG.tolist()
    # plink prints six digits.
    np.testing.assert_allclose(sums.total_bp, 1000 * summary.KB.to_numpy(), rtol=1e-5)
    np.testing.assert_allclose(sums.f_roh, sums.total_bp / sums.covered_bp)
