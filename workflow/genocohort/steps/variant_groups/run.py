"""Run the step `variant_groups` on one chromosome."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Entry, entries_to_json
from genocohort.domain.ploidy import in_par
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_groups import VARIANT_GROUPS
from genocohort.errors import ConfigError
from genocohort.io.atomic import replacing, write_text
from genocohort.io.parquet import TableWriter
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store import Store
from genocohort.io.store_selection import block_length
from genocohort.kernels import native
from genocohort.stats.hwe import hwe_exact
from genocohort.steps.variant_groups.compute import Group, GroupCounter, make_groups
from genocohort.steps.variant_groups.settings import VariantGroupsSettings

_OF_SHEET = ("sex", "batch", "assay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/variant_groups.smk gives them."""
    parser.add_argument("--folder", type=Path, required=True, help="folder of the genotype store")
    parser.add_argument("--chromosome", required=True, help="chromosome of the store")
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: genotyped.tsv")
    parser.add_argument("--participants", type=Path, help="clinical/participants")
    parser.add_argument("--phenotypes", type=Path, help="clinical/phenotypes_wide")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    parser.add_argument("--counts", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Genotype counts, allele frequencies and Hardy-Weinberg tests by groups of samples."""
    settings = settings_from_json(VariantGroupsSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    store = Store(args.folder, args.chromosome)
    sheet = {s.sample_id: s for s in read_normalised_sheet(args.sheet)}
    samples = [sheet[name] for name in store.samples]
    values = {name: _values(name, samples, args) for name in settings.by}
    groups = make_groups(values, settings.max_groups)
    module = native("calls")
    test = partial(hwe_exact, midp=settings.midp, sums=module.hwe if module else None)
    counter = GroupCounter(args.chromosome, store.sexes, test)
    inside = in_par(genome, args.chromosome, store.variants.vcf_pos)
    with replacing(args.counts) as temporary:
        writer = TableWriter(temporary, VARIANT_GROUPS, genome_build=genome.build)
        for start, end, calls in store.blocks(block_length(store.n_samples)):
            counts = counter.count(calls, inside[start:end], groups)
            writer.add(_columns(store, start, end, groups, counts))
        writer.close()
    n = store.n_variants
    entry = Entry(
        step="variant_groups", scope=args.chromosome, unit="variant", source="genotypes",
        n_in=n, n_kept=n,
    )  # fmt: skip
    write_text(args.ledger, entries_to_json([entry]))


def _columns(
    store: Store, start: int, end: int, groups: Sequence[Group], counts: dict[str, Any]
) -> dict[str, Any]:
    variants, n, k = store.variants, end - start, len(groups)
    rows = np.repeat(np.arange(start, end), k)
    an, expected = counts["an"], counts.pop("n_expected")
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {"af": counts["ac"] / an, "call_rate": counts["n_called"] / expected}
    numbers = counts | shares
    nullable = ("af", "call_rate", "hwe_p", "hwe_neg_log10_p")
    return {
        "chromosome": [store.chromosome] * (n * k),
        "vcf_pos": variants.vcf_pos[rows],
        **{name: variants.chosen(name, rows) for name in ("variant_id", "ref", "alt")},
        "group_by": [g.group_by for g in groups] * n,
        "group": [g.name for g in groups] * n,
        "n_samples": [len(g.members) for g in groups] * n,
        **{
            name: pa.array(value, from_pandas=True) if name in nullable else value
            for name, value in numbers.items()
        },
    }


def _values(column: str, samples: Sequence[Sample], args: argparse.Namespace) -> list[str | None]:
    """Each sample's value of a column, as text; None where there is none.

    Raises
    ------
    ConfigError
        No table has the column.
    """
    if column in _OF_SHEET:
        given = [getattr(s, column) for s in samples]
        return [v if v not in ("", "unknown") else None for v in given]
    for path in (args.participants, args.phenotypes):
        if path and column in pq.read_schema(path).names:
            table = pq.read_table(path, columns=["participant_id", column])
            whole = table[column]
            if pa.types.is_floating(whole.type):
                whole = pc.if_else(pc.equal(whole, pc.round(whole)), whole, None).cast(pa.int64())
            known = dict(
                zip(table["participant_id"].to_pylist(), whole.cast(pa.string()).to_pylist(),
                    strict=True)
            )  # fmt: skip
            return [known.get(s.participant_id) or None for s in samples]
    raise ConfigError(
        f"no table has the column {column}",
        where="variant_groups.by",
        expected=f"{', '.join(_OF_SHEET)}, or a column of clinical/participants or "
        "clinical/phenotypes_wide",
    )
