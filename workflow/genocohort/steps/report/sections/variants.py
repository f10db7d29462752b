"""Section `variants`: counts, substitutions, indels, frequencies, missingness, Hardy-Weinberg."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.drawing import Drawing
from genocohort.steps.report.chart.scales import (
    Axis,
    format_count,
    format_number,
    format_p,
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
    number_cell,
    plural,
)
from genocohort.steps.report.sections.density import compute_density
from genocohort.steps.report.sections.truth import compute_truth

MOST_BARS = 60
TRANSITIONS = ("A>G", "G>A", "C>T", "T>C")


def compute_variants(tables: Tables) -> Section | None:
    """The section, or None where no calls were summarised."""
    chromosomes = tables.get("variant_summary/chromosomes")
    if chromosomes is None or not len(chromosomes):
        return None
    total = chromosomes[chromosomes["chromosome"] == "all"]
    passing = total[total["filter_set"] == "pass"]
    chosen = "pass" if len(passing) and int(passing["n_records"].iloc[0]) else "all"
    row = total[total["filter_set"] == chosen].iloc[0]
    figures: list[Figure] = []
    histograms = tables.get("variant_summary/histograms")
    if histograms is not None:
        part = histograms[
            (histograms["chromosome"] == "all") & (histograms["filter_set"] == chosen)
        ]
        metrics = {str(m): f for m, f in part.groupby("metric", observed=True)}
        drawn = (
            _substitutions(metrics), _ts_tv(metrics), _indels(metrics), _spectrum(metrics),
            _missingness(metrics), _hardy_weinberg(metrics), _distribution(metrics, "dp"),
            _distribution(metrics, "gq"), _distribution(metrics, "qual"),
        )  # fmt: skip
        figures = [f for f in drawn if f]
    windows = tables.get("variant_summary/density")
    density = None
    if windows is not None:
        density = compute_density(windows[windows["filter_set"] == chosen])
    shown = chromosomes[chromosomes["filter_set"] == chosen]
    groups = (
        Group("Distributions", figures=tuple(figures)),
        *([Group("Along the genome", figures=(density,))] if density else []),
        *compute_truth(tables.get("truth/concordance"), chosen),
        Group("By chromosome", tables=(_chromosome_table(shown),)),
    )
    alleles = int(row["n_snv_alleles"] + row["n_insertions"] + row["n_deletions"])
    which = "records that pass their filters" if chosen == "pass" else "records"
    lead = (
        f"{format_count(row['n_records'])} {which} hold {format_count(row['n_snv_alleles'])} SNV "
        f"and {format_count(row['n_insertions'] + row['n_deletions'])} indel alleles; "
        f"transitions over transversions is {format_number(row['ts_tv'])}, "
        f"{format_rate(row['call_rate'], 2)} of the genotypes are called."
    )
    if chosen == "pass":
        every = total[total["filter_set"] == "all"]
        dropped = int(every["n_records"].iloc[0]) - int(row["n_records"]) if len(every) else 0
        if dropped:
            lead += f" {plural(dropped, 'record')} that fail a filter are not shown here."
    facts = (
        ("SNV and indel alleles", format_count(alleles)),
        ("Ts/Tv", format_number(row["ts_tv"])),
    )
    return Section("variants", "Variants", lead, groups, facts=facts)


def _from(metrics: str) -> tuple[str, ...]:
    return (f"variant_summary/histograms: label, bin_start, bin_end, count (metric {metrics})",)


def _bars(
    labels: Sequence[str],
    counts: Sequence[float],
    *,
    x: str,
    y: str,
    label: str,
    colors: Sequence[int | str] | int = 0,
    titles: Sequence[str] | None = None,
) -> Drawing:
    n = len(labels)
    # As many labels as fit: a character takes about 8 px of the axis' 340.
    every = max(1, math.ceil(n * max(len(text) + 1 for text in labels) * 8 / 340))
    ticks = [(i + 0.5, text) for i, text in enumerate(labels) if i % every == 0]
    axis = Axis(y, 0, max([*counts, 1.0]) * 1.06)
    chart = Chart(Axis(x, 0, n, ticks=ticks, grid=False, is_named=True), axis)
    said = titles or [f"{a}: {format_count(c)}" for a, c in zip(labels, counts, strict=True)]
    gap = 2.0 if n < 20 else 0.4
    places = np.arange(n, dtype=float)
    heights = np.asarray(counts, float)
    chart.bars(places, places + 1, heights, color=colors, titles=said, gap=gap, names=labels)
    return chart.draw(label)


def _substitutions(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    frame = metrics.get("substitution")
    if frame is None or not frame["count"].sum():
        return None
    by_label = frame.groupby("label")["count"].sum()
    order = [*TRANSITIONS, *sorted(set(by_label.index) - set(TRANSITIONS))]
    counts = [float(by_label.get(s, 0)) for s in order]
    share = sum(counts[:4]) / sum(counts)
    title = f"{format_rate(share)} of substitutions are transitions"
    drawing = _bars(
        [s.replace(">", "") for s in order], counts,
        x="reference and alternative base (AG: A to G)",
        y="SNV alleles", colors=[0] * 4 + [1] * (len(order) - 4),
        label=f"Bar chart of substitution types. {title}.",
    )  # fmt: skip
    keys = (Key(0, "transitions", "square"), Key(1, "transversions", "square"))
    summary = "Complementary changes (AG and TC) should be about equally common."
    return Figure("substitutions", title, drawing, summary, keys, sources=_from("substitution"))


def _ts_tv(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    if "af_transitions" not in metrics or "af_transversions" not in metrics:
        return None
    columns = ["bin_start", "bin_end", "count"]
    merged = metrics["af_transitions"][columns].merge(
        metrics["af_transversions"][columns],
        on=["bin_start", "bin_end"], how="outer", suffixes=("_ts", "_tv"),
    ).fillna({"count_ts": 0, "count_tv": 0}).sort_values("bin_start")  # fmt: skip
    merged = merged[merged["count_tv"] > 0]
    if not len(merged):
        return None
    ratio = (merged["count_ts"] / merged["count_tv"]).to_numpy(float)
    labels = [
        _frequency_label(a, b) for a, b in zip(merged["bin_start"], merged["bin_end"], strict=True)
    ]
    titles = [
        f"frequency {text}: Ts/Tv {format_number(r)} ({format_count(s)} / {format_count(v)})"
        for text, r, s, v in zip(labels, ratio, merged["count_ts"], merged["count_tv"], strict=True)
    ]
    title = (
        f"Ts/Tv is {format_number(ratio[0])} among the rarest alleles and "
        f"{format_number(ratio[-1])} among the most common"
    )
    drawing = _bars(
        [f"{a:g}" for a in merged["bin_start"]], ratio.tolist(), titles=titles,
        x="allele frequency, bin from", y="Ts/Tv",
        label=f"Bar chart of Ts/Tv by allele frequency. {title}.",
    )  # fmt: skip
    summary = "A fall among the rarest alleles points to false calls, which have Ts/Tv near 0.5."
    sources = _from("af_transitions, af_transversions")
    return Figure("ts-tv", title, drawing, summary, sources=sources)


def _frequency_label(low: float, high: float) -> str:
    return f"from {low:g}" if not np.isfinite(high) else f"{low:g} to {high:g}"


def _indels(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    frame = metrics.get("indel_length")
    if frame is None or not frame["count"].sum():
        return None
    lengths = frame["bin_start"].to_numpy(float).clip(-30, 30).astype(int)
    counts = np.bincount(lengths + 30, frame["count"].to_numpy(float), 61).astype(float)
    reach = max(6, int(np.abs(lengths).max()))
    places = np.arange(-reach, reach + 1)
    shown = counts[places + 30]
    deletions, insertions = shown[places < 0].sum(), shown[places > 0].sum()
    title = f"{format_count(deletions)} deletions and {format_count(insertions)} insertions"
    if insertions:
        title += f": {format_number(deletions / insertions)} to 1"
    chart = Chart(
        Axis("indel length in bases (deletions negative)", -reach - 0.5, reach + 0.5, grid=False),
        Axis("alleles", 0, float(shown.max()) * 1.06),
    )
    ends = {-30: "30 bases or longer deletion", 30: "30 bases or longer insertion"}
    titles = [
        f"{ends.get(int(p), f'{abs(p)} bases')}: {format_count(n)}"
        for p, n in zip(places, shown, strict=True)
    ]
    colors = [1 if p < 0 else 0 for p in places]
    at = places.astype(float)
    chart.bars(at - 0.45, at + 0.45, shown, color=colors, titles=titles, gap=0)
    drawing = chart.draw(f"Histogram of indel lengths. {title}.")
    keys = (Key(1, "deletions", "square"), Key(0, "insertions", "square"))
    summary = "Counts fall with length; in coding sequence multiples of three stand out."
    return Figure("indels", title, drawing, summary, keys, sources=_from("indel_length"))


def _spectrum(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    frame = metrics.get("sfs")
    if frame is None:
        return None
    frame = frame[frame["bin_start"] >= 1].sort_values("bin_start")
    if not frame["count"].sum():
        return None
    start = frame["bin_start"].to_numpy(float)
    end = np.where(
        np.isfinite(frame["bin_end"].to_numpy(float)), frame["bin_end"].to_numpy(float), start
    )
    width = np.maximum(end - start, 1)
    count = frame["count"].to_numpy(float)
    single = count[start == 1].sum()
    title = f"{format_rate(single / count.sum())} of variant alleles were seen once"
    chart = Chart(
        Axis("minor allele count", 0.9, float((start + width).max()) * 1.05, "log"),
        Axis("alleles per count", min(0.7, float((count / width).min()) * 0.7),
             float((count / width).max()) * 1.6, "log"),
    )  # fmt: skip
    if len(start) <= 60:
        titles = [f"count {int(a)}: {format_count(c)}" for a, c in zip(start, count, strict=True)]
        chart.points(start, count / width, titles=titles, size=2.8)
    else:
        chart.points(start, count / width, size=2.2)
    # Neutral expectation for a folded spectrum (Fu 1995): proportional to 1/i away from the middle.
    chart.line(start, count[0] / width[0] * start[0] / start, color="rule", dash=True)
    drawing = chart.draw(f"Folded site-frequency spectrum. {title}.")
    keys = (Key(0, "observed"), Key("rule", "1/count through the first point", "line"))
    summary = "An excess of singletons over the line means growth or false calls, a lack filtering."
    return Figure("sfs", title, drawing, summary, keys, sources=_from("sfs"))


def _missingness(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    frame = metrics.get("site_missingness")
    if frame is None or not frame["count"].sum():
        return None
    frame = frame.sort_values("bin_start")
    start = frame["bin_start"].to_numpy(float)
    end = frame["bin_end"].to_numpy(float)
    end = np.where(np.isfinite(end) & (end > start), end, start + 0.002)
    count = frame["count"].to_numpy(float)
    most = count[start >= 0.05].sum() / count.sum()
    title = f"{format_rate(most)} of records miss 5 % or more of their genotypes"
    top = float(count.max())
    reach = float(end[count > 0].max())
    chart = Chart(
        Axis("share of genotypes missing", 0, min(1.0, reach * 1.02), grid=False),
        Axis("records", 0.7, top * 1.5, "log"),
    )
    titles = [
        f"{format_rate(a)} to {format_rate(b)}: {format_count(n)}"
        for a, b, n in zip(start, end, count, strict=True)
    ]
    chart.bars(start, end, count, titles=titles)
    chart.rule(0.05, axis="x", text="5 %")
    drawing = chart.draw(f"Histogram of missing genotypes per record. {title}.")
    summary = "Counts are on a logarithmic axis."
    return Figure("missingness", title, drawing, summary, sources=_from("site_missingness"))


def _hardy_weinberg(metrics: dict[str, pd.DataFrame]) -> Figure | None:
    frame = metrics.get("hwe_neg_log10_p")
    if frame is None or not frame["count"].sum():
        return None
    frame = frame.sort_values("bin_start")
    start = frame["bin_start"].to_numpy(float)
    end = frame["bin_end"].to_numpy(float)
    count = frame["count"].to_numpy(float)
    step = float(np.median(np.diff(start))) if len(start) > 1 else 1.0
    end = np.where(np.isfinite(end) & (end > start), end, start + step)
    strong = count[start >= 6].sum()
    found = plural(int(strong), "allele departs", "alleles depart")
    title = f"{found} from Hardy-Weinberg at P\u00a0<\u00a0{format_p(6)}"
    chart = Chart(
        Axis("−log₁₀ P of the exact test", 0, float(end.max()), grid=False),
        Axis("alleles", 0.7, float(count.max()) * 1.5, "log"),
    )
    titles = [
        f"P {format_p(b)} to {format_p(a)}: {format_count(n)}"
        for a, b, n in zip(start, end, count, strict=True)
    ]
    chart.bars(start, end, count, titles=titles)
    chart.rule(6, axis="x", text=f"P = {format_p(6)}")
    drawing = chart.draw(f"Histogram of Hardy-Weinberg P values. {title}.")
    summary = "Mixed ancestries shift all variants a little; a far tail is mostly genotyping error."
    return Figure("hwe", title, drawing, summary, sources=_from("hwe_neg_log10_p"))


_QUALITY = {
    "dp": ("read depth of a genotype", "genotypes", "depth",
           "Low depth makes heterozygotes unsure."),
    "gq": ("genotype quality (Phred)", "genotypes", "genotype quality",
           "20 stands for one wrong genotype in a hundred."),
    "qual": ("variant quality QUAL (Phred)", "records", "quality",
             "The caller's own scale; compare within one call set only."),
}  # fmt: skip


def _distribution(metrics: dict[str, pd.DataFrame], name: str) -> Figure | None:
    frame = metrics.get(name)
    if frame is None or not frame["count"].sum():
        return None
    axis, unit, word, summary = _QUALITY[name]
    frame = frame.sort_values("bin_start")
    start, count = frame["bin_start"].to_numpy(float), frame["count"].to_numpy(float)
    raw_end = frame["bin_end"].to_numpy(float)
    cumulative = np.cumsum(count)
    median = start[int(np.searchsorted(cumulative, cumulative[-1] / 2))]
    gaps = np.diff(start)
    step = float(gaps.min()) if len(gaps) else 1.0
    end = np.where(np.isfinite(raw_end) & (raw_end > start), raw_end, start + step)
    is_last = ~np.isfinite(raw_end)
    if len(start) > MOST_BARS:
        first = np.arange(0, len(start), -(-len(start) // MOST_BARS))
        count = np.add.reduceat(count, first)
        last = np.append(first[1:], len(start)) - 1
        start, end, is_last = start[first], end[last], is_last[last]
        cumulative = np.cumsum(count)
    title = f"The median {word} is {median:g}"
    # A few far values would squeeze the rest; they are counted in the last bar.
    reach = int(np.searchsorted(cumulative, 0.998 * cumulative[-1])) + 1
    if reach < len(start):
        count = np.append(count[: reach - 1], count[reach - 1 :].sum())
        start, end, is_last = start[:reach], end[:reach], is_last[:reach]
        is_last[-1] = True
    chart = Chart(
        Axis(axis, float(start.min()), float(end.max()), grid=False),
        Axis(unit, 0, float(count.max()) * 1.06),
    )
    titles = [
        f"{a:g}{' or more' if o else ''}: {format_count(n)}"
        for a, o, n in zip(start, is_last, count, strict=True)
    ]
    chart.bars(start, end, count, titles=titles, gap=0.2)
    chart.rule(float(median), axis="x", text=f"median {median:g}")
    drawing = chart.draw(f"Histogram of {axis}. {title}.")
    return Figure(f"distribution-{name}", title, drawing, summary, sources=_from(name))


def _chromosome_table(shown: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = []
    for row in shown.to_dict("records"):
        rows.append(
            [
                str(row["chromosome"]),
                *(
                    Cell(format_count(row[c]), row[c])
                    for c in (
                        "n_records", "n_snv_alleles", "n_insertions", "n_deletions",
                        "n_multiallelic", "n_singletons",
                    )
                ),
                number_cell(row["ts_tv"], format_number),
                number_cell(row["call_rate"], lambda v: format_rate(v, 2)),
            ]
        )  # fmt: skip
    heads = (
        Head("chromosome"), Head("records", True), Head("SNV", True), Head("insertions", True),
        Head("deletions", True), Head("multiallelic", True), Head("singletons", True),
        Head("Ts/Tv", True), Head("call rate", True),
    )  # fmt: skip
    source = (
        "variant_summary/chromosomes: chromosome, n_records, n_snv_alleles, n_insertions, "
        "n_deletions, n_multiallelic, n_singletons, ts_tv, call_rate"
    )
    return TableView(
        "chromosomes", "Records and alleles per chromosome", heads, rows, is_sortable=True,
        sources=(source,),
    )  # fmt: skip
