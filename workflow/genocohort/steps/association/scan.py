"""Test a block of variants for one phenotype."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.stats import firth, linear, logistic
from genocohort.steps.association.cohort import Fitted
from genocohort.steps.association.settings import AssociationSettings

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

# Why a variant is not tested for a phenotype; 0 is tested.
TESTED, MISSING, RARE_MAF, RARE_MAC = range(4)
REASONS = {
    MISSING: "missing calls above max_missing",
    RARE_MAF: "minor allele frequency below min_maf",
    RARE_MAC: "minor allele count below min_mac",
}

_FLAG = {
    linear.CONSTANT: "constant",
    linear.COLLINEAR: "collinear",
    linear.TOO_FEW: "too_few_samples",
    linear.SINGLE_CLASS: "single_class",
    linear.EXACT_FIT: "exact_fit",
}

# Genotypes of one logistic batch, so that its arrays stay in the processor's cache.
_BATCH_CALLS = 1 << 17


@dataclass(frozen=True)
class Counts:
    """Allele counts of a block among the tested samples; shapes (m,)."""

    n: npt.NDArray[np.int64]
    effect_alleles: npt.NDArray[np.int64]
    alleles: npt.NDArray[np.int64]

    @property
    def minor(self) -> npt.NDArray[np.int64]:
        return np.asarray(np.minimum(self.effect_alleles, self.alleles - self.effect_alleles))

    @property
    def frequency(self) -> Floats:
        """Of the effect allele; NaN without calls."""
        with np.errstate(invalid="ignore"):
            return np.asarray(
                self.effect_alleles / np.where(self.alleles > 0, self.alleles, np.nan)
            )


@dataclass(frozen=True)
class BlockResult:
    """Tests of the variants `rows` of a block, and why the others were left out.

    `filtered` has one code of REASONS per variant of the block; other arrays one entry per row.
    """

    filtered: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int64]
    frequency: Floats
    n: npt.NDArray[np.int64]
    n_cases: npt.NDArray[np.int64]
    minor_allele_count: npt.NDArray[np.int64]
    beta: Floats
    standard_error: Floats
    statistic: Floats
    neg_log10_p: Floats
    test: Texts
    flag: Texts


def count_alleles(calls: npt.NDArray[np.int8], haploid: Bools) -> Counts:
    """Count alleles; a haploid sample's 0 or 2 is one allele.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Effect alleles 0, 1, 2; below 0 is missing.
    haploid : ndarray of bool, shape (n,)
        Samples with one copy of these variants.
    """
    called = calls >= 0
    n = called.sum(axis=1)
    positive = np.maximum(calls, 0)
    effect = positive.sum(axis=1, dtype=np.int64)
    alleles = 2 * n
    if haploid.any():
        effect = effect - positive[:, haploid].sum(axis=1, dtype=np.int64) // 2
        alleles = alleles - called[:, haploid].sum(axis=1)
    return Counts(n, effect, alleles)


def filter_variants(
    counts: Counts, n_samples: int, settings: AssociationSettings
) -> npt.NDArray[np.int8]:
    """One code per variant, shape (m,): 0 tested, else the first of REASONS that applies."""
    code = np.zeros(len(counts.n), dtype=np.int8)
    frequency = np.nan_to_num(counts.frequency)
    code[counts.minor < settings.min_mac] = RARE_MAC
    code[np.minimum(frequency, 1 - frequency) < settings.min_maf] = RARE_MAF
    code[n_samples - counts.n > settings.max_missing * n_samples] = MISSING
    return code


def scan_block(
    calls: npt.NDArray[np.int8], fitted: Fitted, haploid: Bools, settings: AssociationSettings
) -> BlockResult:
    """Filter and test the variants of a block for one phenotype.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Of the model's samples; effect alleles 0, 1, 2; below 0 is missing. Males on X outside the
        pseudo-autosomal regions have 0 or 2, as in plink2's default model.
    fitted : Fitted
        The phenotype's model.
    haploid : ndarray of bool, shape (n,)
        Samples with one copy of these variants: matters for frequency and counts.
    settings : AssociationSettings
    """
    counts = count_alleles(calls, haploid)
    filtered = filter_variants(counts, calls.shape[1], settings)
    rows = np.flatnonzero(filtered == TESTED)
    calls = calls[rows]
    minor = counts.minor[rows]
    n_cases = np.zeros(len(rows), dtype=np.int64)
    if fitted.model.kind == "quantitative":
        found = _linear(calls, fitted, settings)
    else:
        n_cases = (calls[:, fitted.phenotype > 0.5] >= 0).sum(axis=1)
        found = _binary(calls, fitted, minor, n_cases, settings)
    return BlockResult(
        filtered, rows, counts.frequency[rows], counts.n[rows], n_cases, minor,
        found.beta, found.standard_error, found.statistic, found.neg_log10_p,
        found.test, found.flag,
    )  # fmt: skip


@dataclass(frozen=True)
class _Tests:
    beta: Floats
    standard_error: Floats
    statistic: Floats
    neg_log10_p: Floats
    test: Texts
    flag: Texts


def _flags(reason: npt.NDArray[np.int8]) -> Texts:
    flag = np.full(len(reason), None, dtype=object)
    for code, name in _FLAG.items():
        flag[reason == code] = name
    return flag


def _linear(calls: npt.NDArray[np.int8], fitted: Fitted, settings: AssociationSettings) -> _Tests:
    fit = linear.fit_linear(calls, fitted.basis, fitted.phenotype, max_vif=settings.max_vif)
    test = np.full(len(calls), "linear", dtype=object)
    return _Tests(
        fit.beta, fit.standard_error, fit.statistic, fit.neg_log10_p, test, _flags(fit.reason)
    )


def _binary(
    calls: npt.NDArray[np.int8],
    fitted: Fitted,
    minor: npt.NDArray[np.int64],
    n_cases: npt.NDArray[np.int64],
    settings: AssociationSettings,
) -> _Tests:
    """Logistic; Firth where it fails, or where it is small and the variant is rare."""
    y = fitted.phenotype
    projection = linear.project(calls, fitted.basis, y, max_vif=settings.max_vif)
    reason = projection.reason.copy()
    reason[(n_cases == 0) | (n_cases == projection.n)] = linear.SINGLE_CLASS
    flag = _flags(reason)
    test = np.full(len(calls), "logistic", dtype=object)
    results = np.full((4, len(calls)), np.nan)
    fine = reason == linear.OK
    separated = np.zeros(len(calls), dtype=bool)
    separated[fine] = logistic.separated_by_genotype(calls[fine], y)
    for batch in _batches(np.flatnonzero(fine & ~separated), len(y)):
        covariates = fitted.basis * np.sqrt(len(y))
        fit = logistic.fit_logistic(
            calls[batch], covariates, y, start=fitted.start, max_iterations=settings.max_iterations
        )
        results[:, batch] = fit.beta, fit.standard_error, fit.statistic, fit.neg_log10_p
        separated[batch] = fit.separated
        flag[batch[~fit.converged]] = "not_converged"
    flag[separated] = "separated"
    failed = separated | (flag == "not_converged")
    small = np.nan_to_num(results[3]) > -np.log10(settings.firth_p) if settings.firth_p else failed
    again = np.flatnonzero(failed | (fine & small & (minor < settings.firth_mac)))
    for batch in _batches(again, len(y)):
        _firth(calls, batch, fitted, settings, results, flag)
        test[batch] = "firth"
    return _Tests(results[0], results[1], results[2], results[3], test, flag)


def _firth(
    calls: npt.NDArray[np.int8],
    batch: npt.NDArray[np.int64],
    fitted: Fitted,
    settings: AssociationSettings,
    results: Floats,
    flag: Texts,
) -> None:
    covariates = fitted.basis * np.sqrt(len(fitted.phenotype))
    fit = firth.fit_firth(
        calls[batch],
        covariates,
        fitted.phenotype,
        start=fitted.start,
        max_iterations=2 * settings.max_iterations,
    )
    results[:, batch] = fit.beta, fit.standard_error, fit.statistic, fit.neg_log10_p
    flag[batch[~fit.converged]] = "firth_not_converged"


def _batches(rows: npt.NDArray[np.int64], n_samples: int) -> list[npt.NDArray[np.int64]]:
    """Rows in batches of a size that depends on the number of samples alone."""
    size = max(16, _BATCH_CALLS // max(n_samples, 1))
    return [rows[i : i + size] for i in range(0, len(rows), size)]
