"""Table 1: the cohort by group, with missing values and standardised differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genocohort.stats.standardised_difference import largest_difference

EVERYBODY = "(all)"
NO_GROUP = "(not given)"


@dataclass(frozen=True)
class Described:
    """One variable of all participants, in their order.

    `values` is float64 with NaN for missing (numeric, skewed), or text with None (categorical).
    """

    name: str
    kind: Literal["numeric", "skewed", "categorical"]
    values: Sequence[Any]


def _numeric_row(values: npt.NDArray[np.float64], kind: str) -> dict[str, Any]:
    """Statistics of the values that are there; None where undefined."""
    if len(values) == 0:
        return {**dict.fromkeys(("mean", "sd", "median", "q1", "q3")), "text": ""}
    q1, median, q3 = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    if kind == "skewed":
        text = f"{median:.1f} [{q1:.1f}, {q3:.1f}]"
    else:
        text = f"{mean:.1f} ({sd:.1f})" if sd is not None else f"{mean:.1f}"
    return {"mean": mean, "sd": sd, "median": median, "q1": q1, "q3": q3, "text": text}


def _describe_numeric(
    variable: Described, members: dict[str, npt.NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    values = np.array([np.nan if v is None else v for v in variable.values], dtype=np.float64)
    present = ~np.isnan(values)
    compared = [values[m & present] for g, m in members.items() if g not in (EVERYBODY, NO_GROUP)]
    smd = largest_difference(compared, categorical=False)
    rows = []
    for group, member in members.items():
        found = values[member & present]
        rows.append(
            {
                "variable": variable.name, "level": None, "group": group, "n": len(found),
                "n_missing": int(np.sum(member & ~present)), "count": None, "fraction": None,
                "smd": smd, **_numeric_row(found, variable.kind),
            }
        )  # fmt: skip
    return rows


def _level_order(level: str) -> tuple[int, float, str]:
    """Numbers by value and before words."""
    try:
        return 0, float(level), level
    except ValueError:
        return 1, 0.0, level


def _describe_categorical(
    variable: Described, members: dict[str, npt.NDArray[np.bool_]]
) -> list[dict[str, Any]]:
    cells = np.array(variable.values, dtype=object)
    present = np.array([c is not None for c in cells], dtype=bool)
    levels = sorted({str(c) for c in cells[present]}, key=_level_order)
    counts = {
        group: np.array([np.sum(member & (cells == level)) for level in levels], dtype=np.float64)
        for group, member in members.items()
    }
    compared = [c for group, c in counts.items() if group not in (EVERYBODY, NO_GROUP)]
    smd = largest_difference(compared, categorical=True)
    rows = []
    for k, level in enumerate(levels):
        for group, member in members.items():
            n, count = int(np.sum(member & present)), int(counts[group][k])
            fraction = count / n if n else None
            rows.append(
                {
                    "variable": variable.name, "level": level, "group": group, "n": n,
                    "n_missing": int(np.sum(member & ~present)), "mean": None, "sd": None,
                    "median": None, "q1": None, "q3": None, "count": count, "fraction": fraction,
                    "smd": smd,
                    "text": f"{count} ({100 * fraction:.1f} %)" if fraction is not None else "0",
                }
            )  # fmt: skip
    return rows


def describe(
    variables: Sequence[Described], groups: Sequence[str | None] | None
) -> dict[str, list[Any]]:
    """Rows of Table 1 as columns.

    Parameters
    ----------
    variables : sequence of Described
    groups : sequence of str or None, optional
        Group of each participant; None for one group of all. Participants without a group are
        `(not given)` and take no part in the standardised differences.

    Returns
    -------
    dict
        One row per variable, level and group, in the order of the variables; `(all)` comes first.
        Quartiles interpolate linearly (type 7). `smd` is the largest of all pairs of groups.
    """
    n = len(variables[0].values) if variables else 0
    members = {EVERYBODY: np.ones(n, dtype=bool)}
    if groups is not None:
        labels = np.array(groups, dtype=object)
        for label in sorted({g for g in groups if g is not None}, key=_level_order):
            members[label] = labels == label
        absent = np.array([g is None for g in groups], dtype=bool)
        if absent.any():
            members[NO_GROUP] = absent
    rows: list[dict[str, Any]] = []
    for variable in variables:
        numeric = variable.kind != "categorical"
        rows += (_describe_numeric if numeric else _describe_categorical)(variable, members)
    names = (
        "variable", "level", "group", "n", "n_missing", "mean", "sd", "median", "q1", "q3", "count",
        "fraction", "smd", "text",
    )  # fmt: skip
    return {name: [row[name] for row in rows] for name in names}
