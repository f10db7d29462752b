"""Section `structure`: principal components, their eigenvalues, Fst between groups."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_count,
    format_fixed,
    format_rate,
)
from genocohort.steps.report.chart.shapes import draw_groups, group_colors
from genocohort.steps.report.chart.svg import MARKERS, Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Section,
    Tables,
    TableView,
    join_words,
    plural,
)
from genocohort.steps.report.sections.ancestry import (
    UNASSIGNED,
    ancestry_attention,
    compute_ancestry,
    has_ancestry,
)
from genocohort.steps.report.sections.distances import compute_ld_decay, compute_scaling
from genocohort.steps.report.sections.diversity import compute_diversity
from genocohort.steps.report.sections.homozygosity import compute_homozygosity
from genocohort.steps.report.sections.panel import compute_panel
from genocohort.steps.report.settings import ReportSettings

GROUPINGS = {
    "ancestry": "reported ancestry", "inferred": "inferred ancestry", "batch": "batch",
}  # fmt: skip


_GROUP_SOURCES = {
    "ancestry": ("clinical/participants", "ancestry_reported"),
    "inferred": ("structure/ancestry", "ancestry_inferred"),
    "batch": ("sample_qc/samples", "batch"),
}
_SUMMARIES = {
    "ancestry": "Groups that lie apart differ in ancestry; tests adjust for these components.",
    "inferred": "Each sample has the colour of the reported group nearest to it.",
    "batch": "Batches should overlap; a batch that lies apart points to a technical difference.",
}
MOST_GROUPS = len(MARKERS) - 1


def compute_structure(tables: Tables, settings: ReportSettings) -> Section | None:
    """The section, or None where there are no components."""
    components = tables.get("structure/components")
    if components is None or not len(components):
        return None
    ancestry = tables.get("structure/ancestry")
    inferred = ancestry if has_ancestry(ancestry) else None
    frame = _with_groups(components, tables, inferred)
    eigenvalues = tables.get("structure/eigenvalues")
    figures = []
    for x, y in (("PC1", "PC2"), ("PC3", "PC4")):
        if y in frame and frame[y].notna().any():
            figures += [
                _components(frame, x, y, group, eigenvalues, settings)
                for group in GROUPINGS
                if frame[group].nunique() > 1 or group == "ancestry"
                if group != "inferred" or x == "PC1"
            ]
    if eigenvalues is not None and eigenvalues["fraction"].notna().any():
        figures.append(draw_scree(eigenvalues))
    told, names = _largest(frame.set_index("sample_id")["ancestry"], MOST_GROUPS)
    scaling = compute_scaling(tables.get("structure/mds"), told, names, settings)
    figures += [scaling] if scaling else []
    groups = [Group("Principal components", figures=tuple(figures))]
    if inferred is not None:
        groups.append(compute_ancestry(inferred))
    groups += compute_panel(tables, settings)
    fst = tables.get("structure/fst")
    if fst is not None and len(fst):
        groups.append(Group("Differentiation between groups", tables=(list_fst(fst),)))
    runs = tables.get("structure/roh_samples")
    if runs is not None and len(runs):
        shown = runs["sample_id"].map(told).fillna("not reported")
        groups.append(compute_homozygosity(runs, shown, names, settings))
    groups += compute_diversity(tables, compute_ld_decay(tables.get("structure/ld_decay")))
    fitted = int((components["role"] == "fitted").sum())
    pruned = tables.get("structure/pruned")
    variants = f" from {plural(len(pruned), 'LD-pruned variant')}" if pruned is not None else ""
    lead = (
        f"Components of {plural(len(components), 'sample')}{variants}: fitted on "
        f"{format_count(fitted)} unrelated samples, {format_count(len(components) - fitted)} "
        "relatives projected onto them."
    )
    attention = () if inferred is None else ancestry_attention(inferred)
    return Section("structure", "Population structure", lead, tuple(groups), attention)


def _with_groups(
    components: pd.DataFrame, tables: Tables, inferred: pd.DataFrame | None
) -> pd.DataFrame:
    frame = components.assign(ancestry="not reported", batch="not given", inferred="not inferred")
    if inferred is not None:
        group = inferred.set_index("sample_id")["ancestry_inferred"]
        frame["inferred"] = frame["sample_id"].map(group).fillna("not inferred")
    samples = tables.get("sample_qc/samples")
    if samples is None:
        return frame
    by_sample = samples.set_index("sample_id")
    batch = frame["sample_id"].map(by_sample["batch"])
    frame["batch"] = batch.where(batch.notna() & (batch != ""), "not given")
    participants = tables.get("clinical/participants")
    if participants is not None:
        ancestry = participants.set_index("participant_id")["ancestry_reported"]
        owner = frame["sample_id"].map(by_sample["participant_id"])
        frame["ancestry"] = owner.map(ancestry).fillna("not reported")
    return frame


def _largest(groups: pd.Series, most: int) -> tuple[pd.Series, list[str]]:
    counts = groups.value_counts()
    order = sorted(counts.index, key=lambda g: (-counts[g], g))
    kept = set(order[:most] if len(order) > most else order)
    merged = groups.where(groups.isin(kept), "other")
    return merged, sorted(kept) + (["other"] if len(order) > most else [])


def _components(
    frame: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    eigenvalues: pd.DataFrame | None,
    settings: ReportSettings,
) -> Figure:
    merged, names = _largest(frame[group], MOST_GROUPS)
    frame = frame.assign(
        shown=merged,
        x=frame[x],
        y=frame[y],
        title=[f"{s}: {g}" for s, g in zip(frame["sample_id"], frame[group], strict=True)],
    )
    chart = Chart(
        Axis(_component_label(x, eigenvalues), *compute_limits(frame["x"].tolist()), n_ticks=4),
        Axis(_component_label(y, eigenvalues), *compute_limits(frame["y"].tolist()), n_ticks=4),
        height=330,
    )
    keys = draw_groups(
        chart, frame, group="shown", colors=group_colors(names), title="title",
        hover=settings.hover_samples // 2,
    )  # fmt: skip
    word = GROUPINGS[group]
    title = _component_title(frame, x, y, group, names)
    drawing = chart.draw(f"Scatter plot of {y} against {x} by {word}. {title}.")
    table, column = _GROUP_SOURCES[group]
    sources = (f"structure/components: sample_id, {x}, {y}", f"{table}: {column}")
    return Figure(
        f"{x.lower()}-{y.lower()}-{group}", title, drawing, _SUMMARIES[group], keys, sources=sources
    )


def _component_label(name: str, eigenvalues: pd.DataFrame | None) -> str:
    if eigenvalues is None:
        return name
    fraction = eigenvalues.set_index("component")["fraction"].get(int(name[2:]))
    if fraction is None or not np.isfinite(fraction):
        return name
    return f"{name} ({format_rate(float(fraction))} of the variance)"


def _explained(values: pd.Series, groups: pd.Series) -> float:
    """Share of the variance that lies between groups (eta squared)."""
    present = values.notna()
    values, groups = values[present], groups[present]
    total = float(((values - values.mean()) ** 2).sum())
    if total == 0:
        return 0.0
    means = values.groupby(groups).transform("mean")
    return float(((means - values.mean()) ** 2).sum()) / total


def _component_title(frame: pd.DataFrame, x: str, y: str, group: str, names: list[str]) -> str:
    word = GROUPINGS[group]
    if len(names) < 2:
        return f"{y} against {x}; {word} is not recorded"
    shares = [_explained(frame[c], frame["shown"]) for c in (x, y)]
    if group == "inferred":
        n = int((frame[group] == UNASSIGNED).sum())
        if not n:
            return "By the components, every sample lies with one of the reported groups"
        far = plural(n, "sample lies", "samples lie")
        return f"By the components, {far} with none of the reported groups"
    if group == "batch" and max(shares) < 0.1:
        return f"Batches overlap on {x} and {y}"
    return (
        f"{word.capitalize()} explains {format_rate(shares[0], 0)} of {x} and "
        f"{format_rate(shares[1], 0)} of {y}"
    )


def draw_scree(eigenvalues: pd.DataFrame) -> Figure:
    """Each component's share of the variance."""
    frame = eigenvalues.dropna(subset=["fraction"])
    number = frame["component"].to_numpy(float)
    share = frame["fraction"].to_numpy(float)
    every = max(1, len(number) // 10)
    ticks = [(n, str(int(n))) for n in number[::every]]
    chart = Chart(
        Axis("component", number.min() - 0.6, number.max() + 0.6, ticks=ticks, grid=False,
             is_named=True),
        Axis("share of the variance", 0, float(share.max()) * 1.08,
             format=lambda v: f"{100 * v:g} %"),
        height=330,
    )  # fmt: skip
    titles = [f"PC{int(n)}: {format_rate(s, 2)}" for n, s in zip(number, share, strict=True)]
    names = [f"PC{int(n)}" for n in number]
    chart.bars(number - 0.4, number + 0.4, share, titles=titles, names=names)
    first = min(2, len(share))
    title = (
        f"The first {first} components hold {format_rate(float(share[:first].sum()))} of the "
        f"variance, all {len(share)} together {format_rate(float(share.sum()))}"
    )
    drawing = chart.draw(f"Bar chart of the variance share of each component. {title}.")
    summary = "Where the bars level off, components are mostly noise."
    source = "structure/eigenvalues: component, fraction"
    return Figure("scree", title, drawing, summary, sources=(source,))


def list_fst(fst: pd.DataFrame) -> TableView:
    """Fst of every two groups."""
    rows: list[list[Cell | str]] = []
    for row in fst.to_dict("records"):
        value, error = row["fst"], row["standard_error"]
        rows.append(
            [
                GROUPINGS.get(str(row["group_by"]).removesuffix("_reported"), str(row["group_by"])),
                str(row["group_1"]),
                str(row["group_2"]),
                Cell(format_count(row["n_1"]), row["n_1"]),
                Cell(format_count(row["n_2"]), row["n_2"]),
                Cell(format_fixed(value, 4), value if np.isfinite(value) else None),
                Cell(format_fixed(error, 4), error if np.isfinite(error) else None),
            ]
        )
    heads = (
        Head("groups by"), Head("group"), Head("group"), Head("samples", True),
        Head("samples", True), Head("Fst", True, "Hudson's estimator, ratio of averages"),
        Head("SE", True, "block jackknife"),
    )  # fmt: skip
    names = join_words(sorted({str(row[0]) for row in rows}))
    source = "structure/fst: group_by, group_1, group_2, n_1, n_2, fst, standard_error"
    return TableView(
        "fst", f"Hudson's Fst by {names}", heads, rows, is_sortable=len(rows) > 1,
        sources=(source,),
    )  # fmt: skip
