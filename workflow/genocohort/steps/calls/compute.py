"""What bcftools is told: pieces of chromosomes, options, and the lists it reads."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

from genocohort.domain.genome import Genome
from genocohort.domain.ploidy import DIPLOID, expected_ploidy
from genocohort.domain.sheet import Sample, Sex
from genocohort.steps.calls.settings import CallsSettings

MEGABASE = 1_000_000
LOW_QUALITY = "LowQual"
_SEXES: tuple[Sex, ...] = get_args(Sex)
_REALIGNMENT = {"partial": (), "full": ("--full-BAQ",), "off": ("--no-BAQ",)}


class Piece(NamedTuple):
    """A piece of a contig, 0-based half-open."""

    start: int
    end: int

    @property
    def name(self) -> str:
        """The piece in a file name."""
        return f"{self.start}-{self.end}"


def compute_pieces(length: int, region_mb: float) -> tuple[Piece, ...]:
    """Cut a contig of `length` bases into pieces: every base is in exactly one.

    All are of `region_mb` megabases but the last, which is shorter.
    """
    size = max(1, round(region_mb * MEGABASE))
    return tuple(Piece(start, min(start + size, length)) for start in range(0, length, size))


def region_text(contig: str, start: int, end: int) -> str:
    """A 0-based half-open region as htslib reads it (1-based, both ends included)."""
    name = f"{{{contig}}}" if set(contig) & set(":,") else contig
    return f"{name}:{start + 1}-{end}"


def widened(piece: Piece, length: int, bases: int) -> Piece:
    """The piece with bases added on both sides, within the contig."""
    return Piece(max(0, piece.start - bases), min(length, piece.end + bases))


class Regions(NamedTuple):
    """A piece as bcftools is told: the bases it reads, and the positions it answers for."""

    read: str
    owned: str


def compute_regions(contig: str, length: int, settings: CallsSettings) -> dict[str, Regions]:
    """The regions of every piece of a contig, by the piece's name."""
    return {
        piece.name: Regions(
            region_text(contig, *widened(piece, length, settings.seam_bases)),
            region_text(contig, *piece),
        )
        for piece in compute_pieces(length, settings.region_mb)
    }


def mpileup_options(settings: CallsSettings) -> list[str]:
    """Options of `bcftools mpileup`, without files and region.

    Only reads that pass the mapping quality and are no duplicates, secondary or failed ones are
    used; mates that overlap count once. An indel is considered where one sample's reads show it:
    as a share of all reads, that of one carrier would be too small in any cohort.
    """
    return [
        "--no-version",
        "--min-MQ", str(settings.min_mapping_quality),
        "--min-BQ", str(settings.min_base_quality),
        "--max-depth", str(settings.max_depth),
        "--max-idepth", str(settings.max_depth),
        "--per-sample-mF",
        *_REALIGNMENT[settings.base_alignment_quality],
        "--annotate", "FORMAT/AD,FORMAT/DP",
    ]  # fmt: skip


def call_options() -> list[str]:
    """Options of `bcftools call`, without files: the multiallelic caller, variant sites only."""
    return [
        "--no-version", "--multiallelic-caller", "--variants-only", "--annotate", "FORMAT/GQ",
    ]  # fmt: skip


def filter_options(settings: CallsSettings) -> list[str]:
    """Options of `bcftools filter`: nothing is removed, FILTER tells."""
    return [
        "--no-version",
        "--soft-filter", LOW_QUALITY,
        "--exclude", f"QUAL<{settings.min_quality:g}",
    ]  # fmt: skip


def ploidy_text(contigs: Mapping[str, int], genome: Genome) -> str:
    """The ploidy file: contig, first and last base (1-based), sex, number of alleles.

    Lines are there where a sex has not two alleles; the last lines are the rule for the rest.

    Parameters
    ----------
    contigs : mapping of str to int
        Names as in the alignments, with lengths.
    """
    lines = []
    for contig, length in contigs.items():
        for sex, n in zip(_SEXES, expected_ploidy(contig, _SEXES), strict=True):
            if n != DIPLOID:
                lines += [
                    f"{contig} {piece.start + 1} {piece.end} {sex} {n}"
                    for piece in _outside_par(contig, length, genome)
                ]
    lines += [f"* * * {sex} {DIPLOID}" for sex in _SEXES]
    return "\n".join(lines) + "\n"


def _outside_par(contig: str, length: int, genome: Genome) -> list[Piece]:
    pieces, start = [], 0
    for region in sorted(genome.par_regions(contig), key=lambda r: r.start):
        if min(region.start, length) > start:
            pieces.append(Piece(start, min(region.start, length)))
        start = max(start, region.end)
    if start < length:
        pieces.append(Piece(start, length))
    return pieces


def alignments_text(samples: Sequence[Sample]) -> str:
    """The list of alignment files, one a line."""
    return "".join(f"{s.alignment}\n" for s in samples)


def groups_text(samples: Sequence[Sample]) -> str:
    """The list of read groups: all of a file are of its sample, whatever the header names it."""
    rows = [(kind, s.alignment, s.vcf_name) for s in samples for kind in "*?"]
    return "".join(f"{kind}\t{_escaped(path)}\t{name}\n" for kind, path, name in rows)


def _escaped(path: str) -> str:
    """A path in a list whose fields end with a blank."""
    return path.replace("\\", "\\\\").replace(" ", "\\ ")


def samples_text(samples: Sequence[Sample]) -> str:
    """The list of samples with their sex, as the ploidy file names it."""
    return "".join(f"{s.vcf_name}\t{s.sex}\n" for s in samples)
