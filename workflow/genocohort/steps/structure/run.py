"""Run the step `structure`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_ANCESTRY,
    STRUCTURE_DIVERSITY,
    STRUCTURE_EIGENVALUES,
    STRUCTURE_FST,
    STRUCTURE_PRUNED,
    STRUCTURE_ROH_SAMPLES,
    STRUCTURE_ROH_SEGMENTS,
    STRUCTURE_SPECTRUM,
    components_table,
    loadings_table,
)
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import (
    Selection,
    block_bytes,
    count_reasons,
    open_stores,
    select_variants,
)
from genocohort.stats.pca import Components, compute_components, loadings, project
from genocohort.stats.roh import covered_length, find_runs
from genocohort.steps.structure.ancestry import infer_ancestry
from genocohort.steps.structure.compute import (
    Roles,
    choose_roles,
    components_columns,
    count_group_alleles,
    eigenvalue_columns,
    fst_table,
    group_samples,
    make_tiles,
    relationship_tile,
)
from genocohort.steps.structure.diversity import (
    ChromosomeDiversity,
    diversity_columns,
    measure_chromosome,
    spectrum_columns,
)
from genocohort.steps.structure.roh import (
    ChromosomeRuns,
    run_criteria,
    sample_columns,
    segment_columns,
)
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.structure.variants import (
    Chosen,
    long_range_regions,
    pruned_variants,
    pruning_bytes,
    usable_variants,
    variant_columns,
)

Floats = npt.NDArray[np.float64]

OUTPUTS = (
    "components", "eigenvalues", "loadings", "pruned", "ancestry", "roh-segments", "roh-samples",
    "diversity", "spectrum", "fst",
)  # fmt: skip

# A tile of the relationship matrix, beside a block of calls read, cut and masked.
_TILE_BYTES = 32 << 20
_PER_BLOCK = 5
# Runs of homozygosity: int32 sums of a block's calls, and what they are made from.
_PER_RUN_CALL = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/structure.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of the store")
    parser.add_argument("--kinship", type=Path, required=True, help="kinship/pairs.parquet")
    parser.add_argument("--sample-qc", type=Path, required=True, help="sample_qc/samples.parquet")
    parser.add_argument("--participants", type=Path, help="clinical/participants.parquet")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    for name in OUTPUTS:
        parser.add_argument(f"--{name}", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """LD pruning, principal components and Fst."""
    settings = settings_from_json(StructureSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    stores = open_stores(args.folder, args.chromosomes)
    samples = stores[0].samples
    quality = read_table(args.sample_qc, SAMPLE_QC_SAMPLES).to_pylist()
    roles = _roles(args.kinship, samples, quality, settings)
    regions = long_range_regions(settings, genome)
    selections = [select_variants(store, pass_only=settings.pass_only) for store in stores]
    allotment = Allotment.of(args)
    threads = allotment.workers(_TILE_BYTES + _PER_BLOCK * block_bytes(len(samples)))
    usable = map_tasks(
        lambda s: usable_variants(s, roles, regions, settings), selections, threads=threads
    )
    _write_runs(args, usable, roles, samples, settings, allotment)
    largest = max((pruning_bytes(c, roles, settings) for c in usable), default=0)
    pruned = map_tasks(
        lambda c: pruned_variants(c, roles, settings), usable, threads=allotment.workers(largest)
    )
    relationship = _relationship(pruned, roles, threads)
    n = len(roles.fitted)
    fitted = compute_components(relationship[:n, :n], settings.n_components)
    projected = project(relationship[n:, :n], fitted)
    table = components_table(settings.n_components)
    write_table(args.components, table, components_columns(samples, roles, fitted, projected))
    write_table(args.eigenvalues, STRUCTURE_EIGENVALUES, eigenvalue_columns(fitted))
    _write_pruned(args.pruned, pruned, genome)
    _write_loadings(args.loadings, pruned, roles, fitted, genome, threads)
    groups = _groups(args.participants, samples, quality, settings)
    reported = groups if settings.group_by == "ancestry_reported" else [None] * len(samples)
    ancestry = infer_ancestry(
        samples, roles, np.concatenate([fitted.vectors, projected]), reported, settings
    )
    if ancestry.notice:
        print(f"structure: {ancestry.notice}", file=sys.stderr)
    write_table(args.ancestry, STRUCTURE_ANCESTRY, ancestry.columns)
    _write_diversity(args, selections, roles, groups, settings, threads)
    _write_fst(args.fst, selections, roles, groups, settings, threads)
    write_text(args.ledger, entries_to_json(_ledger(pruned, roles, samples, args.chromosomes)))


def _roles(
    kinship: Path,
    samples: tuple[str, ...],
    quality: Sequence[dict[str, object]],
    settings: StructureSettings,
) -> Roles:
    pairs = read_table(kinship, KINSHIP_PAIRS, ["sample_id_1", "sample_id_2", "kinship"])
    relatives = [
        (r["sample_id_1"], r["sample_id_2"])
        for r in pairs.to_pylist()
        if r["kinship"] is not None and r["kinship"] > settings.kinship_max
    ]
    failed = [str(r["sample_id"]) for r in quality if r["verdict"] == "fail"]
    rates = {str(r["sample_id"]): r["call_rate"] for r in quality}
    call_rate = {s: float(rate) for s, rate in rates.items() if isinstance(rate, float)}
    return choose_roles(samples, failed, relatives, call_rate)


def _relationship(pruned: Sequence[Chosen], roles: Roles, threads: int) -> Floats:
    """Mean over variants of z z' of all samples with a role, fitted ones first."""
    order = roles.all
    n_variants = sum(len(c.selection.indices) for c in pruned)

    def blocks() -> Iterator[tuple[npt.NDArray[np.int8], Floats]]:
        for chosen in pruned:
            frequency = chosen.counts.alt_frequency
            for rank, calls in chosen.selection.blocks():
                yield calls, frequency[rank : rank + len(calls)]

    def tile(span: tuple[slice, slice]) -> Floats:
        return relationship_tile(blocks(), order[span[0]], order[span[1]])

    total = np.zeros((len(order), len(order)))
    tiles = make_tiles(len(order))
    for (rows, columns), part in zip(tiles, map_tasks(tile, tiles, threads=threads), strict=True):
        total[rows, columns] = part
        total[columns, rows] = part.T
    return total / n_variants if n_variants else total


def _write_runs(
    args: argparse.Namespace,
    usable: Sequence[Chosen],
    roles: Roles,
    samples: tuple[str, ...],
    settings: StructureSettings,
    allotment: Allotment,
) -> None:
    """Runs of homozygosity of all samples with a role, over the variants before LD pruning."""
    placed = np.sort(roles.all)
    criteria = run_criteria(settings)

    def of_chromosome(chosen: Chosen) -> ChromosomeRuns:
        store, indices = chosen.selection.store, chosen.selection.indices
        position = store.variants.vcf_pos[indices]
        blocks = (calls[:, placed] for _, calls in chosen.selection.blocks())
        runs = find_runs(blocks, position, len(placed), criteria)
        covered = covered_length(position, criteria.max_gap)
        return ChromosomeRuns(store.chromosome, position, covered, runs)

    threads = allotment.workers(_PER_RUN_CALL * block_bytes(len(samples)))
    found = map_tasks(of_chromosome, usable, threads=threads)
    names = [samples[i] for i in placed]
    write_table(args.roh_segments, STRUCTURE_ROH_SEGMENTS, segment_columns(names, found))
    write_table(args.roh_samples, STRUCTURE_ROH_SAMPLES, sample_columns(names, found))


def _write_pruned(path: Path, pruned: Sequence[Chosen], genome: Genome) -> None:
    columns: dict[str, list[object]] = {name: [] for name in STRUCTURE_PRUNED.column_names}
    for chosen in pruned:
        store, indices = chosen.selection.store, chosen.selection.indices
        columns["chromosome"] += [store.chromosome] * len(indices)
        columns["vcf_pos"] += store.variants.vcf_pos[indices].tolist()
        columns["variant_id"] += store.variants.variant_id[indices].tolist()
    write_table(path, STRUCTURE_PRUNED, columns, genome_build=genome.build)


def _write_loadings(
    path: Path,
    pruned: Sequence[Chosen],
    roles: Roles,
    fitted: Components,
    genome: Genome,
    threads: int,
) -> None:
    """What a variant adds to a component, so that samples of other cohorts can be placed on it."""
    n_variants = sum(len(c.selection.indices) for c in pruned)

    def of_chromosome(chosen: Chosen) -> Floats:
        frequency = chosen.counts.alt_frequency
        parts = [
            loadings(
                calls[:, roles.fitted], frequency[rank : rank + len(calls)], fitted, n_variants
            )
            for rank, calls in chosen.selection.blocks()
        ]
        return np.concatenate([np.zeros((0, len(fitted.eigenvalues))), *parts])

    values = np.concatenate(map_tasks(of_chromosome, pruned, threads=threads))
    columns = variant_columns(pruned) | {f"PC{k + 1}": values[:, k] for k in range(values.shape[1])}
    table = loadings_table(values.shape[1])
    write_table(path, table, columns, genome_build=genome.build)


def _groups(
    participants: Path | None,
    samples: tuple[str, ...],
    quality: Sequence[dict[str, object]],
    settings: StructureSettings,
) -> list[str | None]:
    """The group of each sample of the store; None where it has none."""
    if settings.group_by == "none":
        return [None] * len(samples)
    if settings.group_by == "batch":
        batch = {str(r["sample_id"]): str(r["batch"]) or None for r in quality}
        return [batch.get(s) for s in samples]
    if participants is None:
        print(
            "structure: no clinical participants, so no reported ancestry: Fst is not computed "
            "(set structure.group_by to batch or none)",
            file=sys.stderr,
        )
        return [None] * len(samples)
    columns = ["participant_id", "ancestry_reported"]
    rows = read_table(participants, PARTICIPANTS, columns).to_pylist()
    ancestry = {r["participant_id"]: r["ancestry_reported"] for r in rows}
    participant = {str(r["sample_id"]): r["participant_id"] for r in quality}
    return [ancestry.get(participant.get(s)) for s in samples]


def _write_diversity(
    args: argparse.Namespace,
    selections: Sequence[Selection],
    roles: Roles,
    named: Sequence[str | None],
    settings: StructureSettings,
    threads: int,
) -> None:
    """Diversity and spectrum of all fitted samples and of each group of them."""
    members = {("all", ""): roles.fitted}
    own = group_samples(roles, named, settings.min_group_size)
    members |= {(settings.group_by, name): found for name, found in own.items()}
    sizes = [len(found) for found in members.values()]

    def of_chromosome(selection: Selection) -> ChromosomeDiversity:
        blocks = (calls for _, calls in selection.blocks())
        counts = count_group_alleles(blocks, list(members.values()))
        position = selection.store.variants.vcf_pos[selection.indices]
        window = round(1000 * settings.diversity_window_kb)
        return measure_chromosome(selection.store.chromosome, counts, position, sizes, window)

    found = map_tasks(of_chromosome, selections, threads=threads)
    groups = [(*key, n) for key, n in zip(members, sizes, strict=True)]
    write_table(args.diversity, STRUCTURE_DIVERSITY, diversity_columns(groups, found))
    write_table(args.spectrum, STRUCTURE_SPECTRUM, spectrum_columns(groups, found))


def _write_fst(
    path: Path,
    selections: Sequence[Selection],
    roles: Roles,
    named: Sequence[str | None],
    settings: StructureSettings,
    threads: int,
) -> None:
    groups = group_samples(roles, named, settings.min_group_size)
    counts = np.zeros((len(groups), 0, 2), dtype=np.int64)
    if len(groups) > 1:
        members = list(groups.values())
        parts = map_tasks(
            lambda s: count_group_alleles((calls for _, calls in s.blocks()), members),
            selections,
            threads=threads,
        )
        counts = np.concatenate(parts, axis=1)
    columns, estimates = fst_table(settings.group_by, groups, counts, settings.fst_blocks)
    for first, second, fst in estimates:
        if fst.n_undefined:
            print(
                f"structure: Fst of {first} and {second}: {fst.n_undefined} variants left out "
                "(fixed for one allele in both, or not called in one)",
                file=sys.stderr,
            )
    write_table(path, STRUCTURE_FST, columns)


def _ledger(
    pruned: Sequence[Chosen], roles: Roles, samples: tuple[str, ...], chromosomes: Sequence[str]
) -> list[Entry]:
    selections = [c.selection for c in pruned]
    n_kept = len(roles.all)
    placed = set(roles.all.tolist())
    failed = [s for i, s in enumerate(samples) if i not in placed]
    return [
        Entry(
            step="structure", unit="sample", source="genotypes", source_scopes=(chromosomes[0],),
            n_in=len(samples), n_kept=n_kept,
            dropped=(Dropped(reason="failed sample quality control", n=len(failed),
                             examples=tuple(failed[:5])),) if failed else (),
        ),
        Entry(
            step="structure", unit="variant", source="genotypes",
            source_scopes=tuple(chromosomes),
            n_in=sum(s.store.n_variants for s in selections),
            n_kept=sum(len(s.indices) for s in selections),
            dropped=tuple(
                Dropped(reason=reason, n=n, examples=examples)
                for reason, (n, examples) in count_reasons(selections).items()
            ),
        ),
    ]  # fmt: skip
