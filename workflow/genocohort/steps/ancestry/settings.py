"""Settings of the step `ancestry`, and the panel that it takes."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, model_validator

from genocohort.config import Settings
from genocohort.io.calls import calls_companions


class AncestryPanel(Settings):
    """A reference panel: people of known ancestry, with genotypes or with components fitted before.

    `calls` is one file with all chromosomes, or a pattern with `{chromosome}`; `fitted` the folder
    `structure` or `ancestry` of an earlier run's results.
    """

    calls: str | None = Field(default=None, description="the panel's genotypes: VCF, BCF or PLINK")
    fitted: str | None = Field(
        default=None, description="folder with loadings.parquet, eigenvalues.parquet and "
        "components.parquet, instead of genotypes"
    )  # fmt: skip
    labels: str | None = Field(
        default=None, description="table of the panel's samples and their groups; needed with "
        "calls, and with components that have no groups"
    )  # fmt: skip
    sample_column: str = Field(default="sample_id", description="column of the labels: samples")
    group_column: str = Field(default="group", description="column of the labels: groups")

    @model_validator(mode="after")
    def _one_source(self) -> "AncestryPanel":
        if (self.calls is None) == (self.fitted is None):
            raise ValueError("give either calls or fitted")
        if self.calls is not None and self.labels is None:
            raise ValueError("calls need labels beside them")
        return self

    def calls_of(self, chromosomes: Sequence[str]) -> dict[str, Path]:
        """The file of each chromosome; of a pattern those that exist: a panel may lack some."""
        pattern = self.calls or ""
        paths = {name: Path(pattern.replace("{chromosome}", name)) for name in chromosomes}
        if "{chromosome}" not in pattern:
            return paths if pattern else {}
        return {name: path for name, path in paths.items() if path.is_file()}

    def files(self, chromosomes: Sequence[str]) -> list[str]:
        """All files that belong to the panel."""
        names = [self.labels] if self.labels else []
        if self.fitted is not None:
            parts = ("loadings", "eigenvalues", "components")
            return [*names, *(f"{self.fitted}/{part}.parquet" for part in parts)]
        for path in dict.fromkeys(self.calls_of(chromosomes).values()):
            names += [str(path), *(str(p) for p in calls_companions(path))]
        return names


class AncestrySettings(Settings):
    """Thresholds and choices of this step."""

    pass_only: bool = Field(
        default=True, description="use only variants whose FILTER is PASS or missing"
    )
    min_maf: float = Field(
        default=0.05, gt=0, le=0.5, description="minor allele frequency in the panel"
    )
    max_missing: float = Field(
        default=0.05, ge=0, le=1, description="share of the panel's, or of the cohort's samples, "
        "that may lack a call of a variant"
    )  # fmt: skip
    min_spacing_kb: float = Field(
        default=2, ge=0, description="a variant of the panel is taken when it lies so far from the "
        "last one taken, kilobases: neighbours say the same, and memory is bounded"
    )  # fmt: skip
    ld_r2: float | None = Field(
        default=0.2, gt=0, le=1, description="r2 in the panel above which one of two variants "
        "goes; null: none"
    )  # fmt: skip
    ld_window_variants: int = Field(default=200, ge=2, description="variants in a window of that")
    ld_step: int = Field(default=20, ge=1, description="variants by which a window moves on")
    min_variants: int = Field(
        default=500, ge=10, description="variants that panel and cohort must share"
    )
    n_components: int = Field(
        default=10, ge=2, le=50, description="components that samples are placed on; twice as many "
        "are fitted, since places are corrected for shrinkage by them"
    )  # fmt: skip
    group_components: int = Field(
        default=6, ge=1, le=50, description="leading components that groups are told apart by"
    )
    min_labelled: int = Field(
        default=10, ge=3, description="panel samples that a group needs to be learned"
    )
    min_probability: float = Field(
        default=0.9, ge=0, le=1, description="probability of the nearest group below which a "
        "sample is unassigned; gnomAD's limit is 0.9"
    )  # fmt: skip
    min_distance_p: float = Field(
        default=1e-9, ge=0, lt=1, description="chance of a distance as large from the nearest "
        "group's centre below which a sample is unassigned: between groups, or of none of them"
    )  # fmt: skip

    @model_validator(mode="after")
    def _check(self) -> "AncestrySettings":
        if self.ld_step > self.ld_window_variants:
            raise ValueError("ld_step must not be above ld_window_variants: variants between two "
                             "windows would never be compared")  # fmt: skip
        if self.group_components > self.n_components:
            raise ValueError("group_components must not be above n_components")
        return self
