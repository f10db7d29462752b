"""Single-variant linear regression with covariates projected out, a block of variants at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.stats import small_systems
from genocohort.stats.tails import neg_log10_p_t

Floats = npt.NDArray[np.float64]

# Codes of why a variant has no estimate; 0 is none.
OK, CONSTANT, COLLINEAR, TOO_FEW, SINGLE_CLASS, EXACT_FIT = range(6)

# A pivot of the covariates' Gram matrix over the called samples below this is a lost rank.
_RANK_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Projection:
    """A block of variants with the covariates projected out of each; arrays of shape (m,).

    `variance` is the genotype's sum of squares after the projection, `covariance` its product with
    the phenotype, `residue` the phenotype's sum of squares, all over the samples with a call.
    `reason` is one of the codes above.
    """

    n: npt.NDArray[np.int64]
    variance: Floats
    covariance: Floats
    residue: Floats
    reason: npt.NDArray[np.int8]


@dataclass(frozen=True)
class LinearFit:
    """Results of a block, arrays of shape (m,); NaN where `reason` is not 0."""

    n: npt.NDArray[np.int64]
    beta: Floats
    standard_error: Floats
    statistic: Floats
    neg_log10_p: Floats
    reason: npt.NDArray[np.int8]


def project(
    calls: npt.NDArray[np.int8], basis: Floats, phenotype: Floats, *, max_vif: float
) -> Projection:
    """Project covariates out of every variant and the phenotype, over the samples with a call.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Effect alleles 0, 1, 2; below 0 is missing.
    basis : ndarray of float64, shape (n, k)
        Orthonormal basis of the intercept and the covariates.
    phenotype : ndarray of float64, shape (n,)
        Nothing missing.
    max_vif : float
        A variant whose variance inflation factor by the covariates is larger is collinear.

    References
    ----------
    Frisch R., Waugh F. V., Econometrica 1 (1933) 387: regression after partialling out. Missing
    calls: complete cases of each variant, exact (the Gram matrix of the covariates loses the
    missing samples' rows), as plink2 --glm.
    """
    y = phenotype - basis @ (basis.T @ phenotype)
    missing = calls < 0
    dosage = np.where(missing, np.int8(0), calls).astype(np.float64)
    n_called = calls.shape[1] - missing.sum(axis=1)
    loading = dosage @ basis
    covariance = dosage @ y
    squares = np.einsum("ij,ij->i", dosage, dosage)
    total = dosage.sum(axis=1)
    variance = squares - np.einsum("ij,ij->i", loading, loading)
    residue = np.full(len(calls), float(y @ y))
    deficient = np.zeros(len(calls), dtype=bool)
    some = np.flatnonzero(missing.any(axis=1))
    if some.size:
        correction = _complete_cases(missing[some], loading[some], basis, y)
        variance[some] = squares[some] - correction.genotype
        covariance[some] -= correction.product
        residue[some] = correction.residue
        deficient[some] = correction.deficient
    centred = squares - np.square(total) / np.maximum(n_called, 1)
    constant = n_called * squares == np.square(total)
    reason = np.zeros(len(calls), dtype=np.int8)
    reason[deficient | (variance * max_vif < centred)] = COLLINEAR
    reason[constant] = CONSTANT
    reason[n_called <= basis.shape[1] + 1] = TOO_FEW
    return Projection(n_called, variance, covariance, residue, reason)


@dataclass(frozen=True)
class _Correction:
    genotype: Floats
    product: Floats
    residue: Floats
    deficient: npt.NDArray[np.bool_]


def _complete_cases(
    missing: npt.NDArray[np.bool_], loading: Floats, basis: Floats, y: Floats
) -> _Correction:
    """What the covariates explain over the called samples of each variant."""
    k = basis.shape[1]
    gone = missing.astype(np.float64)
    rows, columns = np.triu_indices(k)
    lost = (basis[:, rows] * basis[:, columns]).T @ gone.T
    gram = np.eye(k)[:, :, None] - small_systems.unpack_symmetric(lost, k)
    factor = small_systems.cholesky(gram)
    pivots = np.square(np.einsum("iim->im", factor)).min(axis=0)
    deficient = ~(pivots > _RANK_TOLERANCE)
    factor[:, :, deficient] = np.eye(k)[:, :, None]
    z_genotype = small_systems.solve_lower(factor, loading.T)
    z_phenotype = small_systems.solve_lower(factor, -(basis * y[:, None]).T @ gone.T)
    residue = float(y @ y) - gone @ np.square(y)
    return _Correction(
        genotype=np.einsum("km,km->m", z_genotype, z_genotype),
        product=np.einsum("km,km->m", z_genotype, z_phenotype),
        residue=residue - np.einsum("km,km->m", z_phenotype, z_phenotype),
        deficient=deficient,
    )


def fit_linear(
    calls: npt.NDArray[np.int8], basis: Floats, phenotype: Floats, *, max_vif: float = 50.0
) -> LinearFit:
    """Least squares of a phenotype on each variant's effect-allele count and the covariates.

    Parameters
    ----------
    calls : ndarray of int8, shape (m, n)
        Effect alleles 0, 1, 2; below 0 is missing: the sample is left out for this variant.
    basis : ndarray of float64, shape (n, k)
        Orthonormal basis of the intercept and the covariates (stats.design).
    phenotype : ndarray of float64, shape (n,)
        Nothing missing.
    max_vif : float
        A variant whose variance inflation factor by the covariates is larger is collinear.

    Returns
    -------
    LinearFit
        `statistic` is t with n - k - 1 degrees of freedom.

    References
    ----------
    As plink2 --glm for quantitative phenotypes.
    """
    projection = project(calls, basis, phenotype, max_vif=max_vif)
    reason = projection.reason.copy()
    fine = reason == OK
    df = np.where(fine, projection.n - basis.shape[1] - 1, 1).astype(np.float64)
    variance = np.where(fine, projection.variance, 1.0)
    beta = projection.covariance / variance
    error = projection.residue - beta * projection.covariance
    # Of an exact fit only rounding is left; relative to the phenotype, not to the residue.
    exact = error <= 1e-13 * np.maximum(projection.residue, 1e-13 * float(phenotype @ phenotype))
    reason[fine & exact] = EXACT_FIT
    standard_error = np.sqrt(np.where(exact, 1.0, error) / df / variance)
    statistic = beta / standard_error
    unknown = reason != OK
    neg_log10_p = neg_log10_p_t(np.where(unknown, 0.0, statistic), df)
    for values in (beta, standard_error, statistic, neg_log10_p):
        values[unknown] = np.nan
    return LinearFit(projection.n, beta, standard_error, statistic, neg_log10_p, reason)
