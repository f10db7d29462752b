"""Haplotypes of the cohort: three populations by coalescent, families by transmission."""

from __future__ import annotations

from dataclasses import dataclass

import msprime
import numpy as np
from numpy.typing import NDArray

from .layout import (
    CONTIG_LENGTHS,
    MUTATION_RATE,
    PAR_END,
    POPULATION_SIZES,
    RECOMBINATION_RATE,
    SAMPLE_COUNT,
    seed_for,
    stream,
)
from .roster import Roster

Haplotypes = NDArray[np.int8]
ABSENT = -1
EFFECTIVE_SIZE = 10_000
MEIOSES = "meioses 2"
HAPLOID_SCALE = 0.25
HAPLOID_MUTATION_FACTOR = {"chrY": 6.0, "chrM": 20.0}


@dataclass
class Mutations:
    """Derived-allele indicators of one contig, shape (positions, members, 2)."""

    positions: NDArray[np.int64]
    haplotypes: Haplotypes


def demography(scale: float = 1.0) -> msprime.Demography:
    """Return the history: B and C part 1,000 generations ago, A from them at 2,400."""
    model = msprime.Demography()
    for name in ("A", "B", "C", "BC", "ABC"):
        model.add_population(name=name, initial_size=EFFECTIVE_SIZE * scale)
    model.add_population_split(time=1_000, derived=["B", "C"], ancestral="BC")
    model.add_population_split(time=2_400, derived=["A", "BC"], ancestral="ABC")
    return model


def _simulate(
    contig: str, counts: dict[str, int], ploidy: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return positions and genotypes (positions, haplotypes) of one contig."""
    haploid = ploidy == 1
    trees = msprime.sim_ancestry(
        [msprime.SampleSet(n, population=p, ploidy=ploidy) for p, n in counts.items()],
        demography=demography(HAPLOID_SCALE if haploid else 1.0),
        ploidy=ploidy,
        sequence_length=CONTIG_LENGTHS[contig],
        recombination_rate=0.0 if haploid else RECOMBINATION_RATE,
        random_seed=seed_for(f"ancestry {contig}"),
    )
    trees = msprime.sim_mutations(
        trees,
        rate=MUTATION_RATE * HAPLOID_MUTATION_FACTOR.get(contig, 1.0),
        model=msprime.BinaryMutationModel(),
        random_seed=seed_for(f"mutations {contig}"),
    )
    return trees.tables.sites.position.astype(np.int64), trees.genotype_matrix()


def _founder_slots(roster: Roster) -> dict[str, list[int]]:
    founders: dict[str, list[int]] = {name: [] for name in POPULATION_SIZES}
    for member in roster.members:
        if member.index not in roster.derived:
            founders[member.population].append(member.index)
    return founders


def _gamete(
    parent: Haplotypes, positions: NDArray[np.int64], length: int, rng: np.random.Generator
) -> Haplotypes:
    """Return one recombined haplotype of a parent with haplotypes (positions, 2)."""
    crossings = np.sort(rng.uniform(0, length, rng.poisson(length * RECOMBINATION_RATE)))
    strand = (np.searchsorted(crossings, positions) + rng.integers(2)) % 2
    return np.take_along_axis(parent, strand[:, None], axis=1)[:, 0]


def _transmit(contig: str, data: Mutations, roster: Roster) -> None:
    """Fill children and the duplicate from their sources, in place."""
    rng = stream(f"{MEIOSES} {contig}")
    haplotypes, positions = data.haplotypes, data.positions
    for family in roster.families:
        mother, father = haplotypes[:, family.mother], haplotypes[:, family.father]
        for child in family.children:
            son = roster.members[child].sex == "XY"
            if contig == "chrM":
                haplotypes[:, child] = mother
            elif contig == "chrY":
                haplotypes[:, child] = father if son else ABSENT
            elif contig == "chrX":
                haplotypes[:, child, 0] = _gamete(mother, positions, CONTIG_LENGTHS[contig], rng)
                haplotypes[:, child, 1] = father[:, 1 if son else 0]
            else:
                for strand, parent in enumerate((mother, father)):
                    gamete = _gamete(parent, positions, CONTIG_LENGTHS[contig], rng)
                    haplotypes[:, child, strand] = gamete
    source, copy = roster.duplicate
    haplotypes[:, copy] = haplotypes[:, source]


def simulate_contig(contig: str, roster: Roster) -> Mutations:
    """Return the mutations of one contig for the whole cohort.

    Absent haplotypes (chrY of females, the second chrX outside the PAR of males, the second
    copy of haploid contigs) are -1.
    """
    slots = _founder_slots(roster)
    ploidy = 1 if contig in ("chrY", "chrM") else 2
    positions, matrix = _simulate(contig, {p: len(s) for p, s in slots.items()}, ploidy)
    order = [index for indices in slots.values() for index in indices]
    haplotypes = np.full((len(positions), SAMPLE_COUNT, 2), ABSENT, dtype=np.int8)
    haplotypes[:, order, :ploidy] = matrix.reshape(len(positions), len(order), ploidy)
    males = np.array([member.sex == "XY" for member in roster.members])
    if contig == "chrX":
        outside = np.flatnonzero(positions >= PAR_END)
        haplotypes[np.ix_(outside, np.flatnonzero(males), np.array([1]))] = ABSENT
    elif contig == "chrY":
        haplotypes[:, ~males] = ABSENT
        keep = positions >= PAR_END
        positions, haplotypes = positions[keep], haplotypes[keep]
    data = Mutations(positions, haplotypes)
    _transmit(contig, data, roster)
    return data
