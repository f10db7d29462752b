"""Part of the section `structure`: samples among the groups of a reference panel."""

import pandas as pd

from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_count,
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
from genocohort.steps.report.sections.ancestry import UNASSIGNED, list_against
from genocohort.steps.report.settings import ReportSettings

SAMPLES = "ancestry/samples"
GROUPS = "ancestry/groups"
COMPONENTS = "ancestry/components"
MOST_GROUPS = len(MARKERS) - 1


def compute_panel(tables: Tables, settings: ReportSettings) -> list[Group]:
    """The group, where a panel was given."""
    samples, groups = tables.get(SAMPLES), tables.get(GROUPS)
    if samples is None or groups is None or not len(samples):
        return []
    figure = _figure(tables.get(COMPONENTS), groups, settings)
    far = int((samples["ancestry_inferred"] == UNASSIGNED).sum())
    text = (
        f"{plural(len(samples), 'sample')} placed among {plural(len(groups), 'group')} of the "
        f"panel; {format_count(far)} near to none of them."
    )
    tables_shown = [_groups_table(groups)]
    reported = _reported(samples, tables)
    if reported is not None:
        source = f"{SAMPLES}: sample_id, ancestry_inferred"
        caption = "Reported ancestry against the panel's groups, samples"
        told = samples.assign(ancestry_reported=reported)
        tables_shown.append(list_against(told, "panel-ancestry", caption, source))
    figures = (figure,) if figure else ()
    return [Group("Ancestry by the panel", text, figures=figures, tables=tuple(tables_shown))]


def _reported(samples: pd.DataFrame, tables: Tables) -> pd.Series | None:
    verdicts, participants = tables.get("sample_qc/samples"), tables.get("clinical/participants")
    if verdicts is None or participants is None:
        return None
    owner = samples["sample_id"].map(verdicts.set_index("sample_id")["participant_id"])
    return owner.map(participants.set_index("participant_id")["ancestry_reported"])


def _figure(
    components: pd.DataFrame | None, groups: pd.DataFrame, settings: ReportSettings
) -> Figure | None:
    if components is None or not {"PC1", "PC2"} <= set(components.columns):
        return None
    frame = components.dropna(subset=["PC1", "PC2"])
    cohort = frame[frame["role"] == "cohort"]
    panel = frame[frame["role"] == "panel"]
    if not len(cohort) or not len(panel):
        return None
    largest = groups.sort_values(["n_panel", "group"], ascending=[False, True])
    names = largest["group"].astype(str).head(MOST_GROUPS).tolist()
    chart = Chart(
        Axis("PC1 of the panel", *compute_limits(frame["PC1"].tolist()), n_ticks=4),
        Axis("PC2 of the panel", *compute_limits(frame["PC2"].tolist()), n_ticks=4),
        height=330,
    )
    keys = []
    rest = panel[~panel["group"].isin(names)]
    parts: list[tuple[str, int | str, pd.DataFrame]] = [
        (name, k, panel[panel["group"] == name]) for k, name in enumerate(names)
    ]
    for name, color, part in [*parts, ("other or none", "muted", rest)]:
        if len(part):
            x, y = part["PC1"].to_numpy(float), part["PC2"].to_numpy(float)
            chart.points(x, y, color=color, size=2.2, series=f"panel: {name}")
            keys.append(Key(color, f"panel: {name} ({plural(len(part), 'sample')})"))
    live = len(cohort) <= settings.hover_samples
    ids = cohort["sample_id"].astype(str).tolist()
    chart.points(
        cohort["PC1"].to_numpy(float), cohort["PC2"].to_numpy(float), color="ink",
        titles=ids if live else (), names=ids, size=2.6 if live else 1.4, marker="diamond",
        series="cohort",
    )  # fmt: skip
    keys.append(Key("ink", f"cohort ({plural(len(cohort), 'sample')})", "diamond"))
    most = groups.sort_values(["n_assigned", "group"], ascending=[False, True]).iloc[0]
    title = (
        f"Most samples lie with the panel's group “{most['group']}”: "
        f"{format_count(most['n_assigned'])} of {format_count(len(cohort))}"
    )
    drawing = chart.draw(f"The cohort among the samples of the panel. {title}.")
    summary = (
        "Components of the panel alone; the cohort is placed among them. Samples between groups "
        "may descend from both."
    )
    source = f"{COMPONENTS}: sample_id, role, group, PC1, PC2"
    return Figure(
        "panel", title, drawing, summary, tuple(keys), sources=(source, f"{GROUPS}: n_assigned")
    )


def _groups_table(groups: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = [
        [
            str(row["group"]),
            number_cell(row["n_panel"], format_count),
            number_cell(row["panel_agreement"], format_rate),
            number_cell(row["n_assigned"], format_count),
        ]
        for row in groups.to_dict("records")
    ]
    heads = (
        Head("group"), Head("panel samples", True),
        Head("told apart", True, "panel samples that lie nearest to their own group's centre"),
        Head("samples of the cohort", True, "assigned to it"),
    )  # fmt: skip
    source = f"{GROUPS}: group, n_panel, panel_agreement, n_assigned"
    return TableView(
        "panel-groups", "Groups of the panel", heads, rows, is_sortable=len(rows) > 1,
        sources=(source,),
    )  # fmt: skip
