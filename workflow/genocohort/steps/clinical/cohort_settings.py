"""Who belongs to the cohort, as the configuration declares it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from genocohort.config import Settings


class AgeRule(Settings):
    """Age in completed years at the index date; both limits belong to the cohort."""

    by: Literal["age"]
    min: int | None = Field(default=None, ge=0, le=125)
    max: int | None = Field(default=None, ge=0, le=125)

    @model_validator(mode="after")
    def _limits(self) -> "AgeRule":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.max is not None and self.max > 89:
            raise ValueError("ages of 90 and above are one: leave out max, or give at most 89")
        if self.min is not None and self.min > 90:
            raise ValueError("ages of 90 and above are one: min is at most 90")
        return self


class ColumnRule(Settings):
    """A column of participants with one of these values."""

    by: Literal["sex_recorded", "site", "ancestry_reported"]
    values: tuple[str, ...] = Field(min_length=1)


class ConsentRule(Settings):
    """Consent to a use: one of these DUO codes; DUO is not unfolded, so name all that suffice."""

    by: Literal["consent"]
    any_of: tuple[str, ...] = Field(min_length=1)


class Window(Settings):
    """Days relative to the index date, both included; without limits undated records count too."""

    from_day: int | None = None
    to_day: int | None = None

    def holds(self, day: int | None) -> bool:
        """Whether a record of that day counts."""
        if self.from_day is None and self.to_day is None:
            return True
        if day is None or (self.from_day is not None and day < self.from_day):
            return False
        return self.to_day is None or day <= self.to_day


class ConditionRule(Window):
    """A present condition with a code that begins like one of these."""

    by: Literal["condition"]
    codes: tuple[str, ...] = Field(min_length=1)
    min_dates: int = Field(default=1, ge=1, le=10, description="distinct days needed")


class ExposureRule(Window):
    """A drug, procedure or habit with one of these codes (whole codes)."""

    by: Literal["exposure"]
    codes: tuple[str, ...] = Field(min_length=1)


class MeasurementRule(Window):
    """A measurement with this code; with limits, the first one that is known lies within them.

    Values are in the standard unit of the code; doubtful and limit values don't count.
    """

    by: Literal["measurement"]
    code: str = Field(min_length=1)
    min: float | None = None
    max: float | None = None


Rule = Annotated[
    AgeRule | ColumnRule | ConsentRule | ConditionRule | ExposureRule | MeasurementRule,
    Field(discriminator="by"),
]


class Criterion(Settings):
    """One box of the flow diagram.

    Records that are not there say no: who has no such condition, exposure or measurement does not
    fulfil the rule. Age, sex, site, ancestry and consent can be unknown: that leaves a participant
    out at an inclusion, and keeps them at an exclusion, unless `unknown` says otherwise.
    """

    name: str = Field(min_length=1, max_length=80, description="as the flow diagram says it")
    rule: Rule
    unknown: Literal["keep", "leave_out"] | None = None


class Cohort(Settings):
    """Criteria in the order in which participants are counted: inclusions, then exclusions."""

    include: tuple[Criterion, ...] = ()
    exclude: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "Cohort":
        names = [c.name for c in (*self.include, *self.exclude)]
        if len(set(names)) < len(names):
            raise ValueError("two criteria of the cohort have the same name")
        return self

    def rules(self) -> tuple[Rule, ...]:
        """Every rule."""
        return tuple(c.rule for c in (*self.include, *self.exclude))
