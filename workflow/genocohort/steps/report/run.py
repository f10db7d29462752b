"""Command line of the step `report`."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.io.atomic import write_text
from genocohort.io.results import Results
from genocohort.steps.report.page import Section
from genocohort.steps.report.render import render_page
from genocohort.steps.report.sections.alignment import compute_alignment
from genocohort.steps.report.sections.association import GWAS_COLUMNS, compute_association
from genocohort.steps.report.sections.clinical import compute_clinical
from genocohort.steps.report.sections.identity import MOST_ROWS
from genocohort.steps.report.sections.methods import compute_methods
from genocohort.steps.report.sections.samples import compute_samples
from genocohort.steps.report.sections.structure import compute_structure
from genocohort.steps.report.sections.variants import compute_variants
from genocohort.steps.report.sections.verdict import compute_verdict
from genocohort.steps.report.settings import ReportSettings
from genocohort.steps.report.share.sections import (
    compute_shared_sections,
    compute_shared_verdict,
    get_rules,
)
from genocohort.version import VERSION

# Small enough to be held at once; the associations are read one phenotype at a time.
TABLES = (
    "accounts/ledger", "alignment_summary/samples", "alignment_summary/histograms",
    "alignment_summary/cycles", "alignment_summary/contigs", "alignment_summary/read_groups",
    "variant_summary/chromosomes", "variant_summary/histograms", "variant_summary/samples",
    "sites/sites", "identity/samples", "sample_qc/samples",
    "sample_qc/reasons", "sample_qc/sign_offs", "kinship/pairs", "structure/components",
    "structure/eigenvalues", "structure/pruned", "structure/fst", "structure/ancestry",
    "structure/roh_samples", "structure/diversity", "structure/spectrum", "structure/ld_decay",
    "structure/mds", "ancestry/samples", "ancestry/groups", "ancestry/components",
    "mendel/trios", "truth/concordance",
    "clinical/participants", "clinical/samples", "clinical/findings",
    "clinical/phenotypes_wide", "clinical/outcomes", "outcomes/table1", "outcomes/scores",
    "outcomes/survival_curves", "outcomes/survival_tests", "outcomes/hazards",
    "association_summary/phenotypes", "association_summary/top_hits",
)  # fmt: skip
# Of each sample's histograms only those over all contigs are drawn, of the variants' the sums.
ROWS = {
    "alignment_summary/histograms": {"contig": ""},
    "variant_summary/histograms": {"chromosome": "all"},
    "variant_summary/samples": {"scope": "autosomes"},
}
# Columns of tables with a row for every sample and contig, of which an assembly may have thousands.
COLUMNS = {
    "alignment_summary/contigs": ("sample_id", "contig", "evaluated_bases", "evaluated_depth_sum"),
    "sites/sites": ("chromosome",),
    "variant_summary/samples": ("sample_id", "filter_set", "het_allele_balance"),
}
# Not drawn, so not read, although they are there: what each sample, chromosome or phenotype has of
# its own (`alignments`, `genotypes`, `variants`, `variant_groups`, `association`), the records
# themselves (`clinical/observations`, `conditions`, `exposures`), what later studies need
# (`structure/loadings`, `roh_segments`, `ibs`, `mendel/variants`, `ancestry/loadings`).


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="folder with all steps' results")
    parser.add_argument("--study", default="study", help="name shown at the top")
    parser.add_argument("--software", default="{}", help="JSON: package -> version of all steps")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    parser.add_argument("--output", type=Path, required=True, help="HTML file to write")
    parser.add_argument(
        "--share-output", type=Path, help="HTML file of the share edition, without any person"
    )


def _is_of_this_run(name: str, accounts: dict[str, Any]) -> bool:
    """Whether the step is in the accounts; a table may be left over from another configuration."""
    step = name.split("/")[0]
    return step == "accounts" or not accounts or step in accounts["totals"]


def _read_tables(results: Results, accounts: dict[str, Any]) -> dict[str, pd.DataFrame]:
    tables = {
        name: results.table(name, COLUMNS.get(name), where=ROWS.get(name))
        for name in TABLES
        if results.has(name) and _is_of_this_run(name, accounts)
    }
    if "variant_summary/histograms" in tables:
        tables["variant_summary/density"] = results.table(
            "variant_summary/histograms", where={"metric": "density"}
        )
    # Every alignment against every sample: only where each alignment has a row of its own.
    if len(tables.get("identity/samples", ())) in range(1, MOST_ROWS + 1):
        tables["identity/pairs"] = results.table("identity/pairs")
    return tables


def _associations(results: Results) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in results.phenotypes():
        if results.has(f"association_summary/{name}.gwas"):
            table = results.arrow(f"association_summary/{name}.gwas", GWAS_COLUMNS)
            # Millions of names stay in Arrow's memory; only those drawn become Python's.
            yield name, table.to_pandas(types_mapper={pa.string(): pd.ArrowDtype(pa.string())}.get)


def run(args: argparse.Namespace) -> None:
    """Read what the run wrote and draw one HTML page, and the share edition where asked for."""
    settings = settings_from_json(ReportSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    results = Results(args.folder)
    accounts = results.accounts()
    tables = _read_tables(results, accounts)
    parts = (
        compute_alignment(tables, settings),
        compute_variants(tables),
        compute_samples(tables, settings),
        compute_structure(tables, settings),
        compute_clinical(tables),
        compute_association(tables, _associations(results), settings),
    )
    sections: list[Section] = [part for part in parts if part is not None]
    verdict = compute_verdict(tables, accounts, sections)
    versions = [("genocohort", VERSION), *json.loads(args.software).items()]
    sections.append(compute_methods(tables, sections, versions))
    write_text(args.output, render_page(args.study, genome.build, VERSION, verdict, sections))
    if args.share_output is None:
        return
    sections = compute_shared_sections(tables, _associations(results), settings)
    verdict = compute_shared_verdict(tables, accounts, sections, get_rules(settings))
    # The ledger names samples; without it the methods are definitions and versions.
    sections.append(compute_methods({}, sections, versions))
    page = render_page(args.study, genome.build, VERSION, verdict, sections, is_shared=True)
    write_text(args.share_output, page)
