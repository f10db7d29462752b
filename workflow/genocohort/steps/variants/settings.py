"""Settings of the step `variants`."""

from pydantic import Field

from genocohort.config import Settings


class VariantsSettings(Settings):
    """How variants are summarised; none of it leaves anything out."""

    hwe_midp: bool = Field(
        default=False,
        description="Hardy-Weinberg mid-P (Graffelman and Moreno 2013) in place of the exact P",
    )
    density_window_bp: int = Field(
        default=1_000_000, ge=1_000, le=100_000_000, description="width of the density windows, bp"
    )
    max_depth: int = Field(
        default=500, ge=10, le=10_000, description="FORMAT/DP from here on is one bin"
    )
    max_genotype_quality: int = Field(
        default=99, ge=10, le=1_000, description="FORMAT/GQ from here on is one bin"
    )
    qual_width: float = Field(default=10.0, gt=0, le=1_000, description="width of the QUAL bins")
    max_qual: float = Field(default=2_000.0, gt=0, description="QUAL from here on is one bin")
