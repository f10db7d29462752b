"""Table 1 against tableone: counts, means, quartiles, standardised differences."""

import numpy as np
import pandas as pd
import pytest

from genocohort.steps.outcomes.table1 import Described, describe

pytestmark = [
    pytest.mark.validation,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TOLERANCE = 1e-9
STATISTICS = {"mean": "mean", "sd": "std", "median": "median", "q1": "q25", "q3": "q75"}


def _cohort() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 300
    frame = pd.DataFrame(
        {
            "age": rng.normal(57, 10, n),
            "crp": rng.lognormal(1, 1, n),
            "smoking": rng.choice(["never", "former", "current"], n, p=[0.5, 0.3, 0.2]),
            "arm": rng.choice(["a", "b"], n),
        }
    )
    frame.loc[frame["arm"] == "b", "age"] += 3
    for column in ("age", "crp", "smoking"):
        frame.loc[rng.choice(n, 20, replace=False), column] = np.nan
    return frame


def _ours(frame: pd.DataFrame) -> pd.DataFrame:
    def cells(name: str) -> list[object]:
        return [None if pd.isna(v) else v for v in frame[name]]

    variables = [
        Described("age", "numeric", cells("age")),
        Described("crp", "skewed", cells("crp")),
        Described("smoking", "categorical", cells("smoking")),
    ]
    return pd.DataFrame(describe(variables, list(frame["arm"])))


def test_against_tableone() -> None:
    tableone = pytest.importorskip("tableone", reason="tableone is not installed")
    frame = _cohort()
    theirs = tableone.TableOne(
        frame, columns=["age", "crp", "smoking"], categorical=["smoking"], groupby="arm",
        nonnormal=["crp"], smd=True, pval=False, include_null=False,
    )  # fmt: skip
    ours = _ours(frame)
    for variable in ("age", "crp"):
        for group in ("a", "b"):
            row = ours[(ours["variable"] == variable) & (ours["group"] == group)].iloc[0]
            described = theirs.cont_describe.loc[variable].xs(group, level=1)
            assert row["n"] == described["count"]
            for column, statistic in STATISTICS.items():
                assert row[column] == pytest.approx(described[statistic], abs=TOLERANCE)
    for variable in ("age", "crp", "smoking"):
        found = ours.loc[ours["variable"] == variable, "smd"].unique()
        assert len(found) == 1
        expected = abs(float(theirs.smd_table.loc[variable, "SMD (a,b)"]))
        assert found[0] == pytest.approx(expected, abs=TOLERANCE)


def test_counts_and_missing_by_pandas() -> None:
    frame = _cohort()
    ours = _ours(frame)
    rows = ours[(ours["variable"] == "smoking") & (ours["group"] != "(all)")]
    missing = frame["smoking"].isna().groupby(frame["arm"]).sum()
    for group, n_missing in zip(rows["group"], rows["n_missing"], strict=True):
        assert n_missing == missing[group]
    counts = frame.groupby(["smoking", "arm"]).size()
    shares = counts / frame.dropna(subset="smoking").groupby("arm").size()
    found = rows.set_index(["level", "group"])
    for key, count in counts.items():
        assert found.loc[key, "count"] == count
        assert found.loc[key, "fraction"] == pytest.approx(shares[key])
