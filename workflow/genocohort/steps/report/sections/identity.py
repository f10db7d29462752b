"""Part of the section `samples`: whose reads an alignment holds, and how many are foreign."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.scales import (
    Axis,
    compute_limits,
    format_count,
    format_rate,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Cell,
    Figure,
    Group,
    Head,
    Key,
    Record,
    Tables,
    TableView,
    is_missing,
    join_words,
    number_cell,
    plural,
    some_of,
)
from genocohort.steps.report.sections.curves import Floats
from genocohort.steps.report.sections.sample_metrics import limits_of
from genocohort.steps.report.settings import ReportSettings

SAMPLES = "identity/samples"
MOST_ROWS = 30  # alignments that have a row of their own, with every sample's calls in it
MOST_COLUMNS = 560
TABLE_ROWS = 1_000


def compute_identity(tables: Tables, settings: ReportSettings) -> list[Group]:
    """The group, where reads were counted at known sites."""
    identity = tables.get(SAMPLES)
    if identity is None or not len(identity):
        return []
    reasons = tables.get("sample_qc/reasons")
    figures = [
        _contamination(identity, reasons, settings),
        _concordance(identity, tables.get("identity/pairs"), settings),
    ]
    sites = tables.get("sites/sites")
    known = "known sites" if sites is None else plural(len(sites), "known site")
    text = f"Alleles of the reads at {known}, and the genotypes that samples have there."
    shown = tuple(f for f in figures if f)
    return [Group("Reads against calls", text, figures=shown, tables=(_table(identity, reasons),))]


def find_exchanged(identity: pd.DataFrame) -> list[tuple[str, str]]:
    """Pairs of samples each of whose reads fit the other's calls."""
    other = identity[identity["match"] == "other"]
    best = dict(zip(other["sample_id"], other["best_sample_id"], strict=True))
    return sorted((a, b) for a, b in best.items() if a < b and best.get(b) == a)


def _flagged(reasons: pd.DataFrame | None, metric: str) -> set[str]:
    if reasons is None:
        return set()
    return set(reasons.loc[reasons["metric"] == metric, "sample_id"])


def _contamination(
    identity: pd.DataFrame, reasons: pd.DataFrame | None, settings: ReportSettings
) -> Figure | None:
    frame = identity.dropna(subset=["contamination"]).sort_values(
        ["contamination", "sample_id"], kind="stable"
    )
    if not len(frame):
        return None
    flagged = frame["sample_id"].isin(_flagged(reasons, "contamination")).to_numpy(bool)
    n = len(frame)
    place: Floats = np.arange(n, dtype=np.float64) + 0.5
    share, low, high = (
        frame[f"contamination{end}"].to_numpy(float) for end in ("", "_low", "_high")
    )
    limits = limits_of(reasons, "contamination")
    top = compute_limits([*high, *(v for v, _ in limits)], include=[0.0, 0.02])[1]
    names = frame["sample_id"].astype(str).tolist()
    few = n <= 12 and max(map(len, names)) * n <= 48
    ticks = [(p, name) for p, name in zip(place, names, strict=True)] if few else []
    label = "sample" if few else "samples, the least contaminated first"
    chart = Chart(
        Axis(label, 0, n, ticks=ticks, grid=False, is_named=True),
        Axis("reads of another person", 0, top, format=lambda v: f"{100 * v:.3g} %"),
    )
    for value, _ in limits:
        chart.rule(value, text=f"limit {100 * value:g} %")
    columns = np.minimum((place / n * MOST_COLUMNS).astype(int), MOST_COLUMNS - 1)
    first = np.flatnonzero(np.diff(columns, prepend=-1))
    ends = np.maximum.reduceat(high, first)
    chart.runs(place[first], np.minimum.reduceat(low, first), ends, color="muted")
    titles = [
        f"{s}: {format_rate(v)} (95 % interval {format_rate(a)} to {format_rate(b)})"
        for s, v, a, b in zip(names, share, low, high, strict=True)
    ]
    live = n <= settings.hover_samples
    keys = []
    for is_bad, color, marker, word in (
        (False, "pass", "circle", "no finding"), (True, "fail", "square", "contaminated"),
    ):  # fmt: skip
        at = np.flatnonzero(flagged == is_bad)
        if len(at):
            hover = [titles[i] for i in at] if live or is_bad else ()
            size = 3.4 if live else 1.8
            chart.points(place[at], share[at], color=color, titles=hover, marker=marker, size=size)
            keys.append(Key(color, f"{word} ({plural(len(at), 'sample')})", marker))
    keys.append(Key("muted", "95 % interval", "line"))
    data = Grid(
        ("sample_id", "contamination", "contamination_low", "contamination_high"),
        list(zip(names, share, low, high, strict=True)) if live else [],
    )
    title = _contamination_title(names, share, flagged)
    drawing = chart.draw(f"Share of foreign reads by sample. {title}.", data if live else None)
    summary = (
        "Estimated from reads that carry an allele which the person's genotype does not have; the "
        "true share lies inside its line 19 times in 20."
    )
    sources = (f"{SAMPLES}: contamination, contamination_low, contamination_high",)
    return Figure("contamination", title, drawing, summary, tuple(keys), sources=sources)


def _contamination_title(names: list[str], share: Floats, flagged: npt.NDArray[np.bool_]) -> str:
    n = format_count(len(names))
    if not flagged.any():
        return f"None of {n} alignments is contaminated; the highest estimate is " + format_rate(
            float(share[-1])
        )
    worst = int(np.flatnonzero(flagged)[-1])
    found = int(flagged.sum())
    return (
        f"{found} of {n} alignments {'holds' if found == 1 else 'hold'} another person's reads: "
        f"{'' if found == 1 else 'most in '}{names[worst]}, {format_rate(float(share[worst]))}"
    )


def _concordance(
    identity: pd.DataFrame, pairs: pd.DataFrame | None, settings: ReportSettings
) -> Figure | None:
    frame = identity.dropna(subset=["best_concordance"])
    if not len(frame):
        return None
    title = _concordance_title(frame)
    if pairs is not None and len(frame) <= MOST_ROWS:
        return _rows_of_calls(frame, pairs, title)
    return _own_against_best(frame, title, settings)


def _concordance_title(frame: pd.DataFrame) -> str:
    exchanged = find_exchanged(frame)
    if exchanged:
        names = some_of([f"{a} and {b}" for a, b in exchanged], 3)
        each = "each one's reads fit the other's calls"
        return f"{names} {'were' if len(exchanged) == 1 else 'were each'} exchanged: {each}"
    wrong = frame[frame["match"].isin(["other", "none"])]
    if len(wrong):
        ids = some_of(wrong["sample_id"].tolist(), 3)
        word = plural(len(wrong), "alignment does", "alignments do")
        return f"{word} not fit the calls of the same name: {ids}"
    own = int((frame["match"] == "own").sum())
    if not own:
        return "No alignment has calls of its own name to compare with"
    return f"The reads of all {format_count(own)} alignments fit the calls of the same name"


def _rows_of_calls(frame: pd.DataFrame, pairs: pd.DataFrame, title: str) -> Figure:
    names = frame["sample_id"].astype(str).tolist()
    n = len(names)
    ticks = [(n - 0.5 - i, name[:18]) for i, name in enumerate(names)]
    compared = pairs.dropna(subset=["concordance"])
    low = float(compared["concordance"].min()) if len(compared) else 0.0
    chart = Chart(
        Axis("share of sites with the same genotype", max(0.0, low - 0.03), 1.02),
        Axis("", 0, n, ticks=ticks, grid=False, is_named=True),
        height=76 + max(22 * n, 120),
    )
    records = {str(row["sample_id"]): row for row in frame.to_dict("records")}
    alignment = compared["sample_id"].astype(str)
    for i, name in enumerate(names):
        y = n - 0.5 - i
        row = records[name]
        others = compared[alignment == name]
        apart = {name, str(row["best_sample_id"])}
        rest = others[~others["calls_sample_id"].astype(str).isin(apart)]["concordance"]
        chart.points(rest.to_numpy(float), [y] * len(rest), color="muted", size=2.2, series=name)
        best = str(row["best_sample_id"])
        if best != name:
            text = f"reads of {name}, calls of {best}: {format_rate(row['best_concordance'])}"
            chart.points([row["best_concordance"]], [y], color="fail", titles=[text], size=4.6,
                         marker="square", series=name, names=[best])  # fmt: skip
        if not is_missing(row["own_concordance"]):
            text = f"reads and calls of {name}: {format_rate(row['own_concordance'])}"
            chart.points([row["own_concordance"]], [y], color="pass", titles=[text], size=4.2,
                         series=name, names=[name])  # fmt: skip
    keys = (
        Key("pass", "calls of the same name"),
        Key("fail", "best fit, where it is another sample", "square"),
        Key("muted", "calls of every other sample"),
    )
    drawing = chart.draw(f"Agreement of each alignment with every sample's calls. {title}.")
    summary = (
        "One row an alignment. Reads and calls of one person agree at nearly all sites, those of "
        "siblings at about 70 %, of strangers at fewer."
    )
    source = "identity/pairs: sample_id, calls_sample_id, concordance"
    return Figure("concordance", title, drawing, summary, keys, sources=(source,))


def _own_against_best(frame: pd.DataFrame, title: str, settings: ReportSettings) -> Figure:
    frame = frame.dropna(subset=["own_concordance"])
    own, best = (frame[c].to_numpy(float) for c in ("own_concordance", "best_concordance"))
    low, high = compute_limits([*own, *best], include=[1.0], pad=0.03)
    chart = Chart(
        Axis("best agreement with any sample's calls", low, high),
        Axis("agreement with the calls of the same name", low, high),
    )
    fits = (frame["match"] == "own").to_numpy(bool)
    keys = []
    for is_own, color, marker, word in (
        (True, "pass", "circle", "own calls fit"), (False, "fail", "square", "own calls do not"),
    ):  # fmt: skip
        chosen = fits == is_own
        part = frame[chosen]
        if not len(part):
            continue
        live = len(frame) <= settings.hover_samples or not is_own
        titles = [
            f"{s}: own calls {format_rate(a)}, best {b} {format_rate(c)}"
            for s, a, b, c in zip(part["sample_id"], part["own_concordance"],
                                  part["best_sample_id"], part["best_concordance"], strict=True)
        ]  # fmt: skip
        chart.points(
            best[chosen], own[chosen], color=color, marker=marker, titles=titles if live else (),
            size=3.2 if live else 1.8, series=word, names=part["sample_id"].tolist(),
        )  # fmt: skip
        keys.append(Key(color, f"{word} ({plural(len(part), 'sample')})", marker))
    drawing = chart.draw(f"Agreement with own calls against the best agreement. {title}.")
    summary = "A sample below the diagonal fits somebody else's calls better than its own."
    source = f"{SAMPLES}: own_concordance, best_sample_id, best_concordance, match"
    return Figure("concordance", title, drawing, summary, tuple(keys), sources=(source,))


def _table(identity: pd.DataFrame, reasons: pd.DataFrame | None) -> TableView:
    findings: dict[str, list[str]] = {}
    if reasons is not None:
        mine = reasons[reasons["metric"].isin(["identity", "contamination"])]
        for name, sentence in zip(mine["sample_id"], mine["sentence"], strict=True):
            findings.setdefault(str(name), []).append(str(sentence))
    rank = [(0 if s in findings else 1, s) for s in identity["sample_id"].astype(str)]
    order = sorted(range(len(identity)), key=rank.__getitem__)[:TABLE_ROWS]
    records = identity.to_dict("records")
    rows = [_table_row(records[i], findings.get(rank[i][1], [])) for i in order]
    heads = (
        Head("sample"), Head("foreign reads", help="share, with its 95 % interval"),
        Head("sites", True, "known sites with reads"),
        Head("own calls", True, "share of sites with the same genotype"),
        Head("best fit", help="whose calls agree most with the reads"),
        Head("finding", is_wide=True),
    )  # fmt: skip
    left_out = len(identity) - len(rows)
    note = f"{plural(left_out, 'further sample')} in {SAMPLES}.parquet." if left_out else ""
    bad = [str(records[i]["sample_id"]) for i in order if rank[i][0] == 0]
    caption = "Reads against calls of every alignment"
    if bad:
        caption += f"; with a finding: {join_words(bad[:5])}" + (", …" if len(bad) > 5 else "")
    source = (
        f"{SAMPLES}: sample_id, contamination, contamination_low, contamination_high, n_sites, "
        "own_concordance, best_sample_id, best_concordance, match"
    )
    return TableView(
        "identity", caption, heads, rows, note, is_sortable=len(rows) > 1,
        is_searchable=len(rows) > 12, sources=(source, "sample_qc/reasons: sentence"),
    )  # fmt: skip


def _table_row(row: Record, findings: list[str]) -> list[Cell | str]:
    foreign, best = Cell("–"), Cell("–")
    if not is_missing(row["contamination"]):
        value, low, high = (float(row[f"contamination{end}"]) for end in ("", "_low", "_high"))
        text = f"{format_rate(value)} ({100 * low:.1f}–{100 * high:.1f})"
        foreign = Cell(text, value, "nowrap")
    if not is_missing(row["best_sample_id"]):
        text = f"{row['best_sample_id']}, {format_rate(row['best_concordance'])}"
        best = Cell(text, style="alert" if row["match"] in ("other", "none") else "")
    return [
        str(row["sample_id"]),
        foreign,
        number_cell(row["n_sites"], format_count),
        number_cell(row["own_concordance"], format_rate),
        best,
        " ".join(findings),
    ]
