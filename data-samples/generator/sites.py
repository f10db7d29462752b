"""Variant records: alleles given to the simulated mutations against the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ancestry import ABSENT, Haplotypes, Mutations
from .layout import AUTOSOMES, stream

EDGE = 60
INDEL_SHARE, STAR_SHARE = 0.07, 0.003
MULTIALLELIC_SHARE, COMMON_MULTIALLELIC_SHARE = 0.006, 0.12
TRANSITION_SHARE = 0.68
LOW_QUALITY_SHARE = 0.03
TRANSITIONS = {"A": "G", "G": "A", "C": "T", "T": "C"}


@dataclass
class Site:
    """One VCF record; haplotypes (members, 2) hold allele numbers, -1 where there is none."""

    contig: str
    position: int
    ref: str
    alts: tuple[str, ...]
    haplotypes: Haplotypes
    kind: str
    identifier: str = "."
    quality: float = 0.0
    passed: bool = True

    def alt_count(self) -> int:
        """Return the number of non-reference alleles among all haplotypes."""
        return int((self.haplotypes > 0).sum())

    def dosage(self) -> NDArray[np.int64]:
        """Return the number of first ALT alleles of each member."""
        carried: NDArray[np.int64] = np.sum(self.haplotypes == 1, axis=1, dtype=np.int64)
        return carried

    def alt_frequency(self) -> float:
        """Return the frequency of the first ALT allele."""
        return float((self.haplotypes == 1).sum() / (self.haplotypes >= 0).sum())


def _polymorphic(haplotypes: Haplotypes) -> bool:
    present = haplotypes[haplotypes >= 0]
    return bool(0 < present.sum() < present.size)


def _frequency(haplotypes: Haplotypes) -> float:
    present = haplotypes[haplotypes >= 0]
    return float(present.mean())


def _overlay(first: Haplotypes, second: Haplotypes, codes: tuple[int, int]) -> Haplotypes:
    """Merge two mutations into allele codes, the first one winning on a shared haplotype."""
    merged = np.where(first == 1, codes[0], np.where(second == 1, codes[1], 0))
    return np.where(first == ABSENT, ABSENT, merged).astype(np.int8)


class SiteBuilder:
    """Turns the mutations of one contig into non-overlapping records."""

    def __init__(self, contig: str, sequence: str, data: Mutations) -> None:
        self.contig, self.sequence = contig, sequence
        keep = [_polymorphic(haplotypes) for haplotypes in data.haplotypes]
        self.positions = data.positions[keep]
        self.mutations = data.haplotypes[keep]
        self.rng = stream(f"sites {contig}")
        self.sites: list[Site] = []
        self.free_from = EDGE

    def build(self) -> list[Site]:
        """Return all records of the contig in order of position."""
        at = 0
        while at < len(self.positions):
            position = int(self.positions[at])
            if not self.free_from <= position < len(self.sequence) - EDGE:
                at += 1
                continue
            at += self._place(at, position)
        for number, site in enumerate(self.sites):
            self._annotate(site, number)
        return self.sites

    def _place(self, at: int, position: int) -> int:
        """Write the record or records of one mutation; return how many mutations it used."""
        draw = self.rng.random()
        current = self.mutations[at]
        if at + 1 < len(self.positions):
            following = self.mutations[at + 1]
            if draw < STAR_SHARE and self._add_star(position, current, following):
                return 2
            common = min(_frequency(current), _frequency(following)) > 0.08
            share = COMMON_MULTIALLELIC_SHARE if common else MULTIALLELIC_SHARE
            merging = STAR_SHARE <= draw < STAR_SHARE + share
            if merging and self._add_multiallelic(position, current, following):
                return 2
        if draw > 1 - INDEL_SHARE and self.contig != "chrM":
            self._add_indel(position, current)
        else:
            self._add_snp(position, current)
        return 1

    def _add(
        self, position: int, ref: str, alts: tuple[str, ...], h: Haplotypes, kind: str
    ) -> None:
        self.sites.append(Site(self.contig, position, ref, alts, h, kind))
        self.free_from = max(self.free_from, position + len(ref) + 1)

    def _other_base(self, *taken: str) -> str:
        first = TRANSITIONS[taken[0]]
        if first not in taken and self.rng.random() < TRANSITION_SHARE:
            return first
        return str(self.rng.choice([base for base in "ACGT" if base not in (*taken, first)]))

    def _add_snp(self, position: int, current: Haplotypes) -> None:
        ref = self.sequence[position]
        if self.rng.random() < _frequency(current):
            current = np.where(current == ABSENT, ABSENT, 1 - current).astype(np.int8)
        self._add(position, ref, (self._other_base(ref),), current, "snp")

    def _deletion_length(self, position: int, longest: int) -> int:
        """Return a length whose deletion is left-aligned here, 0 if there is none."""
        anchor = self.sequence[position]
        lengths = [n for n in range(1, longest + 1) if self.sequence[position + n] != anchor]
        if not lengths:
            return 0
        weights = np.array([1 / n for n in lengths])
        return int(self.rng.choice(lengths, p=weights / weights.sum()))

    def _inserted(self, anchor: str) -> str:
        """Return an inserted string that is left-aligned after its anchor base."""
        length = int(min(self.rng.geometric(0.4), 12))
        text = "".join(self.rng.choice(list("ACGT"), size=length))
        last = str(self.rng.choice([base for base in "ACGT" if base != anchor]))
        return text[:-1] + last

    def _add_indel(self, position: int, current: Haplotypes) -> None:
        anchor = self.sequence[position]
        length = self._deletion_length(position, 12) if self.rng.random() < 0.55 else 0
        if length:
            ref = self.sequence[position : position + length + 1]
            self._add(position, ref, (anchor,), current, "indel")
        else:
            self._add(position, anchor, (anchor + self._inserted(anchor),), current, "indel")

    def _add_multiallelic(self, position: int, first: Haplotypes, second: Haplotypes) -> bool:
        merged = _overlay(first, second, (1, 2))
        if not {1, 2} <= set(np.unique(merged)):
            return False
        ref = self.sequence[position]
        one = self._other_base(ref)
        insertion = self.rng.random() < 0.3 and self.contig != "chrM"
        two = ref + self._inserted(ref) if insertion else self._other_base(ref, one)
        self._add(position, ref, (one, two), merged, "multiallelic")
        return True

    def _add_star(self, position: int, deleted: Haplotypes, inner: Haplotypes) -> bool:
        length = self._deletion_length(position, 7)
        merged = _overlay(deleted, inner, (2, 1))
        if length < 3 or not {1, 2} <= set(np.unique(merged)):
            return False
        ref = self.sequence[position : position + length + 1]
        self._add(position, ref, (ref[0],), deleted, "indel")
        base = self.sequence[position + 2]
        star = (self._other_base(base), "*")
        self._add(position + 2, base, star, merged, "multiallelic")
        return True

    def _annotate(self, site: Site, number: int) -> None:
        site.passed = bool(self.rng.random() >= LOW_QUALITY_SHARE)
        low, high = (100, 3000) if site.passed else (10, 29)
        site.quality = round(float(self.rng.uniform(low, high)), 1)
        if self.rng.random() < 0.6:
            contig_number = [*AUTOSOMES, "chrM", "chrX", "chrY"].index(self.contig) + 1
            site.identifier = f"rs9{contig_number:02d}{number + 1:08d}"
