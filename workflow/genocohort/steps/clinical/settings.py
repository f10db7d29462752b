"""Settings of the step `clinical`: phenotypes and covariates, and how records are judged."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings
from genocohort.steps.clinical.cohort_settings import (
    Cohort,
    ConditionRule,
    ExposureRule,
    MeasurementRule,
)

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
PARTICIPANT_COLUMNS = ("age_index", "sex_recorded", "site", "ancestry_reported")


class ObservationSource(Settings):
    """A value made from the rows of `observations` with one code."""

    table: Literal["observations"]
    code: str = Field(min_length=1, description="e.g. a LOINC code")
    pick: Literal["first", "last", "median", "mean", "min", "max", "count"] = "first"
    from_day: int | None = Field(default=None, description="earliest day used; empty: no limit")
    to_day: int | None = Field(default=None, description="latest day used; empty: no limit")


class ConditionSource(Settings):
    """Conditions with codes that begin like one of `codes`.

    binary: cases have a present one on enough distinct days; who has fewer, or a code that
    `exclude_controls` names, is neither case nor control; everybody else is a control.
    count: distinct days with such a condition.
    time_to_event: the first day of one. Follow-up begins and ends with the outcome `follow_up` (a
    time to event, such as `death`), whose event 1 is a competing event here; without it at the
    index date and the end of follow-up. Who has the condition before or on the first day at risk
    was no longer at risk: unknown.
    """

    table: Literal["conditions"]
    codes: tuple[str, ...] = Field(min_length=1, description="beginnings of codes, e.g. I25")
    min_dates: int = Field(
        default=1,
        ge=1,
        le=10,
        description="distinct days a case needs (PheWAS practice: 2); fewer: unknown",
    )
    exclude_controls: tuple[str, ...] = Field(
        default=(), description="beginnings of codes that make no control"
    )
    from_day: int | None = Field(default=None, description="earliest day used; empty: no limit")
    to_day: int | None = Field(default=None, description="latest day used; empty: no limit")
    follow_up: str = Field(default="", description="the outcome that ends follow-up")

    def all_codes(self) -> tuple[str, ...]:
        """Every beginning of a code that matters."""
        return (*self.codes, *self.exclude_controls)


class OutcomeSource(Settings):
    """A value of the table `outcomes`."""

    table: Literal["outcomes"]
    outcome: str = Field(min_length=1)


class ParticipantSource(Settings):
    """A column of the table `participants`; `codes` turns text into numbers."""

    table: Literal["participants"]
    column: Literal["age_index", "sex_recorded", "site", "ancestry_reported"]
    codes: dict[str, float] = Field(default_factory=dict)


Source = Annotated[
    ObservationSource | ConditionSource | OutcomeSource | ParticipantSource,
    Field(discriminator="table"),
]


class Phenotype(Settings):
    """One phenotype; `time_to_event` becomes the columns name_entry_day, name_day, name_event."""

    name: Name
    kind: Literal["quantitative", "binary", "count", "time_to_event"]
    source: Source
    transform: Literal["none", "log", "rint"] = "none"

    @model_validator(mode="after")
    def _fits(self) -> "Phenotype":
        table = self.source.table
        if self.kind == "time_to_event" and table not in ("outcomes", "conditions"):
            raise ValueError(
                f"{self.name}: a time to event comes from the table outcomes or conditions"
            )
        if table == "conditions" and self.kind == "quantitative":
            raise ValueError(f"{self.name}: conditions are binary, a count or a time to event")
        if self.transform != "none" and self.kind != "quantitative":
            raise ValueError(f"{self.name}: only a quantitative phenotype can be transformed")
        return self

    def column_names(self) -> tuple[str, ...]:
        """The columns it fills in phenotypes_wide."""
        if self.kind == "time_to_event":
            return tuple(f"{self.name}_{part}" for part in ("entry_day", "day", "event"))
        return (self.name,)


class Covariate(Settings):
    """One covariate of a participant.

    With `levels` it is categorical: one 0/1 column `name_level` for each level but the first, which
    is the reference. Without a source it is the participants' column of its name (`sex`: 1 male,
    0 female).
    """

    name: Name
    source: Source | None = None
    levels: tuple[str, ...] = ()

    @field_validator("levels", mode="before")
    @classmethod
    def _levels_are_text(cls, value: object) -> object:
        # YAML reads a site called 1 as a number.
        return [str(v) for v in value] if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _known(self) -> "Covariate":
        if self.source is None and self.name not in (*PARTICIPANT_COLUMNS, "sex"):
            raise ValueError(f"{self.name}: give its source")
        if len(self.levels) == 1 or len(set(self.levels)) != len(self.levels):
            raise ValueError(f"{self.name}: levels must be two or more, each once")
        if not self.levels and self.name in ("site", "ancestry_reported") and not self.source:
            raise ValueError(f"{self.name}: give its levels, the first one is the reference")
        return self

    def column_names(self) -> tuple[str, ...]:
        """The columns it fills in phenotypes_wide."""
        if self.levels:
            return tuple(f"{self.name}_{level}" for level in self.levels[1:])
        return (self.name,)


class ClinicalSettings(Settings):
    """Which phenotypes and covariates to make, and how doubtful values are treated."""

    cohort: Cohort = Cohort()
    phenotypes: tuple[Phenotype, ...] = ()
    covariates: tuple[Covariate, ...] = ()
    exclude_flagged: bool = Field(
        default=True,
        description="values flagged unit_suspect or implausible stay out of phenotypes",
    )
    limit_values: Literal["use_limit", "exclude"] = Field(
        default="use_limit", description="what a value such as `<5` counts as in a phenotype"
    )
    uncertain_age: Literal["missing", "midpoint"] = Field(
        default="missing",
        description="age_index where a partial birth date leaves more than one possible age",
    )

    deidentification: Literal["safe_harbor", "limited"] = Field(
        default="safe_harbor",
        description="safe_harbor: years, days from the index date, ages at it to 89 (who turns 90 "
        "in follow-up keeps those days); limited: the index date as well, moved back 1 to 365 days "
        "per participant (needs a key; not Safe Harbor)",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "ClinicalSettings":
        names = self.wide_columns()
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated or "participant_id" in names:
            raise ValueError(f"phenotypes and covariates share the names {repeated}")
        return self

    def _sources(self) -> list[Source]:
        found = [phenotype.source for phenotype in self.phenotypes]
        return found + [c.source for c in self.covariates if c.source is not None]

    def observation_codes(self) -> frozenset[str]:
        """Codes of the measurements that phenotypes, covariates and criteria are made from."""
        chosen = {s.code for s in self._sources() if isinstance(s, ObservationSource)}
        return frozenset(
            chosen | {r.code for r in self.cohort.rules() if isinstance(r, MeasurementRule)}
        )

    def condition_codes(self) -> tuple[str, ...]:
        """Beginnings of the codes of conditions that they are made from."""
        chosen = [s.all_codes() for s in self._sources() if isinstance(s, ConditionSource)]
        chosen += [r.codes for r in self.cohort.rules() if isinstance(r, ConditionRule)]
        return tuple(dict.fromkeys(code for codes in chosen for code in codes))

    def exposure_codes(self) -> frozenset[str]:
        """Codes of the exposures that criteria are made from."""
        rules = [r for r in self.cohort.rules() if isinstance(r, ExposureRule)]
        return frozenset(code for rule in rules for code in rule.codes)

    def wide_columns(self) -> tuple[str, ...]:
        """The columns of phenotypes_wide after participant_id: phenotypes, then covariates."""
        names = [name for phenotype in self.phenotypes for name in phenotype.column_names()]
        names += [name for covariate in self.covariates for name in covariate.column_names()]
        return tuple(names)

    def wide_meanings(self) -> tuple[str, ...]:
        """One description for each of `wide_columns`."""
        meanings = []
        for phenotype in self.phenotypes:
            scale = (
                "" if phenotype.transform == "none" else f", transformed ({phenotype.transform})"
            )
            meanings += [f"{phenotype.kind} phenotype{scale}"] * len(phenotype.column_names())
        for covariate in self.covariates:
            coded = (
                f"covariate, 1 for the level against {covariate.levels[0]}"
                if (covariate.levels)
                else "covariate"
            )
            meanings += [coded] * len(covariate.column_names())
        return tuple(meanings)
