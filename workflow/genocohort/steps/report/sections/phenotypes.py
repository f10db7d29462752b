"""Part of the section `clinical`: phenotypes, times to event, polygenic scores."""

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    format_count,
    format_fixed,
    format_number,
    format_rate,
)
from genocohort.steps.report.chart.shapes import compute_bins, draw_histogram
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
    sentence_case,
    slug,
)

# Columns of the participants' table in words.
VARIABLE_WORDS = {
    "age_index": "age at the index date (years)",
    "sex_recorded": "sex",
    "ancestry_reported": "reported ancestry",
}
WIDE = "clinical/phenotypes_wide"
SCORES = "outcomes/scores"
TIME_ENDINGS = ("_entry_day", "_day", "_event")
MOST_FIGURES = 12
NOT_REPORTED = "not reported"


def compute_distributions(wide: pd.DataFrame | None) -> list[Group]:
    """One histogram for each phenotype and covariate that is measured, one table of the others."""
    if wide is None or not len(wide):
        return []
    names = [c for c in wide.columns if c != "participant_id"]
    times = {c for c in names if c.endswith(TIME_ENDINGS)}
    measured: list[str] = []
    coded: list[str] = []
    for name in names:
        values = wide[name].to_numpy(float)
        if name in times or not np.isfinite(values).any():
            continue
        distinct = np.unique(values[np.isfinite(values)])
        (coded if set(distinct) <= {0.0, 1.0} else measured).append(name)
    figures = tuple(_histogram(wide, name) for name in measured[:MOST_FIGURES])
    tables = (_coded_table(wide, coded),) if coded else ()
    if not figures and not tables:
        return []
    left_out = len(measured) - len(figures)
    text = f"{plural(left_out, 'further one')} in {WIDE}.parquet." if left_out else ""
    return [Group("Phenotypes and covariates", text, figures=figures, tables=tables)]


def _histogram(wide: pd.DataFrame, name: str) -> Figure:
    values = wide[name].to_numpy(float)
    there = values[np.isfinite(values)]
    edges, counts = compute_bins(values, 28)
    middle, spread = float(np.median(there)), float(there.std(ddof=1)) if len(there) > 1 else 0.0
    words = name.replace("_", " ")
    title = f"{words}: median {format_number(middle)}"
    title += f", standard deviation {format_number(spread)}" if spread else ""
    missing = len(values) - len(there)
    of_all = format_count(len(values))
    title += f"; {format_count(missing)} of {of_all} have no value" if missing else ""
    skew = float(((there - there.mean()) ** 3).mean() / spread**3) if spread else 0.0
    drawing = draw_histogram(
        edges, counts, x=VARIABLE_WORDS.get(name, words), y="participants",
        rules=[(middle, "median")], label=f"Histogram of {name}. {title}.",
    )  # fmt: skip
    summary = (
        "A long tail on one side: rank-normalise it, or look at the extremes, before testing."
        if abs(skew) > 1
        else "Values far from all others are worth a look in the records."
    )
    return Figure(f"values-{slug(name)}", title, drawing, summary, sources=(f"{WIDE}: {name}",))


def _coded_table(wide: pd.DataFrame, names: list[str]) -> TableView:
    rows: list[list[Cell | str]] = []
    for name in names:
        values = wide[name].to_numpy(float)
        yes, no = int((values == 1).sum()), int((values == 0).sum())
        missing = len(values) - yes - no
        share = yes / (yes + no) if yes + no else float("nan")
        rows.append(
            [
                name.replace("_", " "),
                *(Cell(format_count(n), n) for n in (yes, no)),
                number_cell(share, format_rate),
                Cell(format_count(missing), missing),
            ]
        )
    heads = (
        Head("name", help="sex: 1 male, 0 female"), Head("1 (case, yes)", True),
        Head("0 (control, no)", True), Head("share of 1", True), Head("no value", True),
    )  # fmt: skip
    caption = "Coded phenotypes and covariates, participants"
    source = f"{WIDE}: {', '.join(names)}"
    return TableView("coded", caption, heads, rows, is_whole=len(rows) <= 20, sources=(source,))


def list_times(outcomes: pd.DataFrame | None) -> TableView | None:
    """Events, competing events and follow-up of each time to event."""
    if outcomes is None:
        return None
    times = outcomes[outcomes["kind"] == "tte"]
    rows: list[list[Cell | str]] = []
    for name in dict.fromkeys(times["outcome"].astype(str)):
        part = times[times["outcome"] == name]
        event = part["event"].astype(float)
        entry = part["entry_day"].astype(float).fillna(0)
        followed = part["exit_day"].astype(float) - entry
        counts = [int((event == code).sum()) for code in (1, 2, 0)]
        late, unknown = int((entry > 0).sum()), int(event.isna().sum())
        rows.append(
            [
                sentence_case(name),
                *(Cell(format_count(n), n) for n in (len(part), *counts, late, unknown)),
                number_cell(float(followed.median()), format_count),
            ]
        )
    if not rows:
        return None
    heads = (
        Head("outcome"), Head("participants", True), Head("events", True),
        Head("competing events", True, "events that rule the outcome out, such as death"),
        Head("censored", True), Head("late entry", True, "at risk only from a day after 0"),
        Head("unknown", True), Head("median days at risk", True),
    )  # fmt: skip
    note = (
        "Curves and models below are cause-specific: a competing event counts as censoring there, "
        "so 1 minus a curve is more than the share of participants who get the outcome."
    )
    source = "clinical/outcomes: outcome, kind, entry_day, exit_day, event"
    return TableView(
        "times", "Times to event", heads, rows, note, is_whole=len(rows) <= 20, sources=(source,)
    )


def compute_scores(tables: Tables) -> list[Group]:
    """The distribution of each polygenic score, by reported ancestry."""
    scores = tables.get(SCORES)
    if scores is None or not len(scores):
        return []
    participants = tables.get("clinical/participants")
    group = pd.Series(NOT_REPORTED, index=scores.index)
    if participants is not None:
        told = participants.set_index("participant_id")["ancestry_reported"]
        group = scores["participant_id"].map(told).fillna(NOT_REPORTED)
    frame = scores.assign(group=group)
    names = list(dict.fromkeys(frame["score"].astype(str)))
    figures = [_score(frame[frame["score"] == name], name) for name in names[:MOST_FIGURES]]
    table = _scores_table(frame, names)
    shown = tuple(f for f in figures if f)
    return [Group("Polygenic scores", figures=shown, tables=(table,))]


def _score(frame: pd.DataFrame, name: str) -> Figure | None:
    frame = frame.dropna(subset=["z"])
    if not len(frame):
        return None
    edges, _ = compute_bins(frame["z"].to_numpy(float), 26)
    sizes = frame["group"].value_counts()
    order = sorted(sizes.index, key=lambda g: (-sizes[g], g))[: len(MARKERS)]
    shares = {
        g: np.histogram(frame.loc[frame["group"] == g, "z"], edges)[0] / sizes[g] for g in order
    }
    top = max(float(s.max()) for s in shares.values())
    chart = Chart(
        Axis("standard deviations from the cohort's mean", float(edges[0]), float(edges[-1]),
             grid=False),
        Axis("share of the group", 0, top * 1.08, format=lambda v: f"{100 * v:.3g} %"),
    )  # fmt: skip
    keys = []
    for k, g in enumerate(order):
        heights = np.append(shares[g], shares[g][-1])
        text = f"{g}: {plural(int(sizes[g]), 'participant')}"
        chart.line(edges, heights, color=k, step=True, title=text, series=str(g))
        keys.append(Key(k, f"{g} ({plural(int(sizes[g]), 'participant')})", "line"))
    title = _score_title(frame, name, [g for g in order if sizes[g] >= 10 and g != NOT_REPORTED])
    drawing = chart.draw(f"Distribution of the polygenic score {name} by ancestry. {title}.")
    summary = (
        "A score's mean differs between ancestries whatever the trait does: compare people within "
        "a group, or adjust for the components."
    )
    sources = (f"{SCORES}: score, participant_id, z", "clinical/participants: ancestry_reported")
    return Figure(f"score-{slug(name)}", title, drawing, summary, tuple(keys), sources=sources)


def _score_title(frame: pd.DataFrame, name: str, groups: list[str]) -> str:
    if len(groups) < 2:
        return f"{name}: scores of {plural(len(frame), 'participant')}"
    means = frame.groupby("group")["z"].mean()[groups]
    apart = float(means.max() - means.min())
    return (
        f"{name}: the mean score of {means.idxmax()} lies {format_fixed(apart, 2)} standard "
        f"deviations above that of {means.idxmin()}"
    )


def _scores_table(frame: pd.DataFrame, names: list[str]) -> TableView:
    rows: list[list[Cell | str]] = []
    for name in names:
        part = frame[frame["score"] == name]
        values = part["value"].dropna()
        rows.append(
            [
                name,
                Cell(format_count(len(values)), len(values)),
                Cell(format_count(len(part) - len(values)), len(part) - len(values)),
                number_cell(float(values.mean()), format_number),
                number_cell(float(values.std(ddof=1)), format_number),
            ]
        )
    heads = (
        Head("score"), Head("participants", True), Head("without calls", True),
        Head("mean", True, "sum of weight times copies of the effect allele"), Head("SD", True),
    )  # fmt: skip
    source = f"{SCORES}: score, participant_id, value"
    return TableView(
        "scores", "Polygenic scores; the curves and models with them are below", heads, rows,
        is_whole=len(rows) <= 20, sources=(source,),
    )  # fmt: skip
