"""Run the step `ancestry`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.long_range_ld import long_range_ld_regions
from genocohort.domain.tables_ancestry import (
    ANCESTRY_EIGENVALUES,
    ANCESTRY_GROUPS,
    ANCESTRY_SAMPLES,
    ancestry_components_table,
    ancestry_loadings_table,
)
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.components import standardised
from genocohort.engine.tasks import map_tasks
from genocohort.errors import InputDataError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.store_selection import (
    Selection,
    block_bytes,
    count_reasons,
    open_stores,
    select_variants,
)
from genocohort.io.text_table import read_text_table
from genocohort.stats.projection import ProjectionSums, augment, coordinates, sum_projections
from genocohort.steps.ancestry.compute import assign_groups
from genocohort.steps.ancestry.panel import (
    Part,
    Reference,
    clear_variants,
    fit_panel,
    read_fitted,
)
from genocohort.steps.ancestry.settings import AncestryPanel, AncestrySettings

Floats = npt.NDArray[np.float64]

OUTPUTS = ("samples", "groups", "components", "eigenvalues", "loadings")

# Variants placed at once: float64 of all samples.
_AT_ONCE = 256
_PER_BLOCK = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/ancestry.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="+", required=True, help="chromosomes of the store")
    parser.add_argument("--panel", required=True, help="the reference panel, JSON")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    for name in OUTPUTS:
        parser.add_argument(f"--{name}", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Place the cohort among a panel's components, and assign its samples to the panel's groups.

    Raises
    ------
    InputDataError
        The panel cannot be read, or shares too little with the cohort.
    """
    settings = settings_from_json(AncestrySettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    panel = settings_from_json(AncestryPanel, args.panel)
    stores = open_stores(args.folder, args.chromosomes)
    samples = stores[0].samples
    selections = [clear_variants(select_variants(s, pass_only=settings.pass_only)) for s in stores]
    allotment = Allotment.of(args)
    threads = allotment.workers(_PER_BLOCK * block_bytes(len(samples)))
    labels = _read_labels(panel)
    if panel.calls is not None:
        assert labels is not None
        regions = long_range_ld_regions(genome.build)
        reference = fit_panel(panel, labels, selections, regions, settings, threads)
    else:
        reference = read_fitted(panel, labels, selections, settings)
    sums, gram = _project(reference.parts, len(samples), threads)
    n_shared = sum(len(p.frequency) for p in reference.parts)
    singular = np.sqrt(reference.n_variants * reference.eigenvalues)
    along, squares = coordinates(sums, gram, n_shared)
    k = min(settings.n_components, len(singular))
    places = augment(along, squares, singular, k)
    assigned = assign_groups(
        samples, sums.n_called, places, reference.vectors[:, :k], reference.labels, settings
    )
    print(f"ancestry: {n_shared} variants; {assigned.notice}", file=sys.stderr)
    write_table(args.samples, ANCESTRY_SAMPLES, assigned.samples)
    write_table(args.groups, ANCESTRY_GROUPS, assigned.groups)
    _write_reference(args, reference, samples, places, genome)
    selections = [part.selection for part in reference.parts]
    write_text(args.ledger, entries_to_json(_ledger(selections, args.chromosomes)))


def _read_labels(panel: AncestryPanel) -> dict[str, str] | None:
    """Groups of the panel's samples, in the table's order."""
    if panel.labels is None:
        return None
    table = read_text_table(Path(panel.labels))
    for name in (panel.sample_column, panel.group_column):
        if name not in table.columns:
            raise InputDataError(
                f"the labels of the ancestry panel have no column {name}",
                where=panel.labels,
                expected="one of: " + ", ".join(table.columns),
                remedy="name it as inputs.ancestry_panel.sample_column or group_column",
            )
    names, groups = table.column(panel.sample_column), table.column(panel.group_column)
    found = {name: group for name, group in zip(names, groups, strict=True) if name and group}
    if len(found) < sum(bool(n and g) for n, g in zip(names, groups, strict=True)):
        raise InputDataError(
            "a sample is labelled twice", where=panel.labels,
            offenders=sorted({n for n in names if names.count(n) > 1}),
        )  # fmt: skip
    return found


def _project(parts: Sequence[Part], n_samples: int, threads: int) -> tuple[ProjectionSums, Floats]:
    """Sums over the variants shared, and the products of their loadings."""
    k = parts[0].weights.shape[1]
    everybody = np.arange(n_samples)

    def of_part(part: Part) -> ProjectionSums:
        total = ProjectionSums.zero(n_samples, k)
        for rank, calls in part.selection.blocks():
            for a in range(0, len(calls), _AT_ONCE):
                own = calls[a : a + _AT_ONCE]
                chosen = slice(rank + a, rank + a + len(own))
                z = standardised((own, part.frequency[chosen]), everybody).astype(np.float64)
                total = total + sum_projections(z, own >= 0, part.weights[chosen])
        return total

    sums, gram = ProjectionSums.zero(n_samples, k), np.zeros((k, k))
    for part, own in zip(parts, map_tasks(of_part, parts, threads=threads), strict=True):
        sums = sums + own
        gram += part.weights.T @ part.weights
    return sums, gram


def _write_reference(
    args: argparse.Namespace,
    reference: Reference,
    samples: Sequence[str],
    places: Floats,
    genome: Genome,
) -> None:
    """The panel's components with the cohort's places, and what another run needs to use them."""
    k = len(reference.eigenvalues)
    n_panel = len(reference.samples)
    values = np.full((n_panel + len(samples), k), np.nan)
    values[:n_panel] = reference.vectors
    values[n_panel:, : places.shape[1]] = places
    columns: dict[str, Any] = {
        "sample_id": [*reference.samples, *samples],
        "role": ["panel"] * n_panel + ["cohort"] * len(samples),
        "group": [*reference.labels, *[None] * len(samples)],
    }
    names = [f"PC{i + 1}" for i in range(k)]
    columns |= {name: values[:, i] for i, name in enumerate(names)}
    write_table(args.components, ancestry_components_table(k), columns)
    numbers = {"component": np.arange(1, k + 1, dtype=np.int32)}
    eigenvalues = numbers | {"eigenvalue": reference.eigenvalues}
    write_table(args.eigenvalues, ANCESTRY_EIGENVALUES, eigenvalues)
    loadings: dict[str, Any] = {name: [] for name in ancestry_loadings_table(0).column_names}
    for part in reference.parts:
        variants, indices = part.selection.store.variants, part.selection.indices
        loadings["chromosome"] += [part.selection.store.chromosome] * len(indices)
        loadings["vcf_pos"] += variants.vcf_pos[indices].tolist()
        for name in ("variant_id", "ref", "alt"):
            loadings[name] += variants.chosen(name, indices)
        loadings["alt_frequency"] += part.frequency.tolist()
    weights = np.concatenate([part.weights for part in reference.parts])
    loadings |= {name: weights[:, i] for i, name in enumerate(names)}
    write_table(args.loadings, ancestry_loadings_table(k), loadings, genome_build=genome.build)


def _ledger(selections: Sequence[Selection], chromosomes: Sequence[str]) -> list[Entry]:
    n_samples = selections[0].store.n_samples
    dropped = tuple(
        Dropped(reason=reason, n=n, examples=examples)
        for reason, (n, examples) in count_reasons(selections).items()
    )
    return [
        Entry(
            step="ancestry", unit="sample", source="genotypes", source_scopes=(chromosomes[0],),
            n_in=n_samples, n_kept=n_samples,
        ),
        Entry(
            step="ancestry", unit="variant", source="genotypes", source_scopes=tuple(chromosomes),
            n_in=sum(s.store.n_variants for s in selections),
            n_kept=sum(len(s.indices) for s in selections), dropped=dropped,
        ),
    ]  # fmt: skip
