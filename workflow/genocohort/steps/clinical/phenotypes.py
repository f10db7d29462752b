"""Phenotypes and covariates of each participant, as numbers, from the internal tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.errors import ConfigError, InputDataError
from genocohort.stats.ranks import rank_inverse_normal
from genocohort.steps.clinical.condition_phenotypes import (
    add_outcome,
    condition_times,
    condition_values,
)
from genocohort.steps.clinical.records import Columns
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import (
    ClinicalSettings,
    ConditionSource,
    Covariate,
    ObservationSource,
    OutcomeSource,
    ParticipantSource,
    Phenotype,
)

Floats = npt.NDArray[np.float64]
_DOUBTFUL = {"unit_suspect", "implausible", "sentinel_suspect"}
_KINDS = {"quantitative": "quant", "binary": "binary", "count": "count", "time_to_event": "tte"}
_SEX = {"male": 1.0, "female": 0.0}


def _transform(phenotype: Phenotype, values: Floats) -> Floats:
    if phenotype.transform == "rint":
        return rank_inverse_normal(values)
    if phenotype.transform == "log":
        if np.any(values <= 0):
            raise InputDataError(
                f"{int(np.sum(values <= 0))} values of {phenotype.name} are zero or negative",
                where=f"clinical.phenotypes, {phenotype.name}",
                expected="positive values for transform: log",
                remedy="use transform: rint, or none",
            )
        return np.log(values)
    return values


def observation_values(
    source: ObservationSource,
    observations: Columns,
    place: Mapping[str, int],
    settings: ClinicalSettings,
    review: Review,
    name: str,
) -> Floats:
    """One value per participant from the measurements with one code.

    The standardised value is used; for a code without a standard unit the value as reported, if
    all its rows have one unit.

    Raises
    ------
    InputDataError
        A code without a standard unit comes in several units.
    """
    rows: dict[int, list[tuple[float, int, float]]] = {}
    units: set[str] = set()
    counts = {"flagged": 0, "limit": 0, "unconverted": 0}
    for i in np.flatnonzero(np.array(observations["code"], dtype=object) == source.code):
        day = observations["day"][i]
        value = _usable_value(observations, int(i), settings, counts, units)
        if value is None or _outside(day, source):
            continue
        participant = place[observations["participant_id"][i]]
        rows.setdefault(participant, []).append((np.inf if day is None else day, int(i), value))
    _tell_counts(name, counts, settings, review)
    _tell_same_day(name, source, rows.values(), review)
    if len(units) > 1:
        raise InputDataError(
            f"code {source.code} comes in {len(units)} units and no conversion is known",
            where=f"clinical.phenotypes, {name}",
            offenders=sorted(unit or "(not stated)" for unit in units),
            remedy="add it to the column map's analytes, or bring the source to one unit",
        )
    values = np.full(len(place), 0.0 if source.pick == "count" else np.nan)
    for participant, found in rows.items():
        values[participant] = _pick(source.pick, [value for _, _, value in sorted(found)])
    return values


def _tell_same_day(
    name: str,
    source: ObservationSource,
    people: Iterable[Sequence[tuple[float, int, float]]],
    review: Review,
) -> None:
    """Count days on which a participant has several values that differ."""
    n = 0
    for found in people:
        values: dict[float, set[float]] = {}
        for day, _, value in found:
            values.setdefault(day, set()).add(value)
        n += sum(len(several) > 1 for day, several in values.items() if day != np.inf)
    if n:
        review.find(
            "phenotypes_wide", "phenotype_same_day",
            f"on {n} days a participant has several values of code {source.code} that differ: all "
            "are kept; first and last go by day, then by the order of the sources", column=name,
        )  # fmt: skip


def _usable_value(
    observations: Columns,
    i: int,
    settings: ClinicalSettings,
    counts: dict[str, int],
    units: set[str],
) -> float | None:
    """The value of one row in its standard unit; None where it is left out, which is counted."""
    flags = set((observations["qc_flags"][i] or "").split(";"))
    value = observations["value_num"][i]
    if value != value:
        return None
    if settings.exclude_flagged and flags & _DOUBTFUL:
        counts["flagged"] += 1
        return None
    if observations["comparator"][i]:
        counts["limit"] += 1
        if settings.limit_values == "exclude":
            return None
    if "not_standardised" in flags:
        units.add(observations["unit_src"][i] or "")
        return float(value)
    standard = observations["value_std"][i]
    if standard is None:
        counts["unconverted"] += 1
        return None
    return float(standard)


def _outside(day: int | None, source: ObservationSource) -> bool:
    if source.from_day is None and source.to_day is None:
        return False
    if day is None:
        return True
    low = source.from_day is not None and day < source.from_day
    return low or (source.to_day is not None and day > source.to_day)


def _pick(how: str, values: Sequence[float]) -> float:
    if how == "first":
        return values[0]
    if how == "last":
        return values[-1]
    if how in ("min", "max"):
        return min(values) if how == "min" else max(values)
    if how == "count":
        return float(len(values))
    return float(np.median(values) if how == "median" else np.mean(values))


def _tell_counts(
    name: str, counts: Mapping[str, int], settings: ClinicalSettings, review: Review
) -> None:
    sentences = {
        "flagged": "values with a doubtful unit were left out",
        "limit": "values are limits such as <5: "
        + ("left out" if settings.limit_values == "exclude" else "the limit was used"),
        "unconverted": "values without a known unit were left out",
    }
    for kind, count in counts.items():
        if count:
            review.find("phenotypes_wide", f"phenotype_{kind}", f"{count} {sentences[kind]}",
                        column=name)  # fmt: skip


def outcome_values(
    source: OutcomeSource, kind: str, outcomes: Columns, place: Mapping[str, int], name: str
) -> tuple[Floats, ...]:
    """One column of values, or entry day, exit day and event of a time to event.

    Raises
    ------
    ConfigError
        No such outcome, or one of another kind.
    """
    chosen = [i for i, outcome in enumerate(outcomes["outcome"]) if outcome == source.outcome]
    kinds = {outcomes["kind"][i] for i in chosen}
    if kinds != {_KINDS[kind]}:
        raise ConfigError(
            f"the clinical tables have no outcome {source.outcome} of kind {_KINDS[kind]}",
            where=f"clinical.phenotypes, {name}",
            offenders=sorted(f"{source.outcome} ({found})" for found in kinds),
            expected="an outcome of the column map's sources",
        )
    parts = ("entry_day", "exit_day", "event") if kind == "time_to_event" else ("value",)
    columns = tuple(np.full(len(place), np.nan) for _ in parts)
    for i in chosen:
        participant = place[outcomes["participant_id"][i]]
        if outcomes["na_reason"][i] is not None:
            continue
        for column, part in zip(columns, parts, strict=True):
            value = outcomes[part][i]
            column[participant] = np.nan if value is None else value
    if kind == "time_to_event":
        columns[0][np.isnan(columns[0]) & ~np.isnan(columns[1])] = 0.0
    return columns


def participant_values(source: ParticipantSource, participants: Columns, name: str) -> Floats:
    """A column of participants as numbers, through its codes where it is text.

    Raises
    ------
    ConfigError
        The column is text, and a value of it has no code.
    """
    cells = participants[source.column]
    if source.column == "age_index":
        return np.array([np.nan if c is None else c for c in cells], dtype=np.float64)
    codes = source.codes or (_SEX if source.column == "sex_recorded" else {})
    if not codes:
        raise ConfigError(f"{name}: column {source.column} is text: give its codes")
    return np.array([codes.get(c, np.nan) for c in cells], dtype=np.float64)


def _phenotype_columns(
    phenotype: Phenotype,
    tables: Mapping[str, Columns],
    place: Mapping[str, int],
    settings: ClinicalSettings,
    review: Review,
) -> tuple[Floats, ...]:
    source = phenotype.source
    if isinstance(source, ObservationSource):
        values = observation_values(
            source, tables["observations"], place, settings, review, phenotype.name
        )
    elif isinstance(source, ConditionSource):
        if phenotype.kind == "time_to_event":
            return condition_times(phenotype.name, source, tables, place, review)
        values = condition_values(source, tables["conditions"], place, phenotype.kind == "count")
    elif isinstance(source, OutcomeSource):
        columns = outcome_values(source, phenotype.kind, tables["outcomes"], place, phenotype.name)
        if len(columns) > 1:
            return columns
        values = columns[0]
    else:
        values = participant_values(source, tables["participants"], phenotype.name)
    if phenotype.kind == "binary" and not set(values[~np.isnan(values)]) <= {0.0, 1.0}:
        raise ConfigError(
            f"{phenotype.name} is binary, but has values other than 0 and 1",
            where=f"clinical.phenotypes, {phenotype.name}",
            remedy="declare the coding in the column map, or correct the kind",
        )
    return (_transform(phenotype, values),)


def _covariate_columns(
    covariate: Covariate,
    tables: Mapping[str, Columns],
    place: Mapping[str, int],
    settings: ClinicalSettings,
    review: Review,
) -> tuple[Floats, ...]:
    participants = tables["participants"]
    source = covariate.source
    if covariate.levels:
        column = source.column if isinstance(source, ParticipantSource) else covariate.name
        cells = participants[column]
        unknown = sorted({c for c in cells if c is not None} - set(covariate.levels))
        if unknown:
            raise ConfigError(
                f"covariate {covariate.name}: {len(unknown)} levels are not declared",
                where=f"clinical.covariates, {covariate.name}",
                expected=f"all levels of the column {column} of participants",
            )
        return tuple(
            np.array([np.nan if c is None else float(c == level) for c in cells])
            for level in covariate.levels[1:]
        )
    if source is None:
        column = "sex_recorded" if covariate.name == "sex" else covariate.name
        source = ParticipantSource.model_validate({"table": "participants", "column": column})
    as_phenotype = Phenotype(name=covariate.name, kind="quantitative", source=source)
    if isinstance(source, OutcomeSource):
        as_phenotype = as_phenotype.model_copy(
            update={"kind": _kind_of(source.outcome, tables["outcomes"])}
        )
    return _phenotype_columns(as_phenotype, tables, place, settings, review)


def _kind_of(outcome: str, outcomes: Columns) -> str:
    kinds = dict(zip(outcomes["outcome"], outcomes["kind"], strict=True))
    found = {kind: name for name, kind in _KINDS.items()}.get(kinds.get(outcome, ""), "")
    return "quantitative" if found in ("", "time_to_event") else found


def build_phenotypes(
    settings: ClinicalSettings, tables: dict[str, Columns], review: Review
) -> dict[str, Any]:
    """Put phenotypes_wide into the tables, and times to event made from conditions into outcomes.

    Parameters
    ----------
    settings : ClinicalSettings
    tables : dict of str to columns
        participants, outcomes, and the needed rows of observations and conditions.

    Returns
    -------
    dict
        Columns of phenotypes_wide, in the order of the participants.
    """
    participants = tables["participants"]["participant_id"]
    place = {participant: i for i, participant in enumerate(participants)}
    columns: dict[str, Any] = {"participant_id": participants}
    for phenotype in settings.phenotypes:
        values = _phenotype_columns(phenotype, tables, place, settings, review)
        columns |= dict(zip(phenotype.column_names(), values, strict=True))
        if phenotype.kind == "time_to_event" and isinstance(phenotype.source, ConditionSource):
            add_outcome(phenotype.name, values, tables)
    for covariate in settings.covariates:
        values = _covariate_columns(covariate, tables, place, settings, review)
        columns |= dict(zip(covariate.column_names(), values, strict=True))
    tables["phenotypes_wide"] = columns
    return columns
