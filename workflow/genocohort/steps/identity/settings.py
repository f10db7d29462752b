"""Settings of the step `identity`."""

from pydantic import Field

from genocohort.config import Settings


class IdentitySettings(Settings):
    """When reads are taken for those of a sample's calls."""

    min_sites: int = Field(
        default=50,
        ge=1,
        description="sites with reads (contamination) or called in both (identity); with fewer "
        "nothing is said",
    )
    min_concordance: float = Field(
        default=0.9,
        gt=0.5,
        le=1,
        description="share of sites with the same genotype from which reads and calls are of one "
        "person; siblings have about 0.7, a tenth of foreign reads leaves about 0.96",
    )
    min_genotype_probability: float = Field(
        default=0.99,
        gt=0.5,
        lt=1,
        description="of a genotype from reads, all three equally likely beforehand",
    )
