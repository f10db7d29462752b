"""Settings of the step `kinship`."""

from pydantic import Field

from genocohort.config import Settings


class KinshipSettings(Settings):
    """Thresholds and choices of this step."""

    report_threshold: float = Field(
        default=0.0442,
        ge=0,
        le=0.5,
        description="kinship from which an unrecorded pair is written; 0.0442 = 1/2^(9/2), third "
        "degree (Manichaikul et al. 2010, table 1)",
    )
    min_het: int = Field(
        default=300,
        ge=0,
        description="heterozygous calls the less heterozygous sample of a pair needs among the "
        "shared ones; with fewer, chance alone looks like relatives and kinship stays undefined "
        "(its standard error for unrelated samples is then above about 0.03)",
    )
    parent_offspring_ibs0_share: float = Field(
        default=0.1,
        gt=0,
        lt=0.25,
        description="first-degree relatives are parent and child when their IBS0 is below this "
        "share of that expected of unrelated samples; full siblings have 0.25 of it",
    )
    pass_only: bool = Field(
        default=True, description="use only variants whose FILTER is PASS or missing"
    )
