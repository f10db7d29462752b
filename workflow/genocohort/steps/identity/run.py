"""Run the step `identity`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_identity import ALLELES, IDENTITY_PAIRS, IDENTITY_SAMPLES, SITES
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.errors import InputDataError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store import Store
from genocohort.io.store_selection import Selection, open_stores
from genocohort.stats.concordance import Calls
from genocohort.steps.identity.compute import (
    Row,
    SampleAlleles,
    match_samples,
    measure_sample,
    pairs_columns,
)
from genocohort.steps.identity.settings import IdentitySettings

# Alleles of one sample and the terms of the likelihood, for 20,000 sites.
_TASK_BYTES = 32 << 20
_FEW_SITES = "too few known sites have reads"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/identity.smk gives them."""
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: aligned.tsv")
    parser.add_argument("--sites", type=Path, required=True, help="sites/sites.parquet")
    parser.add_argument("--alleles", type=Path, required=True, help="folder of the alleles tables")
    parser.add_argument("--folder", type=Path, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", default=[], help="chromosomes of the store")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--samples", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Contamination of every alignment, and every alignment against every genotyped sample."""
    settings = settings_from_json(IdentitySettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    sites = read_table(args.sites, SITES)
    samples = [s.sample_id for s in read_normalised_sheet(args.sheet)]
    frequency = sites["alt_frequency"].to_numpy().astype(np.float64)

    def measure(sample: str) -> tuple[Row, Calls]:
        alleles = _read_alleles(args.alleles / f"{sample}.alleles.parquet", sample, sites)
        if alleles is None:
            return {"sample_id": sample, "match": "unknown"}, np.full(len(sites), -1, np.int8)
        return measure_sample(alleles, frequency, settings)

    threads = Allotment.of(args).workers(_TASK_BYTES)
    measured = map_tasks(measure, samples, threads=threads)
    rows = [row for row, _ in measured]
    stores = open_stores(args.folder, args.chromosomes) if args.folder else ()
    genotyped = stores[0].samples if stores else ()
    reads = np.stack([c for _, c in measured]) if rows else np.zeros((0, len(sites)), np.int8)
    agreement = match_samples(rows, reads, genotyped, _calls_at(sites, stores), settings)
    columns = {name: [r.get(name) for r in rows] for name in IDENTITY_SAMPLES.column_names}
    pairs = pairs_columns(samples, genotyped, agreement)
    write_table(args.samples, IDENTITY_SAMPLES, columns, genome_build=genome.build)
    write_table(args.pairs, IDENTITY_PAIRS, pairs, genome_build=genome.build)
    write_text(args.ledger, entries_to_json([_ledger(rows)]))


def _read_alleles(path: Path, sample: str, sites: pa.Table) -> SampleAlleles | None:
    """Alleles of one sample; None where its alignment could not be measured."""
    table = read_table(path, ALLELES)
    if not len(table) and len(sites):
        return None
    places = [table[name].to_pylist() for name in ("chromosome", "vcf_pos")]
    if places != [sites[name].to_pylist() for name in ("chromosome", "vcf_pos")]:
        raise InputDataError(
            "the alleles of a sample were counted at other sites",
            where=str(path),
            remedy="run the workflow again",
        )
    counts = [table[name].to_numpy().astype(np.int64) for name in ("n_ref", "n_alt", "n_other")]
    return SampleAlleles(sample, *counts)


def _calls_at(sites: pa.Table, stores: Sequence[Store]) -> Calls:
    """Calls of all genotyped samples at the sites; int8[n_sites, m], -1 where there is none."""
    found = np.full((len(sites), stores[0].n_samples if stores else 0), -1, dtype=np.int8)
    rows = zip(
        *(sites[n].to_pylist() for n in ("chromosome", "vcf_pos", "ref", "alt")), strict=True
    )
    wanted = {row: i for i, row in enumerate(rows)}
    for store in stores:
        v = store.variants
        keys = zip(
            [store.chromosome] * store.n_variants, v.vcf_pos.tolist(), v.ref, v.alt, strict=True
        )
        number = np.array([wanted.get(key, -1) for key in keys], dtype=np.int64)
        indices = np.flatnonzero(number >= 0)
        no_reasons = np.full(store.n_variants, "", dtype=object)
        for first, calls in Selection(store, indices, no_reasons).blocks():
            found[number[indices[first : first + len(calls)]]] = calls
    return found


def _ledger(rows: Sequence[Row]) -> Entry:
    few = [row["sample_id"] for row in rows if "contamination" not in row]
    dropped = (Dropped(reason=_FEW_SITES, n=len(few), examples=tuple(few[:5])),) if few else ()
    return Entry(
        step="identity",
        unit="sample",
        n_in=len(rows),
        n_kept=len(rows) - len(few),
        dropped=dropped,
    )
