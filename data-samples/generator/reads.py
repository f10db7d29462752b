"""Read pairs of one sample: fragments, sequencing errors, qualities and flags."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .haplotypes import Strand
from .layout import DEPTH, DUPLICATED_SEGMENT, READ_LENGTH
from .placement import HARD, MATCH, Placement, place

CONTAMINATION = 0.08
ERROR_RATE = 0.002
DUPLICATE_SHARE, ADAPTER_SHARE, QC_FAIL_SHARE, LOST_MATE_SHARE = 0.03, 0.02, 0.003, 0.004
SHORT_SHARE = 0.04
UNMAPPED_PAIRS, CHIMERAS = 25, 8
CHIMERA_BREAK = 60
QUALITY_BINS = np.array([2, 12, 23, 37], dtype=np.uint8)
BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED, REVERSE, MATE_REVERSE = 1, 2, 4, 8, 16, 32
FIRST, SECOND, SECONDARY, QC_FAIL, DUPLICATE, SUPPLEMENTARY = 64, 128, 256, 512, 1024, 2048


@dataclass
class Read:
    """One alignment record, bases and qualities in reference orientation."""

    name: str
    flag: int
    bases: NDArray[np.uint8]
    qualities: NDArray[np.uint8]
    contig: str = ""
    placement: Placement | None = None
    mapping_quality: int = 0
    mate_contig: str = ""
    mate_position: int = -1
    template: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def position(self) -> int:
        """Return where the record is filed; unmapped reads lie with their mate."""
        return self.placement.position if self.placement else self.mate_position


@dataclass
class Fragment:
    """A piece of DNA from one haplotype."""

    strand: Strand
    start: int
    length: int
    duplicate: bool = False


class ReadMaker:
    """Draws the reads of one sample."""

    def __init__(
        self, reference: dict[str, NDArray[np.uint8]], lane: int, rng: np.random.Generator
    ) -> None:
        self.reference, self.lane, self.rng = reference, lane, rng
        self.number = 0
        self.reads: list[Read] = []

    def next_name(self) -> str:
        """Return the next read name."""
        self.number += 1
        return f"FC01:{self.lane}:{self.number:05d}"

    def draw(self, strands: list[Strand], share: float = 1.0) -> None:
        """Add the read pairs of these haplotypes at a share of the full depth."""
        for strand in strands:
            for fragment in self._fragments(strand, share):
                self._sequence(fragment)

    def _fragments(self, strand: Strand, share: float) -> list[Fragment]:
        size = len(strand.bases)
        count = int(self.rng.poisson(share * DEPTH / 2 * size / (2 * READ_LENGTH)))
        lengths = self.rng.normal(350, 50, count)
        short = self.rng.random(count) < SHORT_SHARE
        lengths[short] = self.rng.normal(175, 25, int(short.sum()))
        fragments = []
        for length in np.clip(lengths, 120, 620).astype(int).tolist():
            start = int(self.rng.integers(0, size - length))
            fragments.append(Fragment(strand, start, length))
            if self.rng.random() < DUPLICATE_SHARE:
                fragments.append(Fragment(strand, start, length, duplicate=True))
        return fragments

    def _qualities(self) -> NDArray[np.uint8]:
        """Return binned qualities in sequencing order, falling towards the end."""
        bins = np.full(READ_LENGTH, 3)
        drop = int(self.rng.integers(70, 160))
        bins[drop : drop + 20] = 2
        bins[drop + 20 :] = 1
        odd = self.rng.random(READ_LENGTH) < 0.01
        bins[odd] = self.rng.integers(1, 3, int(odd.sum()))
        return np.take(QUALITY_BINS, bins)

    def _observe(
        self, truth: NDArray[np.uint8], reverse: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return bases with sequencing errors and their qualities."""
        bases, qualities = truth.copy(), self._qualities()
        if reverse:
            qualities = qualities[::-1].copy()
        for at in np.flatnonzero(self.rng.random(len(bases)) < ERROR_RATE).tolist():
            bases[at] = self.rng.choice(BASES[bases[at] != BASES])
            qualities[at] = self.rng.choice(QUALITY_BINS, p=[0.15, 0.6, 0.2, 0.05])
        return bases, qualities

    def _end(self, fragment: Fragment, reverse: bool) -> Read:
        """Return one read of a fragment, placed, without its mate's fields."""
        start = fragment.start + (fragment.length - READ_LENGTH if reverse else 0)
        window = slice(start, start + READ_LENGTH)
        bases, qualities = self._observe(fragment.strand.bases[window], reverse)
        clips = (0, 0)
        if self.rng.random() < ADAPTER_SHARE:
            size = int(self.rng.integers(6, 26))
            clips = (size, 0) if reverse else (0, size)
            adapter = slice(0, size) if reverse else slice(READ_LENGTH - size, READ_LENGTH)
            bases[adapter] = self.rng.choice(BASES, size)
        contig = fragment.strand.contig
        placement = place(bases, fragment.strand.positions[window], self.reference[contig], clips)
        read = Read("", REVERSE if reverse else 0, bases, qualities, contig, placement)
        usual = self.rng.random() < 0.96
        read.mapping_quality = 60 if usual else int(self.rng.integers(1, 60))
        return read

    def _sequence(self, fragment: Fragment) -> None:
        """Add both reads of a fragment."""
        name = self.next_name()
        pair = [self._end(fragment, reverse=False), self._end(fragment, reverse=True)]
        first = int(self.rng.integers(2))
        common = PAIRED | (DUPLICATE if fragment.duplicate else 0)
        common |= QC_FAIL if self.rng.random() < QC_FAIL_SHARE else 0
        for rank, read in enumerate(pair):
            read.name = name
            read.flag |= common | (FIRST if rank == first else SECOND)
        if self.rng.random() < LOST_MATE_SHARE and not fragment.duplicate:
            self._lose(pair[int(self.rng.integers(2))])
        link(pair)
        self.reads += pair
        for read in pair:
            self._second_copy(read)

    def _lose(self, read: Read) -> None:
        """Turn a read into noise that maps nowhere."""
        read.bases = self.rng.choice(BASES, READ_LENGTH)
        read.qualities = np.full(READ_LENGTH, 2, dtype=np.uint8)
        read.placement, read.mapping_quality = None, 0
        read.flag = read.flag & ~REVERSE | UNMAPPED

    def _second_copy(self, read: Read) -> None:
        """Give ambiguous reads of the duplicated segment quality 0 and some a secondary."""
        copies = other_copy(read)
        if copies is None:
            return
        contig, shift = copies
        read.mapping_quality = 0
        if self.rng.random() >= 0.3:
            return
        positions = np.arange(READ_LENGTH) + read.position + shift
        placement = place(read.bases, positions, self.reference[contig])
        same = read.mate_contig == contig
        self.reads.append(
            Read(
                read.name,
                read.flag & ~PROPER | SECONDARY,
                read.bases,
                read.qualities,
                contig,
                placement,
                0,
                read.mate_contig,
                read.mate_position,
                read.mate_position - placement.position if same else 0,
            )
        )

    def add_unmapped(self) -> None:
        """Add pairs of which neither read maps."""
        for _ in range(UNMAPPED_PAIRS):
            name = self.next_name()
            for rank in (FIRST, SECOND):
                bases = self.rng.choice(BASES, READ_LENGTH)
                flag = PAIRED | UNMAPPED | MATE_UNMAPPED | rank
                self.reads.append(Read(name, flag, bases, self._qualities()))

    def add_chimeras(self, strands: list[Strand]) -> None:
        """Add pairs whose forward read continues in another window, with a supplementary."""
        plain = [s for s in strands if s.contig in ("chr20", "chr22")]
        for _ in range(CHIMERAS):
            one, two = self.rng.choice(len(plain), 2, replace=False)
            start, other = self.rng.integers(500, 20_000, 2).tolist()
            name = self.next_name()
            fragment = Fragment(plain[one], start, 350)
            pair = [self._end(fragment, False), self._end(fragment, True)]
            tail = Fragment(plain[two], other, 350)
            self._splice(pair[0], tail)
            for rank, read in zip((FIRST, SECOND), pair, strict=True):
                read.name = name
                read.flag |= PAIRED | rank
            link(pair)
            self.reads += [*pair, self._supplementary(pair[0], tail)]

    def _splice(self, read: Read, tail: Fragment) -> None:
        """Replace the end of a read by the start of another fragment."""
        size = READ_LENGTH - CHIMERA_BREAK
        read.bases[CHIMERA_BREAK:] = tail.strand.bases[tail.start : tail.start + size]
        positions = np.arange(READ_LENGTH) + read.position
        reference = self.reference[read.contig]
        read.placement = place(read.bases, positions, reference, (0, size))
        read.mapping_quality = 60

    def _supplementary(self, read: Read, tail: Fragment) -> Read:
        size = READ_LENGTH - CHIMERA_BREAK
        start = int(tail.strand.positions[tail.start])
        reference = self.reference[tail.strand.contig]
        placement = place(read.bases[CHIMERA_BREAK:], np.arange(size) + start, reference)
        where = f"{tail.strand.contig},{placement.position + 1},+"
        read.tags["SA"] = f"{where},{CHIMERA_BREAK}S{size}M,60,{placement.edits};"
        placement.cigar = [(HARD, CHIMERA_BREAK), (MATCH, size)]
        primary = read.placement
        assert primary is not None
        where = f"{read.contig},{primary.position + 1},+"
        extra = Read(
            read.name,
            read.flag & ~PROPER | SUPPLEMENTARY,
            read.bases[CHIMERA_BREAK:],
            read.qualities[CHIMERA_BREAK:],
            tail.strand.contig,
            placement,
            60,
            read.mate_contig,
            read.mate_position,
            tags={"SA": f"{where},{primary.text()},60,{primary.edits};"},
        )
        if extra.mate_contig == extra.contig:
            extra.template = extra.mate_position - placement.position
        return extra


def link(pair: list[Read]) -> None:
    """Fill the mate's fields of both reads of a pair."""
    for read, mate in (pair, pair[::-1]):
        read.mate_contig, read.mate_position = mate.contig, mate.position
        read.flag |= MATE_REVERSE if mate.flag & REVERSE else 0
        read.flag |= MATE_UNMAPPED if mate.flag & UNMAPPED else 0
    one, two = pair
    if one.placement is None or two.placement is None:
        lost, kept = (one, two) if one.placement is None else (two, one)
        lost.contig, lost.mate_position = kept.contig, kept.position
        kept.mate_contig, kept.mate_position = kept.contig, kept.position
        return
    span = max(one.placement.end, two.placement.end) - min(one.position, two.position)
    leftmost = one if one.position <= two.position else two
    for read in pair:
        read.template = span if read is leftmost else -span
        read.flag |= PROPER


def other_copy(read: Read) -> tuple[str, int] | None:
    """Return contig and shift of the equal segment when a read lies wholly in one of them."""
    source, start, target, offset, size = DUPLICATED_SEGMENT
    if read.placement is None or read.placement.cigar != [(MATCH, READ_LENGTH)]:
        return None
    for contig, begin, other, shift in (
        (source, start, target, offset - start),
        (target, offset, source, start - offset),
    ):
        inside = begin <= read.position and read.placement.end <= begin + size
        if read.contig == contig and inside:
            return other, shift
    return None
