"""From the text tables of all sources to the internal tables; what opens files is handed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from genocohort.domain.sheet import Sample
from genocohort.domain.units import ANALYTES
from genocohort.steps.clinical.cells import SeenRows, SourceTable, drop_duplicate_rows
from genocohort.steps.clinical.cohort import Flow, apply_cohort, without
from genocohort.steps.clinical.collect_participants import (
    collect_participants,
    note_columns_left_behind,
    participant_roles,
)
from genocohort.steps.clinical.collect_records import collect_long, long_roles
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.clinical.days import finish_outcomes
from genocohort.steps.clinical.finish import Finisher, Sink
from genocohort.steps.clinical.loaded import AnySource, LoadedSource
from genocohort.steps.clinical.participants import build_participants, index_days
from genocohort.steps.clinical.people import People, people_of
from genocohort.steps.clinical.phenotypes import build_phenotypes
from genocohort.steps.clinical.records import Columns, ParticipantRow, Records
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.clinical.table_sources import ParticipantsSource


@dataclass(frozen=True)
class ClinicalResult:
    """The tables that are not streamed, by name, and where participants and rows went.

    `everybody` has a clinical record, `flow` tells who of them is not in the cohort,
    `not_in_clinical` is in the sheet only.
    """

    tables: dict[str, Columns]
    rows_read: dict[str, int]
    everybody: tuple[str, ...]
    not_in_clinical: tuple[str, ...]
    flow: Flow


def _collect(
    loaded: LoadedSource,
    people: People,
    records: Records,
    review: Review,
    earlier: SeenRows | None = None,
) -> None:
    spec = loaded.spec
    source = SourceTable(
        loaded.name, loaded.table, loaded.missing, spec.date_format, spec.decimal, loaded.place
    )
    for note in loaded.table.notes:
        review.find(loaded.name, "tolerated", note)
    seen = records.rows_read.get(loaded.name, 0)
    n_left_out = sum(loaded.left_out.values())
    records.rows_read[loaded.name] = seen + len(loaded.table.rows) + n_left_out
    for reason, count in loaded.left_out.items():
        for _ in range(count):
            review.drop(loaded.name, reason)
    roles = participant_roles(spec) if isinstance(spec, ParticipantsSource) else long_roles(spec)
    if not loaded.fixed_columns:
        note_columns_left_behind(source, roles, review)
    source = drop_duplicate_rows(source, review, earlier)
    if isinstance(spec, ParticipantsSource):
        collect_participants(source, spec, people, records, review)
    else:
        collect_long(source, spec, people, records, review)


def _collect_records(
    sources: Sequence[AnySource],
    people: People,
    finisher: Finisher,
    rows_read: dict[str, int],
    review: Review,
) -> None:
    """Sources with one row per record, a piece at a time."""
    for source in sources:
        if isinstance(source, LoadedSource):
            pieces, earlier = iter([source]), None
            if isinstance(source.spec, ParticipantsSource):
                continue
        else:
            pieces, earlier = source.read(), SeenRows()
        for piece in pieces:
            records = Records(rows_read=rows_read)
            _collect(piece, people, records, review, earlier)
            finisher.take(records)


def _sheet_rows(samples: Sequence[Sample]) -> list[ParticipantRow]:
    """Participants as the sample sheet alone knows them, for a study without clinical records."""
    return [ParticipantRow(s.participant_id, "sample sheet", 0, {}) for s in samples]


def samples_table(samples: Sequence[Sample]) -> Columns:
    """Columns of the table `samples`."""
    return {
        "sample_id": [s.sample_id for s in samples],
        "participant_id": [s.participant_id for s in samples],
        "assay": [s.assay or None for s in samples],
        "vcf_name": [s.vcf_name or None for s in samples],
        "bam_rg_sm": [None for _ in samples],
        "collected_day": [None for _ in samples],
    }


def _tell_overlap(samples: Sequence[Sample], known: set[str], review: Review) -> tuple[str, ...]:
    """Participants of the sheet without clinical records, in order; both ways are told."""
    in_sheet = list(dict.fromkeys(s.participant_id for s in samples))
    absent = tuple(p for p in in_sheet if p not in known)
    if absent:
        review.find(
            "sample sheet", "no_clinical_record",
            f"{len(absent)} of {len(in_sheet)} participants of the sheet are in no clinical table",
        )  # fmt: skip
    extra = known - set(in_sheet)
    if extra:
        review.find(
            "sample sheet", "not_in_sheet",
            f"{len(extra)} of {len(known)} participants of the clinical tables have no sample",
        )  # fmt: skip
    return absent


def compute_clinical(
    sources: Sequence[AnySource],
    samples: Sequence[Sample],
    column_map: ColumnMap,
    settings: ClinicalSettings,
    review: Review,
    sink: Sink,
    people: People | None = None,
) -> ClinicalResult:
    """Check and join everything the sources say.

    Parameters
    ----------
    sources : sequence of LoadedSource or RecordStream
        In order of precedence.
    samples : sequence of Sample
        The sample sheet; it links sample ids to participants.
    column_map : ColumnMap
        Its index date is for participants without one of their own; its analytes add to the known.
    settings : ClinicalSettings
    review : Review
        Collects findings, and problems that are raised at the end.
    sink : Sink
        Takes the rows of observations, conditions and exposures, piece by piece.
    people : People, optional
        Names of participants; by default their own ids.

    Raises
    ------
    Problems
        Everything that is wrong with the sources, at once.
    """
    people = people or people_of(samples)
    records = Records()
    for loaded in sources:
        if isinstance(loaded, LoadedSource) and isinstance(loaded.spec, ParticipantsSource):
            _collect(loaded, people, records, review)
    rows = records.participants if sources else _sheet_rows(samples)
    indices = index_days(rows, column_map.index_date, review)
    analytes = ANALYTES | column_map.known_analytes()
    finisher = Finisher(indices, analytes, settings, sink, review)
    finisher.take(records)
    _collect_records(sources, people, finisher, records.rows_read, review)
    review.without_pseudonym(len(people.unknown))
    sheet_sex = {s.participant_id: s.sex for s in samples}
    participants = build_participants(
        rows, finisher.mentioned, indices, sheet_sex, settings, people.pseudonyms.key, review
    )
    outcomes = finish_outcomes(finisher.outcomes, indices, review)
    review.settle()
    review.raise_problems()
    finisher.suspects.tell(
        dict(zip(participants["participant_id"], participants["site"], strict=True)), review
    )
    tables = {"participants": participants, "outcomes": outcomes, **finisher.kept}
    everybody = participants["participant_id"]
    flow = apply_cohort(settings.cohort, tables)
    gone = flow.everybody()
    sink.leave_out(gone)
    tables = {name: without(rows, gone) for name, rows in tables.items()}
    tables["samples"] = samples_table(samples)
    absent = _tell_overlap(samples, set(everybody), review)
    build_phenotypes(settings, tables, review)
    return ClinicalResult(tables, records.rows_read, tuple(everybody), absent, flow)
