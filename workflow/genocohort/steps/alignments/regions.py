"""Depth of regions, each for itself: its sum, and the bases that reach each threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genocohort.domain.genome import canonical_contig
from genocohort.domain.records import IntArray
from genocohort.errors import InputDataError
from genocohort.io.intervals import Region


@dataclass(frozen=True)
class PlacedRegions:
    """Regions on the contigs of a header, by contig, then start, then the file's order.

    Attributes
    ----------
    regions : tuple of Region
    contig : int64[n]
        Number of the header's contig of each.
    absent : tuple of Region
        On contigs that the header does not name.
    """

    regions: tuple[Region, ...]
    contig: IntArray
    absent: tuple[Region, ...]

    def on(self, contig: int) -> IntArray:
        """Starts and ends on one contig, int64[m, 2]."""
        here = np.flatnonzero(self.contig == contig).tolist()
        places = [(self.regions[i].start, self.regions[i].end) for i in here]
        return np.array(places, dtype=np.int64).reshape(-1, 2)


def place_regions(
    regions: Sequence[Region], path: str, contigs: Sequence[str], lengths: Sequence[int]
) -> PlacedRegions:
    """Find the contigs of regions in a header.

    Parameters
    ----------
    regions : sequence of Region
    path : str
        Where they are from, for messages.
    contigs, lengths
        Of the header; of several contigs with one canonical name the one of the region's own
        spelling holds it, else the first one.

    Raises
    ------
    InputDataError
        No region lies on a contig of the header, or some lie beyond their contig's end.
    """
    numbers = {canonical_contig(name): i for i, name in reversed(list(enumerate(contigs)))}
    numbers |= {name: i for i, name in enumerate(contigs)}
    found: list[tuple[int, Region]] = []
    absent: list[Region] = []
    for region in regions:
        number = numbers.get(region.contig, numbers.get(canonical_contig(region.contig)))
        if number is None:
            absent.append(region)
        else:
            found.append((number, region))
    beyond = [r for number, r in found if r.end > lengths[number]]
    if beyond:
        raise InputDataError(
            "regions lie beyond the end of their contig: they are of another genome build",
            where=f"{path}, line {beyond[0].line}",
            offenders=[f"line {r.line}: {r.contig}:{r.start}-{r.end}" for r in beyond],
            expected="regions of the build that the reads were aligned to",
        )
    if regions and not found:
        raise InputDataError(
            "no region lies on a contig of the alignment",
            where=path,
            offenders=sorted({r.contig for r in absent}),
            expected="contigs of the header: " + ", ".join(contigs[:3]),
        )
    found.sort(key=lambda item: (item[0], item[1].start))
    return PlacedRegions(
        tuple(region for _, region in found),
        np.array([number for number, _ in found], dtype=np.int64),
        tuple(absent),
    )


@dataclass(frozen=True)
class RegionCells:
    """Counts of regions of one contig, of which a stretch holds parts.

    Attributes
    ----------
    index : int64[k]
        Which regions of the contig.
    cells : int64[k, 1 + t]
        Sum of the depth, and bases that reach each threshold.
    """

    index: IntArray
    cells: IntArray

    def joined(self, other: "RegionCells") -> "RegionCells":
        """Both stretches' counts; a region may stand in both."""
        return RegionCells(
            np.concatenate([self.index, other.index]), np.concatenate([self.cells, other.cells])
        )

    def whole(self, n: int) -> IntArray:
        """The counts of all `n` regions of the contig, int64[n, 1 + t]."""
        cells = np.zeros((n, self.cells.shape[1]), dtype=np.int64)
        np.add.at(cells, self.index, self.cells)
        return cells


def no_cells(n_thresholds: int) -> RegionCells:
    """Counts of no region."""
    return RegionCells(np.zeros(0, np.int64), np.zeros((0, 1 + n_thresholds), dtype=np.int64))


def regions_between(regions: IntArray, start: int, end: int) -> tuple[IntArray, IntArray]:
    """Which regions (int64[n, 2], by start) reach into a stretch, and their parts in it."""
    last = int(np.searchsorted(regions[:, 0], end))
    index = np.flatnonzero(regions[:last, 1] > start)
    return index, np.ascontiguousarray(regions[index].clip(start, end))


class RegionTally:
    """Counts the regions of one contig from its depth, window by window.

    Parameters
    ----------
    regions : int64[n, 2]
        Starts and ends, by start; they may overlap.
    thresholds : sequence of int
    """

    def __init__(self, regions: IntArray, thresholds: Sequence[int]) -> None:
        self._regions, self._thresholds = regions, thresholds
        self._cells = np.zeros((len(regions), 1 + len(thresholds)), dtype=np.int64)

    def add(self, start: int, depth: np.ndarray) -> None:
        """Count the depth of a window that begins at `start`."""
        index, parts = regions_between(self._regions, start, start + len(depth))
        for i, (a, b) in zip(index.tolist(), parts.tolist(), strict=True):
            part = depth[a - start : b - start]
            self._cells[i, 0] += int(part.sum(dtype=np.int64))
            for k, threshold in enumerate(self._thresholds, 1):
                self._cells[i, k] += int(np.count_nonzero(part >= threshold))

    def finish(self) -> RegionCells:
        """The counts of all regions."""
        return RegionCells(np.arange(len(self._regions)), self._cells)


def region_columns(
    sample: str,
    contigs: Sequence[str],
    placed: PlacedRegions,
    cells: dict[int, IntArray],
    thresholds: Sequence[int],
) -> dict[str, Any]:
    """Columns of the regions table.

    `cells` : contig of the header -> int64[m, 1 + t], in the order of `PlacedRegions.on`.
    """
    counts = np.zeros((len(placed.regions), 1 + len(thresholds)), dtype=np.int64)
    for contig, found in cells.items():
        counts[placed.contig == contig] = found
    start, end = ([getattr(r, edge) for r in placed.regions] for edge in ("start", "end"))
    total = counts[:, 0].tolist()
    return {
        "sample_id": [sample] * len(total),
        "contig": [contigs[number] for number in placed.contig.tolist()],
        "start": start,
        "end": end,
        "name": [r.name or None for r in placed.regions],
        "fragment_depth_sum": total,
        "mean_fragment_depth": [
            n / (b - a) if b > a else None for n, a, b in zip(total, start, end, strict=True)
        ],
        **{f"bases_{x}x": counts[:, k].tolist() for k, x in enumerate(thresholds, 1)},
    }
