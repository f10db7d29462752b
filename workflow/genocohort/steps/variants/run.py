"""Command line of the step `variants`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.calls import empty_batch
from genocohort.domain.genome import Genome, canonical_contig
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_variants import (
    FILTER_SETS,
    VARIANT_HISTOGRAMS,
    VARIANT_SAMPLES,
    VARIANT_SITES,
)
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.streams import map_stream
from genocohort.io.atomic import write_text
from genocohort.io.open_calls import RawBatch, open_cohort_calls, print_notices
from genocohort.io.parquet import write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.steps.variants.compute import BatchSummary, cohort_ploidy, summarise_batch
from genocohort.steps.variants.histograms import compute_histograms
from genocohort.steps.variants.settings import VariantsSettings

Columns = dict[str, npt.NDArray[Any]]

# One batch (8 MiB of text, or 2 million calls) while it is parsed and summarised.
_TASK_BYTES = 80 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--calls", type=Path, required=True, help="VCF, BCF, .bed or .pgen")
    parser.add_argument("--contig", required=True, help="the chromosome's name in that file")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet of the genotyped samples")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    add_allotment_arguments(parser)
    parser.add_argument("--sites", type=Path, required=True)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--histograms", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)


class _Sums:
    """Adds up the summaries of batches, in their order."""

    def __init__(self, n_samples: int) -> None:
        self.sites: list[Columns] = []
        self.samples: Columns = {}
        self.depth: npt.NDArray[np.int64] | int = 0
        self.quality: npt.NDArray[np.int64] | int = 0
        self.n_records = self.n_without_gt = self.n_gt_not_first = 0

    def add(self, batch: BatchSummary) -> None:
        self.sites.append(batch.sites)
        for name, values in batch.sample_counts.items():
            self.samples[name] = self.samples.get(name, 0) + values
        self.depth = self.depth + batch.depth.histogram
        self.quality = self.quality + batch.quality.histogram
        self.n_records += batch.n_records
        self.n_without_gt += batch.n_without_gt
        self.n_gt_not_first += batch.n_gt_not_first


def run(args: argparse.Namespace) -> None:
    """Summarise one chromosome's calls.

    Raises
    ------
    InputDataError
        The calls are damaged, unsorted, or lack samples of the sheet.
    """
    settings = settings_from_json(VariantsSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    samples = read_normalised_sheet(args.sheet)
    chromosome = canonical_contig(args.contig)
    reader = open_cohort_calls(args.calls, args.contig, samples, depths=True)
    ploidy = cohort_ploidy(chromosome, [s.sex for s in samples])

    def task(raw: RawBatch) -> BatchSummary:
        return summarise_batch(reader.parse(raw), chromosome, genome, ploidy, settings)

    sums = _Sums(len(samples))
    # An empty batch gives every column its type where the chromosome has no record.
    sums.add(summarise_batch(empty_batch(len(samples)), chromosome, genome, ploidy, settings))
    threads = Allotment.of(args).workers(_TASK_BYTES)
    for summary in map_stream(task, reader.batches(), threads=threads):
        sums.add(summary)
    print_notices(reader, sums.n_without_gt, sums.n_gt_not_first)
    _write(args, chromosome, genome, settings, samples, sums)


def _write(
    args: argparse.Namespace,
    chromosome: str,
    genome: Genome,
    settings: VariantsSettings,
    samples: tuple[Sample, ...],
    sums: _Sums,
) -> None:
    sites = {name: np.concatenate([b[name] for b in sums.sites]) for name in sums.sites[0]}
    n_rows = len(sites["vcf_pos"])
    write_table(
        args.sites,
        VARIANT_SITES,
        {"chromosome": np.full(n_rows, chromosome, dtype=object), **sites},
        genome_build=genome.build,
    )
    ids = np.array([s.sample_id for s in samples], dtype=object)
    n = len(ids)
    by_sample: Columns = {
        "sample_id": np.tile(ids, 2),
        "chromosome": np.full(2 * n, chromosome, dtype=object),
        "filter_set": np.repeat(np.array(FILTER_SETS, dtype=object), n),
    }
    for name, (other, passing) in sums.samples.items():
        by_sample[name] = np.concatenate([other + passing, passing])
    write_table(args.samples, VARIANT_SAMPLES, by_sample, genome_build=genome.build)
    _write_histograms(args.histograms, chromosome, genome, settings, sites, sums)
    entry = Entry(
        step="variants",
        scope=chromosome,
        unit="record",
        n_in=sums.n_records,
        n_kept=sums.n_records,
    )
    write_text(args.ledger, entries_to_json([entry]))


def _write_histograms(
    path: Path,
    chromosome: str,
    genome: Genome,
    settings: VariantsSettings,
    sites: Columns,
    sums: _Sums,
) -> None:
    rows: list[tuple[Any, ...]] = []
    for filter_set in FILTER_SETS:
        only_pass = filter_set == "pass"
        chosen = sites["is_pass"].astype(bool) if only_pass else slice(None)
        depth, quality = (
            np.asarray(h)[1] if only_pass else np.asarray(h).sum(axis=0)
            for h in (sums.depth, sums.quality)
        )
        subset = {name: values[chosen] for name, values in sites.items()}
        bins = compute_histograms(subset, depth, quality, settings)
        rows += [(chromosome, filter_set, *one) for one in bins]
    names = VARIANT_HISTOGRAMS.column_names
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    write_table(path, VARIANT_HISTOGRAMS, columns, genome_build=genome.build)
