"""Matching a panel's variants to the cohort's, and from places to groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.errors import InputDataError
from genocohort.stats.centroids import assign_nearest, fit_centroids
from genocohort.steps.ancestry.settings import AncestrySettings

Floats = npt.NDArray[np.float64]

UNASSIGNED = "unassigned"
NOT_SNV = "no single-base variant, or A/T or C/G, whose strand cannot be told"
NOT_IN_PANEL = "not in the ancestry panel"
LONG_RANGE = "in a region of long-range linkage disequilibrium"
CLOSE = "close to another variant, rare, or often missing in the ancestry panel"
MISSING = "too many missing calls in the cohort"
PRUNED = "in linkage disequilibrium with a kept variant in the ancestry panel"

_COMPLEMENTS = frozenset(("AT", "TA", "CG", "GC"))
_BASES = frozenset("ACGT")


def is_clear(ref: str, alt: str) -> bool:
    """Whether a variant is of single bases that are not each other's complement."""
    return ref in _BASES and alt in _BASES and ref + alt not in _COMPLEMENTS


@dataclass(frozen=True)
class Wanted:
    """Variants of the cohort on a chromosome; positions 1-based, ascending."""

    vcf_pos: npt.NDArray[np.int64]
    ref: list[str]
    alt: list[str]

    def find(self, vcf_pos: int, ref: str, alt: str) -> tuple[int, bool] | None:
        """Rank of the variant with these alleles, and whether they are swapped; None: not there."""
        first, last = np.searchsorted(self.vcf_pos, (vcf_pos, vcf_pos + 1))
        for i in range(int(first), int(last)):
            own = (self.ref[i], self.alt[i])
            if own in ((ref, alt), (alt, ref)):
                return i, own != (ref, alt)
        return None


class PanelSieve:
    """Takes the panel's variants one after the other; keeps those that can be used.

    Parameters
    ----------
    wanted : Wanted
    n_samples : int
        Labelled samples of the panel.
    settings : AncestrySettings
    """

    def __init__(self, wanted: Wanted, n_samples: int, settings: AncestrySettings) -> None:
        self._wanted, self._settings = wanted, settings
        self._last: float = -np.inf
        self._rows: list[npt.NDArray[np.int8]] = []
        self._ranks: list[int] = []
        self._n = n_samples
        self.is_matched = np.zeros(len(wanted.vcf_pos), dtype=bool)

    def add(self, vcf_pos: int, ref: str, alt: str, calls: npt.NDArray[np.int8]) -> None:
        """One variant of the panel; calls of its samples, ALT alleles, -1 missing."""
        found = self._wanted.find(vcf_pos, ref, alt)
        if found is None or self.is_matched[found[0]]:
            return
        rank, is_swapped = found
        self.is_matched[rank] = True
        if vcf_pos - self._last < 1000 * self._settings.min_spacing_kb:
            return
        called = calls >= 0
        n = int(called.sum())
        if n == 0 or n < (1 - self._settings.max_missing) * self._n * (1 - 1e-12):
            return
        p = float(calls[called].sum()) / (2 * n)
        if min(p, 1 - p) < self._settings.min_maf:
            return
        self._last = vcf_pos
        self._rows.append(np.where(called, 2 - calls, -1).astype(np.int8) if is_swapped else calls)
        self._ranks.append(rank)

    def taken(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
        """Ranks of the variants kept, ascending, and their calls by the cohort's ALT allele."""
        order = np.argsort(self._ranks, kind="stable")
        ranks = np.array(self._ranks, dtype=np.int64)[order]
        rows = np.array(self._rows, dtype=np.int8).reshape(len(ranks), self._n)
        return ranks, rows[order]


def alt_frequency(calls: npt.NDArray[np.int8]) -> Floats:
    """ALT allele frequency of variants with calls (n_variants, n_samples)."""
    called = (calls >= 0).sum(axis=1)
    return np.asarray(np.maximum(calls, 0).sum(axis=1, dtype=np.int64) / (2 * called))


@dataclass(frozen=True)
class Assigned:
    """Columns of ancestry/samples and ancestry/groups, and what a reader should be told."""

    samples: dict[str, list[Any]]
    groups: dict[str, list[Any]]
    notice: str


def assign_groups(
    samples: Sequence[str],
    n_called: npt.NDArray[np.int64],
    places: Floats,
    panel: Floats,
    labels: Sequence[str | None],
    settings: AncestrySettings,
) -> Assigned:
    """Assign samples to the panel's groups.

    Normal clouds of one common covariance (linear discriminants), not a forest of trees: their
    distance tells also who belongs to no group of the panel, which the votes of a forest cannot,
    and they need no package and no seed.

    Parameters
    ----------
    n_called : ndarray, shape (n_samples,), int64
    places, panel : ndarray, shape (n_samples, k) and (n_panel, k)
        Components of the cohort and of the panel.
    labels : sequence of str or None
        Groups of the panel's samples.

    Raises
    ------
    InputDataError
        No two groups of the panel can be told apart.
    """
    k = min(settings.group_components, panel.shape[1])
    exists = ~np.isnan(panel[:, :k]).any(axis=0)
    learned, placed = panel[:, :k][:, exists], places[:, :k][:, exists]
    centroids = fit_centroids(learned, labels, settings.min_labelled)
    if centroids is None:
        raise InputDataError(
            "no two groups of the ancestry panel can be told apart",
            where="inputs.ancestry_panel",
            offenders=sorted({x for x in labels if x}),
            expected=f"two groups of {settings.min_labelled} samples or more",
            remedy="check the labels, or lower ancestry.min_labelled",
        )
    known: npt.NDArray[np.bool_] = ~np.asarray(np.isnan(placed).any(axis=1))
    found = assign_nearest(np.where(known[:, None], placed, 0.0), centroids)
    near = known & (found.probability >= settings.min_probability)
    near &= found.distance_p >= settings.min_distance_p
    nearest = [centroids.names[g] for g in found.nearest]
    inferred = [name if ok else UNASSIGNED for name, ok in zip(nearest, near, strict=True)]
    own = assign_nearest(learned, centroids)
    groups: dict[str, list[Any]] = {
        "group": list(centroids.names), "n_panel": [], "panel_agreement": [], "n_assigned": [],
    }  # fmt: skip
    for g, name in enumerate(centroids.names):
        members = np.array([label == name for label in labels], dtype=bool)
        groups["n_panel"].append(int(members.sum()))
        groups["panel_agreement"].append(float((own.nearest[members] == g).mean()))
        groups["n_assigned"].append(inferred.count(name))
    there = known.tolist()
    return Assigned(
        {
            "sample_id": list(samples),
            "n_variants": n_called.tolist(),
            "nearest": [name if ok else None for name, ok in zip(nearest, there, strict=True)],
            "ancestry_inferred": inferred,
            "probability": _where(found.probability, there),
            "distance_p": _where(found.distance_p, there),
        },
        groups,
        f"{int(near.sum())} samples assigned to {len(centroids.names)} groups, "
        f"{len(samples) - int(near.sum())} unassigned",
    )


def _where(values: Floats, there: Sequence[bool]) -> list[float | None]:
    return [v if ok else None for v, ok in zip(values.tolist(), there, strict=True)]
