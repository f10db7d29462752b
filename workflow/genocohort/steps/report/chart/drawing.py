"""A drawing together with the numbers it shows, so that a reader can take both away."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from genocohort.steps.report.chart.scales import Axis

Value = str | float


@dataclass(frozen=True)
class Grid:
    """Numbers as a table: heads, and rows of the same length."""

    heads: tuple[str, ...]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True)
class Drawing:
    """SVG text, and what it shows."""

    svg: str
    data: Grid


@dataclass(frozen=True)
class Mark:
    """What one mark stands for; NaN and empty text: it has no such value.

    A bar reaches from `x` to `end` and up to `y`; a band or a run from `low` to `high` at `x`.
    """

    series: str
    x: float
    y: float = math.nan
    name: str = ""
    end: float = math.nan
    low: float = math.nan
    high: float = math.nan


def compute_grid(x: Axis, y: Axis, marks: Sequence[Mark]) -> Grid:
    """Marks as a table with the axes' labels as heads; columns without a value are left out.

    An axis without a label, or one whose places are names, gives no column: its names do.
    """
    across, up = x.label or "x", y.label or "y"
    ends = any(math.isfinite(m.end) for m in marks)
    columns: list[tuple[str, list[Value]]] = [
        ("series", [m.series for m in marks]),
        ("name", [m.name for m in marks]),
    ]
    if x.label and not x.is_named:
        columns.append((f"{across}, from" if ends else across, [m.x for m in marks]))
        columns.append((f"{across}, to", [m.end for m in marks]))
    if y.label and not y.is_named:
        columns.append((up, [m.y for m in marks]))
        columns.append((f"{up}, low", [m.low for m in marks]))
        columns.append((f"{up}, high", [m.high for m in marks]))
    kept = [(head, values) for head, values in columns if any(not _is_empty(v) for v in values)]
    # A line drawn through its points has each value twice.
    rows = list(dict.fromkeys(zip(*(values for _, values in kept), strict=True)))
    return Grid(tuple(head for head, _ in kept), rows)


def _is_empty(value: Value) -> bool:
    return not value if isinstance(value, str) else not math.isfinite(value)


def to_csv(grid: Grid, digits: int = 5) -> str:
    """Comma-separated text; numbers with so many significant digits, whole ones in full."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grid.heads)
    writer.writerows([_written(v, digits) for v in row] for row in grid.rows)
    return text.getvalue()


def _written(value: Value, digits: int) -> str:
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return ""
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    return f"{value:.{digits}g}"
