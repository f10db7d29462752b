"""Site frequency spectra of groups, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.spectrum import Spectrum, fold, projected_spectrum, projection_size

FOLDED, UNFOLDED = "folded", "unfolded"


@dataclass(frozen=True)
class ChromosomeSpectra:
    """One chromosome: the spectrum of ALT, and of the derived allele, of each group.

    `unfolded` is None where no ancestral alleles are given.
    """

    folded: tuple[Spectrum, ...]
    unfolded: tuple[Spectrum, ...] | None


def measure_spectra(
    counts: npt.NDArray[np.int64],
    sizes: Sequence[int],
    max_missing: float,
    ancestral: npt.NDArray[np.int8] | None,
) -> ChromosomeSpectra:
    """Spectra of a chromosome.

    Parameters
    ----------
    counts : ndarray, shape (n_groups, n_variants, 2), int64
        REF and ALT alleles called in each group.
    sizes : sequence of int
        Samples in each group.
    max_missing : float
        Share of a group's alleles that may be missing.
    ancestral : ndarray, shape (n_variants,), int8, or None
        0: REF is the ancestral allele, 1: ALT, -1: not known.
    """
    targets = [projection_size(n, max_missing) for n in sizes]
    folded, unfolded = [], []
    for own, target in zip(counts, targets, strict=True):
        called = own.sum(axis=1)
        folded.append(projected_spectrum(own[:, 1], called, target))
        if ancestral is not None:
            known = ancestral >= 0
            derived = np.where(ancestral == 0, own[:, 1], own[:, 0])
            found = projected_spectrum(derived[known], called[known], target)
            unknown = int((~known).sum())
            unfolded.append(Spectrum(found.values, found.n_left_out + unknown))
    return ChromosomeSpectra(tuple(folded), None if ancestral is None else tuple(unfolded))


def spectrum_columns(
    groups: Sequence[tuple[str, str, int]],
    found: Sequence[ChromosomeSpectra],
    max_missing: float,
) -> dict[str, list[Any]]:
    """Columns of structure/spectrum, summed over chromosomes."""
    names = (
        "group_by", "group", "n_samples", "spectrum", "n_alleles", "allele_count", "n_variants",
        "n_left_out",
    )  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for k, (group_by, group, n) in enumerate(groups):
        target = projection_size(n, max_missing)
        kinds = {FOLDED: [part.folded[k] for part in found]}
        if any(part.unfolded is not None for part in found):
            kinds[UNFOLDED] = [part.unfolded[k] for part in found if part.unfolded is not None]
        for kind, parts in kinds.items():
            values = sum((part.values for part in parts), np.zeros(target + 1))
            values = fold(values) if kind == FOLDED else values
            left_out = sum(part.n_left_out for part in parts)
            fixed = (group_by, group, n, kind, target)
            for name, value in zip(names[:5], fixed, strict=True):
                columns[name] += [value] * len(values)
            columns["allele_count"] += list(range(len(values)))
            columns["n_variants"] += values.tolist()
            columns["n_left_out"] += [left_out] * len(values)
    return columns
