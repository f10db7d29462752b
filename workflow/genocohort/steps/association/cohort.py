"""Who is tested for a phenotype, and the covariates of its model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.errors import ConfigError, GenocohortError, InputDataError
from genocohort.stats import design
from genocohort.stats.logistic import fit_null
from genocohort.stats.ranks import rank_inverse_normal
from genocohort.steps.association.settings import AssociationModel

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOT_IN_STORE = "the sample has no calls"
FAILED = "the sample failed quality control"
RELATED = "a relative of the sample is tested"
SECOND_SAMPLE = "another sample of the participant is tested"
NO_PARTICIPANT = "the participant has no clinical record, or is not in the cohort"
NO_PHENOTYPE = "the phenotype is missing"
NO_COVARIATE = "a covariate is missing"
NO_COMPONENT = "a principal component is missing"
NO_SEX = "the recorded sex is unknown"


@dataclass(frozen=True)
class Candidate:
    """A sample with components, as the tables describe it."""

    sample_id: str
    participant_id: str | None
    verdict: str
    role: str
    call_rate: float


@dataclass(frozen=True)
class Selection:
    """Samples that may be tested: their rows in the store, and why others may not."""

    sample_ids: tuple[str, ...]
    participant_ids: tuple[str, ...]
    store_rows: npt.NDArray[np.int64]
    dropped: Mapping[str, str]


@dataclass(frozen=True)
class Fitted:
    """One phenotype's model, ready to test variants.

    Attributes
    ----------
    store_rows : ndarray of int64, shape (n,)
        The tested samples' rows in the store.
    basis : ndarray of float64, shape (n, k)
        Orthonormal basis of intercept, covariates and components.
    phenotype : ndarray of float64, shape (n,)
        Transformed; 0 and 1 where binary.
    start : ndarray of float64, shape (k,)
        Binary: the covariates' coefficients of the model without a variant, for columns of
        `basis` scaled by sqrt(n).
    dropped : mapping of str to str
        Reason for each sample of the selection that is not tested.
    notices : tuple of str
        What the reader of the log should know.
    """

    model: AssociationModel
    store_rows: npt.NDArray[np.int64]
    basis: Floats
    phenotype: Floats
    start: Floats
    dropped: Mapping[str, str]
    notices: tuple[str, ...] = ()

    @property
    def n_cases(self) -> int:
        return int(self.phenotype.sum())


def select_samples(
    candidates: Sequence[Candidate], store_samples: Sequence[str], *, exclude_related: bool
) -> Selection:
    """Choose one sample per participant among those that passed, in the store's order.

    Parameters
    ----------
    candidates : sequence of Candidate
        Every sample with components.
    store_samples : sequence of str
        Samples of the genotype store, in order.
    exclude_related : bool
        Leave out samples whose components are projected: they have a relative among the fitted.
    """
    row_of = {name: i for i, name in enumerate(store_samples)}
    dropped: dict[str, str] = {}
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        reason = _reason(candidate, row_of, exclude_related)
        if reason:
            dropped[candidate.sample_id] = reason
            continue
        assert candidate.participant_id is not None
        rival = best.get(candidate.participant_id)
        if rival is None:
            best[candidate.participant_id] = candidate
            continue
        loser = max(rival, candidate, key=lambda c: (-c.call_rate, row_of[c.sample_id]))
        best[candidate.participant_id] = rival if loser is candidate else candidate
        dropped[loser.sample_id] = SECOND_SAMPLE
    kept = sorted(best.values(), key=lambda c: row_of[c.sample_id])
    return Selection(
        tuple(c.sample_id for c in kept),
        tuple(str(c.participant_id) for c in kept),
        np.array([row_of[c.sample_id] for c in kept], dtype=np.int64),
        dropped,
    )


def _reason(candidate: Candidate, row_of: Mapping[str, int], exclude_related: bool) -> str:
    if candidate.sample_id not in row_of:
        return NOT_IN_STORE
    if candidate.verdict == "fail":
        return FAILED
    if exclude_related and candidate.role != "fitted":
        return RELATED
    return "" if candidate.participant_id else NO_PARTICIPANT


def fit_model(
    model: AssociationModel,
    selection: Selection,
    columns: Mapping[str, Floats],
    components: Floats,
    extra: Mapping[str, Floats] | None = None,
    *,
    max_iterations: int = 50,
) -> Fitted:
    """Complete cases of one phenotype, its transformed values and its covariates' basis.

    Parameters
    ----------
    model : AssociationModel
    selection : Selection
    columns : mapping of str to ndarray, shape (n_selected,)
        phenotypes_wide, in the selection's order; NaN is missing.
    components : ndarray of float64, shape (n_selected, any)
        Principal components, leading first.
    extra : mapping of str to ndarray, shape (n_selected,)
        Covariates the step adds itself (sex on X); left out where they are redundant.
    max_iterations : int
        Of the logistic fit of the covariates alone.

    Raises
    ------
    ConfigError
        The model names a column or a number of components that does not exist.
    InputDataError
        Wrong coding, a single class, redundant covariates, or too few samples.
    """
    _check_names(model, columns, components)
    parts = {name: columns[name] for name in model.covariates}
    pcs = {f"PC{i + 1}": components[:, i] for i in range(model.components)}
    phenotype = columns[model.source_column]
    dropped: dict[str, str] = {}
    keep = np.ones(len(phenotype), dtype=bool)
    required = [(phenotype, NO_PHENOTYPE)]
    required += [(column, NO_COVARIATE) for column in parts.values()]
    required += [(column, NO_COMPONENT) for column in pcs.values()]
    required += [(column, NO_SEX) for column in (extra or {}).values()]
    for column, reason in required:
        lost = keep & np.isnan(column)
        dropped |= {selection.sample_ids[i]: reason for i in np.flatnonzero(lost)}
        keep &= ~lost
    y = phenotype[keep]
    names = [*parts, *pcs]
    matrix = np.column_stack([np.empty((len(y), 0)), *(v[keep] for v in (parts | pcs).values())])
    _check_phenotype(model, y)
    _check_covariates(model, matrix, names)
    for name, values in (extra or {}).items():
        wider, wider_names = np.column_stack([matrix, values[keep]]), [*names, name]
        constant = design.constant_columns(wider, wider_names)
        if name not in constant + design.dependent_columns(wider, wider_names):
            matrix, names = wider, wider_names
    return _with_basis(model, selection.store_rows[keep], matrix, y, dropped, max_iterations)


def _with_basis(
    model: AssociationModel,
    rows: npt.NDArray[np.int64],
    matrix: Floats,
    y: Floats,
    dropped: Mapping[str, str],
    max_iterations: int,
) -> Fitted:
    where = f"association, phenotype {model.phenotype}"
    if len(y) <= matrix.shape[1] + 2:
        raise InputDataError(
            f"{model.phenotype}: {len(y)} samples for {matrix.shape[1] + 2} terms of the model",
            where=where,
            expected="more samples than terms",
            remedy="use fewer covariates or components",
        )
    basis = design.orthonormal_basis(matrix)
    start = np.zeros(basis.shape[1])
    notices: tuple[str, ...] = ()
    if model.kind == "binary":
        found = fit_null(basis * np.sqrt(len(y)), y, max_iterations=max_iterations)
        if found is None:
            notices = (
                f"{model.phenotype}: the covariates alone separate cases from controls; every "
                "variant is tested by Firth regression",
            )
        else:
            start = found
    else:
        y = rank_inverse_normal(y) if model.transform == "rint" else y
        centred = y - y.mean()
        left = centred - basis @ (basis.T @ centred)
        if not float(left @ left) > 1e-12 * float(centred @ centred):
            raise InputDataError(
                f"{model.phenotype}: the covariates explain the phenotype without residue",
                where=where,
                remedy="remove the covariate that is the phenotype under another name",
            )
    return Fitted(model, rows, basis, y, start, dropped, notices)


def _check_names(
    model: AssociationModel, columns: Mapping[str, Floats], components: Floats
) -> None:
    where = f"association.models, phenotype {model.phenotype}"
    unknown = [n for n in (model.source_column, *model.covariates) if n not in columns]
    if unknown:
        raise ConfigError(
            f"{model.phenotype}: no such column in the clinical phenotypes",
            where=where,
            offenders=unknown,
            expected="one of: " + ", ".join(columns),
            remedy="correct the name, or define it in the settings of the step `clinical`",
        )
    available = int((~np.isnan(components).all(axis=0)).sum()) if len(components) else 0
    if model.components > available:
        raise ConfigError(
            f"{model.phenotype}: {model.components} components are asked for, there are "
            f"{available}",
            where=where,
            remedy="lower `components`, or raise the number the step `structure` computes",
        )


def _check_phenotype(model: AssociationModel, y: Floats) -> None:
    where = f"association, phenotype {model.phenotype}"
    if len(y) == 0:
        raise InputDataError(
            f"{model.phenotype}: no sample has the phenotype, all covariates and calls",
            where=where,
            remedy="check the ids that link samples to participants, and the missing values",
        )
    if model.kind == "quantitative":
        if np.ptp(y) == 0:
            raise InputDataError(
                f"{model.phenotype}: all {len(y)} samples have the same value", where=where
            )
        return
    codes = Counter(y.tolist())
    counts = [f"{codes.pop(c)} samples coded {c:g}" for c in (0.0, 1.0, 2.0, -9.0) if c in codes]
    counts += [f"{sum(codes.values())} samples with other values"] if codes else []
    if not np.isin(y, (0.0, 1.0)).all():
        raise InputDataError(
            f"{model.phenotype}: a binary phenotype is not coded 0 and 1",
            where=where,
            offenders=counts,
            expected="0 for controls, 1 for cases, empty for unknown",
            remedy="declare the coding in the clinical column map (1/2 is PLINK's)",
        )
    if len(np.unique(y)) < 2:
        raise InputDataError(
            f"{model.phenotype}: only {'cases' if y[0] else 'controls'} among those tested",
            where=where,
            offenders=counts,
            expected="cases and controls",
            remedy="check the coding and the filters of samples",
        )


def _check_covariates(model: AssociationModel, matrix: Floats, names: Sequence[str]) -> None:
    where = f"association, phenotype {model.phenotype}"
    constant = design.constant_columns(matrix, names)
    problem: GenocohortError | None = None
    if constant:
        problem = InputDataError(
            f"{model.phenotype}: a covariate is constant among the {len(matrix)} tested samples",
            where=where,
            offenders=constant,
            remedy="remove it from the model",
        )
    else:
        dependent = design.dependent_columns(matrix, names)
        if dependent:
            problem = InputDataError(
                f"{model.phenotype}: a covariate is collinear with those before it",
                where=where,
                offenders=dependent,
                expected="linearly independent covariates: " + ", ".join(names),
                remedy="remove it from the model",
            )
    if problem is not None:
        raise problem
