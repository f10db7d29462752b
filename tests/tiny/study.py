"""A tiny study on disk, for the tests to break."""

from pathlib import Path

import pysam

CONTIGS = {"chr1": 1000, "chr2": 800}
CONFIG = """
genome: {build: synthetic}
inputs: {sample_sheet: config/samples.tsv, calls: calls.vcf.gz}
"""


def vcf_text(samples: list[str], contigs: dict[str, int] | None = None, n: int = 3) -> str:
    """A small VCF: `n` records on each contig."""
    contigs = CONTIGS if contigs is None else contigs
    lines = ["##fileformat=VCFv4.3", '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">']
    lines += [f"##contig=<ID={name},length={length}>" for name, length in contigs.items()]
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines.append("\t".join(fixed + samples))
    for name in contigs:
        for i in range(n):
            record = [name, str(10 * (i + 1)), ".", "A", "G", "50", "PASS", ".", "GT"]
            lines.append("\t".join(record + ["0/1"] * len(samples)))
    return "\n".join(lines) + "\n"


def write_vcf(path: Path, text: str) -> None:
    """Write text as a bgzipped, indexed VCF."""
    with pysam.BGZFile(str(path), "w") as stream:
        stream.write(text.encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)


def write_bam(path: Path, sample: str, contigs: dict[str, int] | None = None) -> None:
    """Write a sorted, indexed BAM of 200 reads."""
    contigs = CONTIGS if contigs is None else contigs
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": name, "LN": length} for name, length in contigs.items()],
        "RG": [{"ID": "r1", "SM": sample}],
    }
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for i in range(200):
            read = pysam.AlignedSegment(out.header)
            read.query_name = f"q{i}"
            read.query_sequence = "ACGT" * 10
            read.query_qualities = pysam.qualitystring_to_array("I" * 40)
            read.reference_id, read.reference_start = 0, i
            read.cigarstring, read.mapping_quality = "40M", 60
            read.set_tag("RG", "r1")
            out.write(read)
    pysam.index(str(path))


def write_study(folder: Path) -> Path:
    """A study of two samples, one with an alignment; returns its configuration."""
    (folder / "config").mkdir()
    config = folder / "config/config.yaml"
    config.write_text(CONFIG)
    (folder / "config/samples.tsv").write_text("sample_id\tsex\talignment\nA\tXX\ta.bam\nB\tXY\t\n")
    write_vcf(folder / "calls.vcf.gz", vcf_text(["A", "B", "C"]))
    write_bam(folder / "a.bam", "A")
    return config
