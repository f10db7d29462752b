"""Write what was measured of one sample: tables, texts and ledger, or that it failed."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import (
    CONTIGS,
    CYCLES,
    FLAGSTAT,
    GC_BIAS,
    GC_DEPTH,
    HISTOGRAMS,
    INSERT_SIZES,
    STRATA,
    regions_table,
)
from genocohort.domain.tables_identity import ALLELES
from genocohort.errors import ConfigError
from genocohort.io.alignments import Alignment
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.steps.alignments.alleles import KnownSites, allele_columns
from genocohort.steps.alignments.compute import Tally
from genocohort.steps.alignments.peer_text import ENDINGS, peer_texts
from genocohort.steps.alignments.places import Places
from genocohort.steps.alignments.reads import compute_flagstat
from genocohort.steps.alignments.regions import PlacedRegions, region_columns
from genocohort.steps.alignments.results import (
    Columns,
    contig_columns,
    cycle_columns,
    empty_columns,
    flagstat_columns,
    gc_bias_columns,
    gc_depth_columns,
    histogram_columns,
    insert_size_columns,
    strata_columns,
    strata_of,
)
from genocohort.steps.alignments.settings import AlignmentsSettings

# Options that may be left out, and the tables that they name.
OPTIONAL: dict[str, Table] = {
    "cycles": CYCLES,
    "strata": STRATA,
    "insert_sizes": INSERT_SIZES,
    "gc_bias": GC_BIAS,
    "gc_depth": GC_DEPTH,
}
# The tables with coordinates or contigs name the build.
_WITHOUT_BUILD = ("flagstat", "cycles")


def tell(sample: str, text: str) -> None:
    """Say something about a sample in the log."""
    print(f"alignments {sample}: {text}", file=sys.stderr)


def text_ending(path: Path) -> str:
    """Which text a file is for, by its name."""
    for ending in ENDINGS:
        if path.name.endswith(f".{ending}"):
            return ending
    raise ConfigError(
        "no such text", where=str(path), expected="a name that ends in " + ", ".join(ENDINGS)
    )


def write_alleles(
    args: argparse.Namespace, genome: Genome, sites: KnownSites, tally: Tally
) -> None:
    """Write the alleles at known sites."""
    absent = int(np.count_nonzero(sites.contig < 0))
    if absent:
        tell(args.sample, f"{absent} known sites lie on contigs that the header does not name")
    counts = {c.contig.number: c.alleles for c in tally.contigs}
    columns = allele_columns(args.sample, sites, counts)
    write_table(args.alleles, ALLELES, columns, genome_build=genome.build)


def write_results(
    args: argparse.Namespace,
    genome: Genome,
    settings: AlignmentsSettings,
    alignment: Alignment,
    places: Places,
    tally: Tally,
) -> None:
    """Write everything but the alleles and the depth of every base."""
    _tell_past_end(args.sample, tally)
    _tell_incomplete(args.sample, tally)
    sample, thresholds = args.sample, settings.depth_thresholds
    write_table(args.flagstat, FLAGSTAT, flagstat_columns(sample, tally.reads))
    write_table(args.contigs, CONTIGS, contig_columns(sample, tally), genome_build=genome.build)
    histograms = histogram_columns(sample, tally, thresholds)
    write_table(args.histograms, HISTOGRAMS, histograms, genome_build=genome.build)
    _write_optional(args, genome, settings, alignment, tally)
    if places.regions is not None:
        _write_regions(args, genome, thresholds, alignment, places.regions, tally)
    texts = peer_texts(tally, settings.gc_depth_bin)
    for path in args.peer_texts:
        write_text(path, texts[text_ending(path)])
    n = len(alignment.contigs)
    entries = [Entry(step="alignments", scope=sample, unit="contig", n_in=n, n_kept=n)]
    if places.regions is not None:
        entries.append(_regions_entry(sample, places.regions))
    write_text(args.ledger, entries_to_json(entries))


def _write_optional(
    args: argparse.Namespace,
    genome: Genome,
    settings: AlignmentsSettings,
    alignment: Alignment,
    tally: Tally,
) -> None:
    strata = strata_of(tally, alignment.read_groups)
    made: dict[str, Callable[[], Columns]] = {
        "cycles": lambda: cycle_columns(args.sample, tally.cycles),
        "strata": lambda: strata_columns(args.sample, strata),
        "insert_sizes": lambda: insert_size_columns(args.sample, tally, strata),
        "gc_bias": lambda: gc_bias_columns(args.sample, tally),
        "gc_depth": lambda: gc_depth_columns(args.sample, tally, settings.gc_depth_bin),
    }
    for name, columns in made.items():
        if getattr(args, name):
            _write(args, genome, name, columns())


def _write(args: argparse.Namespace, genome: Genome, name: str, columns: Columns) -> None:
    build = "" if name in _WITHOUT_BUILD else genome.build
    write_table(getattr(args, name), OPTIONAL[name], columns, genome_build=build)


def _write_regions(
    args: argparse.Namespace,
    genome: Genome,
    thresholds: tuple[int, ...],
    alignment: Alignment,
    regions: PlacedRegions,
    tally: Tally,
) -> None:
    if regions.absent:
        tell(
            args.sample,
            f"{len(regions.absent)} regions lie on contigs that the header does not name, the "
            f"first one in line {regions.absent[0].line}: they have no row",
        )
    cells = {
        c.contig.number: c.regions.whole(len(c.contig.regions))
        for c in tally.contigs
        if len(c.contig.regions)
    }
    columns = region_columns(args.sample, alignment.contigs, regions, cells, thresholds)
    write_table(args.region_depths, regions_table(thresholds), columns, genome_build=genome.build)


def _regions_entry(sample: str, regions: PlacedRegions) -> Entry:
    n, absent = len(regions.regions), regions.absent
    dropped = Dropped(
        reason="regions on contigs that the header does not name",
        n=max(1, len(absent)),
        examples=tuple(f"line {r.line}: {r.contig}" for r in absent[:5]),
    )
    return Entry(
        step="alignments", scope=sample, unit="row", n_in=n + len(absent), n_kept=n,
        dropped=(dropped,) if absent else (),
    )  # fmt: skip


def _tell_past_end(sample: str, tally: Tally) -> None:
    for counts in tally.contigs:
        if counts.n_past_end:
            tell(
                sample,
                f"{counts.n_past_end} records reach beyond the end of {counts.contig.name} "
                f"({counts.contig.length} bp): the bases beyond do not count",
            )


def _tell_incomplete(sample: str, tally: Tally) -> None:
    primary = sum(compute_flagstat(tally.reads.flags, tally.reads.mate_other_contig)["primary"])
    empty = primary - int(tally.reads.sums["sequences"].sum())
    if empty:
        tell(
            sample, f"{empty} reads have no bases: they are no sequences, and give no GC or length"
        )
    bare = int(tally.reads.sums["bases_without_quality"].sum())
    if bare:
        tell(sample, f"{bare} bases have no quality: averages and distributions leave them out")


def write_failure(
    args: argparse.Namespace,
    genome: Genome,
    settings: AlignmentsSettings,
    reason: str,
    n_contigs: int,
) -> None:
    """Write empty tables and a loss: the rest of the cohort goes on."""
    build = genome.build
    if args.alleles:
        write_table(args.alleles, ALLELES, empty_columns(ALLELES), genome_build=build)
    if not args.flagstat:
        return
    write_table(args.flagstat, FLAGSTAT, empty_columns(FLAGSTAT))
    write_table(args.contigs, CONTIGS, empty_columns(CONTIGS), genome_build=build)
    write_table(args.histograms, HISTOGRAMS, empty_columns(HISTOGRAMS), genome_build=build)
    for name, table in OPTIONAL.items():
        if getattr(args, name):
            _write(args, genome, name, empty_columns(table))
    if args.region_depths:
        table = regions_table(settings.depth_thresholds)
        write_table(args.region_depths, table, empty_columns(table), genome_build=build)
    for path in (*args.peer_texts, *([args.per_base] if args.per_base else [])):
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
