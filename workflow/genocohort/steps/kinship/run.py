"""Run the step `kinship`."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_cohort import KINSHIP_PAIRS
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.pairs import map_pairs
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.pedigree import read_pedigree
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store_selection import (
    Selection,
    count_reasons,
    open_stores,
    select_variants,
)
from genocohort.stats.kinship import PairCounts, Tile, expected_ibs0
from genocohort.steps.kinship.compute import (
    Records,
    RelatedPairs,
    join_pairs,
    pairs_table,
    recorded_for_samples,
    related_in_tile,
)
from genocohort.steps.kinship.settings import KinshipSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/kinship.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of the store")
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: genotyped.tsv")
    parser.add_argument("--pedigree", type=Path, help="PED or FAM file")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Kinship of all pairs of samples against the pedigree."""
    settings = settings_from_json(KinshipSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    people = read_pedigree(args.pedigree) if args.pedigree else ()
    stores = open_stores(args.folder, args.chromosomes)
    samples = stores[0].samples
    sheet = {s.sample_id: s for s in read_normalised_sheet(args.sheet)}
    records = recorded_for_samples([sheet[s] for s in samples if s in sheet], people)
    _tell_unknown(records)
    selections = [select_variants(store, pass_only=settings.pass_only) for store in stores]
    pairs, unrelated_ibs0 = _related_pairs(
        selections, samples, records, settings, Allotment.of(args)
    )
    share = settings.parent_offspring_ibs0_share
    columns = pairs_table(samples, pairs, records, unrelated_ibs0, share)
    write_table(args.pairs, KINSHIP_PAIRS, columns, genome_build=genome.build)
    write_text(args.ledger, entries_to_json(_ledger(selections, args.chromosomes)))


def _tell_unknown(records: Records) -> None:
    if records.unknown:
        shown = ", ".join(records.unknown[:5])
        print(
            f"kinship: {len(records.unknown)} people of the pedigree are not in the calls "
            f"(used only to link others): {shown}",
            file=sys.stderr,
        )


def _related_pairs(
    selections: list[Selection],
    samples: tuple[str, ...],
    records: Records,
    settings: KinshipSettings,
    allotment: Allotment,
) -> tuple[RelatedPairs, float]:
    """The pairs, and the IBS0 that unrelated samples would have by the allele frequencies."""
    index = {sample: i for i, sample in enumerate(samples)}
    recorded = [
        (min(index[a], index[b]), max(index[a], index[b]))
        for a, b in records.relations
        if a in index and b in index
    ]

    def blocks(size: int) -> Iterator[npt.NDArray[np.int8]]:
        return (calls for selection in selections for _, calls in selection.blocks(size))

    def related(tile: Tile, counts: PairCounts) -> RelatedPairs:
        threshold, min_het = settings.report_threshold, settings.min_het
        return related_in_tile(tile, counts, threshold, recorded, min_het)

    parts, by_variant = map_pairs(blocks, len(samples), related, allotment)
    n_alt = by_variant[:, 0] + 2 * by_variant[:, 1]
    n_ref = 2 * (len(samples) - by_variant[:, 2]) - n_alt
    return join_pairs(parts), expected_ibs0(n_ref, n_alt)


def _ledger(selections: list[Selection], chromosomes: list[str]) -> list[Entry]:
    n_samples = selections[0].store.n_samples
    dropped = tuple(
        Dropped(reason=reason, n=n, examples=examples)
        for reason, (n, examples) in count_reasons(selections).items()
    )
    return [
        Entry(
            step="kinship", unit="sample", source="genotypes", source_scopes=(chromosomes[0],),
            n_in=n_samples, n_kept=n_samples,
        ),
        Entry(
            step="kinship", unit="variant", source="genotypes", source_scopes=tuple(chromosomes),
            n_in=sum(s.store.n_variants for s in selections),
            n_kept=sum(len(s.indices) for s in selections), dropped=dropped,
        ),
    ]  # fmt: skip
