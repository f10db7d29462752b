"""Principal components of the pruned variants, and their tables."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.tables_cohort import (
    STRUCTURE_EIGENVALUES,
    STRUCTURE_PRUNED,
    components_table,
    loadings_table,
)
from genocohort.engine.allotment import Allotment
from genocohort.engine.components import (
    TOLERANCE,
    Block,
    Genotypes,
    block_memory,
    fit_components,
    weigh_variants,
)
from genocohort.engine.tasks import map_tasks
from genocohort.io.parquet import write_table
from genocohort.io.store_selection import block_bytes
from genocohort.stats.pca import Components
from genocohort.steps.structure.compute import Roles, components_columns, eigenvalue_columns
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.structure.variants import Chosen, variant_columns

Floats = npt.NDArray[np.float64]

# Loadings: a block of calls as float32 and as float64.
_PER_CALL = 16


def pca_method(settings: StructureSettings, n_fitted: int) -> Literal["exact", "randomized"]:
    """The method asked for, or that for so many samples."""
    if settings.pca == "auto":
        return "exact" if n_fitted <= settings.pca_exact_max else "randomized"
    return settings.pca


def write_components(
    args: argparse.Namespace,
    pruned: Sequence[Chosen],
    roles: Roles,
    samples: Sequence[str],
    settings: StructureSettings,
    allotment: Allotment,
) -> tuple[Components, Floats]:
    """Components, eigenvalues and loadings; the fitted components, and the relatives' places."""

    def blocks() -> Iterator[Block]:
        return (block for chosen in pruned for block in _blocks(chosen))

    n_variants = sum(len(c.selection.indices) for c in pruned)
    genotypes = Genotypes(blocks, n_variants, roles.fitted)
    size = block_bytes(len(samples))
    method = pca_method(settings, len(roles.fitted))
    threads = allotment.workers(block_memory(size) // 2)
    fit = fit_components(genotypes, settings.n_components, method, threads)
    _tell_unfinished(fit.residuals)
    fitted = fit.components

    def of_chromosome(chosen: Chosen) -> tuple[Floats, Floats]:
        weights = [np.zeros((0, settings.n_components))]
        placed = np.zeros((len(roles.projected), settings.n_components))
        for block in _blocks(chosen):
            own, part = weigh_variants(block, genotypes, fitted, roles.projected)
            weights.append(own)
            placed += part
        return np.concatenate(weights), placed

    found = map_tasks(of_chromosome, pruned, threads=allotment.workers(_PER_CALL * size))
    nothing = np.zeros((len(roles.projected), settings.n_components))
    nothing[:, np.isnan(fitted.eigenvalues)] = np.nan
    projected = sum((part for _, part in found), nothing)
    weights = np.concatenate([np.zeros((0, settings.n_components)), *(w for w, _ in found)])
    genome = settings_from_json(Genome, args.genome)
    table = components_table(settings.n_components)
    write_table(args.components, table, components_columns(samples, roles, fitted, projected))
    write_table(args.eigenvalues, STRUCTURE_EIGENVALUES, eigenvalue_columns(fitted))
    columns = variant_columns(pruned)
    columns |= {f"PC{k + 1}": weights[:, k] for k in range(settings.n_components)}
    write_table(
        args.loadings, loadings_table(settings.n_components), columns, genome_build=genome.build
    )
    return fitted, projected


def _blocks(chosen: Chosen) -> Iterator[Block]:
    """A chromosome's calls with the frequencies among the fitted samples."""
    frequency = chosen.counts.alt_frequency
    for rank, calls in chosen.selection.blocks():
        yield calls, frequency[rank : rank + len(calls)]


def _tell_unfinished(residuals: Floats | None) -> None:
    if residuals is not None and (residuals > TOLERANCE).any():
        first = int(np.argmax(residuals > TOLERANCE)) + 1
        print(
            f"structure: components from PC{first} on are found to a relative residual of "
            f"{residuals.max():.1g} only (aimed at {TOLERANCE:g}): their eigenvalues lie close "
            "together, as those of noise do",
            file=sys.stderr,
        )


def write_pruned(path: Path, pruned: Sequence[Chosen], genome: Genome) -> None:
    """The variants that the components are made from."""
    columns: dict[str, list[object]] = {name: [] for name in STRUCTURE_PRUNED.column_names}
    for chosen in pruned:
        store, indices = chosen.selection.store, chosen.selection.indices
        columns["chromosome"] += [store.chromosome] * len(indices)
        columns["vcf_pos"] += store.variants.vcf_pos[indices].tolist()
        columns["variant_id"] += store.variants.chosen("variant_id", indices)
    write_table(path, STRUCTURE_PRUNED, columns, genome_build=genome.build)
