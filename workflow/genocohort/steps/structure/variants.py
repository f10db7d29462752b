"""Which variants of a chromosome components are made from."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import Genome, Region
from genocohort.domain.long_range_ld import in_regions, long_range_ld_regions
from genocohort.engine.correlations import find_correlated
from genocohort.io.store_selection import Selection
from genocohort.stats.ld import BLOCK, count_windows, distance_windows, find_neighbours, prune
from genocohort.steps.structure.compute import (
    LONG_RANGE,
    PRUNED,
    Roles,
    SiteCounts,
    count_sites,
    judge_sites,
)
from genocohort.steps.structure.settings import StructureSettings

# Pruning: float32 planes of a call, and float64 products of a pair of variants.
_PER_CALL = 20
_PER_PAIR = 80


@dataclass(frozen=True)
class Chosen:
    """Variants of one chromosome that are used, and their genotypes among the fitted samples."""

    selection: Selection
    counts: SiteCounts

    def narrowed(self, keep: npt.NDArray[np.bool_], reason: str) -> "Chosen":
        """Without the variants whose `keep` is false."""
        return Chosen(self.selection.narrowed(keep, reason), self.counts.chosen(keep))


def long_range_regions(settings: StructureSettings, genome: Genome) -> tuple[Region, ...]:
    """Regions of long-range LD, as the settings give them or as known for the build."""
    if settings.long_range_ld is not None:
        return tuple(Region(*row) for row in settings.long_range_ld)
    regions = long_range_ld_regions(genome.build)
    if not regions:
        print(
            f"structure: no list of long-range LD regions is known for {genome.build}; none is "
            "left out (set structure.long_range_ld to give one)",
            file=sys.stderr,
        )
    return regions


def usable_variants(
    selection: Selection, roles: Roles, regions: Sequence[Region], settings: StructureSettings
) -> Chosen:
    """The variants of a chromosome that can say something, each dropped one with its reason."""
    counts = count_sites(calls[:, roles.fitted] for _, calls in selection.blocks())
    chosen = Chosen(selection, counts)
    position = selection.store.variants.vcf_pos[selection.indices]
    chosen = chosen.narrowed(~in_regions(selection.store.chromosome, position, regions), LONG_RANGE)
    reasons = judge_sites(chosen.counts, len(roles.fitted), settings)
    for reason in sorted(set(reasons) - {""}):
        keep = reasons != reason
        chosen, reasons = chosen.narrowed(keep, reason), reasons[keep]
    return chosen


def _windows(chosen: Chosen, settings: StructureSettings) -> list[tuple[int, int]]:
    indices = chosen.selection.indices
    if settings.ld_window_kb is None:
        return count_windows(len(indices), settings.ld_window_variants, settings.ld_step)
    span = int(settings.ld_window_kb * 1000)
    return distance_windows(chosen.selection.store.variants.vcf_pos[indices], span)


def pruning_bytes(chosen: Chosen, roles: Roles, settings: StructureSettings) -> int:
    """What pruning a chromosome takes: a block's calls as read, as float32 planes, its products."""
    indices = chosen.selection.indices
    if settings.ld_r2 is None or len(indices) < 2:
        return 0
    width = BLOCK + max((end - start for start, end in _windows(chosen, settings)), default=0)
    last = np.minimum(np.arange(0, len(indices), BLOCK) + width, len(indices)) - 1
    n_read = int((indices[last] - indices[::BLOCK]).max()) + 1
    per_variant = _PER_CALL * len(roles.fitted) + _PER_PAIR * BLOCK
    return n_read * chosen.selection.store.n_samples + width * per_variant


def pruned_variants(chosen: Chosen, roles: Roles, settings: StructureSettings) -> Chosen:
    """Without variants in LD with a kept one among the fitted samples."""
    n = len(chosen.selection.indices)
    if settings.ld_r2 is None or n < 2:
        return chosen
    store, indices = chosen.selection.store, chosen.selection.indices

    def read(start: int, end: int) -> npt.NDArray[np.int8]:
        first = int(indices[start])
        calls = store.read(first, int(indices[end - 1]) + 1)
        return calls[np.ix_(indices[start:end] - first, roles.fitted)]

    windows = _windows(chosen, settings)
    neighbours = find_neighbours(read, windows, n, settings.ld_r2, find_correlated)
    p = chosen.counts.alt_frequency
    return chosen.narrowed(prune(neighbours, windows, np.maximum(p, 1 - p)), PRUNED)


def variant_columns(chosen: Sequence[Chosen]) -> dict[str, Any]:
    """Where the chosen variants lie, their alleles and ALT frequency among the fitted samples."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("chromosome", "vcf_pos", "variant_id", "ref", "alt", "alt_frequency")
    }
    for part in chosen:
        variants, indices = part.selection.store.variants, part.selection.indices
        columns["chromosome"] += [part.selection.store.chromosome] * len(indices)
        columns["vcf_pos"] += variants.vcf_pos[indices].tolist()
        for name in ("variant_id", "ref", "alt"):
            columns[name] += variants.chosen(name, indices)
        columns["alt_frequency"] += part.counts.alt_frequency.tolist()
    return dict(columns)
