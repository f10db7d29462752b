"""Genome builds: contig names, lengths, pseudo-autosomal regions; positions are 0-based."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings

Build = Literal["GRCh37", "GRCh38", "T2T-CHM13", "synthetic"]
ContigClass = Literal["autosome", "X", "Y", "MT", "other"]

PRIMARY = (*(f"chr{n}" for n in range(1, 23)), "chrX", "chrY", "chrM")

# Lengths from the assemblies' own reports: GCF_000001405.25, GCF_000001405.40, GCF_009914755.1.
_LENGTHS: dict[str, tuple[int, ...]] = {
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
        141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
        81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566, 16569,
    ),
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
        138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
        83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415, 16569,
    ),
    "T2T-CHM13": (
        248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331,
        150617247, 134758134, 135127769, 133324548, 113566686, 101161492, 99753195, 96330374,
        84276897, 80542538, 61707364, 66210255, 45090682, 51324926, 154259566, 62460029, 16569,
    ),
}  # fmt: skip

# RefSeq accession numbers of chromosomes 1-22, X, Y: NC_000001 ... NC_000024; MT is NC_012920.
_ACCESSION = {f"NC_{n:06d}": PRIMARY[n - 1] for n in range(1, 25)} | {"NC_012920": "chrM"}
_T2T_ACCESSION = {f"NC_{60924 + n:06d}": PRIMARY[n - 1] for n in range(1, 24)} | {
    "NC_060948": "chrY"
}

# Pseudo-autosomal regions, 0-based half-open (Genome Reference Consortium; T2T from its paper's
# chrXY annotation, Rhie et al. 2023).
_PAR: dict[str, tuple[tuple[str, int, int], ...]] = {
    "GRCh37": (
        ("chrX", 60000, 2699520), ("chrX", 154931043, 155260560),
        ("chrY", 10000, 2649520), ("chrY", 59034049, 59363566),
    ),
    "GRCh38": (
        ("chrX", 10000, 2781479), ("chrX", 155701382, 156030895),
        ("chrY", 10000, 2781479), ("chrY", 56887902, 57217415),
    ),
    "T2T-CHM13": (
        ("chrX", 0, 2394410), ("chrX", 153925834, 154259566),
        ("chrY", 0, 2458320), ("chrY", 62122809, 62460029),
    ),
    "synthetic": (("chrX", 0, 20000), ("chrY", 0, 20000)),
}  # fmt: skip


def canonical_contig(name: str) -> str:
    """The name used inside for a contig: `chr1` for 1, chr1, CHR1, NC_000001.11; others as is."""
    stem = name.split(".")[0]
    if stem in _ACCESSION:
        return _ACCESSION[stem]
    if stem in _T2T_ACCESSION:
        return _T2T_ACCESSION[stem]
    bare = name[3:] if name[:3].lower() == "chr" else name
    number = {"M": "M", "MT": "M", "23": "X", "24": "Y", "25": "X", "26": "M"}.get(
        bare.upper(), bare.upper()
    )
    return f"chr{number}" if f"chr{number}" in PRIMARY else name


def contig_class(name: str) -> ContigClass:
    """Autosome (chr1 to chr22), X, Y, MT or other, by the canonical name."""
    canonical = canonical_contig(name)
    if canonical in PRIMARY[:22]:
        return "autosome"
    special: dict[str, ContigClass] = {"chrX": "X", "chrY": "Y", "chrM": "MT"}
    return special.get(canonical, "other")


def known_length(build: Build, contig: str) -> int | None:
    """Length of a primary contig in a known build; None where nothing is known."""
    canonical = canonical_contig(contig)
    if build not in _LENGTHS or canonical not in PRIMARY:
        return None
    return _LENGTHS[build][PRIMARY.index(canonical)]


def matching_builds(lengths: dict[str, int]) -> tuple[str, ...]:
    """Known builds that agree with every primary contig length given (keys: any known naming)."""
    seen = {canonical_contig(name): length for name, length in lengths.items()}
    primary = {name: n for name, n in seen.items() if name in PRIMARY and name != "chrM"}
    if not primary:
        return ()
    return tuple(
        build
        for build, known in _LENGTHS.items()
        if all(known[PRIMARY.index(name)] == n for name, n in primary.items())
    )


@dataclass(frozen=True)
class Region:
    """A piece of a contig, 0-based half-open."""

    contig: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"bad region {self.contig}:{self.start}-{self.end}")

    def contains(self, position: int) -> bool:
        return self.start <= position < self.end


class Genome(Settings):
    """The genome build the cohort is on.

    `par` overrides the build's pseudo-autosomal regions: [contig, start, end], 0-based half-open.
    """

    build: Build = "GRCh38"
    par: tuple[tuple[str, int, int], ...] | None = Field(default=None)

    @model_validator(mode="after")
    def _check(self) -> "Genome":
        for contig, start, end in self.par or ():
            if not 0 <= start < end:
                raise ValueError(f"par: {contig} {start} {end} is not a 0-based half-open interval")
        return self

    def par_regions(self, contig: str) -> tuple[Region, ...]:
        """Pseudo-autosomal regions on one contig (canonical names are compared)."""
        wanted = canonical_contig(contig)
        given = self.par if self.par is not None else _PAR[self.build]
        return tuple(Region(wanted, s, e) for c, s, e in given if canonical_contig(c) == wanted)

    def is_par(self, contig: str, position: int) -> bool:
        """Whether a 0-based position lies in a pseudo-autosomal region."""
        return any(region.contains(position) for region in self.par_regions(contig))
