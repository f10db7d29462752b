"""Settings of the step `clinical`: phenotypes and covariates, and how records are judged."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
PARTICIPANT_COLUMNS = ("age_index", "sex_recorded", "site", "ancestry_reported")


class ObservationSource(Settings):
    """A value made from the rows of `observations` with one code."""

    table: Literal["observations"]
    code: str = Field(min_length=1, description="e.g. a LOINC code")
    pick: Literal["first", "last", "median", "mean"] = "first"
    from_day: int | None = Field(default=None, description="earliest day used; empty: no limit")
    to_day: int | None = Field(default=None, description="latest day used; empty: no limit")


class ConditionSource(Settings):
    """Cases have a present condition with one of the codes; everybody else is a control."""

    table: Literal["conditions"]
    codes: tuple[str, ...] = Field(min_length=1, description="beginnings of codes, e.g. I25")
    min_dates: int = Field(
        default=1,
        ge=1,
        le=10,
        description="distinct days a case needs (PheWAS practice: 2); fewer: unknown",
    )


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
        if self.kind == "time_to_event" and self.source.table != "outcomes":
            raise ValueError(f"{self.name}: a time to event comes from the table outcomes")
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
        description="safe_harbor: years, days from the index date, ages to 89; limited: the index "
        "date as well, moved back 1 to 365 days per participant (needs a key; not Safe Harbor)",
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
        """Codes of the measurements that phenotypes and covariates are made from."""
        return frozenset(s.code for s in self._sources() if isinstance(s, ObservationSource))

    def condition_codes(self) -> tuple[str, ...]:
        """Beginnings of the codes of conditions that phenotypes and covariates are made from."""
        chosen = [s.codes for s in self._sources() if isinstance(s, ConditionSource)]
        return tuple(dict.fromkeys(code for codes in chosen for code in codes))

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
