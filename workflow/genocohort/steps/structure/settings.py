"""Settings of the step `structure`."""

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings


class StructureSettings(Settings):
    """Thresholds and choices of this step."""

    n_components: int = Field(default=10, ge=1, le=100, description="principal components written")
    pca: Literal["auto", "exact", "randomized"] = Field(
        default="auto", description="exact: of the whole relationship matrix of the samples; "
        "randomized: block Krylov iteration from a fixed start (Halko et al. 2011), whose memory "
        "grows with the samples only; auto: by pca_exact_max"
    )  # fmt: skip
    pca_exact_max: int = Field(
        default=5000, ge=0, description="fitted samples up to which auto is exact"
    )
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
    group_by: Literal["ancestry_reported", "ancestry_inferred", "batch", "none"] = Field(
        default="ancestry_reported", description="groups that Fst is computed between, and whose "
        "diversity, spectra and decay of LD are; inferred: by the panel (inputs.ancestry_panel)"
    )  # fmt: skip
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
    spectrum_max_missing: float = Field(
        default=0.05, ge=0, lt=1, description="share of a group's alleles that may be missing at a "
        "variant; site frequency spectra are projected to the number left (0: not projected)"
    )  # fmt: skip
    ancestral_confident_only: bool = Field(
        default=True, description="ancestral alleles (inputs.ancestral) in small letters count as "
        "unknown; Ensembl writes those of low confidence so"
    )  # fmt: skip
    ld_decay_kb: tuple[float, ...] = Field(
        default=(0, 1, 2, 5, 10, 20, 50, 100, 200, 500),
        min_length=2,
        description="edges of the bins of distance that r2 is averaged over, kilobases",
    )
    ld_decay_min_maf: float = Field(
        default=0.05, ge=0, le=0.5, description="minor allele frequency in a group that a variant "
        "needs to count in the decay of LD; r2 of rarer ones is low at any distance"
    )  # fmt: skip
    ld_decay_anchors: int = Field(
        default=500, ge=1, description="variants of a chromosome, evenly spaced, that are compared "
        "with all later ones; a chromosome with fewer is compared in full"
    )  # fmt: skip
    ibs: bool = Field(
        default=False, description="write identity by state of all pairs of samples: n (n - 1) / 2 "
        "rows for n samples"
    )  # fmt: skip
    mds_dimensions: int = Field(
        default=0, ge=0, le=100, description="dimensions of the scaling of the distances 1 - IBS; "
        "0: not computed. It takes the memory of some n x n matrices"
    )  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> "StructureSettings":
        for contig, start, end in self.long_range_ld or ():
            if not 0 <= start < end:
                raise ValueError(f"long_range_ld: {contig} {start} {end} is not an interval")
        edges = self.ld_decay_kb
        if edges[0] < 0 or any(round(1000 * a) >= round(1000 * b) for a, b in pairwise(edges)):
            raise ValueError("ld_decay_kb must ascend from 0 or more, by a base pair or more")
        if self.ld_step > self.ld_window_variants:
            raise ValueError("ld_step must not be above ld_window_variants: variants between two "
                             "windows would never be compared")  # fmt: skip
        return self
