"""Fixed sizes, seeds and coordinates of the synthetic genome and cohort."""

from __future__ import annotations

import zlib

import numpy as np

SEED = 20
GENOME_BUILD = "synthetic"

AUTOSOMES = [f"chr{number}" for number in range(1, 23)]
CONTIG_LENGTHS: dict[str, int] = {name: 160_000 for name in AUTOSOMES}
CONTIG_LENGTHS.update({"chrX": 160_000, "chrY": 40_000, "chrM": 16_569})
PAR_END = 20_000

MUTATION_RATE = 1.25e-8
RECOMBINATION_RATE = 3e-7
POPULATION_SIZES = {"A": 120, "B": 140, "C": 140}
SAMPLE_COUNT = sum(POPULATION_SIZES.values())

READ_LENGTH = 100
DEPTH = 15
ALIGNED_WINDOWS: dict[str, tuple[int, int]] = {
    "chr20": (60_000, 100_000),
    "chr21": (60_000, 100_000),
    "chr22": (60_000, 100_000),
    "chrX": (60_000, 80_000),
    "chrY": (25_000, 35_000),
}
DUPLICATED_SEGMENT = ("chr21", 90_000, "chr22", 90_000, 600)

DETAILED_CONTIGS = ("chr20", "chr21", "chr22", "chrX")
PHASED_REGION = ("chr19", 0, 80_000)

LDL_CONTIG, CAD_CONTIG, SURVIVAL_CONTIG, SEPARATED_CONTIG = "chr22", "chr21", "chr20", "chr22"
BURDEN_GENE = "GENE2104"
BURDEN_AAF = 0.01


def stream(name: str) -> np.random.Generator:
    """Return the random stream of one named stage, independent of all other stages."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def seed_for(name: str) -> int:
    """Return a positive 31-bit seed for a named stage of the coalescent simulator."""
    return int(stream(name).integers(1, 2**31 - 1))
