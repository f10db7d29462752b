"""Command line of the step `genotypes`."""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.config import settings_from_json
from genocohort.domain.alleles import ORDINARY
from genocohort.domain.genome import Genome, canonical_contig
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.ploidy import expected_ploidy, in_par
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.streams import map_stream
from genocohort.io.atomic import write_text
from genocohort.io.open_calls import CallsReader, RawBatch, open_cohort_calls, print_notices
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.store import write_pgen, write_psam, write_pvar
from genocohort.steps.genotypes.compute import (
    DROPPED_GENOTYPES,
    StoredAllele,
    StoredBatch,
    Tally,
    compute_stored_batch,
    compute_unique_ids,
)
from genocohort.steps.genotypes.settings import GenotypesSettings

_INFO_LINES = (
    '##INFO=<ID=RECORD,Number=1,Type=Integer,Description="0-based record of the chromosome">',
    '##INFO=<ID=ALLELE,Number=1,Type=Integer,Description="1-based ALT allele of the record">',
)

# One batch (8 MiB of text, or 2 million calls) while it is parsed and coded.
_TASK_BYTES = 40 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--calls", type=Path, required=True, help="VCF, BCF, .bed or .pgen")
    parser.add_argument("--contig", required=True, help="the chromosome's name in that file")
    parser.add_argument("--sheet", type=Path, required=True, help="sheet of the genotyped samples")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--genome", default="{}")
    add_allotment_arguments(parser)
    parser.add_argument("--pgen", type=Path, required=True)
    parser.add_argument("--pvar", type=Path, required=True)
    parser.add_argument("--psam", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write one chromosome of the genotype store.

    Raises
    ------
    InputDataError
        The calls are damaged, unsorted, or lack samples of the sheet.
    """
    settings_from_json(GenotypesSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    samples = read_normalised_sheet(args.sheet)
    chromosome = canonical_contig(args.contig)
    reader = open_cohort_calls(args.calls, args.contig, samples)
    expected = expected_ploidy(chromosome, [s.sex for s in samples])
    threads = Allotment.of(args).workers(_TASK_BYTES)
    rows: list[StoredAllele] = []
    tally = Tally()

    def blocks() -> Iterator[npt.NDArray[np.int8]]:
        def task(raw: RawBatch) -> StoredBatch:
            batch = reader.parse(raw)
            return compute_stored_batch(batch, expected, in_par(genome, chromosome, batch.vcf_pos))

        for stored in map_stream(task, reader.batches(), threads=threads):
            rows.extend(stored.rows)
            tally.add(stored.tally)
            yield stored.calls
        print_notices(reader, tally.records_without_gt, tally.records_gt_not_first)

    write_pgen(args.pgen, len(samples), None, blocks())
    write_pvar(args.pvar, _header_lines(chromosome), _pvar_rows(chromosome, rows))
    write_psam(args.psam, samples)
    entries = _entries(chromosome, tally, len(samples), reader)
    write_text(args.ledger, entries_to_json(entries))


def _header_lines(chromosome: str) -> tuple[str, ...]:
    return ("##fileformat=VCFv4.2", f"##contig=<ID={chromosome}>", *_INFO_LINES)


def _pvar_rows(
    chromosome: str, rows: list[StoredAllele]
) -> Iterator[tuple[str, int, str, str, str, str, str, str]]:
    for row, name in zip(rows, compute_unique_ids(chromosome, rows), strict=True):
        qual = "." if math.isnan(row.qual) else f"{row.qual:.10g}"
        info = f"RECORD={row.record};ALLELE={row.allele}"
        yield chromosome, row.vcf_pos, name, row.ref, row.alt, qual, row.filter, info


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
            n_kept=tally.genotypes["stored"],
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
