"""The synthetic genome: sequences, the bgzipped FASTA and the gene intervals."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pysam

from .layout import (
    ALIGNED_WINDOWS,
    AUTOSOMES,
    CONTIG_LENGTHS,
    DUPLICATED_SEGMENT,
    PAR_END,
    stream,
)

Gene = tuple[str, int, int, str]

LINE_WIDTH = 60
GENE_STARTS = (8_000, 32_000, 58_000, 84_000, 110_000, 136_000)
GENE_LENGTHS = (5_000, 9_000, 6_000, 7_000, 12_000, 4_000)


def make_sequences() -> dict[str, str]:
    """Draw one random sequence per contig, with a shared PAR and one duplicated segment."""
    rng = stream("reference")
    sequences = {}
    for contig, length in CONTIG_LENGTHS.items():
        content = rng.uniform(0.38, 0.46)
        weights = [(1 - content) / 2, content / 2, content / 2, (1 - content) / 2]
        bases = rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), size=length, p=weights)
        sequences[contig] = bases.tobytes().decode()
    sequences["chrY"] = sequences["chrX"][:PAR_END] + sequences["chrY"][PAR_END:]
    source, start, target, offset, size = DUPLICATED_SEGMENT
    copied = sequences[source][start : start + size]
    whole = sequences[target]
    sequences[target] = whole[:offset] + copied + whole[offset + size :]
    return sequences


def checksums(sequences: dict[str, str]) -> dict[str, str]:
    """Return the M5 of every contig, as the @SQ lines give it."""
    return {
        name: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        for name, text in sequences.items()
    }


def write_fasta(sequences: dict[str, str], path: Path) -> None:
    """Write the bgzipped FASTA with its .fai and .gzi."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with pysam.BGZFile(str(path), "wb", None) as handle:
        for name, text in sequences.items():
            lines = [text[at : at + LINE_WIDTH] for at in range(0, len(text), LINE_WIDTH)]
            handle.write((f">{name}\n" + "\n".join(lines) + "\n").encode())
    pysam.faidx(str(path))


def make_genes() -> list[Gene]:
    """Return six invented genes per autosome and on chrX as BED rows."""
    genes = []
    for number, contig in enumerate([*AUTOSOMES, "chrX"], start=1):
        for rank, (start, length) in enumerate(zip(GENE_STARTS, GENE_LENGTHS, strict=True), 1):
            begin = start + 131 * (number % 7)
            genes.append((contig, begin, begin + length, f"GENE{number:02d}{rank:02d}"))
    return genes


def write_genes(genes: list[Gene], path: Path) -> None:
    """Write the genes as BED4."""
    path.write_text("".join(f"{c}\t{s}\t{e}\t{name}\n" for c, s, e, name in genes))


def write_targets(path: Path) -> None:
    """Write the windows that the alignments cover as BED3."""
    windows = ALIGNED_WINDOWS.items()
    path.write_text("".join(f"{name}\t{start}\t{end}\n" for name, (start, end) in windows))
