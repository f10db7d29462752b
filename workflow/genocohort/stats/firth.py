"""Firth's penalised logistic regression of single variants, a batch at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from genocohort.stats import small_systems
from genocohort.stats.logistic import VariantDesigns
from genocohort.stats.tails import neg_log10_p_chi2

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_STEP = 1e-8
_LARGEST_STEP = 5.0
# A penalised likelihood may fall by rounding alone; more than this is a step too long.
_FALL = 1e-9


@dataclass(frozen=True)
class FirthFit:
    """Results of a batch, arrays of shape (m,); NaN where the fit did not converge.

    `statistic` is the penalised likelihood ratio, chi-squared with one degree of freedom.
    """

    beta: Floats
    standard_error: Floats
    statistic: Floats
    neg_log10_p: Floats
    converged: Bools


def fit_firth(
    calls: npt.NDArray[np.int8],
    covariates: Floats,
    phenotype: Floats,
    *,
    start: Floats,
    max_iterations: int = 50,
) -> FirthFit:
    """Penalised maximum likelihood of a binary phenotype on each variant and the covariates.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Effect alleles 0, 1, 2; below 0 is missing: the sample is left out for this variant.
    covariates : ndarray of float64, shape (n, k)
        With the intercept, of full rank, columns of unit size.
    phenotype : ndarray of float64, shape (n,)
        0 control, 1 case; nothing missing.
    start : ndarray of float64, shape (k,)
        Coefficients of the covariates to start from.
    max_iterations : int
        Evaluations before a fit counts as not converged.

    Returns
    -------
    FirthFit
        The standard error is from the inverse of the unpenalised information at the estimate.

    References
    ----------
    Firth D., Biometrika 80 (1993) 27; Heinze G., Schemper M., Stat Med 21 (2002) 2409: the ratio
    compares with the maximum at beta = 0, the penalty being that of the full design in both.
    Standard error as regenie --firth --firth-se off.
    """
    designs = VariantDesigns.of_calls(calls, covariates)
    first = np.zeros((designs.n_terms, len(calls)))
    first[:-1] = start[:, None]
    free = _maximise(designs, phenotype, first, designs.n_terms, max_iterations)
    fixed = _maximise(designs, phenotype, first, designs.n_terms - 1, max_iterations)
    converged = free.converged & fixed.converged
    beta = np.where(converged, free.beta[-1], np.nan)
    standard_error = np.where(converged, np.sqrt(free.variance), np.nan)
    ratio = np.maximum(2.0 * (free.penalised - fixed.penalised), 0.0)
    ratio = np.where(converged, ratio, np.nan)
    return FirthFit(beta, standard_error, ratio, neg_log10_p_chi2(ratio), converged)


@dataclass
class _Maximum:
    beta: Floats
    variance: Floats
    penalised: Floats
    converged: Bools


@dataclass(frozen=True)
class _Evaluation:
    penalised: Floats
    step: Floats
    variance: Floats


def _maximise(
    designs: VariantDesigns, phenotype: Floats, start: Floats, n_free: int, max_iterations: int
) -> _Maximum:
    """Newton on the modified score of the first `n_free` terms; a step that falls is halved."""
    m = start.shape[1]
    signs = np.where(phenotype > 0.5, 1.0, -1.0)
    result = _Maximum(start.copy(), np.full(m, np.nan), np.full(m, -np.inf), np.zeros(m, bool))
    step = np.zeros_like(start)
    active, current = np.arange(m), designs
    for _ in range(max_iterations):
        if active.size == 0:
            break
        trial = result.beta[:, active] + step
        found = _evaluate(current, trial, signs, n_free)
        better = found.penalised >= result.penalised[active] - _FALL
        taken = active[better]
        result.beta[:, taken] = trial[:, better]
        result.penalised[taken] = found.penalised[better]
        result.variance[taken] = found.variance[better]
        step = np.where(better, found.step, step / 2)
        done = better & (np.abs(step).max(axis=0) < _STEP)
        result.converged[active[done]] = True
        stay = ~done & np.isfinite(step).all(axis=0)
        if not stay.all():
            active, current, step = active[stay], current.take(stay), step[:, stay]
    return result


def _evaluate(designs: VariantDesigns, beta: Floats, signs: Floats, n_free: int) -> _Evaluation:
    """Penalised log-likelihood, the next step and the variance of the last term."""
    signed = designs.predictor(beta) * signs
    wrong = special.expit(-signed)
    weights = designs.masked(wrong * (1.0 - wrong))
    information = designs.information(weights)
    factor = small_systems.cholesky(information)
    likelihood = designs.masked(special.log_expit(signed)).sum(axis=1)
    leverage = weights * _quadratic(designs, small_systems.inverse(factor))
    # 1/2 - mu is minus the sign times (1/2 - wrong): mu is 1 - wrong in cases, wrong in controls.
    residuals = designs.masked(signs * (wrong + leverage * (wrong - 0.5)))
    score = designs.score(residuals)[:n_free]
    part = factor if n_free == designs.n_terms else factor[:n_free, :n_free]
    step = np.zeros_like(beta)
    step[:n_free] = small_systems.solve(part, score)
    longest = np.abs(step).max(axis=0)
    step *= _LARGEST_STEP / np.maximum(longest, _LARGEST_STEP)
    penalised = likelihood + 0.5 * small_systems.log_determinant(factor)
    return _Evaluation(penalised, step, 1.0 / np.square(factor[-1, -1]))


def _quadratic(designs: VariantDesigns, inverse: Floats) -> Floats:
    """z' A^-1 z of every sample and variant, shape (m, n)."""
    k = designs.covariates.shape[1]
    rows, columns = np.triu_indices(k)
    twice = np.where(rows == columns, 1.0, 2.0)[:, None]
    shared = (inverse[:k, :k][rows, columns] * twice).T @ designs.pairs.T
    cross = inverse[k, :k].T @ designs.covariates.T
    own = inverse[k, k][:, None] * designs.dosage
    return np.asarray(shared + designs.dosage * (2.0 * cross + own))
