"""Run the step `sites`."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_identity import SITES
from genocohort.errors import ConfigError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.site_panels import read_panel
from genocohort.io.store_selection import count_reasons as count_unselected
from genocohort.io.store_selection import open_stores, select_variants
from genocohort.stats.heterozygosity import count_alleles
from genocohort.steps.sites.compute import count_reasons, judge_sites
from genocohort.steps.sites.settings import SitesSettings

Reasons = dict[str, tuple[int, tuple[str, ...]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/sites.smk gives them."""
    parser.add_argument("--panel", type=Path, help="VCF, or .bed of VerifyBamID2 with its .mu")
    parser.add_argument("--folder", type=Path, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", default=[], help="chromosomes of the store")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    parser.add_argument("--sites", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """The known sites of a panel, or the common ones of the cohort."""
    settings = settings_from_json(SitesSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    if bool(args.panel) == bool(args.folder and args.chromosomes):
        raise ConfigError("give --panel, or --folder and --chromosomes", where="command line")
    columns, left_out = _of_panel(args.panel) if args.panel else _of_cohort(args, settings)
    reasons = judge_sites(
        columns["chromosome"], columns["vcf_pos"], columns["ref"], columns["alt"],
        columns["alt_frequency"], columns.pop("call_rate"), settings,
    )  # fmt: skip
    kept = np.flatnonzero(reasons == "").tolist()
    left_out |= count_reasons(reasons, columns["chromosome"], columns["vcf_pos"])
    chosen = {name: [values[i] for i in kept] for name, values in columns.items()}
    write_table(args.sites, SITES, chosen, genome_build=genome.build)
    write_text(args.ledger, entries_to_json([_ledger(args, len(kept), left_out)]))


def _of_panel(path: Path) -> tuple[dict[str, Any], Reasons]:
    sites = read_panel(path)
    columns: dict[str, Any] = {
        name: [getattr(site, name) for site in sites]
        for name in ("chromosome", "vcf_pos", "ref", "alt")
    }
    known = [np.nan if s.alt_frequency is None else s.alt_frequency for s in sites]
    columns["alt_frequency"] = np.array(known, dtype=np.float64)
    columns["call_rate"] = np.ones(len(sites))
    return columns, {}


def _of_cohort(args: argparse.Namespace, settings: SitesSettings) -> tuple[dict[str, Any], Reasons]:
    stores = open_stores(args.folder, args.chromosomes)
    selections = [select_variants(store, pass_only=settings.pass_only) for store in stores]
    columns: dict[str, Any] = {name: [] for name in ("chromosome", "vcf_pos", "ref", "alt")}
    n_alt, n_called = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for selection in selections:
        variants = selection.store.variants
        columns["chromosome"] += [selection.store.chromosome] * len(selection.indices)
        for name in ("vcf_pos", "ref", "alt"):
            columns[name] += getattr(variants, name)[selection.indices].tolist()
        for _, calls in selection.blocks():
            alt, called = count_alleles(calls)
            n_alt.append(alt)
            n_called.append(called)
    called = np.concatenate(n_called)
    frequency = np.full(len(called), np.nan)
    np.divide(np.concatenate(n_alt), called, out=frequency, where=called > 0)
    columns["alt_frequency"] = frequency
    columns["call_rate"] = called / max(2 * stores[0].n_samples, 1)
    return columns, count_unselected(selections)


def _ledger(args: argparse.Namespace, n_kept: int, left_out: Reasons) -> Entry:
    dropped = tuple(
        Dropped(reason=reason, n=n, examples=examples)
        for reason, (n, examples) in sorted(left_out.items())
    )
    return Entry(
        step="sites",
        unit="variant",
        source="" if args.panel else "genotypes",
        source_scopes=() if args.panel else tuple(args.chromosomes),
        n_in=n_kept + sum(d.n for d in dropped),
        n_kept=n_kept,
        dropped=dropped,
    )
