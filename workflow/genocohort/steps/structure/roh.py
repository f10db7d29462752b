"""Runs of homozygosity as tables: segments, and the inbreeding coefficient F_ROH."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.roh import RunCriteria, Runs
from genocohort.steps.structure.settings import StructureSettings


@dataclass(frozen=True)
class ChromosomeRuns:
    """Runs on one chromosome, whose samples are ranks among those that did not fail."""

    chromosome: str
    vcf_pos: npt.NDArray[np.int64]
    covered: int
    runs: Runs


def run_criteria(settings: StructureSettings) -> RunCriteria:
    """The settings in base pairs."""
    return RunCriteria(
        window=settings.roh_window_variants,
        window_het=settings.roh_window_het,
        window_missing=settings.roh_window_missing,
        window_share=settings.roh_window_share,
        min_variants=settings.roh_min_variants,
        min_length=round(1000 * settings.roh_min_kb),
        max_spacing=round(1000 * settings.roh_max_kb_per_variant),
        max_gap=round(1000 * settings.roh_max_gap_kb),
    )


def segment_columns(samples: Sequence[str], found: Sequence[ChromosomeRuns]) -> dict[str, Any]:
    """Columns of structure/roh_segments: by sample, then chromosome in the given order."""
    number = np.repeat(np.arange(len(found)), [len(c.runs.sample) for c in found])
    sample = _joined([c.runs.sample for c in found])
    first = _joined([c.vcf_pos[c.runs.first] for c in found])
    last = _joined([c.vcf_pos[c.runs.last] for c in found])
    n_variants = _joined([c.runs.last - c.runs.first + 1 for c in found])
    order = np.lexsort((first, number, sample))
    return {
        "sample_id": [samples[i] for i in sample[order]],
        "chromosome": [found[i].chromosome for i in number[order]],
        "start": first[order] - 1,
        "end": last[order],
        "n_variants": n_variants[order],
    }


def sample_columns(samples: Sequence[str], found: Sequence[ChromosomeRuns]) -> dict[str, Any]:
    """Columns of structure/roh_samples."""
    sample = _joined([c.runs.sample for c in found])
    length = _joined([c.vcf_pos[c.runs.last] - c.vcf_pos[c.runs.first] + 1 for c in found])
    total = np.zeros(len(samples), dtype=np.int64)
    longest = np.zeros(len(samples), dtype=np.int64)
    np.add.at(total, sample, length)
    np.maximum.at(longest, sample, length)
    covered = sum(c.covered for c in found)
    return {
        "sample_id": list(samples),
        "n_runs": np.bincount(sample, minlength=len(samples)).astype(np.int64),
        "total_bp": total,
        "longest_bp": longest,
        "covered_bp": np.full(len(samples), covered, dtype=np.int64),
        "f_roh": total / covered if covered else np.full(len(samples), np.nan),
    }


def _joined(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
