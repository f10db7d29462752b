"""Part of the section `samples`: genotype quality of each sample, and its sex."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_count,
    format_fixed,
    format_number,
    format_rate,
)
from genocohort.steps.report.chart.shapes import compute_bins, draw_groups, draw_histogram
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Figure, plural, some_of
from genocohort.steps.report.sections.curves import Floats
from genocohort.steps.report.settings import ReportSettings

SAMPLES = "sample_qc/samples"
VERDICT_WORDS = {"pass": "pass", "warn": "look again", "fail": "fail"}
VERDICT_COLORS: list[tuple[str, int | str, str]] = [
    (VERDICT_WORDS["pass"], "pass", "circle"),
    (VERDICT_WORDS["warn"], "warn", "triangle"),
    (VERDICT_WORDS["fail"], "fail", "square"),
]


def compute_quality(
    samples: pd.DataFrame,
    reasons: pd.DataFrame | None,
    calls: pd.DataFrame | None,
    settings: ReportSettings,
) -> tuple[Figure, ...]:
    """Call rate, heterozygosity, Ts/Tv, singletons, allele balance of the samples with calls.

    Parameters
    ----------
    calls : data frame or None
        Rows of variant_summary/samples with the scope autosomes.
    """
    drawn = (
        _call_rate(samples, reasons),
        _singletons(samples),
        *(_scatter(samples, metric, settings) for metric in _METRIC),
        _balance(calls),
    )
    return tuple(f for f in drawn if f)


def compute_sexes(samples: pd.DataFrame, settings: ReportSettings) -> tuple[Figure, ...]:
    """X against Y, by the calls and by the alignments."""
    drawn = (
        _sex(samples, "x_f", "y_call_rate", settings),
        _sex(samples, "x_depth_ratio", "y_depth_ratio", settings),
    )
    return tuple(f for f in drawn if f)


def limits_of(reasons: pd.DataFrame | None, metric: str) -> list[tuple[float, str]]:
    """Limits that a sample passed, with their names; a person may have changed the level."""
    if reasons is None:
        return []
    part = reasons[(reasons["metric"] == metric) & reasons["threshold"].notna()]
    found = sorted(set(part["threshold"].astype(float)))
    return [(value, f"limit {value:g}") for value in found][:4]


def _missing(rates: Floats) -> Floats:
    """Shares of genotypes missing for a logarithmic axis: nothing missing lies below all others."""
    missing = 1 - rates
    some = missing[missing > 0]
    floor = float(some.min()) / 2 if len(some) else 1e-4
    return np.where(np.isfinite(missing), np.maximum(missing, floor), np.nan)


def _missing_axis(missing: Floats, include: Sequence[float] = ()) -> Axis:
    low, high = np.nanmin([*missing, *include]), np.nanmax([*missing, *include])
    return Axis(
        "share of autosomal genotypes missing", float(low) / 1.15, min(float(high) * 1.15, 1.0),
        "log", format=lambda v: f"{100 * v:.3g} %",
    )  # fmt: skip


def _call_rate(samples: pd.DataFrame, reasons: pd.DataFrame | None) -> Figure | None:
    rates = samples["call_rate"].to_numpy(float)
    if not np.isfinite(rates).any():
        return None
    missing = _missing(rates)
    limits = [1 - value for value, _ in limits_of(reasons, "call_rate") if value < 1]
    axis = _missing_axis(missing, limits)
    edges = np.geomspace(axis.low, axis.high, 31)
    counts = np.histogram(missing[np.isfinite(missing)], edges)[0]
    chart = Chart(axis, Axis("samples", 0, float(counts.max()) * 1.06))
    titles = [
        f"call rate {format_rate(1 - b, 2)} to {format_rate(1 - a, 2)}: {format_count(n)}"
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    chart.bars(edges[:-1], edges[1:], counts.astype(float), titles=titles)
    for value in limits:
        chart.rule(value, axis="x", text=f"limit {100 * value:.3g} %")
    low = samples.iloc[int(np.nanargmin(rates))]
    title = (
        f"Half of the samples call at least {format_rate(float(np.nanmedian(rates)), 2)} of their "
        f"genotypes; the lowest, sample {low['sample_id']}, {format_rate(float(low['call_rate']))}"
    )
    drawing = chart.draw(f"Histogram of missing genotypes by sample. {title}.")
    summary = "Samples to the right were poorly typed and lose power; the axis is logarithmic."
    sources = (f"{SAMPLES}: call_rate", "sample_qc/reasons: metric, threshold")
    return Figure("call-rate", title, drawing, summary, sources=sources)


def _singletons(samples: pd.DataFrame) -> Figure | None:
    values = samples["n_singletons"].to_numpy(float)
    if not np.isfinite(values).any():
        return None
    edges, counts = compute_bins(values, 28)
    most = samples.iloc[int(np.nanargmax(values))]
    title = (
        f"The median sample has {format_count(float(np.nanmedian(values)))} singletons; the most, "
        f"sample {most['sample_id']}, {format_count(most['n_singletons'])}"
    )
    drawing = draw_histogram(
        edges, counts, x="singletons (alleles seen once in the cohort)", y="samples",
        label=f"Histogram of singletons per sample. {title}.",
    )  # fmt: skip
    summary = "Many singletons point to a different ancestry or to false calls; relatives have few."
    return Figure("singletons", title, drawing, summary, sources=(f"{SAMPLES}: n_singletons",))


def _balance(calls: pd.DataFrame | None) -> Figure | None:
    if calls is None:
        return None
    frame = calls[calls["filter_set"] == "pass"].dropna(subset=["het_allele_balance"])
    if not len(frame):
        return None
    values = frame["het_allele_balance"].to_numpy(float)
    edges, counts = compute_bins(values, 28)
    low = frame.iloc[int(values.argmin())]
    title = (
        f"Of the reads at heterozygous genotypes {format_rate(float(np.median(values)))} show the "
        f"ALT allele in the median sample; the fewest, sample {low['sample_id']}, "
        f"{format_rate(float(values.min()))}"
    )
    drawing = draw_histogram(
        edges, counts, x="share of reads with the ALT allele", y="samples", rules=[(0.5, "even")],
        label=f"Histogram of allele balance. {title}.",
    )  # fmt: skip
    summary = (
        "About half is right; less means that reads of ALT are lost, or reads of other people."
    )
    source = (
        "variant_summary/samples: sample_id, het_allele_balance (scope autosomes, filter_set pass)"
    )
    return Figure("allele-balance", title, drawing, summary, sources=(source,))


_METRIC = {
    "f_inbreeding": (
        "F",
        "inbreeding coefficient F",
        "Low F with a normal call rate hints at contamination, high F at inbreeding or a second "
        "ancestry; a low call rate makes both unreliable.",
    ),
    "het_hom_ratio": (
        "het / hom ratio",
        "heterozygous / homozygous ALT",
        "The ratio depends on ancestry; a sample far from its own group deserves a look.",
    ),
    "ts_tv": (
        "Ts/Tv",
        "transitions / transversions carried",
        "False calls have a ratio near 0.5, so a sample far below the others carries many.",
    ),
}


def _scatter(samples: pd.DataFrame, metric: str, settings: ReportSettings) -> Figure | None:
    name, label, summary = _METRIC[metric]
    frame = samples.dropna(subset=[metric, "call_rate"])
    if not len(frame):
        return None
    words = frame["verdict"].map(VERDICT_WORDS)
    missing = _missing(frame["call_rate"].to_numpy(float))
    frame = frame.assign(x=missing, y=frame[metric], shown=words)
    frame["title"] = [
        f"{s}: call rate {format_rate(x, 2)}, {name} {format_number(y)}"
        for s, x, y in zip(frame["sample_id"], frame["call_rate"], frame["y"], strict=True)
    ]
    chart = Chart(_missing_axis(missing), Axis(label, *compute_limits(frame["y"].tolist())))
    keys = draw_groups(
        chart, frame, group="shown", colors=VERDICT_COLORS, title="title",
        hover=settings.hover_samples, always=(VERDICT_WORDS["warn"], VERDICT_WORDS["fail"]),
    )  # fmt: skip
    middle, reach = float(frame["y"].mean()), 4 * float(frame["y"].std(ddof=0))
    outside = frame[(frame["y"] - middle).abs() > reach] if reach > 0 else frame.head(0)
    title = f"The mean {name} is {format_fixed(middle)} (SD {format_fixed(reach / 4)}); "
    title += (
        f"{plural(len(outside), 'sample')} {'is' if len(outside) == 1 else 'are'} beyond 4 SD"
        if len(outside)
        else "no sample is beyond 4 SD"
    )
    drawing = chart.draw(f"Scatter plot of {label} against missing genotypes. {title}.")
    name = f"scatter-{metric.replace('_', '-')}"
    source = f"{SAMPLES}: call_rate, {metric}, verdict"
    return Figure(name, title, drawing, summary, keys, sources=(source,))


_SEX_AXES = {
    "x_f": "F on X outside the pseudo-autosomal regions",
    "y_call_rate": "share of Y variants called",
    "x_depth_ratio": "depth on X / on the autosomes",
    "y_depth_ratio": "depth on Y / on the autosomes",
}


def _sex(samples: pd.DataFrame, x: str, y: str, settings: ReportSettings) -> Figure | None:
    frame = samples.dropna(subset=[x])
    has_y = bool(len(frame)) and frame[y].notna().any()
    if not len(frame):
        return None
    if not has_y:
        return _sex_histogram(frame, x)
    frame = frame.dropna(subset=[y])
    frame = frame.assign(x=frame[x], y=frame[y])
    wrong = _contradicts_sex(frame)
    frame["shown"] = np.where(wrong, "contradicts the record", frame["sex_recorded"])
    frame["title"] = [
        f"{s}: recorded {r}, looks {i}"
        for s, r, i in zip(
            frame["sample_id"], frame["sex_recorded"], frame["sex_inferred"], strict=True
        )
    ]
    chart = Chart(
        Axis(_SEX_AXES[x], *compute_limits(frame["x"].tolist())),
        Axis(_SEX_AXES[y], *compute_limits(frame["y"].tolist())),
    )
    keys = draw_groups(
        chart,
        frame,
        group="shown",
        colors=[
            ("female", 3, "circle"), ("male", 0, "triangle"), ("unknown", "muted", "diamond"),
            ("contradicts the record", "fail", "square"),
        ],
        title="title",
        hover=settings.hover_samples,
        always=("contradicts the record",),
    )  # fmt: skip
    kind = "alignments" if x == "x_depth_ratio" else "calls"
    ids = some_of(frame.loc[wrong, "sample_id"].tolist(), 3)
    title = (
        f"{plural(int(wrong.sum()), 'sample contradicts', 'samples contradict')}"
        f" the recorded sex by the {kind}: {ids}"
        if wrong.any()
        else f"The recorded sex agrees with the {kind} in all {format_count(len(frame))} samples"
    )
    drawing = chart.draw(f"Scatter plot of {_SEX_AXES[y]} against {_SEX_AXES[x]}. {title}.")
    summary = (
        "Males lie where X is single and Y is present, females where X is double and Y absent."
    )
    source = f"{SAMPLES}: {x}, {y}, sex_recorded, sex_inferred"
    return Figure(f"sex-{kind}", title, drawing, summary, keys, sources=(source,))


def _sex_histogram(frame: pd.DataFrame, x: str) -> Figure:
    edges, counts = compute_bins(frame[x].to_numpy(float), 28)
    wrong = int(_contradicts_sex(frame).sum())
    title = (
        f"{plural(wrong, 'sample contradicts', 'samples contradict')} the recorded sex"
        if wrong
        else f"The recorded sex agrees in all {format_count(len(frame))} samples"
    )
    label = f"Histogram of {_SEX_AXES[x]}. {title}."
    drawing = draw_histogram(edges, counts, x=_SEX_AXES[x], y="samples", label=label)
    summary = "There is nothing on Y to compare with."
    source = f"{SAMPLES}: {x}, sex_recorded, sex_inferred"
    return Figure(f"sex-{x.replace('_', '-')}", title, drawing, summary, sources=(source,))


def _contradicts_sex(frame: pd.DataFrame) -> pd.Series:
    known = frame["sex_recorded"].isin(["male", "female"])
    clear = frame["sex_inferred"].isin(["male", "female"])
    return known & clear & (frame["sex_recorded"] != frame["sex_inferred"])
