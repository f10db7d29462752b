"""Settings of the step `calls`: variant calling for cohorts that come with alignments only."""

from typing import Literal

from pydantic import Field

from genocohort.config import Settings


class CallsSettings(Settings):
    """Whether and how variants are called from the alignments, with bcftools.

    Qualities are on the Phred scale. Numbers without a source of their own are bcftools' defaults.
    """

    enabled: bool = Field(
        default=False,
        description="call variants from the sheet's alignments; inputs.calls must be left out",
    )
    region_mb: float = Field(
        default=5.0,
        gt=0,
        le=1000,
        description="length of the pieces of a chromosome that are called as jobs of their own, "
        "megabases; the calls are the same for any length",
    )
    seam_bases: int = Field(
        default=2000,
        ge=0,
        description="bases read on both sides of a piece, so that reads across a seam are "
        "realigned as inside; at least the length of a read",
    )
    min_mapping_quality: int = Field(
        default=20,
        ge=0,
        le=255,
        description="reads below it are not used; 20: one in a hundred is misplaced",
    )
    min_base_quality: int = Field(
        default=13,
        ge=0,
        le=93,
        description="bases below it are not used (samtools' mpileup has 13)",
    )
    max_depth: int = Field(
        default=250, ge=1, description="reads used per sample and position; more are left out"
    )
    base_alignment_quality: Literal["partial", "full", "off"] = Field(
        default="partial",
        description="lower qualities of bases that may be misaligned: near indels, everywhere, "
        "or not (Li 2011, Bioinformatics 27:1157)",
    )
    min_quality: float = Field(
        default=20.0,
        ge=0,
        description="records with a lower QUAL stay, with the FILTER LowQual; the others PASS",
    )
