"""Choose the sites at which alleles of reads are counted."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import contig_class
from genocohort.steps.sites.settings import SitesSettings

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NOT_AUTOSOMAL = "not on an autosome"
NOT_SNV = "no single base for another"
REPEATED = "another ALT at the same position"
NO_FREQUENCY = "the panel gives no frequency"
FEW_CALLS = "called in too few samples"
RARE = "the rarer allele is too rare"
ENOUGH = "enough other sites were chosen"


def is_snv(ref: Sequence[str], alt: Sequence[str]) -> Bools:
    """Whether REF and ALT are two different ones of A, C, G and T; shape (n,)."""
    return np.array(
        [a != b and a in {*"ACGT"} and b in {*"ACGT"} for a, b in zip(ref, alt, strict=True)],
        dtype=bool,
    )


def judge_sites(
    chromosome: Sequence[str],
    vcf_pos: Sequence[int],
    ref: Sequence[str],
    alt: Sequence[str],
    frequency: Floats,
    call_rate: Floats,
    settings: SitesSettings,
) -> npt.NDArray[np.object_]:
    """Why each site is not chosen; empty text for the chosen ones.

    Parameters
    ----------
    chromosome, vcf_pos, ref, alt : sequences of length n
    frequency : float64[n]
        Of ALT; NaN where it is not known.
    call_rate : float64[n]
    settings : SitesSettings
    """
    n = len(chromosome)
    reasons = np.full(n, "", dtype=object)
    codes = {name: i for i, name in enumerate(dict.fromkeys(chromosome))}
    places = np.array([codes[c] for c in chromosome], dtype=np.int64) << 40
    places |= np.asarray(vcf_pos, dtype=np.int64)
    _, inverse, n_there = np.unique(places, return_inverse=True, return_counts=True)
    known = {name: contig_class(name) != "autosome" for name in codes}
    is_elsewhere = np.array([known[c] for c in chromosome], dtype=bool)
    # The first reason that applies is the one that is told.
    tests = [
        (NOT_AUTOSOMAL, is_elsewhere),
        (NOT_SNV, ~is_snv(ref, alt)),
        (REPEATED, n_there[inverse] > 1),
        (NO_FREQUENCY, np.isnan(frequency)),
        (FEW_CALLS, call_rate < settings.min_call_rate),
        (RARE, ~(np.minimum(frequency, 1 - frequency) >= settings.min_frequency)),
    ]
    for reason, applies in tests:
        reasons[applies & (reasons == "")] = reason
    left = np.flatnonzero(reasons == "")
    if len(left) > settings.max_sites:
        kept = left[np.arange(settings.max_sites) * len(left) // settings.max_sites]
        reasons[np.setdiff1d(left, kept)] = ENOUGH
    return reasons


def count_reasons(
    reasons: npt.NDArray[np.object_], chromosome: Sequence[str], vcf_pos: Sequence[int]
) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Number of sites left out for each reason, with up to five examples."""
    found = {}
    for reason in sorted({r for r in reasons.tolist() if r}):
        where = np.flatnonzero(reasons == reason)
        examples = tuple(f"{chromosome[i]}:{vcf_pos[i]}" for i in where[:5].tolist())
        found[reason] = (len(where), examples)
    return found
