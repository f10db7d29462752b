"""Distributions of one chromosome's alleles and records, from the columns of its sites table."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY, SUBSTITUTIONS, classify_allele
from genocohort.steps.variants.settings import VariantsSettings

AF_EDGES = (
    0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
)  # fmt: skip
_MISSINGNESS_EDGES = tuple(i / 20 for i in range(21))
_HWE_EDGES = tuple(i / 2 for i in range(41))


class Bin(NamedTuple):
    """One bin of one distribution; `start` and `end` are None for substitutions, `end` is None for
    an open last bin and equals `start` for a single whole number."""

    metric: str
    label: str
    start: float | None
    end: float | None
    n: int


def compute_histograms(
    sites: Mapping[str, npt.NDArray[Any]],
    depth: npt.NDArray[np.int64],
    quality: npt.NDArray[np.int64],
    settings: VariantsSettings,
) -> list[Bin]:
    """All distributions of one set of records.

    Parameters
    ----------
    sites : mapping of str to ndarray, shape (n_rows,)
        Columns of variants/sites.
    depth, quality : ndarray of int64
        Counts of genotypes by FORMAT/DP and GQ, whole values from 0; the last bin is open.
    settings : VariantsSettings

    Returns
    -------
    list of Bin
        In the order of METRICS, then of the bins; empty bins are left out, but for substitutions.
    """
    kinds = [classify_allele(r, a) for r, a in zip(sites["ref"], sites["alt"], strict=True)]
    substitutions = [k.substitution for k in kinds]
    ordinary = np.isin(sites["allele_class"].astype(str), ORDINARY)
    lengths = [k.length_change for k in kinds if k.kind in ("insertion", "deletion")]
    transition = np.array([k.is_transition is True for k in kinds], dtype=bool)
    transversion = np.array([k.is_transition is False for k in kinds], dtype=bool)
    called = ordinary & (sites["an"] > 0)
    folded = np.minimum(sites["ac"], sites["an"] - sites["ac"])[called]
    first = sites["allele"] <= 1
    af = sites["af"]
    bins = [Bin("substitution", s, None, None, substitutions.count(s)) for s in SUBSTITUTIONS]
    bins += _whole("indel_length", np.array(lengths, dtype=np.int64))
    bins += _whole("sfs", folded)
    bins += _edges("af_transitions", af[called & transition], AF_EDGES)
    bins += _edges("af_transversions", af[called & transversion], AF_EDGES)
    missingness = np.round(1 - sites["call_rate"][first].astype(np.float64), 12)
    bins += _edges("site_missingness", missingness, _MISSINGNESS_EDGES)
    bins += _counted("dp", depth)
    bins += _counted("gq", quality)
    bins += _wide("qual", sites["qual"][first], settings.qual_width, settings.max_qual)
    bins += _edges("hwe_neg_log10_p", sites["hwe_neg_log10_p"], _HWE_EDGES, open_end=True)
    bins += _density(sites["vcf_pos"][first] - 1, settings.density_window_bp)
    return bins


def _text(value: float) -> str:
    return f"{value:.10g}"


def _whole(metric: str, values: npt.NDArray[np.int64]) -> list[Bin]:
    """One bin for each whole number that occurs."""
    found, counts = np.unique(values, return_counts=True)
    return [
        Bin(metric, str(v), float(v), float(v), int(n)) for v, n in zip(found, counts, strict=True)
    ]


def _counted(metric: str, counts: npt.NDArray[np.int64]) -> list[Bin]:
    """Bins of whole numbers from 0, the last one open."""
    last = len(counts) - 1
    bins = [Bin(metric, str(v), float(v), float(v), int(counts[v])) for v in range(last)]
    bins.append(Bin(metric, f"{last}+", float(last), None, int(counts[last])))
    return [b for b in bins if b.n]


def _edges(
    metric: str, values: npt.NDArray[Any], edges: tuple[float, ...], *, open_end: bool = False
) -> list[Bin]:
    """Half-open bins between edges; the last is closed, or an open one follows it. NaN is out."""
    values = values[~np.isnan(values)]
    number = np.searchsorted(edges, values, side="right") - 1
    last = len(edges) - 1
    if not open_end:
        number = np.minimum(number, last - 1)
    counts = np.bincount(np.maximum(number, 0), minlength=last + 1)
    bins = [
        Bin(metric, f"{_text(a)}-{_text(b)}", a, b, int(n))
        for a, b, n in zip(edges, edges[1:], counts, strict=False)
    ]
    bins.append(Bin(metric, f"{_text(edges[-1])}+", edges[-1], None, int(counts[last])))
    return [b for b in bins if b.n]


def _wide(metric: str, values: npt.NDArray[Any], width: float, limit: float) -> list[Bin]:
    n = int(np.ceil(limit / width))
    edges = tuple(i * width for i in range(n + 1))
    return _edges(metric, values, edges, open_end=True)


def _density(start: npt.NDArray[np.int64], window: int) -> list[Bin]:
    found, counts = np.unique(start // window, return_counts=True)
    return [
        Bin("density", f"{w * window}-{(w + 1) * window}", float(w * window),
            float((w + 1) * window), int(n))
        for w, n in zip(found, counts, strict=True)
    ]  # fmt: skip
