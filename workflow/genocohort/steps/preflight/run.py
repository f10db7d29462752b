"""Command line of the step `preflight`: every check, all problems at once."""

import argparse
import json
import shutil
import sys
from functools import partial
from pathlib import Path

from genocohort.config import settings_from_json
from genocohort.domain.genome import canonical_contig
from genocohort.domain.ledger import entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.errors import GenocohortError, InputDataError, Problems
from genocohort.io.atomic import write_text
from genocohort.io.calls import CallsHeader, read_calls_header
from genocohort.io.intervals import read_intervals
from genocohort.io.scoring_files import read_scoring_file
from genocohort.io.sheet import read_normalised_sheet
from genocohort.io.sign_offs import read_sign_offs
from genocohort.steps.preflight.alignment_checks import check_alignment
from genocohort.steps.preflight.calling_checks import check_calling
from genocohort.steps.preflight.calls_checks import (
    account_contigs,
    check_calls_file,
    check_same_samples,
    check_sheet_against_calls,
)
from genocohort.steps.preflight.genome_checks import (
    Lengths,
    check_build,
    check_same_genome,
    check_shared_contigs,
)
from genocohort.steps.preflight.outcome import Outcome
from genocohort.steps.preflight.settings import CheckedInputs, PreflightSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--inputs", type=Path, required=True, help="JSON of the resolved inputs")
    parser.add_argument("--sheet", type=Path, required=True, help="normalised sample sheet")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--output", type=Path, required=True, help="JSON of what was checked")
    parser.add_argument("--ledger", type=Path, required=True)


def check_inputs(inputs_path: Path, sheet_path: Path, settings: PreflightSettings) -> Outcome:
    """Make every check; problems are collected in the outcome, not raised."""
    inputs = settings_from_json(CheckedInputs, inputs_path.read_text(encoding="utf-8"))
    samples = read_normalised_sheet(sheet_path)
    outcome = Outcome()
    _check_files_exist(inputs, samples, outcome)
    headers = _read_headers(inputs, outcome)
    for header in headers:
        check_calls_file(header, settings, outcome)
    check_same_samples(headers, outcome)
    if len(headers) == len(inputs.calls):
        check_sheet_against_calls(
            samples, headers, inputs.sample_sheet, settings, outcome, calling=inputs.calling
        )
    alignments: dict[str, Lengths] = {}
    for sample in samples:
        if sample.alignment and Path(sample.alignment).is_file():
            alignments[sample.alignment] = check_alignment(sample, settings, outcome)
    if inputs.calling and inputs.reference:
        aligned = [s for s in samples if s.alignment in alignments]
        check_calling(aligned, inputs.reference, alignments, outcome)
    held = alignments if inputs.calling else {str(h.path): h.contigs for h in headers}
    if held:
        account_contigs(held, inputs.chromosomes, inputs.absent_chromosomes, outcome)
    calls: dict[str, Lengths] = {str(h.path): h.contigs for h in headers}
    for path, contigs in (calls | alignments).items():
        check_build(inputs.genome, path, contigs, outcome)
    check_same_genome(calls | alignments, outcome)
    names = {canonical_contig(name) for h in headers for name in h.contigs}
    check_shared_contigs(names, {p: c for p, c in alignments.items() if c}, outcome)
    if inputs.sign_offs and Path(inputs.sign_offs).is_file():
        sign_offs, ids = Path(inputs.sign_offs), {s.sample_id for s in samples}
        outcome.attempt(lambda: read_sign_offs(sign_offs, ids))
    for scoring in [Path(p) for p in inputs.scores.values() if Path(p).is_file()]:
        outcome.attempt(partial(read_scoring_file, scoring))
    for bed in [Path(p) for p in _bed_files(inputs) if Path(p).is_file()]:
        outcome.attempt(partial(_check_regions, bed, inputs.chromosomes))
    _check_clinical(inputs, samples, outcome)
    _check_disk(inputs, settings, outcome)
    return outcome


def _read_headers(inputs: CheckedInputs, outcome: Outcome) -> list[CallsHeader]:
    headers = []
    for path in [Path(p) for p in inputs.calls if Path(p).is_file()]:
        try:
            headers.append(read_calls_header(path))
        except GenocohortError as error:
            outcome.add(error)
    return headers


def _check_files_exist(
    inputs: CheckedInputs, samples: tuple[Sample, ...], outcome: Outcome
) -> None:
    named = [
        *inputs.calls,
        inputs.reference,
        inputs.clinical,
        inputs.pedigree,
        inputs.sign_offs,
        *_bed_files(inputs),
        *inputs.sites,
        inputs.genes,
        inputs.ancestral,
        *inputs.ancestry_panel,
        *inputs.scores.values(),
    ]
    named += [name for s in samples for name in (s.alignment, s.reference)]
    for name in dict.fromkeys(n for n in named if n):
        outcome.n_checks += 1
        if not Path(name).is_file():
            outcome.add(
                InputDataError(
                    "an input file does not exist",
                    where=name,
                    remedy="correct its path in the configuration or the sample sheet",
                )
            )


def _bed_files(inputs: CheckedInputs) -> list[str]:
    given = (
        inputs.targets,
        inputs.regions,
        inputs.include_regions,
        inputs.exclude_regions,
        inputs.truth_regions,
    )
    return [name for name in given if name]


def _check_regions(path: Path, chromosomes: tuple[str, ...]) -> None:
    """Every line must be an interval, and one at least on a chromosome of the analysis.

    Raises
    ------
    InputDataError
    """
    named = read_intervals(path)
    if chromosomes and not any(name in named for name in chromosomes):
        raise InputDataError(
            "no region lies on a chromosome of the analysis",
            where=str(path),
            offenders=sorted(named),
            expected=f"regions on {', '.join(chromosomes[:5])}",
            remedy="check the names of the contigs in the BED file",
        )


def _check_clinical(inputs: CheckedInputs, samples: tuple[Sample, ...], outcome: Outcome) -> None:
    """Let the step `clinical` read its sources: it reports all their problems at once."""
    if not inputs.clinical or not Path(inputs.clinical).is_file():
        return
    from genocohort.steps.clinical.review import Review
    from genocohort.steps.clinical.run import read_records

    path, pedigree = Path(inputs.clinical), inputs.pedigree
    known_pedigree = Path(pedigree) if pedigree and Path(pedigree).is_file() else None
    outcome.attempt(
        lambda: read_records(path, known_pedigree, samples, inputs.clinical_settings, Review())
    )


def _check_disk(inputs: CheckedInputs, settings: PreflightSettings, outcome: Outcome) -> None:
    outcome.n_checks += 1
    present = [Path(p) for p in inputs.calls if Path(p).is_file()]
    needed = settings.free_disk_factor * sum(p.stat().st_size for p in present)
    free = shutil.disk_usage(Path.cwd()).free
    if free < needed:
        outcome.add(
            InputDataError(
                f"{free / 1e9:.1f} GB of disk are free, about {needed / 1e9:.1f} GB are needed",
                where="the study folder",
                remedy="free space, or lower preflight.free_disk_factor",
            )
        )


def run(args: argparse.Namespace) -> None:
    """Check, and write what was checked.

    Raises
    ------
    Problems
        Everything that is wrong, at once.
    """
    settings = settings_from_json(PreflightSettings, args.settings)
    outcome = check_inputs(args.inputs, args.sheet, settings)
    if outcome.problems:
        raise Problems(outcome.problems)
    for notice in outcome.notices:
        print(f"note: {notice}", file=sys.stderr)
    write_text(args.ledger, entries_to_json(outcome.entries))
    text = {"n_checks": outcome.n_checks, "notices": outcome.notices}
    write_text(args.output, json.dumps(text, indent=1, sort_keys=True) + "\n")
