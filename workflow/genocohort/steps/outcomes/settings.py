"""Settings of the step `outcomes`."""

from typing import Annotated, Literal

from pydantic import Field

from genocohort.config import Settings

# chrom:vcf_pos:ref:alt; the position is 1-based as in a VCF.
VariantName = Annotated[str, Field(pattern=r"^[^:\s]+:[1-9][0-9]*:[ACGTN]+:[ACGTN]+$")]


class Variable(Settings):
    """One variable of Table 1: a column of participants or phenotypes_wide, or made from records.

    `observation` is a code of observations (first value), `condition` a beginning of codes (present
    or not), `exposure` a kind of exposures (first code).
    """

    name: str = Field(min_length=1)
    kind: Literal["numeric", "skewed", "categorical"] = Field(
        description="printed as mean (SD), median [IQR] or n (%)"
    )
    observation: str | None = None
    condition: str | None = None
    exposure: Literal["drug", "procedure", "smoking", "other"] | None = None


class Survival(Settings):
    """One time to event of the table outcomes."""

    outcome: str = Field(min_length=1)
    covariates: tuple[str, ...] = Field(
        default=(), description="columns of phenotypes_wide that every model holds"
    )
    group_by: tuple[str, ...] = Field(
        default=(), description="columns of participants; one curve per level"
    )
    variants: tuple[VariantName, ...] = Field(
        default=(), description="chrom:pos:ref:alt; one curve per genotype, one model per variant"
    )
    scores: tuple[str, ...] = Field(
        default=(), description="names of inputs.scores; one curve per part, one model per score"
    )


class OutcomesSettings(Settings):
    """What is described and compared."""

    group_by: str = Field(
        default="", description="column of participants that Table 1 is split by; empty: one group"
    )
    table1: tuple[Variable, ...] = (
        Variable(name="age_index", kind="numeric"),
        Variable(name="sex_recorded", kind="categorical"),
        Variable(name="site", kind="categorical"),
    )
    survival: tuple[Survival, ...] = ()
    exclude_flagged: bool = Field(
        default=True, description="values flagged unit_suspect or implausible count as missing"
    )
    score_groups: int = Field(
        default=3, ge=2, le=10, description="equal parts that curves by a polygenic score are of"
    )
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1, description="of all intervals")
    min_events_per_term: int = Field(
        default=1,
        ge=1,
        le=100,
        description="events a Cox model needs per term (10 is the usual advice; Peduzzi 1995)",
    )
