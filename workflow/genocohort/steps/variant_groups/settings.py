"""Settings of the step `variant_groups`."""

from typing import Annotated

from pydantic import Field, model_validator

from genocohort.config import Settings


class VariantGroupsSettings(Settings):
    """Groups of samples whose genotypes are counted at every variant; by default none.

    A column is one of the sample sheet (sex, batch, assay), of clinical/participants
    (ancestry_reported, site) or a phenotype or covariate of clinical/phenotypes_wide (cases and
    controls). Samples without a value are in no group of that column.
    """

    by: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")], ...] = Field(
        default=(), description="columns to group by; a table per chromosome is written for them"
    )
    max_groups: int = Field(
        default=20, ge=2, description="values a column may have; more are no groups but an error"
    )
    midp: bool = Field(
        default=False, description="mid-P instead of P in the test of Hardy-Weinberg proportions"
    )

    @model_validator(mode="after")
    def _each_once(self) -> "VariantGroupsSettings":
        if len(set(self.by)) < len(self.by):
            raise ValueError("variant_groups.by names a column twice")
        return self
