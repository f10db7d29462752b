"""Section `samples`: verdicts with their reasons and sign-offs, quality, sex, identity, kin."""

import pandas as pd

from genocohort.steps.report.chart.scales import (
    format_count,
    format_fixed,
    format_number,
    format_rate,
)
from genocohort.steps.report.page import (
    Attention,
    Cell,
    Group,
    Head,
    Record,
    Section,
    Tables,
    TableView,
    number_cell,
    plural,
    some_of,
)
from genocohort.steps.report.sections.identity import compute_identity
from genocohort.steps.report.sections.inheritance import (
    compute_inheritance,
    inheritance_attention,
)
from genocohort.steps.report.sections.relatedness import compute_relatedness
from genocohort.steps.report.sections.sample_metrics import (
    VERDICT_WORDS,
    compute_quality,
    compute_sexes,
)
from genocohort.steps.report.sections.sign_offs import (
    SignOffs,
    list_sign_offs,
    sign_off_attention,
)
from genocohort.steps.report.settings import ReportSettings


def compute_samples(tables: Tables, settings: ReportSettings) -> Section | None:
    """The section, or None where no sample has a verdict."""
    samples = tables.get("sample_qc/samples")
    if samples is None or not len(samples):
        return None
    reasons = tables.get("sample_qc/reasons")
    signed = SignOffs.of(tables.get("sample_qc/sign_offs"))
    calls = tables.get("variant_summary/samples")
    groups = [_verdict_group(samples, signed, settings)]
    for title, figures in (
        ("Genotype quality", compute_quality(samples, reasons, calls, settings)),
        ("Sex", compute_sexes(samples, settings)),
    ):
        groups += [Group(title, figures=figures)] if figures else []
    groups += compute_identity(tables, settings)
    pairs, trios = tables.get("kinship/pairs"), tables.get("mendel/trios")
    if pairs is not None:
        groups.append(compute_relatedness(pairs))
    groups += compute_inheritance(trios)
    counts = samples["verdict"].value_counts()
    lead = (
        f"{plural(int(counts.get('pass', 0)), 'sample')} without a finding, "
        f"{counts.get('warn', 0)} to look at again, {counts.get('fail', 0)} failed. Failed "
        "samples are left out of the components and the association tests."
    )
    attention = (
        *_attention(samples, pairs), *inheritance_attention(trios), *sign_off_attention(signed),
    )  # fmt: skip
    return Section("samples", "Samples", lead, tuple(groups), attention, _facts(samples))


def _facts(samples: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    facts = [("samples", format_count(len(samples)))]
    rates = samples["call_rate"].dropna()
    if len(rates):
        facts.append(("median call rate", format_rate(float(rates.median()), 2)))
    return tuple(facts)


def _attention(samples: pd.DataFrame, pairs: pd.DataFrame | None) -> tuple[Attention, ...]:
    found = []
    failed = samples[samples["verdict"] == "fail"]
    if len(failed):
        ids = some_of(failed["sample_id"].tolist())
        found.append(
            Attention("fail", f"{plural(len(failed), 'sample')} failed: {ids}.", "#verdicts")
        )
    warned = samples[samples["verdict"] == "warn"]
    if len(warned):
        ids = some_of(warned["sample_id"].tolist())
        need = "needs" if len(warned) == 1 else "need"
        text = f"{plural(len(warned), 'sample')} {need} a second look: {ids}."
        found.append(Attention("warn", text, "#verdicts"))
    if pairs is not None:
        wrong = pairs[pairs["is_contradiction"].fillna(False).astype(bool)]
        if len(wrong):
            both = zip(wrong["sample_id_1"], wrong["sample_id_2"], strict=True)
            names = some_of([f"{a}–{b}" for a, b in both], 3)
            word = plural(len(wrong), "pair contradicts", "pairs contradict")
            found.append(Attention("warn", f"{word} what is recorded: {names}.", "#pairs"))
    return tuple(found)


def _verdict_group(
    samples: pd.DataFrame, signed: SignOffs | None, settings: ReportSettings
) -> Group:
    rank = samples["verdict"].map({"fail": 0, "warn": 1, "pass": 2})
    ordered = samples.assign(rank=rank).sort_values(["rank", "sample_id"], kind="stable")
    shown = ordered.head(settings.table_samples)
    rows = [_verdict_row(row, signed) for row in shown.to_dict("records")]
    left_out = len(samples) - len(shown)
    note = (
        f"{plural(left_out, 'further sample')} that pass are in sample_qc/samples.parquet."
        if left_out
        else ""
    )
    heads = (
        Head("sample"),
        Head("verdict", help="signed: a person decided about a finding; the reason says who"),
        Head("why", is_wide=True),
        Head("sex", help="recorded, and inferred where it differs"),
        Head("batch"),
        Head("call rate", True, "share of autosomal genotypes called"),
        Head("het / hom", True, "heterozygous over homozygous non-reference genotypes"),
        Head("F", True, "inbreeding coefficient, method of moments"),
        Head("depth", True, "mean depth: of the alignment where there is one, else the calls' DP"),
    )
    source = (
        "sample_qc/samples: sample_id, verdict, reasons, sex_recorded, sex_inferred, batch, "
        "call_rate, het_hom_ratio, f_inbreeding, mean_depth"
    )
    table = TableView(
        "verdicts",
        "Every sample with its verdict and the reasons in words",
        heads,
        rows,
        note,
        is_searchable=True,
        is_sortable=True,
        levels=tuple(v for v in ("fail", "warn", "pass") if (samples["verdict"] == v).any()),
        row_levels=shown["verdict"].tolist(),
        sources=(source, *(["sample_qc/sign_offs: sample_id, applied"] if signed else [])),
    )
    return Group("Verdicts", tables=(table, *([list_sign_offs(signed)] if signed else [])))


def _verdict_row(row: Record, signed: SignOffs | None) -> list[Cell | str]:
    reasons = row["reasons"]
    sentences = [str(r) for r in reasons] if hasattr(reasons, "__iter__") else []
    recorded, inferred = str(row["sex_recorded"]), str(row["sex_inferred"])
    same = inferred in (recorded, "unknown")
    mark = ", signed" if signed and signed.covers(str(row["sample_id"])) else ""
    return [
        str(row["sample_id"]),
        Cell(
            VERDICT_WORDS[str(row["verdict"])] + mark,
            {"fail": 0, "warn": 1}.get(str(row["verdict"]), 2),
            f"badge {row['verdict']}",
        ),
        Cell(" ".join(sentences), len(sentences)),
        recorded if same else f"{recorded} (looks {inferred})",
        str(row["batch"]),
        number_cell(row["call_rate"], format_rate),
        number_cell(row["het_hom_ratio"], format_number),
        number_cell(row["f_inbreeding"], format_fixed),
        number_cell(row["mean_depth"], format_number),
    ]
