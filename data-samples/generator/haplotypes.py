"""Sequences of a member's own haplotypes, with the reference position of every base."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ancestry import ABSENT
from .layout import ALIGNED_WINDOWS
from .sites import Site

INSERTED = -1


@dataclass
class Strand:
    """One haplotype of one window; inserted bases have reference position -1."""

    contig: str
    bases: NDArray[np.uint8]
    positions: NDArray[np.int64]


def make_strand(
    contig: str, sequence: str, sites: list[Site], member: int, copy: int
) -> Strand | None:
    """Return one haplotype of a member over the aligned window, None where it has none."""
    start, end = ALIGNED_WINDOWS[contig]
    pieces: list[str] = []
    positions: list[NDArray[np.int64]] = []
    cursor = start

    def take(until: int) -> None:
        nonlocal cursor
        if until > cursor:
            pieces.append(sequence[cursor:until])
            positions.append(np.arange(cursor, until))
            cursor = until

    for site in sites:
        if not start <= site.position < end - len(site.ref):
            continue
        allele = int(site.haplotypes[member, copy])
        if allele == ABSENT:
            return None
        alt = site.alts[allele - 1] if allele else "*"
        if alt == "*":
            continue
        take(site.position)
        pieces.append(alt)
        tail = np.full(len(alt) - 1, INSERTED)
        positions.append(np.concatenate([[site.position], tail]))
        cursor = site.position + len(site.ref)
    take(end)
    bases = np.frombuffer("".join(pieces).encode(), dtype=np.uint8)
    return Strand(contig, bases, np.concatenate(positions))


def make_strands(
    sequences: dict[str, str], sites: dict[str, list[Site]], member: int
) -> list[Strand]:
    """Return all haplotypes of a member over all aligned windows."""
    made = [
        make_strand(contig, sequences[contig], sites[contig], member, copy)
        for contig in ALIGNED_WINDOWS
        for copy in (0, 1)
    ]
    return [strand for strand in made if strand is not None]
