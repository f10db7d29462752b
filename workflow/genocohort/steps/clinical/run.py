"""`genocohort clinical`: clinical records into checked tables without calendar dates."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from genocohort.config import parse_settings, read_yaml, settings_from_json
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_clinical import CLINICAL_TABLES, phenotypes_wide_table
from genocohort.errors import ConfigError, GenocohortError, Problems
from genocohort.io.atomic import write_text
from genocohort.io.crosswalk import open_pseudonyms, read_erased
from genocohort.io.parquet import write_table
from genocohort.io.sheet import read_normalised_sheet
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.clinical.compute import ClinicalResult, compute_clinical
from genocohort.steps.clinical.exports import make_exports
from genocohort.steps.clinical.finish import Discard, Sink
from genocohort.steps.clinical.loaded import AnySource
from genocohort.steps.clinical.people import People, people_of
from genocohort.steps.clinical.record_files import RECORDS, writing_records
from genocohort.steps.clinical.review import Finding, Review
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.clinical.sources import load_pedigree, load_source

EXAMPLES = """example:
  genocohort clinical --column-map config/clinical.yaml --sheet work/sheet/samples.tsv \\
    --settings '{}' --folder results/full/clinical --ledger results/full/clinical/ledger.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument(
        "--column-map",
        nargs="?",
        type=Path,
        help="which file's columns mean what (YAML); may be empty",
    )
    parser.add_argument("--sheet", required=True, type=Path, help="normalised sample sheet")
    parser.add_argument("--pedigree", type=Path, help="pedigree (.ped or .fam)")
    parser.add_argument("--key", default="", help="key of pseudonyms and shifted dates")
    parser.add_argument("--crosswalk", default="", help="encrypted crosswalk of pseudonyms")
    parser.add_argument("--erased", default="", help="ids of participants to leave out")
    parser.add_argument("--settings", required=True, help="settings as JSON")
    parser.add_argument("--folder", required=True, type=Path, help="folder of the tables")
    parser.add_argument("--ledger", required=True, type=Path, help="the step's ledger")


def run(args: argparse.Namespace) -> None:
    """Read every source of the column map, check it and write the internal tables."""
    settings = settings_from_json(ClinicalSettings, args.settings)
    samples = read_normalised_sheet(args.sheet)
    review = Review()
    pseudonyms = open_pseudonyms(args.key, args.crosswalk)
    if settings.deidentification == "limited" and not pseudonyms.key:
        raise ConfigError(
            "dates are moved by a key, and there is none",
            where="clinical.deidentification: limited",
            remedy="give inputs.pseudonyms its key, or keep to safe_harbor",
        )
    people = people_of(samples, pseudonyms, read_erased(args.erased))
    with writing_records(args.folder) as sink:
        result = read_records(
            args.column_map, args.pedigree, samples, settings, review, sink, people
        )
    ledger = _ledger(result, review, {s.participant_id for s in samples})
    tables = result.tables | {"findings": _finding_columns(review.findings)}
    for table in CLINICAL_TABLES:
        if table not in RECORDS:
            name = table.name.split("/")[1]
            write_table(args.folder / f"{name}.parquet", table, tables[name])
    wide = phenotypes_wide_table(settings.wide_columns(), settings.wide_meanings())
    path = args.folder / "phenotypes_wide.parquet"
    write_table(path, wide, result.tables["phenotypes_wide"])
    for name, text in make_exports(settings, result.tables).items():
        write_text(args.folder / name, text)
    write_text(args.ledger, entries_to_json(ledger))
    _tell(review.findings)


def read_records(
    column_map_path: Path | None,
    pedigree: Path | None,
    samples: Sequence[Sample],
    settings: ClinicalSettings,
    review: Review,
    sink: Sink | None = None,
    people: People | None = None,
) -> ClinicalResult:
    """Read and check every source of a column map; rows of records go to the sink, if any.

    Raises
    ------
    Problems
        Everything that is wrong with the map or its sources.
    """
    column_map = ColumnMap()
    if column_map_path is not None:
        column_map = parse_settings(ColumnMap, read_yaml(column_map_path), str(column_map_path))
    sources = _load_all(column_map, pedigree, review)
    sink = sink or Discard()
    return compute_clinical(sources, samples, column_map, settings, review, sink, people)


def _load_all(column_map: ColumnMap, pedigree: Path | None, review: Review) -> list[AnySource]:
    """Every source as text; all unreadable ones are reported at once."""
    sources: list[AnySource] = []
    problems: list[GenocohortError] = []
    for spec in column_map.sources:
        try:
            sources += load_source(spec, column_map.missing, review)
        except GenocohortError as error:
            problems += error.problems if isinstance(error, Problems) else [error]
    if pedigree is not None:
        try:
            sources.append(load_pedigree(pedigree))
        except GenocohortError as error:
            problems += error.problems if isinstance(error, Problems) else [error]
    if problems:
        raise Problems(problems)
    return sources


def _finding_columns(findings: list[Finding]) -> dict[str, list[object]]:
    return {
        "source": [f.source for f in findings],
        "row": [f.row or None for f in findings],
        "column": [f.column or None for f in findings],
        "kind": [f.kind for f in findings],
        "sentence": [f.sentence for f in findings],
    }


def _dropped(reasons: dict[str, list[str]]) -> tuple[Dropped, ...]:
    return tuple(
        Dropped(reason=reason, n=len(ids), examples=tuple(i for i in ids if i)[:5])
        for reason, ids in reasons.items()
    )


def _ledger(result: ClinicalResult, review: Review, in_sheet: set[str]) -> list[Entry]:
    entries = []
    for name, n_in in result.rows_read.items():
        dropped = _dropped(review.dropped.get(name, {}))
        n_kept = n_in - sum(d.n for d in dropped)
        entries.append(
            Entry(
                step="clinical", scope=name, unit="row", n_in=n_in, n_kept=n_kept, dropped=dropped
            )
        )
    kept = result.tables["participants"]["participant_id"]
    reasons = {reason: list(people) for reason, people in result.flow.left_out.items()}
    if result.not_in_clinical:
        absent = list(result.not_in_clinical)
        reasons = {"in the sample sheet, but in no clinical table": absent, **reasons}
    everybody = in_sheet | set(result.everybody)
    entries.append(
        Entry(step="clinical", unit="participant", n_in=len(everybody), n_kept=len(kept),
              dropped=_dropped(reasons))
    )  # fmt: skip
    entries.append(_joined(result))
    return entries


def _joined(result: ClinicalResult) -> Entry:
    """Samples of the sheet against the cohort: which lead to a participant in it."""
    samples = result.tables["samples"]
    cohort = set(result.tables["participants"]["participant_id"])
    known = set(result.everybody)
    reasons: dict[str, list[str]] = {}
    pairs = list(zip(samples["sample_id"], samples["participant_id"], strict=True))
    for sample, participant in pairs:
        if participant not in known:
            reasons.setdefault("the participant is in no clinical table", []).append(sample)
        elif participant not in cohort:
            reasons.setdefault("the participant is not in the cohort", []).append(sample)
    n_left = sum(map(len, reasons.values()))
    return Entry(
        step="clinical", scope="samples of the sheet", unit="sample", n_in=len(pairs),
        n_kept=len(pairs) - n_left, dropped=_dropped(reasons),
    )  # fmt: skip


def _tell(findings: list[Finding]) -> None:
    """What was found, counted by source and kind, on the step's log."""
    counts: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (finding.source, finding.kind)
        counts[key] = counts.get(key, 0) + 1
    for (source, kind), n in counts.items():
        print(f"clinical: {source}: {kind}: {n} (see findings.parquet)", file=sys.stderr)
