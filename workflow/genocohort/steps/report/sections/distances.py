"""Part of the section `structure`: linkage by distance, and samples placed by their distances."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import Axis, compute_limits, format_fixed, format_number
from genocohort.steps.report.chart.shapes import draw_groups, group_colors
from genocohort.steps.report.chart.svg import MARKERS, Chart
from genocohort.steps.report.page import Figure, Key, plural
from genocohort.steps.report.settings import ReportSettings

LD_DECAY = "structure/ld_decay"
MDS = "structure/mds"


def compute_ld_decay(decay: pd.DataFrame | None) -> Figure | None:
    """Mean correlation of pairs of variants by their distance, one curve for each group."""
    if decay is None:
        return None
    known = decay.dropna(subset=["adjusted_r2"])
    if not len(known):
        return None
    middle = (known["start"] + known["end"]) / 2000
    frame = known.assign(kb=middle.clip(lower=0.05))
    pairs = dict.fromkeys(zip(frame["group_by"].astype(str), frame["group"].astype(str),
                              strict=True))  # fmt: skip
    values = frame["adjusted_r2"].to_numpy(float)
    chart = Chart(
        Axis("distance of two variants in kb", float(frame["kb"].min()) / 1.2,
             max(float(frame["kb"].max()) * 1.2, float(frame["kb"].min()) * 2), "log"),
        Axis("mean r², corrected for the sample's size",
             *compute_limits(values.tolist(), include=[0.0])),
        height=330,
    )  # fmt: skip
    keys, halves = [], []
    for k, (by, group) in enumerate(list(pairs)[: len(MARKERS) + 1]):
        part = frame[(frame["group_by"] == by) & (frame["group"] == group)].sort_values("kb")
        word = "everyone" if by == "all" else group
        color = k if k < len(MARKERS) else "muted"
        r2, kb = part["adjusted_r2"].to_numpy(float), part["kb"].to_numpy(float)
        titles = [
            f"{word}, {format_number(d)} kb: r² {format_fixed(r)} in {plural(int(n), 'pair')}"
            for d, r, n in zip(kb, r2, part["n_pairs"], strict=True)
        ]
        chart.line(kb, r2, color=color, series=word)
        chart.points(kb, r2, color=color, titles=titles, size=2.4, series=word)
        keys.append(Key(color, f"{word} ({plural(int(part['n_samples'].iloc[0]), 'sample')})",
                        "line"))  # fmt: skip
        below = np.flatnonzero(r2 < r2[0] / 2)
        halves.append((word, float(r2[0]), float(kb[below[0]]) if len(below) else None))
    word, start, half = halves[0]
    where = "the longest distance" if half is None else f"{format_number(half)} kb"
    fall = "does not fall to half of it by" if half is None else "falls to half of it by"
    title = f"Nearby variants have a mean r² of {format_fixed(start)} in {word}; it {fall} {where}"
    drawing = chart.draw(f"Curves of linkage disequilibrium by distance. {title}.")
    summary = (
        "Correlation falls with distance as chromosomes recombine; a curve that stays up means a "
        "small or mixed group."
    )
    source = f"{LD_DECAY}: group_by, group, n_samples, start, end, n_pairs, adjusted_r2"
    return Figure("ld-decay", title, drawing, summary, tuple(keys), sources=(source,))


def compute_scaling(
    mds: pd.DataFrame | None, shown: pd.Series, names: list[str], settings: ReportSettings
) -> Figure | None:
    """Samples on the first two dimensions of the multidimensional scaling.

    Parameters
    ----------
    mds : data frame or None
        structure/mds.
    shown : Series of str
        Group of each sample, by its id.
    names : list of str
        All groups, in the order of their colours.
    """
    if mds is None or not len(mds):
        return None
    wide = mds.pivot(index="sample_id", columns="dimension", values="coordinate")
    if not {1, 2} <= set(wide.columns):
        return None
    wide = wide.dropna(subset=[1, 2])
    if not len(wide):
        return None
    frame = pd.DataFrame({"sample_id": wide.index.astype(str), "x": wide[1].to_numpy(float),
                          "y": wide[2].to_numpy(float)})  # fmt: skip
    frame["shown"] = frame["sample_id"].map(shown).fillna("not reported")
    frame["title"] = frame["sample_id"] + ": " + frame["shown"]
    chart = Chart(
        Axis("dimension 1", *compute_limits(frame["x"].tolist()), n_ticks=4),
        Axis("dimension 2", *compute_limits(frame["y"].tolist()), n_ticks=4),
        height=330,
    )
    colors = group_colors([*names, *({"not reported"} - set(names))])
    keys = draw_groups(
        chart, frame, group="shown", colors=colors, title="title",
        hover=settings.hover_samples // 2,
    )  # fmt: skip
    title = f"{plural(len(frame), 'sample')} placed by the alleles they do not share"
    drawing = chart.draw(f"Scatter plot of dimension 2 against dimension 1. {title}.")
    summary = "Multidimensional scaling of 1 − IBS: samples that share more alleles lie closer."
    source = f"{MDS}: sample_id, dimension, coordinate"
    return Figure("mds", title, drawing, summary, keys, sources=(source,))
