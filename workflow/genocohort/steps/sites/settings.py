"""Settings of the step `sites`."""

from pydantic import Field

from genocohort.config import Settings


class SitesSettings(Settings):
    """Which variants of the cohort, or of a panel, reads are compared at."""

    min_frequency: float = Field(
        default=0.05, gt=0, lt=0.5, description="of the rarer allele; rare ones tell little"
    )
    min_call_rate: float = Field(
        default=0.9, ge=0, le=1, description="share of the cohort called, where there is no panel"
    )
    max_sites: int = Field(
        default=20_000,
        ge=1,
        description="sites at most, spread evenly over those that fit; 10,000 find 1 % of foreign "
        "reads at depth 30",
    )
    pass_only: bool = Field(
        default=True, description="use only variants of the cohort whose FILTER is PASS or missing"
    )
