"""Command line of the step `variants`."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.call_counts import DEPTH_UNIT, SampleSums
from genocohort.domain.genome import Genome, canonical_contig
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_variants import (
    CARRIED_COUNTS,
    FILTER_SETS,
    GENOTYPE_COUNTS,
    VARIANT_HISTOGRAMS,
    VARIANT_SAMPLES,
    VARIANT_SITES,
)
from genocohort.errors import InputDataError
from genocohort.io.atomic import replacing, write_text
from genocohort.io.call_counts import read_counts, read_sums
from genocohort.io.parquet import TableWriter, write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.kernels import native
from genocohort.stats.hwe import hwe_exact
from genocohort.steps.variants.compute import compute_sites, counted_columns
from genocohort.steps.variants.histograms import Histograms
from genocohort.steps.variants.settings import VariantsSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--counts", type=Path, required=True, help="rows that `genotypes` wrote")
    parser.add_argument("--sums", type=Path, required=True, help="sums that `genotypes` wrote")
    parser.add_argument("--contig", required=True, help="the chromosome's name in the calls")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet of the genotyped samples")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    parser.add_argument("--sites", type=Path, required=True)
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--histograms", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Summarise one chromosome's calls from the counts of the pass over them.

    Raises
    ------
    InputDataError
        The counts are not those of these samples, or are damaged.
    """
    settings = settings_from_json(VariantsSettings, args.settings)
    build = settings_from_json(Genome, args.genome).build
    samples = read_normalised_sheet(args.sheet)
    chromosome = canonical_contig(args.contig)
    sums = read_sums(args.sums)
    if sums.classes.shape[1] != len(samples):
        raise InputDataError(
            f"counts of {sums.classes.shape[1]} samples, but the sheet has {len(samples)}",
            where=str(args.sums),
            remedy="run the step `genotypes` again",
        )
    module = native("calls")
    test = partial(hwe_exact, midp=settings.hwe_midp, sums=module.hwe if module else None)
    histograms = {name: Histograms(settings) for name in FILTER_SETS}
    n_records = 0
    with replacing(args.sites) as temporary:
        writer = TableWriter(temporary, VARIANT_SITES, genome_build=build)
        for batch in read_counts(args.counts):
            counts = counted_columns(batch)
            sites = compute_sites(chromosome, batch, counts, test)
            writer.add(sites)
            passing = counts["is_pass"] != 0
            p = sites["hwe_neg_log10_p"]
            histograms["all"].add(counts, p)
            histograms["pass"].add({k: v[passing] for k, v in counts.items()}, p[passing])
            n_records += int(np.count_nonzero(counts["allele"] <= 1))
        writer.close()
    _write_samples(args.samples, chromosome, build, samples, sums)
    _write_histograms(args.histograms, chromosome, build, histograms, sums)
    entry = Entry(
        step="variants", scope=chromosome, unit="record", n_in=n_records, n_kept=n_records
    )
    write_text(args.ledger, entries_to_json([entry]))


def _write_samples(
    path: Path,
    chromosome: str,
    build: str,
    samples: tuple[Sample, ...],
    sums: SampleSums,
) -> None:
    n = len(samples)
    columns: dict[str, Any] = {
        "sample_id": [s.sample_id for s in samples] * 2,
        "chromosome": [chromosome] * (2 * n),
        "filter_set": [name for name in FILTER_SETS for _ in samples],
        "n_records": _both(sums.classes.sum(axis=2)),
        "n_not_expected_called": _both(sums.called),
    }
    for i, name in enumerate(GENOTYPE_COUNTS):
        columns[name] = _both(sums.classes[:, :, i])
    for i, name in enumerate(CARRIED_COUNTS):
        columns[name] = _both(sums.carried[:, :, i])
    for i, prefix in enumerate(("dp", "gq")):
        columns[f"{prefix}_sum"] = _both(sums.depths[:, :, 2 * i]) / DEPTH_UNIT
        columns[f"n_{prefix}"] = _both(sums.depths[:, :, 2 * i + 1])
    columns["het_ref_depth"] = _both(sums.allele_depths[:, :, 0])
    columns["het_alt_depth"] = _both(sums.allele_depths[:, :, 1])
    write_table(path, VARIANT_SAMPLES, columns, genome_build=build)


def _both(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Over all records, then over those that pass."""
    return np.concatenate([values[0] + values[1], values[1]])


def _write_histograms(
    path: Path,
    chromosome: str,
    build: str,
    histograms: dict[str, Histograms],
    sums: SampleSums,
) -> None:
    rows: list[tuple[Any, ...]] = []
    for name, one in histograms.items():
        depth, quality = (
            cells.sum(axis=0) if name == "all" else cells[1]
            for cells in (sums.depth_cells, sums.quality_cells)
        )
        rows += [(chromosome, name, *found) for found in one.bins(depth, quality)]
    names = VARIANT_HISTOGRAMS.column_names
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    write_table(path, VARIANT_HISTOGRAMS, columns, genome_build=build)
