"""Whose calls reads fit, and contamination, on drawn people."""

from typing import Any

import numpy as np
import pytest

from genocohort.steps.identity.compute import (
    SampleAlleles,
    match_samples,
    measure_sample,
    pairs_columns,
)
from genocohort.steps.identity.settings import IdentitySettings

SETTINGS = IdentitySettings()
N_SITES = 400
ERROR = 0.003


def people(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Genotypes int8[N_SITES, n] and ALT frequencies."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.1, 0.9, N_SITES)
    return rng.binomial(2, frequency[:, None], (N_SITES, n)).astype(np.int8), frequency


def sequenced(name: str, genotype: np.ndarray, other: np.ndarray, share: float) -> SampleAlleles:
    rng = np.random.default_rng(len(name) + int(genotype.sum()))
    p = (1 - share) * genotype / 2 + share * other / 2
    depth = rng.poisson(20, N_SITES)
    alt, ref = (x * (1 - ERROR) + (1 - x) * ERROR / 3 for x in (p, 1 - p))
    n_alt = rng.binomial(depth, alt)
    n_ref = rng.binomial(depth - n_alt, ref / (1 - alt))
    return SampleAlleles(name, n_ref, n_alt, depth - n_ref - n_alt)


def judged(
    alleles: list[SampleAlleles], calls: np.ndarray, frequency: np.ndarray
) -> list[dict[str, Any]]:
    measured = [measure_sample(a, frequency, SETTINGS) for a in alleles]
    rows = [row for row, _ in measured]
    names = [f"P{i}" for i in range(calls.shape[1])]
    match_samples(rows, np.stack([c for _, c in measured]), names, calls, SETTINGS)
    return rows


def test_an_exchange_a_stranger_and_a_mixture() -> None:
    everybody, frequency = people(1, 7)
    calls, stranger = everybody[:, :6], everybody[:, 6]
    alleles = [
        sequenced("P0", calls[:, 0], calls[:, 1], 0),
        sequenced("P1", calls[:, 2], calls[:, 0], 0),
        sequenced("P2", calls[:, 1], calls[:, 0], 0),
        sequenced("P3", stranger, calls[:, 0], 0),
        sequenced("P4", calls[:, 4], calls[:, 5], 0.1),
        sequenced("new", calls[:, 5], calls[:, 0], 0),
    ]
    rows = judged(alleles, calls, frequency)
    assert [r["match"] for r in rows] == ["own", "other", "other", "none", "own", "other"]
    assert [r["best_sample_id"] for r in rows if r["match"] == "other"] == ["P2", "P1", "P5"]
    assert rows[0]["own_concordance"] > 0.99
    assert rows[1]["own_concordance"] < 0.7
    assert "own_concordance" not in rows[5]
    assert rows[4]["contamination"] == pytest.approx(0.1, abs=0.02)
    assert rows[4]["contamination_log_ratio"] > 50
    for row in (*rows[:4], rows[5]):
        assert row["contamination_log_ratio"] < 3
        assert row["error_rate"] == pytest.approx(ERROR, abs=0.0025)


def test_missing_calls_and_few_reads_say_nothing() -> None:
    calls, frequency = people(3, 2)
    calls[:, 1] = -1
    full = sequenced("P1", calls[:, 0], calls[:, 0], 0)
    thin = SampleAlleles("P0", full.n_ref.copy(), full.n_alt.copy(), full.n_other.copy())
    for counts in (thin.n_ref, thin.n_alt, thin.n_other):
        counts[49:] = 0
    rows = judged([thin, full], calls, frequency)
    assert rows[0]["match"] == "unknown"
    assert rows[0]["n_sites"] == 49
    assert "contamination" not in rows[0]
    assert (rows[1]["match"], rows[1]["own_concordance"]) == ("other", None)


def test_a_twin_does_not_make_its_own_calls_foreign() -> None:
    calls, frequency = people(4, 2)
    calls[:, 0] = calls[:, 1]
    (row,) = judged([sequenced("P1", calls[:, 1], calls[:, 0], 0)], calls, frequency)
    assert (row["match"], row["best_sample_id"]) == ("own", "P1")


def test_rows_of_pairs() -> None:
    calls, frequency = people(5, 3)
    row, reads = measure_sample(sequenced("P0", calls[:, 0], calls[:, 0], 0), frequency, SETTINGS)
    calls[:, 2] = -1
    names = ["P0", "P1", "P2"]
    agreement = match_samples([row], reads[None], names, calls, SETTINGS)
    columns = pairs_columns(["P0"], names, agreement)
    assert columns["calls_sample_id"] == names
    assert columns["n_sites"].tolist()[2] == 0
    assert np.isnan(columns["concordance"][2])
    assert (columns["n_concordant"] + columns["n_opposite"] <= columns["n_sites"]).all()
