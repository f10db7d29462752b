"""The table of alleles, from the counts of one pass over the calls."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from genocohort.domain.alleles import SUBSTITUTIONS, TRANSITIONS
from genocohort.domain.arrow_columns import (
    arrow_to_numpy,
    list_to_arrow,
    numpy_to_arrow,
    text_scalar,
)
from genocohort.domain.call_counts import DEPTH_UNIT
from genocohort.domain.ploidy import COMPLETE, GenotypeClass
from genocohort.domain.tables_variants import ALLELE_CLASSES, GENOTYPE_COUNTS
from genocohort.stats.hwe import HweResult

Columns = Mapping[str, npt.NDArray[Any]]
_Float64 = npt.NDArray[np.float64]
_Int64 = npt.NDArray[np.int64]
HweTest = Callable[[_Int64, _Int64, _Int64], HweResult]

_KINDS = list_to_arrow(ALLELE_CLASSES, pa.string())
# By substitution, with the last place for none.
IS_TRANSITION = np.array([s in TRANSITIONS for s in SUBSTITUTIONS] + [False])


def counted_columns(batch: pa.RecordBatch) -> dict[str, npt.NDArray[Any]]:
    """The numbers of a batch of counts as NumPy arrays, without copies."""
    return {
        name: arrow_to_numpy(batch.column(name))
        for name in batch.schema.names
        if not pa.types.is_string(batch.schema.field(name).type)
    }


def compute_sites(
    chromosome: str, batch: pa.RecordBatch, counts: Columns, test: HweTest
) -> dict[str, Any]:
    """Columns of variants/sites for a batch of counts.

    Parameters
    ----------
    chromosome : str
    batch : pyarrow.RecordBatch
        Counts, as the step `genotypes` writes them.
    counts : mapping of str to ndarray
        Their numbers (`counted_columns`).
    test : callable
        The exact test of Hardy-Weinberg proportions.
    """
    n = batch.num_rows
    real = counts["allele"] > 0
    ac, an = counts["ac"], counts["an"]
    classes = np.stack([counts[name] for name in GENOTYPE_COUNTS])
    complete = classes[list(COMPLETE)].sum(axis=0)
    due = classes.sum(axis=0) - classes[GenotypeClass.NOT_EXPECTED]
    substitution = counts["substitution"]
    given = batch.column("variant_id")
    columns: dict[str, Any] = {
        "chromosome": _constant(chromosome, n),
        "vcf_pos": batch.column("vcf_pos"),
        "record": batch.column("record"),
        "allele": batch.column("allele"),
        "n_alt_alleles": batch.column("n_alt_alleles"),
        "variant_id": pc.if_else(
            pc.equal(given, text_scalar(".")), pa.nulls(1, pa.string())[0], given
        ),
        "ref": batch.column("ref"),
        "alt": batch.column("alt"),
        "allele_class": pa.DictionaryArray.from_arrays(batch.column("allele_class"), _KINDS),
        "is_transition": pc.if_else(
            numpy_to_arrow(substitution < 0, pa.bool_()),
            pa.nulls(1, pa.bool_())[0],
            numpy_to_arrow(IS_TRANSITION[substitution], pa.bool_()),
        ),
        "filter": batch.column("filter"),
        "is_pass": counts["is_pass"] != 0,
        "qual": counts["qual"],
        "ac": ac.astype(np.int64),
        "an": an.astype(np.int64),
        "af": np.where(real, ratio(ac, an), np.nan),
        "call_rate": ratio(complete, due),
        "dp_mean": ratio(counts["dp_sum"] / DEPTH_UNIT, counts["n_dp"]),
        "gq_mean": ratio(counts["gq_sum"] / DEPTH_UNIT, counts["n_gq"]),
        "het_allele_balance": ratio(
            counts["het_alt_depth"], counts["het_ref_depth"] + counts["het_alt_depth"]
        ),
    }
    columns |= {name: classes[i].astype(np.int64) for i, name in enumerate(GENOTYPE_COUNTS)}
    # Where there is no ALT allele nothing can be tested; no genotypes stand for that.
    hom, het = counts["n_hom_tested"] * real, counts["n_het_tested"] * real
    other = counts["n_tested"] * real - hom - het
    result = test(*(v.astype(np.int64) for v in (hom, het, other)))
    return columns | {"hwe_p": result.p, "hwe_neg_log10_p": result.neg_log10_p}


def _constant(text: str, n: int) -> pa.DictionaryArray:
    codes = numpy_to_arrow(np.zeros(n, dtype=np.int32), pa.int32())
    return pa.DictionaryArray.from_arrays(codes, list_to_arrow([text], pa.string()))


def ratio(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> _Float64:
    """Numerator / denominator; NaN where the denominator is 0."""
    result = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=result, where=np.asarray(denominator) != 0)
    return result
