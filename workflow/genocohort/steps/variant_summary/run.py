"""Command line of the step `variant_summary`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.table import Table
from genocohort.domain.tables_variants import (
    FILTER_SETS,
    SITE_COUNTS,
    SUMMARY_CHROMOSOMES,
    SUMMARY_HISTOGRAMS,
    SUMMARY_SAMPLES,
    VARIANT_HISTOGRAMS,
    VARIANT_SAMPLES,
    VARIANT_SITES,
)
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.steps.variant_summary.bcftools_text import bcftools_text
from genocohort.steps.variant_summary.compute import (
    ALL,
    SAMPLE_SUMS,
    SITES_READ,
    TEXT_COUNTS,
    Columns,
    compute_chromosomes,
    compute_histograms,
    compute_samples,
    compute_site_counts,
)
from genocohort.steps.variant_summary.settings import VariantSummarySettings

# A table of sites takes this many times its compressed size once it is arrays, passing ones twice.
_PER_TABLE = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="results of the step variants")
    parser.add_argument("--chromosomes", nargs="*", default=[])
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    add_allotment_arguments(parser)
    parser.add_argument("--chromosome-table", type=Path, required=True)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--histograms", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True, help="in the format of bcftools stats")
    parser.add_argument("--cohort", default="cohort", help="the name that the text shows")
    parser.add_argument("--ledger", type=Path, required=True)


def _columns(path: Path, table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    """Columns as numpy arrays; text columns as objects."""
    read = read_table(path, table, list(names))
    return {
        name: read[name].combine_chunks().to_numpy(zero_copy_only=False)
        if not str(read[name].type).startswith(("dictionary", "bool"))
        else np.array(read[name].to_pylist(), dtype=object)
        for name in names
    }


def run(args: argparse.Namespace) -> None:
    """Add up the variant summaries of all chromosomes.

    Raises
    ------
    InputDataError
        A table of the step variants is missing.
    """
    settings_from_json(VariantSummarySettings, args.settings)
    genome = settings_from_json(Genome, args.genome)

    def task(chromosome: str) -> list[tuple[str, str, dict[str, int]]]:
        path = args.folder / f"{chromosome}.sites.parquet"
        sites = _columns(path, VARIANT_SITES, SITES_READ)
        passing = sites["is_pass"].astype(bool)
        subset = {name: values[passing] for name, values in sites.items()}
        parts = zip(FILTER_SETS, (sites, subset), strict=True)
        return [(chromosome, name, compute_site_counts(part)) for name, part in parts]

    paths = [args.folder / f"{chromosome}.sites.parquet" for chromosome in args.chromosomes]
    largest = max((path.stat().st_size for path in paths if path.exists()), default=0)
    threads = Allotment.of(args).workers(_PER_TABLE * largest)
    counts = [row for rows in map_tasks(task, args.chromosomes, threads=threads) for row in rows]
    chromosomes = compute_chromosomes(counts)
    write_table(args.chromosome_table, SUMMARY_CHROMOSOMES, chromosomes, genome_build=genome.build)
    sample_ids, by_chromosome = _read_samples(args.folder, args.chromosomes)
    samples = compute_samples(sample_ids, by_chromosome)
    write_table(args.samples, SUMMARY_SAMPLES, samples, genome_build=genome.build)
    rows = []
    for chromosome in args.chromosomes:
        table = read_table(args.folder / f"{chromosome}.histograms.parquet", VARIANT_HISTOGRAMS)
        rows += list(zip(*(c.to_pylist() for c in table.columns), strict=True))
    histograms = compute_histograms(rows)
    write_table(args.histograms, SUMMARY_HISTOGRAMS, histograms, genome_build=genome.build)
    write_text(args.text, _text(args.cohort, len(sample_ids), counts, histograms))
    n_records = sum(c["n_records"] for _, filter_set, c in counts if filter_set == "all")
    entry = Entry(
        step="variant_summary",
        unit="record",
        source="variants",
        source_scopes=tuple(args.chromosomes),
        n_in=n_records,
        n_kept=n_records,
    )
    write_text(args.ledger, entries_to_json([entry]))


def _text(
    cohort: str,
    n_samples: int,
    counts: list[tuple[str, str, dict[str, int]]],
    histograms: dict[str, list[Any]],
) -> str:
    """All records of all chromosomes in the format of bcftools stats."""
    parts = [one for _, filter_set, one in counts if filter_set == "all"]
    totals = {n: sum(part[n] for part in parts) for n in (*SITE_COUNTS, *TEXT_COUNTS)}
    names = ("chromosome", "filter_set", "metric", "label", "bin_start", "count")
    rows = zip(*(histograms[name] for name in names), strict=True)
    whole = [row[2:] for row in rows if row[:2] == (ALL, "all")]
    return bcftools_text(cohort, n_samples, totals, whole)


def _read_samples(
    folder: Path, chromosomes: list[str]
) -> tuple[list[str], dict[tuple[str, str], Columns]]:
    """Sample ids, and the sums of each chromosome and filter set in the samples' order."""
    ids: list[str] = []
    by_chromosome: dict[tuple[str, str], Columns] = {}
    for chromosome in chromosomes:
        path = folder / f"{chromosome}.samples.parquet"
        columns = _columns(path, VARIANT_SAMPLES, ("sample_id", "filter_set", *SAMPLE_SUMS))
        for filter_set in FILTER_SETS:
            chosen = columns["filter_set"] == filter_set
            by_chromosome[(chromosome, filter_set)] = {
                name: columns[name][chosen] for name in SAMPLE_SUMS
            }
        ids = ids or list(columns["sample_id"][columns["filter_set"] == "all"])
    return ids, by_chromosome
