"""The clinical section of the share edition."""

import math

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import Axis, format_count, format_number, format_p
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    Section,
    Stage,
    Tables,
    TableView,
    is_missing,
    number_cell,
    sentence_case,
    slug,
)
from genocohort.steps.report.sections.phenotypes import VARIABLE_WORDS
from genocohort.steps.report.sections.survival import (
    DAYS_PER_YEAR,
    by_words,
    group_words,
    neg_log10,
    risk_caption,
    term_words,
)
from genocohort.steps.report.share.disclosure import (
    Integers,
    Rules,
    compute_knots,
    find_suppressed,
    merge_small,
)

HIDDEN = Cell("hidden", style="quiet")
CANDIDATES = 12  # days at which a curve may be read, before the rules leave some out


def compute_shared_clinical(tables: Tables, rules: Rules) -> Section | None:
    """The section, or None where there are no clinical records or too few participants."""
    participants = tables.get("clinical/participants")
    if participants is None or len(participants) < rules.least:
        return None
    groups = [Group("From records to analysis", flow=_flow(tables, rules))]
    table1 = tables.get("outcomes/table1")
    if table1 is not None and len(table1):
        shown = compute_shared_table1(table1, rules)
        groups += [Group("Description of the cohort", tables=(shown,))] if shown else []
    curves = tables.get("outcomes/survival_curves")
    if curves is not None and len(curves):
        groups.append(_survival(curves, tables.get("outcomes/survival_tests"), rules))
        hazards = tables.get("outcomes/hazards")
        if hazards is not None and len(hazards):
            groups += _hazards(hazards, curves, rules)
    lead = f"{sentence_case(rules.words(len(participants)))} participants."
    return Section("clinical", "Clinical data", lead, tuple(groups))


def _flow(tables: Tables, rules: Rules) -> tuple[Stage, ...]:
    participants = tables["clinical/participants"]
    stages = [Stage(rules.words(len(participants)), "participants")]
    links = tables.get("clinical/samples")
    if links is not None:
        linked = set(links["participant_id"]) & set(participants["participant_id"])
        stages.append(Stage(rules.words(len(linked)), "with a sample"))
    phenotypes = tables.get("association_summary/phenotypes")
    if phenotypes is not None:
        stages += [
            Stage(rules.words(int(row["n"])), f"tested for {row['phenotype']}")
            for row in phenotypes.to_dict("records")
        ]
    return tuple(stages)


def compute_shared_table1(table1: pd.DataFrame, rules: Rules) -> TableView | None:
    """Table 1 with small groups put together and small cells hidden, none to be had by subtraction.

    Percentages are of the whole group, so that they do not give away how many have no value.
    """
    sizes = (table1["n"] + table1["n_missing"]).groupby(table1["group"], sort=False).max()
    total = int(sizes.get("(all)", 0))
    names = [str(g) for g in sizes.index if g != "(all)"]
    if total < rules.least:
        return None
    merged = merge_small([int(sizes[g]) for g in names], rules.least)
    labels = [names[m[0]] if len(m) == 1 else "other groups" for m in merged]
    widths = [sum(int(sizes[names[i]]) for i in m) for m in merged]
    rows: list[list[Cell | str]] = []
    for variable in dict.fromkeys(table1["variable"]):
        part = table1[table1["variable"] == variable]
        words = VARIABLE_WORDS.get(variable, str(variable).replace("_", " "))
        by_group = {str(g): f for g, f in part.groupby("group", sort=False)}
        if part["level"].isna().all():
            means = [_mean(by_group, [names[i] for i in m], rules) for m in merged]
            rows.append([words, _mean(by_group, ["(all)"], rules), *means])
        else:
            rows += _levels(words, by_group, [[names[i] for i in m] for m in merged],
                            [total, *widths], rules)  # fmt: skip
    heads = (
        Head("variable", is_wide=True),
        *(
            Head(f"{label} (n\u00a0=\u00a0{format_count(n)})", True)
            for label, n in zip(["all", *labels], [total, *widths], strict=True)
        ),
    )
    note = (
        f"Mean (SD), or n (% of the group). Cells of fewer than {rules.least} participants are "
        "hidden, and others with them wherever sums would give them back."
    )
    return TableView("table1", "Table 1", heads, rows, note, is_whole=True)


def _mean(by_group: dict[str, pd.DataFrame], names: list[str], rules: Rules) -> Cell:
    if len(names) > 1 or names[0] not in by_group:
        return Cell("–")
    row = by_group[names[0]].iloc[0]
    if int(row["n"]) < rules.least or is_missing(row["mean"]):
        return HIDDEN
    return Cell(f"{format_number(row['mean'])} ({format_number(row['sd'])})")


def _levels(
    words: str,
    by_group: dict[str, pd.DataFrame],
    merged: list[list[str]],
    sizes: list[int],
    rules: Rules,
) -> list[list[Cell | str]]:
    columns = [["(all)"], *merged]
    levels = list(dict.fromkeys(by_group["(all)"]["level"]))
    counts = np.zeros((len(levels) + 1, len(columns)), np.int64)
    for j, names in enumerate(columns):
        frames = [by_group[n] for n in names if n in by_group]
        for i, level in enumerate(levels):
            counts[i, j] = sum(int(f.loc[f["level"] == level, "count"].sum()) for f in frames)
        counts[-1, j] = sizes[j] - counts[:-1, j].sum()
    hidden = find_suppressed(counts, rules.least)
    rows: list[list[Cell | str]] = [[words, *("" for _ in columns)]]
    for i, level in enumerate([*levels, "missing"]):
        if i == len(levels) and not counts[i].any():
            continue
        cells = [
            HIDDEN
            if hidden[i, j]
            else Cell(f"{format_count(counts[i, j])} ({100 * counts[i, j] / sizes[j]:.0f} %)")
            for j in range(len(columns))
        ]
        rows.append([Cell(str(level), style="indent"), *cells])
    return rows


def _survival(curves: pd.DataFrame, tests: pd.DataFrame | None, rules: Rules) -> Group:
    pairs = list(dict.fromkeys(zip(curves["outcome"], curves["group_by"], strict=True)))
    drawn = [_curves(curves, tests, str(o), str(by), rules) for o, by in pairs]
    figures = tuple(f for f in drawn if f)
    left_out = len(pairs) - len(figures)
    text = (
        f"Curves are read only where at least {rules.least} events lie between two days and "
        f"{rules.least} participants are left in every group; smaller groups are left out."
    )
    if left_out:
        text += f" {left_out} of {len(pairs)} figures had nothing left to show."
    return Group("Survival", text, figures=figures)


def _counts_at(rows: pd.DataFrame, days: Integers) -> tuple[Integers, Integers]:
    """At risk after each day, and events up to and including it."""
    day = rows["day"].to_numpy(np.int64)
    at_risk = rows["n_at_risk"].to_numpy(np.int64)
    events = rows["n_events"].to_numpy(np.int64)
    left = int(at_risk[-1] - events[-1] - rows["n_censored"].to_numpy(np.int64)[-1])
    place = np.searchsorted(day, days, side="right")
    return np.append(at_risk, left)[place], np.append(0, events.cumsum())[place]


def _curves(
    curves: pd.DataFrame, tests: pd.DataFrame | None, outcome: str, by: str, rules: Rules
) -> Figure | None:
    part = curves[(curves["outcome"] == outcome) & (curves["group_by"] == by)]
    frames = {
        str(group): frame.sort_values("day") for group, frame in part.groupby("group", sort=False)
    }
    large = {
        group: frame
        for group, frame in frames.items()
        if frame["n_at_risk"].max() >= rules.least and frame["n_events"].sum() >= rules.least
    }
    if not large:
        return None
    last = int(part["day"].max())
    days = np.unique(np.linspace(0, last, CANDIDATES + 1)[1:].astype(np.int64))
    counts = {group: _counts_at(frame, days) for group, frame in large.items()}
    risks, events = zip(*counts.values(), strict=True)
    knots = compute_knots(days, risks, events, rules)
    if not knots:
        return None
    unit = DAYS_PER_YEAR if last > 3 * DAYS_PER_YEAR else 1.0
    shown = np.array([0, *knots])
    chart = Chart(
        Axis(f"{'years' if unit > 1 else 'days'} since the index date", 0, last / unit, grid=False),
        Axis("probability of no event", 0, 1),
        height=330,
    )
    keys: list[Key] = []
    rows: list[list[Cell | str]] = []
    for color, (group, frame) in enumerate(large.items()):
        place = np.searchsorted(frame["day"].to_numpy(), shown, side="right")
        survival = np.append(1.0, frame["survival"].to_numpy(float))[place].round(2)
        words = group_words(group, by)
        titles = [f"{words}, {d / unit:.1f}: {s:.2f}" for d, s in zip(shown, survival, strict=True)]
        chart.line(shown / unit, survival, color=color % 7, series=words)
        chart.points(shown / unit, survival, color=color % 7, titles=titles, series=words)
        keys.append(Key(color % 7, words, "line"))
        left = _counts_at(frame, shown)[0]
        left[0] = frame["n_at_risk"].max()
        rows.append([words, *(rules.cell(int(n)) for n in left)])
    heads = (Head("at risk, rounded"), *(Head(f"{d / unit:.1f}", True) for d in shown))
    below = TableView(
        f"risk-{slug(outcome)}-{slug(by)}", risk_caption(outcome, by),
        heads, rows, is_compact=True,
    )  # fmt: skip
    title = _title(tests, outcome, by)
    return Figure(
        f"survival-{slug(outcome)}-{slug(by)}", title,
        chart.draw(f"Coarse Kaplan-Meier curves of {outcome}. {title}."),
        "Kaplan-Meier estimates at few days, joined by straight lines.", tuple(keys), below=below,
    )  # fmt: skip


def _title(tests: pd.DataFrame | None, outcome: str, by: str) -> str:
    words = sentence_case(outcome)
    if by == "(all)":
        return f"{words}: how many are free of it"
    row = (
        None if tests is None else tests[(tests["outcome"] == outcome) & (tests["group_by"] == by)]
    )
    if row is None or not len(row) or not math.isfinite(row["p_value"].iloc[0]):
        return f"{words} by {by_words(by)}"
    p = float(row["p_value"].iloc[0])
    verb = "differs" if p < 0.05 else "does not differ detectably"
    return f"{words} {verb} by {by_words(by)} (log‑rank P\u00a0=\u00a0{format_p(neg_log10(p))})"


def _hazards(hazards: pd.DataFrame, curves: pd.DataFrame, rules: Rules) -> list[Group]:
    """Terms of models with enough events; a variant's only if each genotype has enough people."""
    sizes = curves.groupby(["outcome", "group_by", "group"])["n_at_risk"].max()
    least = sizes.groupby(level=["outcome", "group_by"]).min()
    rows: list[list[Cell | str]] = []
    for row in hazards.to_dict("records"):
        about = (row["outcome"], row["model"])
        is_large = row["model"] == "(covariates)" or least.get(about, 0) >= rules.least
        spared = int(row["n"]) - int(row["n_events"])
        few = min(int(row["n_events"]), spared) < rules.least
        if few or not is_large or is_missing(row["hazard_ratio"]):
            continue
        interval = "–".join(format_number(row[c]) for c in ("ci_lower", "ci_upper"))
        rows.append(
            [
                sentence_case(str(row["outcome"])),
                term_words(row),
                number_cell(row["hazard_ratio"], format_number),
                interval,
                number_cell(neg_log10(float(row["p_value"])), format_p),
                rules.cell(int(row["n"])),
                rules.cell(int(row["n_events"])),
            ]
        )
    if not rows:
        return []
    heads = (
        Head("outcome"), Head("term [model]"), Head("hazard ratio", True),
        Head("95 % interval", True), Head("P", True), Head("participants, rounded", True),
        Head("events, rounded", True),
    )  # fmt: skip
    left_out = len(hazards) - len(rows)
    note = f"{left_out} of {len(hazards)} terms rest on too few and are left out."
    table = TableView("hazards", "Cox models", heads, rows, note if left_out else "")
    return [Group("Hazards", tables=(table,))]
