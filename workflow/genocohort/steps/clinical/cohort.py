"""Who belongs to the cohort: each participant leaves at the first criterion they don't meet."""

from collections.abc import Mapping
from dataclasses import dataclass

from genocohort.steps.clinical.cohort_settings import (
    AgeRule,
    Cohort,
    ColumnRule,
    ConditionRule,
    ConsentRule,
    ExposureRule,
    MeasurementRule,
    Rule,
)
from genocohort.steps.clinical.records import Columns

Answers = dict[str, bool | None]
_DOUBTFUL = {"unit_suspect", "implausible", "sentinel_suspect"}


@dataclass(frozen=True)
class Flow:
    """Who is left out, by the criterion that did it, in the order of the criteria."""

    left_out: Mapping[str, tuple[str, ...]]

    def everybody(self) -> frozenset[str]:
        """All who are left out."""
        return frozenset(p for people in self.left_out.values() for p in people)


def apply_cohort(cohort: Cohort, tables: Mapping[str, Columns]) -> Flow:
    """Decide for every participant.

    Parameters
    ----------
    cohort : Cohort
    tables : mapping of str to columns
        participants; observations, conditions and exposures with at least the rules' codes.
    """
    left = list(tables["participants"]["participant_id"])
    left_out: dict[str, tuple[str, ...]] = {}
    parts = [(c, True) for c in cohort.include] + [(c, False) for c in cohort.exclude]
    for criterion, wanted in parts:
        answers = _answers(criterion.rule, tables)
        unknown = criterion.unknown or ("leave_out" if wanted else "keep")
        gone = {
            p
            for p in left
            if (unknown == "leave_out" if answers.get(p) is None else answers[p] is not wanted)
        }
        word = "not included" if wanted else "excluded"
        if gone:
            left_out[f"{word}: {criterion.name}"] = tuple(p for p in left if p in gone)
        left = [p for p in left if p not in gone]
    return Flow(left_out)


def _answers(rule: Rule, tables: Mapping[str, Columns]) -> Answers:
    people = tables["participants"]
    if isinstance(rule, AgeRule):
        return {
            p: _in_age(rule, low, high)
            for p, low, high in zip(
                people["participant_id"], people["age_min"], people["age_max"], strict=True
            )
        }
    if isinstance(rule, ColumnRule):
        unknown = ("unknown", None)
        pairs = zip(people["participant_id"], people[rule.by], strict=True)
        return {p: None if v in unknown else v in rule.values for p, v in pairs}
    if isinstance(rule, ConsentRule):
        pairs = zip(people["participant_id"], people["consent"], strict=True)
        return {p: None if v is None else bool(set(v) & set(rule.any_of)) for p, v in pairs}
    yes = _with_records(rule, tables)
    return {p: p in yes for p in people["participant_id"]}


def _in_age(rule: AgeRule, low: int | None, high: int | None) -> bool | None:
    """Of a partial birth date both possible ages must agree, or the answer is not known."""
    if low is None or high is None:
        return None
    answers = {
        (rule.min is None or age >= rule.min) and (rule.max is None or age <= rule.max)
        for age in (low, high)
    }
    return answers.pop() if len(answers) == 1 else None


def _with_records(
    rule: ConditionRule | ExposureRule | MeasurementRule, tables: Mapping[str, Columns]
) -> set[str]:
    if isinstance(rule, MeasurementRule):
        return _measured(rule, tables["observations"])
    if isinstance(rule, ExposureRule):
        rows, codes = tables["exposures"], set(rule.codes)
        given = zip(rows["participant_id"], rows["code"], rows["start_day"], strict=True)
        return {p for p, code, day in given if code in codes and rule.holds(day)}
    rows = tables["conditions"]
    days: dict[str, set[int | None]] = {}
    columns = (rows[c] for c in ("participant_id", "code", "start_day", "status"))
    for p, code, day, status in zip(*columns, strict=True):
        is_one = code and code.startswith(rule.codes) and status == "present"
        if is_one and rule.holds(day):
            days.setdefault(p, set()).add(day)
    return {p for p, found in days.items() if len(found) >= rule.min_dates}


def _measured(rule: MeasurementRule, rows: Columns) -> set[str]:
    first: dict[str, tuple[float, float]] = {}
    any_value: set[str] = set()
    columns = ("participant_id", "code", "day", "value_std", "value_num", "comparator", "qc_flags")
    for p, code, day, standard, number, comparator, flags in zip(
        *(rows[c] for c in columns), strict=True
    ):
        doubtful = bool(set((flags or "").split(";")) & _DOUBTFUL)
        if code != rule.code or not rule.holds(day) or doubtful or number != number:
            continue
        any_value.add(p)
        if standard is None or comparator:
            continue
        when = float("inf") if day is None else float(day)
        if p not in first or when < first[p][0]:
            first[p] = (when, standard)
    if rule.min is None and rule.max is None:
        return any_value
    return {
        p
        for p, (_, value) in first.items()
        if (rule.min is None or value >= rule.min) and (rule.max is None or value <= rule.max)
    }


def without(columns: Columns, gone: frozenset[str]) -> Columns:
    """The rows of a table without those of some participants."""
    if not gone or not columns:
        return columns
    kept = [i for i, p in enumerate(columns["participant_id"]) if p not in gone]
    return {name: [values[i] for i in kept] for name, values in columns.items()}
