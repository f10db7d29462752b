"""Collected records into the internal tables: days from the index date, units, flags."""

from collections.abc import Mapping, Sequence
from typing import Any

from genocohort.domain.dates import TOP_CODE
from genocohort.domain.table import Table
from genocohort.domain.tables_clinical import CONDITIONS, EXPOSURES, OBSERVATIONS, OUTCOMES
from genocohort.domain.units import Analyte, Standardised, standardise
from genocohort.steps.clinical.records import Columns
from genocohort.steps.clinical.review import Review

# LOINC: age, as reported, calculated, estimated, at diagnosis.
_AGE_CODES = {"30525-0", "21612-7", "29553-5", "21611-9", "63932-8"}
OLDEST_DAY = -round(TOP_CODE * 365.25)
"""No day before it is told: only someone of 90 or more has lived through it."""


def _days(
    columns: Columns, dates: str, days: str, indices: Mapping[str, int]
) -> tuple[list[int | None], list[bool]]:
    """Days relative to the index date, none that tells an age of 90; the flags mark lost dates."""
    values, lost = _plain_days(columns, dates, days, indices)
    return [None if day is not None and day <= OLDEST_DAY else day for day in values], lost


def _plain_days(
    columns: Columns, dates: str, days: str, indices: Mapping[str, int]
) -> tuple[list[int | None], list[bool]]:
    values: list[int | None] = []
    lost = []
    given = zip(columns["participant_id"], columns[dates], columns[days], strict=True)
    for participant, ordinal, day in given:
        if day is not None or ordinal is None:
            values.append(day)
            lost.append(False)
        else:
            index = indices.get(participant)
            values.append(None if index is None else ordinal - index)
            lost.append(index is None)
    return values, lost


def _tell_lost(columns: Columns, lost: Sequence[bool], column: str, review: Review) -> None:
    for source, is_lost in zip(columns["src_file"], lost, strict=True):
        if is_lost:
            review.tally(
                source, "no_index_date", 1,
                "{n} dates of participants without an index date give no day", column,
            )  # fmt: skip


def _empty(table: Table) -> Columns:
    return {name: [] for name in table.column_names}


def finish_observations(
    columns: Columns, indices: Mapping[str, int], analytes: Mapping[str, Analyte], review: Review
) -> Columns:
    """The table `observations`: every value with its unit checked; doubtful ones are flagged."""
    if not columns:
        return _empty(OBSERVATIONS)
    days, lost = _days(columns, "date", "day", indices)
    _tell_lost(columns, lost, "date", review)
    _topcode_ages(columns)
    keys = list(zip(columns["code"], columns["value_num"], columns["unit_src"], strict=True))
    known: dict[Any, Standardised] = {}
    for key in dict.fromkeys(k for k in keys if k[1] == k[1]):
        code, value, unit = key
        known[key] = standardise(code or "", value, unit or "", analytes)
    nothing = Standardised(None, "", ("value_missing",))
    standard = [known.get(key, nothing) if key[1] == key[1] else nothing for key in keys]
    coded = [code is not None for code in columns["value_code"]]
    standard = [
        Standardised(None, "") if is_coded and s is nothing else s
        for s, is_coded in zip(standard, coded, strict=True)
    ]
    _tell_units(columns, standard, review)
    return {
        **{name: columns[name] for name in OBSERVATIONS.column_names if name in columns},
        "day": days,
        "unit": [s.unit or None for s in standard],
        "value_std": [s.value for s in standard],
        "qc_flags": [";".join(s.flags) or None for s in standard],
    }


def _topcode_ages(columns: Columns) -> None:
    """Ages among the measurements end at 90 as all ages do."""
    for i, code in enumerate(columns["code"]):
        if code in _AGE_CODES and columns["value_num"][i] >= TOP_CODE:
            columns["value_num"][i], columns["comparator"][i] = float(TOP_CODE), ">="


def _tell_units(columns: Columns, standard: Sequence[Standardised], review: Review) -> None:
    for i, found in enumerate(standard):
        for flag in found.flags:
            if flag == "unit_suspect":
                sentence = (
                    f"code {columns['code'][i]}: implausible in the stated unit "
                    f"{columns['unit_src'][i]}, plausible in {' or '.join(found.likely_units)}; "
                    "not converted, flagged"
                )
            elif flag == "implausible":
                sentence = f"code {columns['code'][i]}: implausible in every known unit; flagged"
            else:
                continue
            review.find(
                columns["src_file"][i], flag, sentence, row=columns["src_row"][i],
                column=columns["src_column"][i],
            )  # fmt: skip
    meaning = {
        "unit_unknown": "have a unit that cannot be converted",
        "unit_not_stated": "have no unit",
        "not_standardised": "are kept as they are: the code has no standard unit here",
        "sentinel_suspect": "are numbers such as -9 or 999 that often mean missing: flagged; "
        "declare them as missing if they are",
    }
    for i, found in enumerate(standard):
        for flag in found.flags:
            if flag in meaning:
                code = columns["code"][i] or f"{columns['code_source'][i]} (unmapped)"
                review.tally(
                    columns["src_file"][i], flag, 1, f"code {code}: {{n}} values {meaning[flag]}"
                )


class SuspectUnits:
    """Counts, over all pieces, who has values with a doubtful unit by code, unit and site."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str, str], tuple[set[str], set[str]]] = {}

    def add(self, observations: Columns) -> None:
        """Count the rows of a piece of `observations`."""
        given = zip(
            observations["src_file"], observations["code"], observations["unit_src"],
            observations["participant_id"], observations["qc_flags"], observations["value_num"],
            strict=True,
        )  # fmt: skip
        for source, code, unit, participant, flags, value in given:
            if code is None or value != value:
                continue
            everybody, suspects = self._people.setdefault(
                (source, code, unit or ""), (set(), set())
            )
            everybody.add(participant)
            if flags and "unit_suspect" in flags.split(";"):
                suspects.add(participant)

    def tell(self, site_of: Mapping[str, str | None], review: Review) -> None:
        """One finding per code, unit and site with values that fit another unit."""
        for (source, code, unit), (everybody, suspects) in self._people.items():
            sites = list(dict.fromkeys(site_of.get(p) or "(no site)" for p in sorted(suspects)))
            for site in sites:
                here = [p for p in everybody if (site_of.get(p) or "(no site)") == site]
                n = sum(p in suspects for p in here)
                review.find(
                    source, "unit_suspect_site",
                    f"code {code} in {unit}: {n} of {len(here)} participants of site {site} have "
                    "values that fit another unit",
                )  # fmt: skip


def _tell_unmapped(columns: Columns, review: Review) -> None:
    """Each source code without a code of a vocabulary, with how many rows have it."""
    given = zip(columns["src_file"], columns["code"], columns["code_source"], strict=True)
    for source, code, code_source in given:
        if code is None:
            review.tally(
                source, "unmapped_code", 1,
                f"source code {code_source or '(none)'}: {{n}} rows have no code of a vocabulary; "
                "kept",
            )  # fmt: skip


def finish_conditions(columns: Columns, indices: Mapping[str, int], review: Review) -> Columns:
    """The table `conditions`."""
    if not columns:
        return _empty(CONDITIONS)
    starts, lost = _days(columns, "start_date", "start_day", indices)
    _tell_unmapped(columns, review)
    ends, _ = _days(columns, "end_date", "end_day", indices)
    _tell_lost(columns, lost, "start_date", review)
    return {
        **{name: columns[name] for name in CONDITIONS.column_names if name in columns},
        "start_day": starts,
        "end_day": ends,
        "phecode": [None] * len(starts),
    }


def finish_exposures(columns: Columns, indices: Mapping[str, int], review: Review) -> Columns:
    """The table `exposures`."""
    if not columns:
        return _empty(EXPOSURES)
    starts, lost = _days(columns, "start_date", "start_day", indices)
    _tell_unmapped(columns, review)
    ends, _ = _days(columns, "end_date", "end_day", indices)
    _tell_lost(columns, lost, "start_date", review)
    return {
        **{name: columns[name] for name in EXPOSURES.column_names if name in columns},
        "start_day": starts,
        "end_day": ends,
    }


def _without_repeats(columns: Columns, review: Review) -> Columns:
    """Outcomes without rows that only repeat another one (two samples of one participant)."""
    facts = ("kind", "value", "entry_date", "entry_day", "exit_date", "exit_day", "event")
    first: dict[tuple[str, str], tuple[Any, ...]] = {}
    contradicting: dict[str, list[int]] = {}
    kept = []
    for i, key in enumerate(zip(columns["participant_id"], columns["outcome"], strict=True)):
        said = tuple(columns[name][i] for name in facts)
        source, row = columns["src_file"][i], columns["src_row"][i]
        if key not in first:
            first[key] = said
            kept.append(i)
        elif first[key] == said:
            review.find(source, "repeated_outcome", "repeats an earlier row: left out", row=row)
        else:
            contradicting.setdefault(source, []).append(row)
    for source, rows in contradicting.items():
        review.bad_cells(
            source, "participant_id", rows, "a second, different row of a participant and outcome",
            "one row per participant and outcome", "keep the right row",
        )  # fmt: skip
    return {name: [values[i] for i in kept] for name, values in columns.items()}


def finish_outcomes(columns: Columns, indices: Mapping[str, int], review: Review) -> Columns:
    """The table `outcomes`; one row per participant and outcome, another one is a problem."""
    if not columns:
        return _empty(OUTCOMES)
    columns = _without_repeats(columns, review)
    entries, _ = _days(columns, "entry_date", "entry_day", indices)
    exits, lost = _days(columns, "exit_date", "exit_day", indices)
    _tell_lost(columns, lost, "exit_date", review)
    reasons: list[str | None] = []
    for i, kind in enumerate(columns["kind"]):
        timed = kind == "tte"
        known = (
            exits[i] is not None and columns["event"][i] is not None
            if timed
            else columns["value"][i] is not None
        )
        reasons.append(None if known else "no_index_date" if lost[i] else "missing")
    return {
        **{name: columns[name] for name in OUTCOMES.column_names if name in columns},
        "entry_day": entries,
        "exit_day": exits,
        "na_reason": reasons,
    }
