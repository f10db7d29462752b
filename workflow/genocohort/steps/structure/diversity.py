"""Diversity in windows and the folded site frequency spectrum, as tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.diversity import Diversity, compute_diversity, folded_spectrum


@dataclass(frozen=True)
class ChromosomeDiversity:
    """One chromosome: windows and spectrum of each group, in the groups' order."""

    chromosome: str
    windows: tuple[Diversity, ...]
    spectra: tuple[npt.NDArray[np.int64], ...]


def measure_chromosome(
    chromosome: str,
    counts: npt.NDArray[np.int64],
    vcf_pos: npt.NDArray[np.int64],
    sizes: Sequence[int],
    window: int,
) -> ChromosomeDiversity:
    """Windows and spectra of a chromosome.

    Parameters
    ----------
    counts : ndarray, shape (n_groups, n_variants, 2), int64
        REF and ALT alleles called in each group.
    sizes : sequence of int
        Samples in each group.
    window : int
        Base pairs.
    """
    return ChromosomeDiversity(
        chromosome,
        tuple(compute_diversity(own, vcf_pos, window) for own in counts),
        tuple(folded_spectrum(own, 2 * n) for own, n in zip(counts, sizes, strict=True)),
    )


def diversity_columns(
    groups: Sequence[tuple[str, str, int]], found: Sequence[ChromosomeDiversity]
) -> dict[str, list[Any]]:
    """Columns of structure/diversity; groups are (group_by, name, number of samples)."""
    names = (
        "group_by", "group", "n_samples", "chromosome", "start", "end", "n_segregating", "pi",
        "theta", "tajima_d",
    )  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for k, group in enumerate(groups):
        for part in found:
            own = part.windows[k]
            fixed = (*group, part.chromosome)
            for name, value in zip(names[:4], fixed, strict=True):
                columns[name] += [value] * len(own.start)
            for name in names[4:]:
                columns[name] += getattr(own, name).tolist()
    columns["tajima_d"] = [None if np.isnan(d) else d for d in columns["tajima_d"]]
    return columns


def spectrum_columns(
    groups: Sequence[tuple[str, str, int]], found: Sequence[ChromosomeDiversity]
) -> dict[str, list[Any]]:
    """Columns of structure/spectrum, summed over chromosomes."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("group_by", "group", "n_samples", "minor_allele_count", "n_variants")
    }
    for k, (group_by, name, n) in enumerate(groups):
        total = sum((part.spectra[k] for part in found), np.zeros(n + 1, dtype=np.int64))
        columns["group_by"] += [group_by] * (n + 1)
        columns["group"] += [name] * (n + 1)
        columns["n_samples"] += [n] * (n + 1)
        columns["minor_allele_count"] += list(range(n + 1))
        columns["n_variants"] += total.tolist()
    return columns
