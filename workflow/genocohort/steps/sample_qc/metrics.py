"""Metrics of samples from the summaries of calls and alignments and from the genotype store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.sheet import Sample
from genocohort.stats.heterozygosity import (
    Homozygosity,
    MissingCalls,
    compute_inbreeding,
    count_alleles,
    count_homozygosity,
    count_missing,
    restore_heterozygotes,
)

Row = Mapping[str, Any]
Metrics = dict[str, Any]

# Columns of variant_summary/samples that the metrics are made from.
SUMMARY_COLUMNS = (
    "sample_id", "scope", "filter_set", "call_rate", "n_records", "n_hom_ref", "n_het", "n_hom_alt",
    "n_het_alt", "n_haploid_ref", "n_haploid_alt", "n_het_haploid", "n_not_expected_called",
    "n_singletons", "het_hom_ratio", "ts_tv", "dp_mean",
)  # fmt: skip

# Columns of alignment_summary/samples that are taken over.
ALIGNMENT_COLUMNS = (
    "sample_id", "status", "mean_fragment_depth", "mapped_rate", "duplicate_rate", "x_depth_ratio",
    "y_depth_ratio",
)  # fmt: skip


@dataclass
class SexChromosomeX:
    """Sums over the X variants outside the pseudo-autosomal regions; arrays (n_samples,)."""

    homozygosity: Homozygosity
    missing: MissingCalls
    n_het: npt.NDArray[np.int64]
    n_called: npt.NDArray[np.int64]

    @classmethod
    def zeros(cls, n_samples: int) -> "SexChromosomeX":
        """No variant counted yet."""
        return cls(
            Homozygosity.zeros(n_samples),
            MissingCalls.zeros(n_samples),
            np.zeros(n_samples, dtype=np.int64),
            np.zeros(n_samples, dtype=np.int64),
        )


def sum_autosomes(blocks: Iterable[npt.NDArray[np.int8]], n_samples: int) -> Homozygosity:
    """Observed and expected homozygous calls (Nei's correction) over blocks of calls."""
    total = Homozygosity.zeros(n_samples)
    for calls in blocks:
        n_alt, n_called = count_alleles(calls)
        total.add(count_homozygosity(calls, n_alt, n_called, nei=True))
    return total


def sum_x(blocks: Iterable[npt.NDArray[np.int8]], is_male: npt.NDArray[np.bool_]) -> SexChromosomeX:
    """Sums over blocks of X calls outside PAR; recorded males give one allele to frequencies."""
    total = SexChromosomeX.zeros(len(is_male))
    for calls in blocks:
        n_alt, n_called = count_alleles(calls, is_male)
        total.homozygosity.add(count_homozygosity(calls, n_alt, n_called, nei=False))
        total.missing.add(count_missing(calls, n_alt, n_called))
        total.n_het += (calls == 1).sum(axis=0)
        total.n_called += (calls >= 0).sum(axis=0)
    return total


def store_metrics(
    samples: Sequence[str],
    autosomes: Homozygosity,
    x: SexChromosomeX,
    n_het_haploid: Mapping[str, int],
) -> dict[str, Metrics]:
    """f_inbreeding, x_f and x_het_rate of the genotyped samples.

    Parameters
    ----------
    n_het_haploid : mapping of sample id to int
        Heterozygous calls of recorded males on X that the store holds as missing.

    Returns
    -------
    dict
        Sample id -> metrics, with n_x_variants, the calls that x_f is made from, and
        n_het_expected, the heterozygous calls that f_inbreeding expects.
    """
    hidden = np.array([n_het_haploid.get(s, 0) for s in samples], dtype=np.int64)
    restored = restore_heterozygotes(x.homozygosity, x.missing, hidden)
    f, x_f = compute_inbreeding(autosomes), compute_inbreeding(restored)
    expected_het = autosomes.n_called - autosomes.expected
    called = x.n_called + hidden
    rate = np.full(len(samples), np.nan)
    np.divide(x.n_het + hidden, called, out=rate, where=called > 0)
    return {
        sample: {
            "f_inbreeding": float(f[i]),
            "n_het_expected": float(expected_het[i]),
            "x_f": float(x_f[i]),
            "x_het_rate": float(rate[i]),
            "n_x_variants": int(restored.n_called[i]),
        }
        for i, sample in enumerate(samples)
    }


def summary_metrics(rows: Iterable[Row], filter_set: str) -> dict[str, Metrics]:
    """Metrics of the genotyped samples from variant_summary/samples.

    Returns
    -------
    dict
        Sample id -> metrics, with n_y_variants and n_het_haploid (on X) beside the columns of
        sample_qc/samples.
    """
    found: dict[str, Metrics] = {}
    for row in rows:
        if row["filter_set"] != filter_set:
            continue
        metrics = found.setdefault(str(row["sample_id"]), {})
        if row["scope"] == "autosomes":
            metrics |= {
                "call_rate": row["call_rate"],
                "n_het": row["n_het"] + row["n_het_alt"],
                "n_hom_alt": row["n_hom_alt"],
                "het_hom_ratio": row["het_hom_ratio"],
                "ts_tv": row["ts_tv"],
                "n_singletons": row["n_singletons"],
                "mean_depth": row["dp_mean"],
            }
        elif row["scope"] == "X":
            metrics["n_het_haploid"] = row["n_het_haploid"]
        elif row["scope"] == "Y":
            metrics["n_y_variants"] = row["n_records"]
            metrics["y_call_rate"] = y_call_rate(row)
    return found


def alignment_metrics(rows: Iterable[Row]) -> tuple[dict[str, Metrics], tuple[str, ...]]:
    """Metrics of the aligned samples from alignment_summary/samples.

    Returns
    -------
    tuple
        Sample id -> metrics, and the samples whose alignment could not be measured.
    """
    found: dict[str, Metrics] = {}
    failed = []
    for row in rows:
        if row["status"] != "ok":
            failed.append(str(row["sample_id"]))
            continue
        metrics = {name: row[name] for name in ALIGNMENT_COLUMNS[2:]}
        metrics["mean_depth"] = row["mean_fragment_depth"]
        found[str(row["sample_id"])] = metrics
    return found, tuple(failed)


def y_call_rate(row: Row) -> float | None:
    """Share of Y records with a called genotype, whatever sex is recorded; None without records."""
    called = (
        "n_hom_ref", "n_het", "n_hom_alt", "n_het_alt", "n_haploid_ref", "n_haploid_alt",
        "n_het_haploid", "n_not_expected_called",
    )  # fmt: skip
    n = row["n_records"]
    return sum(row[name] for name in called) / n if n else None


def merge_metrics(
    sheet: Sequence[Sample],
    calls: Mapping[str, Metrics],
    store: Mapping[str, Metrics],
    alignments: Mapping[str, Metrics],
    identity: Mapping[str, Metrics] | None = None,
) -> list[Metrics]:
    """One dictionary per sample of the sheet; a metric that is not known is absent or None."""
    merged = []
    for sample in sheet:
        name = sample.sample_id
        metrics: Metrics = {
            "sample_id": name,
            "participant_id": sample.participant_id,
            "batch": sample.batch,
            "sex_recorded": sample.sex,
            "has_calls": name in calls,
            "has_alignment": name in alignments,
        }
        for source in (calls, store, alignments, identity or {}):
            metrics |= {
                key: value for key, value in source.get(name, {}).items() if is_known(value)
            }
        merged.append(metrics)
    return merged


def is_known(value: object) -> bool:
    """Whether a metric has a value: neither None nor NaN."""
    return value is not None and value == value


def metric_array(metrics: Sequence[Metrics], name: str) -> npt.NDArray[np.float64]:
    """One metric of all samples, NaN where it is not known; shape (n_samples,)."""
    return np.array([m.get(name, np.nan) for m in metrics], dtype=np.float64)
