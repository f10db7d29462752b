"""Allele counts of a few named variants for every participant, from the genotype store."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import canonical_contig
from genocohort.errors import ConfigError
from genocohort.io.store import Store

Floats = npt.NDArray[np.float64]


def read_allele_counts(
    folder: Path | None,
    chromosomes: Sequence[str],
    variants: Sequence[str],
    links: Mapping[str, list[Any]],
    participants: Sequence[str],
) -> dict[str, Floats]:
    """Copies of the alternate allele per participant.

    Parameters
    ----------
    folder : Path or None
        The genotype store; None where the study has no calls.
    chromosomes : sequence of str
        Chromosomes of the store.
    variants : sequence of str
        `chrom:pos:ref:alt`, the position 1-based.
    links : mapping
        Columns of the table `samples`.
    participants : sequence of str

    Returns
    -------
    dict of str to ndarray, shape (n_participants,), float64
        0, 1 or 2; NaN without a call. Of several samples of one participant the first with a call
        counts.

    Raises
    ------
    ConfigError
        The calls don't hold a variant.
    """
    found: dict[str, Floats] = {}
    names = {canonical_contig(name): name for name in chromosomes}
    for variant in variants:
        contig, position, ref, alt = variant.split(":")
        name = names.get(canonical_contig(contig))
        row = None
        if folder is not None and name is not None:
            store = Store(folder, name)
            row = _find(store, int(position), ref, alt)
        if row is None:
            raise ConfigError(
                f"survival: the calls do not hold the variant {variant}",
                expected="chrom:pos:ref:alt of a biallelic record of the calls (1-based position)",
                remedy="correct it, or take it out of outcomes.survival",
            )
        calls = store.read(row, row + 1)[0]
        copies = np.where(calls >= 0, calls, np.nan)
        found[variant] = first_by_participant(store.samples, copies, links, participants)
    return found


def _find(store: Store, position: int, ref: str, alt: str) -> int | None:
    variants = store.variants
    here = np.flatnonzero(variants.vcf_pos == position)
    return next((int(i) for i in here if variants.ref[i] == ref and variants.alt[i] == alt), None)


def first_by_participant(
    samples: Sequence[str],
    values: Floats,
    links: Mapping[str, list[Any]],
    participants: Sequence[str],
) -> Floats:
    """Each participant's first value among their samples; NaN without any.

    Parameters
    ----------
    samples : sequence of str
        Samples of the store.
    values : ndarray, shape (n_samples,), float64
        NaN where a sample has none.
    links : mapping
        Columns of the table `samples`.
    """
    participant_of = dict(zip(links["sample_id"], links["participant_id"], strict=True))
    place = {participant: i for i, participant in enumerate(participants)}
    found = np.full(len(participants), np.nan)
    for sample, value in zip(samples, values, strict=True):
        at = place.get(participant_of.get(sample, ""))
        if at is not None and np.isnan(found[at]):
            found[at] = value
    return found
