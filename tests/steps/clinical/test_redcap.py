"""A REDCap export with its data dictionary: checkboxes, events, repeats, identifiers."""

import json
from pathlib import Path

import pytest

from tiny.clinical import Rows, run_clinical

DICTIONARY = """\
field_name,field_type,select_choices_or_calculations,text_validation_type_or_show_slider_number,identifier
record_id,text,,,
sex,radio,"1, male | 2, female",,
born,text,,date_ymd,y
surname,text,,,y
phone,text,,phone,
remarks,notes,,,
use,checkbox,"1, general | -2, health | x.1, other",,
died,yesno,,,
seen,text,,date_ymd,
ldl,text,,number,
drug,text,,,
"""
HEADER = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,born,surname,"
    "phone,remarks,use___1,use____2,use___x_1,died,seen,ldl,drug,visit_complete\n"
)
RECORDS = """\
007,base_arm_1,,,1,1960-02-03,Quellen,555-0199,called back,1,0,1,,2010-02-03,,,2
007,base_arm_1,drugs,1,,,,,,,,,,,,1191,2
007,base_arm_1,drugs,2,,,,,,,,,,,,1191,2
007,year_arm_1,,,,,,,,,,,1,2011-02-03,120.5,,2
7,base_arm_1,,,2,1970-01-01,Other,,,0,0,0,,2010-01-01,,,2
7,year_arm_1,,,,,,,,,,,,2011-01-01,,,2
"""
PARTS = """
      - table: participants
        events: [base_arm_1]
        columns:
          participant_id: record_id
          sex_recorded: {column: sex, codes: {1: male, 2: female}}
          birth_date: born
          index_date: seen
          consent: {column: use, codes: {1: "DUO:1", -2: "DUO:2", x.1: "DUO:3"}}
      - table: observations
        events: [year_arm_1]
        columns:
          {participant_id: record_id, date: seen, code: {value: 13457-7}, value: ldl,
           unit: {value: mg/dL}}
      - table: exposures
        instrument: drugs
        columns: {participant_id: record_id, kind: {value: drug}, code: drug}
"""


def _run(
    folder: Path, records: str = RECORDS, parts: str = PARTS, dictionary: str = DICTIONARY
) -> tuple[int, Rows]:
    (folder / "records.csv").write_text(HEADER + records)
    (folder / "dictionary.csv").write_text(dictionary)
    text = f"""
sources:
  - table: redcap
    path: "{{folder}}/records.csv"
    dictionary: "{{folder}}/dictionary.csv"
    parts: {parts}
"""
    return run_clinical(folder, text, [("S1", "007"), ("S2", "7")])


def test_checkboxes_events_and_repeats(tmp_path: Path) -> None:
    code, rows = _run(tmp_path)
    assert code == 0
    people = {r["participant_id"]: r for r in rows["participants"]}
    assert people["007"]["sex_recorded"] == "male"
    assert people["007"]["age_index"] == 50
    assert people["007"]["consent"] == ["DUO:1", "DUO:3"]
    assert people["7"]["consent"] is None
    # Two entries of a repeating instrument that look alike are two entries.
    assert [(r["participant_id"], r["code"]) for r in rows["exposures"]] == [("007", "1191")] * 2
    # The event's row of who has no result yet is no measurement, and that is told.
    assert [(r["participant_id"], r["day"], r["value_std"], r["src_row"])
            for r in rows["observations"]] == [
        ("007", 365, 120.5, 5), ("7", 365, None, 7),
    ]  # fmt: skip


def test_identifiers_and_free_text_stay_behind(tmp_path: Path) -> None:
    _, rows = _run(tmp_path)
    dropped = {f["column"]: f["sentence"] for f in rows["findings"]
               if f["kind"] == "identifier_dropped"}  # fmt: skip
    assert set(dropped) == {"surname", "phone", "remarks"}
    assert ": 2 of 6 rows had a value" in dropped["surname"]
    written = json.dumps(rows)
    assert not any(secret in written for secret in ("Quellen", "555", "called", "1960-02-03"))
    for path in (tmp_path / "clinical").iterdir():
        assert b"Quellen" not in path.read_bytes()


@pytest.mark.parametrize("role", ["site: surname", "ancestry_reported: remarks", "site: phone"])
def test_a_role_may_not_read_an_identifier(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], role: str
) -> None:
    parts = PARTS.replace("birth_date: born", f"birth_date: born\n          {role}")
    code, _ = _run(tmp_path, parts=parts)
    told = capsys.readouterr().err
    assert code == 2
    assert "marks as an identifier" in told
    assert "Quellen" not in told


@pytest.mark.parametrize(
    ("old", "new", "exit_code", "message"),
    [
        ("007,base_arm_1,,,1,", "007,base_arm_1,,,male,", 3, "none of the field's choices"),
        ("called back,1,0,1", "called back,Checked,0,1", 3, "neither 0 nor 1"),
        ("base_arm_1", "first_arm_1", 2, "the export has no event base_arm_1"),
        ("7,base_arm_1,,,2,", "007,base_arm_1,,,2,", 3, "different values in several events"),
    ],
)
def test_wrong_exports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, exit_code: int,
    message: str,
) -> None:  # fmt: skip
    code, _ = _run(tmp_path, RECORDS.replace(old, new))
    assert code == exit_code
    assert message in capsys.readouterr().err


def test_rows_that_no_part_takes_are_told(tmp_path: Path) -> None:
    _, rows = _run(tmp_path, parts=PARTS[: PARTS.index("      - table: observations")])
    told = [f["sentence"] for f in rows["findings"] if f["kind"] == "rows_not_taken"]
    assert len(told) == 2
    assert any(t.startswith("2 rows of event base_arm_1, repeating instrument drugs") for t in told)
    assert any(t.startswith("2 rows of event year_arm_1") for t in told)


def test_one_row_per_record_over_all_events(tmp_path: Path) -> None:
    """Without events named, fields of several events make one participant."""
    parts = """
      - table: participants
        columns: {participant_id: record_id, birth_date: born}
        outcomes: [{value: {column: died, codes: {0: 0, 1: 1}}, outcome: died, kind: binary}]
"""
    code, rows = _run(tmp_path, parts=parts)
    assert code == 0
    assert [(r["participant_id"], r["value"]) for r in rows["outcomes"]] == [
        ("007", 1.0), ("7", None),
    ]  # fmt: skip


def test_no_data_dictionary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = _run(tmp_path, dictionary="a,b\n1,2\n")
    assert code == 3
    assert "not a REDCap data dictionary" in capsys.readouterr().err


def test_headers_of_the_web_page(tmp_path: Path) -> None:
    page = (
        "Variable / Field Name,Field Type,"
        '"Choices, Calculations, OR Slider Labels",'
        "Text Validation Type OR Show Slider Number,Identifier?\n"
    )
    dictionary = page + DICTIONARY.split("\n", 1)[1]
    code, rows = _run(tmp_path, dictionary=dictionary)
    assert code == 0
    assert {f["column"] for f in rows["findings"] if f["kind"] == "identifier_dropped"} == {
        "surname", "phone", "remarks",
    }  # fmt: skip
