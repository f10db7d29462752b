"""MultiQC's custom content as values: tables, scatter plots, bars and general statistics.

References
----------
https://docs.seqera.io/multiqc/custom_content (MultiQC 1.35)
"""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Content = dict[str, Any]

# Okabe and Ito (2008): told apart with any colour vision; grey for who has no group.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_GREY, _NONE = "#999999", "none given"
_PARENT = {
    "parent_id": "genocohort",
    "parent_name": "genocohort",
    "parent_description": "Quality and structure of the cohort, as in its own report.",
}


@dataclass(frozen=True)
class Column:
    """A column of a table: where its value comes from and how it is shown.

    `factor` is 100 for shares that are shown in percent.
    """

    name: str
    title: str
    meaning: str
    decimals: int = 2
    factor: int = 1
    scale: str | bool = "Blues"
    hidden: bool = False

    @property
    def header(self) -> Content:
        """As MultiQC wants it."""
        header: Content = {"title": self.title, "description": self.meaning, "scale": self.scale}
        if self.scale is not False:
            header["format"] = f"{{:,.{self.decimals}f}}"
        if self.factor == 100:
            header |= {"suffix": "%", "min": 0, "max": 100}
        if self.name == "verdict":
            header["cond_formatting_rules"] = {v: [{"s_eq": v}] for v in ("pass", "warn", "fail")}
        return header | ({"hidden": True} if self.hidden else {})

    def cell(self, row: Row) -> Any:
        """The value as it is shown; None where there is none."""
        value = row[self.name]
        if isinstance(value, list):
            value = " ".join(value)
        if isinstance(value, str):
            return html.escape(value) or None
        if value is None or not math.isfinite(value):
            return None
        return round(value * self.factor, 6)


def _section(name: str, title: str, description: str, **more: Any) -> Content:
    return {
        "id": f"genocohort_{name}",
        **_PARENT,
        "section_name": title,
        "description": description,
        **more,
    }


def _cells(columns: Sequence[Column], row: Row) -> Content:
    cells = {column.name: column.cell(row) for column in columns}
    return {name: value for name, value in cells.items() if value is not None}


def make_table(
    name: str, title: str, description: str, columns: Sequence[Column], rows: Mapping[str, Row]
) -> Content:
    """A table with one row per name; a sentence where there is none."""
    data = {key: _cells(columns, row) for key, row in rows.items()}
    if not any(data.values()):
        return make_note(name, title, description)
    return _section(
        name, title, description,
        plot_type="table",
        pconfig={"id": f"genocohort_{name}_table", "title": f"genocohort: {title}"},
        headers={column.name: column.header for column in columns},
        # In a list, names are left as they are.
        data=[data],
    )  # fmt: skip


def make_general(columns: Sequence[Column], rows: Mapping[str, Row]) -> Content:
    """Columns of MultiQC's first table, which all programs share."""
    return {
        "id": "genocohort_general",
        "plot_type": "generalstats",
        "namespace": "genocohort",
        "headers": {column.name: column.header for column in columns},
        "data": {key: _cells(columns, row) for key, row in rows.items()},
    }


@dataclass(frozen=True)
class Point:
    """A point of a scatter plot: its name, place, and the group that gives its colour."""

    name: str
    x: float | None
    y: float | None
    group: str | None


def make_scatter(
    name: str,
    title: str,
    description: str,
    axes: tuple[str, str],
    points: Iterable[Point],
    *,
    groups: Sequence[str] = (),
    y_lines: Sequence[float] = (),
) -> Content:
    """A scatter plot; a point without a place on both axes is left out.

    Parameters
    ----------
    groups
        Their order, which gives the colours; other ones follow in the order of the alphabet.
    y_lines
        Where to draw horizontal lines.
    """
    shown = [p for p in points if p.x is not None and p.y is not None]
    if not shown:
        return make_note(name, title, description)
    others = sorted({p.group for p in shown if p.group} - set(groups))
    order = [g for g in groups if any(p.group == g for p in shown)] + others
    colours = {group: _COLOURS[i % len(_COLOURS)] for i, group in enumerate(order)}
    data = {
        p.name: {
            "x": p.x, "y": p.y, "name": html.escape(f"{p.name}: {p.group or _NONE}"),
            "color": colours.get(p.group or "", _GREY),
        }
        for p in shown
    }  # fmt: skip
    # MultiQC draws no legend that a reader can trust: every point is a series of its own.
    legend = [*colours.items(), *([(_NONE, _GREY)] if any(not p.group for p in shown) else [])]
    keys = [f'<span style="color:{c}">&#9679;</span> {html.escape(g)}' for g, c in legend]
    description = f"{description} {', '.join(keys)}"
    config: Content = {"id": f"genocohort_{name}_plot", "title": f"genocohort: {title}"}
    config |= {"xlab": axes[0], "ylab": axes[1]}
    if y_lines:
        config["y_lines"] = [{"value": y, "dash": "dash", "color": "#666666"} for y in y_lines]
    return _section(
        name, title, description, plot_type="scatter", pconfig=config, data=[data]
    )  # fmt: skip


def make_bars(
    name: str, title: str, description: str, label: str, values: Mapping[str, float | None]
) -> Content:
    """One bar per name that has a value."""
    data = {key: {"value": value} for key, value in values.items() if value is not None}
    if not data:
        return make_note(name, title, description)
    return _section(
        name, title, description,
        plot_type="bargraph",
        pconfig={"id": f"genocohort_{name}_plot", "title": f"genocohort: {title}", "ylab": label,
                 "cpswitch": False, "sort_samples": False, "hide_zero_cats": False,
                 "use_legend": False},
        categories={"value": {"name": label, "color": _COLOURS[0]}},
        data=[data],
    )  # fmt: skip


def make_note(name: str, title: str, description: str) -> Content:
    """A section that says that there is nothing to show."""
    return _section(
        name, title, description, plot_type="html", data="<p>There is nothing to show.</p>"
    )
