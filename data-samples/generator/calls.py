"""Called genotypes: missingness, FORMAT fields and the VCF files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pysam
from numpy.typing import NDArray

from .layout import CONTIG_LENGTHS, DEPTH, DETAILED_CONTIGS, PHASED_REGION, stream
from .roster import Roster
from .sites import Site

LOW_CALL_RATE = 0.30
ERROR_RATE = 0.002
HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
##FILTER=<ID=LowQual,Description="QUAL below 30">
{contigs}
##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in called genotypes">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of called alleles">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Read depth of each allele">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">
"""


def draw_missing(
    sites: list[Site], contig: str, roster: Roster, complete: set[tuple[str, int]]
) -> NDArray[np.bool_]:
    """Return which calls of one contig are missing, shape (sites, members).

    Causal positions in `complete` are called in everyone but the low-call sample.
    """
    rng = stream(f"missing {contig}")
    rates = rng.beta(0.3, 60.0, size=len(sites))
    worse = rng.random(len(sites)) < 0.01
    rates[worse] = rng.uniform(0.06, 0.15, size=int(worse.sum()))
    for row, site in enumerate(sites):
        if (site.contig, site.position) in complete:
            rates[row] = 0.0
    missing = rng.random((len(sites), len(roster.members))) < rates[:, None]
    missing[:, roster.low_call] |= rng.random(len(sites)) < LOW_CALL_RATE
    return missing


def _genotype_texts(site: Site, missing: NDArray[np.bool_]) -> list[str]:
    contig, start, end = PHASED_REGION
    phased = site.contig == contig and start <= site.position < end
    separator = "|" if phased else "/"
    texts = []
    for (one, two), lost in zip(site.haplotypes.tolist(), missing.tolist(), strict=True):
        if two < 0:
            texts.append("." if lost or one < 0 else str(one))
        elif lost:
            texts.append("./.")
        elif phased or one <= two:
            texts.append(f"{one}{separator}{two}")
        else:
            texts.append(f"{two}{separator}{one}")
    return texts


def _with_depths(
    site: Site, texts: list[str], missing: NDArray[np.bool_], rng: np.random.Generator
) -> list[str]:
    """Append AD, DP and GQ that agree with the genotypes."""
    alleles = len(site.alts) + 1
    copies = (site.haplotypes >= 0).sum(axis=1)
    depths = np.maximum(rng.poisson(DEPTH * copies / 2), 2)
    splits = rng.binomial(depths, 0.5)
    errors = rng.binomial(depths, ERROR_RATE)
    fields = []
    for row, text in enumerate(texts):
        one, two = site.haplotypes[row].tolist()
        if missing[row] or one < 0:
            fields.append(f"{text}:.:.:.")
            continue
        counts = [0] * alleles
        depth = int(depths[row])
        if two < 0 or one == two:
            counts[one] = depth - int(errors[row])
            counts[(one + 1) % alleles] += int(errors[row])
            quality = min(99, 3 * depth)
        else:
            part = min(max(int(splits[row]), 1), depth - 1)
            counts[one], counts[two] = part, depth - part
            quality = min(99, 20 * min(part, depth - part))
        fields.append(f"{text}:{','.join(map(str, counts))}:{depth}:{quality}")
    return fields


def _record(site: Site, missing: NDArray[np.bool_], rng: np.random.Generator) -> str:
    called = site.haplotypes[~missing]
    counts = [int((called == number + 1).sum()) for number in range(len(site.alts))]
    total = int((called >= 0).sum())
    texts = _genotype_texts(site, missing)
    layout = "GT"
    if site.contig in DETAILED_CONTIGS:
        texts = _with_depths(site, texts, missing, rng)
        layout = "GT:AD:DP:GQ"
    columns = [
        site.contig,
        str(site.position + 1),
        site.identifier,
        site.ref,
        ",".join(site.alts),
        f"{site.quality:g}",
        "PASS" if site.passed else "LowQual",
        f"AC={','.join(map(str, counts))};AN={total}",
        layout,
    ]
    return "\t".join(columns + texts) + "\n"


def render(sites: list[Site], contig: str, missing: NDArray[np.bool_]) -> list[str]:
    """Return the VCF lines of one contig."""
    rng = stream(f"depths {contig}")
    return [_record(site, missing[row], rng) for row, site in enumerate(sites)]


def write_vcf(path: Path, roster: Roster, lines: Iterable[str]) -> None:
    """Write a bgzipped VCF with its .tbi; all contigs stand in the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    contigs = "\n".join(
        f"##contig=<ID={name},length={length}>" for name, length in CONTIG_LENGTHS.items()
    )
    names = "\t".join(member.sample_id for member in roster.members)
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    with pysam.BGZFile(str(path), "wb", None) as handle:
        handle.write((HEADER.format(contigs=contigs) + columns + names + "\n").encode())
        for line in lines:
            handle.write(line.encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)
