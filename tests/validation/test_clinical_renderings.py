"""The renderings of the sample cohort (tables, REDCap, FHIR, OMOP, Phenopackets, PLINK) are one.

What a format cannot carry is written beside it, here and nowhere else.
"""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.io.sheet import read_sample_sheet, sheet_text
from tiny.clinical import CLINICAL, Rows

pytestmark = pytest.mark.validation

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data-samples"
FORMATS = ("redcap", "fhir", "omop", "phenopackets")
AGE = ("sex_recorded", "birth_year", "age_index", "age_topcoded", "age_min", "age_max")
# Columns of participants. FHIR and OMOP have no place for families and consent; OMOP has the
# reported ancestry as a source value only, which is not read; a phenopacket has no site.
PEOPLE = {
    "redcap": (*AGE, "site", "ancestry_reported", "family_id", "father_id", "mother_id", "consent"),
    "fhir": (*AGE, "site", "ancestry_reported"),
    "omop": (*AGE, "site"),
    "phenopackets": AGE,
}
# OMOP's drug_exposure has an amount dispensed, and no dose.
DRUGS = {"omop": ("code", "start_day", "end_day")}
ALL_OF_A_DRUG = ("code", "code_system", "start_day", "end_day", "dose", "dose_unit")
# Follow-up ends: the tables and the REDCap project have them as an outcome only.
FOLLOWED = ("fhir", "omop", "phenopackets")


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text())
    return found


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Every rendering through the step, by the column maps that are shipped."""
    folder = tmp_path_factory.mktemp("renderings")
    samples: tuple[Sample, ...] = read_sample_sheet(SAMPLES / "samples.tsv")
    (folder / "sheet.tsv").write_text(sheet_text(samples))
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for name in ("", *FORMATS):
            out = folder / (name or "tables")
            code = main(
                ["clinical", "--column-map", f"config/clinical{'-' + name if name else ''}.yaml",
                 "--sheet", str(folder / "sheet.tsv"), "--settings", "{}", "--folder", str(out),
                 "--ledger", str(out / "ledger.json")]
            )  # fmt: skip
            assert code == 0, name
            found[name or "tables"] = {
                t: pq.read_table(out / f"{t}.parquet").to_pylist() for t in CLINICAL
            }
    return found


def _ids(rows: Rows) -> set[str]:
    return {r["participant_id"] for r in rows["participants"]}


def _facts(rows: Rows, columns: tuple[str, ...], ids: set[str]) -> dict[str, tuple[Any, ...]]:
    found = {}
    for r in rows["participants"]:
        if r["participant_id"] in ids:
            values = (r[c] for c in columns)
            found[r["participant_id"]] = tuple(
                tuple(v) if isinstance(v, list) and v else v or None for v in values
            )
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_participants(name: str, rendered: dict[str, Rows]) -> None:
    ours, theirs = rendered["tables"], rendered[name]
    # To keep the file small there are phenopackets of the first hundred people only.
    assert len(_ids(theirs)) == (100 if name == "phenopackets" else 400)
    columns, ids = PEOPLE[name], _ids(theirs)
    assert _facts(theirs, columns, ids) == _facts(ours, columns, ids)


def _measured(rows: Rows, ids: set[str], skip: set[str], limits: bool) -> list[tuple[Any, ...]]:
    """Measurements with a value. Only the tables have the unit mix-up of LDL, which is planted
    where a study office would make it; only the tables have rows without a value."""
    return sorted(
        (r["participant_id"], r["day"], r["code"], r["unit"], round(r["value_std"], 9),
         r["value_num"], r["unit_src"], r["comparator"] or "")
        for r in rows["observations"]
        if r["value_std"] is not None and r["participant_id"] in ids
        and (limits or r["comparator"] is None)
        and not (r["code"] == "13457-7" and r["participant_id"] in skip)
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_measurements(name: str, rendered: dict[str, Rows], truth: dict[str, Any]) -> None:
    ours, theirs = rendered["tables"], rendered[name]
    skip = set(truth["clinical"]["unit_mixup"]["participants"])
    # A phenopacket's quantity has no comparator: values below a limit are not in it.
    limits = name != "phenopackets"
    found = _measured(theirs, _ids(theirs), skip, limits)
    assert found == _measured(ours, _ids(theirs), skip, limits)
    assert len(found) > (500 if name == "phenopackets" else 2500)


def _diagnosed(rows: Rows, ids: set[str], excluded: bool) -> list[tuple[Any, ...]]:
    return sorted(
        (r["participant_id"], r["start_day"], r["code"] or r["code_source"], r["status"])
        for r in rows["conditions"]
        if r["participant_id"] in ids and (excluded or r["status"] == "present")
    )


@pytest.mark.parametrize("name", FORMATS)
def test_conditions(name: str, rendered: dict[str, Rows]) -> None:
    ours, theirs = rendered["tables"], rendered[name]
    # OMOP cannot say that a condition was looked for and not found.
    excluded = name != "omop"
    found = _diagnosed(theirs, _ids(theirs), excluded)
    assert found == _diagnosed(ours, _ids(theirs), excluded)
    assert ("excluded" in {row[-1] for row in found}) is excluded


def _drugs(rows: Rows, columns: tuple[str, ...], ids: set[str]) -> list[tuple[Any, ...]]:
    return sorted(
        (r["participant_id"], *(r[c] for c in columns))
        for r in rows["exposures"]
        if r["kind"] == "drug" and r["participant_id"] in ids
    )


@pytest.mark.parametrize("name", FORMATS)
def test_drugs(name: str, rendered: dict[str, Rows]) -> None:
    columns = DRUGS.get(name, ALL_OF_A_DRUG)
    ids = _ids(rendered[name])
    found = _drugs(rendered[name], columns, ids)
    assert found == _drugs(rendered["tables"], columns, ids)
    assert len(found) > (50 if name == "phenopackets" else 300)


def test_smoking(rendered: dict[str, Rows]) -> None:
    """An exposure where the column map says so; FHIR's vital sign stays a coded answer; OMOP's
    answer is text, which is not carried; a phenopacket has none."""

    def habits(rows: Rows) -> dict[str, str]:
        return {r["participant_id"]: r["code"] for r in rows["exposures"] if r["kind"] == "smoking"}

    ours = habits(rendered["tables"])
    assert habits(rendered["redcap"]) == ours
    words = {"266919005": "never", "8517006": "former", "77176002": "current"}
    answers = {
        r["participant_id"]: words[r["value_code"]]
        for r in rendered["fhir"]["observations"]
        if r["code"] == "72166-2"
    }
    assert answers == ours
    assert habits(rendered["omop"]) == {}


def _times(rows: Rows, outcome: str, columns: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    return {
        r["participant_id"]: tuple(r[c] for c in columns)
        for r in rows["outcomes"]
        if r["outcome"] == outcome
    }


def test_outcomes(rendered: dict[str, Rows]) -> None:
    """REDCap has the study's outcomes; the others have the end of follow-up and deaths."""
    times = ("kind", "value", "entry_day", "exit_day", "event")
    for outcome in ("cad", "heart_failure"):
        ours = _times(rendered["tables"], outcome, times)
        assert _times(rendered["redcap"], outcome, times) == ours
        assert len(ours) == 400
    ends = _times(rendered["tables"], "heart_failure", ("exit_day", "event"))
    for name in FOLLOWED:
        found = _times(rendered[name], "death", ("exit_day", "event"))
        # Event 2 of heart failure is a death of another cause.
        expected = {p: (end, int(event == 2)) for p, (end, event) in ends.items()}
        assert found == {p: expected[p] for p in found}
        assert set(found) == _ids(rendered[name])
    entries = _times(rendered["tables"], "heart_failure", ("entry_day",))
    for name in ("fhir", "omop"):  # a phenopacket has no start of follow-up
        assert _times(rendered[name], "death", ("entry_day",)) == entries


def test_no_identifier_is_carried(rendered: dict[str, Rows], truth: dict[str, Any]) -> None:
    secrets = [
        truth["deidentification"]["note_with_name"]["name"], "Quellen", "daughter", "@example",
        "Sample0210", "postalCode",
    ]  # fmt: skip
    zips = {r["zip"] for r in _csv(SAMPLES / "clinical/tables/participants.csv")}
    for name, rows in rendered.items():
        written = json.dumps(rows)
        assert not any(secret in written for secret in secrets), name
        words = {
            w
            for table in rows.values()
            for r in table
            for v in r.values()
            if isinstance(v, str)
            for w in re.findall(r"\w+", v)
        }
        assert not words & zips, name
        assert not re.search(r"\b(?:19|20)\d\d-\d\d-\d\d", written), name


def _csv(path: Path) -> list[dict[str, str]]:
    import csv

    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))
