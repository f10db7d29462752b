"""Phenotypes from conditions: cases and controls, counts of days, times to event."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.errors import ConfigError
from genocohort.steps.clinical.records import Columns
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ConditionSource

Floats = npt.NDArray[np.float64]
NEVER = np.inf


def _days(
    source: ConditionSource, prefixes: tuple[str, ...], conditions: Columns, limited: bool
) -> dict[str, list[int | None]]:
    """Days of the present conditions with such codes, by participant."""
    found: dict[str, list[int | None]] = {}
    columns = (conditions[c] for c in ("participant_id", "code", "start_day", "status"))
    for participant, code, day, status in zip(*columns, strict=True):
        if not code or not code.startswith(prefixes) or status != "present":
            continue
        if limited and not _within(source, day):
            continue
        found.setdefault(participant, []).append(day)
    return found


def _within(source: ConditionSource, day: int | None) -> bool:
    if source.from_day is None and source.to_day is None:
        return True
    if day is None or (source.from_day is not None and day < source.from_day):
        return False
    return source.to_day is None or day <= source.to_day


def condition_values(
    source: ConditionSource, conditions: Columns, place: Mapping[str, int], counted: bool = False
) -> Floats:
    """Distinct days, or 1 for a case, 0 for a control and NaN for who is neither.

    Parameters
    ----------
    source : ConditionSource
    conditions : columns
    place : mapping of str to int
        Row of each participant.
    counted : bool
        Count the distinct days.
    """
    values = np.zeros(len(place))
    if not counted and source.exclude_controls:
        for participant in _days(source, source.exclude_controls, conditions, False):
            values[place[participant]] = np.nan
    for participant, days in _days(source, source.codes, conditions, True).items():
        n = len(set(days))
        enough = 1.0 if n >= source.min_dates else np.nan
        values[place[participant]] = float(n) if counted else enough
    return values


def condition_times(
    name: str,
    source: ConditionSource,
    tables: Mapping[str, Columns],
    place: Mapping[str, int],
    review: Review,
) -> tuple[Floats, Floats, Floats]:
    """Entry day, exit day and event (0 censored, 1 event, 2 competing) of each participant.

    Raises
    ------
    ConfigError
        The outcome that ends follow-up is not a time to event of the sources.
    """
    entry, end, competing = _follow_up(name, source, tables, place)
    first = np.full(len(place), NEVER)
    undated = 0
    for participant, days in _days(source, source.codes, tables["conditions"], True).items():
        known = sorted({day for day in days if day is not None})
        undated += len(days) - sum(day is not None for day in days)
        if len(known) >= source.min_dates:
            first[place[participant]] = known[source.min_dates - 1]
    prevalent = first <= entry
    event = np.where(first <= end, 1.0, np.where(competing, 2.0, 0.0))
    exit_day = np.where(first <= end, first, end)
    # Someone whose follow-up ends before it begins was never at risk.
    unknown = np.isnan(end) | prevalent | (end < entry)
    for column in (entry, exit_day, event):
        column[unknown] = np.nan
    for kind, count, meaning in (
        ("prevalent", int(prevalent.sum()), "participants had it before they were at risk"),
        ("no_follow_up", int(np.isnan(end).sum()), "participants have no end of follow-up"),
        ("undated", undated, "conditions without a day were left out"),
    ):
        if count:
            review.find("phenotypes_wide", f"phenotype_{kind}", f"{count} {meaning}", column=name)
    return entry, exit_day, event


def _follow_up(
    name: str, source: ConditionSource, tables: Mapping[str, Columns], place: Mapping[str, int]
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """First and last day at risk, and whether the end is the competing event."""
    entry, end = np.zeros(len(place)), np.full(len(place), np.nan)
    competing = np.zeros(len(place), dtype=np.bool_)
    if not source.follow_up:
        given = tables["participants"]["followup_end_day"]
        end[:] = [np.nan if day is None else day for day in given]
        return entry, end, competing
    outcomes = tables["outcomes"]
    chosen = [
        i for i, outcome in enumerate(outcomes["outcome"])
        if outcome == source.follow_up and outcomes["kind"][i] == "tte"
    ]  # fmt: skip
    if not chosen:
        raise ConfigError(
            f"the clinical tables have no time to event {source.follow_up}",
            where=f"clinical.phenotypes, {name}, follow_up",
            expected="an outcome of the column map's sources",
        )
    for i in chosen:
        at = place[outcomes["participant_id"][i]]
        if outcomes["exit_day"][i] is not None and outcomes["event"][i] is not None:
            end[at], competing[at] = outcomes["exit_day"][i], outcomes["event"][i] == 1
        entry[at] = outcomes["entry_day"][i] or 0
    return entry, end, competing


def add_outcome(name: str, values: tuple[Floats, ...], tables: dict[str, Columns]) -> None:
    """Add a time to event that was made here to the table `outcomes`.

    Raises
    ------
    ConfigError
        The sources have an outcome of that name.
    """
    outcomes: dict[str, list[Any]] = {k: list(v) for k, v in tables["outcomes"].items()}
    if name in outcomes["outcome"]:
        raise ConfigError(
            f"the sources have an outcome {name} already", where=f"clinical.phenotypes, {name}",
            remedy="give the phenotype another name",
        )  # fmt: skip
    for participant, *times in zip(
        tables["participants"]["participant_id"], *(v.tolist() for v in values), strict=True
    ):
        entry, end, event = (None if t != t else int(t) for t in times)
        row = {
            "participant_id": participant, "outcome": name, "kind": "tte", "value": None,
            "entry_day": entry, "exit_day": end, "event": event,
            "na_reason": "missing" if end is None else None, "src_file": "clinical.phenotypes",
            "src_row": 0,
        }  # fmt: skip
        for column, cells in outcomes.items():
            cells.append(row[column])
    tables["outcomes"] = outcomes
