"""The clinical column map: which files a study's clinical records come from, and what they mean.

It is an allow-list: a column that no role names is never carried, only counted.
"""

from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings
from genocohort.domain.units import Analyte
from genocohort.steps.clinical.analyte_map import AnalyteMap

SexCode = Literal["male", "female", "other", "unknown"]
Format = Literal["csv", "tsv", "xlsx", "parquet", "pheno", "fam"]


def _texts(value: object) -> object:
    # YAML reads -9 and 1 as numbers; a cell of a table is text.
    if isinstance(value, list | tuple):
        return [_texts(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(value)


class Role(Settings):
    """What fills one column of an internal table: a column of the source, or one fixed value.

    `codes` is the declared coding (text in the file: meaning); a cell outside of it is an error.
    `missing` replaces the source's missing codes for this column.
    """

    column: str | None = None
    value: str | None = None
    codes: dict[str, str] | None = None
    date_format: str | None = None
    missing: tuple[str, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        value = _texts(value)
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict):
            value = dict(value)
            for key in ("value", "missing"):
                value[key] = _texts(value.get(key))
            if isinstance(value.get("codes"), dict):
                value["codes"] = {str(k): str(v) for k, v in value["codes"].items()}
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> "Role":
        if (self.column is None) == (self.value is None):
            raise ValueError("give either a column or a fixed value")
        return self


class WideMeasurement(Settings):
    """A column of a table with one row per participant that holds a measurement."""

    value: Role
    code: str = Field(min_length=1)
    code_system: str = "LOINC"
    unit: str = ""
    day: int | None = Field(default=0, description="day relative to the index date; empty: unknown")


class WideExposure(Settings):
    """A column of a table with one row per participant that holds a habit or treatment."""

    value: Role
    kind: Literal["drug", "procedure", "smoking", "other"]
    code_system: str = "local"
    day: int | None = 0


class WideOutcome(Settings):
    """A column of a table with one row per participant that holds an outcome.

    A binary outcome must declare its coding, e.g. `{"1": 0, "2": 1}` for PLINK's 1/2.
    """

    value: Role
    outcome: str = Field(min_length=1)
    kind: Literal["quant", "binary", "count"]

    @model_validator(mode="after")
    def _coding(self) -> "WideOutcome":
        if self.kind == "binary":
            codes = self.value.codes
            if codes is None:
                raise ValueError(
                    f"{self.outcome}: declare the coding of a binary outcome, e.g. "
                    "codes: {'1': 0, '2': 1}"
                )
            if not set(codes.values()) <= {"0", "1"}:
                raise ValueError(f"{self.outcome}: codes must lead to 0 (control) and 1 (case)")
        return self


class TableSource(Settings):
    """What every source that is a table of columns declares."""

    path: str = Field(min_length=1)
    name: str = ""
    format: Format | None = None
    sheet: str | None = None
    missing: tuple[str, ...] | None = None
    date_format: str = Field(default="%Y-%m-%d", description="as strptime, or excel for serials")
    decimal: Literal[".", ","] = "."

    @field_validator("missing", mode="before")
    @classmethod
    def _missing_texts(cls, value: object) -> object:
        return _texts(value)


class ParticipantColumns(Settings):
    """Roles of a table with one row per participant."""

    participant_id: Role | None = None
    sample_id: Role | None = None
    site: Role | None = None
    sex_recorded: Role | None = None
    birth_date: Role | None = None
    birth_year: Role | None = None
    age_years: Role | None = None
    index_date: Role | None = None
    ancestry_reported: Role | None = None
    family_id: Role | None = None
    father_id: Role | None = None
    mother_id: Role | None = None
    consent: Role | None = None
    followup_end: Role | None = None

    @model_validator(mode="after")
    def _sex_coding(self) -> "ParticipantColumns":
        codes = self.sex_recorded.codes if self.sex_recorded else None
        allowed = {"male", "female", "other", "unknown"}
        if codes is not None and not set(codes.values()) <= allowed:
            raise ValueError("sex_recorded: codes must lead to male, female, other or unknown")
        return self


class ObservationColumns(Settings):
    """Roles of a long table of measurements."""

    participant_id: Role | None = None
    sample_id: Role | None = None
    date: Role | None = None
    day: Role | None = None
    code: Role
    code_source: Role | None = None
    code_system: Role = Role(value="LOINC")
    value: Role
    unit: Role | None = None
    value_code: Role | None = None
    ref_low: Role | None = None
    ref_high: Role | None = None
    status: Role | None = None


class ConditionColumns(Settings):
    """Roles of a table of conditions; without a status every row is `present`."""

    participant_id: Role | None = None
    sample_id: Role | None = None
    start_date: Role | None = None
    start_day: Role | None = None
    end_date: Role | None = None
    end_day: Role | None = None
    code: Role
    code_source: Role | None = None
    code_system: Role = Role(value="ICD-10")
    status: Role = Role(value="present")


class ExposureColumns(Settings):
    """Roles of a table of drugs, procedures or habits."""

    participant_id: Role | None = None
    sample_id: Role | None = None
    kind: Role
    code: Role
    code_system: Role = Role(value="RxNorm")
    start_date: Role | None = None
    start_day: Role | None = None
    end_date: Role | None = None
    end_day: Role | None = None
    dose: Role | None = None
    dose_unit: Role | None = None


class OutcomeColumns(Settings):
    """Roles of a long table of outcomes; `kind` must be quant, binary, count or tte."""

    participant_id: Role | None = None
    sample_id: Role | None = None
    outcome: Role
    kind: Role
    value: Role | None = None
    entry_date: Role | None = None
    entry_day: Role | None = None
    exit_date: Role | None = None
    exit_day: Role | None = None
    event: Role | None = None


class ParticipantsSource(TableSource):
    """One row per participant: a table, or a PLINK .pheno, .cov, .psam, .fam or .ped file."""

    table: Literal["participants"]
    columns: ParticipantColumns
    measurements: tuple[WideMeasurement, ...] = ()
    exposures: tuple[WideExposure, ...] = ()
    outcomes: tuple[WideOutcome, ...] = ()


class ObservationsSource(TableSource):
    """One row per measurement."""

    table: Literal["observations"]
    columns: ObservationColumns


class ConditionsSource(TableSource):
    """One row per recorded condition."""

    table: Literal["conditions"]
    columns: ConditionColumns


class ExposuresSource(TableSource):
    """One row per drug, procedure or habit."""

    table: Literal["exposures"]
    columns: ExposureColumns


class OutcomesSource(TableSource):
    """One row per participant and outcome."""

    table: Literal["outcomes"]
    columns: OutcomeColumns


class FhirSource(Settings):
    """FHIR R4 resources, as NDJSON files or Bundles.

    Patient, Observation, Condition and MedicationRequest are read; Encounter for the index date.
    """

    table: Literal["fhir"]
    paths: tuple[str, ...] = Field(min_length=1)
    name: str = "fhir"
    identifier_system: str = Field(
        default="", description="system of the identifier used as participant id; empty: Patient.id"
    )
    ancestry_extension: str = Field(default="", description="URL of the extension of Patient")
    site_codes: dict[str, str] = Field(
        default_factory=dict, description="reference of the managing organization: site"
    )
    index: Literal["first_encounter", "none"] = "first_encounter"


class OmopSource(Settings):
    """Tables of the OMOP CDM 5.4 as CSV, TSV or Parquet.

    `concepts` maps concept ids to LOINC codes (measurement) and ICD-10 codes (conditions); what it
    does not name keeps its concept id. The first visit is the index date.
    """

    table: Literal["omop"]
    name: str = "omop"
    person: str = Field(min_length=1)
    measurement: str = ""
    condition_occurrence: str = ""
    visit_occurrence: str = ""
    participant_id: Literal["person_id", "person_source_value"] = "person_id"
    concepts: dict[str, str] = Field(default_factory=dict)
    site_codes: dict[str, str] = Field(default_factory=dict, description="care_site_id: site")

    @field_validator("concepts", "site_codes", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        given = (self.person, self.measurement, self.condition_occurrence, self.visit_occurrence)
        return tuple(path for path in given if path)


LongSource = ObservationsSource | ConditionsSource | ExposuresSource | OutcomesSource
Source = Annotated[
    ParticipantsSource
    | ObservationsSource
    | ConditionsSource
    | ExposuresSource
    | OutcomesSource
    | FhirSource
    | OmopSource,
    Field(discriminator="table"),
]


class ColumnMap(Settings):
    """The YAML file that `inputs.clinical` names.

    Parameters
    ----------
    missing : tuple of str
        Cells that mean "no value", for sources that don't say otherwise; "" always is one.
    index_date : date, optional
        One index date for everybody, where the participants have none of their own.
    analytes : tuple
        Units of codes the package does not know.
    sources : tuple
        In order of precedence: the first source that knows something about a participant is right.
    """

    missing: tuple[str, ...] = ()
    index_date: date | None = None
    analytes: tuple[AnalyteMap, ...] = ()
    sources: tuple[Source, ...] = ()

    @field_validator("missing", mode="before")
    @classmethod
    def _missing_texts(cls, value: object) -> object:
        return _texts(value)

    @model_validator(mode="after")
    def _check(self) -> "ColumnMap":
        names = [source_name(source) for source in self.sources]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ValueError(f"two sources are called {repeated[0]}: give them a `name`")
        for source in self.sources:
            if isinstance(source, FhirSource | OmopSource):
                continue
            columns = source.columns
            if (columns.participant_id is None) != (columns.sample_id is None):
                continue
            if source.format == "fam" or source.path.endswith((".fam", ".ped")):
                continue
            raise ValueError(f"{source_name(source)}: give either participant_id or sample_id")
        return self

    def known_analytes(self) -> dict[str, Analyte]:
        """The map's own analytes, by code."""
        return {item.code: item.analyte() for item in self.analytes}

    def paths(self) -> tuple[str, ...]:
        """Every file the map reads, as written."""
        paths: list[str] = []
        for source in self.sources:
            if isinstance(source, FhirSource | OmopSource):
                paths += source.paths
            else:
                paths.append(source.path)
        return tuple(dict.fromkeys(paths))


def source_name(source: Any) -> str:
    """The name a source goes by in ledger and findings: given, or its file's name."""
    return str(source.name) or PurePosixPath(source.path).name
