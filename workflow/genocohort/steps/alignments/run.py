"""Run the step `alignments`."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome, canonical_contig
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.records import RecordBatch
from genocohort.domain.tables_alignments import CONTIGS, CYCLES, FLAGSTAT, HISTOGRAMS
from genocohort.domain.tables_identity import ALLELES, SITES
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
from genocohort.io.atomic import write_text
from genocohort.io.intervals import read_intervals
from genocohort.io.parquet import read_table, write_table
from genocohort.kernels import native
from genocohort.steps.alignments.alleles import KnownSites, allele_columns, place_sites
from genocohort.steps.alignments.compute import (
    Choices,
    Contig,
    Tally,
    merge_tallies,
    tally_batches,
)
from genocohort.steps.alignments.intervals import merge_intervals, subtract_intervals
from genocohort.steps.alignments.native import TASK_BYTES as NATIVE_BYTES
from genocohort.steps.alignments.native import count_alleles_native, measure_native
from genocohort.steps.alignments.peer_text import ENDINGS, peer_texts
from genocohort.steps.alignments.reads import compute_flagstat
from genocohort.steps.alignments.results import (
    contig_columns,
    cycle_columns,
    empty_columns,
    flagstat_columns,
    histogram_columns,
)
from genocohort.steps.alignments.settings import AlignmentsSettings

# Neighbouring contigs share a task up to this many bases: decoys are many and tiny.
TASK_BASES = 32 << 20
# One batch of records (16 Mb of bases at most) while it is tallied, and one window of depth.
TASK_BYTES = 300 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options, as workflow/rules/alignments.smk gives them."""
    parser.add_argument("--sample", required=True, help="sample_id of the sheet")
    parser.add_argument("--alignment", type=Path, required=True, help="BAM or CRAM, sorted")
    parser.add_argument("--reference", type=Path, help="FASTA with .fai; needed for a CRAM")
    parser.add_argument("--targets", type=Path, help="BED of the targeted regions (exome, panel)")
    parser.add_argument("--sites", type=Path, help="sites/sites.parquet: count alleles there")
    parser.add_argument("--settings", default="{}", help="settings of this step, JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--flagstat", type=Path, help="Parquet to write; none: alleles alone")
    parser.add_argument("--contigs", type=Path, help="Parquet to write, with --flagstat")
    parser.add_argument("--histograms", type=Path, help="Parquet to write, with --flagstat")
    parser.add_argument("--cycles", type=Path, help="Parquet to write, where wanted")
    parser.add_argument("--alleles", type=Path, help="Parquet to write, with --sites")
    parser.add_argument("--peer-texts", nargs="+", type=Path, default=[], help="text to write")
    parser.add_argument("--ledger", type=Path, help="JSON to write, with --flagstat")


def run(args: argparse.Namespace) -> None:
    """Measure one sample's alignments, or count its alleles at known sites alone."""
    _check_arguments(args)
    settings = settings_from_json(AlignmentsSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    # Outside the try: a wrong BED file is the study's fault, not this sample's.
    named = read_intervals(args.targets) if args.targets else None
    rows = read_table(args.sites, SITES).to_pydict() if args.sites else None
    measure = _measure if args.flagstat else _count_alleles
    n_contigs = 0
    try:
        alignment = inspect_alignment(args.alignment, args.reference)
        n_contigs = len(alignment.contigs)
        for notice in alignment.notices:
            _tell(args.sample, notice)
        contigs = _contigs(alignment, named, genome)
        if rows is not None:
            sites = place_sites(rows, alignment.contigs, alignment.lengths)
            contigs = tuple(replace(c, sites=sites.on(c.number)) for c in contigs)
        tally = measure(alignment, contigs, settings, Allotment.of(args))
    except InputDataError as error:
        if settings.on_failure == "stop":
            raise
        _tell(args.sample, f"left out, its results are empty: {error.message()}")
        _write_failure(args, genome, error.what, n_contigs)
        return
    if rows is not None:
        _write_alleles(args, genome, sites, tally)
    if not args.flagstat:
        return
    _tell_past_end(args.sample, tally)
    _tell_incomplete(args.sample, tally)
    build = genome.build
    thresholds = settings.depth_thresholds
    histograms = histogram_columns(args.sample, tally, thresholds)
    write_table(args.flagstat, FLAGSTAT, flagstat_columns(args.sample, tally.reads))
    write_table(args.contigs, CONTIGS, contig_columns(args.sample, tally), genome_build=build)
    write_table(args.histograms, HISTOGRAMS, histograms, genome_build=build)
    if args.cycles:
        write_table(args.cycles, CYCLES, cycle_columns(args.sample, tally.cycles))
    texts = peer_texts(tally)
    for path in args.peer_texts:
        write_text(path, texts[_text_ending(path)])
    entry = Entry(
        step="alignments", scope=args.sample, unit="contig", n_in=n_contigs, n_kept=n_contigs
    )
    write_text(args.ledger, entries_to_json([entry]))


def _text_ending(path: Path) -> str:
    """Which text a file is for, by its name."""
    for ending in ENDINGS:
        if path.name.endswith(f".{ending}"):
            return ending
    raise ConfigError(
        "no such text", where=str(path), expected="a name that ends in " + ", ".join(ENDINGS)
    )


def _check_arguments(args: argparse.Namespace) -> None:
    for path in args.peer_texts:
        _text_ending(path)
    if (args.sites is None) != (args.alleles is None):
        raise ConfigError("--sites and --alleles belong together", where="command line")
    others = (args.contigs, args.histograms, args.ledger)
    if not (all(others) if args.flagstat else args.alleles and not any(others)):
        raise ConfigError(
            "give --flagstat, --contigs, --histograms and --ledger, or --alleles alone",
            where="command line",
        )


def _write_alleles(
    args: argparse.Namespace, genome: Genome, sites: KnownSites, tally: Tally
) -> None:
    absent = int(np.count_nonzero(sites.contig < 0))
    if absent:
        _tell(args.sample, f"{absent} known sites lie on contigs that the header does not name")
    counts = {c.contig.number: c.alleles for c in tally.contigs}
    columns = allele_columns(args.sample, sites, counts)
    write_table(args.alleles, ALLELES, columns, genome_build=genome.build)


def _tell(sample: str, text: str) -> None:
    print(f"alignments {sample}: {text}", file=sys.stderr)


def _tell_past_end(sample: str, tally: Tally) -> None:
    for counts in tally.contigs:
        if counts.n_past_end:
            _tell(
                sample,
                f"{counts.n_past_end} records reach beyond the end of {counts.contig.name} "
                f"({counts.contig.length} bp): the bases beyond do not count",
            )


def _tell_incomplete(sample: str, tally: Tally) -> None:
    primary = sum(compute_flagstat(tally.reads.flags, tally.reads.mate_other_contig)["primary"])
    empty = primary - int(tally.reads.sums["sequences"].sum())
    if empty:
        _tell(
            sample, f"{empty} reads have no bases: they are no sequences, and give no GC or length"
        )
    bare = int(tally.reads.sums["bases_without_quality"].sum())
    if bare:
        _tell(sample, f"{bare} bases have no quality: averages and distributions leave them out")


def _contigs(
    alignment: Alignment, named: dict[str, list[tuple[int, int]]] | None, genome: Genome
) -> tuple[Contig, ...]:
    """The header's contigs with the parts whose depth is looked at."""
    contigs = []
    for number, (name, length) in enumerate(zip(alignment.contigs, alignment.lengths, strict=True)):
        targets = None
        if named is not None:
            targets = merge_intervals(named.get(canonical_contig(name), []), length)
        par = merge_intervals([(r.start, r.end) for r in genome.par_regions(name)], length)
        evaluated = targets
        if len(par):
            everything = merge_intervals([(0, length)], length)
            evaluated = subtract_intervals(everything if targets is None else targets, par)
        contigs.append(Contig(number, name, length, evaluated, targets))
    if named is not None and not any(c.targets for c in contigs):
        raise InputDataError(
            "no target lies on a contig of the alignment",
            where=str(alignment.path),
            offenders=sorted(named),
            expected="a BED file with contigs of the header: " + ", ".join(alignment.contigs[:3]),
        )
    return tuple(contigs)


def _choices(settings: AlignmentsSettings) -> Choices:
    return Choices(
        excluded_flags=settings.excluded_flags,
        min_mapping_quality=settings.min_mapping_quality,
        count_deletions=settings.count_deletions,
        insert_size_max=settings.insert_size_max,
        site_min_mapping_quality=settings.site_min_mapping_quality,
        site_min_base_quality=settings.site_min_base_quality,
    )


def _count_alleles(
    alignment: Alignment,
    contigs: tuple[Contig, ...],
    settings: AlignmentsSettings,
    allotment: Allotment,
) -> Tally:
    """Alleles alone: only what lies around the sites is read where there is an index."""
    if alignment.index is None:
        return _measure(alignment, contigs, settings, allotment)
    choices, held = _choices(settings), tuple(c for c in contigs if len(c.sites))
    if (module := native("alignments")) is not None:
        threads = allotment.workers(NATIVE_BYTES)
        return count_alleles_native(module, alignment, contigs, choices, threads)

    def measure(part: tuple[Contig, ...]) -> Tally:
        return tally_batches(_read_part(alignment, part), part, choices)

    # The empty part, whose records have no place, is there for a list without sites.
    parts: list[tuple[Contig, ...]] = [(c,) for c in held]
    return merge_tallies(map_tasks(measure, parts or [()], threads=allotment.workers(TASK_BYTES)))


def _measure(
    alignment: Alignment,
    contigs: tuple[Contig, ...],
    settings: AlignmentsSettings,
    allotment: Allotment,
) -> Tally:
    choices = _choices(settings)
    index_counts = read_index_counts(alignment)
    if (module := native("alignments")) is not None:
        threads = allotment.workers(NATIVE_BYTES)
        tally = measure_native(module, alignment, contigs, choices, threads)
        _check_counts(alignment, index_counts, tally)
        return tally
    is_indexed = index_counts is not None or (
        alignment.kind == "cram" and alignment.index is not None
    )
    if not is_indexed:
        return tally_batches(read_all(alignment), contigs, choices)

    def measure(part: tuple[Contig, ...]) -> Tally:
        return tally_batches(_read_part(alignment, part), part, choices)

    # The empty part stands for the records without a place.
    threads = allotment.workers(TASK_BYTES)
    tally = merge_tallies(map_tasks(measure, [*_parts(contigs), ()], threads=threads))
    _check_counts(alignment, index_counts, tally)
    return tally


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


def _write_failure(args: argparse.Namespace, genome: Genome, reason: str, n_contigs: int) -> None:
    """Empty tables and a loss: the rest of the cohort goes on."""
    build = genome.build
    if args.alleles:
        write_table(args.alleles, ALLELES, empty_columns(ALLELES), genome_build=build)
    if not args.flagstat:
        return
    write_table(args.flagstat, FLAGSTAT, empty_columns(FLAGSTAT))
    write_table(args.contigs, CONTIGS, empty_columns(CONTIGS), genome_build=build)
    write_table(args.histograms, HISTOGRAMS, empty_columns(HISTOGRAMS), genome_build=build)
    if args.cycles:
        write_table(args.cycles, CYCLES, empty_columns(CYCLES))
    for path in args.peer_texts:
        write_text(path, "")
    # A header that could not be read has an unknown number of contigs: the sample stands for them.
    n = n_contigs or 1
    dropped = Dropped(reason=reason, n=n, is_loss=True, examples=(args.sample,))
    entry = Entry(
        step="alignments",
        scope=args.sample,
        unit="contig" if n_contigs else "sample",
        n_in=n,
        n_kept=0,
        dropped=(dropped,),
    )
    write_text(args.ledger, entries_to_json([entry]))
