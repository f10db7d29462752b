"""Columns of the clinical tables as what Table 1 and the models need, one value per participant."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.errors import ConfigError
from genocohort.steps.outcomes.settings import Variable
from genocohort.steps.outcomes.survival import TimeToEvent
from genocohort.steps.outcomes.table1 import Described

Columns = Mapping[str, list[Any]]
Floats = npt.NDArray[np.float64]
_DOUBTFUL = {"unit_suspect", "implausible", "sentinel_suspect"}
_PARTICIPANT_COLUMNS = ("age_index", "sex_recorded", "site", "ancestry_reported", "birth_year")


def participant_groups(tables: Mapping[str, Columns], name: str, key: str) -> list[str | None]:
    """A column of participants as group labels.

    Raises
    ------
    ConfigError
        No such column, or one that is not for grouping.
    """
    allowed = ("site", "sex_recorded", "ancestry_reported")
    if name not in allowed:
        raise ConfigError(
            f"{key}: participants cannot be grouped by {name}",
            expected="one of " + ", ".join(allowed),
        )
    return [None if v is None else str(v) for v in tables["participants"][name]]


def _first_per_participant(
    table: Columns, chosen: list[int], value: str, day: str, place: Mapping[str, int]
) -> list[Any]:
    """The earliest value of each participant; rows without a day come last."""
    found: list[Any] = [None] * len(place)
    order = sorted(chosen, key=lambda i: (table[day][i] is None, table[day][i] or 0, i))
    for i in order:
        participant = place[table["participant_id"][i]]
        if found[participant] is None:
            found[participant] = table[value][i]
    return found


def _observed(
    variable: Variable, table: Columns, place: Mapping[str, int], exclude_flagged: bool
) -> list[Any]:
    chosen, value = [], "value_std"
    for i, code in enumerate(table["code"]):
        flags = set((table["qc_flags"][i] or "").split(";"))
        if code != variable.observation or (exclude_flagged and flags & _DOUBTFUL):
            continue
        if "not_standardised" in flags:
            value = "value_num"
        chosen.append(i)
    units = {table["unit_src"][i] or "(not stated)" for i in chosen}
    if value == "value_num" and len(units) > 1:
        raise ConfigError(
            f"table1: {variable.name} comes in {len(units)} units and no conversion is known",
            offenders=sorted(units),
        )
    return _first_per_participant(table, chosen, value, "day", place)


def describe_variable(
    variable: Variable, tables: Mapping[str, Columns], exclude_flagged: bool
) -> Described:
    """One variable of Table 1 for all participants.

    Raises
    ------
    ConfigError
        Nothing of that name, or text where a number is needed.
    """
    participants = tables["participants"]
    ids = participants["participant_id"]
    place = {participant: i for i, participant in enumerate(ids)}
    values: list[Any]
    if variable.observation is not None:
        values = _observed(variable, tables["observations"], place, exclude_flagged)
    elif variable.condition is not None:
        table = tables["conditions"]
        present = {
            table["participant_id"][i]
            for i, code in enumerate(table["code"])
            if code and code.startswith(variable.condition) and table["status"][i] == "present"
        }
        values = ["yes" if participant in present else "no" for participant in ids]
    elif variable.exposure is not None:
        table = tables["exposures"]
        chosen = [i for i, kind in enumerate(table["kind"]) if kind == variable.exposure]
        values = _first_per_participant(table, chosen, "code", "start_day", place)
    elif variable.name in _PARTICIPANT_COLUMNS:
        values = list(participants[variable.name])
    elif variable.name in tables["phenotypes_wide"] and variable.name != "participant_id":
        values = list(tables["phenotypes_wide"][variable.name])
    else:
        raise ConfigError(
            f"table1: there is no variable {variable.name}",
            expected="a column of participants or phenotypes_wide, or an observation, condition "
            "or exposure",
        )
    if variable.kind == "categorical":
        return Described(variable.name, variable.kind, [_label(v) for v in values])
    if any(isinstance(v, str) for v in values):
        raise ConfigError(f"table1: {variable.name} is text", expected="kind: categorical")
    return Described(variable.name, variable.kind, values)


def _label(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def time_to_event(outcome: str, tables: Mapping[str, Columns]) -> TimeToEvent:
    """One time to event of all participants.

    Raises
    ------
    ConfigError
        The clinical tables have no time to event of that name.
    """
    table = tables["outcomes"]
    ids = tables["participants"]["participant_id"]
    place = {participant: i for i, participant in enumerate(ids)}
    chosen = [
        i
        for i, name in enumerate(table["outcome"])
        if name == outcome and table["kind"][i] == "tte"
    ]
    if not chosen:
        raise ConfigError(
            f"survival: the clinical tables have no time to event {outcome}",
            expected="an outcome of kind tte from the column map's sources",
        )
    columns = {name: np.full(len(ids), np.nan) for name in ("entry_day", "exit_day", "event")}
    for i in chosen:
        for name, column in columns.items():
            if table[name][i] is not None:
                column[place[table["participant_id"][i]]] = table[name][i]
    return TimeToEvent(outcome, columns["entry_day"], columns["exit_day"], columns["event"])


def covariate_columns(names: tuple[str, ...], tables: Mapping[str, Columns]) -> dict[str, Floats]:
    """Columns of phenotypes_wide for a model.

    Raises
    ------
    ConfigError
        A column is not there.
    """
    wide = tables["phenotypes_wide"]
    absent = [n for n in names if n not in wide or n == "participant_id"]
    if absent:
        raise ConfigError(
            "survival: covariates that phenotypes_wide does not have",
            offenders=absent,
            remedy="add them to clinical.covariates",
        )
    return {
        name: np.array([np.nan if v is None else v for v in wide[name]], dtype=np.float64)
        for name in names
    }
