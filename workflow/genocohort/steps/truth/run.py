"""Run the step `truth`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.alleles import ORDINARY
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.site_filter import merge_regions
from genocohort.domain.tables_truth import TRUTH_CONCORDANCE
from genocohort.domain.tables_variants import FILTER_SETS
from genocohort.io.atomic import write_text
from genocohort.io.intervals import read_intervals
from genocohort.io.parquet import write_table
from genocohort.io.store_selection import open_stores
from genocohort.steps.truth.compare import COUNTS, OUTSIDE, compare_chromosome
from genocohort.steps.truth.settings import TruthSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/truth.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--truth-folder", type=Path, required=True, help="store of known calls")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of both")
    parser.add_argument("--regions", type=Path, help="BED of the regions with known calls")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    parser.add_argument("--concordance", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Recall, precision and genotype concordance of samples whose calls are known."""
    settings_from_json(TruthSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    named = read_intervals(args.regions) if args.regions else None
    calls = open_stores(args.folder, args.chromosomes)
    truth = open_stores(args.truth_folder, args.chromosomes)
    place = {name: i for i, name in enumerate(calls[0].samples)}
    columns = np.array([place[name] for name in truth[0].samples], dtype=np.int64)
    compared = [
        compare_chromosome(
            ours, known, columns,
            None if named is None else merge_regions(named.get(ours.chromosome, [])),
        )
        for ours, known in zip(calls, truth, strict=True)
    ]  # fmt: skip
    total = sum((c.counts for c in compared), np.zeros_like(compared[0].counts))
    write_table(
        args.concordance, TRUTH_CONCORDANCE, _columns(truth[0].samples, total),
        genome_build=genome.build,
    )  # fmt: skip
    n_calls, n_outside = (sum(getattr(c, n) for c in compared) for n in ("n_calls", "n_outside"))
    entry = Entry(
        step="truth", unit="variant", source="genotypes", source_scopes=tuple(args.chromosomes),
        n_in=n_calls, n_kept=n_calls - n_outside,
        dropped=(Dropped(reason=OUTSIDE, n=n_outside),) if n_outside else (),
    )  # fmt: skip
    write_text(args.ledger, entries_to_json([entry]))


def _columns(samples: Sequence[str], counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Columns of truth/concordance; each sample's classes, then their sum as `all`."""
    whole = np.concatenate([counts, counts.sum(axis=2, keepdims=True)], axis=2)
    classes = (*ORDINARY, "all")
    rows = [
        (sample, kind, name, *whole[i, j, k].tolist())
        for j, sample in enumerate(samples)
        for k, kind in enumerate(classes)
        for i, name in enumerate(FILTER_SETS)
    ]
    names = ("sample_id", "allele_class", "filter_set", *COUNTS)
    columns: dict[str, Any] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    found, same, missed, extra = (
        np.array(columns[n], dtype=np.float64)
        for n in ("n_found", "n_same_genotype", "n_missed", "n_extra")
    )
    recall, precision = _share(found, found + missed), _share(found, found + extra)
    shares = {
        "recall": recall,
        "precision": precision,
        "f1": _share(2 * found, 2 * found + missed + extra),
        "genotype_concordance": _share(same, found),
    }
    return columns | {
        name: [None if np.isnan(v) else float(v) for v in values] for name, values in shares.items()
    }


def _share(
    part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    result = np.full(len(whole), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
