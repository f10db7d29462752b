"""Alleles that reads carry at known sites."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genocohort.domain.genome import canonical_contig
from genocohort.domain.records import (
    DELETION,
    DIFFERENT,
    EQUAL,
    INSERTION,
    MATCH,
    SECONDARY,
    SKIP,
    SOFT_CLIP,
    SUPPLEMENTARY,
    IntArray,
    RecordBatch,
)
from genocohort.errors import InputDataError

# Columns of the counts: A, C, G, T, and bases that are not used.
ALLELES = "ACGT"
N_CELLS = len(ALLELES) + 1
_CELL = np.full(256, len(ALLELES), dtype=np.int64)
_CELL[list(ALLELES.encode())] = range(len(ALLELES))


def no_counts(n_sites: int) -> IntArray:
    """Counts of sites that no read covers, int64[n_sites, N_CELLS]."""
    return np.zeros((n_sites, N_CELLS), dtype=np.int64)


class SiteTally:
    """Counts the bases of one contig's records at its sites.

    Records must give depth, be primary, and reach the mapping quality; a base that both mates of a
    pair cover counts once, that of the read that comes first.

    Parameters
    ----------
    positions : int64[n]
        Rising, 0-based.
    min_mapping_quality, min_base_quality : int
        Phred; a base of lower quality is counted as not used (without qualities all are used).

    Attributes
    ----------
    counts : int64[n, N_CELLS]
    """

    def __init__(
        self, positions: IntArray, min_mapping_quality: int, min_base_quality: int
    ) -> None:
        self.counts = no_counts(len(positions))
        self._positions = positions
        self._min_mapping_quality = min_mapping_quality
        self._min_base_quality = min_base_quality

    def add(
        self, batch: RecordBatch, end: IntArray, chosen: IntArray, shared: tuple[IntArray, ...]
    ) -> None:
        """Count a batch.

        Parameters
        ----------
        batch : RecordBatch
        end : int64[n]
            Where each record ends.
        chosen : int64[k]
            Records that give depth, all of this contig.
        shared : (int64[p], int64[p], int64[p])
            Stretches that the mate before has counted: start, end, and whose they are.
        """
        first = np.searchsorted(self._positions, batch.start[chosen])
        last = np.searchsorted(self._positions, end[chosen])
        reaches = (first < last) & (batch.n_bases[chosen] > 0)
        reaches &= (batch.flag[chosen] & (SECONDARY | SUPPLEMENTARY)) == 0
        reaches &= batch.mapping_quality[chosen] >= self._min_mapping_quality
        if not reaches.any():
            return
        bases_end, qualities_end = np.cumsum(batch.n_bases), np.cumsum(batch.n_qualities)
        taken: dict[int, list[tuple[int, int]]] = {}
        for start, stop, owner in zip(*(values.tolist() for values in shared), strict=True):
            taken.setdefault(owner, []).append((start, stop))
        for record in chosen[reaches].tolist():
            n, n_qualities = int(batch.n_bases[record]), int(batch.n_qualities[record])
            bases = batch.sequence[int(bases_end[record]) - n :][:n]
            qualities = batch.quality[int(qualities_end[record]) - n_qualities :][:n_qualities]
            for site, base in self._bases(batch, record):
                position = int(self._positions[site])
                if base >= n or any(a <= position < b for a, b in taken.get(record, [])):
                    continue
                is_low = n_qualities and qualities[base] < self._min_base_quality
                self.counts[site, len(ALLELES) if is_low else _CELL[bases[base]]] += 1

    def _bases(self, batch: RecordBatch, record: int) -> list[tuple[int, int]]:
        """Sites that a record covers, and which of its bases lie there."""
        here = slice(int(batch.operation_offset[record]), int(batch.operation_offset[record + 1]))
        at, base = int(batch.start[record]), 0
        found: list[tuple[int, int]] = []
        for operation, n in zip(
            batch.operation[here].tolist(), batch.operation_length[here].tolist(), strict=True
        ):
            if operation in (MATCH, EQUAL, DIFFERENT):
                first, last = np.searchsorted(self._positions, (at, at + n)).tolist()
                found += [(i, base + int(self._positions[i]) - at) for i in range(first, last)]
                at, base = at + n, base + n
            elif operation in (DELETION, SKIP):
                at += n
            elif operation in (INSERTION, SOFT_CLIP):
                base += n
        return found


@dataclass(frozen=True)
class KnownSites:
    """Sites of the table `sites/sites`: columns by name, each as long as the table.

    `contig` is the number of the alignment's contig, -1 where its header does not name it.
    """

    chromosome: list[str]
    vcf_pos: IntArray
    ref: list[str]
    alt: list[str]
    contig: IntArray

    def on(self, contig: int) -> IntArray:
        """Rising 0-based positions on one contig of the header."""
        return np.sort(self.vcf_pos[self.contig == contig] - 1)


def place_sites(
    rows: dict[str, list[Any]], contigs: Sequence[str], lengths: Sequence[int]
) -> KnownSites:
    """Find the contigs of the sites in a header.

    Raises
    ------
    InputDataError
        No site lies on a contig of the header, or one lies beyond its contig's end.
    """
    # Of several contigs with the same canonical name the first one holds the sites.
    numbers = {canonical_contig(name): i for i, name in reversed(list(enumerate(contigs)))}
    sites = KnownSites(
        rows["chromosome"],
        np.array(rows["vcf_pos"], dtype=np.int64),
        rows["ref"],
        rows["alt"],
        np.array([numbers.get(name, -1) for name in rows["chromosome"]], dtype=np.int64),
    )
    ends = np.array([*lengths, np.iinfo(np.int64).max], dtype=np.int64)[sites.contig]
    beyond = np.flatnonzero(sites.vcf_pos > ends)
    if len(beyond):
        raise InputDataError(
            "known sites lie beyond the end of their contig: they are of another genome build",
            where="the known sites",
            offenders=[f"{sites.chromosome[i]}:{sites.vcf_pos[i]}" for i in beyond[:5].tolist()],
            expected="sites of the build that the reads were aligned to",
        )
    if len(sites.vcf_pos) and not (sites.contig >= 0).any():
        raise InputDataError(
            "no known site lies on a contig of the alignment",
            where="the known sites",
            offenders=sorted(set(sites.chromosome))[:5],
            expected="contigs of the header: " + ", ".join(contigs[:3]),
        )
    return sites


def allele_columns(
    sample: str, sites: KnownSites, counts: dict[int, IntArray]
) -> dict[str, list[Any]]:
    """Columns of the alleles table, in the order of the sites.

    `counts` : contig of the header -> int64[n, N_CELLS], in the order of `KnownSites.on`.
    """
    cells = no_counts(len(sites.vcf_pos))
    for contig, found in counts.items():
        here = np.flatnonzero(sites.contig == contig)
        cells[here[np.argsort(sites.vcf_pos[here], kind="stable")]] = found
    rows = np.arange(len(cells))
    ref, alt = ([ALLELES.index(base) for base in bases] for bases in (sites.ref, sites.alt))
    n_ref, n_alt = cells[rows, ref], cells[rows, alt]
    used = cells[:, : len(ALLELES)].sum(axis=1)
    return {
        "sample_id": [sample] * len(cells),
        "chromosome": sites.chromosome,
        "vcf_pos": sites.vcf_pos.tolist(),
        "n_ref": n_ref.tolist(),
        "n_alt": n_alt.tolist(),
        "n_other": (used - n_ref - n_alt).tolist(),
        "n_unused": cells[:, len(ALLELES)].tolist(),
    }
