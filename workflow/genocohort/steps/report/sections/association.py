"""Section `association`: per phenotype a Manhattan plot, a QQ plot and the strongest loci."""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from genocohort.steps.report.chart.drawing import Grid
from genocohort.steps.report.chart.genome_axis import compute_places
from genocohort.steps.report.chart.scales import (
    Axis,
    format_count,
    format_fixed,
    format_number,
    format_p,
)
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Figure,
    Group,
    Head,
    Key,
    Record,
    Section,
    Tables,
    TableView,
    is_missing,
    join_words,
    number_cell,
    plural,
    slug,
)
from genocohort.steps.report.sections.reduction import (
    compute_dense,
    compute_null_band,
    compute_quantiles,
)
from genocohort.steps.report.settings import ReportSettings

GWAS_COLUMNS = (
    "chromosome", "vcf_pos", "variant_id", "effect_allele", "effect_allele_frequency",
    "minor_allele_count", "neg_log10_p",
)  # fmt: skip
FREQUENCY_BINS = (
    (0.0, 0.01, "MAF < 1 %", "lambda_maf_below_0_01", 1),
    (0.01, 0.05, "MAF 1–5 %", "lambda_maf_0_01_to_0_05", 2),
    (0.05, 0.51, "MAF ≥ 5 %", "lambda_maf_from_0_05", 0),
)


def compute_association(
    tables: Tables, gwas: Iterable[tuple[str, pd.DataFrame]], settings: ReportSettings
) -> Section | None:
    """The section, or None where no phenotype was tested.

    Parameters
    ----------
    gwas : iterable of (phenotype, data frame)
        Columns `GWAS_COLUMNS` in genome order; consumed one by one, so that one is held at a time.
    """
    phenotypes = tables.get("association_summary/phenotypes")
    if phenotypes is None or not len(phenotypes):
        return None
    models = {str(row["phenotype"]): row for row in phenotypes.to_dict("records")}
    hits = tables.get("association_summary/top_hits")
    groups = [Group("Phenotypes tested", tables=(_models_table(phenotypes),))]
    for name, frame in gwas:
        model = models.get(name, {})
        figures = []
        if np.isfinite(frame["neg_log10_p"]).any():
            figures = [_manhattan(name, frame, hits, settings), _quantiles(name, frame, model)]
        tables_shown = () if hits is None else _hits_table(name, hits, model, settings)
        groups.append(
            Group(
                name,
                _model_text(model),
                figures=tuple(figures),
                tables=tables_shown,
                is_lopsided=True,
            )
        )
    loci = int(phenotypes["n_loci"].sum())
    lead = (
        f"{plural(len(phenotypes), 'phenotype')} tested variant by variant; "
        f"{plural(loci, 'locus reaches', 'loci reach')} significance."
    )
    facts = (("phenotypes tested", str(len(phenotypes))), ("significant loci", format_count(loci)))
    return Section(
        "association", "Association", lead, tuple(groups), _attention(phenotypes, settings), facts
    )


def _attention(phenotypes: pd.DataFrame, settings: ReportSettings) -> tuple[Attention, ...]:
    found = []
    high = phenotypes[phenotypes["lambda_gc"] > settings.lambda_attention]
    for row in high.to_dict("records"):
        found.append(
            Attention(
                "warn",
                f"{row['phenotype']}: λ is {row['lambda_gc']:.3f}, so its P values may be too "
                "small; check relatedness, ancestry and batch before believing them.",
                f"#qq-{slug(str(row['phenotype']))}",
            )
        )
    for row in phenotypes[phenotypes["n_variants"] == 0].to_dict("records"):
        found.append(Attention("warn", f"{row['phenotype']}: no variant could be tested."))
    return tuple(found)


def _models_table(phenotypes: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = []
    for row in phenotypes.to_dict("records"):
        cases = "–" if is_missing(row["n_cases"]) else format_count(row["n_cases"])
        terms = [*row["covariates"]]
        if row["n_components"]:
            terms.append(plural(int(row["n_components"]), "component"))
        rows.append(
            [
                Cell(str(row["phenotype"]), href=f"#phenotype-{slug(str(row['phenotype']))}"),
                _kind(row),
                Cell(format_count(row["n"]), row["n"]),
                cases,
                join_words([str(t) for t in terms]) or "none",
                Cell(format_count(row["n_variants"]), row["n_variants"]),
                Cell(format_count(row["n_flagged"]), row["n_flagged"]),
                number_cell(row["lambda_gc"], format_fixed),
                number_cell(row["lambda_1000"], format_fixed),
                Cell(format_count(row["n_loci"]), row["n_loci"]),
            ]
        )
    heads = (
        Head("phenotype"), Head("kind"), Head("samples", True), Head("cases", True),
        Head("adjusted for"), Head("variants tested", True),
        Head("flagged", True, "variants whose result deserves care; the flag says why"),
        Head("λ", True, "median chi-squared over 0.4549"),
        Head("λ 1000", True, "λ scaled to 1,000 samples, or 1,000 cases and 1,000 controls"),
        Head("loci", True, "significant loci"),
    )  # fmt: skip
    source = (
        "association_summary/phenotypes: phenotype, kind, transform, n, n_cases, covariates, "
        "n_components, n_variants, n_flagged, lambda_gc, lambda_1000, n_loci"
    )
    caption = "What was tested, and how well it is calibrated"
    return TableView("models", caption, heads, rows, sources=(source,))


def _kind(row: Record) -> str:
    ranked = " (rank-normalised)" if row.get("transform") == "rint" else ""
    return f"{row.get('kind', '')}{ranked}"


def _model_text(model: Record) -> str:
    if not model:
        return ""
    cases = ""
    if not is_missing(model["n_cases"]):
        n_cases, n_controls = (format_count(model[c]) for c in ("n_cases", "n_controls"))
        cases = f" ({n_cases} cases, {n_controls} controls)"
    how = "logistic regression" if model["kind"] == "binary" else "linear regression"
    return (
        f"{format_count(model['n_variants'])} variants in {format_count(model['n'])} samples"
        f"{cases} by {how} on the number of effect alleles."
    )


def _manhattan(
    name: str, frame: pd.DataFrame, hits: pd.DataFrame | None, settings: ReportSettings
) -> Figure:
    places = compute_places(frame["chromosome"], frame["vcf_pos"].to_numpy(np.int64))
    place, number = places.place, places.number
    strength = frame["neg_log10_p"].to_numpy(float)
    dense = compute_dense(
        place, number, strength,
        span=places.span, live_from=settings.live_from, n_live=settings.live_points, n_columns=560,
    )  # fmt: skip
    lines = (-math.log10(settings.genome_wide_p), -math.log10(settings.suggestive_p))
    top = max(float(np.nanmax(strength)), lines[0]) * 1.06
    dense_top = float(dense.high.max()) if len(dense.high) else 0.0
    chart = Chart(
        places.axis(),
        Axis("strength of evidence, −log₁₀ P", 0, max(top, dense_top)),
        width=640,
        height=330,
    )
    for parity, color in ((0, "even"), (1, "odd")):
        part = dense.parity == parity
        chart.runs(dense.x[part], dense.low[part], dense.high[part], color=color)
    rows = frame.iloc[dense.live]
    titles = [
        f"{v} ({c}:{p}, {a}): P = {format_p(s)}"
        for v, c, p, a, s in zip(
            rows["variant_id"], rows["chromosome"], rows["vcf_pos"], rows["effect_allele"],
            strength[dense.live], strict=True,
        )
    ]  # fmt: skip
    significant = strength[dense.live] >= lines[0]
    for keep, color in (
        (~significant & (number[dense.live] % 2 == 0), "even"),
        (~significant & (number[dense.live] % 2 == 1), "odd"),
        (significant, "hit"),
    ):
        at = dense.live[keep]
        words = [t for t, k in zip(titles, keep, strict=True) if k]
        if len(at):
            chart.points(place[at], strength[at], color=color, titles=words, size=2.6)
    chart.rule(lines[0], color="hit", text=f"P = {format_p(lines[0])}")
    chart.rule(lines[1], text=f"P = {format_p(lines[1])}")
    if hits is not None:
        _name_hits(chart, name, hits, place, frame)
    title = _manhattan_title(name, frame, strength, hits, lines[0])
    columns = (*(rows[c] for c in GWAS_COLUMNS[:4]), strength[dense.live])
    data = Grid((*GWAS_COLUMNS[:4], "neg_log10_p"), list(zip(*columns, strict=True)))
    drawing = chart.draw(f"Manhattan plot of {name}. {title}.", data)
    summary = (
        f"Each point is a variant; {format_count(len(dense.live))} of the strongest are drawn one "
        "by one (their text shows on hover, they are the figure's data), the others as one shape."
    )
    if len(places.names) == 1:
        summary = f"Only {places.names[0]} was tested. " + summary
    return Figure(
        f"manhattan-{slug(name)}", title, drawing, summary,
        sources=(f"association_summary/{name}.gwas: chromosome, vcf_pos, neg_log10_p",),
    )  # fmt: skip


def _name_hits(
    chart: Chart, name: str, hits: pd.DataFrame, place: npt.NDArray[np.float64], frame: pd.DataFrame
) -> None:
    mine = hits[(hits["phenotype"] == name) & hits["is_significant"].astype(bool)].head(8)
    taken: list[float] = []
    for row in mine.to_dict("records"):
        same = (frame["vcf_pos"] == row["vcf_pos"]) & (frame["chromosome"] == row["chromosome"])
        at = np.flatnonzero(same.to_numpy())
        if not len(at):
            continue
        x = float(place[at[0]])
        if any(abs(chart.px(x) - other) < 60 for other in taken):
            continue
        taken.append(chart.px(x))
        gene = row["nearest_gene"]
        text = str(gene) if isinstance(gene, str) and gene else str(row["variant_id"])
        right = chart.px(x) > chart.right - 90
        chart.text(
            x, float(row["neg_log10_p"]), text[:24],
            anchor="end" if right else "start", dx=-6 if right else 6, dy=4,
        )  # fmt: skip


def _manhattan_title(
    name: str,
    frame: pd.DataFrame,
    strength: npt.NDArray[np.float64],
    hits: pd.DataFrame | None,
    line: float,
) -> str:
    best = int(np.nanargmax(strength))
    row = frame.iloc[best]
    where = f"{row['chromosome']}:{format_count(row['vcf_pos'])}"
    if strength[best] < line:
        return (
            f"{name}: no variant reaches genome-wide significance; the strongest, at {where}, has "
            f"P = {format_p(strength[best])}"
        )
    n_loci = 0
    if hits is not None:
        mine = hits[hits["phenotype"] == name]
        n_loci = int((mine["neg_log10_p"] >= line).sum())
    found = plural(max(n_loci, 1), "locus", "loci")
    return (
        f"{name}: {found} at genome-wide significance; the strongest at {where}, "
        f"P = {format_p(strength[best])}"
    )


def _quantiles(name: str, frame: pd.DataFrame, model: Record) -> Figure:
    strength = frame["neg_log10_p"].to_numpy(float)
    frequency = frame["effect_allele_frequency"].to_numpy(float)
    rarer = np.minimum(frequency, 1 - frequency)
    n = int(np.isfinite(strength).sum())
    expected, low, high = compute_null_band(n)
    top = float(np.nanmax(strength)) * 1.05
    reach = float(expected.max()) * 1.04
    chart = Chart(
        Axis("expected −log₁₀ P", 0, reach, n_ticks=4),
        Axis("observed −log₁₀ P", 0, max(top, reach)),
        width=310,
        height=330,
    )
    null = "95 % of the null"
    high = np.minimum(high, chart.y.high)
    chart.band(expected, np.maximum(low, 0), high, color="muted", series=null)
    chart.diagonal()
    keys = [Key("muted", null, "band")]
    for first, last, label, column, color in FREQUENCY_BINS:
        part = strength[(rarer >= first) & (rarer < last)]
        if not np.isfinite(part).any():
            continue
        x, y = compute_quantiles(part)
        chart.points(x, y, color=color, size=1.9, series=label)
        value = model.get(column)
        shown = "" if is_missing(value) else f": λ {value:.3f}"
        keys.append(Key(color, f"{label}{shown}"))
    value = model.get("lambda_gc")
    if value is None or is_missing(value):
        title = f"{name}: observed against expected P"
    elif value > 1.1:
        title = f"{name}: λ = {value:.3f}, the tests are inflated"
    elif value > 1.05:
        title = f"{name}: λ = {value:.3f}, the tests are slightly inflated"
    elif value < 0.95:
        title = f"{name}: λ = {value:.3f}, the tests are conservative"
    else:
        title = f"{name}: λ = {value:.3f}, the tests are calibrated"
    drawing = chart.draw(f"Quantile-quantile plot of {name}. {title}.")
    summary = (
        "Points on the diagonal behave as chance would have it; leaving it early means inflation, "
        "only at the end means signal."
    )
    sources = (
        f"association_summary/{name}.gwas: neg_log10_p, effect_allele_frequency",
        "association_summary/phenotypes: lambda_gc",
    )
    return Figure(f"qq-{slug(name)}", title, drawing, summary, tuple(keys), sources=sources)


def _hits_table(
    name: str, hits: pd.DataFrame, model: Record, settings: ReportSettings
) -> tuple[TableView, ...]:
    mine = hits[hits["phenotype"] == name].sort_values("rank", kind="stable")
    shown = mine.head(settings.top_hits)
    if not len(shown):
        return ()
    binary = model.get("kind") == "binary"
    has_flags = bool(shown["flag"].notna().any())
    rows: list[list[Cell | str]] = []
    for row in shown.to_dict("records"):
        beta, error = row["beta"], row["standard_error"]
        effect = math.exp(beta) if binary and not is_missing(beta) and abs(beta) < 700 else beta
        rows.append(
            [
                Cell(str(row["rank"]), row["rank"]),
                Cell(f"{row['chromosome']}:{format_count(row['vcf_pos'])}", style="nowrap"),
                str(row["variant_id"]),
                f"{row['effect_allele']} / {row['other_allele']}",
                number_cell(row["effect_allele_frequency"], format_number),
                number_cell(effect, format_number),
                number_cell(error, format_number),
                number_cell(
                    row["neg_log10_p"], format_p, "strong" if row["is_significant"] else ""
                ),
                _gene(row),
                *([_flag(row)] if has_flags else []),
            ]
        )  # fmt: skip
    heads = (
        Head("rank", True), Head("position"), Head("variant"), Head("effect / other allele"),
        Head("frequency", True, "of the effect allele among the tested samples"),
        Head("odds ratio" if binary else "effect", True, "per effect allele"),
        Head("SE of log-odds" if binary else "SE", True), Head("P", True),
        Head("nearest gene"), *([Head("flag")] if has_flags else []),
    )  # fmt: skip
    significant = int(shown["is_significant"].sum())
    caption = f"The strongest loci of {name}; {significant} significant"
    source = (
        "association_summary/top_hits: rank, chromosome, vcf_pos, variant_id, effect_allele, "
        "other_allele, effect_allele_frequency, beta, standard_error, neg_log10_p, nearest_gene, "
        "gene_distance_bp, flag"
    )
    return (
        TableView(f"hits-{slug(name)}", caption, heads, rows, is_sortable=True, sources=(source,)),
    )


def _flag(row: Record) -> str:
    return "" if is_missing(row["flag"]) else str(row["flag"]).replace("_", " ")


def _gene(row: Record) -> str:
    if is_missing(row["nearest_gene"]):
        return "–"
    distance = row["gene_distance_bp"]
    if is_missing(distance) or distance == 0:
        return str(row["nearest_gene"])
    size = f"{distance / 1000:.0f} kb" if distance >= 1000 else f"{distance} bp"
    return f"{row['nearest_gene']} ({size})"
