"""Command line of the step `genotypes`."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from genocohort.config import settings_from_json
from genocohort.domain.alleles import ORDINARY
from genocohort.domain.arrow_columns import (
    arrow_to_numpy,
    list_to_arrow,
    numpy_to_arrow,
    text_scalar,
)
from genocohort.domain.call_counts import CountedRows, SampleSums
from genocohort.domain.genome import Genome, canonical_contig
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.ploidy import in_par
from genocohort.domain.site_filter import SiteFilter, merge_regions
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.streams import map_stream
from genocohort.io.atomic import write_text
from genocohort.io.call_counts import CountsWriter, rows_to_arrow, write_sums
from genocohort.io.intervals import read_intervals
from genocohort.io.open_calls import CallsReader, RawBatch, open_cohort_calls, print_notices
from genocohort.io.pgen import PgenSpool
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store import write_psam, write_pvar_rows
from genocohort.io.vcf import VcfReader
from genocohort.kernels import native
from genocohort.steps.genotypes.compute import (
    DROPPED_GENOTYPES,
    STORED,
    Tally,
    compute_unique_ids,
    stored_rows,
)
from genocohort.steps.genotypes.counting import cohort_ploidy, count_batch
from genocohort.steps.genotypes.genotype_counts import CohortPloidy
from genocohort.steps.genotypes.native import TASK_BYTES as NATIVE_BYTES
from genocohort.steps.genotypes.native import NativeCounter
from genocohort.steps.genotypes.settings import GenotypesSettings

_INFO_LINES = (
    '##INFO=<ID=RECORD,Number=1,Type=Integer,Description="0-based record of the chromosome">',
    '##INFO=<ID=ALLELE,Number=1,Type=Integer,Description="1-based ALT allele of the record">',
)
_STORED_COLUMNS = (
    "vcf_pos", "variant_id", "ref", "alt", "qual", "filter", "record", "allele",
)  # fmt: skip

# One batch (8 MiB of text, or 2 million calls) while the plain engine parses and counts it.
_TASK_BYTES = 100 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--calls", type=Path, required=True, help="VCF, BCF, .bed or .pgen")
    parser.add_argument("--contig", required=True, help="the chromosome's name in that file")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet of the genotyped samples")
    parser.add_argument("--include", type=Path, help="BED of the regions to read")
    parser.add_argument("--exclude", type=Path, help="BED of the regions to leave out")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    add_allotment_arguments(parser)
    parser.add_argument("--pgen", type=Path, required=True)
    parser.add_argument("--pvar", type=Path, required=True)
    parser.add_argument("--psam", type=Path, required=True)
    parser.add_argument("--counts", type=Path, required=True, help="rows for `variants` to write")
    parser.add_argument("--sums", type=Path, required=True, help="sums for `variants` to write")
    parser.add_argument("--ledger", type=Path, required=True)


class _Pass:
    """One pass over a chromosome's calls, by the engine that can read them.

    Attributes
    ----------
    sums : SampleSums
        Complete after the last rows.
    """

    def __init__(
        self,
        reader: CallsReader,
        ploidy: CohortPloidy,
        chromosome: str,
        genome: Genome,
        site_filter: SiteFilter,
    ) -> None:
        self._reader, self._ploidy, self._site_filter = reader, ploidy, site_filter
        self._chromosome, self._genome = chromosome, genome
        self.sums = SampleSums.zero(len(ploidy.expected))

    def rows(self, allotment: Allotment) -> Iterator[CountedRows]:
        """The rows of the chromosome in the calls' order."""
        reader = self._reader
        if isinstance(reader, VcfReader) and (module := native("calls")) is not None:
            counter = NativeCounter(
                module, reader.source, self._ploidy, self._chromosome, self._genome,
                self._site_filter,
            )  # fmt: skip
            threads = allotment.workers(NATIVE_BYTES)
            # Lines of BCF and gzip come one after the other; those of other files by their place.
            if reader.text() is None:
                yield from counter.rows_of(reader.batches(), threads)
            else:
                yield from counter.rows(threads)
            self.sums = counter.sums()
            return
        threads = allotment.workers(_TASK_BYTES)
        for rows, sums in map_stream(self._plain, self._reader.batches(), threads=threads):
            self.sums.add(sums)
            yield rows

    def _plain(self, raw: RawBatch) -> tuple[CountedRows, SampleSums]:
        batch = self._reader.parse(raw)
        inside = in_par(self._genome, self._chromosome, batch.vcf_pos)
        return count_batch(batch, self._ploidy, inside, self._site_filter)


def _site_filter(args: argparse.Namespace, chromosome: str) -> SiteFilter:
    settings = settings_from_json(GenotypesSettings, args.settings)
    include, exclude = (
        merge_regions(read_intervals(path).get(chromosome, [])) if path else None
        for path in (args.include, args.exclude)
    )
    filters, quality = settings.filters, settings.min_quality
    return SiteFilter(
        None if filters is None else tuple(filters),
        float("nan") if quality is None else quality,
        include,
        merge_regions([]) if exclude is None else exclude,
    )


def run(args: argparse.Namespace) -> None:
    """Write one chromosome of the genotype store, and the counts of its calls.

    Raises
    ------
    InputDataError
        The calls are damaged, unsorted, or lack samples of the sheet.
    """
    genome = settings_from_json(Genome, args.genome)
    samples = read_normalised_sheet(args.sheet)
    chromosome = canonical_contig(args.contig)
    reader = open_cohort_calls(args.calls, args.contig, samples, depths=True)
    ploidy = cohort_ploidy(chromosome, [s.sex for s in samples])
    one_pass = _Pass(reader, ploidy, chromosome, genome, _site_filter(args, chromosome))
    tally = Tally()
    stored: list[pa.RecordBatch] = []
    with CountsWriter(args.counts) as writer, PgenSpool() as spool:
        for rows in one_pass.rows(Allotment.of(args)):
            batch = rows_to_arrow(rows, tally.records)
            writer.write(batch)
            chosen = numpy_to_arrow(stored_rows(rows.values), pa.bool_())
            stored.append(batch.select(list(_STORED_COLUMNS)).filter(chosen))
            spool.add(rows.store, rows.kinds, rows.sizes)
            tally.add(rows)
        spool.write(args.pgen, len(samples))
    sums = one_pass.sums
    tally.add_left_out(sums.n_left_out)
    print_notices(reader, sums.n_without_gt, sums.n_gt_not_first)
    write_sums(args.sums, sums)
    _write_pvar(args.pvar, chromosome, stored)
    write_psam(args.psam, samples)
    entries = _entries(chromosome, tally, len(samples), reader)
    write_text(args.ledger, entries_to_json(entries))


def _write_pvar(path: Path, chromosome: str, stored: list[pa.RecordBatch]) -> None:
    header = ("##fileformat=VCFv4.2", f"##contig=<ID={chromosome}>", *_INFO_LINES)
    if not stored:
        write_pvar_rows(path, header, [])
        return
    import pyarrow.compute as pc

    table = pa.Table.from_batches(stored).combine_chunks()
    one = {name: _whole(table[name]) for name in _STORED_COLUMNS}
    ref, alt = pc.utf8_upper(one["ref"]), pc.utf8_upper(one["alt"])
    ids = compute_unique_ids(
        chromosome, one["variant_id"], one["vcf_pos"], ref, alt, one["record"], one["allele"]
    )
    qual = arrow_to_numpy(one["qual"])
    text = pa.string()
    shown: pa.StringArray | str = "."
    if not np.isnan(qual).all():
        shown = list_to_arrow(["." if q != q else f"{q:.10g}" for q in qual.tolist()], text)
    nothing = text_scalar("")
    info = pc.binary_join_element_wise(
        pc.binary_join_element_wise(text_scalar("RECORD="), one["record"].cast(text), nothing),
        pc.binary_join_element_wise(text_scalar("ALLELE="), one["allele"].cast(text), nothing),
        text_scalar(";"),
    )
    columns = [chromosome, one["vcf_pos"].cast(text), ids, ref, alt, shown, one["filter"], info]
    write_pvar_rows(path, header, columns)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _dropped(counts: dict[str, int]) -> tuple[Dropped, ...]:
    return tuple(Dropped(reason=reason, n=n) for reason, n in sorted(counts.items()) if n)


def _entries(chromosome: str, tally: Tally, n_samples: int, reader: CallsReader) -> list[Entry]:
    n_stored = sum(n for kind, n in tally.alleles.items() if kind in ORDINARY)
    left_out = {
        f"allele of class {kind}": n for kind, n in tally.alleles.items() if kind not in ORDINARY
    }
    missing = {reason: tally.genotypes[reason] for reason in DROPPED_GENOTYPES.values()}
    surplus = len(reader.file_samples) + len(reader.absent) - n_samples
    return [
        Entry(
            step="genotypes",
            scope=chromosome,
            unit="record",
            n_in=tally.records,
            n_kept=tally.records - tally.records_left_out.total(),
            dropped=_dropped(tally.records_left_out),
        ),
        Entry(
            step="genotypes",
            scope=chromosome,
            unit="variant",
            n_in=tally.alleles.total(),
            n_kept=n_stored,
            dropped=_dropped(left_out),
        ),
        Entry(
            step="genotypes",
            scope=chromosome,
            unit="genotype",
            n_in=tally.genotypes.total(),
            n_kept=tally.genotypes[STORED],
            dropped=_dropped(missing),
        ),
        Entry(
            step="genotypes",
            scope=chromosome,
            unit="sample",
            n_in=n_samples + surplus,
            n_kept=n_samples,
            dropped=_dropped({"not in the sample sheet": surplus}),
        ),
    ]
