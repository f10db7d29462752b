"""Which records of the calls are let in, by FILTER, QUAL and regions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genocohort.domain.calls import CallBatch

# Why a record is left out, in the order in which it is looked at; the first reason counts.
LEFT_OUT = (
    "FILTER is not among genotypes.filters",
    "QUAL is missing or below genotypes.min_quality",
    "outside inputs.include_regions",
    "inside inputs.exclude_regions",
)
_NOWHERE = np.zeros((0, 2), dtype=np.int64)


def merge_regions(regions: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Regions in ascending order, those that touch as one; shape (n, 2), 0-based half-open."""
    merged: list[list[int]] = []
    for start, end in sorted(r for r in regions if r[0] < r[1]):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return np.array(merged, dtype=np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class SiteFilter:
    """What a record of one contig must have to be let in; by default nothing.

    Attributes
    ----------
    filters : tuple of str or None
        Every FILTER value of a record must be one of these; PASS stands for `.` too. None: any.
    min_quality : float
        The lowest QUAL, on the Phred scale; NaN: any, and none.
    include : ndarray, shape (n, 2), int64, or None
        Regions that POS must lie in (merged, 0-based half-open). None: anywhere.
    exclude : ndarray, shape (n, 2), int64
        Regions that POS must not lie in.
    """

    filters: tuple[str, ...] | None = None
    min_quality: float = float("nan")
    include: npt.NDArray[np.int64] | None = None
    exclude: npt.NDArray[np.int64] = field(default_factory=_NOWHERE.copy)

    @property
    def lets_all_in(self) -> bool:
        """Whether no record can be left out."""
        nowhere = self.include is None and not len(self.exclude)
        return self.filters is None and np.isnan(self.min_quality) and nowhere

    def judge(self, batch: CallBatch) -> npt.NDArray[np.int64]:
        """Why each record is left out: 0 for those let in, else 1 + the place in LEFT_OUT."""
        found = np.zeros(batch.n_records, dtype=np.int64)
        if len(self.exclude):
            found[is_within(batch.vcf_pos, self.exclude)] = 4
        if self.include is not None:
            found[~is_within(batch.vcf_pos, self.include)] = 3
        if not np.isnan(self.min_quality):
            found[~(batch.qual >= self.min_quality)] = 2
        if self.filters is not None:
            accepted = set(self.filters)
            found[[not self._accepts(text, accepted) for text in batch.filter]] = 1
        return found

    @staticmethod
    def _accepts(text: str, accepted: set[str]) -> bool:
        return accepted.issuperset("PASS" if v == "." else v for v in text.split(";"))


def is_within(
    vcf_pos: npt.NDArray[np.int64], regions: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether each 1-based position lies in one of the merged regions."""
    place = np.searchsorted(regions[:, 0], vcf_pos - 1, side="right") - 1
    if not len(regions):
        return np.zeros(len(vcf_pos), dtype=np.bool_)
    return np.asarray((place >= 0) & (vcf_pos <= regions[place, 1]))
