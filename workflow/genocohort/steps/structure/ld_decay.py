"""Decay of linkage disequilibrium with distance, as a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.ld_decay import DecaySums
from genocohort.steps.structure.settings import StructureSettings


def decay_edges(settings: StructureSettings) -> npt.NDArray[np.int64]:
    """Edges of the bins of distance, in base pairs."""
    return np.array([round(1000 * kb) for kb in settings.ld_decay_kb], dtype=np.int64)


def common_enough(counts: npt.NDArray[np.int64], min_maf: float) -> npt.NDArray[np.bool_]:
    """Variants whose rarer allele has a frequency of at least `min_maf`, and is there.

    Parameters
    ----------
    counts : ndarray, shape (n_variants, 2), int64
        REF and ALT alleles called in a group.
    """
    rarer, called = counts.min(axis=1), counts.sum(axis=1)
    return np.asarray((rarer > 0) & (rarer >= min_maf * called * (1 - 1e-12)))


def decay_columns(
    groups: Sequence[tuple[str, str, int]],
    sums: Sequence[DecaySums],
    edges: npt.NDArray[np.int64],
) -> dict[str, list[Any]]:
    """Columns of structure/ld_decay; groups are (group_by, name, number of samples)."""
    names = (
        "group_by", "group", "n_samples", "start", "end", "n_pairs", "mean_r2", "adjusted_r2",
    )  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in names}
    n_bins = len(edges) - 1
    for group, own in zip(groups, sums, strict=True):
        for name, value in zip(names[:3], group, strict=True):
            columns[name] += [value] * n_bins
        columns["start"] += edges[:-1].tolist()
        columns["end"] += edges[1:].tolist()
        columns["n_pairs"] += own.n_pairs.tolist()
        for name, values in (("mean_r2", own.mean()), ("adjusted_r2", own.adjusted(group[2]))):
            columns[name] += [None if np.isnan(v) else v for v in values.tolist()]
    return columns
