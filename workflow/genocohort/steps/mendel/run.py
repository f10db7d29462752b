"""Run the step `mendel`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.ploidy import in_par
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_pedigree import MENDEL_TRIOS, MENDEL_VARIANTS
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.pedigree import read_pedigree
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store_selection import Selection, count_reasons, open_stores, select_variants
from genocohort.steps.mendel.compute import (
    NOT_GENOTYPED,
    Errors,
    MendelCounter,
    Trio,
    find_trios,
)
from genocohort.steps.mendel.settings import MendelSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/mendel.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of the store")
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: genotyped.tsv")
    parser.add_argument("--pedigree", type=Path, required=True, help="PED or FAM file")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    parser.add_argument("--trios", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--variants", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Mendelian errors of the pedigree's trios, and of child and one parent."""
    settings = settings_from_json(MendelSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    stores = open_stores(args.folder, args.chromosomes)
    sheet = {s.sample_id: s for s in read_normalised_sheet(args.sheet)}
    samples = [sheet[name] for name in stores[0].samples]
    trios, n_alone = find_trios(samples, read_pedigree(args.pedigree))
    selections = [
        select_variants(s, pass_only=settings.pass_only, autosomal=False, biallelic=False)
        for s in stores
    ]
    errors, places = _count(selections, trios, genome)
    write_table(
        args.trios, MENDEL_TRIOS, _trio_columns(samples, trios, errors, settings),
        genome_build=genome.build,
    )  # fmt: skip
    write_table(args.variants, MENDEL_VARIANTS, places, genome_build=genome.build)
    ledger = _ledger(selections, args.chromosomes, len(trios), n_alone)
    write_text(args.ledger, entries_to_json(ledger))


def _count(
    selections: Sequence[Selection], trios: tuple[Trio, ...], genome: Genome
) -> tuple[Errors, dict[str, list[Any]]]:
    """Errors of trios over all chromosomes, and the columns of the variants with errors."""
    counter = MendelCounter(trios)
    columns: dict[str, list[Any]] = {name: [] for name in MENDEL_VARIANTS.column_names}
    for selection in selections:
        variants, chosen = selection.store.variants, selection.indices
        name = selection.store.chromosome
        inside = in_par(genome, name, variants.vcf_pos[chosen])
        counter.errors.variants = []
        for first, calls in selection.blocks():
            counter.add(name, first, calls, inside[first : first + len(calls)])
        found = counter.errors.variants
        where = chosen[[rank for rank, _, _ in found]] if found else np.zeros(0, dtype=np.int64)
        columns["chromosome"] += [name] * len(found)
        columns["vcf_pos"] += variants.vcf_pos[where].tolist()
        for column in ("variant_id", "ref", "alt"):
            columns[column] += variants.chosen(column, where)
        columns["n_tested"] += [n for _, n, _ in found]
        columns["n_errors"] += [n for _, _, n in found]
    return counter.errors, columns


def _trio_columns(
    samples: Sequence[Sample], trios: Sequence[Trio], errors: Errors, settings: MendelSettings
) -> dict[str, Any]:
    def names(columns: Sequence[int]) -> list[str | None]:
        return [samples[i].sample_id if i >= 0 else None for i in columns]

    n_tested, n_carried, _, father, mother, both = errors.by_trio.T
    wrong = father + mother + both
    rate = np.full(len(trios), np.nan)
    np.divide(wrong, n_carried, out=rate, where=n_carried > 0)
    judged = n_carried >= settings.min_tested
    contradicted = [
        bool(r > settings.max_error_rate) if ok else None
        for r, ok in zip(rate, judged, strict=True)
    ]
    return {
        "sample_id": names([t.child for t in trios]),
        "father_sample_id": names([t.father for t in trios]),
        "mother_sample_id": names([t.mother for t in trios]),
        "n_tested": n_tested,
        "n_with_alt": n_carried,
        "n_errors": wrong,
        "n_errors_father": father,
        "n_errors_mother": mother,
        "n_errors_parents": both,
        "error_rate": [None if np.isnan(r) else float(r) for r in rate],
        "is_contradicted": contradicted,
    }


def _ledger(
    selections: Sequence[Selection], chromosomes: Sequence[str], n_trios: int, n_alone: int
) -> list[Entry]:
    dropped = tuple(
        Dropped(reason=reason, n=n, examples=examples)
        for reason, (n, examples) in count_reasons(selections).items()
    )
    alone = (Dropped(reason=NOT_GENOTYPED, n=n_alone),) if n_alone else ()
    return [
        Entry(
            step="mendel", unit="sample", scope="children", n_in=n_trios + n_alone,
            n_kept=n_trios, dropped=alone,
        ),
        Entry(
            step="mendel", unit="variant", source="genotypes", source_scopes=tuple(chromosomes),
            n_in=sum(s.store.n_variants for s in selections),
            n_kept=sum(len(s.indices) for s in selections), dropped=dropped,
        ),
    ]  # fmt: skip
