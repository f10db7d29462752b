"""A figure drawn as SVG text: axes, lines, bands, bars, points with a title on hover."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt

from genocohort.steps.report.chart.drawing import Drawing, Grid, Mark, compute_grid
from genocohort.steps.report.chart.scales import Axis

Points = npt.NDArray[np.float64]
CHARACTER = 6.6  # mean width of a character at the figures' size of 12.5 px
MARKERS = ("circle", "square", "triangle", "diamond", "down", "circle", "square")


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def path(x: Iterable[float], y: Iterable[float]) -> str:
    """Path data of a polyline; a missing coordinate breaks the line."""
    parts: list[str] = []
    start = True
    for px, py in zip(x, y, strict=True):
        if not (math.isfinite(px) and math.isfinite(py)):
            start = True
            continue
        parts.append(f"{'M' if start else 'L'}{number(px)} {number(py)}")
        start = False
    return "".join(parts)


class Chart:
    """One set of axes; marks are drawn in the order they are added, and their values kept.

    `series` names what a mark belongs to, `names` each mark of its own; both are for the values
    alone. What is drawn in the colour `rule` is for orientation and has no values.

    Parameters
    ----------
    x, y : Axis
        The axes.
    width, height : float
        Size in px of the view box, labels included.
    left : float or None
        Width kept for the y axis' labels; None: by their length.
    top : float
        Height kept above the axes (for a legend).
    """

    def __init__(
        self,
        x: Axis,
        y: Axis,
        *,
        width: float = 430,
        height: float = 290,
        left: float | None = None,
        top: float = 14,
        right: float = 14,
    ) -> None:
        self.x, self.y, self.width, self.height = x, y, width, height
        if left is None:
            longest = max((len(text) for _, text in y.labelled_ticks()), default=1)
            left = longest * CHARACTER + (34 if y.label else 14)
        self.left, self.top = left, top
        self.right, self.bottom = width - right, height - (44 if x.label else 24)
        self.marks: list[str] = []
        self.values: list[Mark] = []
        self.above: list[str] = []

    def px(self, value: float) -> float:
        """Horizontal place of a value."""
        return self.left + self.x.fraction(value) * (self.right - self.left)

    def py(self, value: float) -> float:
        """Vertical place of a value."""
        return self.bottom - self.y.fraction(value) * (self.bottom - self.top)

    def _places(self, x: Sequence[float] | Points, y: Sequence[float] | Points) -> Points:
        return np.array(
            [
                (self.px(a), self.py(b)) if math.isfinite(a) and math.isfinite(b) else (np.nan,) * 2
                for a, b in zip(x, y, strict=True)
            ]
        ).reshape(-1, 2)

    def line(
        self,
        x: Sequence[float] | Points,
        y: Sequence[float] | Points,
        *,
        color: int | str = 0,
        step: bool = False,
        dash: bool = False,
        title: str = "",
        series: str = "",
    ) -> None:
        """A line; `step` holds each value until the next x."""
        if color != "rule":
            pairs = zip(x, y, strict=True)
            self.values += [Mark(series, a, b) for a, b in pairs if math.isfinite(b)]
        if step and len(x) > 1:
            x = np.repeat(np.asarray(x, float), 2)[1:]
            y = np.repeat(np.asarray(y, float), 2)[:-1]
        places = self._places(x, y)
        dashed = " dash" if dash else ""
        self.marks.append(
            f'<path class="line c{color}{dashed}" d="{path(places[:, 0], places[:, 1])}">'
            f"{_title(title)}</path>"
        )

    def band(
        self,
        x: Sequence[float] | Points,
        low: Sequence[float] | Points,
        high: Sequence[float] | Points,
        *,
        color: int | str = 0,
        step: bool = False,
        title: str = "",
        series: str = "",
    ) -> None:
        """The area between two lines."""
        self.values += [
            Mark(series, a, low=b, high=c)
            for a, b, c in zip(x, low, high, strict=True)
            if math.isfinite(b) and math.isfinite(c)
        ]
        if step and len(x) > 1:
            x = np.repeat(np.asarray(x, float), 2)[1:]
            low = np.repeat(np.asarray(low, float), 2)[:-1]
            high = np.repeat(np.asarray(high, float), 2)[:-1]
        lower, upper = self._places(x, low), self._places(x, high)
        lower = lower[np.isfinite(lower).all(axis=1)]
        upper = upper[np.isfinite(upper).all(axis=1)]
        around = np.concatenate([lower, upper[::-1]])
        if len(around):
            data = path(around[:, 0], around[:, 1])
            self.marks.append(f'<path class="band c{color}" d="{data}Z">{_title(title)}</path>')

    def bars(
        self,
        left: Sequence[float] | Points,
        right: Sequence[float] | Points,
        height: Sequence[float] | Points,
        *,
        color: int | str | Sequence[int | str] = 0,
        titles: Sequence[str] = (),
        base: float | None = None,
        gap: float = 0.5,
        series: str = "",
        names: Sequence[str] = (),
    ) -> None:
        """Bars from `base` (the axis' low end) to `height`, each with a title on hover."""
        self.values += [
            Mark(series, a, h, names[i] if len(names) else "", end=b)
            for i, (a, b, h) in enumerate(zip(left, right, height, strict=True))
            if math.isfinite(h)
        ]
        floor = self.py(self.y.low if base is None else base)
        for i, (a, b, h) in enumerate(zip(left, right, height, strict=True)):
            if not math.isfinite(h) or (self.y.kind == "log" and h <= 0):
                continue
            x0, x1, top = self.px(a) + gap, self.px(b) - gap, self.py(h)
            if abs(floor - top) < 0.05:
                continue
            if isinstance(color, int | str):
                shade: int | str = color
            else:
                shade = color[i]
            self.marks.append(
                f'<rect class="bar c{shade}" x="{number(x0)}" y="{number(min(top, floor))}" '
                f'width="{number(max(x1 - x0, 0.6))}" height="{number(abs(floor - top))}">'
                f"{_title(titles[i] if len(titles) else '')}</rect>"
            )

    def points(
        self,
        x: Sequence[float] | Points,
        y: Sequence[float] | Points,
        *,
        color: int | str = 0,
        titles: Sequence[str] = (),
        size: float = 3.2,
        marker: str = "circle",
        series: str = "",
        names: Sequence[str] = (),
    ) -> None:
        """Points; with titles each is an element of its own, without all are one path.

        Of those without, one stands for all that fall on the same half pixel.
        """
        places = self._places(x, y)
        shown = np.flatnonzero(np.isfinite(places).all(axis=1))
        if not len(titles):
            rounded = np.round(places[shown] * 2) / 2
            unique, first = np.unique(rounded, axis=0, return_index=True)
            shown = shown[np.sort(first)]
        self.values += [
            Mark(series, float(x[i]), float(y[i]), names[i] if len(titles) and len(names) else "")
            for i in shown.tolist()
        ]
        if not len(titles):
            data = "".join(f"M{number(a)} {number(b)}h0" for a, b in unique)
            if data:
                self.marks.append(
                    f'<path class="dots c{color}" stroke-width="{number(2 * size)}" d="{data}"/>'
                )
            return
        for (a, b), text in zip(places, titles, strict=True):
            if math.isfinite(a) and math.isfinite(b):
                self.marks.append(draw_marker(marker, a, b, size, color, text))

    def runs(
        self, x: Points, low: Points, high: Points, *, color: int | str = 0, series: str = ""
    ) -> None:
        """Vertical strokes from `low` to `high` at `x`: how dense points are drawn as one path."""
        self.values += [
            Mark(series, float(a), low=float(b), high=float(c))
            for a, b, c in zip(x, low, high, strict=True)
        ]
        data = []
        for a, lo, hi in zip(x, low, high, strict=True):
            bottom, top = self.py(lo), self.py(hi)
            data.append(f"M{number(self.px(a))} {number(bottom)}V{number(min(top, bottom - 0.3))}")
        if data:
            self.marks.append(f'<path class="runs c{color}" d="{"".join(data)}"/>')

    def rule(
        self,
        value: float,
        *,
        axis: Literal["x", "y"] = "y",
        text: str = "",
        color: str = "rule",
        at_foot: bool = False,
    ) -> None:
        """A dashed reference line across the axes, with its name at an end."""
        if not 0 <= (self.y if axis == "y" else self.x).fraction(value) <= 1:
            return
        if axis == "y":
            at = number(self.py(value))
            line = f"M{number(self.left)} {at}H{number(self.right)}"
            label = self._label(self.right - 2, self.py(value) - 4, text, "end")
        else:
            at = number(self.px(value))
            line = f"M{at} {number(self.top)}V{number(self.bottom)}"
            near_end = self.px(value) > (self.left + 2 * self.right) / 3
            place = self.px(value) + (-4 if near_end else 4)
            height = self.bottom - 6 if at_foot else self.top + 10
            label = self._label(place, height, text, "end" if near_end else "start")
        self.marks.append(f'<path class="line dash c{color}" d="{line}"/>')
        if text:
            self.above.append(label)

    def _label(self, x: float, y: float, text: str, anchor: str) -> str:
        return (
            f'<text class="note" x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "start", dx: float = 0, dy: float = 0
    ) -> None:
        """A word at a place of the axes."""
        self.above.append(self._label(self.px(x) + dx, self.py(y) + dy, text, anchor))

    def diagonal(self) -> None:
        """The line y = x within the axes."""
        low = max(self.x.low, self.y.low)
        high = min(self.x.high, self.y.high)
        self.line([low, high], [low, high], color="rule", dash=True)

    def _axes(self) -> str:
        parts = []
        for value, text in self.y.labelled_ticks():
            at = self.py(value)
            if self.y.grid:
                line = f"M{number(self.left)} {number(at)}H{number(self.right)}"
                parts.append(f'<path class="grid" d="{line}"/>')
            parts.append(
                f'<text class="tick" x="{number(self.left - 7)}" y="{number(at + 4)}" '
                f'text-anchor="end">{escape(text)}</text>'
            )
        for value, text in self.x.labelled_ticks():
            at = self.px(value)
            if self.x.grid:
                line = f"M{number(at)} {number(self.top)}V{number(self.bottom)}"
                parts.append(f'<path class="grid" d="{line}"/>')
            if text:
                # The last one must not be cut at the figure's edge.
                at = min(at, self.width - 2 - len(text) * CHARACTER / 2)
                parts.append(
                    f'<text class="tick" x="{number(at)}" y="{number(self.bottom + 16)}" '
                    f'text-anchor="middle">{escape(text)}</text>'
                )
        corner = f"M{number(self.left)} {number(self.bottom)}H{number(self.right)}"
        parts.append(f'<path class="axis" d="{corner}"/>')
        middle_x = (self.left + self.right) / 2
        middle_y = (self.top + self.bottom) / 2
        if self.x.label:
            parts.append(
                f'<text class="label" x="{number(middle_x)}" y="{number(self.height - 8)}" '
                f'text-anchor="middle">{escape(self.x.label)}</text>'
            )
        if self.y.label:
            parts.append(
                f'<text class="label" transform="translate(13 {number(middle_y)}) rotate(-90)" '
                f'text-anchor="middle">{escape(self.y.label)}</text>'
            )
        return "".join(parts)

    def draw(self, label: str, data: Grid | None = None) -> Drawing:
        """The whole figure.

        Parameters
        ----------
        label : str
            What a screen reader says.
        data : Grid or None
            What the figure shows, where that is more than its marks' values.
        """
        return Drawing(self._svg(label), data or compute_grid(self.x, self.y, self.values))

    def _svg(self, label: str) -> str:
        return (
            f'<svg viewBox="0 0 {number(self.width)} {number(self.height)}" role="img" '
            f'aria-label="{escape(label)}" preserveAspectRatio="xMidYMid meet">'
            f"{self._axes()}{''.join(self.marks)}{''.join(self.above)}</svg>"
        )


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


# First corner and the steps to the next ones, in radii.
_MARKER_SHAPES: dict[str, tuple[tuple[float, float], tuple[tuple[float, float], ...]]] = {
    "square": ((-0.9, -0.9), ((1.8, 0), (0, 1.8), (-1.8, 0))),
    "triangle": ((0, -1.2), ((1.15, 2.1), (-2.3, 0))),
    "diamond": ((0, -1.3), ((1.3, 1.3), (-1.3, 1.3), (-1.3, -1.3))),
    "down": ((-1.15, -0.9), ((2.3, 0), (-1.15, 2.1))),
}


def draw_marker(kind: str, x: float, y: float, r: float, color: int | str, title: str) -> str:
    inner = _title(title)
    style = f'class="pt c{color}"'
    if kind == "circle":
        return f'<circle {style} cx="{number(x)}" cy="{number(y)}" r="{r:g}">{inner}</circle>'
    start, corners = _MARKER_SHAPES[kind]
    first = f"M{number(x + r * start[0])} {number(y + r * start[1])}"
    rest = "".join(f"l{number(r * dx)} {number(r * dy)}" for dx, dy in corners)
    return f'<path {style} d="{first}{rest}Z">{inner}</path>'
