"""Run the clinical and outcomes steps on small text inputs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.io.sheet import sheet_text

Rows = dict[str, list[dict[str, Any]]]
CLINICAL = (
    "participants", "samples", "observations", "conditions", "exposures", "outcomes",
    "phenotypes_wide", "findings",
)  # fmt: skip
OUTCOMES = ("table1", "curves", "tests", "hazards", "scores")


def write_sheet(folder: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    """A normalised sample sheet of (sample, participant) pairs."""
    samples = tuple(Sample(s, p, s, "unknown") for s, p in pairs)
    path = folder / "sheet.tsv"
    path.write_text(sheet_text(samples), encoding="utf-8")
    return path


def run_clinical(
    folder: Path,
    column_map: str,
    pairs: Sequence[tuple[str, str]] = (("S1", "P1"),),
    settings: Mapping[str, Any] | None = None,
    more: Sequence[str] = (),
) -> tuple[int, Rows]:
    """Run the step with `{folder}` of the map replaced; exit code and rows of every table."""
    (folder / "map.yaml").write_text(column_map.replace("{folder}", str(folder)), encoding="utf-8")
    out = folder / "clinical"
    code = main(
        ["clinical", "--column-map", str(folder / "map.yaml"), "--sheet",
         str(write_sheet(folder, pairs)), "--settings", json.dumps(settings or {}), "--folder",
         str(out), "--ledger", str(out / "ledger.json"), *more]
    )  # fmt: skip
    if code:
        return code, {}
    return code, {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in CLINICAL}


def run_outcomes(
    folder: Path, settings: Mapping[str, Any], more: Sequence[str] = ()
) -> tuple[int, Rows]:
    """Run the step on what `run_clinical` wrote; exit code and rows of every table."""
    out = folder / "outcomes"
    outputs = [x for n in OUTCOMES for x in (f"--{n}", str(out / f"{n}.parquet"))]
    code = main(
        ["outcomes", "--folder", str(folder / "clinical"), "--settings", json.dumps(settings),
         *outputs, "--ledger", str(out / "ledger.json"), *more]
    )  # fmt: skip
    if code:
        return code, {}
    return code, {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in OUTCOMES}


def ledger(folder: Path, step: str) -> list[dict[str, Any]]:
    """Entries of a step's ledger."""
    entries: list[dict[str, Any]] = json.loads((folder / step / "ledger.json").read_text())
    return entries
