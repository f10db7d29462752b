"""A tiny study that comes with alignments only: two samples, planted variants, a reference."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pysam

LENGTHS = {"chr1": 2000, "chrX": 1500}
# X is pseudo-autosomal up to here.
PAR_END = 500
# (contig, 0-based position, sample) -> copies of the other base.
PLANTED = {
    ("chr1", 999, "A"): 1,
    ("chr1", 1000, "B"): 2,
    ("chr1", 1499, "A"): 2,
    ("chr1", 1700, "A"): 1,
    ("chr1", 1700, "B"): 1,
    ("chrX", 300, "B"): 1,
    ("chrX", 1200, "A"): 1,
    ("chrX", 1200, "B"): 1,
}
SEXES = {"A": "XX", "B": "XY"}
CONFIG = """
genome: {build: synthetic, par: [[chrX, 0, 500]]}
inputs: {sample_sheet: config/samples.tsv}
calls: {enabled: true, region_mb: 0.001}
"""
_READ = 100
_OTHER = str.maketrans("ACGT", "CAAC")


def reference_sequences() -> dict[str, str]:
    """The contigs' bases, always the same."""
    rng = random.Random(7)
    return {name: "".join(rng.choices("ACGT", k=n)) for name, n in LENGTHS.items()}


def write_reference(path: Path) -> None:
    """The FASTA with its index."""
    text = "".join(f">{name}\n{bases}\n" for name, bases in reference_sequences().items())
    path.write_text(text)
    pysam.faidx(str(path))


def write_alignment(path: Path, sample: str, *, planted: str = "", group: str = "") -> None:
    """Reads of 100 bases at 20 per haplotype of `planted` (default: the sample), indexed."""
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in LENGTHS.items()],
        "RG": [{"ID": "r", "SM": group or sample}],
    }
    whose = planted or sample
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for contig, (name, bases) in enumerate(reference_sequences().items()):
            for start in range(0, len(bases) - _READ, 5):
                for haplotype in (0, 1):
                    read = pysam.AlignedSegment(out.header)
                    read.query_name = f"{name}.{start}.{haplotype}"
                    read.query_sequence = _haplotype(bases, name, whose, start, haplotype)
                    read.query_qualities = pysam.qualitystring_to_array("I" * _READ)
                    read.flag = 16 * ((start // 5) % 2)
                    read.reference_id, read.reference_start = contig, start
                    read.cigarstring, read.mapping_quality = f"{_READ}M", 60
                    read.set_tag("RG", "r")
                    out.write(read)
    pysam.index(str(path))


def _haplotype(bases: str, contig: str, sample: str, start: int, haplotype: int) -> str:
    """A read; a male's two haplotypes are the same outside the pseudo-autosomal region."""
    read = list(bases[start : start + _READ])
    for (name, position, whose), copies in PLANTED.items():
        if (name, whose) == (contig, sample) and start <= position < start + _READ:
            haploid = contig == "chrX" and SEXES[sample] == "XY" and position >= PAR_END
            if haploid or haplotype < copies:
                read[position - start] = bases[position].translate(_OTHER)
    return "".join(read)


def write_calling_study(
    folder: Path,
    *,
    config: str = CONFIG,
    write: Mapping[str, Callable[[Path], None]] | None = None,
) -> Path:
    """The study; returns its configuration. `write`: another writer for a sample's alignment."""
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(config)
    rows = [f"{s}\t{sex}\t{s}.bam\tref.fa\n" for s, sex in SEXES.items()]
    sheet = "sample_id\tsex\talignment\treference\n" + "".join(rows)
    (folder / "config/samples.tsv").write_text(sheet)
    write_reference(folder / "ref.fa")
    for sample in SEXES:
        path = folder / f"{sample}.bam"
        if write and sample in write:
            write[sample](path)
        else:
            write_alignment(path, sample)
    return folder / "config/config.yaml"
