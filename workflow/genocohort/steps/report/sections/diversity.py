"""Part of the section `structure`: diversity of groups, along the genome, by allele count."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.genome_axis import Floats, Integers, compute_places
from genocohort.steps.report.chart.scales import (
    Axis,
    format_count,
    format_fixed,
    format_number,
    format_rate,
)
from genocohort.steps.report.chart.svg import MARKERS, Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    Tables,
    TableView,
    number_cell,
    plural,
)

WINDOWS = "structure/diversity"
SPECTRUM = "structure/spectrum"
EVERYONE = "everyone"
FEW_WINDOWS = 3  # a course along the genome needs more on some chromosome
MOST_POINTS = 40  # of a spectrum; from there on counts share a point


def compute_diversity(tables: Tables, decay: Figure | None) -> list[Group]:
    """The group, where windows or spectra were made; `decay`: the figure of linkage."""
    windows, spectrum = tables.get(WINDOWS), tables.get(SPECTRUM)
    figures: list[Figure] = []
    shown: list[TableView] = []
    if windows is not None and len(windows):
        everyone = windows[windows["group_by"] == "all"]
        if len(everyone) and everyone["chromosome"].value_counts().max() >= FEW_WINDOWS:
            figures.append(_along(everyone))
        shown.append(_table(windows))
    if spectrum is not None:
        for kind in _SPECTRA:
            part = spectrum[(spectrum["spectrum"] == kind) & (spectrum["allele_count"] > 0)]
            if part["n_variants"].sum() > 0:
                figures.append(_spectra(part, kind))
    figures += [decay] if decay else []
    if not figures and not shown:
        return []
    return [Group("Diversity and linkage", figures=tuple(figures), tables=tuple(shown))]


def _along(windows: pd.DataFrame) -> Figure:
    middle = ((windows["start"] + windows["end"]) // 2).to_numpy(np.int64)
    places = compute_places(windows["chromosome"].astype(str), middle, 40)
    pi = windows["pi"].to_numpy(float) * 1000
    chart = Chart(
        places.axis(),
        Axis("differences per 1 000 bases (π)", 0, max(float(np.nanmax(pi)), 1e-9) * 1.05),
        width=900,
        height=260,
    )
    for parity, color in ((0, "even"), (1, "odd")):
        here = places.number % 2 == parity
        chart.points(places.place[here], pi[here], color=color, size=1.5)
    most = windows.iloc[int(np.nanargmax(pi))]
    title = (
        f"Two chromosomes of the cohort differ at {format_number(float(np.nanmedian(pi)))} in "
        f"1 000 bases in the median window; the most diverse begins at {most['chromosome']}:"
        f"{format_count(most['start'] + 1)}"
    )
    columns = ("chromosome", "start", "end", "pi")
    data = Grid(columns, list(zip(*(windows[c] for c in columns), strict=True)))
    drawing = chart.draw(f"Diversity along the genome. {title}.", data)
    summary = (
        "Each point is a window. The HLA region on chromosome 6 stands out in human cohorts; a "
        "window near 0 holds few callable bases."
    )
    source = f"{WINDOWS}: chromosome, start, end, pi (group_by all)"
    return Figure("diversity-windows", title, drawing, summary, wide=True, sources=(source,))


def _groups(frame: pd.DataFrame) -> list[tuple[str, str]]:
    pairs = list(dict.fromkeys(zip(frame["group_by"], frame["group"], strict=True)))
    return [(str(by), str(group)) for by, group in pairs]


def _table(windows: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = []
    for by, group in _groups(windows):
        part = windows[(windows["group_by"] == by) & (windows["group"] == group)]
        length = (part["end"] - part["start"]).to_numpy(float)
        means = [_mean(part[c].to_numpy(float), length) for c in ("pi", "theta")]
        rows.append(
            [
                EVERYONE if by == "all" else group,
                Cell(format_count(part["n_samples"].iloc[0]), int(part["n_samples"].iloc[0])),
                Cell(format_count(part["n_segregating"].sum()), int(part["n_segregating"].sum())),
                *(number_cell(1000 * m, format_number) for m in means),
                number_cell(
                    _mean(part["tajima_d"].to_numpy(float), length), lambda v: format_fixed(v, 2)
                ),
                Cell(format_count(len(part)), len(part)),
            ]
        )
    heads = (
        Head("group"), Head("samples", True, "unrelated ones"),
        Head("segregating", True, "variants with both alleles in the group"),
        Head("π per 1 000", True, "bases: mean number of differences between two chromosomes"),
        Head("θ per 1 000", True, "bases: Watterson's estimate from the number of variants"),
        Head("Tajima's D", True, "mean over windows"), Head("windows", True),
    )  # fmt: skip
    note = (
        "Means over windows, weighted by length. Bases without a variant count as called, so "
        "compare groups of one call set only; D below 0 means more rare variants than expected."
    )
    source = (
        f"{WINDOWS}: group_by, group, n_samples, start, end, n_segregating, pi, theta, tajima_d"
    )
    return TableView(
        "diversity", "Diversity of unrelated samples", heads, rows, note,
        is_sortable=len(rows) > 1, sources=(source,),
    )  # fmt: skip


def _mean(values: Floats, weight: Floats) -> float:
    there = np.isfinite(values)
    return float(np.average(values[there], weights=weight[there])) if there.any() else float("nan")


# Axis, verb of the title, and how to read the figure.
_SPECTRA = {
    "folded": (
        "minor allele count",
        "were seen once",
        "Variants by the count of their rarer allele. Larger groups show more rare variants, so "
        "compare the slopes.",
    ),
    "unfolded": (
        "count of the derived allele",
        "have a derived allele seen once",
        "Variants whose ancestral allele is known. A rise at the right end means ancestral alleles "
        "that were told wrong.",
    ),
}


def _spectra(spectrum: pd.DataFrame, kind: str) -> Figure:
    axis, verb, summary = _SPECTRA[kind]
    names = _groups(spectrum)[: len(MARKERS) + 1]
    drawn = []
    for by, group in names:
        part = spectrum[(spectrum["group_by"] == by) & (spectrum["group"] == group)]
        part = part.sort_values("allele_count")
        count = part["allele_count"].to_numpy(np.int64)
        n_variants = part["n_variants"].to_numpy(float)
        if not n_variants.sum():
            continue
        n_samples = int(part["n_samples"].iloc[0])
        word = EVERYONE if by == "all" else group
        drawn.append((word, n_samples, *_binned(count, n_variants / n_variants.sum())))
    lowest = min(float(share[share > 0].min()) for _, _, _, share in drawn)
    reach = max(float(at.max()) for _, _, at, _ in drawn)
    chart = Chart(
        Axis(axis, 0.9, max(reach, 2) * 1.1, "log"),
        Axis("share of the variants", lowest / 1.5, 1.0, "log",
             format=lambda v: f"{100 * v:g} %"),
        height=330,
    )  # fmt: skip
    keys = []
    for k, (word, n, at, share) in enumerate(drawn):
        color = k if k < len(MARKERS) else "muted"
        titles = [
            f"{word}, count {a:g}: {format_rate(s, 2)}" for a, s in zip(at, share, strict=True)
        ]
        chart.line(at, np.where(share > 0, share, np.nan), color=color, series=word)
        live = share > 0
        words = [t for t, keep in zip(titles, live, strict=True) if keep]
        chart.points(at[live], share[live], color=color, titles=words, size=2.2, series=word)
        keys.append(Key(color, f"{word} ({plural(n, 'sample')})", "line"))
    single = [(word, float(share[at == 1].sum())) for word, _, at, share in drawn]
    most = max(single, key=lambda pair: pair[1])
    least = min(single, key=lambda pair: pair[1])
    title = f"{format_rate(most[1], 0)} of the variants {verb} in {_quoted(most[0])}"
    if most[0] != least[0]:
        title += f", {format_rate(least[1], 0)} in {_quoted(least[0])}"
    drawing = chart.draw(f"{kind.capitalize()} site frequency spectra by group. {title}.")
    source = f"{SPECTRUM}: group_by, group, n_samples, allele_count, n_variants (spectrum {kind})"
    return Figure(f"spectra-{kind}", title, drawing, summary, tuple(keys), sources=(source,))


def _quoted(group: str) -> str:
    return group if group == EVERYONE else f"“{group}”"


def _binned(
    count: Integers,
    share: Floats,
) -> tuple[Floats, Floats]:
    """Mean share per count in bins that grow with the count; each is placed in its middle."""
    if len(count) <= MOST_POINTS:
        return count.astype(float), share
    edges = np.unique(np.round(np.geomspace(1, count.max() + 1, MOST_POINTS)).astype(np.int64))
    inside = np.searchsorted(edges, count, side="right") - 1
    n_bins = len(edges) - 1
    total = np.bincount(inside, share, n_bins)[:n_bins]
    width = np.diff(edges)
    return np.sqrt(edges[:-1] * (edges[1:] - 1).astype(float)), total / width
