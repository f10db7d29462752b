"""Settings of the step `structure`."""

from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings


class StructureSettings(Settings):
    """Thresholds and choices of this step."""

    n_components: int = Field(default=10, ge=1, le=100, description="principal components written")
    kinship_max: float = Field(
        default=0.0884,
        gt=0,
        le=0.5,
        description="components are fitted on samples of which no two have a kinship above; 0.0884 "
        "= 1/2^(7/2), second degree (Manichaikul et al. 2010)",
    )
    pass_only: bool = Field(
        default=True, description="use only variants whose FILTER is PASS or missing"
    )
    max_missing: float = Field(
        default=0.05, ge=0, le=1, description="share of the fitted samples that may lack a call"
    )
    min_maf: float = Field(
        default=0.01, ge=0, le=0.5, description="minor allele frequency among the fitted samples"
    )
    hwe_p_min: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="exact Hardy-Weinberg P among the fitted samples; null: not looked at, since "
        "several ancestries in one cohort depart from it",
    )
    ld_r2: float | None = Field(
        default=0.2, gt=0, le=1, description="r2 above which one of two variants goes; null: none"
    )
    ld_window_variants: int = Field(
        default=200, ge=2, description="variants in a window of the LD pruning"
    )
    ld_step: int = Field(default=20, ge=1, description="variants by which a window moves on")
    ld_window_kb: float | None = Field(
        default=None, gt=0, description="window in kilobases instead, moved on variant by variant"
    )
    long_range_ld: tuple[tuple[str, int, int], ...] | None = Field(
        default=None,
        description="regions left out, [contig, start, end], 0-based half-open; null: those known "
        "for the build (Price et al. 2008, Weale 2010)",
    )
    group_by: Literal["ancestry_reported", "batch", "none"] = Field(
        default="ancestry_reported", description="groups that Fst is computed between"
    )
    min_group_size: int = Field(
        default=5, ge=2, description="fitted samples a group needs for Fst to be computed"
    )
    fst_blocks: int = Field(
        default=100, ge=2, description="blocks of the jackknife of Fst's standard error"
    )
    ancestry_components: int = Field(
        default=4, ge=1, le=100, description="leading components that ancestry is inferred from"
    )
    ancestry_min_labelled: int = Field(
        default=10,
        ge=3,
        description="fitted samples that a reported group needs to be learned from",
    )
    ancestry_min_probability: float = Field(
        default=0.9, ge=0, le=1, description="probability of the nearest group below which a "
        "sample is unassigned"
    )  # fmt: skip
    ancestry_min_distance_p: float = Field(
        default=1e-9, ge=0, lt=1, description="chance of a distance as large from the nearest "
        "group's centre below which a sample is unassigned: between groups, or of none of them"
    )  # fmt: skip
    roh_window_variants: int = Field(
        default=50, ge=1, description="variants in a window of runs of homozygosity; this and the "
        "other defaults are those of plink 1.9 --homozyg, made for arrays"
    )  # fmt: skip
    roh_window_het: int = Field(
        default=1, ge=0, description="heterozygous calls that a homozygous window may hold"
    )
    roh_window_missing: int = Field(
        default=5, ge=0, description="missing calls that a homozygous window may hold"
    )
    roh_window_share: float = Field(
        default=0.05, gt=0, le=1, description="share of the windows over a variant that are "
        "homozygous where it belongs to a run"
    )  # fmt: skip
    roh_min_variants: int = Field(default=100, ge=1, description="variants a run needs")
    roh_min_kb: float = Field(default=1000, ge=0, description="length a run needs, kilobases")
    roh_max_kb_per_variant: float = Field(
        default=50, gt=0, description="a run needs one variant or more in so many kilobases"
    )
    roh_max_gap_kb: float = Field(
        default=1000, gt=0, description="two variants further apart are not in one run, kilobases"
    )
    diversity_window_kb: float = Field(
        default=1000, ge=0.001, description="windows of pi, theta and Tajima's D, kilobases"
    )

    @model_validator(mode="after")
    def _check(self) -> "StructureSettings":
        for contig, start, end in self.long_range_ld or ():
            if not 0 <= start < end:
                raise ValueError(f"long_range_ld: {contig} {start} {end} is not an interval")
        if self.ld_step > self.ld_window_variants:
            raise ValueError("ld_step must not be above ld_window_variants: variants between two "
                             "windows would never be compared")  # fmt: skip
        return self
