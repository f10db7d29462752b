"""Part of the section `samples`: what people decided about findings, beside the verdicts."""

from dataclasses import dataclass

import pandas as pd

from genocohort.steps.report.page import (
    Attention,
    Cell,
    Head,
    Record,
    TableView,
    is_missing,
    plural,
    some_of,
)
from genocohort.steps.report.sections.sample_metrics import VERDICT_WORDS


@dataclass(frozen=True)
class SignOffs:
    """Rows of sample_qc/sign_offs."""

    rows: tuple[Record, ...]

    @classmethod
    def of(cls, table: pd.DataFrame | None) -> "SignOffs | None":
        """The sign-offs; None where nobody signed anything."""
        if table is None or not len(table):
            return None
        return cls(tuple(table.to_dict("records")))

    def covers(self, sample: str) -> bool:
        """Whether a person decided about one of a sample's findings."""
        return any(row["sample_id"] == sample and row["applied"] for row in self.rows)

    @property
    def idle(self) -> list[str]:
        """Samples of sign-offs whose finding is not there."""
        return [str(row["sample_id"]) for row in self.rows if not row["applied"]]


def sign_off_attention(signed: SignOffs | None) -> tuple[Attention, ...]:
    """Sign-offs that changed nothing: their finding is not there, or not any more."""
    if signed is None or not signed.idle:
        return ()
    word = plural(len(signed.idle), "sign-off fits", "sign-offs fit")
    return (Attention("note", f"{word} no finding: {some_of(signed.idle)}.", "#sign-offs"),)


def list_sign_offs(signed: SignOffs) -> TableView:
    """Every sign-off with what it changed and why; those that changed nothing come last."""
    ordered = sorted(
        signed.rows, key=lambda r: (not r["applied"], str(r["sample_id"]), str(r["finding"]))
    )
    rows = [_row(row) for row in ordered]
    heads = (
        Head("sample"), Head("finding"), Head("by the limits"), Head("set to"), Head("by"),
        Head("on"), Head("why", is_wide=True),
        Head("effect", help="none: there is no such finding, or not any more"),
    )  # fmt: skip
    done = len(signed.rows) - len(signed.idle)
    caption = f"Signed off by people: {plural(done, 'finding')}"
    source = (
        "sample_qc/sign_offs: sample_id, finding, computed, verdict, signed_by, date, reason, "
        "applied"
    )
    return TableView(
        "sign-offs", caption, heads, rows, is_sortable=len(rows) > 1,
        is_searchable=len(rows) > 12, sources=(source,),
    )  # fmt: skip


def _row(row: Record) -> list[Cell | str]:
    computed = "–" if is_missing(row["computed"]) else VERDICT_WORDS[str(row["computed"])]
    if not row["applied"]:
        effect = "none"
    elif row["finding"] == "manual":
        effect = "added"
    elif row["computed"] == row["verdict"]:
        effect = "confirmed"
    else:
        effect = "replaced"
    return [
        str(row["sample_id"]),
        str(row["finding"]).replace("_", " "),
        "–" if row["finding"] == "manual" else computed,
        Cell(VERDICT_WORDS[str(row["verdict"])], style=f"badge {row['verdict']}"),
        Cell(str(row["signed_by"]), style="nowrap"),
        Cell(str(row["date"]), style="nowrap"),
        str(row["reason"]),
        effect,
    ]
