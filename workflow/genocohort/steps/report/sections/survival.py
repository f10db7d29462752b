"""Kaplan-Meier curves with the numbers at risk, and the forest of hazard ratios."""

import math

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.scales import (
    Axis,
    compute_ticks,
    format_count,
    format_number,
    format_p,
    format_tick,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Head,
    Key,
    Record,
    Tables,
    TableView,
    is_missing,
    number_cell,
    plural,
    sentence_case,
    slug,
)
from genocohort.steps.report.sections.phenotypes import VARIABLE_WORDS

DAYS_PER_YEAR = 365.25


def compute_survival(tables: Tables) -> tuple[Figure, ...]:
    """One figure per outcome and grouping."""
    curves = tables.get("outcomes/survival_curves")
    if curves is None or not len(curves):
        return ()
    tests = tables.get("outcomes/survival_tests")
    pairs = dict.fromkeys(zip(curves["outcome"], curves["group_by"], strict=True))
    return tuple(_curves(curves, tests, outcome, by) for outcome, by in pairs)


def _curves(
    curves: pd.DataFrame, tests: pd.DataFrame | None, outcome: str, group_by: str
) -> Figure:
    part = curves[(curves["outcome"] == outcome) & (curves["group_by"] == group_by)]
    last_day = float(part["day"].max())
    in_years = last_day > 3 * DAYS_PER_YEAR
    unit = DAYS_PER_YEAR if in_years else 1.0
    end = max(last_day / unit, 1e-9)
    lowest = float(part["ci_lower"].min())
    low = 0.0 if not math.isfinite(lowest) or lowest < 0.5 else math.floor(lowest * 10) / 10
    chart = Chart(
        Axis(f"{'years' if in_years else 'days'} since the index date", 0, end, grid=False),
        Axis("probability of no event", low, 1.0),
        height=330,
    )
    groups = list(dict.fromkeys(part["group"]))
    keys = []
    for color, group in enumerate(groups[:7]):
        rows = part[part["group"] == group].sort_values("day")
        events = int(rows["n_events"].sum())
        words = group_words(group, group_by)
        day = np.concatenate([[0.0], rows["day"].to_numpy(float) / unit])
        curve = np.concatenate([[1.0], rows["survival"].to_numpy(float)])
        lower = np.concatenate([[1.0], rows["ci_lower"].fillna(rows["survival"]).to_numpy(float)])
        upper = np.concatenate([[1.0], rows["ci_upper"].fillna(rows["survival"]).to_numpy(float)])
        floor = np.maximum(lower, low)
        chart.band(day, floor, upper, color=color, step=True)
        title = f"{words}: {plural(events, 'event')}, at the end {format_number(curve[-1], 2)}"
        curve = np.maximum(curve, low)
        chart.line(day, curve, color=color, step=True, title=title)
        keys.append(Key(color, f"{words} ({plural(events, 'event')})", "line"))
    ticks = compute_ticks(0, end)
    title = _title(part, tests, outcome, group_by)
    columns = ("group", "day", "n_at_risk", "n_events", "survival", "ci_lower", "ci_upper")
    shown = part[part["group"].isin(groups[:7])]
    rows = zip(*(shown[c].tolist() for c in columns), strict=True)
    data = Grid(columns, list(rows))
    drawing = chart.draw(f"Kaplan-Meier curves of {outcome}. {title}.", data)
    summary = "Bands are 95 % intervals (log-log); the table counts participants still at risk."
    return Figure(
        f"survival-{slug(outcome)}-{slug(group_by)}",
        title,
        drawing,
        summary,
        tuple(keys),
        below=_at_risk(part, groups[:7], ticks, unit, outcome, group_by),
        sources=(
            "outcomes/survival_curves: day, n_at_risk, n_events, survival, ci_lower, ci_upper",
            "outcomes/survival_tests: p_value",
        ),
    )


def by_words(group_by: str) -> str:
    """What groups are made of, in words."""
    return VARIABLE_WORDS.get(group_by, group_by.replace("_", " "))


def group_words(group: str, group_by: str) -> str:
    """The group in words: a variant's groups count the copies of its ALT allele."""
    if group == "(all)":
        return "everyone"
    alt = group_by.rsplit(":", 1)[-1]
    is_variant = group_by.count(":") == 3 and group.isdigit()
    return f"{group} {'copy' if group == '1' else 'copies'} of {alt}" if is_variant else group


def _title(part: pd.DataFrame, tests: pd.DataFrame | None, outcome: str, group_by: str) -> str:
    words = sentence_case(outcome)
    if group_by == "(all)":
        events = int(part["n_events"].sum())
        last = part.sort_values("day")["survival"].iloc[-1]
        return f"{words}: {plural(events, 'event')}; {100 * last:.0f} % are free of it at the end"
    by = by_words(group_by)
    if tests is None:
        return f"{words} by {by}"
    row = tests[(tests["outcome"] == outcome) & (tests["group_by"] == group_by)]
    if not len(row) or not math.isfinite(row["p_value"].iloc[0]):
        return f"{words} by {by}: the groups cannot be compared"
    p = float(row["p_value"].iloc[0])
    verb = "differs" if p < 0.05 else "does not differ detectably"
    return f"{words} {verb} by {by} (log‑rank P\u00a0=\u00a0{format_p(neg_log10(p))})"


def neg_log10(p: float) -> float:
    """-log10 of a P value; one that underflowed to 0 counts as 1e-308."""
    return -math.log10(max(p, 1e-308)) if math.isfinite(p) else math.nan


def _at_risk(
    part: pd.DataFrame, groups: list[str], ticks: list[float], unit: float, outcome: str, by: str
) -> TableView:
    rows: list[list[Cell | str]] = []
    for group in groups:
        mine = part[part["group"] == group].sort_values("day")
        day = mine["day"].to_numpy(float)
        at_risk = mine["n_at_risk"].to_numpy(int)
        counts = []
        for tick in ticks:
            # At risk just before the next day with a change; nothing happens in between.
            k = int(np.searchsorted(day, tick * unit, side="left"))
            counts.append(format_count(at_risk[k]) if k < len(day) else "0")
        rows.append([group_words(group, by), *counts])
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1
    heads = (Head("at risk"), *(Head(format_tick(t, step), True) for t in ticks))
    name = f"risk-{slug(outcome)}-{slug(by)}"
    caption = risk_caption(outcome, by)
    return TableView(name, caption, heads, rows, is_compact=True)


def risk_caption(outcome: str, group_by: str) -> str:
    """What the table under a figure's curves holds."""
    by = "" if group_by == "(all)" else f" by {by_words(group_by)}"
    return f"Participants at risk, {outcome.replace('_', ' ')}{by}"


def compute_forests(tables: Tables) -> tuple[tuple[Figure, ...], tuple[TableView, ...]]:
    """One forest per outcome, and the table of all hazard ratios."""
    hazards = tables.get("outcomes/hazards")
    if hazards is None or not len(hazards):
        return (), ()
    figures = []
    for outcome in dict.fromkeys(hazards["outcome"]):
        part = hazards[(hazards["outcome"] == outcome) & hazards["hazard_ratio"].notna()]
        if len(part):
            figures.append(_forest(str(outcome), part))
    return tuple(figures), (_hazards_table(hazards),)


def _forest(outcome: str, part: pd.DataFrame) -> Figure:
    rows = part.to_dict("records")
    n = len(rows)
    # A limit that is almost infinite would hide every other row.
    low = max(float(part["ci_lower"].min()), 0.02)
    high = min(float(part["ci_upper"].max()), 50.0)
    low, high = min(low, 0.8) / 1.1, max(high, 1.25) * 1.1
    labels = [term_words(row) for row in rows]
    ticks = [(n - 0.5 - i, text[:34]) for i, text in enumerate(labels)]
    chart = Chart(
        Axis("hazard ratio (95 % interval), logarithmic", low, high, "log"),
        Axis("", 0, n, ticks=ticks, grid=False),
        width=900,
        height=70 + 26 * n,
        right=150,
    )
    chart.rule(1.0, axis="x")
    for i, row in enumerate(rows):
        y = n - 0.5 - i
        ratio = float(row["hazard_ratio"])
        ends = [min(max(float(row[c]), low), high) for c in ("ci_lower", "ci_upper")]
        text = (
            f"{format_number(ratio)} ({format_number(row['ci_lower'])}–"
            f"{format_number(row['ci_upper'])})"
        )
        clear = row["ci_lower"] > 1 or row["ci_upper"] < 1
        color = 0 if clear else "muted"
        chart.line(ends, [y, y], color=color, title=f"{labels[i]}: {text}")
        inside = min(max(ratio, low), high)
        chart.points(
            [inside], [y], color=color, titles=[f"{labels[i]}: {text}"], size=4.5, marker="square"
        )
        chart.text(high, y, text, dx=10, dy=4)  # fmt: skip
    found = [labels[i] for i, r in enumerate(rows) if r["ci_lower"] > 1 or r["ci_upper"] < 1]
    words = sentence_case(outcome)
    title = (
        f"{words}: {plural(len(found), 'term')} of {n} with an interval that excludes 1"
        if found
        else f"{words}: no term's interval excludes 1"
    )
    columns = ("hazard_ratio", "ci_lower", "ci_upper")
    shown = part.assign(label=labels)
    values = zip(*(shown[c].tolist() for c in ("label", *columns)), strict=True)
    data = Grid(("term", *columns), [*values])
    drawing = chart.draw(f"Forest plot of hazard ratios for {outcome}. {title}.", data)
    summary = "Right of 1 the event comes earlier, left of 1 later; grey intervals include 1."
    source = "outcomes/hazards: term, model, hazard_ratio, ci_lower, ci_upper"
    return Figure(f"forest-{slug(outcome)}", title, drawing, summary, wide=True, sources=(source,))


def term_words(row: Record) -> str:
    """A term, with the model it is of where that is not plain."""
    term, model = str(row["term"]), str(row["model"])
    if model in ("(covariates)", term):
        return term
    return f"{term} [{model}]"


def _hazards_table(hazards: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = []
    outcomes = hazards["outcome"].nunique()
    has_notes = bool(hazards["note"].notna().any())
    for row in hazards.to_dict("records"):
        p, ph = (neg_log10(float(row[c])) for c in ("p_value", "ph_test_p_value"))
        interval = "–"
        if not is_missing(row["hazard_ratio"]):
            interval = "–".join(format_number(row[c]) for c in ("ci_lower", "ci_upper"))
        rows.append(
            [
                *([str(row["outcome"])] if outcomes > 1 else []),
                term_words(row),
                number_cell(row["hazard_ratio"], format_number),
                interval,
                number_cell(p, format_p),
                number_cell(ph, format_p, "alert" if ph > -math.log10(0.05) else ""),
                number_cell(row["n"], format_count),
                number_cell(row["n_events"], format_count),
                *([str(row["note"] or "")] if has_notes else []),
            ]
        )
    heads = (
        *([Head("outcome")] if outcomes > 1 else []),
        Head("term [model]"), Head("hazard ratio", True), Head("95 % interval", True),
        Head("P", True),
        Head("P (PH)", True, "proportional hazards: below 0.05 the ratio changes with time"),
        Head("participants", True), Head("events", True), *([Head("note")] if has_notes else []),
    )  # fmt: skip
    what = "" if outcomes > 1 else f" of {hazards['outcome'].iloc[0]}".replace("_", " ")
    source = (
        "outcomes/hazards: outcome, term, model, hazard_ratio, ci_lower, ci_upper, p_value, "
        "ph_test_p_value, n, n_events, note"
    )
    caption = f"Cox models{what}"
    return TableView("hazards", caption, heads, rows, is_sortable=True, sources=(source,))
