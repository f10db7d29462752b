"""Settings of the step `association_summary`."""

import datetime

from pydantic import Field

from genocohort.config import Settings


class AssociationSummarySettings(Settings):
    """How results are ranked and clumped into loci."""

    locus_window_bp: int = Field(
        500_000,
        ge=0,
        description="a variant this close (bp) to a stronger one belongs to its locus",
    )
    top_loci: int = Field(50, ge=1, le=10_000, description="loci listed per phenotype, count")
    significance: float = Field(
        5e-8, gt=0, lt=1, description="genome-wide significance (Pe'er et al. 2008)"
    )
    metadata_date: datetime.date | None = Field(
        None,
        description="date_metadata_last_modified of GWAS-SSF, given when files are submitted "
        "(results hold no clock)",
    )
