"""The share edition: what of the report can be shown outside, made from an allow-list.

Nothing is taken from the full edition but figures of variants; whatever counts or describes people
is made anew from sums, by the rules of `disclosure`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from genocohort.steps.report.chart.scales import Axis, format_count, format_number, format_rate
from genocohort.steps.report.chart.svg import Chart
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Figure,
    Group,
    Head,
    Level,
    Section,
    Tables,
    TableView,
    sentence_case,
)
from genocohort.steps.report.sections.alignment import draw_distribution
from genocohort.steps.report.sections.association import compute_association
from genocohort.steps.report.sections.relatedness import RELATION_WORDS
from genocohort.steps.report.sections.sample_metrics import VERDICT_WORDS
from genocohort.steps.report.sections.structure import draw_scree, list_fst
from genocohort.steps.report.sections.variants import compute_variants
from genocohort.steps.report.sections.verdict import Verdict, group_ledger, step_words
from genocohort.steps.report.settings import ReportSettings
from genocohort.steps.report.share.clinical import compute_shared_clinical
from genocohort.steps.report.share.disclosure import Rules

GENOTYPE_METRICS = ("dp", "gq")
INSIDE = ("variant_summary/density", "truth/concordance")


def compute_shared_sections(
    tables: Tables, gwas: Iterable[tuple[str, pd.DataFrame]], settings: ReportSettings
) -> list[Section]:
    """Every section of the share edition that has input."""
    rules = get_rules(settings)
    parts = (
        _alignment(tables, rules),
        _variants(tables, rules),
        _samples(tables, rules),
        _structure(tables, rules),
        compute_shared_clinical(tables, rules),
        _association(tables, gwas, rules, settings),
    )
    return [part for part in parts if part is not None]


def get_rules(settings: ReportSettings) -> Rules:
    """The limits of the settings."""
    return Rules(settings.share_min_count, settings.share_base, settings.share_min_stratum)


def compute_shared_verdict(
    tables: Tables, accounts: Mapping[str, Any], sections: Sequence[Section], rules: Rules
) -> Verdict:
    """The first screen, with rounded totals and no examples."""
    attention = [a for section in sections for a in section.attention]
    losses = len(accounts.get("losses", ())) + len(accounts.get("contradictions", ()))
    if losses:
        text = "Something that was asked for was lost; the full edition says what."
        attention.insert(0, Attention("fail", text))
    level: Level = "fail" if losses else "warn" if attention else "pass"
    headline = "The run is incomplete." if losses else "The run is complete."
    samples = tables.get("sample_qc/samples")
    if samples is not None and len(samples):
        headline += f" {sentence_case(rules.words(len(samples)))} samples got a verdict."
    said = (
        f"Prepared for a disclosure review: numbers of people below {rules.least} are hidden, and "
        f"others with them where sums would give them back; totals are rounded to {rules.base}; "
        f"genetic summaries rest on at least {rules.stratum} people, variants shown one by one on "
        f"at least {rules.least} copies of the rarer allele. No person is named or drawn.",
    )
    ledger = tables.get("accounts/ledger")
    facts = tuple(fact for section in sections for fact in section.facts)[:6]
    excluded = None if ledger is None else _excluded(ledger, rules)
    return Verdict(level, headline, said, (), facts, tuple(attention), excluded)


def _excluded(ledger: pd.DataFrame, rules: Rules) -> TableView | None:
    rows = group_ledger(ledger)
    large = [row for row in rows if row["n"] >= rules.least][:12]
    if not large:
        return None
    shown: list[list[Cell | str]] = [
        [rules.cell(row["n"]), row["unit"], row["reason"], step_words(row["step"])] for row in large
    ]
    few = sum(row["n"] < rules.least for row in rows)
    note = f"{few} reasons with fewer than {rules.least} are not listed." if few else ""
    heads = (Head("left out, rounded", True), Head("unit"), Head("because"), Head("in"))
    return TableView("excluded", "What was left out, and why", heads, shown, note, is_whole=True)


def _means(
    frame: pd.DataFrame, columns: Sequence[tuple[str, str]], rules: Rules, name: str, caption: str
) -> TableView | None:
    rows: list[list[Cell | str]] = []
    for column, words in columns:
        values = frame[column].dropna().to_numpy(float)
        if len(values) >= rules.least:
            mean, sd = float(values.mean()), float(values.std(ddof=1))
            rows.append([words, Cell(format_number(mean)), Cell(format_number(sd)),
                         rules.cell(len(values))])  # fmt: skip
    heads = (Head("metric"), Head("mean", True), Head("SD", True), Head("samples, rounded", True))
    return TableView(name, caption, heads, rows) if rows else None


def _alignment(tables: Tables, rules: Rules) -> Section | None:
    samples = tables.get("alignment_summary/samples")
    if samples is None:
        return None
    measured = samples[samples["status"] == "ok"]
    if len(measured) < rules.least:
        return None
    figures: list[Figure] = []
    histograms = tables.get("alignment_summary/histograms")
    if histograms is not None:
        whole = histograms[histograms["contig"].astype(str) == ""]
        pooled = (
            whole.assign(metric=whole["metric"].astype(str))
            .groupby(["metric", "bin"], as_index=False)["count"].sum()
            .assign(sample_id="all samples together")
        )  # fmt: skip
        by_metric = {str(m): f for m, f in pooled.groupby("metric")}
        depth = by_metric.get("target_depth", by_metric.get("fragment_depth"))
        figures += [] if depth is None else [_depth(depth)]
        figures += [
            draw_distribution(by_metric[m], m)
            for m in ("insert_size", "gc", "base_quality")
            if m in by_metric
        ]
    columns = (
        ("mean_fragment_depth", "mean depth, overlapping mates once"),
        ("fraction_10x", "share of bases at 10× or more"),
        ("fraction_20x", "share of bases at 20× or more"),
        ("fraction_30x", "share of bases at 30× or more"),
        ("mapped_rate", "share of reads mapped"),
        ("duplicate_rate", "share of mapped reads that are duplicates"),
        ("error_rate", "mismatches per aligned base"),
        ("gc_mean", "share of G and C"),
    )
    table = _means(measured, columns, rules, "alignments", "Alignment metrics over samples")
    lead = f"The alignments of {rules.words(len(measured))} samples were measured."
    groups = (
        Group("All samples together", figures=tuple(figures), tables=(table,) if table else ()),
    )
    return Section("alignment", "Alignment", lead, groups)


def _depth(pooled: pd.DataFrame) -> Figure:
    pooled = pooled.sort_values("bin")
    place, count = pooled["bin"].to_numpy(float), pooled["count"].to_numpy(float)
    share = count[::-1].cumsum()[::-1] / count.sum()
    inside = (share >= 0.01) | (place <= 34)
    chart = Chart(
        Axis("depth of at least (overlapping mates once)", 0, float(place[inside].max()),
             grid=False),
        Axis("share of bases", 0, 1.02, format=lambda v: f"{100 * v:g} %"),
    )  # fmt: skip
    chart.line(place[inside], share[inside])
    at = {n: float(count[place >= n].sum() / count.sum()) for n in (10, 20)}
    title = (
        f"{format_rate(at[10], 0)} of all bases lie at 10× or more, {format_rate(at[20], 0)} at 20×"
    )
    drawing = chart.draw(f"Cumulative depth of coverage of all samples together. {title}.")
    return Figure("depth", title, drawing, "A slow fall means uneven coverage.")


def _variants(tables: Tables, rules: Rules) -> Section | None:
    samples = tables.get("sample_qc/samples")
    if samples is None or int(samples["has_calls"].sum()) < rules.stratum:
        return None
    histograms = tables.get("variant_summary/histograms")
    # One record in a window may be one person's, and known samples are named: both stay inside.
    masked = {name: frame for name, frame in tables.items() if name not in INSIDE}
    if histograms is not None:
        metric = histograms["metric"].astype(str)
        few = metric.isin(GENOTYPE_METRICS) & (histograms["count"] < rules.least)
        masked["variant_summary/histograms"] = histograms[~few & (metric != "sfs")]
    section = compute_variants(masked)
    if section is None:
        return None
    groups = tuple(
        replace(g, tables=tuple(_without(t, "singletons") for t in g.tables))
        for g in section.groups
    )
    return replace(section, groups=groups)


def _without(view: TableView, label: str) -> TableView:
    kept = [i for i, head in enumerate(view.heads) if head.label != label]
    heads = tuple(view.heads[i] for i in kept)
    return replace(view, heads=heads, rows=[[row[i] for i in kept] for row in view.rows])


def _counted(
    counts: Sequence[tuple[str, int]], what: str, rules: Rules, name: str, caption: str
) -> TableView:
    rows: list[list[Cell | str]] = [[words, rules.cell(n)] for words, n in counts]
    return TableView(name, caption, (Head(what), Head("rounded", True)), rows)


def _samples(tables: Tables, rules: Rules) -> Section | None:
    samples = tables.get("sample_qc/samples")
    if samples is None or len(samples) < rules.least:
        return None
    verdicts = [(w, int((samples["verdict"] == v).sum())) for v, w in VERDICT_WORDS.items()]
    shown = [_counted(verdicts, "verdict", rules, "verdicts", "Samples by verdict")]
    reasons = tables.get("sample_qc/reasons")
    if reasons is not None and len(reasons):
        found = reasons.groupby("metric")["sample_id"].nunique()
        named = [(str(m).replace("_", " "), int(n)) for m, n in found.items()]
        shown.append(_counted(named, "finding", rules, "reasons", "Samples by finding"))
    columns = (
        ("call_rate", "call rate"), ("het_hom_ratio", "heterozygous / homozygous ALT"),
        ("f_inbreeding", "inbreeding coefficient F"), ("ts_tv", "Ts/Tv"),
        ("mean_depth", "mean depth"),
    )  # fmt: skip
    table = _means(samples, columns, rules, "quality", "Metrics over samples")
    shown += [table] if table else []
    pairs = tables.get("kinship/pairs")
    if pairs is not None and len(pairs):
        each = pairs["relation_inferred"].value_counts()
        related = [(w, int(each.get(r, 0))) for r, w in RELATION_WORDS.items() if r != "unrelated"]
        shown.append(_counted(related, "relation by the calls", rules, "pairs", "Related pairs"))
    lead = f"{sentence_case(rules.words(len(samples)))} samples, without their names."
    facts = (("samples", rules.words(len(samples))),)
    return Section("samples", "Samples", lead, (Group(tables=tuple(shown)),), facts=facts)


def _structure(tables: Tables, rules: Rules) -> Section | None:
    components = tables.get("structure/components")
    if components is None or len(components) < rules.stratum:
        return None
    eigenvalues = tables.get("structure/eigenvalues")
    groups = []
    if eigenvalues is not None and eigenvalues["fraction"].notna().any():
        groups.append(Group("Principal components", figures=(draw_scree(eigenvalues),)))
    fst = tables.get("structure/fst")
    if fst is not None:
        fst = fst[(fst[["n_1", "n_2"]] >= rules.stratum).all(axis=1)].copy()
        for column in ("n_1", "n_2"):
            fst[column] = [rules.rounded(int(n)) for n in fst[column]]
        if len(fst):
            groups.append(Group("Differentiation between groups", tables=(list_fst(fst),)))
    lead = f"Components of {rules.words(len(components))} samples; no sample's place is shown."
    return Section("structure", "Population structure", lead, tuple(groups))


def _association(
    tables: Tables,
    gwas: Iterable[tuple[str, pd.DataFrame]],
    rules: Rules,
    settings: ReportSettings,
) -> Section | None:
    phenotypes = tables.get("association_summary/phenotypes")
    if phenotypes is None:
        return None
    strata = phenotypes[["n", "n_cases", "n_controls"]].astype(float)
    large = phenotypes[(strata.fillna(np.inf) >= rules.stratum).all(axis=1)].copy()
    for column in ("n", "n_cases", "n_controls"):
        large[column] = [
            None if pd.isna(n) else rules.rounded(int(n)) for n in large[column].astype(object)
        ]
    names = set(large["phenotype"].astype(str))
    masked = dict(tables) | {"association_summary/phenotypes": large}
    hits = tables.get("association_summary/top_hits")
    if hits is not None:
        hits = hits[hits["minor_allele_count"] >= rules.least]
        frequency = hits["effect_allele_frequency"].round(3)
        masked["association_summary/top_hits"] = hits.assign(effect_allele_frequency=frequency)

    def shared() -> Iterator[tuple[str, pd.DataFrame]]:
        for name, frame in gwas:
            if name in names:
                common = frame["minor_allele_count"] >= rules.least
                yield name, frame[common].reset_index(drop=True)

    section = compute_association(masked, shared(), settings)
    left_out = len(phenotypes) - len(large)
    if section is None or not left_out:
        return section
    lead = f"{section.lead} {format_count(left_out)} further with too few people are left out."
    return replace(section, lead=lead)
