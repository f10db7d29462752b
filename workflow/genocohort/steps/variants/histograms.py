"""Distributions of one chromosome's alleles and records, added up batch by batch."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY, SUBSTITUTIONS
from genocohort.domain.call_counts import CLASS_CODE
from genocohort.domain.ploidy import COMPLETE, GenotypeClass
from genocohort.domain.tables_variants import GENOTYPE_COUNTS
from genocohort.steps.variants.compute import IS_TRANSITION, ratio
from genocohort.steps.variants.settings import VariantsSettings

AF_EDGES = (
    0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
)  # fmt: skip
_MISSINGNESS_EDGES = tuple(i / 20 for i in range(21))
_HWE_EDGES = tuple(i / 2 for i in range(41))
_ORDINARY_CODES = [CLASS_CODE[name] for name in ORDINARY]
_INDELS = (CLASS_CODE["insertion"], CLASS_CODE["deletion"])


class Bin(NamedTuple):
    """One bin of one distribution; `start` and `end` are None for substitutions, `end` is None for
    an open last bin and equals `start` for a single whole number."""

    metric: str
    label: str
    start: float | None
    end: float | None
    n: int


class Histograms:
    """All distributions of one set of records, but those of genotypes.

    Parameters
    ----------
    settings : VariantsSettings
    """

    def __init__(self, settings: VariantsSettings) -> None:
        self._settings = settings
        n = int(np.ceil(settings.max_qual / settings.qual_width))
        self._edges = {
            "af_transitions": (AF_EDGES, False),
            "af_transversions": (AF_EDGES, False),
            "site_missingness": (_MISSINGNESS_EDGES, False),
            "qual": (tuple(i * settings.qual_width for i in range(n + 1)), True),
            "hwe_neg_log10_p": (_HWE_EDGES, True),
        }
        self._counts: dict[str, Counter[int]] = {}

    def add(self, counts: Mapping[str, npt.NDArray[Any]], neg_log10_p: npt.NDArray[Any]) -> None:
        """Add the rows of a batch.

        Parameters
        ----------
        counts : mapping of str to ndarray, shape (n_rows,)
            Numbers as the step `genotypes` counts them.
        neg_log10_p : ndarray, shape (n_rows,)
            Of the Hardy-Weinberg test.
        """
        kinds, substitution = counts["allele_class"], counts["substitution"]
        called = np.isin(kinds, _ORDINARY_CODES) & (counts["an"] > 0)
        transition = (substitution >= 0) & IS_TRANSITION[substitution]
        transversion = (substitution >= 0) & ~transition
        first = counts["allele"] <= 1
        af = ratio(counts["ac"], counts["an"])
        classes = np.stack([counts[name][first] for name in GENOTYPE_COUNTS])
        due = classes.sum(axis=0) - classes[GenotypeClass.NOT_EXPECTED]
        call_rate = ratio(classes[list(COMPLETE)].sum(axis=0), due)
        folded = np.minimum(counts["ac"], counts["an"] - counts["ac"])[called]
        self._whole("substitution", substitution[substitution >= 0])
        self._whole("indel_length", counts["length_change"][np.isin(kinds, _INDELS)])
        self._whole("sfs", folded)
        self._within("af_transitions", af[called & transition])
        self._within("af_transversions", af[called & transversion])
        self._within("site_missingness", np.round(1 - call_rate, 12))
        self._within("qual", counts["qual"][first])
        self._within("hwe_neg_log10_p", neg_log10_p)
        start = counts["vcf_pos"][first] - 1
        self._whole("density", start // self._settings.density_window_bp)

    def _whole(self, metric: str, values: npt.NDArray[Any]) -> None:
        found, n = np.unique(values, return_counts=True)
        counter = self._counts.setdefault(metric, Counter())
        counter.update(dict(zip(found.tolist(), n.tolist(), strict=True)))

    def _within(self, metric: str, values: npt.NDArray[Any]) -> None:
        """Half-open bins between edges; the last is closed, or an open one follows. NaN is out."""
        edges, open_end = self._edges[metric]
        values = values[~np.isnan(values)]
        number = np.searchsorted(edges, values, side="right") - 1
        if not open_end:
            number = np.minimum(number, len(edges) - 2)
        self._whole(metric, np.maximum(number, 0))

    def bins(self, depth: npt.NDArray[np.int64], quality: npt.NDArray[np.int64]) -> list[Bin]:
        """All bins; in the order of METRICS, empty ones left out, but for substitutions.

        Parameters
        ----------
        depth, quality : ndarray of int64
            Genotypes by FORMAT/DP and GQ, whole values from 0; the last cell holds all from there.
        """
        settings = self._settings
        types = self._counts.get("substitution", Counter())
        bins = [Bin("substitution", s, None, None, types[i]) for i, s in enumerate(SUBSTITUTIONS)]
        for metric in ("indel_length", "sfs"):
            bins += [Bin(metric, str(v), float(v), float(v), n) for v, n in self._sorted(metric)]
        for metric in ("af_transitions", "af_transversions", "site_missingness"):
            bins += self._edge_bins(metric)
        bins += _counted("dp", depth, settings.max_depth)
        bins += _counted("gq", quality, settings.max_genotype_quality)
        bins += self._edge_bins("qual") + self._edge_bins("hwe_neg_log10_p")
        width = settings.density_window_bp
        bins += [
            Bin("density", f"{w * width}-{(w + 1) * width}", float(w * width),
                float((w + 1) * width), n)
            for w, n in self._sorted("density")
        ]  # fmt: skip
        return bins

    def _sorted(self, metric: str) -> list[tuple[int, int]]:
        return sorted(self._counts.get(metric, Counter()).items())

    def _edge_bins(self, metric: str) -> list[Bin]:
        edges, _ = self._edges[metric]
        bins = []
        for i, n in self._sorted(metric):
            if i < len(edges) - 1:
                label = f"{_text(edges[i])}-{_text(edges[i + 1])}"
                bins.append(Bin(metric, label, edges[i], edges[i + 1], n))
            else:
                bins.append(Bin(metric, f"{_text(edges[-1])}+", edges[-1], None, n))
        return bins


def _text(value: float) -> str:
    return f"{value:.10g}"


def _counted(metric: str, counts: npt.NDArray[np.int64], last: int) -> list[Bin]:
    """Bins of whole numbers from 0; all from `last` on are one."""
    folded = counts[: last + 1].copy()
    folded[last] += counts[last + 1 :].sum()
    bins = [Bin(metric, str(v), float(v), float(v), int(folded[v])) for v in range(last)]
    bins.append(Bin(metric, f"{last}+", float(last), None, int(folded[last])))
    return [b for b in bins if b.n]
