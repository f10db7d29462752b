"""Sums over chromosomes: records and alleles, genotypes of each sample, distributions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY
from genocohort.domain.genome import contig_class
from genocohort.domain.tables_variants import (
    CARRIED_COUNTS,
    FILTER_SETS,
    GENOTYPE_COUNTS,
    METRICS,
    SCOPES,
    SITE_COUNTS,
)

Columns = Mapping[str, npt.NDArray[Any]]
ALL = "all"
# Columns of variants/sites that the counts need.
SITES_READ = (
    "record", "allele", "n_alt_alleles", "allele_class", "is_transition", "is_pass", "ac",
    *GENOTYPE_COUNTS,
)  # fmt: skip
SAMPLE_SUMS = (
    "n_records", *GENOTYPE_COUNTS, "n_not_expected_called", *CARRIED_COUNTS, "dp_sum", "n_dp",
    "gq_sum", "n_gq", "het_ref_depth", "het_alt_depth",
)  # fmt: skip
_CALLED = (
    "n_hom_ref", "n_het", "n_hom_alt", "n_het_alt", "n_haploid_ref", "n_haploid_alt",
    "n_other_ploidy",
)  # fmt: skip
_ALLELE_COUNTS = {
    "n_snv_alleles": "snv", "n_insertions": "insertion", "n_deletions": "deletion",
    "n_mnv_alleles": "mnv", "n_complex_alleles": "complex", "n_star": "star",
    "n_symbolic": "symbolic", "n_breakend": "breakend", "n_non_ref": "non_ref",
}  # fmt: skip
# Counts that only the text in bcftools' format shows.
TEXT_COUNTS = (
    "n_transitions_first", "n_transversions_first", "n_singleton_transitions",
    "n_singleton_transversions",
)  # fmt: skip
_SCOPE_OF_CLASS = {"autosome": "autosomes", "X": "X", "Y": "Y", "MT": "MT", "other": "other"}


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Numerator / denominator, element by element; NaN where the denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom != 0)
    return result


def compute_site_counts(sites: Columns) -> dict[str, int]:
    """Counts of one chromosome's records and alleles.

    Parameters
    ----------
    sites : mapping of str to ndarray, shape (n_rows,)
        The columns SITES_READ of variants/sites; the rows of a record stand together.

    Returns
    -------
    dict of str to int
        SITE_COUNTS, those of TEXT_COUNTS, and `n_called` and `n_expected`: genotypes completely
        called, and due.
    """
    kind = sites["allele_class"].astype(str)
    first = sites["allele"] <= 1
    starts = np.flatnonzero(first)
    ts = np.array([v is True or v is np.True_ for v in sites["is_transition"]], dtype=bool)
    tv = np.array([v is False or v is np.False_ for v in sites["is_transition"]], dtype=bool)
    singleton = (sites["ac"] == 1) & np.isin(kind, ORDINARY)
    snvs = _per_record(kind == "snv", starts)
    indel = np.isin(kind, ("insertion", "deletion"))
    unusual = np.isin(kind, ("complex", "symbolic", "breakend", "non_ref", "coded"))
    genotypes = {name: int(sites[name][first].sum()) for name in GENOTYPE_COUNTS}
    counts = {
        "n_records": len(starts),
        "n_pass": int(np.count_nonzero(sites["is_pass"][first])),
        "n_no_alt_sites": int(np.count_nonzero(sites["n_alt_alleles"][first] == 0)),
        "n_snv_sites": int(np.count_nonzero(snvs)),
        "n_indel_sites": int(np.count_nonzero(_per_record(indel, starts))),
        "n_mnv_sites": int(np.count_nonzero(_per_record(kind == "mnv", starts))),
        "n_other_sites": int(np.count_nonzero(_per_record(unusual, starts))),
        "n_multiallelic": int(np.count_nonzero(sites["n_alt_alleles"][first] > 1)),
        "n_multiallelic_snv": int(np.count_nonzero(snvs > 1)),
        "n_transitions": int(np.count_nonzero(ts)),
        "n_transversions": int(np.count_nonzero(tv)),
        "n_singletons": int(np.count_nonzero(singleton)),
        "n_singleton_snv": int(np.count_nonzero(singleton & (kind == "snv"))),
        "n_singleton_indel": int(np.count_nonzero(singleton & indel)),
        "n_transitions_first": int(np.count_nonzero(ts & (sites["allele"] == 1))),
        "n_transversions_first": int(np.count_nonzero(tv & (sites["allele"] == 1))),
        "n_singleton_transitions": int(np.count_nonzero(ts & singleton)),
        "n_singleton_transversions": int(np.count_nonzero(tv & singleton)),
        "n_half": genotypes["n_half"],
        "n_het_haploid": genotypes["n_het_haploid"],
        "n_called": sum(genotypes[name] for name in _CALLED),
        "n_expected": sum(genotypes.values()) - genotypes["n_not_expected"],
    }
    for name, allele_class in _ALLELE_COUNTS.items():
        counts[name] = int(np.count_nonzero(kind == allele_class))
    return counts


def _per_record(flags: npt.NDArray[np.bool_], starts: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """How many rows of each record have the flag; `starts` holds the first row of each."""
    if len(starts) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.add.reduceat(flags.astype(np.int64), starts)


def compute_chromosomes(counts: Sequence[tuple[str, str, Mapping[str, int]]]) -> dict[str, Any]:
    """Columns of the chromosomes table.

    Parameters
    ----------
    counts : sequence of (chromosome, filter set, counts of compute_site_counts)

    Returns
    -------
    dict of str to list or ndarray
        One row for each entry, in order, then one row `all` for each filter set.
    """
    rows = list(counts)
    for filter_set in FILTER_SETS:
        parts = [c for _, chosen, c in counts if chosen == filter_set]
        names = (*SITE_COUNTS, "n_called", "n_expected")
        rows.append((ALL, filter_set, {n: sum(p[n] for p in parts) for n in names}))
    columns: dict[str, Any] = {
        "chromosome": [row[0] for row in rows],
        "filter_set": [row[1] for row in rows],
    }
    for name in SITE_COUNTS:
        columns[name] = np.array([row[2][name] for row in rows], dtype=np.int64)
    columns["ts_tv"] = ratio(columns["n_transitions"], columns["n_transversions"])
    columns["call_rate"] = ratio(
        [row[2]["n_called"] for row in rows], [row[2]["n_expected"] for row in rows]
    )
    return columns


def compute_samples(
    sample_ids: Sequence[str], by_chromosome: Mapping[tuple[str, str], Columns]
) -> dict[str, Any]:
    """Columns of the samples table: sums over the chromosomes of each scope.

    Parameters
    ----------
    sample_ids : sequence of str
    by_chromosome : mapping of (chromosome, filter set) to columns SAMPLE_SUMS, shape (n_samples,)

    Returns
    -------
    dict of str to ndarray
        Rows by scope, then filter set, then sample; scope `other` only where there is such a
        contig.
    """
    n = len(sample_ids)
    scopes = {name: _SCOPE_OF_CLASS[contig_class(name)] for name, _ in by_chromosome}
    used = [s for s in SCOPES if s != "other" or "other" in scopes.values()]
    blocks = []
    for scope in used:
        for filter_set in FILTER_SETS:
            parts = [
                columns
                for (chromosome, chosen), columns in by_chromosome.items()
                if chosen == filter_set and scope in (ALL, scopes[chromosome])
            ]
            sums = {name: _sum(parts, name, n) for name in SAMPLE_SUMS}
            blocks.append((scope, filter_set, sums))
    columns: dict[str, Any] = {
        "sample_id": np.tile(np.array(sample_ids, dtype=object), len(blocks)),
        "scope": np.repeat(np.array([b[0] for b in blocks], dtype=object), n),
        "filter_set": np.repeat(np.array([b[1] for b in blocks], dtype=object), n),
    }
    for name in SAMPLE_SUMS:
        columns[name] = np.concatenate([b[2][name] for b in blocks])
    called = sum(columns[name] for name in _CALLED)
    columns["call_rate"] = ratio(called, columns["n_records"] - columns["n_not_expected"])
    columns["het_hom_ratio"] = ratio(columns["n_het"] + columns["n_het_alt"], columns["n_hom_alt"])
    columns["ts_tv"] = ratio(columns["n_transitions"], columns["n_transversions"])
    columns["dp_mean"] = ratio(columns["dp_sum"], columns["n_dp"])
    columns["gq_mean"] = ratio(columns["gq_sum"], columns["n_gq"])
    columns["het_allele_balance"] = ratio(
        columns["het_alt_depth"], columns["het_ref_depth"] + columns["het_alt_depth"]
    )
    return columns


def _sum(parts: Sequence[Columns], name: str, n: int) -> npt.NDArray[Any]:
    total = np.zeros(n, dtype=np.float64 if name.endswith("_sum") else np.int64)
    for part in parts:
        total = total + part[name]
    return total


HistogramRow = tuple[str, str, str, str, float | None, float | None, int]


def compute_histograms(rows: Sequence[HistogramRow]) -> dict[str, list[Any]]:
    """Columns of the merged distributions.

    Parameters
    ----------
    rows : sequence of (chromosome, filter set, metric, label, bin start, bin end, count)
        In the chromosomes' order.

    Returns
    -------
    dict of str to list
        All rows as given, then their sums over chromosomes, by filter set, metric and bin; the
        density along a chromosome is not added up.
    """
    totals: dict[tuple[str, str, str, float | None, float | None], int] = {}
    for _, filter_set, metric, label, start, end, count in rows:
        if metric != "density":
            key = (filter_set, metric, label, start, end)
            totals[key] = totals.get(key, 0) + count

    def order(key: tuple[str, str, str, float | None, float | None]) -> tuple[Any, ...]:
        filter_set, metric, label, start, _ = key
        first = float("-inf") if start is None else start
        return FILTER_SETS.index(filter_set), METRICS.index(metric), first, label

    merged = [(ALL, *key, totals[key]) for key in sorted(totals, key=order)]
    names = ("chromosome", "filter_set", "metric", "label", "bin_start", "bin_end", "count")
    return {name: [row[i] for row in (*rows, *merged)] for i, name in enumerate(names)}
