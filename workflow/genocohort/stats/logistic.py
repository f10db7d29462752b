"""Single-variant logistic regression, a block of variants at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from genocohort.stats import small_systems
from genocohort.stats.tails import neg_log10_p_normal

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Newton is quadratic: after a step this small the next one would be of the order of 1e-14.
_STEP = 1e-7
# Beyond this |log-odds| rounding decides; a fit that gets here is diverging.
_LARGEST_ETA = 30.0
# Steps after which divergence is looked for: ordinary fits have converged by then.
_PATIENCE = 6


@dataclass(frozen=True)
class VariantDesigns:
    """The design matrices [covariates, genotype] of m variants; the covariates are shared.

    Attributes
    ----------
    covariates : ndarray of float64, shape (n, k)
        With the intercept; nothing missing.
    dosage : ndarray of float64, shape (m, n)
        Effect alleles; 0 where missing.
    called : ndarray of bool, shape (m, n), or None
        Whether the sample counts for the variant; None where all do.
    pairs : ndarray of float64, shape (n, k (k + 1) / 2)
        Products of two covariates, upper triangle by rows.
    """

    covariates: Floats
    dosage: Floats
    called: Bools | None
    pairs: Floats

    @classmethod
    def of_calls(cls, calls: npt.NDArray[np.int8], covariates: Floats) -> "VariantDesigns":
        """Designs of a block of calls, shape (m, n), below 0 missing."""
        called = calls >= 0
        dosage = np.where(called, calls, np.int8(0)).astype(np.float64)
        rows, columns = np.triu_indices(covariates.shape[1])
        pairs = covariates[:, rows] * covariates[:, columns]
        return cls(covariates, dosage, None if called.all() else called, pairs)

    @property
    def n_terms(self) -> int:
        return int(self.covariates.shape[1]) + 1

    def take(self, rows: npt.NDArray[np.int64] | Bools) -> "VariantDesigns":
        """The designs of some of the variants."""
        called = None if self.called is None else self.called[rows]
        return VariantDesigns(self.covariates, self.dosage[rows], called, self.pairs)

    def predictor(self, beta: Floats) -> Floats:
        """Linear predictor, shape (m, n), of coefficients of shape (p, m)."""
        shared = beta[:-1].T @ self.covariates.T
        return np.asarray(shared + beta[-1][:, None] * self.dosage)

    def masked(self, values: Floats) -> Floats:
        """Values of shape (m, n) with 0 for the samples that do not count."""
        if self.called is not None:
            values[~self.called] = 0.0
        return values

    def score(self, residuals: Floats) -> Floats:
        """Z' r, shape (p, m); residuals are 0 where a sample does not count."""
        genotype = np.einsum("mn,mn->m", residuals, self.dosage)
        return np.vstack([self.covariates.T @ residuals.T, genotype])

    def information(self, weights: Floats) -> Floats:
        """Z' W Z, shape (p, p, m); weights are 0 where a sample does not count."""
        k = self.covariates.shape[1]
        weighted = weights * self.dosage
        result = np.empty((k + 1, k + 1, len(weights)))
        result[:k, :k] = small_systems.unpack_symmetric(self.pairs.T @ weights.T, k)
        result[k, :k] = result[:k, k] = self.covariates.T @ weighted.T
        result[k, k] = np.einsum("mn,mn->m", weighted, self.dosage)
        return result


@dataclass(frozen=True)
class LogisticFit:
    """Results of a block, arrays of shape (m,); NaN where the fit did not converge."""

    beta: Floats
    standard_error: Floats
    statistic: Floats
    neg_log10_p: Floats
    converged: Bools
    separated: Bools


def fit_null(covariates: Floats, phenotype: Floats, *, max_iterations: int) -> Floats | None:
    """Coefficients of the covariates alone, shape (k,); None where the fit does not converge."""
    beta = np.zeros(covariates.shape[1])
    signs = np.where(phenotype > 0.5, 1.0, -1.0)
    for _ in range(max_iterations):
        eta = covariates @ beta
        mu = special.expit(eta)
        residuals = signs * special.expit(-signs * eta)
        information = covariates.T @ (covariates * (mu * (1 - mu))[:, None])
        try:
            step = np.linalg.solve(information, covariates.T @ residuals)
        except np.linalg.LinAlgError:
            return None
        beta = beta + step
        if not np.abs(covariates @ beta).max() < _LARGEST_ETA:
            return None
        if np.abs(step).max() < _STEP:
            return beta
    return None


def separated_by_genotype(calls: npt.NDArray[np.int8], phenotype: Floats) -> Bools:
    """Whether genotype order separates cases from controls, completely or up to a tie.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Below 0 is missing.
    phenotype : ndarray of float64, shape (n,)
        0 control, 1 case.

    References
    ----------
    Albert A., Anderson J. A., Biometrika 71 (1984) 1: (quasi-)complete separation in one variable.
    """
    case = phenotype > 0.5
    high, low = np.int8(127), np.int8(-128)

    def least(columns: Bools) -> npt.NDArray[np.int8]:
        part = calls[:, columns]
        return np.asarray(np.where(part < 0, high, part).min(axis=1, initial=high))

    def most(columns: Bools) -> npt.NDArray[np.int8]:
        part = calls[:, columns]
        return np.asarray(np.where(part < 0, low, part).max(axis=1, initial=low))

    return np.asarray((most(case) <= least(~case)) | (most(~case) <= least(case)))


def fit_logistic(
    calls: npt.NDArray[np.int8],
    covariates: Floats,
    phenotype: Floats,
    *,
    start: Floats,
    max_iterations: int = 50,
) -> LogisticFit:
    """Maximum likelihood of a binary phenotype on each variant and the covariates, Wald test.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Effect alleles 0, 1, 2; below 0 is missing: the sample is left out for this variant.
    covariates : ndarray of float64, shape (n, k)
        With the intercept, of full rank, columns of unit size.
    phenotype : ndarray of float64, shape (n,)
        0 control, 1 case; nothing missing.
    start : ndarray of float64, shape (k,)
        Coefficients of the covariates to start from (fit_null).
    max_iterations : int
        Newton steps before a fit counts as not converged.

    Returns
    -------
    LogisticFit
        `beta` is the log-odds per effect allele, `statistic` z. `separated` marks fits that do not
        converge because a combination of the terms separates cases from controls.

    References
    ----------
    As plink2 --glm no-firth; separation: Albert & Anderson, Biometrika 71 (1984) 1.
    """
    designs = VariantDesigns.of_calls(calls, covariates)
    m = len(calls)
    signs = np.where(phenotype > 0.5, 1.0, -1.0)
    beta = np.zeros((designs.n_terms, m))
    beta[:-1] = start[:, None]
    variance = np.full(m, np.nan)
    converged, separated = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    active = np.arange(m)
    current = designs
    for iteration in range(max_iterations):
        if active.size == 0:
            break
        here = beta[:, active]
        weights, residuals = _weights_and_residuals(current, here, signs)
        factor = small_systems.cholesky(current.information(weights))
        step = small_systems.solve(factor, current.score(residuals))
        beta[:, active] = here + step
        size = np.abs(step).max(axis=0)
        done = size < _STEP
        converged[active[done]] = True
        variance[active[done]] = 1.0 / np.square(factor[-1, -1, done])
        lost = ~done & (np.isnan(size) | (size > 50.0))
        if iteration >= _PATIENCE:
            lost |= ~done & (np.abs(current.predictor(beta[:, active])).max(axis=1) > _LARGEST_ETA)
        if iteration == max_iterations - 1:
            lost |= ~done
        separated[active[lost]] = _is_separating(current.take(lost), step[:, lost], signs)
        stay = ~(done | lost)
        if not stay.all():
            active, current = active[stay], current.take(stay)
    effect = np.where(converged, beta[-1], np.nan)
    standard_error = np.sqrt(variance)
    z = effect / standard_error
    return LogisticFit(effect, standard_error, z, neg_log10_p_normal(z), converged, separated)


def _weights_and_residuals(
    designs: VariantDesigns, beta: Floats, signs: Floats
) -> tuple[Floats, Floats]:
    """mu (1 - mu) and y - mu, 0 for samples that do not count; no cancellation at large |eta|."""
    wrong = designs.predictor(beta)
    wrong *= signs
    with np.errstate(over="ignore"):
        np.exp(wrong, out=wrong)
    wrong += 1.0
    np.reciprocal(wrong, out=wrong)
    designs.masked(wrong)
    weights = 1.0 - wrong
    weights *= wrong
    wrong *= signs
    return weights, wrong


def _is_separating(designs: VariantDesigns, direction: Floats, signs: Floats) -> Bools:
    """Whether no sample is on the wrong side of a direction (Albert & Anderson)."""
    margin = designs.masked(designs.predictor(direction) * signs)
    largest = np.abs(margin).max(axis=1, initial=0.0)
    return np.asarray((margin.min(axis=1, initial=0.0) >= -1e-3 * largest) & (largest > 0))
