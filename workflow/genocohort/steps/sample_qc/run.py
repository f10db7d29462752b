"""Run the step `sample_qc`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome, contig_class
from genocohort.domain.ledger import entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_alignments import SAMPLES as ALIGNMENT_SAMPLES
from genocohort.domain.tables_ancestry import ANCESTRY_SAMPLES
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_REASONS,
    SAMPLE_QC_SAMPLES,
    SAMPLE_QC_SIGN_OFFS,
)
from genocohort.domain.tables_identity import IDENTITY_SAMPLES
from genocohort.domain.tables_variants import SUMMARY_SAMPLES
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.errors import ConfigError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.sign_offs import read_sign_offs
from genocohort.io.store_selection import Selection, block_bytes, open_stores, select_variants
from genocohort.stats.heterozygosity import Homozygosity
from genocohort.steps.sample_qc.compute import judge_samples, ledger_entry, samples_table
from genocohort.steps.sample_qc.identity import IDENTITY_COLUMNS, identity_metrics
from genocohort.steps.sample_qc.metrics import (
    ALIGNMENT_COLUMNS,
    SUMMARY_COLUMNS,
    Metrics,
    SexChromosomeX,
    alignment_metrics,
    merge_metrics,
    store_metrics,
    sum_autosomes,
    sum_x,
    summary_metrics,
)
from genocohort.steps.sample_qc.outliers import add_ancestry, outlier_notice
from genocohort.steps.sample_qc.reasons import reasons_table
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sample_qc.sign_offs import apply_sign_offs

# What a block of calls takes while homozygous ones are summed, in multiples of its size.
_PER_BLOCK = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/sample_qc.smk gives them."""
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: samples.tsv")
    parser.add_argument("--variants", type=Path, help="variant_summary/samples.parquet")
    parser.add_argument("--kinship", type=Path, help="kinship/pairs.parquet")
    parser.add_argument("--folder", type=Path, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", default=[], help="chromosomes of the store")
    parser.add_argument("--alignments", type=Path, help="alignment_summary/samples.parquet")
    parser.add_argument("--sign-offs", type=Path, help="findings that a person decided about")
    parser.add_argument("--identity", type=Path, help="identity/samples.parquet")
    parser.add_argument("--ancestry", type=Path, help="ancestry/samples.parquet")
    parser.add_argument("--participants", type=Path, help="clinical/participants.parquet")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--samples", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--reasons", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--signed", type=Path, required=True, help="Parquet to write: sign-offs")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Metrics, reasons and one verdict per sample of the sheet."""
    settings = settings_from_json(SampleQcSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    if args.variants and not (args.kinship and args.folder and args.chromosomes):
        raise ConfigError(
            "--variants needs --kinship, --folder and --chromosomes beside it",
            where="command line",
        )
    sheet = read_normalised_sheet(args.sheet)
    calls: dict[str, Metrics] = {}
    store: dict[str, Metrics] = {}
    pairs: list[dict[str, Any]] = []
    if args.variants:
        rows = read_table(args.variants, SUMMARY_SAMPLES, list(SUMMARY_COLUMNS)).to_pylist()
        calls = summary_metrics(rows, "pass" if settings.pass_only else "all")
        pairs = read_table(args.kinship, KINSHIP_PAIRS).to_pylist()
        store = _store_metrics(args, settings, genome, calls)
    alignments: dict[str, Metrics] = {}
    unmeasured: tuple[str, ...] = ()
    if args.alignments:
        table = read_table(args.alignments, ALIGNMENT_SAMPLES, list(ALIGNMENT_COLUMNS))
        alignments, unmeasured = alignment_metrics(table.to_pylist())
    identity: dict[str, Metrics] = {}
    if args.identity:
        table = read_table(args.identity, IDENTITY_SAMPLES, list(IDENTITY_COLUMNS))
        identity = identity_metrics(table.to_pylist())
    samples = merge_metrics(sheet, calls, store, alignments, identity)
    ancestry = _ancestry(args, sheet)
    add_ancestry(samples, ancestry)
    with_ancestry = ancestry is not None
    reasons = judge_samples(samples, pairs, settings, unmeasured, with_ancestry=with_ancestry)
    if notice := outlier_notice(samples):
        print(f"sample_qc: {notice}", file=sys.stderr)
    ids = {s.sample_id for s in sheet}
    sign_offs = read_sign_offs(args.sign_offs, ids) if args.sign_offs else ()
    reasons, signed = apply_sign_offs(samples, reasons, sign_offs)
    write_table(args.samples, SAMPLE_QC_SAMPLES, samples_table(samples, reasons, settings))
    write_table(args.reasons, SAMPLE_QC_REASONS, reasons_table(reasons))
    columns = [column.name for column in SAMPLE_QC_SIGN_OFFS.columns]
    write_table(args.signed, SAMPLE_QC_SIGN_OFFS, {c: [r[c] for r in signed] for c in columns})
    write_text(args.ledger, entries_to_json([ledger_entry(samples, reasons)]))


def _ancestry(args: argparse.Namespace, sheet: Sequence[Sample]) -> dict[str, str | None] | None:
    """Inferred or reported ancestry of each sample; None where neither is given."""
    if args.ancestry:
        columns = ["sample_id", "ancestry_inferred"]
        rows = read_table(args.ancestry, ANCESTRY_SAMPLES, columns).to_pylist()
        return {str(r["sample_id"]): r["ancestry_inferred"] for r in rows}
    if args.participants:
        columns = ["participant_id", "ancestry_reported"]
        rows = read_table(args.participants, PARTICIPANTS, columns).to_pylist()
        reported = {r["participant_id"]: r["ancestry_reported"] for r in rows}
        if any(reported.values()):
            return {s.sample_id: reported.get(s.participant_id) for s in sheet}
    return None


def _store_metrics(
    args: argparse.Namespace,
    settings: SampleQcSettings,
    genome: Genome,
    calls: dict[str, Metrics],
) -> dict[str, Metrics]:
    stores = open_stores(args.folder, args.chromosomes)
    names = stores[0].samples
    is_male = np.array([sex == "male" for sex in stores[0].sexes], dtype=bool)
    selections = [
        select_variants(store, pass_only=settings.pass_only, autosomal=False) for store in stores
    ]
    autosomal = [s for s in selections if contig_class(s.store.chromosome) == "autosome"]

    def homozygosity(selection: Selection) -> Homozygosity:
        return sum_autosomes((calls for _, calls in selection.blocks()), len(names))

    autosomes = Homozygosity.zeros(len(names))
    threads = Allotment.of(args).workers(_PER_BLOCK * block_bytes(len(names)))
    for part in map_tasks(homozygosity, autosomal, threads=threads):
        autosomes.add(part)
    x = SexChromosomeX.zeros(len(names))
    for selection in selections:
        if contig_class(selection.store.chromosome) == "X":
            blocks = (calls for _, calls in _outside_par(selection, genome).blocks())
            x = sum_x(blocks, is_male)
    hidden = {name: metrics.get("n_het_haploid", 0) for name, metrics in calls.items()}
    return store_metrics(names, autosomes, x, hidden)


def _outside_par(selection: Selection, genome: Genome) -> Selection:
    """The chosen variants outside the pseudo-autosomal regions."""
    start = selection.store.variants.vcf_pos[selection.indices] - 1
    outside = np.ones(len(start), dtype=bool)
    for region in genome.par_regions(selection.store.chromosome):
        outside &= (start < region.start) | (start >= region.end)
    return selection.narrowed(outside, "pseudo-autosomal")
