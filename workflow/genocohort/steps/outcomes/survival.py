"""Curves, log-rank tests and Cox models of one time to event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from genocohort.errors import InputDataError
from genocohort.stats.cox import collinear_terms, fit_cox
from genocohort.stats.survival import kaplan_meier, log_rank

Floats = npt.NDArray[np.float64]
ALL = "(all)"
COVARIATES = "(covariates)"


@dataclass(frozen=True)
class TimeToEvent:
    """One outcome of all participants in their order, shape (n,) each; NaN where unknown."""

    outcome: str
    entry: Floats
    exit: Floats
    event: Floats

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Participants whose time and event are known."""
        return ~np.isnan(self.exit) & ~np.isnan(self.event)


def check_times(times: TimeToEvent, participants: Sequence[str]) -> None:
    """Refuse times that cannot be: negative ones, and ends that are not after a late entry.

    Raises
    ------
    InputDataError
        Names the participants and the column, never the time.
    """
    negative = np.flatnonzero(times.known & (times.exit < 0))
    if len(negative):
        raise InputDataError(
            f"outcome {times.outcome}: negative times",
            where="clinical/outcomes.parquet, column exit_day",
            offenders=[participants[int(i)] for i in negative],
            expected="times of day 0 (the index date) or later",
            remedy="correct the dates, or leave out whoever had the event before the index date",
        )
    late = times.known & (times.entry > 0) & (times.exit <= times.entry)
    if late.any():
        raise InputDataError(
            f"outcome {times.outcome}: the time ends before or on the day of entry",
            where="clinical/outcomes.parquet, columns entry_day and exit_day",
            offenders=[participants[int(i)] for i in np.flatnonzero(late)],
            expected="entry_day < exit_day",
            remedy="correct the dates, or leave these participants out",
        )


def _new(names: str) -> dict[str, list[Any]]:
    return {name: [] for name in names.split()}


@dataclass
class SurvivalTables:
    """Rows of survival_curves, survival_tests and hazards, as columns."""

    curves: dict[str, list[Any]]
    tests: dict[str, list[Any]]
    hazards: dict[str, list[Any]]

    @classmethod
    def empty(cls) -> "SurvivalTables":
        """Tables without rows."""
        return cls(
            _new("outcome group_by group day n_at_risk n_events n_censored survival ci_lower"
                 " ci_upper"),
            _new("outcome group_by statistic df p_value"),
            _new("outcome model term log_hazard_ratio standard_error hazard_ratio ci_lower"
                 " ci_upper z p_value ph_test_p_value n n_events note"),
        )  # fmt: skip


def add_curves(
    tables: SurvivalTables,
    times: TimeToEvent,
    group_by: str,
    groups: Sequence[str | None],
    confidence_level: float,
) -> None:
    """One curve per group, and the log-rank test of the groups where there are several.

    Event 2 (a competing event) counts as censoring: curves and models are cause-specific.
    """
    labels = np.array(groups, dtype=object)
    usable = times.known & np.array([g is not None for g in groups], dtype=bool)
    happened = times.event == 1
    names = sorted({str(g) for g in labels[usable]})
    for name in names:
        member = usable & (labels == name)
        curve = kaplan_meier(
            times.exit[member], happened[member], times.entry[member], confidence_level
        )
        n = len(curve.day)
        rows: dict[str, list[Any]] = {
            "outcome": [times.outcome] * n, "group_by": [group_by] * n, "group": [name] * n,
            "day": [int(d) for d in curve.day], "n_at_risk": curve.n_at_risk.tolist(),
            "n_events": curve.n_events.tolist(), "n_censored": curve.n_censored.tolist(),
            "survival": curve.survival.tolist(), "ci_lower": curve.ci_lower.tolist(),
            "ci_upper": curve.ci_upper.tolist(),
        }  # fmt: skip
        for column, values in rows.items():
            tables.curves[column] += values
    if len(names) > 1:
        test = log_rank(
            times.exit[usable], happened[usable], labels[usable].astype(str), times.entry[usable]
        )
        row = (times.outcome, group_by, test.statistic, test.df, test.p_value)
        for column, value in zip(tables.tests, row, strict=True):
            tables.tests[column].append(value)


def add_model(
    tables: SurvivalTables,
    times: TimeToEvent,
    model: str,
    terms: Mapping[str, Floats],
    confidence_level: float,
    min_events_per_term: int,
) -> None:
    """One Cox model on the participants without a missing term; why not, where it cannot be."""
    design = np.stack(list(terms.values()), axis=1)
    usable = times.known & ~np.isnan(design).any(axis=1)
    x, happened = design[usable], times.event[usable] == 1
    names = list(terms)
    note, dropped = "", [names[i] for i in collinear_terms(x)] if len(x) else names
    n_events = int(happened.sum())
    if dropped:
        note = "constant or collinear: " + ", ".join(dropped)
    elif n_events < min_events_per_term * len(names):
        note = f"{n_events} events for {len(names)} terms"
    fit = None
    if not note:
        fit = fit_cox(x, times.exit[usable], happened, times.entry[usable])
        note = "" if fit.converged else "the likelihood has no finite maximum"
    quantile = float(special.ndtri((1 + confidence_level) / 2))
    for i, name in enumerate(names):
        numbers: list[float | None] = [None] * 8
        if fit is not None and fit.converged:
            beta, error = float(fit.coefficient[i]), float(fit.standard_error[i])
            numbers = [
                beta, error, float(np.exp(beta)), float(np.exp(beta - quantile * error)),
                float(np.exp(beta + quantile * error)), float(fit.z[i]), float(fit.p_value[i]),
                float(fit.ph_p_value[i]),
            ]  # fmt: skip
        row = (
            times.outcome, model, name, *numbers, int(usable.sum()), n_events, note or None,
        )  # fmt: skip
        for column, value in zip(tables.hazards, row, strict=True):
            tables.hazards[column].append(value)
