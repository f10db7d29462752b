"""Settings of the step `alignments`."""

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator

from genocohort.config import Settings


class AlignmentsSettings(Settings):
    """Which records give depth, what is counted, and what a damaged file does to the run."""

    excluded_flags: int = Field(
        default=1796,
        ge=0,
        le=4095,
        description="SAM flags of records that give no depth; 1796: unmapped, secondary, QC-fail, "
        "duplicate (the default of mosdepth and samtools depth)",
    )
    min_mapping_quality: int = Field(
        default=0, ge=0, le=255, description="records below it give no depth (Phred)"
    )
    count_deletions: bool = Field(
        default=False, description="deleted bases (CIGAR D) count as covered (samtools depth -J)"
    )
    depth_thresholds: tuple[int, ...] = Field(
        default=(1, 5, 10, 15, 20, 30, 50, 100),
        description="depths (x) for which the bases that reach them are counted",
    )
    regions: str | None = Field(
        default=None,
        description="BED of regions whose depth is told one by one, path relative to the study "
        "folder: mean, and bases that reach each of depth_thresholds (mosdepth --by --thresholds)",
    )
    per_base: Literal["none", "bedgraph", "bigwig"] = Field(
        default="none",
        description="write the depth of every base: a bgzipped bedGraph as mosdepth's per-base "
        "file, or a BigWig; runs wait in the folder for temporary files, 16 bytes each",
    )
    gc_window: int = Field(
        default=100,
        ge=10,
        le=10_000,
        description="bases of the reference's windows by whose GC content reads are counted, where "
        "the sheet names a reference (Picard CollectGcBiasMetrics SCAN_WINDOW_SIZE)",
    )
    gc_depth_bin: int = Field(
        default=20_000,
        ge=100,
        le=10_000_000,
        description="bases of the reference's bins whose depth is told by their GC content "
        "(samtools stats --GC-depth)",
    )
    insert_size_max: int = Field(
        default=8000,
        ge=1,
        le=1_000_000,
        description="bases; longer inserts are counted in this bin (samtools stats -i)",
    )
    site_min_mapping_quality: int = Field(
        default=20,
        ge=0,
        le=255,
        description="records below it give no alleles at known sites (Phred); those that give no "
        "depth, secondary and supplementary ones never do",
    )
    site_min_base_quality: int = Field(
        default=20, ge=0, le=93, description="bases below it are no alleles at known sites (Phred)"
    )
    peer_texts: bool = Field(
        default=False,
        description="write the counts also as text in the formats of samtools flagstat, idxstats "
        "and stats and of mosdepth, for MultiQC",
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="a damaged alignment stops the run, or is left out and named as a loss",
    )

    @field_validator("depth_thresholds")
    @classmethod
    def _thresholds_rise(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(t < 1 for t in value) or any(a >= b for a, b in pairwise(value)):
            raise ValueError("must be whole numbers from 1, each larger than the one before")
        return value
