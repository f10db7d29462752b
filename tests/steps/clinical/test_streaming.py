"""Records in pieces: the pieces leave no trace, and never come together in memory."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from genocohort.domain.tables_clinical import EXPOSURES
from genocohort.io import clinical_fhir
from genocohort.io import parquet as parquet_module
from genocohort.io.parquet import TableWriter, write_table
from tiny.clinical import Rows, ledger, run_clinical

SETTINGS = {
    "phenotypes": [
        {"name": "ldl", "kind": "quantitative",
         "source": {"table": "observations", "code": "13457-7", "pick": "mean"}}
    ],
    "cohort": {"exclude": [{"name": "P3", "rule": {"by": "condition", "codes": ["X3"]}}]},
}  # fmt: skip


def _resources(n: int) -> list[dict[str, Any]]:
    people = [f"P{i}" for i in range(5)]
    found: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": p, "gender": "female", "birthDate": "1960"}
        for p in people
    ]
    for i in range(n):
        subject = {"reference": f"Patient/{people[i % 5]}"}
        value = {"value": 100 + i % 50, "unit": "furlong" if i % 7 == 0 else "mg/dL"}
        found.append(
            {"resourceType": "Observation", "id": f"o{i}", "status": "final", "subject": subject,
             "code": {"coding": [{"system": "http://loinc.org", "code": "13457-7"}]},
             "valueQuantity": value, "text": {"div": "x" * 400}}
        )  # fmt: skip
        if i % 11 == 0:
            code = {"coding": [{"system": "s", "code": f"X{i % 5}"}]}
            found.append(
                {"resourceType": "Condition", "id": f"c{i}", "subject": subject, "code": code}
            )
    # The same resource again, far from the first time.
    return [*found, found[7]]


def _run(folder: Path, n: int) -> tuple[Rows, list[dict[str, Any]]]:
    (folder / "a.ndjson").write_text("".join(json.dumps(r) + "\n" for r in _resources(n)))
    text = "index_date: 2020-01-01\n"
    text += 'sources: [{table: fhir, paths: ["{folder}/a.ndjson"], index: none}]\n'
    code, rows = run_clinical(folder, text, [("S1", "P1")], SETTINGS)
    assert code == 0
    return rows, ledger(folder, "clinical")


def test_any_size_of_pieces_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, in_whole = _run(tmp_path, 400)
    assert len(whole["observations"]) == 400 - 80
    assert {r["participant_id"] for r in whole["observations"]} == {"P0", "P1", "P2", "P4"}
    unknown = [f["sentence"] for f in whole["findings"] if f["kind"] == "unit_unknown"]
    assert unknown == ["code 13457-7: 58 values have a unit that cannot be converted"]
    duplicates = [f for f in whole["findings"] if f["kind"] == "duplicate_row"]
    assert len(duplicates) == 1
    files = {p.name: p.read_bytes() for p in (tmp_path / "clinical").iterdir()}
    for size in (1, 7, 100):
        monkeypatch.setattr(clinical_fhir, "PIECE", size)
        pieces, in_pieces = _run(tmp_path, 400)
        for table in ("observations", "conditions", "participants", "phenotypes_wide"):
            assert (tmp_path / f"clinical/{table}.parquet").read_bytes() == files[
                f"{table}.parquet"
            ]
        assert in_pieces == in_whole
        told = [{k: f[k] for k in ("kind", "row", "column")} for f in pieces["findings"]]
        assert told == [{k: f[k] for k in ("kind", "row", "column")} for f in whole["findings"]]


def test_groups_of_rows_do_not_show_the_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_module, "GROUP_ROWS", 8)
    columns = {name: [None] * 20 for name in EXPOSURES.column_names}
    columns |= {
        "participant_id": [f"P{i}" for i in range(20)], "kind": ["drug"] * 20,
        "code_system": ["RxNorm"] * 20, "src_file": ["a"] * 20, "src_row": list(range(20)),
    }  # fmt: skip
    seen = set()
    for sizes in ([20], [1] * 20, [3, 9, 8], [0, 16, 4, 0]):
        writer = TableWriter(tmp_path / "a.parquet", EXPOSURES)
        at = 0
        for size in sizes:
            writer.add({name: cells[at : at + size] for name, cells in columns.items()})
            at += size
        writer.close()
        seen.add((tmp_path / "a.parquet").read_bytes())
    assert len(seen) == 1
    write_table(tmp_path / "b.parquet", EXPOSURES, columns)
    assert pq.read_table(tmp_path / "a.parquet").equals(pq.read_table(tmp_path / "b.parquet"))


def test_memory_does_not_grow_with_the_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record more costs a digest (and working copies of it), not the record."""
    monkeypatch.setattr(clinical_fhir, "PIECE", 200)
    monkeypatch.setattr(parquet_module, "GROUP_ROWS", 500)
    monkeypatch.setitem(SETTINGS, "phenotypes", [])
    peaks = []
    for n in (1_000, 10_000):
        lines = "".join(json.dumps(r) + "\n" for r in _resources(n))
        (tmp_path / "a.ndjson").write_text(lines)
        text = 'sources: [{table: fhir, paths: ["{folder}/a.ndjson"], index: none}]\n'
        run_clinical(tmp_path, text, settings=SETTINGS)  # imports and caches, once
        tracemalloc.start()
        code, _ = _step_only(tmp_path, text)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert code == 0
    per_record = (peaks[1] - peaks[0]) / 9_000
    assert per_record < 150
    assert len(lines) / 10_000 > 4 * 150


def _step_only(folder: Path, text: str) -> tuple[int, Rows]:
    """Without the tables being read back, which would hold them whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tiny.clinical.CLINICAL", ())
        return run_clinical(folder, text, settings=SETTINGS)
