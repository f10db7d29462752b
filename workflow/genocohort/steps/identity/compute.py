"""Contamination of each alignment, and whose calls its reads fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.concordance import Agreement, Calls, call_from_reads, compare_calls
from genocohort.stats.contamination import estimate_contamination, site_error_rate
from genocohort.steps.identity.settings import IdentitySettings

Counts = npt.NDArray[np.int64]
Row = dict[str, Any]


@dataclass(frozen=True)
class SampleAlleles:
    """Bases of one sample at the sites, int64[n_sites] each; None: it could not be measured."""

    sample_id: str
    n_ref: Counts
    n_alt: Counts
    n_other: Counts


def measure_sample(
    alleles: SampleAlleles, frequency: npt.NDArray[np.float64], settings: IdentitySettings
) -> tuple[Row, Calls]:
    """Contamination of one sample, and its genotypes from reads.

    Parameters
    ----------
    alleles : SampleAlleles
    frequency : float64[n_sites]
        Of ALT.
    settings : IdentitySettings

    Returns
    -------
    (dict, int8[n_sites])
        Columns of identity/samples; genotypes, -1 missing.
    """
    used = alleles.n_ref + alleles.n_alt
    has_reads = used > 0
    n_sites, n_bases = int(has_reads.sum()), int(used.sum())
    n_other = int(alleles.n_other.sum())
    error_rate = site_error_rate(n_bases + n_other, n_other)
    calls = call_from_reads(
        alleles.n_ref, alleles.n_alt, error_rate, settings.min_genotype_probability
    )
    row: Row = {"sample_id": alleles.sample_id, "n_sites": n_sites, "match": "unknown"}
    if n_sites >= settings.min_sites:
        found = estimate_contamination(
            alleles.n_ref[has_reads], alleles.n_alt[has_reads], frequency[has_reads], error_rate
        )
        row |= {
            "mean_site_depth": n_bases / n_sites,
            "error_rate": error_rate,
            "contamination": found.share,
            "contamination_low": found.low,
            "contamination_high": found.high,
            "contamination_log_ratio": found.log_ratio,
        }
    return row, calls


def match_samples(
    rows: Sequence[Row],
    reads: Calls,
    genotyped: Sequence[str],
    calls: Calls,
    settings: IdentitySettings,
) -> Agreement:
    """Find out whose calls each sample's reads fit, and write it into its row.

    Parameters
    ----------
    rows : sequence of dict
        Of `measure_sample`; changed.
    reads : int8[n, n_sites]
        Genotypes from reads, a row for each of `rows`.
    genotyped : sequence of str
        m samples with calls.
    calls : int8[n_sites, m]

    Returns
    -------
    Agreement
        Of all pairs, int64[n, m].
    """
    agreement = compare_calls(reads, calls)
    number = {name: i for i, name in enumerate(genotyped)}
    for i, row in enumerate(rows):
        n, same = agreement.n_sites[i], agreement.n_concordant[i]
        own = number.get(row["sample_id"])
        if own is not None:
            row["own_n_sites"] = int(n[own])
            row["own_concordance"] = share(same[own], n[own])
        enough = np.flatnonzero(n >= settings.min_sites)
        if len(enough):
            # Of equally good ones its own, then the first one.
            order = sorted(enough.tolist(), key=lambda k: (-same[k] / n[k], k != own, k))
            best = order[0]
            row["best_sample_id"] = genotyped[best]
            row["best_n_sites"] = int(n[best])
            row["best_concordance"] = share(same[best], n[best])
            row["match"] = _match(row, own is not None and own in enough, settings)
    return agreement


def _match(row: Row, is_own_known: bool, settings: IdentitySettings) -> str:
    if is_own_known and row["own_concordance"] >= settings.min_concordance:
        return "own"
    if row["best_concordance"] >= settings.min_concordance:
        return "other"
    return "none" if is_own_known else "unknown"


def share(part: int, whole: int) -> float | None:
    """The quotient; None where there is nothing."""
    return float(part / whole) if whole else None


def pairs_columns(
    samples: Sequence[str], genotyped: Sequence[str], agreement: Agreement
) -> dict[str, Any]:
    """Columns of identity/pairs."""
    n, same = agreement.n_sites.reshape(-1), agreement.n_concordant.reshape(-1)
    concordance = np.full(len(n), np.nan)
    np.divide(same, n, out=concordance, where=n > 0)
    return {
        "sample_id": [s for s in samples for _ in genotyped],
        "calls_sample_id": [g for _ in samples for g in genotyped],
        "n_sites": n,
        "n_concordant": same,
        "n_opposite": agreement.n_opposite.reshape(-1),
        "concordance": concordance,
    }
