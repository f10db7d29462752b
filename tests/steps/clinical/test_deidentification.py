"""Pseudonyms, shifted dates and erasure through the step and the commands."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from genocohort.cli import main
from genocohort.io.crosswalk import read_crosswalk, read_key
from genocohort.study import load_study

MAP = """
sources:
  - path: people.csv
    table: participants
    columns:
      {participant_id: id, birth_date: born, index_date: seen, family_id: family, father_id: father}
  - path: labs.csv
    table: observations
    columns: {participant_id: id, date: date, code: code, value: value, unit: unit}
  - path: more.csv
    table: participants
    columns: {sample_id: sample, site: site}
"""
FILES = {
    "people.csv": "id,born,seen,family,father\nPAT-1,1960-02-03,2010-02-03,FAM-9,PAT-2\n"
    "PAT-2,1915-01-01,2010-01-01,FAM-9,\nPAT-3,1970-01-01,2010-01-01,,\n",
    "labs.csv": "id,date,code,value,unit\nPAT-1,2010-02-04,13457-7,120,mg/dL\n"
    "PAT-3,2010-01-01,13457-7,130,mg/dL\nPAT-4,2010-01-01,13457-7,1,mg/dL\n",
    "more.csv": "sample,site\nS1,1\nS9,2\n",
    "samples.tsv": "sample_id\tparticipant_id\nS1\tPAT-1\nS2\tPAT-2\nS3\tPAT-3\n",
}
TABLES = ("participants", "samples", "observations")
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/clinical.yaml").write_text(MAP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _configure(study: Path, clinical: dict[str, Any] | None = None, **inputs: Any) -> None:
    given = {"sample_sheet": "samples.tsv", "clinical": "config/clinical.yaml", **inputs}
    text = yaml.safe_dump({"inputs": given, "clinical": clinical or {}})
    (study / "config/config.yaml").write_text(text)


def _run(study: Path, expected: int = 0) -> Rows:
    """The step with what the rule would hand it."""
    loaded = load_study(Path("config/config.yaml"))
    loaded.write_inputs(study / "work")
    given = loaded.config.inputs
    files = given.pseudonyms
    more = ["--key", files.key, "--crosswalk", files.crosswalk_file] if files else []
    more += ["--erased", given.erased] if given.erased else []
    out = study / "out"
    code = main(
        ["clinical", "--column-map", "config/clinical.yaml", "--sheet", "work/samples.tsv",
         "--settings", loaded.settings_json("clinical"), "--folder", str(out),
         "--ledger", str(out / "ledger.json"), *more]
    )  # fmt: skip
    assert code == expected
    if code:
        return {}
    return {name: pq.read_table(out / f"{name}.parquet").to_pylist() for name in TABLES}


def _written(study: Path) -> str:
    tables = [pq.read_table(p).to_pylist() for p in sorted((study / "out").glob("*.parquet"))]
    raw = "".join(p.read_text() for p in (study / "out").glob("*.json"))
    raw += "".join(p.read_text() for p in (study / "work").iterdir())
    return json.dumps(tables) + raw


RANDOM = {"key": "secret.key"}


def test_random_pseudonyms(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _configure(study, pseudonyms=RANDOM)
    assert main(["pseudonyms", "--new-key"]) == 0
    rows = _run(study)
    told = capsys.readouterr()
    assert not re.search(r"PAT-\d|FAM-9", _written(study) + told.out + told.err)
    names = read_crosswalk(Path("config/crosswalk.enc"), read_key(Path("secret.key"))).names
    assert set(names) == {"PAT-1", "PAT-2", "PAT-3", "PAT-4"}
    people = {r["participant_id"]: r for r in rows["participants"]}
    assert set(people) == set(names.values())
    first = people[names["PAT-1"]]
    assert (first["father_id"], first["site"], first["age_index"]) == (names["PAT-2"], "1", 50)
    assert first["family_id"] == people[names["PAT-2"]]["family_id"]
    assert {r["sample_id"]: r["participant_id"] for r in rows["samples"]}["S3"] == names["PAT-3"]
    assert {r["participant_id"] for r in rows["observations"]} == {
        names[p] for p in ("PAT-1", "PAT-3", "PAT-4")
    }
    # Made again, nobody gets another name.
    assert main(["pseudonyms"]) == 0
    assert _run(study) == rows
    # The sample that is in no sheet is counted, and not named.
    assert "S9" not in (study / "out/ledger.json").read_text()


def test_who_has_no_pseudonym(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _configure(study, pseudonyms=RANDOM)
    assert main(["pseudonyms", "--new-key"]) == 0
    (study / "labs.csv").write_text(FILES["labs.csv"] + "PAT-5,2010-01-01,13457-7,1,mg/dL\n")
    _run(study, expected=2)
    told = capsys.readouterr().err
    assert "1 participants of the clinical sources have no pseudonym" in told
    assert "PAT-5" not in told
    assert main(["pseudonyms"]) == 0
    assert len(_run(study)["participants"]) == 5


def test_keyed_hashes_are_the_same_at_two_sites(study: Path) -> None:
    _configure(study, pseudonyms={"kind": "hmac", **RANDOM})
    (study / "secret.key").write_text("ab" * 32)
    first = _run(study)
    assert not re.search(r"PAT-\d|FAM-9", _written(study))
    assert _run(study) == first
    (study / "secret.key").write_text("cd" * 32)
    other = _run(study)
    ours, theirs = ({r["participant_id"] for r in x["participants"]} for x in (first, other))
    assert not ours & theirs


def test_limited_dates_are_shifted(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limited = {"deidentification": "limited"}
    _configure(study, limited)
    _run(study, expected=2)
    assert "moved by a key" in capsys.readouterr().err
    (study / "secret.key").write_text("ab" * 32)
    _configure(study, limited, pseudonyms={"kind": "hmac", **RANDOM})
    dates = [r["index_date"] for r in _run(study)["participants"]]
    # Nobody of 90 or above has a date; the others' lies in the year before the true one.
    assert sorted(d is None for d in dates) == [False, False, True, True]
    assert all("2009-01-01" <= d < "2010-02-03" for d in dates if d)
    _configure(study, pseudonyms={"kind": "hmac", **RANDOM})
    assert {r["index_date"] for r in _run(study)["participants"]} == {None}


def test_erasure(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _configure(study)
    assert main(["erase", "PAT-3"]) == 2
    assert "inputs.erased" in capsys.readouterr().err
    _configure(study, pseudonyms=RANDOM)
    assert main(["pseudonyms", "--new-key"]) == 0
    names = read_crosswalk(Path("config/crosswalk.enc"), read_key(Path("secret.key"))).names
    _configure(study, pseudonyms=RANDOM, erased="config/erased.txt")
    assert main(["erase", "PAT-3", "PAT-2"]) == 0
    rows = _run(study)
    assert names["PAT-3"] not in _written(study)
    assert names["PAT-2"] not in _written(study)
    assert len(rows["participants"]) == 2
    assert [r["sample_id"] for r in rows["samples"]] == ["S1"]
    left = read_crosswalk(Path("config/crosswalk.enc"), read_key(Path("secret.key"))).names
    assert set(left) == {"PAT-1", "PAT-4"}
    entries = json.loads((study / "out/ledger.json").read_text())
    dropped = {e["scope"]: [d["n"] for d in e["dropped"] if "erased" in d["reason"]]
               for e in entries}  # fmt: skip
    assert (dropped["people.csv"], dropped["labs.csv"]) == ([2], [1])
    # Adding pseudonyms anew does not bring anybody back.
    assert main(["pseudonyms"]) == 0
    assert _run(study) == rows
