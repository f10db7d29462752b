"""Sources whose format says what they hold: FHIR, OMOP, REDCap, Phenopackets."""

from glob import glob
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings
from genocohort.steps.clinical.table_sources import (
    ConditionsSource,
    ExposuresSource,
    ObservationsSource,
    OutcomesSource,
    ParticipantsSource,
    as_texts,
)

TableRows = Annotated[
    ParticipantsSource | ObservationsSource | ConditionsSource | ExposuresSource | OutcomesSource,
    Field(discriminator="table"),
]

OMOP_TABLES = (
    "person", "measurement", "observation", "condition_occurrence", "drug_exposure",
    "procedure_occurrence", "visit_occurrence", "observation_period", "death", "concept",
)  # fmt: skip


def expand_patterns(names: tuple[str, ...]) -> tuple[str, ...]:
    """File names with patterns replaced by the files they match, in order of name."""
    found: list[str] = []
    for name in names:
        # A pattern without any match stays, and is missed when it is opened.
        found += sorted(glob(name)) or [name] if set(name) & set("*?[") else [name]
    return tuple(found)


def _text_mapping(value: object) -> object:
    # YAML reads a site or a concept id as a number.
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value


class FhirSource(Settings):
    """FHIR R4 resources, as NDJSON files or Bundles.

    Patient, Observation, Condition and MedicationRequest are read; Encounter for the index date.
    """

    table: Literal["fhir"]
    paths: tuple[str, ...] = Field(
        min_length=1, description="files; a name may be a pattern such as bulk/*.ndjson.gz"
    )
    name: str = "fhir"
    identifier_system: str = Field(
        default="", description="system of the identifier used as participant id; empty: Patient.id"
    )
    ancestry_extension: str = Field(default="", description="URL of the extension of Patient")
    site_codes: dict[str, str] = Field(
        default_factory=dict, description="reference of the managing organization: site"
    )
    index: Literal["first_encounter", "none"] = "first_encounter"

    @field_validator("site_codes", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return _text_mapping(value)


class OmopSource(Settings):
    """Tables of the OMOP CDM 5.4: files (CSV, TSV, Parquet), or a DuckDB file with all of them.

    Codes come from the table `concept` where it is given; `concepts` maps concept ids to LOINC
    codes (measurement, observation), ICD-10 codes (conditions), RxNorm codes (drugs), and goes
    first. What neither names keeps its concept id. The first visit is the index date. Deaths and
    observation periods become the outcome `death`, a time to event.
    """

    table: Literal["omop"]
    name: str = "omop"
    database: str = Field(default="", description="a DuckDB file; tables with a file go first")
    person: str = ""
    measurement: str = ""
    observation: str = ""
    condition_occurrence: str = ""
    drug_exposure: str = ""
    procedure_occurrence: str = ""
    visit_occurrence: str = ""
    observation_period: str = ""
    death: str = ""
    concept: str = ""
    participant_id: Literal["person_id", "person_source_value"] = "person_id"
    concepts: dict[str, str] = Field(default_factory=dict)
    site_codes: dict[str, str] = Field(default_factory=dict, description="care_site_id: site")

    @field_validator("concepts", "site_codes", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        return _text_mapping(value)

    @model_validator(mode="after")
    def _people(self) -> "OmopSource":
        if not (self.person or self.database):
            raise ValueError("give the file of the table person, or a database")
        return self

    def files(self) -> dict[str, str]:
        """File of each table; blank where there is none."""
        return {name: getattr(self, name) for name in OMOP_TABLES}

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        return tuple(path for path in (self.database, *self.files().values()) if path)


class RedcapPart(Settings):
    """Rows of a REDCap export that mean one thing: a table and its columns, as in other sources.

    `events` names the events they are of (none: all); `instrument` the repeating instrument (empty:
    rows that repeat no instrument). A checkbox is one column, its ticked codes joined by `;`.
    """

    events: tuple[str, ...] = ()
    instrument: str = ""
    source: TableRows

    @model_validator(mode="before")
    @classmethod
    def _flat_form(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "source" in value:
            return value
        own = {key: value[key] for key in ("events", "instrument") if key in value}
        return {**own, "source": {k: v for k, v in value.items() if k not in own}}


class RedcapSource(Settings):
    """The raw export (CSV, codes and not labels) and the data dictionary of a REDCap project.

    Fields that the dictionary marks as identifiers, free text and files are never carried; such a
    field may only give dates, which leave as days and ages.
    """

    table: Literal["redcap"]
    path: str = Field(min_length=1)
    dictionary: str = Field(min_length=1)
    name: str = "redcap"
    missing: tuple[str, ...] | None = Field(default=None, description="missing data codes")
    parts: tuple[RedcapPart, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _one_path(cls, value: Any) -> Any:
        """Give each part the path of the export, which it is part of."""
        if not isinstance(value, dict) or not isinstance(value.get("parts"), list | tuple):
            return value
        parts = [
            {**part, "path": value.get("path")} if isinstance(part, dict) else part
            for part in value["parts"]
        ]
        return {**value, "parts": parts}

    @field_validator("missing", mode="before")
    @classmethod
    def _missing_texts(cls, value: object) -> object:
        return as_texts(value)

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        return (self.path, self.dictionary)


class PhenopacketSource(Settings):
    """GA4GH Phenopackets v2 as JSON, one or more a file, or one a line.

    Ages are counted to the index, which is the time at the last encounter (a date or an age), or
    the collection of the first biosample. Where records have ages in place of dates, days are the
    difference of ages, at 365.25 days a year.
    """

    table: Literal["phenopackets"]
    files: tuple[str, ...] = Field(
        min_length=1, description="files; a name may be a pattern such as packets/*.json"
    )
    name: str = "phenopackets"
    participant_id: Literal["subject", "phenopacket"] = Field(
        default="subject", description="whose id names the participant"
    )
    index: Literal["last_encounter", "first_biosample", "none"] = "last_encounter"

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        return expand_patterns(self.files)
