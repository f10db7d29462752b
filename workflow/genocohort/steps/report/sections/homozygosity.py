"""Part of the section `structure`: runs of homozygosity."""

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
from genocohort.steps.report.chart.shapes import (
    compute_bins,
    draw_groups,
    draw_histogram,
    group_colors,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Figure, Group, plural
from genocohort.steps.report.settings import ReportSettings

RUNS = "structure/roh_samples"


def compute_homozygosity(
    runs: pd.DataFrame, shown: pd.Series, names: list[str], settings: ReportSettings
) -> Group:
    """Number and length of the runs of each sample, and F_ROH.

    Parameters
    ----------
    runs : data frame
        structure/roh_samples.
    shown : Series of str
        Group of each of its rows.
    names : list of str
        All groups, in the order of their colours.
    """
    frame = runs.assign(shown=shown)
    covered = int(frame["covered_bp"].max()) if len(frame) else 0
    if not (frame["n_runs"] > 0).any():
        text = (
            f"No run of homozygosity was found in {plural(len(frame), 'sample')}; "
            f"{format_number(covered / 1e6)} Mb of the autosomes could hold one."
        )
        return Group("Runs of homozygosity", text)
    return Group(
        "Runs of homozygosity",
        figures=(_scatter(frame, names, settings), _inbreeding(frame)),
    )


def _scatter(frame: pd.DataFrame, names: list[str], settings: ReportSettings) -> Figure:
    frame = frame.assign(x=frame["total_bp"] / 1e6, y=frame["n_runs"].astype(float))
    frame["title"] = [
        f"{s}: {plural(int(n), 'run')}, {format_number(x)} Mb in all, the longest "
        f"{format_number(longest / 1e6)} Mb"
        for s, n, x, longest in zip(
            frame["sample_id"], frame["n_runs"], frame["x"], frame["longest_bp"], strict=True
        )
    ]
    low, high = compute_limits(frame["x"].tolist(), include=[0.0])
    floor, top = compute_limits(frame["y"].tolist(), include=[0.0])
    chart = Chart(
        Axis("length of all runs in Mb", max(low, -0.02 * high), high),
        Axis("number of runs", max(floor, -0.02 * top), top),
    )
    keys = draw_groups(
        chart, frame, group="shown", colors=group_colors(names), title="title",
        hover=settings.hover_samples,
    )  # fmt: skip
    most = frame.iloc[int(frame["x"].to_numpy().argmax())]
    title = (
        f"The median sample has {plural(round(float(frame['n_runs'].median())), 'run')} of "
        f"homozygosity; the most, sample {most['sample_id']}, {format_number(most['x'])} Mb"
    )
    drawing = chart.draw(f"Scatter plot of number against length of the runs. {title}.")
    summary = (
        "Few but long runs mean related parents, many short ones a population that was small "
        "long ago."
    )
    source = f"{RUNS}: sample_id, n_runs, total_bp, longest_bp"
    return Figure("roh", title, drawing, summary, keys, sources=(source,))


def _inbreeding(frame: pd.DataFrame) -> Figure:
    values = frame["f_roh"].to_numpy(float)
    edges, counts = compute_bins(values, 28)
    # 1/16 of the genome is what the children of first cousins are expected to have.
    cousins = 1 / 16
    above = int((values >= cousins).sum())
    title = (
        f"Runs cover {format_rate(float(np.nanmedian(values)), 2)} of the median sample's "
        f"autosomes; {format_count(above)} of {plural(len(frame), 'sample')} reach "
        f"{format_fixed(cousins, 4)}, the mean of first cousins' children"
    )
    rules = [(cousins, "first cousins' children")] if np.nanmax(values) > cousins / 2 else []
    drawing = draw_histogram(
        edges, counts, x="F_ROH (share of the autosomes in runs)", y="samples", rules=rules,
        label=f"Histogram of F_ROH. {title}.",
    )  # fmt: skip
    summary = "Unlike F, this inbreeding coefficient does not depend on allele frequencies."
    return Figure("f-roh", title, drawing, summary, sources=(f"{RUNS}: f_roh",))
