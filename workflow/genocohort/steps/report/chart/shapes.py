"""Figures used by several sections: histogram, scatter by group."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from genocohort.steps.report.chart.drawing import Drawing
from genocohort.steps.report.chart.scales import Axis, compute_limits, format_count
from genocohort.steps.report.chart.svg import MARKERS, Chart
from genocohort.steps.report.page import Key, plural

Floats = npt.NDArray[np.float64]


def compute_bins(values: Floats, n_bins: int = 30) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Edges of about `n_bins` round bins over all finite values, and the count of each.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        NaN is left out.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.array([0.0, 1.0]), np.zeros(1, np.int64)
    low, high = float(finite.min()), float(finite.max())
    if high - low < np.finfo(float).tiny * n_bins:  # the bins' width would be no number
        low, high = compute_limits([low])
    raw = (high - low) / n_bins
    # Of whole numbers each bin holds as many as the next.
    whole = high - low > 1 and bool((finite == np.round(finite)).all())
    raw = max(raw, 1.0) if whole else raw
    power = 10.0 ** np.floor(np.log10(raw))
    steps = (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10)
    step = next(m * power for m in steps if m * power >= raw * (1 - 1e-9))
    edges = np.arange(np.floor(low / step), np.ceil(high / step + 1e-9) + 1) * step
    if len(edges) < 2:
        edges = np.array([edges[0], edges[0] + step])
    # A value far below the bins' width may be rounded away from the edge that was made for it.
    inside = np.clip(finite, edges[0], edges[-1])
    return edges, np.histogram(inside, edges)[0].astype(np.int64)


def draw_histogram(
    edges: Floats,
    counts: npt.NDArray[np.int64] | Floats,
    *,
    x: str,
    y: str,
    label: str,
    rules: Sequence[tuple[float, str]] = (),
    width: float = 430,
) -> Drawing:
    """A histogram with its counts on hover."""
    top = max(1.0, float(np.max(counts))) if len(counts) else 1.0
    reach = [*edges, *(value for value, _ in rules)]
    low, high = compute_limits(reach, pad=0.01)
    chart = Chart(Axis(x, low, high, grid=False), Axis(y, 0, top * 1.06), width=width)
    titles = [
        f"{a:.4g} to {b:.4g}: {format_count(n)}"
        for a, b, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    chart.bars(edges[:-1], edges[1:], np.asarray(counts, float), titles=titles)
    for value, text in rules:
        chart.rule(value, axis="x", text=text)
    return chart.draw(label)


def draw_groups(
    chart: Chart,
    frame: pd.DataFrame,
    *,
    group: str,
    colors: Sequence[tuple[str, int | str, str]],
    title: str,
    hover: int,
    size: float = 3.2,
    always: Sequence[str] = (),
) -> tuple[Key, ...]:
    """Points of a frame, one colour per group; its columns: sample_id, x, y, `group`, `title`.

    Parameters
    ----------
    colors : sequence of (group, colour, marker)
        The groups in the order they are drawn, so the last lies on top.
    hover : int
        Up to so many points each one has a text on hover; above it only those of `always`.
    """
    keys = []
    for name, color, marker in colors:
        part = frame[frame[group] == name]
        if not len(part):
            continue
        live = len(frame) <= hover or name in always
        chart.points(
            part["x"].to_numpy(float),
            part["y"].to_numpy(float),
            color=color,
            titles=part[title].tolist() if live else (),
            size=size if live else 1.6,
            marker=marker,
            series=name,
            names=part["sample_id"].tolist(),
        )
        keys.append(Key(color, f"{name} ({plural(len(part), 'sample')})", marker))
    return tuple(keys)


def group_colors(names: Sequence[str]) -> list[tuple[str, int | str, str]]:
    """A colour and a marker for each group; from the eighth group on they share grey."""
    return [
        (name, i if i < len(MARKERS) else "muted", MARKERS[i % len(MARKERS)])
        for i, name in enumerate(names)
    ]
