"""Curves of many samples on the same axes: one each, or how they spread."""

import numpy as np
import numpy.typing as npt

from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import Key

Floats = npt.NDArray[np.float64]
# Up to so many samples each has a curve of its own; above it quantiles over samples are drawn.
MOST_CURVES = 24
MOST_COLORS = 7


def draw_curves(
    chart: Chart, names: list[str], places: Floats, curves: Floats, words: str = "sample"
) -> tuple[Key, ...]:
    """One line per sample, or the median and the middle 90 % of many samples.

    Parameters
    ----------
    places : ndarray of float, shape (n_places,)
    curves : ndarray of float, shape (n_samples, n_places)
        NaN where a sample has no value.
    """
    if len(names) <= MOST_CURVES:
        few = len(names) <= MOST_COLORS
        for k, name in enumerate(names):
            chart.line(places, curves[k], color=k if few else 0, title=name, series=name)
        return tuple(Key(k, name, "line") for k, name in enumerate(names)) if few else ()
    there = np.isfinite(curves).any(axis=0)
    places, curves = places[there], curves[:, there]
    low, middle, high = np.nanquantile(curves, [0.05, 0.5, 0.95], axis=0)
    spread = "middle 90 % of the samples"
    chart.band(places, low, high, title=spread, series=spread)
    chart.line(places, middle, title=f"median {words}", series=f"median {words}")
    return (Key(0, f"median {words}", "line"), Key(0, spread, "band"))
