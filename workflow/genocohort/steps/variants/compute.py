"""Summaries of a batch of records: one row per ALT allele, sums per sample, depth histograms."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import Allele, classify_allele
from genocohort.domain.calls import CallBatch
from genocohort.domain.genome import Genome, contig_class
from genocohort.domain.ploidy import COMPLETE, GenotypeClass, expected_ploidy, in_par
from genocohort.domain.sheet import Sex
from genocohort.domain.tables_variants import CARRIED_COUNTS, GENOTYPE_COUNTS
from genocohort.stats.hwe import hwe_exact
from genocohort.steps.variants.genotype_counts import (
    CohortPloidy,
    GenotypeCounts,
    compute_carried,
    compute_genotype_counts,
)
from genocohort.steps.variants.settings import VariantsSettings

_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]
UNFILTERED = ("PASS", ".")
_KIND_COLUMN = {"snv": 2, "insertion": 3, "deletion": 4, "mnv": 5}


@dataclass(frozen=True)
class DepthSums:
    """FORMAT/DP or GQ of one batch.

    Attributes
    ----------
    record_sum, record_n : ndarray, shape (n_records,)
    sample_sum, sample_n : ndarray, shape (2, n_samples)
        Over records that do not pass, and over those that pass.
    histogram : ndarray, shape (2, limit + 1), int64
        Whole values from 0; the last bin holds all from the limit on.
    """

    record_sum: _Float64
    record_n: _Int64
    sample_sum: _Float64
    sample_n: _Int64
    histogram: _Int64


@dataclass(frozen=True)
class BatchSummary:
    """Summary of one batch.

    Attributes
    ----------
    sites : dict of str to array
        Columns of the table variants/sites but the chromosome.
    sample_counts : dict of str to ndarray, shape (2, n_samples)
        Count columns of variants/samples, over records that do not pass and that pass.
    depth, quality : DepthSums
        Of FORMAT/DP and GQ.
    n_records, n_without_gt, n_gt_not_first : int
    """

    sites: dict[str, npt.NDArray[Any]]
    sample_counts: dict[str, npt.NDArray[Any]]
    depth: DepthSums
    quality: DepthSums
    n_records: int
    n_without_gt: int
    n_gt_not_first: int


def cohort_ploidy(contig: str, sexes: "list[Sex]") -> CohortPloidy:
    """Expected ploidy of all samples on a contig, and who enters the Hardy-Weinberg test."""
    kind = contig_class(contig)
    if kind == "X":
        tested = np.array([sex == "female" for sex in sexes], dtype=np.bool_)
    else:
        tested = np.full(len(sexes), kind not in ("Y", "MT"), dtype=np.bool_)
    return CohortPloidy(expected_ploidy(contig, sexes), tested)


def summarise_batch(
    batch: CallBatch, contig: str, genome: Genome, ploidy: CohortPloidy, settings: VariantsSettings
) -> BatchSummary:
    """Summarise one batch of records, multiallelic ones as they are.

    Parameters
    ----------
    batch : CallBatch
    contig : str
        Any known name.
    genome : Genome
        For the pseudo-autosomal regions.
    ploidy : CohortPloidy
    settings : VariantsSettings

    Returns
    -------
    BatchSummary

    References
    ----------
    AC and AN as `bcftools +fill-tags` counts them; genotype classes map to the PSC section of
    `bcftools stats`.
    """
    par = in_par(genome, contig, batch.vcf_pos)
    is_pass = np.array([f in UNFILTERED for f in batch.filter], dtype=np.bool_)
    counts = compute_genotype_counts(batch, ploidy, par, is_pass)
    not_expected = (ploidy.expected == 0)[None, :] & ~par[:, None]
    depth = _depth_sums(batch.dp, batch, not_expected, is_pass, settings.max_depth)
    quality = _depth_sums(batch.gq, batch, not_expected, is_pass, settings.max_genotype_quality)
    rows = _Rows(batch)
    sites = _site_columns(batch, rows, counts, is_pass)
    sites |= _hwe_columns(rows, counts, settings.hwe_midp)
    sites["dp_mean"] = _ratio(depth.record_sum, depth.record_n)[rows.source]
    sites["gq_mean"] = _ratio(quality.record_sum, quality.record_n)[rows.source]
    return BatchSummary(
        sites=sites,
        sample_counts=_sample_counts(batch, rows, counts, ploidy, par, is_pass, depth, quality),
        depth=depth,
        quality=quality,
        n_records=batch.n_records,
        n_without_gt=batch.n_without_gt,
        n_gt_not_first=batch.n_gt_not_first,
    )


class _Rows:
    """The rows of the sites table: one per ALT allele, or one for a record without any."""

    def __init__(self, batch: CallBatch) -> None:
        n_alts = np.array([len(a) for a in batch.alts], dtype=np.int64)
        sizes = np.maximum(n_alts, 1)
        self.source = np.repeat(np.arange(batch.n_records), sizes)
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        self.n_alts = n_alts[self.source]
        self.allele = np.where(self.n_alts == 0, 0, np.arange(len(self.source)) - first + 1)
        self.alt = [alt for alts in batch.alts for alt in (alts or (".",))]
        self.kinds: list[Allele] = [
            classify_allele(batch.ref[i], alt) for i, alt in zip(self.source, self.alt, strict=True)
        ]


def _ratio(numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]) -> _Float64:
    """Numerator / denominator; NaN where the denominator is 0."""
    result = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=result, where=np.asarray(denominator) != 0)
    return result


def _site_columns(
    batch: CallBatch, rows: _Rows, counts: GenotypeCounts, is_pass: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[Any]]:
    source = rows.source
    ac = np.where(rows.allele > 0, counts.alleles[source, rows.allele], 0)
    an = counts.alleles.sum(axis=1)[source]
    complete = counts.classes[:, COMPLETE].sum(axis=1)
    due = counts.classes.sum(axis=1) - counts.classes[:, GenotypeClass.NOT_EXPECTED]
    ids = np.array([None if i == "." else i for i in batch.variant_id], dtype=object)
    columns: dict[str, npt.NDArray[Any]] = {
        "vcf_pos": batch.vcf_pos[source],
        "record": batch.first_record + source,
        "allele": rows.allele,
        "n_alt_alleles": rows.n_alts,
        "variant_id": ids[source],
        "ref": np.array(batch.ref, dtype=object)[source],
        "alt": np.array(rows.alt, dtype=object),
        "allele_class": np.array([a.kind for a in rows.kinds], dtype=object),
        "is_transition": np.array([a.is_transition for a in rows.kinds], dtype=object),
        "filter": np.array(batch.filter, dtype=object)[source],
        "is_pass": is_pass[source],
        "qual": batch.qual[source],
        "ac": ac,
        "an": an,
        "af": np.where(rows.allele > 0, _ratio(ac, an), np.nan),
        "call_rate": _ratio(complete, due)[source],
    }
    for j, name in enumerate(GENOTYPE_COUNTS):
        columns[name] = counts.classes[source, j]
    return columns


def _hwe_columns(rows: _Rows, counts: GenotypeCounts, midp: bool) -> dict[str, _Float64]:
    hom = counts.hom[rows.source, rows.allele]
    het = counts.het[rows.source, rows.allele]
    # Where there is no ALT allele nothing can be tested; no genotypes stand for that.
    usable = np.where(rows.allele > 0, 1, 0)
    other = counts.n_tested[rows.source] - hom - het
    result = hwe_exact(hom * usable, het * usable, other * usable, midp=midp)
    return {"hwe_p": result.p, "hwe_neg_log10_p": result.neg_log10_p}


def _depth_sums(
    values: npt.NDArray[np.float32] | None,
    batch: CallBatch,
    not_expected: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
    limit: int,
) -> DepthSums:
    n, n_samples = batch.codes.shape
    if values is None:
        return DepthSums(
            np.zeros(n),
            np.zeros(n, dtype=np.int64),
            np.zeros((2, n_samples)),
            np.zeros((2, n_samples), dtype=np.int64),
            np.zeros((2, limit + 1), dtype=np.int64),
        )
    present = ~np.isnan(values) & ~not_expected
    filled = np.where(present, values, np.float32(0)).astype(np.float64)
    sample_sum, sample_n, histogram = [], [], []
    for subset in (~is_pass, is_pass):
        sample_sum.append(filled[subset].sum(axis=0))
        sample_n.append(present[subset].sum(axis=0))
        whole = np.clip(filled[subset][present[subset]], 0, limit).astype(np.int64)
        histogram.append(np.bincount(whole, minlength=limit + 1))
    return DepthSums(
        filled.sum(axis=1),
        present.sum(axis=1),
        np.stack(sample_sum),
        np.stack(sample_n),
        np.stack(histogram),
    )


def _sample_counts(
    batch: CallBatch,
    rows: _Rows,
    counts: GenotypeCounts,
    ploidy: CohortPloidy,
    par: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
    depth: DepthSums,
    quality: DepthSums,
) -> dict[str, npt.NDArray[Any]]:
    n_samples = batch.codes.shape[1]
    n_records = np.array([np.count_nonzero(~is_pass), np.count_nonzero(is_pass)])
    columns: dict[str, npt.NDArray[Any]] = {"n_records": np.repeat(n_records, n_samples)}
    columns["n_records"] = columns["n_records"].reshape(2, n_samples)
    for j, name in enumerate(GENOTYPE_COUNTS):
        columns[name] = counts.sample_classes[:, :, j]
    columns["n_not_expected_called"] = counts.sample_not_expected_called
    real = rows.allele > 0
    passing = is_pass[rows.source]
    weights = _carried_weights(rows, counts)
    carried = [
        compute_carried(
            batch, ploidy, par, rows.source[chosen], rows.allele[chosen], weights[chosen]
        )
        for chosen in (np.flatnonzero(real & ~passing), np.flatnonzero(real & passing))
    ]
    for j, name in enumerate(CARRIED_COUNTS):
        columns[name] = np.stack([part[:, j] for part in carried])
    for prefix, sums in (("dp", depth), ("gq", quality)):
        columns[f"{prefix}_sum"] = sums.sample_sum
        columns[f"n_{prefix}"] = sums.sample_n
    return columns


def _carried_weights(rows: _Rows, counts: GenotypeCounts) -> npt.NDArray[np.float32]:
    """What each row adds to the columns CARRIED_COUNTS of a sample that carries its allele."""
    weights = np.zeros((len(rows.kinds), len(CARRIED_COUNTS)), dtype=np.float32)
    ac = counts.alleles[rows.source, rows.allele]
    for i, allele in enumerate(rows.kinds):
        if allele.is_transition is not None:
            weights[i, 0 if allele.is_transition else 1] = 1
        weights[i, _KIND_COLUMN.get(allele.kind, 6)] = 1
        weights[i, 7] = allele.is_ordinary and ac[i] == 1
    return weights
