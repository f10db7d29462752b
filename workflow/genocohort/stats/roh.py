"""Runs of homozygosity by a sliding window over the variants of one chromosome."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.integer]

# Guards the rounding up of a share of windows against its own representation.
_EPSILON = 1e-9


@dataclass(frozen=True)
class RunCriteria:
    """What makes a window homozygous, a variant part of a run, and a run long enough.

    A variant belongs to a run when at least `window_share` of the windows that cover it hold at
    most `window_het` heterozygous and `window_missing` missing calls. Lengths are base pairs.
    """

    window: int
    window_het: int
    window_missing: int
    window_share: float
    min_variants: int
    min_length: int
    max_spacing: int
    max_gap: int


@dataclass(frozen=True)
class Runs:
    """Runs ordered by sample and position; arrays of shape (n_runs,), int64.

    `first` and `last` are the ranks of a run's outermost variants.
    """

    sample: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]


def find_runs(
    blocks: Iterable[npt.NDArray[np.int8]],
    vcf_pos: npt.NDArray[np.int64],
    n_samples: int,
    criteria: RunCriteria,
) -> Runs:
    """Runs of homozygosity of every sample.

    Parameters
    ----------
    blocks : iterable of ndarray, shape (n_in_block, n_samples), int8
        ALT allele counts of all variants in order of position; negative is missing. Blocks of any
        length give the same runs; one block and two windows are held.
    vcf_pos : ndarray, shape (n_variants,), int64
        Positions, ascending.

    References
    ----------
    Purcell et al. 2007, Am J Hum Genet 81:559; plink 1.9 --homozyg.
    """
    n = len(vcf_pos)
    if n < criteria.window:
        return Runs(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    broken = np.diff(vcf_pos, prepend=vcf_pos[0]) > criteria.max_gap
    covering = np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1))
    covering = np.minimum(covering, criteria.window)
    needed = np.ceil(criteria.window_share * covering - _EPSILON).astype(np.int64)
    starts: list[npt.NDArray[np.int64]] = []
    ends: list[npt.NDArray[np.int64]] = []
    before = np.zeros((1, n_samples), dtype=bool)
    done = 0
    for hits in _hits(_homozygous_windows(blocks, n_samples, criteria), n_samples, criteria.window):
        place = slice(done, done + len(hits))
        inside = hits >= needed[place, None]
        previous = np.concatenate([before, inside[:-1]])
        gap = broken[place, None]
        starts.append(_events(inside & (~previous | gap), done))
        ends.append(_events(previous & (~inside | gap), done - 1))
        before = inside[-1:]
        done += len(hits)
    ends.append(_events(before, n - 1))
    start, end = _in_order(starts), _in_order(ends)
    runs = Runs(start[:, 1], start[:, 0], end[:, 0])
    return _long_enough(runs, vcf_pos, criteria)


def _homozygous_windows(
    blocks: Iterable[npt.NDArray[np.int8]], n_samples: int, criteria: RunCriteria
) -> Iterator[Flags]:
    """Whether the window that starts at each variant is homozygous, for all complete windows."""
    width = criteria.window
    rest = np.zeros((0, n_samples), dtype=np.int8)
    for block in blocks:
        calls = np.concatenate([rest, block])
        if len(calls) >= width:
            few_het = _moving_sum(calls == 1, width) <= criteria.window_het
            yield few_het & (_moving_sum(calls < 0, width) <= criteria.window_missing)
            calls = calls[len(calls) - width + 1 :]
        rest = calls


def _hits(windows: Iterable[Flags], n_samples: int, width: int) -> Iterator[Counts]:
    """How many homozygous windows cover each variant, in order."""
    padding = np.zeros((width - 1, n_samples), dtype=bool)
    rest = padding
    for flags in windows:
        joined = np.concatenate([rest, flags])
        yield _moving_sum(joined, width)
        rest = joined[len(joined) - width + 1 :]
    if width > 1:
        yield _moving_sum(np.concatenate([rest, padding]), width)


def _moving_sum(flags: Flags, width: int) -> Counts:
    """Sums of `width` consecutive rows."""
    # Sums of 1, 2, 4 ... rows; those of the binary digits of the width make up its own.
    power: Counts = flags.astype(np.uint8 if width < 256 else np.int32)
    n, span, done = len(flags) - width + 1, 1, 0
    total = np.zeros((n, flags.shape[1]), dtype=power.dtype)
    while True:
        if width & span:
            total += power[done : done + n]
            done += span
        if done == width:
            return total
        power = power[:-span] + power[span:]
        span *= 2


def _events(flags: Flags, offset: int) -> npt.NDArray[np.int64]:
    """Rank and sample of the flags that are set; shape (n, 2)."""
    found = np.argwhere(flags).astype(np.int64)
    found[:, 0] += offset
    return found


def _in_order(parts: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """All events by sample, then rank; starts and ends of runs alternate, so they pair up."""
    events = np.concatenate(parts)
    return np.asarray(events[np.lexsort((events[:, 0], events[:, 1]))])


def _long_enough(runs: Runs, vcf_pos: npt.NDArray[np.int64], criteria: RunCriteria) -> Runs:
    n_variants = runs.last - runs.first + 1
    length = vcf_pos[runs.last] - vcf_pos[runs.first] + 1
    keep = (n_variants >= criteria.min_variants) & (length >= criteria.min_length)
    keep &= length <= n_variants * criteria.max_spacing
    return Runs(runs.sample[keep], runs.first[keep], runs.last[keep])


def covered_length(vcf_pos: npt.NDArray[np.int64], max_gap: int) -> int:
    """Base pairs in which runs can lie: from the first to the last variant without wide gaps."""
    if len(vcf_pos) == 0:
        return 0
    steps = np.diff(vcf_pos)
    return int(steps[steps <= max_gap].sum()) + 1 + int((steps > max_gap).sum())
