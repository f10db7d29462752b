"""Small alignment files with every kind of record, made by a seeded generator."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pysam

QUERY_OPERATIONS = "MIS=X"
REFERENCE_OPERATIONS = "MDN=X"


@dataclass
class Read:
    """One record; `start` is 0-based, contig -1 is no place. Bases are made up where not given."""

    name: str
    flag: int = 0
    contig: int = 0
    start: int = 0
    cigar: str = "10M"
    mate_contig: int = -1
    mate_start: int = -1
    template_length: int = 0
    mapping_quality: int = 60
    bases: str | None = None
    qualities: str | None = ""
    tags: dict[str, int | str] = field(default_factory=dict)

    def operations(self) -> list[tuple[str, int]]:
        found, number = [], ""
        for letter in self.cigar:
            if letter.isdigit():
                number += letter
            else:
                found.append((letter, int(number)))
                number = ""
        return found

    def end(self) -> int:
        span = sum(n for op, n in self.operations() if op in REFERENCE_OPERATIONS)
        return self.start + max(span, 1)

    def n_bases(self) -> int:
        return sum(n for op, n in self.operations() if op in QUERY_OPERATIONS) or 10

    def covered(self) -> set[int]:
        """Positions with an aligned base."""
        position, found = self.start, set()
        for op, n in self.operations():
            if op in "M=X":
                found |= set(range(position, position + n))
            if op in REFERENCE_OPERATIONS:
                position += n
        return found


def pair(
    name: str, start: int, mate_start: int, cigar: str = "50M", mate_cigar: str = "50M", **both: int
) -> list[Read]:
    """A properly paired fragment: first read forward, mate reverse."""
    end = Read(name, start=mate_start, cigar=mate_cigar).end()
    size = max(end, Read(name, start=start, cigar=cigar).end()) - min(start, mate_start)
    contig = both.pop("contig", 0)
    extra = both.pop("flag", 0)
    one = Read(name, 99 | extra, contig, start, cigar, contig, mate_start, size, **both)
    two = Read(name, 147 | extra, contig, mate_start, mate_cigar, contig, start, -size, **both)
    return [one, two]


def write_alignment(
    path: Path,
    reads: Iterable[Read],
    contigs: dict[str, int],
    *,
    reference: Path | None = None,
    checksums: dict[str, str] | None = None,
    is_sorted: bool = True,
    index: bool = True,
) -> Path:
    """Write a BAM, or a CRAM where the name says so; sorted and indexed unless told otherwise."""
    rows = [{"SN": name, "LN": length} for name, length in contigs.items()]
    for row in rows:
        if checksums and row["SN"] in checksums:
            row["M5"] = checksums[str(row["SN"])]
    header = pysam.AlignmentHeader.from_dict(
        {
            "HD": {"VN": "1.6", "SO": "coordinate"},
            "SQ": rows,
            "RG": [{"ID": "a", "SM": "s"}, {"ID": "b", "SM": "s"}],
        }
    )
    ordered = list(reads)
    if is_sorted:
        ordered.sort(key=lambda r: (r.contig if r.contig >= 0 else len(contigs), r.start))
    options = {"reference_filename": str(reference)} if reference else {}
    mode = "wc" if path.suffix == ".cram" else "wb"
    with pysam.AlignmentFile(str(path), mode, header=header, **options) as out:
        for read in ordered:
            out.write(_segment(read, header))
    if index:
        pysam.index(str(path))
    return path


def _segment(read: Read, header: pysam.AlignmentHeader) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(header)
    segment.query_name, segment.flag = read.name, read.flag
    segment.reference_id, segment.reference_start = read.contig, read.start
    segment.mapping_quality = read.mapping_quality
    if read.cigar:
        segment.cigarstring = read.cigar
    segment.next_reference_id, segment.next_reference_start = read.mate_contig, read.mate_start
    segment.template_length = read.template_length
    bases = "A" * read.n_bases() if read.bases is None else read.bases
    if bases:
        segment.query_sequence = bases
        if read.qualities is not None:
            text = read.qualities or "I" * len(bases)
            segment.query_qualities = pysam.qualitystring_to_array(text)
    for tag, value in read.tags.items():
        segment.set_tag(tag, value)
    return segment


def random_reads(seed: int, n: int, lengths: Sequence[int]) -> list[Read]:
    """Pairs and single reads of every kind, on contigs of these lengths (the last one is empty)."""
    rng = random.Random(seed)
    reads: list[Read] = []
    for i in range(n):
        contig = rng.randrange(len(lengths) - 1)
        reads += _fragment(rng, f"f{i}", contig, lengths)
    return reads


def _cigar(rng: random.Random) -> str:
    """A CIGAR of 60 bases of the read."""
    return rng.choice(
        [
            *["60M"] * 8, "5S55M", "50M10S", "30M2D30M", "20M4I36M", "25M40N35M", "10=1X49=",
            "60=", "3H4S56M2H", "20M2P3I37M", "30M1I29M", "6S20M3D20M2I12M", "12M5D48M",
        ]
    )  # fmt: skip


def _fragment(rng: random.Random, name: str, contig: int, lengths: Sequence[int]) -> list[Read]:
    start = rng.randrange(0, lengths[contig] - 400)
    mate_start = start + rng.choice([0, 0, *range(1, 60), *range(60, 300, 5)])
    one, two = pair(name, start, mate_start, _cigar(rng), _cigar(rng), contig=contig)
    if rng.random() < 0.3:
        one.flag, two.flag = one.flag ^ 0xC0, two.flag ^ 0xC0
    for read in (one, two):
        _decorate(rng, read)
    extra: list[Read] = []
    kind = rng.random()
    if kind < 0.05:
        two.flag = (two.flag | 0x4) & ~0x2
        one.flag = (one.flag | 0x8) & ~0x2
        two.start, two.cigar, two.mapping_quality = one.start, "", 0
        one.mate_start = one.start
    elif kind < 0.08:
        both = 0x1 | 0x4 | 0x8
        one.flag, two.flag = both | 0x40, both | 0x80
        for read in (one, two):
            read.contig = read.mate_contig = read.start = read.mate_start = -1
            read.cigar, read.template_length, read.mapping_quality = "", 0, 0
    elif kind < 0.13:
        other = (contig + 1) % (len(lengths) - 1)
        two.contig = one.mate_contig = other
        two.start = one.mate_start = rng.randrange(0, lengths[other] - 200)
        one.template_length = two.template_length = 0
        one.flag, two.flag = one.flag & ~0x2, two.flag & ~0x2
    elif kind < 0.18:
        one.flag, two.flag = one.flag & ~0x2, two.flag & ~0x2
        two.flag ^= 0x10
        one.flag ^= 0x20
    elif kind < 0.22:
        extra.append(Read(name, 0x800 | one.flag, contig, start, "20M40H", contig, mate_start))
        _decorate(rng, extra[-1])
    elif kind < 0.26:
        extra.append(Read(name, 0x100 | one.flag, contig, start + 7, "60M", contig, mate_start))
        if rng.random() < 0.5:
            extra[-1].bases = ""
    elif kind < 0.30:
        return [Read(name, rng.choice([0, 16]), contig, start, _cigar(rng), mapping_quality=3)]
    return [one, two, *extra]


def _decorate(rng: random.Random, read: Read) -> None:
    """Bases, qualities, tags and the flags of duplicates and of QC failure."""
    n = read.n_bases()
    read.bases = "".join(rng.choices("ACGTN", weights=[30, 20, 20, 30, 1], k=n))
    read.qualities = "".join(chr(33 + rng.randrange(2, 42)) for _ in range(n))
    read.mapping_quality = rng.choice([0, 3, 5, 20, 60, 60, 60])
    read.tags = {"RG": rng.choice("ab")}
    if rng.random() < 0.9:
        read.tags["NM"] = rng.randrange(4)
    if rng.random() < 0.1:
        read.flag |= 0x400
    if rng.random() < 0.05:
        read.flag |= 0x200
