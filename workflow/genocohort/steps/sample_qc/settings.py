"""Settings of the step `sample_qc`."""

from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings


class SampleQcSettings(Settings):
    """Thresholds and choices of this step.

    Each limit is passed when a sample's value lies beyond it; null switches a limit off.
    """

    pass_only: bool = Field(
        default=True, description="use only variants whose FILTER is PASS or missing"
    )
    call_rate_warn: float = Field(
        default=0.97, ge=0, le=1, description="share of autosomal genotypes called; UK Biobank's "
        "limit for samples is 0.95 (Bycroft et al. 2018), plink tutorials use 0.95 to 0.98"
    )  # fmt: skip
    call_rate_fail: float = Field(default=0.95, ge=0, le=1, description="as call_rate_warn")
    f_min: float | None = Field(
        default=-0.15, ge=-1, le=1, description="warn below: too many heterozygotes, as in a "
        "contaminated sample"
    )  # fmt: skip
    f_max: float | None = Field(
        default=0.25, ge=-1, le=1, description="warn above: too few heterozygotes; 0.25 is a child "
        "of siblings (in a cohort of several ancestries F is raised for all)"
    )  # fmt: skip
    min_het_expected: float = Field(
        default=400, ge=0, description="heterozygous calls that allele frequencies must let expect "
        "for F and het/hom to be judged; the standard error of F is about 1 / sqrt of it"
    )  # fmt: skip
    outlier_z: float | None = Field(
        default=6, gt=0, description="warn when a metric lies this many robust standard deviations "
        "(1.4826 MAD) from the median of its ancestry and batch; gnomAD's limit is 4 MAD, 2.7 of "
        "these"
    )  # fmt: skip
    outlier_metrics: tuple[Literal["het_hom_ratio", "ts_tv", "n_singletons"], ...] = Field(
        default=("het_hom_ratio", "ts_tv", "n_singletons"),
        description="metrics whose outliers are looked for",
    )
    outlier_ancestry: Literal["auto", "inferred", "reported", "none"] = Field(
        default="auto", description="ancestry that outliers are judged within: inferred by the "
        "panel (inputs.ancestry_panel), or reported by the clinical records; auto: inferred where "
        "there is a panel, else reported where there are records, else none"
    )  # fmt: skip
    min_batch_size: int = Field(
        default=20, ge=3, description="samples that an ancestry needs within a batch for outliers "
        "to be judged there; smaller parts are judged by their ancestry in all batches"
    )  # fmt: skip
    x_f_female_max: float = Field(
        default=0.2, ge=-1, le=1, description="F on X of a female is below (plink --check-sex)"
    )
    x_f_male_min: float = Field(
        default=0.8, ge=-1, le=1, description="F on X of a male is above (plink --check-sex)"
    )
    min_x_variants: int = Field(
        default=100, ge=1, description="polymorphic X variants called for F on X to be judged"
    )
    y_call_rate_female_max: float = Field(
        default=0.2, ge=0, le=1, description="share of Y variants called in a female is below"
    )
    y_call_rate_male_min: float = Field(
        default=0.5, ge=0, le=1, description="share of Y variants called in a male is above"
    )
    min_y_variants: int = Field(
        default=10, ge=1, description="variants on Y for their call rate to be judged"
    )
    x_depth_male_max: float = Field(
        default=0.7, gt=0, description="depth on X over autosomes: a male's is below (expected 0.5)"
    )
    x_depth_female_min: float = Field(
        default=0.8, gt=0, description="depth on X over autosomes: a female's is above (expected 1)"
    )
    y_depth_female_max: float = Field(
        default=0.1, ge=0, description="depth on Y over autosomes: a female's is below (expected 0)"
    )
    y_depth_male_min: float = Field(
        default=0.25, ge=0, description="depth on Y over autosomes: a male's is above (expected 0.5"
        "; less where reads of Y's repeats do not map)"
    )  # fmt: skip
    max_x_depth: float = Field(
        default=1.4, gt=0, description="a ratio above is no ratio of copies (the reads cover parts "
        "of the genome only): depth then says nothing about sex"
    )  # fmt: skip
    max_y_depth: float = Field(default=0.8, gt=0, description="as max_x_depth, for Y")
    x_depth_three: tuple[float, float] = Field(
        default=(1.35, 1.65), description="depth on X over autosomes that fits three copies "
        "(expected 1.5), from and to"
    )  # fmt: skip
    y_depth_two: tuple[float, float] = Field(
        default=(0.8, 1.2), description="depth on Y over autosomes that fits two copies (expected "
        "1), from and to"
    )  # fmt: skip
    x_depth_one_min: float = Field(
        default=0.4, ge=0, description="depth on X over autosomes below which not even one copy is "
        "measured as expected (0.5)"
    )  # fmt: skip
    mean_depth_warn: float | None = Field(
        default=None, ge=0, description="mean depth of an alignment; depends on the assay"
    )
    mean_depth_fail: float | None = Field(default=None, ge=0, description="as mean_depth_warn")
    mapped_rate_warn: float | None = Field(
        default=0.9, ge=0, le=1, description="share of primary reads mapped"
    )
    duplicate_rate_warn: float | None = Field(
        default=0.3, ge=0, le=1, description="share of mapped primary reads marked as duplicates"
    )

    contamination_warn: float | None = Field(
        default=0.02, gt=0, le=0.5, description="share of another person's reads; 0.02 to 0.03 is "
        "usual for genomes (VerifyBamID)"
    )  # fmt: skip
    contamination_fail: float | None = Field(
        default=0.05, gt=0, le=0.5, description="as contamination_warn; gnomAD leaves out from 0.05"
    )
    contamination_min_log_ratio: float = Field(
        default=5, ge=0, description="natural logarithm of how much likelier the reads are with "
        "foreign ones than without, for contamination to be told"
    )  # fmt: skip

    @model_validator(mode="after")
    def _order(self) -> "SampleQcSettings":
        pairs = (
            ("call_rate_fail", "call_rate_warn"),
            ("mean_depth_fail", "mean_depth_warn"),
            ("contamination_warn", "contamination_fail"),
            ("f_min", "f_max"),
            ("x_f_female_max", "x_f_male_min"),
            ("y_call_rate_female_max", "y_call_rate_male_min"),
            ("x_depth_male_max", "x_depth_female_min"),
            ("y_depth_female_max", "y_depth_male_min"),
        )
        for low, high in pairs:
            a, b = getattr(self, low), getattr(self, high)
            if a is not None and b is not None and a > b:
                raise ValueError(f"{low} ({a}) must not be above {high} ({b})")
        for name in ("x_depth_three", "y_depth_two"):
            start, end = getattr(self, name)
            if not 0 < start < end:
                raise ValueError(f"{name}: {start} to {end} is not a range above 0")
        return self
