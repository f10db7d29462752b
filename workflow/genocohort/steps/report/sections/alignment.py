"""Section `alignment`: depth, mapped and duplicate rates, insert size, GC, base quality."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_count,
    format_number,
    format_rate,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    Section,
    Tables,
    TableView,
    plural,
    some_of,
)
from genocohort.steps.report.sections.curves import draw_curves
from genocohort.steps.report.sections.read_groups import list_read_groups
from genocohort.steps.report.sections.sequencing import (
    compute_chromosome_depth,
    compute_cycles,
    compute_libraries,
)
from genocohort.steps.report.settings import ReportSettings

Floats = npt.NDArray[np.float64]
SAMPLES = "alignment_summary/samples"
HISTOGRAMS = "alignment_summary/histograms"
TABLE_ROWS = 1_000

_METRICS = {
    "insert_size": ("insert size in bases", "insert size",
                    "Short inserts make mates overlap; a second peak points to a mixed library."),
    "gc": ("GC content of a read in percent", "GC content",
           "A shifted or two-peaked curve hints at contamination or a biased library."),
    "base_quality": ("base quality (Phred)", "base quality",
                     "30 stands for one wrong base in a thousand."),
}  # fmt: skip


def compute_alignment(tables: Tables, settings: ReportSettings) -> Section | None:
    """The section, or None where no alignment was measured."""
    samples = tables.get("alignment_summary/samples")
    if samples is None or not len(samples):
        return None
    measured = samples[samples["status"] == "ok"]
    by_metric: dict[str, pd.DataFrame] = {}
    histograms = tables.get(HISTOGRAMS)
    if histograms is not None:
        whole = histograms[histograms["contig"].astype(str) == ""]
        by_metric = {str(m): f for m, f in whole.groupby("metric", observed=True) if len(f)}
    depth_metric = "target_depth" if "target_depth" in by_metric else "fragment_depth"
    depth = [_depth(by_metric[depth_metric], depth_metric)] if depth_metric in by_metric else []
    distributions = {m: draw_distribution(by_metric[m], m) for m in _METRICS if m in by_metric}
    cycles = tables.get("alignment_summary/cycles")
    by_cycle = () if cycles is None else compute_cycles(cycles)
    contigs = tables.get("alignment_summary/contigs")
    parts = (
        ("Depth", [*depth, _fractions(measured), compute_chromosome_depth(contigs)]),
        ("Reads", [_rates(measured), compute_libraries(measured, settings),
                   distributions.get("insert_size"), distributions.get("gc"),
                   _dropouts(measured)]),
        ("Base quality", [*by_cycle, distributions.get("base_quality")]),
    )  # fmt: skip
    groups_of_reads = list_read_groups(tables.get("alignment_summary/read_groups"))
    drawn = [Group(title, figures=tuple(f for f in some if f)) for title, some in parts]
    failed = len(samples) - len(measured)
    lead = f"The alignments of {plural(len(measured), 'sample')} were measured"
    lead += f"; {failed} could not be" if failed else ""
    means = measured["mean_fragment_depth"].dropna()
    facts: tuple[tuple[str, str], ...] = ()
    if len(means):
        mean = float(means.median())
        lead += f". The median of the mean depths is {format_number(mean)}×, overlapping mates once"
        facts = (("median depth", f"{format_number(mean)}×"),)
    groups = (
        *(group for group in drawn if group.figures),
        Group(
            "By sample", tables=(_table(samples), *([groups_of_reads] if groups_of_reads else []))
        ),
    )
    return Section("alignment", "Alignment", lead + ".", groups, facts=facts)


def _by_sample(frame: pd.DataFrame, length: int) -> tuple[list[str], Floats]:
    """Counts by sample and bin; bins from `length` on are added to the last."""
    codes, names = pd.factorize(frame["sample_id"].astype(str))
    bins = np.minimum(frame["bin"].to_numpy(np.int64), length - 1)
    counts = np.zeros((len(names), length))
    np.add.at(counts, (codes, bins), frame["count"].to_numpy(float))
    return [str(name) for name in names], counts


def _depth(frame: pd.DataFrame, metric: str) -> Figure:
    mean = np.average(frame["bin"].to_numpy(float), weights=frame["count"].to_numpy(float) + 1e-12)
    length = int(min(max(3 * mean, 40), 400)) + 2
    names, counts = _by_sample(frame, length)
    share = counts[:, ::-1].cumsum(axis=1)[:, ::-1] / counts.sum(axis=1, keepdims=True)
    deep = int(np.flatnonzero((share >= 0.01).any(axis=0)).max())
    length = min(length, max(deep, 34) + 2)
    share = share[:, :length]
    places = np.arange(length - 1, dtype=float)
    chart = Chart(
        Axis("depth of at least (overlapping mates once)", 0, float(length - 2), grid=False),
        Axis("share of bases", 0, 1.02, format=lambda v: f"{100 * v:g} %"),
        height=310,
    )
    middle = np.median(share, axis=0)
    for value in (10, 20, 30):
        # Its name lies where the curves are not.
        at_foot = value < length and bool(middle[value] > 0.5)
        chart.rule(value, axis="x", text=f"{value}×", at_foot=at_foot)
    keys = draw_curves(chart, names, places, share[:, :-1])
    at = next((n for n in (20, 10) if n < length and middle[n] >= 0.5), 1)
    title = (
        f"The median sample has {format_rate(float(middle[at]), 0)} of its bases at {at}× or more"
    )
    if len(names) > 1:
        worst = int(share[:, at].argmin())
        title += f"; the lowest, sample {names[worst]}, {format_rate(float(share[worst, at]), 0)}"
    drawing = chart.draw(f"Cumulative depth of coverage. {title}.")
    summary = "The later a curve falls, the deeper the sample; a slow fall means uneven coverage."
    return Figure(
        "depth",
        title,
        drawing,
        summary,
        keys,
        sources=(f"{HISTOGRAMS}: bin, count (metric {metric})",),
    )


def _strip(
    frame: pd.DataFrame, columns: list[tuple[str, str]], label: str
) -> tuple[Chart, tuple[Key, ...]]:
    """One column of points per metric, spread sideways by rank so that they do not overlap."""
    n = len(columns)
    finite = frame[[c for c, _ in columns]].to_numpy(float)
    low, high = compute_limits(finite.ravel().tolist(), pad=0.06)
    chart = Chart(
        Axis("", 0, n, ticks=[(i + 0.5, text) for i, (_, text) in enumerate(columns)], grid=False),
        Axis(label, max(0.0, low), min(1.0, high) if high - low > 0.02 else min(1.02, high),
             format=lambda v: f"{100 * v:.3g} %"),
        height=310,
    )  # fmt: skip
    live = len(frame) <= 300
    for i, (column, text) in enumerate(columns):
        values = frame[column].to_numpy(float)
        spread = (np.arange(len(values)) * 0.6180339887 % 1 - 0.5) * 0.5
        titles = [
            f"{s}: {text} {format_rate(v, 2)}"
            for s, v in zip(frame["sample_id"], values, strict=True)
        ]
        chart.points(
            (i + 0.5 + spread).astype(float),
            values,
            color=i,
            titles=titles if live else (),
            size=3.0,
            series=text,
            names=frame["sample_id"].tolist(),
        )
        middle = float(np.nanmedian(values)) if np.isfinite(values).any() else math.nan
        chart.line([i + 0.18, i + 0.82], [middle, middle], color="rule")
    return chart, (Key("rule", "median", "line"),)


def _fractions(frame: pd.DataFrame) -> Figure | None:
    columns = [(f"fraction_{n}x", f"≥\u00a0{n}×") for n in (10, 20, 30)]
    if not frame["fraction_10x"].notna().any():
        return None
    chart, keys = _strip(frame, columns, "share of bases")
    middle = [float(frame[c].median()) for c, _ in columns]
    title = "The median sample covers " + ", ".join(
        f"{format_rate(m, 0)} at {text}" for m, (_, text) in zip(middle, columns, strict=True)
    )
    low = frame[frame["fraction_10x"] < 0.9]["sample_id"].tolist()
    summary = (
        f"Below 90 % at 10×: {some_of(low)}." if low else "Every sample has 90 % or more at 10×."
    )
    drawing = chart.draw(f"Strip plot of covered bases. {title}.")
    sources = (f"{SAMPLES}: fraction_10x, fraction_20x, fraction_30x",)
    return Figure("fractions", title, drawing, summary, keys, sources=sources)


def _rates(frame: pd.DataFrame) -> Figure | None:
    if not frame["mapped_rate"].notna().any():
        return None
    columns = [("mapped_rate", "mapped"), ("properly_paired_rate", "properly paired"),
               ("duplicate_rate", "duplicates")]  # fmt: skip
    chart, keys = _strip(frame, columns, "share of reads")
    title = (
        f"{format_rate(float(frame['mapped_rate'].median()))} of reads are mapped in the median "
        f"sample, {format_rate(float(frame['duplicate_rate'].median()))} are duplicates"
    )
    if not frame["properly_paired_rate"].notna().any():
        title += "; reads are not paired"
    summary = "Few mapped reads mean foreign DNA or a wrong reference; duplicates waste sequencing."
    drawing = chart.draw(f"Strip plot of read rates. {title}.")
    sources = (f"{SAMPLES}: mapped_rate, properly_paired_rate, duplicate_rate",)
    return Figure("rates", title, drawing, summary, keys, sources=sources)


def _dropouts(frame: pd.DataFrame) -> Figure | None:
    columns = [("at_dropout", "50 % GC or less"), ("gc_dropout", "more than 50 % GC")]
    known = frame.dropna(subset=["at_dropout", "gc_dropout"])
    if not len(known):
        return None
    chart, keys = _strip(known, columns, "reads that lack")
    at, gc = (float(known[c].median()) for c, _ in columns)
    title = (
        f"In the median sample {format_rate(at)} of the reads lack where the reference is poor in "
        f"GC, {format_rate(gc)} where it is rich"
    )
    drawing = chart.draw(f"Strip plot of GC dropouts. {title}.")
    summary = (
        "Against even coverage of windows of the reference; amplification loses the richest and "
        "the poorest of them."
    )
    source = f"{SAMPLES}: at_dropout, gc_dropout"
    return Figure("dropouts", title, drawing, summary, keys, sources=(source,))


def draw_distribution(frame: pd.DataFrame, metric: str) -> Figure:
    """One histogram metric (insert size, GC or base quality), a curve for each sample."""
    axis, word, summary = _METRICS[metric]
    weight = frame.groupby("bin")["count"].sum().sort_index()
    cumulative = weight.cumsum() / weight.sum()
    # The far tail would squeeze the rest; its reads stay in the last bin.
    reach = int(cumulative.index[int(np.searchsorted(cumulative.to_numpy(), 0.995))])
    length = 102 if metric == "gc" else max(reach + 2, 10)
    names, counts = _by_sample(frame, length)
    share = counts / counts.sum(axis=1, keepdims=True)
    shown = share[:, :-1]
    width = max(1, length // 160)
    if width > 1:
        full = shown.shape[1] // width * width
        shown = shown[:, :full].reshape(len(names), -1, width).sum(axis=2) / width
    places = np.arange(shown.shape[1], dtype=float) * width + (width - 1) / 2
    start = int(np.flatnonzero(shown.sum(axis=0))[0]) if shown.any() else 0
    shown, places = shown[:, start:], places[start:]
    chart = Chart(
        Axis(axis, float(places[0]), float(max(places[-1], places[0] + 1)), grid=False),
        Axis("share of bases" if metric == "base_quality" else
             "share of pairs" if metric == "insert_size" else "share of reads",
             0, float(np.nanmax(shown)) * 1.06, format=lambda v: f"{100 * v:.3g} %"),
    )  # fmt: skip
    keys = draw_curves(chart, names, places, shown)
    medians = [_median(row) for row in counts]
    low, high = min(medians), max(medians)
    unit = " %" if metric == "gc" else ""
    title = (
        f"The median {word} is {low}{unit} in every sample"
        if low == high and len(medians) > 1
        else f"The median {word} of the samples lies between {low} and {high}{unit}"
        if len(medians) > 1
        else f"The median {word} is {low}{unit}"
    )
    drawing = chart.draw(f"Distribution of {word} by sample. {title}.")
    sources = (f"{HISTOGRAMS}: bin, count (metric {metric})",)
    return Figure(metric.replace("_", "-"), title, drawing, summary, keys, sources=sources)


def _median(counts: Floats) -> int:
    cumulative = counts.cumsum()
    return int(np.searchsorted(cumulative, cumulative[-1] / 2))


_TABLE = (
    ("reads", "n_reads", "count", "primary records"),
    ("mapped", "mapped_rate", "rate", "primary mapped over primary records"),
    ("duplicates", "duplicate_rate", "rate", "mapped duplicates over primary mapped reads"),
    ("library", "library_size", "count", "estimated number of distinct molecules"),
    ("depth", "mean_fragment_depth", "number", "mean, overlapping mates once"),
    ("≥ 10×", "fraction_10x", "rate", "bases of depth 10 or more"),
    ("≥ 20×", "fraction_20x", "rate", "bases of depth 20 or more"),
    ("≥ 30×", "fraction_30x", "rate", "bases of depth 30 or more"),
    ("insert", "insert_size_median", "count", "median in bases"),
    ("error rate", "error_rate", "rate", "sum of NM over aligned bases"),
    ("GC", "gc_mean", "rate", "share of G and C in the reads"),
    ("X depth", "x_depth_ratio", "number", "depth on X over the autosomes"),
    ("Y depth", "y_depth_ratio", "number", "depth on Y over the autosomes"),
)


def _table(samples: pd.DataFrame) -> TableView:
    show = {"count": format_count, "rate": format_rate, "number": format_number}
    has_failed = bool((samples["status"] != "ok").any())
    rows: list[list[Cell | str]] = []
    for row in samples.head(TABLE_ROWS).to_dict("records"):
        cells: list[Cell | str] = [str(row["sample_id"])]
        if has_failed:
            alert = "" if row["status"] == "ok" else "alert"
            cells.append(Cell(str(row["status"]), style=alert))
        for _, column, kind, _ in _TABLE:
            value = row[column]
            missing = pd.isna(value)
            text = "–" if missing else show[kind](float(value))
            cells.append(Cell(text, None if missing else float(value)))
        rows.append(cells)
    status = [Head("status")] if has_failed else []
    heads = (Head("sample"), *status, *(Head(w, True, h) for w, _, _, h in _TABLE))
    left_out = len(samples) - len(rows)
    note = f"{left_out} further samples in alignment_summary/samples.parquet." if left_out else ""
    return TableView(
        "alignments", "Alignment metrics of every sample", heads, rows, note,
        is_searchable=len(rows) > 12, is_sortable=True, is_compact=True,
        sources=(f"{SAMPLES}: sample_id, status, {', '.join(c for _, c, _, _ in _TABLE)}",),
    )  # fmt: skip
