"""Counts, filters, the choice of test and the flags."""

from typing import Any

import numpy as np
import pytest

from genocohort.stats.design import orthonormal_basis
from genocohort.stats.logistic import fit_null
from genocohort.steps.association import scan
from genocohort.steps.association.cohort import Fitted
from genocohort.steps.association.scan import count_alleles, filter_variants, scan_block
from genocohort.steps.association.settings import AssociationModel, AssociationSettings

NOBODY = np.zeros(40, dtype=bool)
EVERYTHING: dict[str, Any] = {"min_mac": 0, "max_missing": 1.0}


def _fitted(kind: str, phenotype: np.ndarray, covariates: np.ndarray | None = None) -> Fitted:
    n = len(phenotype)
    basis = orthonormal_basis(np.empty((n, 0)) if covariates is None else covariates)
    start = np.zeros(basis.shape[1])
    if kind == "binary":
        found = fit_null(basis * np.sqrt(n), phenotype, max_iterations=50)
        start = start if found is None else found
    model = AssociationModel(phenotype="y", kind=kind, components=0)  # type: ignore[arg-type]
    return Fitted(model, np.arange(n), basis, phenotype, start, {})


def test_hand_worked_counts() -> None:
    calls = np.array([[0, 1, 2, -1, 2, 0], [-1] * 6, [2, 2, 2, 2, 2, 2]], np.int8)
    diploid = count_alleles(calls, np.zeros(6, dtype=bool))
    assert diploid.n.tolist() == [5, 0, 6]
    assert diploid.effect_alleles.tolist() == [5, 0, 12]
    assert diploid.alleles.tolist() == [10, 0, 12]
    assert diploid.minor.tolist() == [5, 0, 0]
    np.testing.assert_array_equal(diploid.frequency, [0.5, np.nan, 1.0])
    # The last three are males on X: 2 is one allele.
    males = count_alleles(calls, np.array([False] * 3 + [True] * 3))
    assert males.effect_alleles.tolist() == [4, 0, 9]
    assert males.alleles.tolist() == [8, 0, 9]
    assert males.minor.tolist() == [4, 0, 0]


def test_filters_name_the_first_reason() -> None:
    calls = np.zeros((4, 20), np.int8)
    calls[0, :4] = 1
    calls[1, :3] = -1  # 15 % missing, and no minor allele
    calls[2, :1] = 1
    calls[3, :2] = 1
    settings = AssociationSettings(min_mac=2, min_maf=0.06, max_missing=0.1)
    codes = filter_variants(count_alleles(calls, np.zeros(20, dtype=bool)), 20, settings)
    assert codes.tolist() == [scan.TESTED, scan.MISSING, scan.RARE_MAF, scan.RARE_MAF]
    settings = AssociationSettings(min_mac=2)
    codes = filter_variants(count_alleles(calls, np.zeros(20, dtype=bool)), 20, settings)
    assert codes.tolist() == [scan.TESTED, scan.MISSING, scan.RARE_MAC, scan.TESTED]


def test_thresholds_are_inclusive() -> None:
    calls = np.zeros((1, 20), np.int8)
    calls[0, :2] = 1
    calls[0, 2:4] = -1
    counts = count_alleles(calls, np.zeros(20, dtype=bool))
    settings = AssociationSettings(min_mac=2, min_maf=2 / 36, max_missing=0.1)
    assert filter_variants(counts, 20, settings).tolist() == [scan.TESTED]


def test_quantitative_results_stand_at_their_rows() -> None:
    rng = np.random.default_rng(1)
    calls = rng.integers(0, 3, (5, 40)).astype(np.int8)
    calls[[1, 3]] = 0
    y = 3.0 * calls[4] + rng.normal(size=40)
    result = scan_block(calls, _fitted("quantitative", y), NOBODY, AssociationSettings())
    assert result.rows.tolist() == [0, 2, 4]
    assert result.filtered.tolist() == [0, scan.RARE_MAC, 0, scan.RARE_MAC, 0]
    assert set(result.test) == {"linear"}
    assert result.beta[2] == pytest.approx(3.0, abs=0.8)
    slope, *_ = np.polyfit(calls[0], y, 1)
    assert result.beta[0] == pytest.approx(slope)


def test_separated_variants_get_firth_and_a_flag_never_a_wald_p() -> None:
    y = (np.arange(40) < 20).astype(float)
    calls = np.zeros((4, 40), np.int8)
    calls[0, [0, 1, 2, 3, 4]] = 1  # every carrier is a case
    calls[1] = 2 * y  # complete
    calls[2, 15:27] = 1  # ordinary
    calls[3] = 1  # constant
    result = scan_block(calls, _fitted("binary", y), NOBODY, AssociationSettings(**EVERYTHING))
    assert result.test.tolist() == ["firth", "firth", "logistic", "logistic"]
    assert result.flag.tolist() == ["separated", "separated", None, "constant"]
    # The two-by-two table with 1/2 added to each cell.
    assert result.beta[0] == pytest.approx(np.log(5.5 / 0.5 * 20.5 / 15.5))
    assert result.beta[2] == pytest.approx(np.log(5 / 7 * 13 / 15))
    assert np.isnan(result.beta[3])
    assert result.n_cases.tolist() == [20, 20, 20, 20]


def test_rare_and_significant_variants_get_firth() -> None:
    y = (np.arange(40) < 20).astype(float)
    calls = np.zeros((3, 40), np.int8)
    calls[0, 11:21] = 1  # 9 cases, 1 control: P < 0.05, 10 alleles
    calls[1, 16:24] = 1  # rare, no effect
    calls[2, 2:22] = 1  # 18 cases, 2 controls: P < 0.05, 20 alleles
    settings = AssociationSettings(**EVERYTHING)
    result = scan_block(calls, _fitted("binary", y), NOBODY, settings)
    assert result.test.tolist() == ["firth", "logistic", "logistic"]
    assert result.flag.tolist() == [None, None, None]
    assert result.beta[0] == pytest.approx(np.log(9.5 / 1.5 * 19.5 / 11.5))
    never = AssociationSettings(**EVERYTHING, firth_p=0)
    assert set(scan_block(calls, _fitted("binary", y), NOBODY, never).test) == {"logistic"}


def test_variants_separated_together_with_a_covariate() -> None:
    rng = np.random.default_rng(8)
    calls = rng.integers(0, 3, (2, 60)).astype(np.int8)
    x = rng.normal(size=60)
    y = (x + calls[1] > 1).astype(float)
    result = scan_block(
        calls,
        _fitted("binary", y, x[:, None]),
        np.zeros(60, dtype=bool),
        AssociationSettings(**EVERYTHING),
    )
    assert result.flag.tolist() == [None, "separated"]
    assert result.test.tolist() == ["logistic", "firth"]
    assert np.isfinite(result.neg_log10_p).all()


def test_a_call_in_one_class_only() -> None:
    y = (np.arange(40) < 20).astype(float)
    calls = (np.arange(40) % 2).astype(np.int8)[None, :].copy()
    calls[0, :20] = -1
    result = scan_block(calls, _fitted("binary", y), NOBODY, AssociationSettings(**EVERYTHING))
    assert result.flag.tolist() == ["single_class"]
    assert result.n_cases.tolist() == [0]
    assert np.isnan(result.beta).all()


def test_an_empty_block_and_one_without_survivors() -> None:
    y = (np.arange(40) < 20).astype(float)
    for calls in (np.empty((0, 40), np.int8), np.full((3, 40), -1, np.int8)):
        for kind in ("quantitative", "binary"):
            result = scan_block(calls, _fitted(kind, y), NOBODY, AssociationSettings())
            assert len(result.rows) == len(result.beta) == len(result.flag) == 0
            assert result.filtered.tolist() == [scan.MISSING] * len(calls)
