"""What goes wrong with phenotypes in practice, one test each."""

from pathlib import Path

import pytest

from tiny.clinical import Rows, run_clinical

ROLE = "columns: {participant_id: id}"


def _table(folder: Path, text: str, rest: str, pairs: str = "S1 P1") -> tuple[int, Rows]:
    (folder / "a.tsv").write_text(text)
    spec = f'sources:\n  - path: "{{folder}}/a.tsv"\n    table: participants\n    {rest}\n'
    linked = [tuple(pair.split()) for pair in pairs.split(",")]
    return run_clinical(folder, spec, linked)  # type: ignore[arg-type]


@pytest.mark.parametrize("codes", ["{1: 0, 2: 1}", "{0: 0, 1: 1}"])
def test_coding_of_cases_is_declared_never_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], codes: str
) -> None:
    outcome = f"outcomes: [{{value: {{column: y, codes: {codes}}}, outcome: y, kind: binary}}]"
    texts = {"{1: 0, 2: 1}": "id\ty\nP1\t1\nP2\t2\n", "{0: 0, 1: 1}": "id\ty\nP1\t0\nP2\t1\n"}
    code, rows = _table(tmp_path, texts[codes], f"{ROLE}\n    {outcome}")
    assert code == 0
    assert [r["value"] for r in rows["outcomes"]] == [0.0, 1.0]
    other = next(text for key, text in texts.items() if key != codes)
    code, _ = _table(tmp_path, other, f"{ROLE}\n    {outcome}")
    assert code == 3
    assert "codes that are not declared" in capsys.readouterr().err
    bare = "outcomes: [{value: y, outcome: y, kind: binary}]"
    code, _ = _table(tmp_path, other, f"{ROLE}\n    {bare}")
    assert code == 2
    assert "declare the coding" in capsys.readouterr().err


def test_minus_nine_that_nobody_declared(tmp_path: Path) -> None:
    measured = "measurements: [{value: x, code: LOCAL}, {value: ldl, code: 13457-7, unit: mg/dL}]"
    text = "id\tx\tldl\nP1\t-9\t-9\nP2\t3\t120\nP3\t999\t130\n"
    code, rows = _table(tmp_path, text, f"{ROLE}\n    {measured}")
    assert code == 0
    flags = {(r["participant_id"], r["code"]): r["qc_flags"] for r in rows["observations"]}
    assert flags["P1", "LOCAL"] == flags["P3", "LOCAL"] == "not_standardised;sentinel_suspect"
    assert flags["P2", "LOCAL"] == "not_standardised"
    assert flags["P1", "13457-7"] == "implausible"
    # The number stays what it was.
    assert {r["value_num"] for r in rows["observations"]} >= {-9.0, 999.0}
    told = [f["sentence"] for f in rows["findings"] if f["kind"] == "sentinel_suspect"]
    assert len(told) == 1
    assert "LOCAL: 2 values" in told[0]


def test_family_and_individual_in_one_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "FID\tIID\tID\tage\nS1\tS1\tS1_S1\t50\nS2\tS2\tS2_S2\t60\n"
    rest = "columns: {sample_id: COLUMN, age_years: age}"
    code, _ = _table(tmp_path, text, rest.replace("COLUMN", "ID"), "S1 P1,S2 P2")
    told = capsys.readouterr().err
    assert code == 3
    assert "no row has a sample of the sample sheet" in told
    assert "take the column of the IID" in told
    code, rows = _table(tmp_path, text, rest.replace("COLUMN", "IID"), "S1 P1,S2 P2")
    assert code == 0
    assert [r["age_index"] for r in rows["participants"]] == [50, 60]


def test_one_id_in_two_different_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _table(
        tmp_path, "id\tage\nP1\t50\nP1\t51\n", "columns: {participant_id: id, age_years: age}"
    )
    assert code == 3
    assert "row 2, row 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cells", "codes"),
    [("1 2", "{1: male, 2: female}"), ("1 0", "{1: male, 0: female}"),
     ("M F", "{M: male, F: female}"), ("8507 8532", "{8507: male, 8532: female}"),
     ("XY XX", "{XY: male, XX: female}")],
)  # fmt: skip
def test_codings_of_sex(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cells: str, codes: str
) -> None:
    first, second = cells.split()
    text = f"id\tsex\nP1\t{first}\nP2\t{second}\n"
    rest = "columns: {participant_id: id, sex_recorded: {column: sex, codes: CODES}}"
    code, rows = _table(tmp_path, text, rest.replace("CODES", codes))
    assert code == 0
    assert [r["sex_recorded"] for r in rows["participants"]] == ["male", "female"]
    code, _ = _table(tmp_path, text, "columns: {participant_id: id, sex_recorded: sex}")
    assert code == 3
    assert "coding of sex is not declared" in capsys.readouterr().err


def test_nothing_tells_an_age_of_ninety(tmp_path: Path) -> None:
    """Ages among measurements, and days so long ago that only the old were alive."""
    (tmp_path / "labs.tsv").write_text(
        "id\tday\tcode\tvalue\tunit\nP1\t0\t30525-0\t93\ta\nP2\t0\t30525-0\t70\ta\n"
        "P1\t-33500\t13457-7\t120\tmg/dL\nP2\t-20000\t13457-7\t120\tmg/dL\n"
    )
    (tmp_path / "dx.tsv").write_text("id\tday\tcode\nP1\t-33900\tQ21.0\n")
    text = """
sources:
  - path: "{folder}/labs.tsv"
    table: observations
    columns: {participant_id: id, day: day, code: code, value: value, unit: unit}
  - path: "{folder}/dx.tsv"
    table: conditions
    columns: {participant_id: id, start_day: day, code: code}
"""
    code, rows = run_clinical(tmp_path, text)
    assert code == 0
    keys = ("participant_id", "day", "value_num", "comparator")
    assert [tuple(r[k] for k in keys) for r in rows["observations"]] == [
        ("P1", 0, 90.0, ">="), ("P2", 0, 70.0, None), ("P1", None, 120.0, None),
        ("P2", -20000, 120.0, None),
    ]  # fmt: skip
    assert [r["start_day"] for r in rows["conditions"]] == [None]


def test_codes_without_a_vocabulary_are_listed(tmp_path: Path) -> None:
    (tmp_path / "dx.tsv").write_text("id\tcode\town\nP1\t\tX1\nP2\t\tX1\nP3\tI10\t\n")
    text = """
sources:
  - path: "{folder}/dx.tsv"
    table: conditions
    columns: {participant_id: id, code: code, code_source: own}
"""
    code, rows = run_clinical(tmp_path, text)
    assert code == 0
    told = [f["sentence"] for f in rows["findings"] if f["kind"] == "unmapped_code"]
    assert told == ["source code X1: 2 rows have no code of a vocabulary; kept"]
    assert len(rows["conditions"]) == 3


def test_two_values_of_one_day(tmp_path: Path) -> None:
    """Both are kept; which one a phenotype takes is a stated rule, and that it had to is told."""
    (tmp_path / "labs.tsv").write_text(
        "id\tday\tcode\tvalue\nP1\t5\tX\t3\nP1\t0\tX\t2\nP1\t0\tX\t1\nP2\t0\tX\t7\nP2\t0\tX\t7.0\n"
    )
    text = """
sources:
  - path: "{folder}/labs.tsv"
    table: observations
    columns: {participant_id: id, day: day, code: code, value: value}
"""
    picks = {"first": [2.0, 7.0], "last": [3.0, 7.0], "min": [1.0, 7.0], "max": [3.0, 7.0],
             "median": [2.0, 7.0], "count": [3.0, 2.0]}  # fmt: skip
    for pick, expected in picks.items():
        source = {"table": "observations", "code": "X", "pick": pick}
        settings = {"phenotypes": [{"name": "x", "kind": "quantitative", "source": source}]}
        code, rows = run_clinical(tmp_path, text, settings=settings)
        assert code == 0
        assert [r["x"] for r in rows["phenotypes_wide"]] == expected
        told = [f["sentence"] for f in rows["findings"] if f["kind"] == "phenotype_same_day"]
        assert len(told) == 1
        assert told[0].startswith("on 1 days")
        assert len(rows["observations"]) == 5
