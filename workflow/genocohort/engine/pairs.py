"""Counts over all pairs of samples, by compiled loops where they are built.

The plain engine (`stats.kinship.count_tile`) is their oracle; all counts are whole numbers, so both
give the same, in any order and for any partition.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from genocohort.engine.allotment import Allotment
from genocohort.engine.tasks import map_tasks
from genocohort.kernels import native
from genocohort.stats.kinship import PairCounts, Tile, count_tile, make_tiles

R = TypeVar("R")
Calls = npt.NDArray[np.int8]
Blocks = Callable[[int], Iterator[Calls]]

# A variant is taken by its carriers where they are fewer than this part of all samples: their pairs
# then cost less than a bit of every pair.
_RARE = 16
# int8 calls of a block, and its variants; also counted in planes of bits and lists of carriers.
_BLOCK_BYTES = 64 << 20
_FEWEST, _MOST = 4096, 32_768
_PER_BLOCK = 3
# int32 counts of a pair, and the int64 counts and float64 values of a range's pairs at the end.
_COUNTS, _PER_PAIR_AT_END = 5, 96


def map_pairs(
    blocks: Blocks,
    n_samples: int,
    function: Callable[[Tile, PairCounts], R],
    allotment: Allotment,
) -> tuple[list[R], npt.NDArray[np.int64]]:
    """Count all pairs of samples over all variants, and apply a function to each part of them.

    Parameters
    ----------
    blocks : callable
        Given a number of variants, all calls in blocks of at most so many, shape (n_variants,
        n_samples), int8, negative is missing. It is called once, or again for further parts where
        the counts of all pairs do not fit the job's memory.
    function : callable
        Pure; gets a part's samples and counts. Of a part whose samples overlap only the pairs of a
        row before a column are counted.

    Returns
    -------
    tuple
        What the function gave, in the order of the parts; and heterozygous, homozygous ALT and
        missing calls of each variant, int64, shape (n_variants, 3).
    """
    module = native("cohort")
    if module is None or n_samples == 0:
        return _plain(blocks, n_samples, function, allotment)
    return _Native(module, blocks, n_samples).map(function, allotment)


def _plain(
    blocks: Blocks, n_samples: int, function: Callable[[Tile, PairCounts], R], allotment: Allotment
) -> tuple[list[R], npt.NDArray[np.int64]]:
    size = _block_length(n_samples)

    def of_tile(tile: Tile) -> R:
        return function(tile, count_tile(tile, blocks(size)))

    tiles = make_tiles(n_samples)
    found = map_tasks(of_tile, tiles, threads=allotment.workers(5 * size * max(n_samples, 1)))
    counts = [
        np.stack([(calls == 1).sum(axis=1), (calls == 2).sum(axis=1), (calls < 0).sum(axis=1)], 1)
        for calls in blocks(size)
    ]
    return found, np.concatenate([np.zeros((0, 3), dtype=np.int64), *counts])


def _block_length(n_samples: int) -> int:
    return min(max(_BLOCK_BYTES // max(n_samples, 1), _FEWEST), _MOST)


@dataclass(frozen=True)
class _Block:
    """A block as the kernel takes it, and its counts by variant and by sample."""

    arguments: tuple[Any, ...]
    by_variant: npt.NDArray[np.int64]
    by_sample: npt.NDArray[np.int64]


class _Native:
    """The compiled engine: ranges of rows, each with itself and all samples behind it."""

    def __init__(self, module: ModuleType, blocks: Blocks, n_samples: int) -> None:
        self._module, self._blocks, self._n = module, blocks, n_samples
        self._bounds = np.append(np.arange(0, n_samples, module.SPAN_SAMPLES), n_samples)

    def map(
        self, function: Callable[[Tile, PairCounts], R], allotment: Allotment
    ) -> tuple[list[R], npt.NDArray[np.int64]]:
        found: list[R] = []
        counts = np.zeros((0, 3), dtype=np.int64)
        for bands in self._passes(allotment):
            sums = {band: np.zeros(self._shape(band), dtype=np.int32) for band in bands}
            samples = np.zeros((3, self._n), dtype=np.int64)
            parts = [np.zeros((0, 3), dtype=np.int64)]
            for calls in self._blocks(_block_length(self._n)):
                block = self._block(calls)
                samples += block.by_sample
                parts.append(block.by_variant)
                self._add(block, sums, allotment.threads)
            counts = np.concatenate(parts)
            found += self._finish(function, sums, samples, len(counts), allotment)
        return found, counts

    def _shape(self, band: int) -> tuple[int, int, int]:
        start, end = self._bounds[band : band + 2].tolist()
        return _COUNTS, end - start, self._n - start

    def _passes(self, allotment: Allotment) -> list[list[int]]:
        """Ranges whose counts fit the memory together; at least one at a time."""
        block = _PER_BLOCK * _block_length(self._n) * self._n
        at_end = allotment.threads * _PER_PAIR_AT_END * self._module.SPAN_SAMPLES * self._n
        room = allotment.free_bytes() - block - at_end
        passes: list[list[int]] = []
        held = 0
        for band in range(len(self._bounds) - 1):
            size = 4 * int(np.prod(self._shape(band)))
            if not passes or held + size > room:
                passes.append([])
                held = 0
            passes[-1].append(band)
            held += size
        return passes

    def _block(self, calls: Calls) -> _Block:
        module, bounds = self._module, self._bounds
        calls = np.ascontiguousarray(calls)
        by_variant = module.count_calls(calls)
        het, alt, missing = by_variant.T
        ref = self._n - het - alt - missing
        is_rare = _RARE * (het + np.minimum(ref, alt) + missing) < self._n
        rare, common = np.flatnonzero(is_rare), np.flatnonzero(~is_rare)
        flipped = (alt > ref).astype(np.uint8)
        gappy = np.flatnonzero(~is_rare & (missing > 0))
        carriers = module.list_carriers(calls, rare, flipped[rare], bounds, False)
        absent = module.list_carriers(calls, gappy, flipped[gappy], bounds, True)
        arguments = (module.pack_planes(calls, common), *carriers, calls, gappy, *absent)
        # Rare homozygotes of a sample: the kernel counts their pairs less these of both.
        starts = carriers[1]
        homozygous = _between(carriers[0], starts[:, 1, 0], starts[:, 1, -1])
        own = np.bincount(homozygous, minlength=self._n)
        return _Block(arguments, by_variant, np.stack([*module.count_samples(calls), own]))

    def _add(self, block: _Block, sums: dict[int, npt.NDArray[np.int32]], threads: int) -> None:
        def add(band: int) -> None:
            self._module.add_band(band, self._bounds, *block.arguments, sums[band])

        map_tasks(add, list(sums), threads=threads)

    def _finish(
        self,
        function: Callable[[Tile, PairCounts], R],
        sums: dict[int, npt.NDArray[np.int32]],
        samples: npt.NDArray[np.int64],
        n_variants: int,
        allotment: Allotment,
    ) -> list[R]:
        het, missing, homozygous = samples

        def finish(band: int) -> R:
            start, end = self._bounds[band : band + 2].tolist()
            rows, columns = slice(start, end), slice(start, self._n)
            both_het, opposite, in_row, in_column, no_call = sums.pop(band)
            counts = PairCounts(
                n_called=n_variants - missing[rows, None] - missing[None, columns] + no_call,
                n_het_het=both_het.astype(np.int64),
                n_ibs0=homozygous[rows, None] + homozygous[None, columns] + opposite,
                n_het_row=het[rows, None] - in_row,
                n_het_column=het[None, columns] - in_column,
            )
            return function(Tile((start, end), (start, self._n)), counts)

        return map_tasks(finish, list(sums), threads=allotment.threads)


def _between(
    values: npt.NDArray[np.int32], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.int32]:
    """The values of some stretches, one behind the other."""
    edge = np.zeros(len(values) + 1, dtype=np.int64)
    np.add.at(edge, starts, 1)
    np.add.at(edge, ends, -1)
    return values[np.cumsum(edge[:-1]) > 0]
