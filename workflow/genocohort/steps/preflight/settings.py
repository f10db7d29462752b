"""Settings of the step `preflight`, and what it is given to check."""

from typing import Literal

from pydantic import Field

from genocohort.config import Settings
from genocohort.domain.genome import Genome
from genocohort.steps.clinical.settings import ClinicalSettings


class PreflightSettings(Settings):
    """How strict the checks before the run are."""

    missing_samples: Literal["error", "loss"] = Field(
        default="error",
        description="a sample of the sheet with neither calls nor an alignment: stop, or go on "
        "without it and end with exit code 5",
    )
    read_group_mismatch: Literal["error", "notice"] = Field(
        default="error",
        description="no read group of an alignment names the sample (SM) it is listed for",
    )
    full_read_mb: int = Field(
        default=256,
        ge=0,
        description="files up to this size (MB) are decompressed to their end; of larger ones "
        "only the end-of-file marker is checked",
    )
    free_disk_factor: float = Field(
        default=0.5, ge=0, description="free disk space wanted, as a multiple of the calls' size"
    )


class CheckedInputs(Settings):
    """The inputs of a study, resolved; paths are relative to the study folder."""

    genome: Genome
    calls: tuple[str, ...] = ()
    chromosomes: tuple[str, ...] = ()
    absent_chromosomes: tuple[str, ...] = ()
    calling: bool = False
    reference: str | None = None
    sample_sheet: str
    clinical: str | None = None
    clinical_settings: ClinicalSettings = ClinicalSettings()
    pedigree: str | None = None
    sign_offs: str | None = None
    scores: dict[str, str] = Field(default_factory=dict)
    targets: str | None = None
    regions: str | None = None
    truth_regions: str | None = None
    include_regions: str | None = None
    exclude_regions: str | None = None
    sites: tuple[str, ...] = ()
    genes: str | None = None
    ancestral: str | None = None
    ancestry_panel: tuple[str, ...] = ()
