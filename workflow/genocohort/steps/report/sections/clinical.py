"""Section `clinical`: participant flow, Table 1, findings in the records."""

import math
from typing import Any

import pandas as pd

from genocohort.steps.report.chart.scales import format_count, format_number
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Group,
    Head,
    Section,
    Stage,
    Tables,
    TableView,
    join_words,
    plural,
)
from genocohort.steps.report.sections.phenotypes import (
    VARIABLE_WORDS,
    compute_distributions,
    compute_scores,
    list_times,
)
from genocohort.steps.report.sections.survival import compute_forests, compute_survival

# Findings that can change a result; the others only say what was tolerated or not carried over.
SERIOUS = ("unit_suspect", "unit_suspect_site", "implausible", "sentinel_suspect", "contradiction")


def compute_clinical(tables: Tables) -> Section | None:
    """The section, or None where there are no clinical records."""
    participants = tables.get("clinical/participants")
    if participants is None or not len(participants):
        return None
    groups = [Group("From records to analysis", flow=_flow(tables, participants))]
    table1 = tables.get("outcomes/table1")
    if table1 is not None and len(table1):
        groups.append(Group("Description of the cohort", tables=(_table1(table1),)))
    groups += compute_distributions(tables.get("clinical/phenotypes_wide"))
    groups += compute_scores(tables)
    survival = compute_survival(tables)
    times = list_times(tables.get("clinical/outcomes"))
    if times:
        groups.append(Group("Times to event", tables=(times,)))
    if survival:
        groups.append(Group("Survival", figures=survival))
    forests, table = compute_forests(tables)
    if forests or table:
        groups.append(Group("Hazards", figures=forests, tables=table))
    findings = tables.get("clinical/findings")
    if findings is not None and len(findings):
        text = "What was tolerated, flagged or left out while reading. No value is shown."
        groups.append(Group("Findings in the records", text, tables=(_findings(findings),)))
    sites = participants["site"].dropna().nunique()
    where = f" from {plural(sites, 'site')}" if sites else ""
    lead = f"{plural(len(participants), 'participant')}{where}."
    return Section(
        "clinical",
        "Clinical data",
        lead,
        tuple(groups),
        _attention(findings),
        (("participants", format_count(len(participants))),),
    )


def _flow(tables: Tables, participants: pd.DataFrame) -> tuple[Stage, ...]:
    ledger = tables.get("accounts/ledger")
    read = 0
    left: tuple[str, ...] = ()
    if ledger is not None:
        mine = ledger[(ledger["step"] == "clinical") & (ledger["unit"] == "participant")]
        if len(mine):
            read = int(mine.drop_duplicates("scope")["n_in"].sum())
            left = tuple(
                f"{format_count(n)}: {reason}"
                for n, reason in zip(mine["n_dropped"], mine["reason"], strict=True)
                if n
            )
    stages = []
    if read > len(participants):
        stages.append(Stage(format_count(read), "participants in the sources"))
    stages.append(
        Stage(
            format_count(len(participants)), "participants kept" if left else "participants", left
        )
    )
    links = tables.get("clinical/samples")
    samples = tables.get("sample_qc/samples")
    if links is not None:
        linked = set(links["participant_id"]) & set(participants["participant_id"])
        without = len(participants) - len(linked)
        why = (f"{format_count(without)}: no sample",) if without else ()
        stages.append(Stage(format_count(len(linked)), "with a sample", why))
        if samples is not None:
            usable = set(samples.loc[samples["verdict"] != "fail", "sample_id"])
            passing = set(links.loc[links["sample_id"].isin(usable), "participant_id"]) & linked
            failed = len(linked) - len(passing)
            why = (f"{format_count(failed)}: every sample failed or is not in the sheet",)
            stages.append(
                Stage(
                    format_count(len(passing)),
                    "with a sample that did not fail",
                    why if failed else (),
                )
            )
    phenotypes = tables.get("association_summary/phenotypes")
    if phenotypes is not None and len(phenotypes):
        n = phenotypes["n"].astype(int)
        each = dict(zip(phenotypes["phenotype"].astype(str), n, strict=True))
        if n.nunique() == 1:
            stages.append(Stage(format_count(n.iloc[0]), f"tested for {join_words(list(each))}"))
        else:
            spread = f"{format_count(n.min())} to {format_count(n.max())}"
            words = [f"{name} {format_count(k)}" for name, k in each.items()]
            stages.append(Stage(spread, f"tested: {', '.join(words)}"))
    return tuple(stages)


def _table1(table1: pd.DataFrame) -> TableView:
    groups = list(dict.fromkeys(table1["group"]))
    sizes = (table1["n"] + table1["n_missing"]).groupby(table1["group"]).max()
    has_smd = table1["smd"].notna().any()
    rows: list[list[Cell | str]] = []
    for variable in dict.fromkeys(table1["variable"]):
        part = table1[table1["variable"] == variable]
        levels = list(dict.fromkeys(part["level"].where(part["level"].notna(), "")))
        smd = part["smd"].iloc[0]
        missing = part.drop_duplicates("group").set_index("group")["n_missing"]
        lost = int(missing.get("(all)", missing.sum()))
        tail = [Cell(format_count(lost), lost)]
        tail += [Cell(format_number(smd, 2), None if math.isnan(smd) else smd)] if has_smd else []
        words = VARIABLE_WORDS.get(variable, variable.replace("_", " "))
        if levels == [""]:
            rows.append([words, *(_text(part, g, "") for g in groups), *tail])
            continue
        rows.append([words, *("" for _ in groups), *tail])
        rows += [
            [Cell(f"{level}", style="indent"), *(_text(part, g, level) for g in groups), "",
             *([""] if has_smd else [])]
            for level in levels
        ]  # fmt: skip
    heads = [Head("variable", is_wide=True)]
    heads += [
        Head(f"{'all' if g == '(all)' else g} (n\u00a0=\u00a0{format_count(sizes[g])})", True)
        for g in groups
    ]
    heads.append(Head("missing", True, "participants without a value"))
    if has_smd:
        heads.append(Head("SMD", True, "largest standardised mean difference between two groups"))
    note = (
        "Mean (SD), median [quartiles] or n (%), of participants with a value. "
        "An SMD above 0.1 is often read as an imbalance."
        if has_smd
        else "Mean (SD), median [quartiles] or n (%), of participants with a value."
    )
    source = "outcomes/table1: variable, level, group, n, n_missing, smd, text"
    return TableView(
        "table1", "Table 1", tuple(heads), rows, note, is_whole=True, is_compact=len(heads) > 5,
        sources=(source,),
    )  # fmt: skip


def _text(part: pd.DataFrame, group: str, level: str) -> Cell:
    found = part[(part["group"] == group) & (part["level"].fillna("") == level)]
    return Cell(str(found["text"].iloc[0]) if len(found) else "–")


def _by_kind(findings: pd.DataFrame) -> list[dict[str, Any]]:
    grouped = findings.groupby(["source", "kind"], sort=True, observed=True)
    return [
        {"source": source, "kind": kind, "n": len(part), "sentence": part["sentence"].iloc[0]}
        for (source, kind), part in grouped
    ]


def _findings(findings: pd.DataFrame) -> TableView:
    rows: list[list[Cell | str]] = [
        [
            str(row["source"]),
            str(row["kind"]).replace("_", " "),
            Cell(format_count(row["n"]), row["n"]),
            str(row["sentence"]),
        ]
        for row in _by_kind(findings)
    ]
    heads = (Head("source"), Head("kind"), Head("times", True), Head("for example", is_wide=True))
    note = "Each one with its row and column is in clinical/findings.parquet."
    return TableView(
        "findings", "Findings by source and kind", heads, rows, note, is_sortable=True,
        sources=("clinical/findings: source, kind, sentence",),
    )  # fmt: skip


def _attention(findings: pd.DataFrame | None) -> tuple[Attention, ...]:
    if findings is None:
        return ()
    found = []
    for row in _by_kind(findings[findings["kind"].isin(SERIOUS)]):
        words = str(row["kind"]).replace("_", " ")
        found.append(
            Attention(
                "warn",
                f"{row['source']}: {format_count(row['n'])} × {words}; for example: "
                f"{row['sentence']}",
                "#findings",
            )
        )
    return tuple(found)
