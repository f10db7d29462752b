"""Part of the section `alignment`: base quality by cycle, library size, depth by chromosome."""

import numpy as np
import pandas as pd

from genocohort.domain.genome import PRIMARY, canonical_contig, contig_class
from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_fixed,
    format_number,
    format_rate,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Figure, Key, plural
from genocohort.steps.report.sections.curves import Floats, draw_curves
from genocohort.steps.report.settings import ReportSettings

_READS = {"first": "first reads", "last": "last reads", "other": "reads"}
NEAR = 0.1  # an autosome whose depth is less off than that is not worth a word
MOST_MARKED = 24  # samples that are drawn one by one on each chromosome


def compute_cycles(cycles: pd.DataFrame) -> tuple[Figure, ...]:
    """One figure for each order of reads: the mean base quality at each cycle, by sample.

    Parameters
    ----------
    cycles : data frame
        Columns sample_id, read_order, cycle, quality_mean.
    """
    order = cycles["read_order"].astype(str)
    return tuple(_cycles(cycles[order == name], name) for name in _READS if (order == name).any())


def _cycles(frame: pd.DataFrame, order: str) -> Figure:
    codes, names = pd.factorize(frame["sample_id"].astype(str))
    cycle = frame["cycle"].to_numpy(np.int64)
    curves = np.full((len(names), int(cycle.max())), np.nan)
    curves[codes, cycle - 1] = frame["quality_mean"].to_numpy(float)
    places = np.arange(1, curves.shape[1] + 1, dtype=float)
    low, high = compute_limits(curves.ravel().tolist(), include=[20.0, 40.0], pad=0)
    chart = Chart(
        Axis("cycle of the sequencer", 1, max(float(places[-1]), 2.0), grid=False),
        Axis("mean base quality (Phred)", max(0.0, low), high * 1.02),
    )
    keys = draw_curves(chart, [str(n) for n in names], places, curves)
    middle = np.nanmedian(curves, axis=0)
    worst, last = int(np.nanargmin(middle)), len(middle) - 1
    words = _READS[order]
    title = (
        f"The {words} begin at a mean base quality of {middle[0]:.0f} and end at "
        f"{middle[last]:.0f}; the lowest, {middle[worst]:.0f}, is at cycle {worst + 1}"
    )
    drawing = chart.draw(f"Curves of the mean base quality by cycle, {words}. {title}.")
    summary = (
        "Qualities fall slowly towards the end of a read; a step or a dip at one cycle points to a "
        "fault of the run."
    )
    source = f"alignment_summary/cycles: cycle, quality_mean (read_order {order})"
    return Figure(f"cycles-{order}", title, drawing, summary, keys, sources=(source,))


def compute_libraries(samples: pd.DataFrame, settings: ReportSettings) -> Figure | None:
    """Distinct molecules of each library against the share of duplicates."""
    frame = samples[samples["library_size"].notna() & (samples["library_size"] > 0)]
    frame = frame.dropna(subset=["duplicate_rate"])
    if not len(frame):
        return None
    size = frame["library_size"].to_numpy(float)
    rate = frame["duplicate_rate"].to_numpy(float)
    low, high = compute_limits(rate.tolist(), include=[0.0])
    chart = Chart(
        Axis("share of mapped reads that are duplicates", max(0.0, low), high,
             format=lambda v: f"{100 * v:.3g} %"),
        Axis("distinct molecules of the library", size.min() / 1.6, size.max() * 1.6, "log"),
    )  # fmt: skip
    names = frame["sample_id"].astype(str).tolist()
    titles = [
        f"{s}: {format_number(m)} molecules, {format_rate(d)} duplicates"
        for s, m, d in zip(names, size, rate, strict=True)
    ]
    live = len(frame) <= settings.hover_samples
    chart.points(rate, size, titles=titles if live else (), size=3.2 if live else 1.6, names=names)
    least = int(size.argmin())
    title = f"The median library holds {format_number(float(np.median(size)))} distinct molecules"
    if len(size) > 1:
        title += f"; the smallest, sample {names[least]}, {format_number(float(size[least]))}"
    drawing = chart.draw(f"Scatter plot of library size against duplicates. {title}.")
    summary = (
        "A small library repeats itself: sequencing it deeper gives duplicates and nothing new."
    )
    without = len(samples) - len(frame)
    if without:
        summary += f" {plural(without, 'sample')} without a duplicate pair cannot be placed."
    source = "alignment_summary/samples: duplicate_rate, library_size"
    return Figure("libraries", title, drawing, summary, sources=(source,))


def compute_chromosome_depth(contigs: pd.DataFrame | None) -> Figure | None:
    """Depth of each chromosome over that of the same sample's autosomes.

    Parameters
    ----------
    contigs : data frame or None
        Columns sample_id, contig, evaluated_bases, evaluated_depth_sum.
    """
    if contigs is None or not len(contigs):
        return None
    ratios, samples, chromosomes = _depth_ratios(contigs)
    if not np.isfinite(ratios).any():
        return None
    n = len(chromosomes)
    labels = [name.removeprefix("chr") for name in chromosomes]
    low, high = compute_limits(ratios.ravel().tolist(), include=[0.4, 1.1], pad=0.04)
    chart = Chart(
        Axis("chromosome", 0, n, ticks=[(i + 0.5, t) for i, t in enumerate(labels)], grid=False,
             is_named=True),
        Axis("depth / the sample's autosomes", max(0.0, low), high),
        width=900, height=300,
    )  # fmt: skip
    chart.rule(1.0, text="")
    keys = _draw_ratios(chart, ratios, samples, labels)
    title = _ratio_title(ratios, samples, chromosomes)
    drawing = chart.draw(f"Depth of each chromosome relative to the autosomes. {title}.")
    summary = (
        "One extra or missing copy of an autosome moves it by half; X and Y part by sex. Bases "
        "inside the targets only, where there are targets."
    )
    source = "alignment_summary/contigs: contig, evaluated_bases, evaluated_depth_sum"
    return Figure("chromosome-depth", title, drawing, summary, keys, wide=True, sources=(source,))


def _depth_ratios(contigs: pd.DataFrame) -> tuple[Floats, list[str], list[str]]:
    names = contigs["contig"].astype(str)
    canonical = names.map({name: canonical_contig(name) for name in names.unique()})
    kinds = {name: contig_class(name) for name in canonical.unique()}
    frame = contigs.assign(chromosome=canonical, kind=canonical.map(kinds))
    frame = frame[frame["kind"].isin(["autosome", "X", "Y"]) & (frame["evaluated_bases"] > 0)]
    codes, samples = pd.factorize(frame["sample_id"].astype(str))
    chromosomes = [name for name in PRIMARY if (frame["chromosome"] == name).any()]
    column = frame["chromosome"].map({name: i for i, name in enumerate(chromosomes)})
    bases, depth = (np.zeros((len(samples), len(chromosomes))) for _ in range(2))
    at = (codes, column.to_numpy(int))
    np.add.at(bases, at, frame["evaluated_bases"].to_numpy(float))
    np.add.at(depth, at, frame["evaluated_depth_sum"].to_numpy(float))
    autosomes = [kinds[name] == "autosome" for name in chromosomes]
    total, length = (v[:, autosomes].sum(axis=1, keepdims=True) for v in (depth, bases))
    ratios = np.full(depth.shape, np.nan)
    known = (bases > 0) & (total > 0)
    np.divide(depth * length, bases * np.maximum(total, 1), out=ratios, where=known)
    return ratios, [str(s) for s in samples], chromosomes


def _draw_ratios(
    chart: Chart, ratios: Floats, samples: list[str], labels: list[str]
) -> tuple[Key, ...]:
    spread = 0.7 / max(len(samples), 1)
    if len(samples) <= MOST_MARKED:
        few = len(samples) <= 7
        for k, name in enumerate(samples):
            x: Floats = (
                np.arange(len(labels), dtype=np.float64)
                + 0.5
                + (k - (len(samples) - 1) / 2) * spread
            )
            titles = [
                f"{name}, {t}: {format_fixed(r, 2)}" for t, r in zip(labels, ratios[k], strict=True)
            ]
            chart.points(x, ratios[k], color=k if few else 0, titles=titles, size=2.8, series=name,
                         names=labels)  # fmt: skip
        return tuple(Key(k, name) for k, name in enumerate(samples)) if few else ()
    for i, label in enumerate(labels):
        own = ratios[:, i][np.isfinite(ratios[:, i])]
        if len(own):
            low, middle, high = np.quantile(own, [0.05, 0.5, 0.95])
            text = f"{label}: median {middle:.3g}, middle 90 % from {low:.3g} to {high:.3g}"
            chart.band([i + 0.15, i + 0.85], [low] * 2, [high] * 2, title=text, series=label)
            chart.points([i + 0.5], [float(middle)], titles=[text], names=[label])
    return (Key(0, "median sample"), Key(0, "middle 90 % of the samples", "band"))


def _ratio_title(ratios: Floats, samples: list[str], chromosomes: list[str]) -> str:
    autosomes = np.array([contig_class(name) == "autosome" for name in chromosomes])
    far = np.where(autosomes & np.isfinite(ratios), np.abs(ratios - 1), -1.0)
    if not (far >= 0).any():
        return "No autosome has a depth to compare with"
    row, column = divmod(int(far.argmax()), len(chromosomes))
    off = float(far[row, column])
    if off < NEAR:
        whose = "each sample's" if len(samples) > 1 else "the sample's"
        return f"Every autosome's depth lies within {format_rate(off)} of {whose} mean"
    value = format_fixed(float(ratios[row, column]), 2)
    n_far = int((far >= NEAR).any(axis=1).sum())
    return (
        f"{plural(n_far, 'sample has', 'samples have')} an autosome {format_rate(NEAR, 0)} or more "
        f"off its mean depth; the furthest is {samples[row]} with {value} on {chromosomes[column]}"
    )
