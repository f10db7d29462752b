"""Inputs of the benchmarks, generated once into a cache folder with fixed seeds."""

from pathlib import Path

import numpy as np
import pysam

CONTIG = "chr21"
LENGTH = 40_000_000


def alignments(folder: Path, n_pairs: int) -> Path:
    """A sorted, indexed BAM of paired reads of 150 bases with binned qualities."""
    path = folder / f"reads-{n_pairs}.bam"
    if path.exists():
        return path
    rng = np.random.default_rng(1)
    starts = np.sort(rng.integers(0, LENGTH - 1000, n_pairs))
    inserts = rng.normal(350, 60, n_pairs).astype(int).clip(150, 700)
    bases = rng.choice(list("ACGT"), LENGTH // 100)
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": CONTIG, "LN": LENGTH}],
        "RG": [{"ID": "r", "SM": "BENCH"}],
    }
    qualities = [pysam.qualitystring_to_array(q * 150) for q in "F:,#"]
    with pysam.AlignmentFile(str(folder / "unsorted.bam"), "wb0", header=header) as out:
        for i in range(n_pairs):
            for first in (True, False):
                read = pysam.AlignedSegment(out.header)
                begin = int(starts[i] if first else starts[i] + inserts[i] - 150)
                read.query_name = f"q{i}"
                offset = begin % (len(bases) - 150)
                read.query_sequence = "".join(bases[offset : offset + 150])
                read.query_qualities = qualities[i % 4]
                read.flag = (99 if first else 147) | (1024 if i % 25 == 0 else 0)
                read.reference_id = read.next_reference_id = 0
                read.reference_start = begin
                read.next_reference_start = int(
                    starts[i] + inserts[i] - 150 if first else starts[i]
                )
                read.template_length = int(inserts[i] if first else -inserts[i])
                read.mapping_quality, read.cigarstring = 60, "150M"
                read.set_tag("NM", 0)
                out.write(read)
    pysam.sort("-o", str(path), str(folder / "unsorted.bam"))
    pysam.index(str(path))
    (folder / "unsorted.bam").unlink()
    return path


def calls(folder: Path, n_samples: int, n_variants: int) -> Path:
    """A bgzipped, indexed VCF with GT only; allele frequencies as in a neutral population."""
    path = folder / f"calls-{n_samples}-{n_variants}.vcf.gz"
    if path.exists():
        return path
    rng = np.random.default_rng(2)
    frequency = np.clip(rng.beta(0.3, 2.0, n_variants), 1e-3, 0.999)
    positions = np.sort(rng.choice(LENGTH, n_variants, replace=False)) + 1
    texts = np.array(["0/0", "0/1", "1/1", "./."])
    with pysam.BGZFile(str(path), "w") as out:
        head = ["##fileformat=VCFv4.3", f"##contig=<ID={CONTIG},length={LENGTH}>"]
        head.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
        names = [f"B{i}" for i in range(n_samples)]
        head.append(
            "\t".join(
                [*["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"], *names]
            )
        )
        out.write(("\n".join(head) + "\n").encode())
        for i in range(n_variants):
            calls = rng.binomial(2, frequency[i], n_samples)
            calls[rng.random(n_samples) < 0.002] = 3
            fixed = f"{CONTIG}\t{positions[i]}\t.\tA\t{'CGT'[i % 3]}\t.\tPASS\t.\tGT\t"
            out.write((fixed + "\t".join(texts[calls]) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path
