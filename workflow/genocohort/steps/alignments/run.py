"""Run the step `alignments`."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.records import IntArray, RecordBatch
from genocohort.domain.tables_identity import SITES
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.errors import ConfigError, InputDataError
from genocohort.io.alignments import (
    Alignment,
    check_index_counts,
    inspect_alignment,
    read_all,
    read_contig,
    read_index_counts,
)
from genocohort.io.atomic import replacing
from genocohort.io.depth_tracks import BedGraph, BigWig, RunSpool, Track
from genocohort.io.intervals import read_intervals, read_regions
from genocohort.io.parquet import read_table
from genocohort.io.reference import Reference
from genocohort.kernels import native
from genocohort.steps.alignments.compute import (
    Choices,
    Contig,
    Tally,
    merge_tallies,
    tally_batches,
)
from genocohort.steps.alignments.depth import DepthArray
from genocohort.steps.alignments.gc_bias import Fetch, ReferenceGc
from genocohort.steps.alignments.native import TASK_BYTES as NATIVE_BYTES
from genocohort.steps.alignments.native import RunSink, count_alleles_native, measure_native
from genocohort.steps.alignments.outputs import (
    tell,
    text_ending,
    write_alleles,
    write_failure,
    write_results,
)
from genocohort.steps.alignments.places import Given, find_places
from genocohort.steps.alignments.settings import AlignmentsSettings
from genocohort.steps.alignments.strata import most_groups

# Neighbouring contigs share a task up to this many bases: decoys are many and tiny.
TASK_BASES = 32 << 20
# One batch of records (16 Mb of bases at most) while it is tallied, and one window of depth.
TASK_BYTES = 300 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/alignments.smk gives them."""
    parser.add_argument("--sample", required=True, help="sample_id of the sheet")
    parser.add_argument("--alignment", type=Path, required=True, help="BAM or CRAM, sorted")
    parser.add_argument(
        "--reference", type=Path, help="FASTA with .fai; needed for a CRAM, and for GC content"
    )
    parser.add_argument("--targets", type=Path, help="BED of the targeted regions (exome, panel)")
    parser.add_argument("--regions", type=Path, help="BED of regions told one by one")
    parser.add_argument("--sites", type=Path, help="sites/sites.parquet: count alleles there")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--flagstat", type=Path, help="Parquet to write; none: alleles alone")
    parser.add_argument("--contigs", type=Path, help="Parquet to write, with --flagstat")
    parser.add_argument("--histograms", type=Path, help="Parquet to write, with --flagstat")
    for name in ("cycles", "strata", "insert-sizes", "gc-bias", "gc-depth"):
        parser.add_argument(f"--{name}", type=Path, help="Parquet to write, where wanted")
    parser.add_argument("--region-depths", type=Path, help="Parquet to write, with --regions")
    parser.add_argument("--per-base", type=Path, help="depth of every base, as settings.per_base")
    parser.add_argument("--alleles", type=Path, help="Parquet to write, with --sites")
    parser.add_argument("--peer-texts", nargs="+", type=Path, default=[], help="text to write")
    parser.add_argument("--ledger", type=Path, help="JSON to write, with --flagstat")


def run(args: argparse.Namespace) -> None:
    """Measure one sample's alignments, or count its alleles at known sites alone."""
    settings = settings_from_json(AlignmentsSettings, args.settings)
    _check_arguments(args, settings)
    genome = settings_from_json(Genome, args.genome)
    # Outside the try: a wrong BED file is the study's fault, not this sample's.
    given = Given(
        genome,
        read_intervals(args.targets) if args.targets else None,
        read_table(args.sites, SITES).to_pydict() if args.sites else None,
        read_regions(args.regions) if args.regions else None,
        str(args.regions),
    )
    n_contigs = 0
    try:
        alignment = _inspect(args, settings)
        n_contigs = len(alignment.contigs)
        places = find_places(alignment, given)
        allotment = Allotment.of(args)
        if args.flagstat:
            tally = _measure(args, alignment, places.contigs, settings, allotment)
        else:
            tally = _count_alleles(alignment, places.contigs, settings, allotment)
    except InputDataError as error:
        if settings.on_failure == "stop":
            raise
        tell(args.sample, f"left out, its results are empty: {error.message()}")
        write_failure(args, genome, settings, error.what, n_contigs)
        return
    if places.sites is not None:
        write_alleles(args, genome, places.sites, tally)
    if args.flagstat:
        write_results(args, genome, settings, alignment, places, tally)


def _check_arguments(args: argparse.Namespace, settings: AlignmentsSettings) -> None:
    for path in args.peer_texts:
        text_ending(path)
    for one, other in (("sites", "alleles"), ("regions", "region_depths")):
        if (getattr(args, one) is None) != (getattr(args, other) is None):
            options = f"--{one} and --{other.replace('_', '-')}"
            raise ConfigError(f"{options} belong together", where="command line")
    if args.per_base and settings.per_base == "none":
        raise ConfigError(
            "--per-base needs the setting per_base",
            where="command line",
            expected="bedgraph or bigwig",
        )
    others = (args.contigs, args.histograms, args.ledger)
    if not (all(others) if args.flagstat else args.alleles and not any(others)):
        raise ConfigError(
            "give --flagstat, --contigs, --histograms and --ledger, or --alleles alone",
            where="command line",
        )


def _inspect(args: argparse.Namespace, settings: AlignmentsSettings) -> Alignment:
    """The checked alignment; its read groups, unless they are too many to be told apart."""
    alignment = inspect_alignment(args.alignment, args.reference)
    for notice in alignment.notices:
        tell(args.sample, notice)
    n, most = len(alignment.read_groups), most_groups(settings.insert_size_max)
    if n > most:
        tell(args.sample, f"{n} read groups: more than {most} are not told apart")
        return replace(alignment, read_groups=())
    return alignment


def _choices(settings: AlignmentsSettings) -> Choices:
    return Choices(
        excluded_flags=settings.excluded_flags,
        min_mapping_quality=settings.min_mapping_quality,
        count_deletions=settings.count_deletions,
        insert_size_max=settings.insert_size_max,
        site_min_mapping_quality=settings.site_min_mapping_quality,
        site_min_base_quality=settings.site_min_base_quality,
        thresholds=settings.depth_thresholds,
        gc_window=settings.gc_window,
        gc_depth_bin=settings.gc_depth_bin,
    )


def _count_alleles(
    alignment: Alignment,
    contigs: tuple[Contig, ...],
    settings: AlignmentsSettings,
    allotment: Allotment,
) -> Tally:
    """Alleles alone: only what lies around the sites is read where there is an index."""
    choices, held = _choices(settings), tuple(c for c in contigs if len(c.sites))
    module = native("alignments")
    if alignment.index is None:
        return _tally(alignment, contigs, choices, allotment)
    if module is not None:
        threads = allotment.workers(NATIVE_BYTES)
        return count_alleles_native(module, alignment, contigs, choices, threads)

    def measure(part: tuple[Contig, ...]) -> Tally:
        return tally_batches(_read_part(alignment, part), part, choices)

    # The empty part, whose records have no place, is there for a list without sites.
    parts: list[tuple[Contig, ...]] = [(c,) for c in held]
    return merge_tallies(map_tasks(measure, parts or [()], threads=allotment.workers(TASK_BYTES)))


def _measure(
    args: argparse.Namespace,
    alignment: Alignment,
    contigs: tuple[Contig, ...],
    settings: AlignmentsSettings,
    allotment: Allotment,
) -> Tally:
    """Count everything; the depth of every base is written meanwhile."""
    fetch: Fetch | None = None
    if args.reference is not None and (args.gc_bias or args.gc_depth or args.peer_texts):
        reference = Reference(args.reference)
        reference.check(alignment.contigs, alignment.lengths)
        fetch = reference.fetch
    choices = _choices(settings)
    if args.per_base is None:
        return _tally(alignment, contigs, choices, allotment, fetch)
    with (
        replacing(args.per_base) as temporary,
        RunSpool(_track(temporary, alignment, settings)) as spool,
    ):
        return _tally(alignment, contigs, choices, allotment, fetch, spool)


def _track(path: Path, alignment: Alignment, settings: AlignmentsSettings) -> Track:
    if settings.per_base == "bigwig":
        return BigWig(path, alignment.contigs, alignment.lengths)
    module = native("alignments")
    if module is None:
        return BedGraph(path, alignment.contigs)
    return BedGraph(
        path, alignment.contigs, lambda name, *runs: module.bed_lines(name.encode(), *runs)
    )


def _tally(
    alignment: Alignment,
    contigs: tuple[Contig, ...],
    choices: Choices,
    allotment: Allotment,
    fetch: Fetch | None = None,
    sink: RunSink | None = None,
) -> Tally:
    index_counts = read_index_counts(alignment)
    if (module := native("alignments")) is not None:
        threads = allotment.workers(NATIVE_BYTES)
        tally = measure_native(module, alignment, contigs, choices, threads, fetch, sink)
        _check_counts(alignment, index_counts, tally)
        return tally
    reference = ReferenceGc(fetch, choices.gc_window, choices.gc_depth_bin) if fetch else None
    is_indexed = index_counts is not None or (
        alignment.kind == "cram" and alignment.index is not None
    )

    def measure(task: tuple[int, tuple[Contig, ...]]) -> Tally:
        number, part = task
        batches = _read_part(alignment, part) if is_indexed else read_all(alignment)
        on_window = partial(_keep_runs, sink, number) if sink is not None else None
        tally = tally_batches(batches, part, choices, on_window, reference)
        if sink is not None:
            sink.done(number)
        return tally

    # The empty part stands for the records without a place.
    parts = [*_parts(contigs), ()] if is_indexed else [contigs]
    threads = allotment.workers(TASK_BYTES)
    tally = merge_tallies(map_tasks(measure, list(enumerate(parts)), threads=threads))
    _check_counts(alignment, index_counts, tally)
    return tally


def _keep_runs(sink: RunSink, piece: int, contig: int, start: int, depth: DepthArray) -> None:
    """Give the depth of a window on as runs of equal depth."""
    if len(depth):
        last = np.append(np.flatnonzero(depth[1:] != depth[:-1]), len(depth) - 1)
        runs: IntArray = np.stack([start + last + 1, depth[last].astype(np.int64)], axis=1)
        sink.add(piece, contig, runs)


def _check_counts(
    alignment: Alignment, expected: tuple[list[tuple[int, int]], int] | None, tally: Tally
) -> None:
    if expected is not None:
        found = [(c.n_mapped, c.n_unmapped) for c in tally.contigs]
        check_index_counts(alignment, expected, [*found, tally.n_unplaced])


def _parts(contigs: tuple[Contig, ...]) -> list[tuple[Contig, ...]]:
    """Runs of contigs, by length alone, so that they never depend on the number of threads."""
    parts: list[list[Contig]] = []
    n_bases = TASK_BASES
    for contig in contigs:
        if n_bases + contig.length > TASK_BASES:
            parts.append([])
            n_bases = 0
        parts[-1].append(contig)
        n_bases += contig.length
    return [tuple(part) for part in parts]


def _read_part(alignment: Alignment, part: tuple[Contig, ...]) -> Iterator[RecordBatch]:
    for contig in part:
        yield from read_contig(alignment, contig.number)
    if not part:
        yield from read_contig(alignment, -1)
