"""Reading results by table name."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genocohort.domain.table import Column, Table
from genocohort.domain.tables_accounts import LEDGER
from genocohort.errors import InputDataError
from genocohort.io.parquet import write_table
from genocohort.io.results import Results, declared_tables


@pytest.fixture
def folder(tmp_path):
    columns = {
        "step": ["genotypes"], "scope": ["chr1"], "unit": ["variant"], "source": ["input"],
        "n_in": [3], "n_kept": [2], "reason": ["star"], "n_dropped": [1], "is_loss": [False],
        "examples": [["chr1:5"]],
    }  # fmt: skip
    write_table(tmp_path / "accounts/ledger.parquet", LEDGER, columns)
    return tmp_path


def test_a_missing_folder_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(InputDataError, match="does not exist") as error:
        Results(tmp_path / "nothing")
    assert "genocohort run" in error.value.message()


def test_names_and_tables(folder):
    results = Results(folder)
    assert results.names() == ("accounts/ledger",)
    assert results.has("accounts/ledger")
    assert not results.has("kinship/pairs")
    frame = results.table("accounts/ledger", ["step", "n_in"])
    assert list(frame.columns) == ["step", "n_in"]
    assert frame["n_in"].tolist() == [3]


def test_a_table_that_is_not_there_names_those_that_are(folder):
    with pytest.raises(InputDataError, match="no table kinship/pairs") as error:
        Results(folder).table("kinship/pairs")
    assert "accounts/ledger" in error.value.expected


def test_an_unknown_column_names_the_columns(folder):
    with pytest.raises(InputDataError, match="no column nonsense") as error:
        Results(folder).table("accounts/ledger", ["nonsense"])
    assert "n_kept" in error.value.expected


def test_another_schema_version_is_refused(folder):
    table = pq.read_table(folder / "accounts/ledger.parquet")
    table = table.replace_schema_metadata({"table": "accounts/ledger", "schema_version": "99"})
    pq.write_table(table, folder / "accounts/ledger.parquet")
    with pytest.raises(InputDataError, match="version 99"):
        Results(folder).table("accounts/ledger")


def test_a_cut_file_is_refused(folder):
    path = folder / "accounts/ledger.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputDataError, match="Parquet"):
        Results(folder).table("accounts/ledger")


def test_a_file_of_another_program_can_be_read(folder):
    pq.write_table(pa.table({"x": [1]}), folder / "accounts/own.parquet")
    assert Results(folder).table("accounts/own")["x"].tolist() == [1]
    assert Results(folder).columns("accounts/own")["column"].tolist() == ["x"]


def test_rows_are_chosen_by_value(folder):
    results = Results(folder)
    assert len(results.table("accounts/ledger", where={"step": "genotypes"})) == 1
    assert len(results.table("accounts/ledger", ["n_in"], where={"step": "kinship"})) == 0
    with pytest.raises(InputDataError, match="no column nonsense"):
        results.table("accounts/ledger", where={"nonsense": "x"})


def test_a_folder_with_an_equals_sign_adds_no_column(tmp_path):
    table = Table("accounts/mine", 1, "t", (Column("n", "int64", "n"),))
    write_table(tmp_path / "site=1/accounts/mine.parquet", table, {"n": [1]})
    assert list(Results(tmp_path / "site=1").table("accounts/mine").columns) == ["n"]


def test_missing_whole_numbers_stay_missing_and_whole(folder):
    table = Table("accounts/mine", 1, "t", (Column("n", "int64", "n", "unknown"),
                                            Column("b", "bool", "b", "unknown")))  # fmt: skip
    big = 2**60 + 1
    write_table(folder / "accounts/mine.parquet", table, {"n": [big, None], "b": [True, None]})
    frame = Results(folder).table("accounts/mine")
    assert frame["n"][0] == big
    assert frame["n"].isna().tolist() == [False, True]
    assert frame["b"].isna().tolist() == [False, True]
    assert isinstance(frame["n"].dtype, pd.Int64Dtype)


def test_columns_say_what_is_declared(folder):
    columns = Results(folder).columns("accounts/ledger").set_index("column")
    assert columns.loc["n_kept", "meaning"] == "how many were kept"
    assert columns.loc["reason", "missing"] == "nothing was dropped"


def test_columns_of_a_table_named_otherwise_than_its_file(folder):
    declared = declared_tables()["association_summary/gwas"]
    values = {
        c.name: (["x"] if c.type in ("string", "dictionary") else np.array([1.0]))
        for c in declared.columns
    }
    write_table(folder / "association_summary/ldl.gwas.parquet", declared, values)
    results = Results(folder)
    assert results.phenotypes() == ("ldl",)
    assert results.association("ldl", ["n"])["n"].tolist() == [1]
    columns = results.columns("association_summary/ldl.gwas")
    assert columns["column"].tolist() == list(declared.column_names)


def test_accounts(folder):
    results = Results(folder)
    assert results.accounts() == {}
    (folder / "accounts/accounts.json").write_text(json.dumps({"complete": True}))
    assert results.accounts() == {"complete": True}
    (folder / "accounts/accounts.json").write_text("{")
    with pytest.raises(InputDataError, match="JSON"):
        results.accounts()


def test_every_area_declares_tables_by_distinct_names():
    names = declared_tables()
    assert {name.split("/")[0] for name in names} >= {
        "accounts", "alignment_summary", "variant_summary", "kinship", "sample_qc", "structure",
        "clinical", "outcomes", "association_summary",
    }  # fmt: skip
    assert all(key == table.name for key, table in names.items())
