"""Samples far from others of their ancestry and batch."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from genocohort.stats.robust import robust_z_by_group
from genocohort.steps.sample_qc.metrics import Metrics, metric_array
from genocohort.steps.sample_qc.reasons import Reason, has_few_variants
from genocohort.steps.sample_qc.settings import SampleQcSettings

UNASSIGNED = "unassigned"
Z_COLUMNS = {"het_hom_ratio": "het_hom_z", "ts_tv": "ts_tv_z", "n_singletons": "singletons_z"}
_WORDS = {
    "het_hom_ratio": "ratio of heterozygous to homozygous variants, {value:.2f},",
    "ts_tv": "ratio of transitions to transversions, {value:.2f},",
    "n_singletons": "number of singletons, {value:.0f},",
}


def add_ancestry(samples: Sequence[Metrics], ancestry: Mapping[str, str | None] | None) -> None:
    """Note each sample's group, in place; `ancestry` is None where no groups are known at all."""
    for sample in samples:
        found = (ancestry or {}).get(sample["sample_id"])
        sample["ancestry"] = found or None


def outlier_groups(
    samples: Sequence[Metrics], with_ancestry: bool, min_size: int
) -> list[str | None]:
    """With whom each sample is compared: its ancestry in its batch, or in all, or its batch.

    None where its ancestry is not known though others' is, or has too few samples: a mixture of
    ancestries, or of one with another, would make outliers of the rarer ones.

    Parameters
    ----------
    with_ancestry : bool
        Whether ancestry is looked at.
    """
    called = [bool(s.get("has_calls", True)) for s in samples]
    batches = [f"batch {s['batch']}" if s["batch"] else "the cohort" for s in samples]
    if not with_ancestry:
        return [batch if ok else None for batch, ok in zip(batches, called, strict=True)]
    names = [s.get("ancestry") for s in samples]
    known = [ok and name not in (None, UNASSIGNED) for name, ok in zip(names, called, strict=True)]
    parts = [f"{name} in {batch}" for name, batch in zip(names, batches, strict=True)]
    n_part = Counter(p for p, ok in zip(parts, known, strict=True) if ok)
    n_name = Counter(n for n, ok in zip(names, known, strict=True) if ok)
    found: list[str | None] = []
    for part, name, ok in zip(parts, names, known, strict=True):
        if ok and n_part[part] >= min_size:
            found.append(part)
        else:
            found.append(f"{name} in the cohort" if ok and n_name[name] >= min_size else None)
    return found


def measure_outliers(
    samples: Sequence[Metrics], with_ancestry: bool, settings: SampleQcSettings
) -> None:
    """Note each sample's group and its distance from the group's medians, in place.

    A group in all batches is the yardstick of those whose part is too small; it holds all of them.
    """
    size = settings.min_batch_size
    groups = outlier_groups(samples, with_ancestry, size)
    for metric, column in Z_COLUMNS.items():
        values = metric_array(samples, metric)
        if metric == "het_hom_ratio":
            values[[has_few_variants(s, settings) for s in samples]] = np.nan
        z = robust_z_by_group(values, [g or "" for g in groups], size)
        for name in {g for g in groups if g is not None and g.endswith(" in the cohort")}:
            ancestry = name.removesuffix(" in the cohort")
            everywhere = np.array([s.get("ancestry") == ancestry for s in samples])
            own = np.array([g == name for g in groups])
            whole = robust_z_by_group(values, ["x" if e else "" for e in everywhere], size)
            z[own] = whole[own]
        for sample, group, distance in zip(samples, groups, z.tolist(), strict=True):
            sample["outlier_group"] = group
            sample[column] = distance if group is not None else float("nan")


def outlier_reasons(samples: Sequence[Metrics], settings: SampleQcSettings) -> list[Reason]:
    """Samples whose metrics lie too far from their group's medians."""
    if settings.outlier_z is None:
        return []
    reasons = []
    for metric in settings.outlier_metrics:
        for sample in samples:
            distance = sample.get(Z_COLUMNS[metric])
            if distance is None or not abs(distance) > settings.outlier_z:
                continue
            side = "above" if distance > 0 else "below"
            value = float(sample[metric])
            text = (
                f"The {_WORDS[metric].format(value=value)} is {abs(distance):.1f} robust standard "
                f"deviations {side} the median of {sample['outlier_group']}."
            )
            threshold = settings.outlier_z
            reasons.append(Reason(sample["sample_id"], metric, "warn", text, value, threshold))
    return reasons


def outlier_notice(samples: Sequence[Metrics]) -> str:
    """How many samples have nobody to be compared with; empty where all have."""
    n = sum(1 for s in samples if s.get("has_calls") and s.get("outlier_group") is None)
    if not n:
        return ""
    return (
        f"{n} samples are not judged as outliers: no ancestry is known of them, or too few others "
        "share it"
    )
