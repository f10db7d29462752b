"""Section `samples`: call rate, heterozygosity, sex, relatedness, and the table of verdicts."""

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
from genocohort.steps.report.chart.shapes import compute_bins, draw_groups, draw_histogram
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Figure,
    Group,
    Head,
    Record,
    Section,
    Tables,
    TableView,
    number_cell,
    plural,
    some_of,
)
from genocohort.steps.report.sections.relatedness import compute_relatedness
from genocohort.steps.report.settings import ReportSettings

VERDICT_WORDS = {"pass": "pass", "warn": "look again", "fail": "fail"}
VERDICT_COLORS: list[tuple[str, int | str, str]] = [
    (VERDICT_WORDS["pass"], "pass", "circle"),
    (VERDICT_WORDS["warn"], "warn", "triangle"),
    (VERDICT_WORDS["fail"], "fail", "square"),
]


def compute_samples(tables: Tables, settings: ReportSettings) -> Section | None:
    """The section, or None where no sample has a verdict."""
    samples = tables.get("sample_qc/samples")
    if samples is None or not len(samples):
        return None
    reasons = tables.get("sample_qc/reasons")
    groups = [_verdict_group(samples, settings)]
    quality = [
        f
        for f in (
            _call_rate(samples, reasons),
            _scatter(samples, "f_inbreeding", settings),
            _scatter(samples, "het_hom_ratio", settings),
            _singletons(samples),
        )
        if f
    ]
    if quality:
        groups.append(Group("Genotype quality", figures=tuple(quality)))
    sexes = [
        f
        for f in (
            _sex(samples, "x_f", "y_call_rate", settings),
            _sex(samples, "x_depth_ratio", "y_depth_ratio", settings),
        )
        if f
    ]
    if sexes:
        groups.append(Group("Sex", figures=tuple(sexes)))
    pairs = tables.get("kinship/pairs")
    if pairs is not None:
        groups.append(compute_relatedness(pairs))
    counts = samples["verdict"].value_counts()
    lead = (
        f"{plural(int(counts.get('pass', 0)), 'sample')} without a finding, "
        f"{counts.get('warn', 0)} to look at again, {counts.get('fail', 0)} failed. Failed "
        "samples are left out of the components and the association tests."
    )
    return Section(
        "samples", "Samples", lead, tuple(groups), _attention(samples, pairs), _facts(samples)
    )


def _facts(samples: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    facts = [("samples", format_count(len(samples)))]
    rates = samples["call_rate"].dropna()
    if len(rates):
        facts.append(("median call rate", format_rate(float(rates.median()), 2)))
    return tuple(facts)


def _attention(samples: pd.DataFrame, pairs: pd.DataFrame | None) -> tuple[Attention, ...]:
    found = []
    failed = samples[samples["verdict"] == "fail"]
    if len(failed):
        ids = some_of(failed["sample_id"].tolist())
        found.append(
            Attention("fail", f"{plural(len(failed), 'sample')} failed: {ids}.", "#verdicts")
        )
    warned = samples[samples["verdict"] == "warn"]
    if len(warned):
        ids = some_of(warned["sample_id"].tolist())
        need = "needs" if len(warned) == 1 else "need"
        found.append(
            Attention(
                "warn", f"{plural(len(warned), 'sample')} {need} a second look: {ids}.", "#verdicts"
            )
        )
    if pairs is not None:
        wrong = pairs[pairs["is_contradiction"].fillna(False).astype(bool)]
        if len(wrong):
            names = some_of(
                [
                    f"{a}–{b}"
                    for a, b in zip(wrong["sample_id_1"], wrong["sample_id_2"], strict=True)
                ],
                3,
            )
            found.append(
                Attention(
                    "warn",
                    f"{plural(len(wrong), 'pair')} contradict what is recorded: {names}.",
                    "#pairs",
                )
            )
    return tuple(found)


def _verdict_group(samples: pd.DataFrame, settings: ReportSettings) -> Group:
    rank = samples["verdict"].map({"fail": 0, "warn": 1, "pass": 2})
    ordered = samples.assign(rank=rank).sort_values(["rank", "sample_id"], kind="stable")
    shown = ordered.head(settings.table_samples)
    rows = [_verdict_row(row) for row in shown.to_dict("records")]
    left_out = len(samples) - len(shown)
    note = (
        f"{plural(left_out, 'further sample')} that pass are in sample_qc/samples.parquet."
        if left_out
        else ""
    )
    heads = (
        Head("sample"),
        Head("verdict"),
        Head("why", is_wide=True),
        Head("sex", help="recorded, and inferred where it differs"),
        Head("batch"),
        Head("call rate", True, "share of autosomal genotypes called"),
        Head("het / hom", True, "heterozygous over homozygous non-reference genotypes"),
        Head("F", True, "inbreeding coefficient, method of moments"),
        Head("depth", True, "mean depth: of the alignment where there is one, else the calls' DP"),
    )
    table = TableView(
        "verdicts",
        "Every sample with its verdict and the reasons in words",
        heads,
        rows,
        note,
        is_searchable=True,
        is_sortable=True,
        levels=tuple(v for v in ("fail", "warn", "pass") if (samples["verdict"] == v).any()),
        row_levels=shown["verdict"].tolist(),
    )
    return Group("Verdicts", tables=(table,))


def _verdict_row(row: Record) -> list[Cell | str]:
    reasons = row["reasons"]
    sentences = [str(r) for r in reasons] if hasattr(reasons, "__iter__") else []
    recorded, inferred = str(row["sex_recorded"]), str(row["sex_inferred"])
    same = inferred in (recorded, "unknown")
    return [
        str(row["sample_id"]),
        Cell(
            VERDICT_WORDS[str(row["verdict"])],
            {"fail": 0, "warn": 1}.get(str(row["verdict"]), 2),
            f"badge {row['verdict']}",
        ),
        Cell(" ".join(sentences), len(sentences)),
        recorded if same else f"{recorded} (looks {inferred})",
        str(row["batch"]),
        number_cell(row["call_rate"], format_rate),
        number_cell(row["het_hom_ratio"], format_number),
        number_cell(row["f_inbreeding"], format_fixed),
        number_cell(row["mean_depth"], format_number),
    ]


def _limits(reasons: pd.DataFrame | None, metric: str) -> list[tuple[float, str]]:
    if reasons is None:
        return []
    part = reasons[(reasons["metric"] == metric) & reasons["threshold"].notna()]
    found = sorted(set(zip(part["threshold"].astype(float), part["level"], strict=True)))
    return [(value, f"{level} limit") for value, level in found][:4]


def _call_rate(samples: pd.DataFrame, reasons: pd.DataFrame | None) -> Figure | None:
    rates = samples["call_rate"].to_numpy(float)
    if not np.isfinite(rates).any():
        return None
    edges, counts = compute_bins(rates, 28)
    inside = edges <= 1 + 1e-9
    edges, counts = edges[inside], counts[: inside.sum() - 1]
    if counts.sum() < np.isfinite(rates).sum():
        counts[-1] += np.isfinite(rates).sum() - counts.sum()
    median = float(np.nanmedian(rates))
    low = samples.iloc[int(np.nanargmin(rates))]
    title = (
        f"Half of the samples call at least {format_rate(median, 2)} of their genotypes; the "
        f"lowest, sample {low['sample_id']}, {format_rate(float(low['call_rate']))}"
    )
    svg = draw_histogram(
        edges,
        counts,
        x="call rate (share of autosomal genotypes)",
        y="samples",
        rules=_limits(reasons, "call_rate"),
        label=f"Histogram of call rates. {title}.",
    )
    return Figure(
        "call-rate", title, svg, "Samples to the far left were poorly typed and lose power."
    )


def _singletons(samples: pd.DataFrame) -> Figure | None:
    values = samples["n_singletons"].to_numpy(float)
    if not np.isfinite(values).any():
        return None
    edges, counts = compute_bins(values, 28)
    most = samples.iloc[int(np.nanargmax(values))]
    title = (
        f"The median sample has {format_count(float(np.nanmedian(values)))} singletons; the most, "
        f"sample {most['sample_id']}, {format_count(most['n_singletons'])}"
    )
    svg = draw_histogram(
        edges, counts, x="singletons (alleles seen once in the cohort)", y="samples",
        label=f"Histogram of singletons per sample. {title}.",
    )  # fmt: skip
    summary = "Many singletons point to a different ancestry or to false calls; relatives have few."
    return Figure("singletons", title, svg, summary)


_METRIC = {
    "f_inbreeding": (
        "F",
        "inbreeding coefficient F",
        "Low F with a normal call rate hints at contamination, high F at inbreeding or a second "
        "ancestry; a low call rate makes both unreliable.",
    ),
    "het_hom_ratio": (
        "het / hom ratio",
        "heterozygous / homozygous ALT",
        "The ratio depends on ancestry; a sample far from its own group deserves a look.",
    ),
}


def _scatter(samples: pd.DataFrame, metric: str, settings: ReportSettings) -> Figure | None:
    name, label, summary = _METRIC[metric]
    frame = samples.dropna(subset=[metric, "call_rate"])
    if not len(frame):
        return None
    words = frame["verdict"].map(VERDICT_WORDS)
    frame = frame.assign(x=frame["call_rate"], y=frame[metric], shown=words)
    frame["title"] = [
        f"{s}: call rate {format_rate(x, 2)}, {name} {format_number(y)}"
        for s, x, y in zip(frame["sample_id"], frame["x"], frame["y"], strict=True)
    ]
    low, high = compute_limits(frame["x"].tolist())
    chart = Chart(
        Axis("call rate", low, min(high, 1 + 0.02 * (1 - low))),
        Axis(label, *compute_limits(frame["y"].tolist())),
    )
    keys = draw_groups(
        chart, frame, group="shown", colors=VERDICT_COLORS, title="title",
        hover=settings.hover_samples, always=(VERDICT_WORDS["warn"], VERDICT_WORDS["fail"]),
    )  # fmt: skip
    middle, reach = float(frame["y"].mean()), 4 * float(frame["y"].std(ddof=0))
    outside = frame[(frame["y"] - middle).abs() > reach] if reach > 0 else frame.head(0)
    title = f"The mean {name} is {format_fixed(middle)} (SD {format_fixed(reach / 4)}); "
    title += (
        f"{plural(len(outside), 'sample')} {'is' if len(outside) == 1 else 'are'} beyond 4 SD"
        if len(outside)
        else "no sample is beyond 4 SD"
    )
    svg = chart.svg(f"Scatter plot of {label} against call rate. {title}.")
    return Figure(f"scatter-{metric.replace('_', '-')}", title, svg, summary, keys)


_SEX_AXES = {
    "x_f": "F on X outside the pseudo-autosomal regions",
    "y_call_rate": "share of Y variants called",
    "x_depth_ratio": "depth on X / on the autosomes",
    "y_depth_ratio": "depth on Y / on the autosomes",
}


def _sex(samples: pd.DataFrame, x: str, y: str, settings: ReportSettings) -> Figure | None:
    frame = samples.dropna(subset=[x])
    has_y = bool(len(frame)) and frame[y].notna().any()
    if not len(frame):
        return None
    if not has_y:
        return _sex_histogram(frame, x)
    frame = frame.dropna(subset=[y])
    frame = frame.assign(x=frame[x], y=frame[y])
    wrong = _contradicts_sex(frame)
    frame["shown"] = np.where(wrong, "contradicts the record", frame["sex_recorded"])
    frame["title"] = [
        f"{s}: recorded {r}, looks {i}"
        for s, r, i in zip(
            frame["sample_id"], frame["sex_recorded"], frame["sex_inferred"], strict=True
        )
    ]
    chart = Chart(
        Axis(_SEX_AXES[x], *compute_limits(frame["x"].tolist())),
        Axis(_SEX_AXES[y], *compute_limits(frame["y"].tolist())),
    )
    keys = draw_groups(
        chart,
        frame,
        group="shown",
        colors=[
            ("female", 3, "circle"), ("male", 0, "triangle"), ("unknown", "muted", "diamond"),
            ("contradicts the record", "fail", "square"),
        ],
        title="title",
        hover=settings.hover_samples,
        always=("contradicts the record",),
    )  # fmt: skip
    source = "alignments" if x == "x_depth_ratio" else "calls"
    ids = some_of(frame.loc[wrong, "sample_id"].tolist(), 3)
    title = (
        f"{plural(int(wrong.sum()), 'sample contradicts', 'samples contradict')}"
        f" the recorded sex by the {source}: {ids}"
        if wrong.any()
        else f"The recorded sex agrees with the {source} in all {format_count(len(frame))} samples"
    )
    svg = chart.svg(f"Scatter plot of {_SEX_AXES[y]} against {_SEX_AXES[x]}. {title}.")
    summary = (
        "Males lie where X is single and Y is present, females where X is double and Y absent."
    )
    return Figure(f"sex-{source}", title, svg, summary, keys)


def _sex_histogram(frame: pd.DataFrame, x: str) -> Figure:
    edges, counts = compute_bins(frame[x].to_numpy(float), 28)
    wrong = int(_contradicts_sex(frame).sum())
    title = (
        f"{plural(wrong, 'sample')} contradict the recorded sex"
        if wrong
        else f"The recorded sex agrees in all {format_count(len(frame))} samples"
    )
    svg = draw_histogram(edges, counts, x=_SEX_AXES[x], y="samples", label=title)
    return Figure(
        f"sex-{x.replace('_', '-')}", title, svg, "There are no calls on Y to compare with."
    )


def _contradicts_sex(frame: pd.DataFrame) -> pd.Series:
    known = frame["sex_recorded"].isin(["male", "female"])
    clear = frame["sex_inferred"].isin(["male", "female"])
    return known & clear & (frame["sex_recorded"] != frame["sex_inferred"])
