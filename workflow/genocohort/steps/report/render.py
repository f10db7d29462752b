"""Sections into one HTML page that needs nothing else."""

import base64
import hashlib
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genocohort.steps.report.chart.drawing import to_csv
from genocohort.steps.report.chart.scales import format_count
from genocohort.steps.report.chart.svg import draw_marker
from genocohort.steps.report.page import Cell, Key, Section, slug
from genocohort.steps.report.sections.sample_metrics import VERDICT_WORDS
from genocohort.steps.report.sections.verdict import Verdict

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("script.js", "downloads.js")
DIGITS = 5  # of the figures' data
SHARED_DIGITS = 3  # as fine as a drawing can be read


def sort_value(cell: Cell) -> str | None:
    """What a cell is sorted by, or None where the page's script reads it from the text itself."""
    if cell.sort is None or isinstance(cell.sort, str):
        return cell.sort
    if not math.isfinite(cell.sort):
        return None
    plain = cell.text.replace("\u202f", "").replace("\u2212", "-").removesuffix("\u00a0%")
    try:
        float(plain)
    except ValueError:
        return f"{cell.sort:.7g}"
    return None


def key_mark(key: Key) -> Markup:
    """The mark of a legend's entry."""
    if key.marker == "line":
        drawn = f'<path class="line c{key.color}" d="M0 6H14"/>'
    elif key.marker == "band":
        drawn = f'<rect class="band c{key.color}" width="14" height="12"/>'
    else:
        drawn = draw_marker(key.marker, 6, 6, 4.2, key.color, "")
    return Markup(f'<svg viewBox="0 0 14 12" aria-hidden="true">{drawn}</svg>')


def source_words(sources: Sequence[str]) -> Markup:
    """Where numbers came from: tables as files, each with its columns."""
    parts = (source.split(": ", 1) for source in sources)
    words = (f"<code>{escape(t)}.parquet</code> {escape(c.strip())}" for t, c in parts)
    return Markup("; ".join(words))


def render_page(
    study: str,
    build: str,
    version: str,
    verdict: Verdict,
    sections: Sequence[Section],
    *,
    is_shared: bool = False,
) -> str:
    """The report as text; the same input gives the same bytes.

    Parameters
    ----------
    study : str
        Name of the study.
    build : str
        Genome build; empty where nothing has coordinates.
    version : str
        Version of genocohort.
    is_shared : bool
        Whether it is the share edition.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "sort_value": sort_value,
        "key_mark": key_mark,
        "count": format_count,
        "slug": slug,
        "source_words": source_words,
        "csv": lambda grid: to_csv(grid, SHARED_DIGITS if is_shared else DIGITS),
        "level_word": lambda level: escape(VERDICT_WORDS[level]),
    }
    script = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        study=study,
        build=build,
        version=version,
        verdict=verdict,
        sections=sections,
        is_shared=is_shared,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        figure_style=(TEMPLATES / "figure.css").read_text(encoding="utf-8"),
        script=script,
        script_hash=f"sha256-{digest}",
    )
