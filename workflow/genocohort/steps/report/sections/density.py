"""Part of the section `variants`: how many variants lie where along the genome."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.genome_axis import compute_places
from genocohort.steps.report.chart.scales import Axis, format_count, format_number
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Figure

FEW_WINDOWS = 3  # a course along the genome needs more on some chromosome


def compute_density(windows: pd.DataFrame) -> Figure | None:
    """Records in windows along the genome; None where no chromosome has several.

    Parameters
    ----------
    windows : data frame
        Rows of variant_summary/histograms with the metric density, of one set of filters; a window
        without records has none.
    """
    if not len(windows) or windows["chromosome"].value_counts().max() < FEW_WINDOWS:
        return None
    start, end = (windows[c].to_numpy(float) for c in ("bin_start", "bin_end"))
    count = windows["count"].to_numpy(float)
    width = float(np.median(end - start))
    places = compute_places(windows["chromosome"].astype(str), ((start + end) / 2).astype(int), 40)
    size = _size_words(width)
    chart = Chart(
        places.axis(), Axis(f"records per {size}", 0, float(count.max()) * 1.05),
        width=900, height=260,
    )  # fmt: skip
    for parity, color in ((0, "even"), (1, "odd")):
        here = places.number % 2 == parity
        chart.runs(places.place[here], np.zeros(int(here.sum())), count[here], color=color)
    most = windows.iloc[int(count.argmax())]
    title = (
        f"The median {size} with any holds {format_count(float(np.median(count)))} records; the "
        f"most, {format_count(float(count.max()))}, begin at {most['chromosome']}:"
        f"{format_count(float(most['bin_start']) + 1)}"
    )
    columns = (windows["chromosome"].astype(str), start, end, count)
    data = Grid(("chromosome", "start", "end", "records"), list(zip(*columns, strict=True)))
    drawing = chart.draw(f"Records along the genome. {title}.", data)
    summary = (
        "Gaps are centromeres, regions that were not called, or pieces that are missing from the "
        "calls; a chromosome that is lower throughout was called otherwise."
    )
    source = "variant_summary/histograms: chromosome, bin_start, bin_end, count (metric density)"
    return Figure("density", title, drawing, summary, wide=True, sources=(source,))


def _size_words(width: float) -> str:
    for unit, name in ((1e6, "Mb"), (1e3, "kb")):
        if width >= unit:
            return f"{format_number(width / unit, 1) if width != unit else '1'} {name}"
    return f"{format_count(width)} bases"
