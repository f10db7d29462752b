"""Diversity in windows, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.diversity import Diversity, compute_diversity


@dataclass(frozen=True)
class ChromosomeDiversity:
    """One chromosome: windows of each group, in the groups' order."""

    chromosome: str
    windows: tuple[Diversity, ...]


def measure_chromosome(
    chromosome: str,
    counts: npt.NDArray[np.int64],
    vcf_pos: npt.NDArray[np.int64],
    window: int,
) -> ChromosomeDiversity:
    """Windows of a chromosome.

    Parameters
    ----------
    counts : ndarray, shape (n_groups, n_variants, 2), int64
        REF and ALT alleles called in each group.
    window : int
        Base pairs.
    """
    windows = tuple(compute_diversity(own, vcf_pos, window) for own in counts)
    return ChromosomeDiversity(chromosome, windows)


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
