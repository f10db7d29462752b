"""Sources that are tables of columns: what each column means, as a column map declares it."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings

Format = Literal["csv", "tsv", "xlsx", "parquet", "pheno", "fam"]


def as_texts(value: object) -> object:
    """Numbers as text: a cell of a table is text."""
    # YAML reads -9 and 1 as numbers.
    if isinstance(value, list | tuple):
        return [as_texts(item) for item in value]
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
        value = as_texts(value)
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict):
            value = dict(value)
            for key in ("value", "missing"):
                value[key] = as_texts(value.get(key))
            if isinstance(value.get("codes"), dict):
                if any(isinstance(key, bool) for key in value["codes"]):
                    raise ValueError(
                        "codes: YAML reads yes, no, on and off as true and false: quote them"
                    )
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
        return as_texts(value)


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
    code_source: Role | None = None
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


LongSource = ObservationsSource | ConditionsSource | ExposuresSource | OutcomesSource
