"""Which samples and variants components are made from, and the step's tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.fst import Fst, compute_fst
from genocohort.stats.hwe import hwe_exact
from genocohort.stats.pca import Components
from genocohort.steps.structure.settings import StructureSettings

NO_CALL = "no call among the fitted samples"
MONOMORPHIC = "one allele only among the fitted samples"
MISSING = "too many missing calls among the fitted samples"
RARE = "minor allele too rare among the fitted samples"
HARDY_WEINBERG = "departs from Hardy-Weinberg proportions"
LONG_RANGE = "in a region of long-range linkage disequilibrium"
PRUNED = "in linkage disequilibrium with a kept variant"


@dataclass(frozen=True)
class Roles:
    """Indices into the store's samples: those fitted, and their relatives to project."""

    fitted: npt.NDArray[np.int64]
    projected: npt.NDArray[np.int64]

    @property
    def all(self) -> npt.NDArray[np.int64]:
        """Fitted first, then projected."""
        return np.concatenate([self.fitted, self.projected])


def choose_roles(
    samples: Sequence[str],
    failed: Iterable[str],
    relatives: Iterable[tuple[str, str]],
    call_rate: Mapping[str, float],
) -> Roles:
    """Fit on samples that did not fail and of which no two are relatives; project the others.

    The sample with the most relatives left is set aside first, of several the one with the lowest
    call rate, then the last in order, until no two relatives are left.

    Parameters
    ----------
    relatives : iterable of pairs of sample ids
        Too closely related to be fitted together.
    call_rate : mapping of sample id to float
        A sample that is not in it counts as 0.
    """
    out = set(failed)
    place = {s: i for i, s in enumerate(samples) if s not in out}
    links: dict[str, set[str]] = {}
    for a, b in relatives:
        if a in place and b in place:
            links.setdefault(a, set()).add(b)
            links.setdefault(b, set()).add(a)
    aside = set()
    while links:
        worst = max(links, key=lambda s: (len(links[s]), -call_rate.get(s, 0.0), place[s]))
        for other in links.pop(worst):
            links[other].discard(worst)
            if not links[other]:
                del links[other]
        aside.add(worst)
    fitted = [i for s, i in place.items() if s not in aside]
    projected = [i for s, i in place.items() if s in aside]
    return Roles(np.array(fitted, dtype=np.int64), np.array(projected, dtype=np.int64))


@dataclass(frozen=True)
class SiteCounts:
    """Genotypes of variants among the fitted samples; arrays of shape (n_variants,), int64."""

    n_hom_ref: npt.NDArray[np.int64]
    n_het: npt.NDArray[np.int64]
    n_hom_alt: npt.NDArray[np.int64]

    @property
    def n_called(self) -> npt.NDArray[np.int64]:
        return self.n_hom_ref + self.n_het + self.n_hom_alt

    @property
    def alt_frequency(self) -> npt.NDArray[np.float64]:
        """ALT allele frequency; NaN without a call."""
        called = self.n_called
        p = np.full(len(called), np.nan)
        np.divide(self.n_het + 2 * self.n_hom_alt, 2 * called, out=p, where=called > 0)
        return p

    def chosen(self, keep: npt.NDArray[np.bool_]) -> "SiteCounts":
        """The counts of some of the variants."""
        return SiteCounts(self.n_hom_ref[keep], self.n_het[keep], self.n_hom_alt[keep])


def count_sites(blocks: Iterable[npt.NDArray[np.int8]]) -> SiteCounts:
    """Genotype counts of blocks of calls (n_variants, n_fitted), int8."""
    parts = [np.stack([(calls == g).sum(axis=1) for g in (0, 1, 2)]) for calls in blocks]
    counts = np.concatenate([np.zeros((3, 0), dtype=np.int64), *parts], axis=1)
    return SiteCounts(*counts.astype(np.int64))


def judge_sites(
    counts: SiteCounts, n_fitted: int, settings: StructureSettings
) -> npt.NDArray[np.object_]:
    """Why a variant is not used, by its genotypes; empty text for those that are."""
    called, p = counts.n_called, counts.alt_frequency
    reasons = np.full(len(called), "", dtype=object)
    if settings.hwe_p_min is not None:
        p_value = hwe_exact(counts.n_hom_ref, counts.n_het, counts.n_hom_alt).p
        reasons[p_value < settings.hwe_p_min] = HARDY_WEINBERG
    reasons[np.minimum(p, 1 - p) < settings.min_maf] = RARE
    reasons[called < (1 - settings.max_missing) * n_fitted * (1 - 1e-12)] = MISSING
    reasons[(p == 0) | (p == 1)] = MONOMORPHIC
    reasons[called == 0] = NO_CALL
    return reasons


def group_samples(
    roles: Roles, groups: Sequence[str | None], min_size: int
) -> dict[str, npt.NDArray[np.int64]]:
    """Fitted samples of each named group that is large enough, in alphabetical order of names."""
    members: dict[str, list[int]] = {}
    for i in roles.fitted.tolist():
        name = groups[i]
        if name:
            members.setdefault(name, []).append(i)
    return {
        name: np.array(found, dtype=np.int64)
        for name, found in sorted(members.items())
        if len(found) >= min_size
    }


def count_group_alleles(
    blocks: Iterable[npt.NDArray[np.int8]], groups: Sequence[npt.NDArray[np.int64]]
) -> npt.NDArray[np.int64]:
    """REF and ALT alleles called in each group; shape (n_groups, n_variants, 2)."""
    parts = [
        np.stack([_allele_counts(calls[:, members]) for members in groups]) for calls in blocks
    ]
    return np.concatenate([np.zeros((len(groups), 0, 2), dtype=np.int64), *parts], axis=1)


def _allele_counts(calls: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    alt = np.maximum(calls, 0).sum(axis=1, dtype=np.int64)
    return np.stack([2 * (calls >= 0).sum(axis=1) - alt, alt], axis=1)


def fst_table(
    group_by: str,
    groups: Mapping[str, npt.NDArray[np.int64]],
    counts: npt.NDArray[np.int64],
    n_blocks: int,
) -> tuple[dict[str, list[Any]], list[tuple[str, str, Fst]]]:
    """Columns of structure/fst, and each pair's estimate."""
    names = list(groups)
    estimates = [
        (a, b, compute_fst(counts[i], counts[j], n_blocks))
        for (i, a), (j, b) in combinations(enumerate(names), 2)
    ]
    columns: dict[str, list[Any]] = {
        "group_by": [group_by] * len(estimates),
        "group_1": [a for a, _, _ in estimates],
        "group_2": [b for _, b, _ in estimates],
        "n_1": [len(groups[a]) for a, _, _ in estimates],
        "n_2": [len(groups[b]) for _, b, _ in estimates],
        "n_variants": [fst.n_variants for _, _, fst in estimates],
        "fst": [fst.value for _, _, fst in estimates],
        "standard_error": [fst.standard_error for _, _, fst in estimates],
    }
    return columns, estimates


def components_columns(
    samples: Sequence[str],
    roles: Roles,
    fitted: Components,
    projected: npt.NDArray[np.float64],
) -> dict[str, Any]:
    """Columns of structure/components, in the store's order of samples."""
    order = np.argsort(roles.all, kind="stable")
    values = np.concatenate([fitted.vectors, projected])[order]
    names = [samples[i] for i in roles.all[order]]
    role = np.array(["fitted"] * len(roles.fitted) + ["projected"] * len(roles.projected))
    return {
        "sample_id": names,
        "role": role[order].tolist(),
        **{f"PC{k + 1}": values[:, k] for k in range(values.shape[1])},
    }


def eigenvalue_columns(components: Components) -> dict[str, Any]:
    """Columns of structure/eigenvalues."""
    k = len(components.eigenvalues)
    return {
        "component": np.arange(1, k + 1, dtype=np.int32),
        "eigenvalue": components.eigenvalues,
        "fraction": components.eigenvalues / (components.total or np.nan),
    }
