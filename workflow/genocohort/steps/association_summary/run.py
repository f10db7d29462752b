"""Step `association_summary`: all chromosomes' tests, by phenotype."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.tables_association import ASSOCIATION, GWAS, MODELS, PHENOTYPES, TOP_HITS
from genocohort.errors import InputDataError
from genocohort.io.atomic import write_text
from genocohort.io.genes import Genes, read_genes
from genocohort.io.gwas_ssf import ssf_table, write_ssf, write_ssf_metadata
from genocohort.io.parquet import read_table, write_table
from genocohort.stats.genomic_control import lambda_1000
from genocohort.steps.association_summary.compute import (
    compute_lambdas,
    compute_loci,
    compute_nearest_gene,
)
from genocohort.steps.association_summary.settings import AssociationSummarySettings

_KEY = ("vcf_pos", "variant_id", "effect_allele", "other_allele")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="results of `association`")
    parser.add_argument("--chromosomes", nargs="*", default=[], help="canonical names, in order")
    parser.add_argument("--genes", type=Path, help="BED file of genes")
    parser.add_argument("--settings", required=True, help="JSON")
    parser.add_argument("--genome", required=True, help="JSON")
    parser.add_argument("--output-folder", type=Path, required=True, help="where tables go")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON")


@dataclass(frozen=True)
class _Job:
    settings: AssociationSummarySettings
    build: str
    genes: Mapping[str, Genes]
    folder: Path
    chromosomes: tuple[str, ...]
    output: Path


def run(args: argparse.Namespace) -> None:
    """Join the chromosomes: one table per phenotype, calibration, loci, GWAS-SSF."""
    job = _Job(
        settings_from_json(AssociationSummarySettings, args.settings),
        settings_from_json(Genome, args.genome).build,
        read_genes(args.genes) if args.genes else {},
        args.folder,
        tuple(args.chromosomes),
        args.output_folder,
    )
    models = _read_models(job)
    rows, hits = [], []
    for model in models:
        results = _read_results(job, model["phenotype"])
        name = model["phenotype"]
        write_table(job.output / f"{name}.gwas.parquet", GWAS, results, genome_build=job.build)
        _write_ssf(job, model, results)
        row, top = _summarise(job, model, results)
        rows.append(row)
        hits += top
    phenotypes = {c: [row[c] for row in rows] for c in PHENOTYPES.column_names}
    top_hits = {c: [hit[c] for hit in hits] for c in TOP_HITS.column_names}
    write_table(job.output / "phenotypes.parquet", PHENOTYPES, phenotypes, genome_build=job.build)
    write_table(job.output / "top_hits.parquet", TOP_HITS, top_hits, genome_build=job.build)
    n = sum(_count_variants(job, chromosome) for chromosome in job.chromosomes)
    entry = Entry(
        step="association_summary",
        unit="variant",
        source="association",
        source_scopes=job.chromosomes,
        n_in=n,
        n_kept=n,
    )
    write_text(args.ledger, entries_to_json([entry]))


def _read_models(job: _Job) -> list[dict[str, Any]]:
    """The models, each with the samples of the chromosome where it has most (sex counts on X)."""
    found: dict[str, dict[str, Any]] = {}
    names: list[str] | None = None
    for chromosome in job.chromosomes:
        path = job.folder / f"{chromosome}.models.parquet"
        rows = read_table(path, MODELS).to_pylist()
        if names is not None and [row["phenotype"] for row in rows] != names:
            raise InputDataError(
                "the chromosomes were not tested for the same phenotypes",
                where=str(path),
                remedy="run the step `association` again for all chromosomes",
            )
        names = [row["phenotype"] for row in rows]
        for row in rows:
            best = found.setdefault(row["phenotype"], row)
            if row["n"] > best["n"]:
                found[row["phenotype"]] = row
    return list(found.values())


def _read_results(job: _Job, phenotype: str) -> pa.Table:
    parts = []
    for chromosome in job.chromosomes:
        table = read_table(job.folder / f"{chromosome}.parquet", ASSOCIATION)
        part = table.filter(pc.equal(table["phenotype"].cast(pa.string()), phenotype))
        text = [
            f.with_type(pa.string()) if pa.types.is_dictionary(f.type) else f for f in part.schema
        ]
        parts.append(part.cast(pa.schema(text)).sort_by("vcf_pos"))
    return pa.concat_tables(parts).combine_chunks()


def _count_variants(job: _Job, chromosome: str) -> int:
    """Variants tested for some phenotype; a variant may stand in the calls more than once."""
    table = read_table(job.folder / f"{chromosome}.parquet", ASSOCIATION, ["phenotype", *_KEY])
    columns = [table[name].to_pylist() for name in ("phenotype", *_KEY)]
    largest: dict[tuple[Any, ...], int] = {}
    for (_, *key), count in Counter(zip(*columns, strict=True)).items():
        largest[tuple(key)] = max(largest.get(tuple(key), 0), count)
    return sum(largest.values())


def _numbers(table: pa.Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def _summarise(
    job: _Job, model: Mapping[str, Any], results: pa.Table
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The phenotype's row and its top hits."""
    settings = job.settings
    neg_log10_p = _numbers(results, "neg_log10_p")
    threshold = float(-np.log10(settings.significance))
    rank = pc.index_in(results["chromosome"], pa.array(job.chromosomes, pa.string()))
    loci = compute_loci(
        np.asarray(rank.to_numpy(), dtype=np.int64),
        np.asarray(results["vcf_pos"].to_numpy(), dtype=np.int64),
        neg_log10_p,
        window_bp=settings.locus_window_bp,
        n_loci=settings.top_loci,
        threshold=threshold,
    )
    lambdas = compute_lambdas(neg_log10_p, _numbers(results, "effect_allele_frequency"))
    cases, controls = model["n_cases"], model["n_controls"]
    groups = (model["n"], model["n"]) if cases is None else (cases, controls)
    row = {
        **model,
        "n_variants": int((~np.isnan(neg_log10_p)).sum()),
        "n_flagged": len(results) - results["flag"].null_count,
        "n_significant": int((neg_log10_p >= threshold).sum()),
        "n_loci": int((neg_log10_p[loci.lead] >= threshold).sum()),
        **lambdas,
        "lambda_1000": lambda_1000(lambdas["lambda_gc"], *groups),
    }
    top = []
    for i in range(min(settings.top_loci, len(loci.lead))):
        hit = results.slice(int(loci.lead[i]), 1).to_pylist()[0]
        genes = job.genes.get(hit["chromosome"])
        nearest = genes and compute_nearest_gene(
            hit["vcf_pos"] - 1, genes.start, genes.end, genes.name
        )
        hit |= {
            "rank": i + 1,
            "is_significant": hit["neg_log10_p"] >= threshold,
            "n_locus_variants": int(loci.size[i]),
            "nearest_gene": nearest[0] if nearest else None,
            "gene_distance_bp": nearest[1] if nearest else None,
        }
        top.append(hit)
    return row, top


def _write_ssf(job: _Job, model: Mapping[str, Any], results: pa.Table) -> None:
    """The GWAS Catalog's format, in its order of chromosomes, and the metadata."""
    name = model["phenotype"]
    path = job.output / f"{name}.gwas-ssf.tsv.gz"
    table, n_left_out = ssf_table(results)
    if n_left_out:
        print(
            f"association_summary: {name}: {n_left_out} of {len(results)} results are not in "
            f"{path.name} (no estimate, other contigs, or alleles that are no bases); they are in "
            f"{name}.gwas.parquet",
            file=sys.stderr,
        )
    order = np.argsort(_integers(table["chromosome"]), kind="stable")
    md5 = write_ssf(path, table.take(pa.array(order)))
    components = [f"PC{i + 1}" for i in range(model["n_components"])]
    sample = {
        "sample_size": model["n"],
        "case_control_study": model["kind"] == "binary",
        "case_count": model["n_cases"],
        "control_count": model["n_controls"],
    }
    date = job.settings.metadata_date
    fields = {
        "trait_description": [name],
        "genome_assembly": job.build,
        "samples": [{k: v for k, v in sample.items() if v is not None}],
        "adjusted_covariates": [*model["covariates"], *components] or None,
        "analysis_software": "genocohort",
        "date_metadata_last_modified": date,
    }
    write_ssf_metadata(path.with_name(f"{path.name}-meta.yaml"), path, md5, fields)


def _integers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)
