"""What the page is made of: sections of groups of figures and tables."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from genocohort.steps.report.chart.drawing import Drawing

Tables = Mapping[str, pd.DataFrame]
Record = dict[Any, Any]  # a row of a data frame: `frame.to_dict("records")`
Level = Literal["pass", "note", "warn", "fail"]


@dataclass(frozen=True)
class Key:
    """One entry of a figure's legend."""

    color: int | str
    label: str
    marker: str = "circle"


@dataclass(frozen=True)
class Figure:
    """One figure: a title that says the finding, the drawing, one sentence on how to read it.

    `sources`: where its numbers are, as `<step>/<table>: column, column`.
    """

    id: str
    title: str
    drawing: Drawing
    summary: str
    keys: tuple[Key, ...] = ()
    wide: bool = False
    below: "TableView | None" = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the value it is sorted by, and a style."""

    text: str
    sort: float | str | None = None
    style: str = ""
    href: str = ""


@dataclass(frozen=True)
class Head:
    """One column's head."""

    label: str
    is_number: bool = False
    help: str = ""
    is_wide: bool = False


@dataclass(frozen=True)
class TableView:
    """A table as it is shown; a long one scrolls unless `is_whole`. `sources` as in Figure."""

    id: str
    caption: str
    heads: tuple[Head, ...]
    rows: Sequence[Sequence[Cell | str]]
    note: str = ""
    is_searchable: bool = False
    is_sortable: bool = False
    levels: tuple[str, ...] = ()
    row_levels: Sequence[str] = ()
    is_compact: bool = False
    is_whole: bool = False
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One stage of a flow: how many there are, and why others left before it."""

    count: str
    label: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """A flow, figures and tables under one heading; `is_lopsided`: the first figure is wider."""

    title: str = ""
    text: str = ""
    flow: tuple[Stage, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[TableView, ...] = ()
    is_lopsided: bool = False


@dataclass(frozen=True)
class Attention:
    """Something a reader should look at."""

    level: Level
    text: str
    href: str = ""


@dataclass(frozen=True)
class Section:
    """One section of the report."""

    id: str
    title: str
    lead: str
    groups: tuple[Group, ...]
    attention: tuple[Attention, ...] = ()
    facts: tuple[tuple[str, str], ...] = field(default=())

    @property
    def level(self) -> str:
        """The worst level among what needs attention; `pass` where nothing does."""
        levels = [a.level for a in self.attention]
        return next((level for level in ("fail", "warn", "note") if level in levels), "pass")


def is_missing(value: Any) -> bool:
    """Whether a table's value is null."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def number_cell(value: Any, show: Callable[[float], str], style: str = "") -> Cell:
    """A number as `show` writes it, sorted by its value; a dash where it is missing."""
    if is_missing(value) or not math.isfinite(value):
        return Cell("–", style=style)
    return Cell(show(float(value)), float(value), style)


def plural(n: int, noun: str, nouns: str = "") -> str:
    """`1 sample`, `2 samples`; thousands are set apart."""
    word = noun if n == 1 else nouns or f"{noun}s"
    return f"{n:,} {word}".replace(",", "\u202f")


def join_words(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def sentence_case(name: str) -> str:
    """A name as the start of a sentence: `heart_failure` becomes `Heart failure`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def slug(text: str) -> str:
    """A text as part of an element's id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def some_of(ids: Sequence[str], most: int = 5) -> str:
    """The first ids and how many more there are."""
    more = len(ids) - most
    return ", ".join(ids[:most]) + (f" and {more} more" if more > 0 else "")
