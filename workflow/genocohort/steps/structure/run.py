"""Run the step `structure`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_ANCESTRY,
    STRUCTURE_ROH_SAMPLES,
    STRUCTURE_ROH_SEGMENTS,
)
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import (
    block_bytes,
    count_reasons,
    open_stores,
    select_variants,
)
from genocohort.stats.roh import covered_length, find_runs
from genocohort.steps.structure.ancestry import infer_ancestry
from genocohort.steps.structure.components import write_components, write_pruned
from genocohort.steps.structure.compute import Roles, choose_roles
from genocohort.steps.structure.groups import (
    make_groups,
    named_groups,
    write_diversity_and_spectra,
    write_fst,
    write_ld_decay,
)
from genocohort.steps.structure.roh import (
    ChromosomeRuns,
    run_criteria,
    sample_columns,
    segment_columns,
)
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.structure.similarity import write_similarity
from genocohort.steps.structure.variants import (
    Chosen,
    long_range_regions,
    pruned_variants,
    pruning_bytes,
    usable_variants,
)

OUTPUTS = (
    "components", "eigenvalues", "loadings", "pruned", "ancestry", "roh-segments", "roh-samples",
    "diversity", "spectrum", "fst", "ld-decay", "ibs", "mds",
)  # fmt: skip

# A block of calls read, cut and masked.
_PER_BLOCK = 5
# Runs of homozygosity: sums of a block's calls, and what they are made from.
_PER_RUN_CALL = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/structure.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of the store")
    parser.add_argument("--kinship", type=Path, required=True, help="kinship/pairs.parquet")
    parser.add_argument("--sample-qc", type=Path, required=True, help="sample_qc/samples.parquet")
    parser.add_argument("--participants", type=Path, help="clinical/participants.parquet")
    parser.add_argument("--inferred-ancestry", type=Path, help="ancestry/samples.parquet")
    parser.add_argument("--ancestral", type=Path, help="VCF with ancestral alleles in INFO/AA")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    for name in OUTPUTS:
        parser.add_argument(f"--{name}", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """LD pruning, principal components, groups of samples and what tells them apart."""
    settings = settings_from_json(StructureSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    stores = open_stores(args.folder, args.chromosomes)
    samples = stores[0].samples
    quality = read_table(args.sample_qc, SAMPLE_QC_SAMPLES).to_pylist()
    roles = _roles(args.kinship, samples, quality, settings)
    regions = long_range_regions(settings, genome)
    selections = [select_variants(store, pass_only=settings.pass_only) for store in stores]
    allotment = Allotment.of(args)
    threads = allotment.workers(_PER_BLOCK * block_bytes(len(samples)))
    usable = map_tasks(
        lambda s: usable_variants(s, roles, regions, settings), selections, threads=threads
    )
    _write_runs(args, usable, roles, samples, settings, allotment)
    largest = max((pruning_bytes(c, roles, settings) for c in usable), default=0)
    pruned = map_tasks(
        lambda c: pruned_variants(c, roles, settings), usable, threads=allotment.workers(largest)
    )
    write_pruned(args.pruned, pruned, genome)
    fitted, projected = write_components(args, pruned, roles, samples, settings, allotment)
    named = named_groups(args.participants, args.inferred_ancestry, samples, quality, settings)
    reported = named if settings.group_by == "ancestry_reported" else [None] * len(samples)
    ancestry = infer_ancestry(
        samples, roles, np.concatenate([fitted.vectors, projected]), reported, settings
    )
    if ancestry.notice:
        print(f"structure: {ancestry.notice}", file=sys.stderr)
    write_table(args.ancestry, STRUCTURE_ANCESTRY, ancestry.columns)
    groups = make_groups(roles, named, settings)
    write_diversity_and_spectra(
        args.diversity, args.spectrum, args.ancestral, selections, groups, settings, threads
    )
    write_fst(args.fst, selections, roles, named, settings, threads)
    write_ld_decay(args.ld_decay, usable, groups, settings, allotment)
    write_similarity(args.ibs, args.mds, pruned, roles, samples, settings, allotment)
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
