"""Run the step `alignment_summary`."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import (
    CONTIGS,
    CYCLES,
    FLAGSTAT,
    FLAGSTAT_METRICS,
    GC_BIAS,
    HISTOGRAMS,
    INSERT_SIZES,
    SAMPLE_CONTIGS,
    SAMPLE_CYCLES,
    SAMPLE_HISTOGRAMS,
    SAMPLE_READ_GROUPS,
    SAMPLES,
    STRATA,
    TOTALS_METRICS,
    regions_table,
)
from genocohort.io.atomic import write_text
from genocohort.io.parquet import arrow_schema, read_table, write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.steps.alignment_summary.compute import (
    Histogram,
    Row,
    SampleTables,
    compute_sample,
    mean_qualities,
)
from genocohort.steps.alignment_summary.settings import AlignmentSummarySettings

READ_ORDERS = ("first", "last", "other")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/alignment_summary.smk gives them."""
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sheet: aligned.tsv")
    parser.add_argument("--folder", type=Path, required=True, help="results of the step alignments")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    parser.add_argument("--samples", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--contigs", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--histograms", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--cycles", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--read-groups", type=Path, required=True, help="Parquet to write")
    parser.add_argument("--with-regions", action="store_true", help="there are tables of regions")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON to write")


def run(args: argparse.Namespace) -> None:
    """Gather the alignment metrics of all samples, in cohort order."""
    settings_from_json(AlignmentSummarySettings, args.settings)
    build = settings_from_json(Genome, args.genome).build
    samples = read_normalised_sheet(args.sheet)
    rows, contigs, histograms = [], [], []
    read_groups: list[Row] = []
    for sample in samples:
        flagstat, contig_table, histogram_table = _read(args.folder, sample)
        tables = replace(
            _tables(flagstat, contig_table, histogram_table),
            gc_bias=_read_one(args.folder, sample, GC_BIAS).to_pylist(),
            regions=_regions(args.folder, sample) if args.with_regions else None,
        )
        rows.append(compute_sample(sample.sample_id, tables))
        read_groups += _read_groups(args.folder, sample)
        contigs.append(contig_table)
        histograms.append(histogram_table)
    columns = {name: [row.get(name) for row in rows] for name in SAMPLES.column_names}
    write_table(args.samples, SAMPLES, columns, genome_build=build)
    write_table(args.contigs, SAMPLE_CONTIGS, _joined(contigs, CONTIGS), genome_build=build)
    write_table(
        args.histograms, SAMPLE_HISTOGRAMS, _joined(histograms, HISTOGRAMS), genome_build=build
    )
    groups = {n: [row.get(n) for row in read_groups] for n in SAMPLE_READ_GROUPS.column_names}
    write_table(args.read_groups, SAMPLE_READ_GROUPS, groups)
    cycles = _cycles(args.folder, samples)
    write_table(args.cycles, SAMPLE_CYCLES, cycles, genome_build=build)
    failed = [row["sample_id"] for row in rows if row["status"] == "failed"]
    write_text(args.ledger, entries_to_json([_ledger(len(samples), failed)]))


def _read(folder: Path, sample: Sample) -> tuple[pa.Table, pa.Table, pa.Table]:
    name = sample.sample_id
    return (
        read_table(folder / f"{name}.flagstat.parquet", FLAGSTAT),
        read_table(folder / f"{name}.contigs.parquet", CONTIGS),
        read_table(folder / f"{name}.histograms.parquet", HISTOGRAMS),
    )


def _read_one(folder: Path, sample: Sample, table: Table) -> pa.Table:
    """A sample's table of the step `alignments`."""
    return read_table(folder / f"{sample.sample_id}.{table.name.split('/')[1]}.parquet", table)


def _regions(folder: Path, sample: Sample) -> dict[str, Any]:
    """The numbers of a sample's regions."""
    table = _read_one(folder, sample, regions_table(()))
    numbers = [f.name for f in table.schema if pa.types.is_int64(f.type)]
    return {name: table[name].to_numpy() for name in numbers}


def _read_groups(folder: Path, sample: Sample) -> list[Row]:
    """Metrics of each read group of a sample."""
    counts: dict[str, dict[str, int]] = {}
    failing: dict[str, int] = {}
    strata = _read_one(folder, sample, STRATA)
    for row in strata.filter(pc.is_valid(strata["read_group"])).to_pylist():
        group = counts.setdefault(row["read_group"], {})
        group[row["metric"]] = row["qc_pass"] + row["qc_fail"]
        if row["metric"] == "primary":
            failing[row["read_group"]] = row["qc_fail"]
    inserts = _read_one(folder, sample, INSERT_SIZES)
    inserts = inserts.filter(pc.is_valid(inserts["read_group"]))
    names = inserts["read_group"].cast(pa.string()).to_pylist()
    sizes: dict[str, dict[int, int]] = {}
    for name, size, n in zip(
        names, inserts["insert_size"].to_pylist(), inserts["n_pairs"].to_pylist(), strict=True
    ):
        here = sizes.setdefault(name, {})
        here[size] = here.get(size, 0) + n
    none = dict.fromkeys((*FLAGSTAT_METRICS, *TOTALS_METRICS), 0)
    rows = []
    for name, group in counts.items():
        by_size = sorted(sizes.get(name, {}).items())
        value, count = np.array(by_size, dtype=np.int64).reshape(-1, 2).T
        tables = SampleTables(
            none | group, failing.get(name, 0), (), {"insert_size": Histogram(value, count)}
        )
        rows.append(compute_sample(sample.sample_id, tables) | {"read_group": name})
    return rows


def _cycles(folder: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """Columns of alignment_summary/cycles; the tables of one sample are held at a time."""
    columns: dict[str, list[Any]] = {name: [] for name in SAMPLE_CYCLES.column_names}
    for sample in samples:
        table = read_table(folder / f"{sample.sample_id}.cycles.parquet", CYCLES)
        table = table.filter(pc.equal(table["measure"].cast(pa.string()), "quality"))
        order = np.asarray(table["read_order"].cast(pa.string()).to_numpy(), dtype=object)
        cycle, quality, count = (
            table[name].to_numpy().astype(np.int64) for name in ("cycle", "quality", "count")
        )
        for name in READ_ORDERS:
            here = order == name
            found = mean_qualities(cycle[here], quality[here], count[here])
            columns["sample_id"] += [sample.sample_id] * len(found[0])
            columns["read_order"] += [name] * len(found[0])
            for column, values in zip(("cycle", "n_bases", "quality_mean"), found, strict=True):
                columns[column] += values.tolist()
    return columns


def _tables(flagstat: pa.Table, contigs: pa.Table, histograms: pa.Table) -> SampleTables:
    counts: dict[str, int] = {}
    qc_fail_primary = 0
    for row in flagstat.to_pylist():
        counts[row["metric"]] = row["qc_pass"] + row["qc_fail"]
        if row["metric"] == "primary":
            qc_fail_primary = row["qc_fail"]
    return SampleTables(counts, qc_fail_primary, contigs.to_pylist(), _histograms(histograms))


def _histograms(table: pa.Table) -> dict[str, Histogram]:
    """Distributions over all contigs."""
    contig = np.asarray(table["contig"].cast(pa.string()).to_numpy(), dtype=object)
    whole = table.filter(pa.array(contig == "", pa.bool_()))
    metric = np.asarray(whole["metric"].cast(pa.string()).to_numpy(), dtype=object)
    value = whole["bin"].to_numpy().astype(np.int64)
    count = whole["count"].to_numpy().astype(np.int64)
    found = {}
    for name in dict.fromkeys(metric.tolist()):
        here = metric == name
        order = np.argsort(value[here], kind="stable")
        found[name] = Histogram(value[here][order], count[here][order])
    return found


def _joined(tables: list[pa.Table], table: Table) -> pa.Table:
    """All rows in the given order; a table without rows where there are no samples."""
    schema = arrow_schema(table)
    plain = pa.schema(
        [(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    )
    given: list[Any] = [t.cast(plain) for t in tables]
    return pa.concat_tables([plain.empty_table(), *given]).combine_chunks()


def _ledger(n: int, failed: list[str]) -> Entry:
    dropped = Dropped(
        reason="the alignment could not be measured",
        n=max(1, len(failed)),
        is_loss=True,
        examples=tuple(failed[:5]),
    )
    return Entry(
        step="alignment_summary",
        unit="sample",
        n_in=n,
        n_kept=n - len(failed),
        dropped=(dropped,) if failed else (),
    )
