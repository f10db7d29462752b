"""The run's verdict in plain words: what was done, what was left out, what to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from genocohort.steps.report.chart.scales import format_count
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Head,
    Level,
    Section,
    Tables,
    TableView,
    join_words,
    plural,
    some_of,
)

STEP_WORDS = {
    "preflight": "input check",
    "alignments": "alignments",
    "alignment_summary": "alignments",
    "genotypes": "genotype store",
    "variants": "variants",
    "variant_summary": "variants",
    "truth": "known calls",
    "ancestry": "ancestry by the panel",
    "mendel": "inheritance",
    "sites": "known sites",
    "identity": "reads against calls",
    "kinship": "relatedness",
    "sample_qc": "sample verdicts",
    "structure": "population structure",
    "clinical": "clinical records",
    "outcomes": "clinical outcomes",
    "association": "association tests",
    "association_summary": "association tests",
}
PEOPLE = ("sample", "participant")
UNIT_ORDER = ("participant", "sample", "contig", "row", "record", "variant", "genotype")


@dataclass(frozen=True)
class Verdict:
    """The first screen of the report."""

    level: Level
    headline: str
    sentences: tuple[str, ...]
    shares: tuple[tuple[str, str, int], ...]
    facts: tuple[tuple[str, str], ...]
    attention: tuple[Attention, ...]
    excluded: TableView | None


def compute_verdict(
    tables: Tables, accounts: Mapping[str, Any], sections: Sequence[Section]
) -> Verdict:
    """Gather what every section and the ledger say.

    Parameters
    ----------
    accounts : mapping
        `accounts.json`; empty where it was not written.
    sections : sequence of Section
        All sections, for what needs attention and the key figures.
    """
    losses = _losses(accounts)
    attention = (*losses, *(a for section in sections for a in section.attention))
    rank = {"fail": 0, "warn": 1, "note": 2, "pass": 3}
    attention = tuple(sorted(attention, key=lambda a: rank[a.level]))
    samples = tables.get("sample_qc/samples")
    counts: dict[str, int] = {}
    if samples is not None:
        counts = {str(v): int(n) for v, n in samples["verdict"].value_counts().items()}
    ledger = tables.get("accounts/ledger")
    return Verdict(
        _level(losses, attention),
        _headline(losses, attention, counts),
        _sentences(tables, accounts, sections),
        tuple(
            (level, word, int(counts[level]))
            for level, word in (("pass", "pass"), ("warn", "look again"), ("fail", "fail"))
            if counts.get(level)
        ),
        tuple(fact for section in sections for fact in section.facts)[:6],
        attention,
        None if ledger is None else compute_excluded(ledger),
    )


def _losses(accounts: Mapping[str, Any]) -> tuple[Attention, ...]:
    found = [
        Attention("fail", f"{text}.", "#ledger") for text in accounts.get("contradictions", ())
    ]
    for loss in accounts.get("losses", ()):
        unit = "sample" if loss["unit"] == "sample" else str(loss["unit"])
        where = "" if loss["scope"] in ("all", "") else f" ({loss['scope']})"
        ids = f": {some_of([str(e) for e in loss['examples']])}" if loss["examples"] else ""
        found.append(
            Attention(
                "fail",
                f"Lost in {step_words(loss['step'])}{where}: "
                f"{plural(int(loss['n']), unit)} – {loss['reason']}{ids}.",
                "#ledger",
            )
        )
    return tuple(found)


def _level(losses: Sequence[Attention], attention: Sequence[Attention]) -> Level:
    if losses:
        return "fail"
    return "warn" if any(a.level in ("warn", "fail") for a in attention) else "pass"


def _headline(
    losses: Sequence[Attention], attention: Sequence[Attention], counts: Mapping[str, int]
) -> str:
    if losses:
        start = "The run is incomplete: something that was asked for is missing."
    elif attention:
        start = "The run is complete."
    else:
        return "The run is complete, and nothing needs attention."
    total = sum(counts.values())
    if not total:
        points = sum(a.level in ("warn", "fail") for a in attention)
        return f"{start} {plural(points, 'point')} to look at." if points else start
    good = counts.get("pass", 0)
    rest = []
    if counts.get("warn"):
        rest.append(
            f"{counts['warn']} need a second look"
            if counts["warn"] > 1
            else "1 needs a second look"
        )
    if counts.get("fail"):
        rest.append(f"{counts['fail']} failed")
    tail = f", {join_words(rest)}" if rest else ""
    return f"{start} {format_count(good)} of {plural(total, 'sample')} pass{tail}."


def _total(accounts: Mapping[str, Any], step: str, unit: str) -> Mapping[str, int] | None:
    found: Mapping[str, int] | None = accounts.get("totals", {}).get(step, {}).get(unit)
    return found


def _sentences(
    tables: Tables, accounts: Mapping[str, Any], sections: Sequence[Section]
) -> tuple[str, ...]:
    said = []
    aligned = tables.get("alignment_summary/samples")
    if aligned is not None:
        said.append(f"The alignments of {plural(len(aligned), 'sample')} were measured.")
    store = _total(accounts, "genotypes", "variant")
    chromosomes = tables.get("variant_summary/chromosomes")
    if store and chromosomes is not None:
        n = chromosomes["chromosome"].astype(str).loc[lambda c: c != "all"].nunique()
        said.append(
            f"{plural(store['n_kept'], 'variant')} on {plural(n, 'chromosome')} were taken from "
            f"the calls{_dropped(store)}."
        )
    verdicts = tables.get("sample_qc/samples")
    if verdicts is not None:
        said.append(f"{plural(len(verdicts), 'sample')} of the sheet got a verdict.")
    related = _total(accounts, "kinship", "variant")
    if related:
        said.append(f"Relatedness rests on {plural(related['n_kept'], 'autosomal variant')}.")
    components = tables.get("structure/components")
    if components is not None:
        said.append(f"{plural(len(components), 'sample')} entered the principal components.")
    participants = tables.get("clinical/participants")
    if participants is not None:
        said.append(f"Clinical records describe {plural(len(participants), 'participant')}.")
    phenotypes = tables.get("association_summary/phenotypes")
    if phenotypes is not None and len(phenotypes):
        names = join_words([str(p) for p in phenotypes["phenotype"]])
        said.append(f"Tested for association: {names}.")
    absent = _absent(sections)
    if absent:
        said.append(f"Without input, and therefore not in this report: {join_words(absent)}.")
    return tuple(said)


def _dropped(total: Mapping[str, int]) -> str:
    n = total["n_in"] - total["n_kept"]
    return f"; {format_count(n)} were left out" if n else ""


def _absent(sections: Sequence[Section]) -> list[str]:
    there = {section.id for section in sections}
    parts = {
        "alignment": "alignments", "variants": "variant calls", "clinical": "clinical records",
        "association": "association tests",
    }  # fmt: skip
    return [words for key, words in parts.items() if key not in there]


def split_scopes(ledger: pd.DataFrame) -> pd.Series:
    """What each row's scope names besides a chromosome: a phenotype, a sample, or nothing.

    A sample is left out of every chromosome's test at once, so its counts must not be added up
    over chromosomes; those of variants must.
    """
    per_chromosome = ledger["step"].astype(str).isin(["genotypes", "variants"])
    chromosomes = set(ledger.loc[per_chromosome, "scope"].astype(str))
    return (
        ledger["scope"]
        .astype(str)
        .map(
            lambda scope: " ".join(w for w in scope.split() if w not in chromosomes and w != "all")
        )
    )


def group_ledger(ledger: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the ledger with a reason, the same reason of several chromosomes in one."""
    named = ledger.assign(detail=split_scopes(ledger))
    people = named["unit"].astype(str).isin(PEOPLE)
    # Counts of anything but people are summed, so their scopes need no rows of their own.
    named["detail"] = named["detail"].where(people, "")
    part = named[named["n_dropped"] > 0]
    rows: list[dict[str, Any]] = []
    keys = ["step", "unit", "detail", "reason", "is_loss"]
    for (step, unit, detail, reason, is_loss), some in part.groupby(
        keys, sort=False, observed=True
    ):
        examples = [str(e) for row in some["examples"] for e in (row if row is not None else ())]
        counts = some["n_dropped"]
        rows.append(
            {
                "step": str(step),
                "unit": str(unit),
                "detail": str(detail),
                "reason": str(reason),
                "is_loss": bool(is_loss),
                "n": int(counts.max() if str(unit) in PEOPLE else counts.sum()),
                "scopes": list(dict.fromkeys(some["scope"].astype(str))),
                "examples": list(dict.fromkeys(examples)),
            }
        )
    order = {unit: i for i, unit in enumerate(UNIT_ORDER)}
    rows.sort(
        key=lambda r: (
            not r["is_loss"], order.get(r["unit"], 9), -r["n"], r["step"], r["detail"], r["reason"],
        )
    )  # fmt: skip
    return rows


def step_words(step: str, detail: str = "") -> str:
    """A step as a reader knows it, with what it was about."""
    words = STEP_WORDS.get(step, step.replace("_", " "))
    return f"{words} ({detail})" if detail else words


def example_words(examples: Sequence[str], most: int) -> str:
    """The first examples; the ledger holds no more than a few of each scope."""
    return ", ".join(examples[:most]) + (", …" if len(examples) > most else "")


def compute_excluded(ledger: pd.DataFrame, most: int = 12) -> TableView | None:
    """What was left out and why, the most important first."""
    rows = group_ledger(ledger)
    if not rows:
        return None
    shown: list[list[Cell | str]] = [
        [
            Cell(plural(row["n"], row["unit"]), row["n"], "nowrap"),
            Cell(row["reason"], style="alert" if row["is_loss"] else ""),
            step_words(row["step"], row["detail"]),
            example_words(row["examples"], 3),
        ]
        for row in rows[:most]
    ]
    more = len(rows) - len(shown)
    note = (
        f"{plural(more, 'further reason')} in the ledger at the end of the report." if more else ""
    )
    heads = (Head("left out"), Head("because"), Head("in"), Head("for example"))
    return TableView(
        "excluded", "What was left out, and why", heads, shown, note, is_whole=True,
        sources=("accounts/ledger: step, scope, unit, n_dropped, reason, examples",),
    )  # fmt: skip
