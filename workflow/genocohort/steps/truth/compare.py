"""Compare the calls of one chromosome with known ones, allele by allele."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY, classify_allele
from genocohort.domain.site_filter import is_within
from genocohort.domain.tables_variants import FILTER_SETS
from genocohort.io.store import Store
from genocohort.io.store_selection import block_length

_Int64 = npt.NDArray[np.int64]
_Key = tuple[int, str, str]
# What is counted of each sample, class and filter set.
COUNTS = ("n_found", "n_same_genotype", "n_missed", "n_missed_uncalled", "n_extra")
OUTSIDE = "outside inputs.truth.regions"


@dataclass(frozen=True)
class Compared:
    """One chromosome.

    Attributes
    ----------
    counts : ndarray, shape (n_filter_sets, n_samples, n_classes, n_counts), int64
        FILTER_SETS, samples, ORDINARY classes of alleles, COUNTS.
    n_calls, n_outside : int
        The cohort's variants, and those of them outside the regions.
    """

    counts: _Int64
    n_calls: int
    n_outside: int


def compare_chromosome(
    calls: Store,
    truth: Store,
    columns: npt.NDArray[np.int64],
    regions: npt.NDArray[np.int64] | None,
) -> Compared:
    """Compare the calls of some samples with their known ones.

    Parameters
    ----------
    calls : Store
        The cohort's.
    truth : Store
        Known calls inside the regions.
    columns : ndarray, shape (n_samples,), int64
        The truth's samples among those of `calls`, in the truth's order.
    regions : ndarray, shape (n, 2), int64, or None
        Merged regions, 0-based half-open, by POS; None: everywhere.
    """
    inside = _inside(calls.variants.vcf_pos, regions)
    ours = _carried(calls, columns, inside)
    known = _carried(truth, np.arange(truth.n_samples), _inside(truth.variants.vcf_pos, regions))
    keys = sorted(ours.rows.keys() | known.rows.keys())
    found, expected = ours.table(keys), known.table(keys)
    kinds = [classify_allele(ref, alt).kind for _, ref, alt in keys]
    kind = np.array([ORDINARY.index(k) for k in kinds], dtype=np.int64)
    counts = np.zeros((len(FILTER_SETS), len(columns), len(ORDINARY), len(COUNTS)), dtype=np.int64)
    for i, name in enumerate(FILTER_SETS):
        # A variant that is filtered is no call: its carriers are missed.
        passing = ours.passing(keys) if name == "pass" else np.ones(len(keys), dtype=np.bool_)
        counted = _count(np.where(passing[:, None], found, 0), expected)
        for j, values in enumerate(counted):
            np.add.at(counts[i, :, :, j].T, kind, values.astype(np.int64))
    return Compared(counts, calls.n_variants, int((~inside).sum()))


def _count(
    found: npt.NDArray[np.int8], expected: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.bool_], ...]:
    """COUNTS of every variant and sample; where the truth is missing nothing is known."""
    carried = expected > 0
    return (
        carried & (found > 0),
        carried & (found == expected),
        carried & (found <= 0),
        carried & (found < 0),
        (expected == 0) & (found > 0),
    )


def _inside(
    vcf_pos: npt.NDArray[np.int64], regions: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.bool_]:
    if regions is None:
        return np.ones(len(vcf_pos), dtype=np.bool_)
    return is_within(vcf_pos, regions)


@dataclass(frozen=True)
class _Carried:
    """Variants that a sample carries or is not called at; others are REF in all."""

    rows: dict[_Key, npt.NDArray[np.int8]]
    filtered: set[_Key]
    n_samples: int

    def table(self, keys: list[_Key]) -> npt.NDArray[np.int8]:
        """Calls by variant; shape (n_keys, n_samples), -1 missing."""
        reference = np.zeros(self.n_samples, dtype=np.int8)
        rows = [self.rows.get(key, reference) for key in keys]
        return np.array(rows, dtype=np.int8).reshape(-1, self.n_samples)

    def passing(self, keys: list[_Key]) -> npt.NDArray[np.bool_]:
        return np.array([key not in self.filtered for key in keys], dtype=np.bool_)


def _carried(store: Store, columns: _Int64, inside: npt.NDArray[np.bool_]) -> _Carried:
    variants = store.variants
    rows: dict[_Key, npt.NDArray[np.int8]] = {}
    filtered: set[_Key] = set()
    for start, _, block in store.blocks(block_length(store.n_samples)):
        chosen = block[:, columns]
        for i in np.flatnonzero((chosen != 0).any(axis=1)).tolist():
            if not inside[start + i]:
                continue
            key = (
                int(variants.vcf_pos[start + i]),
                str(variants.ref[start + i]),
                str(variants.alt[start + i]),
            )
            # Of records that say the same twice, whatever is called by one of them holds.
            before = rows.get(key)
            rows[key] = chosen[i] if before is None else np.maximum(before, chosen[i])
            if variants.filter[start + i] not in ("PASS", "."):
                filtered.add(key)
    return _Carried(rows, filtered, len(columns))
