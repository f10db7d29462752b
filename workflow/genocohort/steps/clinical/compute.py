"""From the text tables of all sources to the internal tables; no file is opened here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genocohort.domain.sheet import Sample
from genocohort.domain.units import ANALYTES
from genocohort.steps.clinical.cells import SourceTable, drop_duplicate_rows
from genocohort.steps.clinical.collect_participants import (
    collect_participants,
    note_columns_left_behind,
    participant_roles,
)
from genocohort.steps.clinical.collect_records import collect_long, long_roles
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.clinical.days import (
    finish_conditions,
    finish_exposures,
    finish_observations,
    finish_outcomes,
    tell_suspect_sites,
)
from genocohort.steps.clinical.loaded import LoadedSource
from genocohort.steps.clinical.participants import build_participants, index_days
from genocohort.steps.clinical.phenotypes import build_phenotypes
from genocohort.steps.clinical.records import Columns, ParticipantRow, Records
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.clinical.table_sources import ParticipantsSource


@dataclass(frozen=True)
class ClinicalResult:
    """The internal tables by name (without findings) and how many rows each source had."""

    tables: dict[str, Columns]
    rows_read: dict[str, int]
    not_in_clinical: tuple[str, ...]


def _collect(
    loaded: LoadedSource, participant_of: Mapping[str, str], records: Records, review: Review
) -> None:
    spec = loaded.spec
    source = SourceTable(loaded.name, loaded.table, loaded.missing, spec.date_format, spec.decimal)
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
    source = drop_duplicate_rows(source, review)
    if isinstance(spec, ParticipantsSource):
        collect_participants(source, spec, participant_of, records, review)
    else:
        collect_long(source, spec, participant_of, records, review)


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
    sources: Sequence[LoadedSource],
    samples: Sequence[Sample],
    column_map: ColumnMap,
    settings: ClinicalSettings,
    review: Review,
) -> ClinicalResult:
    """Check and join everything the sources say.

    Parameters
    ----------
    sources : sequence of LoadedSource
        In order of precedence.
    samples : sequence of Sample
        The sample sheet; it links sample ids to participants.
    column_map : ColumnMap
        Its index date is for participants without one of their own; its analytes add to the known.
    settings : ClinicalSettings
    review : Review
        Collects findings, and problems that are raised at the end.

    Raises
    ------
    Problems
        Everything that is wrong with the sources, at once.
    """
    participant_of = {s.sample_id: s.participant_id for s in samples}
    records = Records()
    for loaded in sources:
        _collect(loaded, participant_of, records, review)
    review.raise_problems()
    rows = records.participants if sources else _sheet_rows(samples)
    tables = _finish(rows, records, samples, column_map, settings, review)
    review.raise_problems()
    people = tables["participants"]
    sites = dict(zip(people["participant_id"], people["site"], strict=True))
    tell_suspect_sites(tables["observations"], sites, review)
    absent = _tell_overlap(samples, set(people["participant_id"]), review)
    tables["phenotypes_wide"] = build_phenotypes(settings, tables, review)
    return ClinicalResult(tables, records.rows_read, absent)


def _finish(
    rows: Sequence[ParticipantRow],
    records: Records,
    samples: Sequence[Sample],
    column_map: ColumnMap,
    settings: ClinicalSettings,
    review: Review,
) -> dict[str, Columns]:
    """The internal tables, dates turned into days and units checked."""
    parts = (records.observations, records.conditions, records.exposures, records.outcomes)
    mentioned = {p for part in parts for p in part.get("participant_id", [])}
    shared = column_map.index_date
    indices = index_days(rows, shared, review)
    if shared is not None:
        indices |= {p: shared.toordinal() for p in mentioned if p not in indices}
    sheet_sex = {s.participant_id: s.sex for s in samples}
    participants = build_participants(
        rows, mentioned, indices, sheet_sex, settings.uncertain_age, review
    )
    analytes = ANALYTES | column_map.known_analytes()
    return {
        "participants": participants,
        "samples": samples_table(samples),
        "observations": finish_observations(records.observations, indices, analytes, review),
        "conditions": finish_conditions(records.conditions, indices, review),
        "exposures": finish_exposures(records.exposures, indices, review),
        "outcomes": finish_outcomes(records.outcomes, indices, review),
    }
