"""Genotypes of a region, and its tests made again: conditional analysis by the package's models."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import canonical_contig, contig_class
from genocohort.errors import InputDataError
from genocohort.io.results import Results
from genocohort.io.store import Store
from genocohort.stats import design, linear, logistic
from genocohort.stats.ranks import rank_inverse_normal

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Calls = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Genotypes:
    """Calls of the variants of a region.

    Attributes
    ----------
    variants : DataFrame
        chromosome, vcf_pos, variant_id, ref, alt, name (`chrom:pos:ref:alt`).
    sample_ids : tuple of str
        In the calls' order.
    calls : ndarray of int8, shape (n_variants, n_samples)
        ALT alleles 0, 1, 2; -1 missing; haploid calls are 0 or 2.
    """

    variants: "pd.DataFrame"
    sample_ids: tuple[str, ...]
    calls: Calls


def read_genotypes(folder: Path, region: tuple[str, int, int]) -> Genotypes:
    """Read the calls of a region; positions are 1-based, both ends included.

    Raises
    ------
    InputDataError
        The store has no such chromosome.
    """
    import pandas as pd

    chromosome = canonical_contig(region[0])
    store = Store(folder, chromosome)
    found = store.variants
    inside = np.flatnonzero((found.vcf_pos >= region[1]) & (found.vcf_pos <= region[2]))
    variants = pd.DataFrame(
        {
            "chromosome": chromosome,
            "vcf_pos": found.vcf_pos[inside],
            "variant_id": found.variant_id[inside],
            "ref": found.ref[inside],
            "alt": found.alt[inside],
        }
    )
    parts = [variants[c].astype(str) for c in ("chromosome", "vcf_pos", "ref", "alt")]
    variants["name"] = parts[0] + ":" + parts[1] + ":" + parts[2] + ":" + parts[3]
    calls = np.empty((0, store.n_samples), dtype=np.int8)
    if inside.size:
        # Positions may be out of order in the calls; what lies between is not in the region.
        start = int(inside[0])
        calls = store.read(start, int(inside[-1]) + 1)[inside - start]
    return Genotypes(variants, store.samples, calls)


@dataclass(frozen=True)
class _Model:
    """A phenotype's model as it was fitted: rows of the store, values, covariates."""

    kind: str
    rows: npt.NDArray[np.int64]
    phenotype: Floats
    covariates: Floats


def _rebuild_model(results: Results, phenotype: str, chromosome: str) -> _Model:
    """The model from the tables of the run.

    Raises
    ------
    InputDataError
        The tables give another number of samples than were tested.
    """
    table = results.table("association_summary/phenotypes").set_index("phenotype")
    model: Any = table.loc[phenotype]
    components = [f"PC{i}" for i in range(1, int(model["n_components"]) + 1)]
    terms = [*model["covariates"], *components]
    wide = results.table("clinical/phenotypes_wide")
    column = phenotype if phenotype in wide else None
    if column is None:
        raise InputDataError(
            f"the column that {phenotype} was made from is not told in the results",
            where=str(results.folder),
            expected="a column of clinical/phenotypes_wide with the phenotype's name",
        )
    frame = (
        results.table("structure/components")
        .merge(results.table("sample_qc/samples", ["sample_id", "participant_id", "verdict"]),
               on="sample_id")
        .merge(wide, on="participant_id")
    )  # fmt: skip
    frame = frame[frame["verdict"] != "fail"].dropna(subset=[column, *terms])
    # Relatives are tested or not, as the settings said; the number of samples tells which.
    fitted = frame[frame["role"] == "fitted"]
    choices = [part for part in (fitted, frame) if len(part) == int(model["n"])]
    if not choices:
        raise InputDataError(
            f"{phenotype}: {int(model['n'])} samples were tested, the tables give {len(fitted)} "
            "unrelated ones",
            where=str(results.folder),
            remedy="run `genocohort run` again, so that all tables are of one run",
        )
    chosen = choices[0]
    store = Store(results.folder / "genotypes", chromosome)
    row_of = {name: i for i, name in enumerate(store.samples)}
    rows = np.array([row_of[name] for name in chosen["sample_id"]], dtype=np.int64)
    y = chosen[column].to_numpy(dtype=np.float64)
    order = np.argsort(rows)
    y, rows = y[order], rows[order]
    matrix = chosen[terms].to_numpy(dtype=np.float64)[order]
    if model["transform"] == "rint":
        y = rank_inverse_normal(y)
    return _Model(str(model["kind"]), rows, y, matrix)


def scan_region(
    results: Results, phenotype: str, region: tuple[str, int, int], given: Sequence[str]
) -> "pd.DataFrame":
    """Test a region's variants by the phenotype's model, adjusted for the variants `given`.

    Raises
    ------
    InputDataError
        A variant of `given` is not in the store or collinear, or the model cannot be rebuilt; or
        the region is not on an autosome.
    """
    chromosome = canonical_contig(region[0])
    if contig_class(chromosome) != "autosome":
        raise InputDataError(
            f"a region of {chromosome} cannot be tested again",
            expected="an autosome: on others the model depends on recorded sex",
        )
    model = _rebuild_model(results, phenotype, chromosome)
    inside = read_genotypes(results.folder / "genotypes", (chromosome, *region[1:]))
    tested = set(
        results.arrow(
            f"association_summary/{phenotype}.gwas", ["vcf_pos", "other_allele", "effect_allele"],
            where={"chromosome": chromosome},
        ).to_pandas().itertuples(index=False, name=None)
    )  # fmt: skip
    keys = inside.variants[["vcf_pos", "ref", "alt"]].itertuples(index=False, name=None)
    keep = np.array([key in tested for key in keys], dtype=bool)
    keep &= ~inside.variants["name"].isin(list(given)).to_numpy()
    leads = _given_calls(results.folder / "genotypes", chromosome, given)[:, model.rows]
    whole = (leads >= 0).all(axis=0)
    calls = inside.calls[keep][:, model.rows][:, whole]
    matrix = np.column_stack([model.covariates[whole], leads[:, whole].T.astype(np.float64)])
    names = [str(i) for i in range(model.covariates.shape[1])] + list(given)
    if found := design.dependent_columns(matrix, names):
        raise InputDataError(
            "a variant to adjust for is collinear with the covariates or those before it",
            offenders=found,
            remedy="leave it out of `given`",
        )
    fit = _fit(model.kind, calls, matrix, model.phenotype[whole])
    frame = inside.variants[keep].reset_index(drop=True)
    frame = frame.assign(n=(calls >= 0).sum(axis=1), **fit)
    lead = leads[0, whole] if given else _strongest(calls, fit["neg_log10_p"])
    return frame.assign(r2=_r2(calls, lead))


def _given_calls(folder: Path, chromosome: str, given: Sequence[str]) -> Calls:
    rows = []
    for name in given:
        position = name.split(":")[1] if name.count(":") == 3 else ""
        place = int(position) if position.isdigit() else 0
        found = read_genotypes(folder, (chromosome, place, place))
        match = np.flatnonzero(found.variants["name"].to_numpy() == name)
        if not match.size:
            raise InputDataError(
                f"no variant {name} in the genotype store",
                where=str(folder),
                expected=f"{chromosome}:position:REF:ALT, with the alleles as in the calls",
            )
        rows.append(found.calls[match[0]])
    if not rows:
        return np.empty((0, Store(folder, chromosome).n_samples), dtype=np.int8)
    return np.array(rows)


def _fit(kind: str, calls: Calls, matrix: Floats, phenotype: Floats) -> dict[str, Any]:
    basis = design.orthonormal_basis(matrix)
    if kind == "quantitative":
        fit: Any = linear.fit_linear(calls, basis, phenotype)
    else:
        scaled = basis * np.sqrt(len(phenotype))
        start = logistic.fit_null(scaled, phenotype, max_iterations=50)
        begin = np.zeros(basis.shape[1]) if start is None else start
        fit = logistic.fit_logistic(calls, scaled, phenotype, start=begin)
    return {
        "beta": fit.beta,
        "standard_error": fit.standard_error,
        "neg_log10_p": fit.neg_log10_p,
    }


def _strongest(calls: Calls, neg_log10_p: Floats) -> Calls:
    if not np.isfinite(neg_log10_p).any():
        return np.full(calls.shape[1], -1, dtype=np.int8)
    best: Calls = calls[int(np.nanargmax(neg_log10_p))]
    return best


def _r2(calls: Calls, lead: Calls) -> Floats:
    """Squared correlation of ALT counts over the samples called at both; shape (m,)."""
    both = (calls >= 0) & (lead >= 0)
    n = both.sum(axis=1)
    x = np.where(both, calls, 0).astype(np.float64)
    y = np.where(both, lead, 0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = x.sum(axis=1) / n, y.sum(axis=1) / n
        covariance = (x * y).sum(axis=1) / n - mean_x * mean_y
        variance = ((x * x).sum(axis=1) / n - mean_x**2) * ((y * y).sum(axis=1) / n - mean_y**2)
        return np.asarray(covariance**2 / np.where(variance > 1e-12, variance, np.nan))
