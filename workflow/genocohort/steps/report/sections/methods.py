"""Section `methods`: what each number means with its source, versions, the whole ledger."""

from collections.abc import Sequence

import pandas as pd

from genocohort.steps.report.chart.scales import format_count
from genocohort.steps.report.page import Cell, Group, Head, Section, Tables, TableView, plural
from genocohort.steps.report.sections.verdict import (
    PEOPLE,
    example_words,
    group_ledger,
    split_scopes,
    step_words,
)

# Section it belongs to, term, definition, source.
DEFINITIONS = (
    (
        "alignment",
        "mean depth",
        "Aligned bases (CIGAR operations M, = and X) over the length of the contigs; an "
        "overlap of mates counts once where it says so. Contigs without reads count.",
        "mosdepth: Pedersen & Quinlan 2018, Bioinformatics 34:867",
    ),
    (
        "alignment",
        "duplicate rate",
        "Primary mapped reads flagged as duplicates over primary mapped reads.",
        "SAM format specification, section 1.4",
    ),
    (
        "variants",
        "Ts/Tv",
        "Transition over transversion alleles, all ordinary SNV alleles of multiallelic "
        "records included; missing where there is no transversion.",
        "DePristo et al. 2011, Nat Genet 43:491",
    ),
    (
        "variants",
        "folded site-frequency spectrum",
        "Alleles by the count of the rarer of the allele and all others.",
        "Fu 1995, Theor Popul Biol 48:172",
    ),
    (
        "variants",
        "Hardy-Weinberg test",
        "Exact test of diploid genotypes; on X among females only, not on Y and MT.",
        "Wigginton et al. 2005, Am J Hum Genet 76:887",
    ),
    (
        "samples",
        "call rate",
        "Completely called genotypes over genotypes expected on the autosomes.",
        "",
    ),
    (
        "samples",
        "F",
        "Inbreeding by the method of moments over autosomal variants with Nei's small-sample "
        "expectation of heterozygosity; monomorphic variants are left out.",
        "Purcell et al. 2007, Am J Hum Genet 81:559; Nei 1978, Genetics 89:583",
    ),
    (
        "samples",
        "kinship",
        "KING-robust estimator in its between-family form; limits 0.354, 0.177 and 0.0884 for "
        "duplicate, first and second degree.",
        "Manichaikul et al. 2010, Bioinformatics 26:2867",
    ),
    (
        "samples",
        "sex",
        "From heterozygosity on X and calls on Y outside the pseudo-autosomal regions, and "
        "from the depths on X and Y.",
        "",
    ),
    (
        "structure",
        "principal components",
        "Eigenvectors of the relationship matrix of unrelated samples at LD-pruned variants "
        "outside regions of long-range LD, genotypes scaled by binomial variance; relatives "
        "are projected.",
        "Patterson et al. 2006, PLoS Genet 2:e190; Price et al. 2008, Am J Hum Genet 83:132",
    ),
    (
        "structure",
        "Fst",
        "Hudson's estimator as a ratio of averages with a block-jackknife standard error.",
        "Bhatia et al. 2013, Genome Res 23:1514",
    ),
    (
        "clinical",
        "SMD",
        "Absolute difference of means (or proportions) over the pooled standard deviation; "
        "the largest between any two groups.",
        "Yang & Dalton 2012, SAS Global Forum 335",
    ),
    (
        "clinical",
        "Kaplan-Meier",
        "Product-limit estimate with log-log intervals; late entry is respected.",
        "Kaplan & Meier 1958, J Am Stat Assoc 53:457",
    ),
    (
        "clinical",
        "hazard ratio",
        "Cox regression with Efron's treatment of ties; proportionality by scaled Schoenfeld "
        "residuals.",
        "Cox 1972, J R Stat Soc B 34:187; Efron 1977, J Am Stat Assoc 72:557; Grambsch & "
        "Therneau 1994, Biometrika 81:515",
    ),
    (
        "association",
        "linear and logistic tests",
        "Additive on the number of effect alleles, adjusted for covariates and components, "
        "complete cases; rank-normalised where stated, by (rank − 3/8)/(n + 1/4).",
        "Blom 1958, Statistical Estimates and Transformed Beta-Variables",
    ),
    (
        "association",
        "Firth's test",
        "Penalised likelihood where the logistic fit separates, fails, or rests on few "
        "carriers; P by likelihood ratio.",
        "Firth 1993, Biometrika 80:27; Heinze & Schemper 2002, Stat Med 21:2409",
    ),
    (
        "association",
        "λ",
        "Median of the chi-squared statistics over 0.4549, the median of chi-squared with one "
        "degree of freedom.",
        "Devlin & Roeder 1999, Biometrics 55:997",
    ),
    (
        "association",
        "genome-wide significance",
        "P below 5 × 10⁻⁸: 0.05 over about a million independent common variants.",
        "Pe'er et al. 2008, Genet Epidemiol 32:381",
    ),
)


def compute_methods(
    tables: Tables, sections: Sequence[Section], versions: Sequence[tuple[str, str]]
) -> Section:
    """Definitions of the sections shown, software versions and every exclusion.

    Parameters
    ----------
    versions : sequence of (name, version)
        The software that made the results.
    """
    there = {section.id: section.title for section in sections}
    rows: list[list[Cell | str]] = [
        [there[where], Cell(term, style="strong"), text, Cell(source, style="quiet")]
        for where, term, text, source in DEFINITIONS
        if where in there
    ]
    groups = []
    if rows:
        heads = (Head("section"), Head("term"), Head("definition"), Head("source"))
        groups.append(
            Group(
                "Definitions",
                tables=(
                    TableView("definitions", "What each number is", heads, rows, is_whole=True),
                ),
            )
        )
    ledger = tables.get("accounts/ledger")
    if ledger is not None and len(ledger):
        groups.append(_ledger_group(ledger))
    software: list[list[Cell | str]] = [[name, version] for name, version in versions]
    groups.append(
        Group(
            "Software",
            tables=(
                TableView("versions", "Versions", (Head("package"), Head("version")), software),
            ),
        )
    )
    lead = "Definitions with their sources, everything that was left out, and the software used."
    return Section("methods", "Methods and ledger", lead, tuple(groups))


def _ledger_group(ledger: pd.DataFrame) -> Group:
    rows: list[list[Cell | str]] = []
    for row in group_ledger(ledger):
        scopes = row["scopes"]
        where = scopes[0] if len(scopes) == 1 else f"{len(scopes)} scopes"
        rows.append(
            [
                step_words(row["step"], row["detail"]),
                where,
                str(row["unit"]),
                Cell(format_count(row["n"]), row["n"]),
                Cell(row["reason"], style="alert" if row["is_loss"] else ""),
                "loss" if row["is_loss"] else "stated filter",
                example_words(row["examples"], 5),
            ]
        )
    heads = (
        Head("step"), Head("where"), Head("unit"), Head("left out", True), Head("reason"),
        Head("kind"), Head("examples"),
    )  # fmt: skip
    caption = f"Every exclusion with its reason ({plural(len(rows), 'reason')})"
    table = TableView(
        "ledger", caption, heads, rows, "Row by row in accounts/ledger.parquet.",
        is_searchable=len(rows) > 10, is_sortable=True,
        sources=("accounts/ledger: step, scope, unit, n_dropped, reason, is_loss, examples",),
    )  # fmt: skip
    text = (
        "Each step accounts for what came in, what it kept, and what it left out for which reason."
    )
    balance = _balance(ledger)
    return Group("Ledger", text, tables=(balance, table) if rows else (balance,))


def _balance(ledger: pd.DataFrame) -> TableView:
    entries = ledger.drop_duplicates(["step", "scope", "unit"])
    people = entries["unit"].astype(str).isin(PEOPLE)
    entries = entries.assign(detail=split_scopes(entries).where(people, ""))
    rows: list[list[Cell | str]] = []
    keys = ["step", "unit", "detail"]
    for (step, unit, detail), part in entries.groupby(keys, sort=False, observed=True):
        per_person = str(unit) in PEOPLE
        n_in = int(part["n_in"].max() if per_person else part["n_in"].sum())
        n_kept = int(part["n_kept"].min() if per_person else part["n_kept"].sum())
        rows.append(
            [
                str(step).replace("_", " ") + (f" ({detail})" if detail else ""),
                str(unit),
                Cell(format_count(n_in), n_in),
                Cell(format_count(n_kept), n_kept),
                Cell(format_count(n_in - n_kept), n_in - n_kept),
            ]
        )
    heads = (
        Head("step"), Head("unit"), Head("came in", True), Head("kept", True),
        Head("left out", True),
    )  # fmt: skip
    return TableView(
        "balance", "What came in and what was kept", heads, rows, is_whole=True,
        sources=("accounts/ledger: step, scope, unit, n_in, n_kept",),
    )  # fmt: skip
