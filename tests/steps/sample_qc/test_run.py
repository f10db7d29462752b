"""`genocohort sample_qc` on tiny inputs: calls only, alignments only, both, neither."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_alignments import SAMPLES as ALIGNMENT_SAMPLES
from genocohort.domain.tables_ancestry import ANCESTRY_SAMPLES
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_REASONS,
    SAMPLE_QC_SAMPLES,
    SAMPLE_QC_SIGN_OFFS,
)
from genocohort.io.parquet import read_table, write_table
from tiny.cohort_store import draw_unrelated, make_samples, write_sheet, write_store, write_summary

N = 6


def sample_qc(folder: Path, *extra: str) -> int:
    return main([
        "sample_qc", "--sheet", str(folder / "samples.tsv"), "--genome", '{"build":"synthetic"}',
        "--samples", str(folder / "out.parquet"), "--reasons", str(folder / "reasons.parquet"),
        "--signed", str(folder / "signed.parquet"), "--ledger", str(folder / "ledger.json"), *extra,
    ])  # fmt: skip


def calls_options(folder: Path) -> list[str]:
    return [
        "--variants", str(folder / "summary.parquet"), "--kinship", str(folder / "pairs.parquet"),
        "--folder", str(folder), "--chromosomes", "chr1", "chrX",
    ]  # fmt: skip


def test_ancestry_inferred_or_reported(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"S{i}" for i in range(N)]
    inferred = ["north"] * 5 + ["unassigned"]
    write_table(
        study / "ancestry.parquet",
        ANCESTRY_SAMPLES,
        {
            "sample_id": names, "n_variants": [9] * N, "nearest": ["north"] * N,
            "ancestry_inferred": inferred, "probability": [1.0] * N, "distance_p": [0.5] * N,
        },
    )  # fmt: skip
    few = ("--settings", '{"min_batch_size":5}')
    given = ("--ancestry", str(study / "ancestry.parquet"))
    assert sample_qc(study, *calls_options(study), *few, *given) == 0
    rows = read_table(study / "out.parquet", SAMPLE_QC_SAMPLES).to_pylist()
    assert [r["ancestry"] for r in rows] == [*inferred, None]
    assert [r["outlier_group"] for r in rows] == ["north in the cohort"] * 5 + [None] * 2
    assert "1 samples are not judged as outliers" in capsys.readouterr().err
    columns: dict[str, list[Any]] = {}
    for column in PARTICIPANTS.columns:
        empty: Any = None if column.missing else {"bool": False, "string": ""}.get(column.type, 0)
        columns[column.name] = [empty] * N
    columns["participant_id"] = [f"P{i}" for i in range(N)]
    columns["ancestry_reported"] = [None, *["south"] * 5]
    write_table(study / "people.parquet", PARTICIPANTS, columns)
    given = ("--participants", str(study / "people.parquet"))
    assert sample_qc(study, *calls_options(study), *few, *given) == 0
    rows = read_table(study / "out.parquet", SAMPLE_QC_SAMPLES).to_pylist()
    assert [r["ancestry"] for r in rows] == [None, *["south"] * 5, None]
    # Without anything reported, everybody is compared with the batch.
    write_table(study / "people.parquet", PARTICIPANTS, columns | {"ancestry_reported": [None] * N})
    assert sample_qc(study, *calls_options(study), *few, *given) == 0
    rows = read_table(study / "out.parquet", SAMPLE_QC_SAMPLES).to_pylist()
    assert [r["outlier_group"] for r in rows] == ["the cohort"] * N + [None]


def alignment_options(folder: Path) -> list[str]:
    return ["--alignments", str(folder / "alignments.parquet")]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Males and females in turn; S0 is a female recorded as male; S6 is not in the calls."""
    rng = np.random.default_rng(9)
    sexes = ["male" if i % 2 == 0 else "female" for i in range(N + 1)]
    samples = make_samples(N + 1, sexes)  # type: ignore[arg-type]
    autosome = draw_unrelated(rng, 300, N)
    x = draw_unrelated(rng, 400, N)
    x[:, [2, 4]] = 2 * (x[:, [2, 4]] > 0)
    n_hidden = int((x[50:, 0] == 1).sum())
    x[50:, 0] = np.where(x[50:, 0] == 1, -1, x[50:, 0])
    # The first 50 lie in the pseudo-autosomal region (bases 0 to 20,000), the others outside.
    positions = [*range(1000, 1050), *range(20001, 20351)]
    write_store(tmp_path, samples[:N], {"chr1": autosome, "chrX": x}, positions={"chrX": positions})
    write_sheet(tmp_path / "samples.tsv", samples)
    rows: list[dict[str, Any]] = []
    for i in range(N):
        base = {"sample_id": f"S{i}", "filter_set": "pass"}
        rate = 0.7 if i == 5 else 0.99
        y = {"n_records": 20, "n_haploid_ref": 20 if i in (2, 4) else 0}
        rows += [
            base | {"scope": "autosomes", "call_rate": rate, "n_het": 5, "n_hom_alt": 2},
            base | {"scope": "X", "n_het_haploid": n_hidden if i == 0 else 0},
            base | {"scope": "Y"} | y,
        ]
    write_summary(tmp_path / "summary.parquet", rows)
    pairs: dict[str, list[Any]] = {c.name: [] for c in KINSHIP_PAIRS.columns}
    twins = ("S1", "S3", 300, 90, 0.0, 0.49, "duplicate", "", True, "S1 and S3 are the same.")
    for name, value in zip(pairs, twins, strict=True):
        pairs[name].append(value)
    write_table(tmp_path / "pairs.parquet", KINSHIP_PAIRS, pairs)
    aligned: dict[str, list[Any]] = {c.name: [] for c in ALIGNMENT_SAMPLES.columns}
    depth = {"mean_fragment_depth": 30.0, "mapped_rate": 0.99, "x_depth_ratio": 0.5,
             "y_depth_ratio": 0.5}  # fmt: skip
    for sample, status in (("S6", "ok"), ("S2", "failed")):
        values = {"sample_id": sample, "status": status} | (depth if status == "ok" else {})
        for name, column in aligned.items():
            column.append(values.get(name))
    write_table(tmp_path / "alignments.parquet", ALIGNMENT_SAMPLES, aligned)
    return tmp_path


def read(folder: Path) -> dict[str, dict[str, Any]]:
    rows = read_table(folder / "out.parquet", SAMPLE_QC_SAMPLES).to_pylist()
    return {r["sample_id"]: r for r in rows}


def test_calls_and_alignments(study: Path) -> None:
    assert sample_qc(study, *calls_options(study), *alignment_options(study)) == 0
    rows = read(study)
    assert list(rows) == [f"S{i}" for i in range(N + 1)]
    assert rows["S0"]["sex_inferred"] == "female"
    assert rows["S0"]["verdict"] == "fail"
    assert rows["S0"]["reasons"][0].startswith("Recorded as male, but the DNA is that of a female")
    assert {s: rows[s]["sex_inferred"] for s in ("S1", "S2", "S6")} == {
        "S1": "female", "S2": "male", "S6": "male",
    }  # fmt: skip
    assert rows["S2"]["x_f"] == pytest.approx(1)
    assert rows["S5"]["verdict"] == "fail"
    assert "Only 70.0 % of the genotypes" in rows["S5"]["reasons"][0]
    assert {rows["S1"]["verdict"], rows["S3"]["verdict"]} == {"warn", "fail"}
    assert rows["S4"]["verdict"] == "pass"
    assert rows["S4"]["reasons"] == []
    assert (rows["S6"]["has_calls"], rows["S6"]["has_alignment"]) == (False, True)
    assert rows["S6"]["call_rate"] is None
    assert rows["S6"]["mean_depth"] == 30
    assert rows["S2"]["verdict"] == "warn"
    assert not rows["S2"]["has_alignment"]
    (entry,) = entries_from_json((study / "ledger.json").read_text())
    assert (entry.unit, entry.source, entry.n_in, entry.n_kept) == ("sample", "", 7, 4)
    reasons = read_table(study / "reasons.parquet", SAMPLE_QC_REASONS).to_pylist()
    assert sum(len(r["reasons"]) for r in rows.values()) == len(reasons)
    assert {r["level"] for r in reasons} == {"warn", "fail"}


def test_a_person_decides(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = study / "sign_offs.csv"
    head = "sample_id,finding,verdict,signed_by,date,reason\n"
    path.write_text(
        head + "S0,sex,pass,A. Lab,2026-01-31,The record is wrong.\n"
        "S4,manual,fail,A. Lab,2026-02-01,Withdrew\n"
        "S2,call_rate,pass,A. Lab,2026-02-01,Known\n"
    )
    options = (*calls_options(study), *alignment_options(study))
    assert sample_qc(study, *options) == 0
    before = read(study)
    assert sample_qc(study, *options, "--sign-offs", str(path)) == 0
    rows = read(study)
    assert before["S0"]["verdict"] == "fail"
    assert rows["S0"]["verdict"] == "pass"
    words = "Set to pass by A. Lab on 2026-01-31: The record is wrong."
    assert rows["S0"]["reasons"] == [f"{before['S0']['reasons'][0]} {words}"]
    assert rows["S4"]["verdict"] == "fail"
    assert rows["S4"]["reasons"] == ["Set to fail by A. Lab on 2026-02-01: Withdrew."]
    unchanged = [s for s in rows if s not in ("S0", "S4")]
    assert [rows[s] for s in unchanged] == [before[s] for s in unchanged]
    signed = read_table(study / "signed.parquet", SAMPLE_QC_SIGN_OFFS).to_pylist()
    assert [(r["sample_id"], r["computed"], r["applied"]) for r in signed] == [
        ("S0", "fail", True), ("S4", "pass", True), ("S2", None, False),
    ]  # fmt: skip
    (entry,) = entries_from_json((study / "ledger.json").read_text())
    assert (entry.n_in, entry.n_kept) == (7, 4)
    assert "signed off as failing" in {d.reason for d in entry.dropped}

    path.write_text(
        head + "S9,sex,pass,A,2026-01-31,x\nS1,sex,good,,31.1.2026,x\n"
        "S2,sex,pass,A,2026-01-31,x\nS2,sex,fail,A,2026-01-31,x\n"
    )
    assert sample_qc(study, *options, "--sign-offs", str(path)) == 3
    told = capsys.readouterr().err
    for words in ("line 2, column sample_id", "line 3, column verdict", "column signed_by",
                  "column date", "line 5"):  # fmt: skip
        assert words in told
    path.write_text("sample_id,finding\nS1,sex\n")
    assert sample_qc(study, *options, "--sign-offs", str(path)) == 3
    assert "signed_by" in capsys.readouterr().err


def test_alignments_alone(study: Path) -> None:
    assert sample_qc(study, *alignment_options(study)) == 0
    rows = read(study)
    assert rows["S6"]["sex_inferred"] == "male"
    assert rows["S6"]["verdict"] == "pass"
    assert rows["S0"]["sex_inferred"] == "unknown"
    assert not any(r["has_calls"] for r in rows.values())


def test_calls_alone(study: Path) -> None:
    assert sample_qc(study, *calls_options(study)) == 0
    assert not any(r["has_alignment"] for r in read(study).values())


def test_nothing_but_the_sheet(study: Path) -> None:
    assert sample_qc(study) == 0
    assert {r["verdict"] for r in read(study).values()} == {"pass"}


def test_the_same_bytes_for_any_threads(study: Path) -> None:
    written = []
    for threads in ("1", "2"):
        assert sample_qc(study, *calls_options(study), "--threads", threads) == 0
        written.append([(study / n).read_bytes() for n in ("out.parquet", "reasons.parquet")])
    assert written[0] == written[1]


def test_a_store_without_variants(tmp_path: Path) -> None:
    samples = make_samples(2, ["male", "female"])
    write_store(
        tmp_path, samples, {"chr1": np.zeros((0, 2), np.int8), "chrX": np.zeros((0, 2), np.int8)}
    )
    write_sheet(tmp_path / "samples.tsv", samples)
    write_summary(
        tmp_path / "summary.parquet",
        [{"sample_id": s.sample_id, "scope": "autosomes", "filter_set": "pass"} for s in samples],
    )
    write_table(
        tmp_path / "pairs.parquet", KINSHIP_PAIRS, {c.name: [] for c in KINSHIP_PAIRS.columns}
    )
    assert sample_qc(tmp_path, *calls_options(tmp_path)) == 0
    assert {r["f_inbreeding"] for r in read(tmp_path).values()} == {None}


def test_errors(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_qc(study, "--variants", str(study / "summary.parquet")) == 2
    assert sample_qc(study, "--settings", '{"call_rate_fail":2}') == 2
    wrong = str(study / "pairs.parquet")
    assert sample_qc(study, "--alignments", wrong) == 3
    assert "holds table kinship/pairs" in capsys.readouterr().err
    assert not (study / "out.parquet").exists()
