"""Settings of the step `report`."""

from pydantic import Field

from genocohort.config import Settings


class ReportSettings(Settings):
    """What the report draws; nothing here changes a result."""

    genome_wide_p: float = Field(
        default=5e-8,
        gt=0,
        lt=1,
        description="P of the Manhattan plot's solid line (Pe'er et al. 2008, Genet Epidemiol 32)",
    )
    suggestive_p: float = Field(
        default=1e-5,
        gt=0,
        lt=1,
        description="P of its second line: one expected by chance in 100,000 tests",
    )
    lambda_attention: float = Field(
        default=1.1, ge=1, description="lambda GC above which the verdict asks for a look"
    )
    live_points: int = Field(
        default=600,
        ge=0,
        le=20_000,
        description="strongest variants per Manhattan plot drawn one by one, with a text on hover",
    )
    live_from: float = Field(
        default=3.0, ge=0, description="-log10 P below which variants are drawn as one dense shape"
    )
    hover_samples: int = Field(
        default=800,
        ge=0,
        le=20_000,
        description="samples up to which every point of a scatter plot has a text on hover",
    )
    table_samples: int = Field(
        default=5_000,
        ge=10,
        description="rows of the sample table; failed and warned samples come first",
    )
    top_hits: int = Field(default=20, ge=1, le=1_000, description="loci listed per phenotype")
    share_min_count: int = Field(
        default=11,
        ge=3,
        description="share edition: smallest number of people shown (CMS cell size policy: 11)",
    )
    share_base: int = Field(
        default=10,
        ge=1,
        description="share edition: totals of people are rounded to multiples of it, so that the "
        "difference of two of them tells nothing",
    )
    share_min_stratum: int = Field(
        default=100,
        ge=1,
        description="share edition: people that a genetic summary needs, cases and controls each",
    )
