"""One row per participant from everything the sources say: ages, top-coding, contradictions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from genocohort.domain.dates import LAST_EXACT_AGE, TOP_CODE, PartialDate, age_bounds
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.io.crosswalk import shift_days
from genocohort.steps.clinical.cells import Number
from genocohort.steps.clinical.records import ParticipantRow
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.settings import ClinicalSettings

_TEXTS = (
    "site", "sex_recorded", "ancestry_reported", "family_id", "father_id", "mother_id", "consent",
)  # fmt: skip
OLDEST = 125


@dataclass(frozen=True)
class Age:
    """Age at the index date after top-coding; None is unknown."""

    age: float | None = None
    topcoded: bool = False
    lowest: int | None = None
    highest: int | None = None
    birth_year: int | None = None
    precision: str | None = None


def topcode(bounds: tuple[int, int] | None, birth: PartialDate | None, uncertain: str) -> Age:
    """Age from its bounds: 90 and above become 90, and the year of birth goes where it could tell.

    Parameters
    ----------
    bounds : tuple of int or None
        Smallest and largest possible completed years.
    birth : PartialDate or None
        Where the bounds come from, if they come from a birth date.
    uncertain : str
        `missing` or `midpoint`, for bounds that differ.
    """
    precision = birth.precision if birth is not None else None
    if bounds is None:
        return Age(precision=precision)
    lowest, highest = (min(years, TOP_CODE) for years in bounds)
    age = None
    if lowest == highest:
        age = float(lowest)
    elif uncertain == "midpoint":
        age = (lowest + highest) / 2
    year = birth.year if birth is not None and highest <= LAST_EXACT_AGE else None
    return Age(age, lowest >= TOP_CODE, lowest, highest, year, precision)


class IndexDays(dict[str, int]):
    """Ordinal of each participant's index date; the shared one for who has none of their own."""

    def __init__(self, own: Mapping[str, int], shared: date | None) -> None:
        super().__init__(own)
        self._shared = None if shared is None else shared.toordinal()

    def get(self, participant: str, default: Any = None) -> Any:
        """The index date of a participant, or None."""
        return super().get(participant, self._shared)


def index_days(rows: Iterable[ParticipantRow], shared: date | None, review: Review) -> IndexDays:
    """Index dates of the participants; two that differ are a problem."""
    found: dict[str, int] = {}
    for row in rows:
        if row.index is None:
            continue
        if found.setdefault(row.participant_id, row.index) != row.index:
            review.bad_cells(
                row.source, "index_date", [row.row], "a participant has two index dates",
                "one index date per participant", "keep the right row",
            )  # fmt: skip
    return IndexDays(found, shared)


def _merge_facts(rows: Sequence[ParticipantRow], review: Review) -> dict[str, Any]:
    """Facts of one participant; a second row of one source must not contradict the first."""
    merged: dict[str, Any] = {}
    giver: dict[str, ParticipantRow] = {}
    for row in rows:
        for name, value in row.facts.items():
            if name not in merged or (name == "sex_recorded" and merged[name] == "unknown"):
                merged[name], giver[name] = value, row
            elif merged[name] != value and value != "unknown":
                first = giver[name]
                if first.source == row.source:
                    review.bad_cells(
                        row.source, name, [first.row, row.row],
                        "two rows of one participant contradict each other", "one row each",
                        "keep the right row",
                    )  # fmt: skip
                else:
                    review.find(
                        row.source, "contradiction",
                        f"not what {first.source} says: the value of {first.source} is kept",
                        row=row.row, column=name,
                    )  # fmt: skip
    return merged


def _age(rows: Sequence[ParticipantRow], index: int | None, uncertain: str, review: Review) -> Age:
    born = next((row for row in rows if row.birth is not None), None)
    stated = next((row for row in rows if row.age is not None), None)
    birth = born.birth if born is not None else None
    bounds = None
    if birth is not None and born is not None and index is not None:
        bounds = age_bounds(birth, date.fromordinal(index))
        if bounds is None or bounds[1] > OLDEST:
            review.bad_cells(
                born.source, "birth_date", [born.row],
                f"a birth date that gives no age between 0 and {OLDEST} at the index date",
                "a birth date before the index date",
            )  # fmt: skip
            bounds = None
    given = _stated_bounds(stated.age, stated, review) if stated and stated.age else None
    if bounds is None:
        bounds = given
    elif given is not None and stated is not None:
        lower, upper = min(bounds[0], TOP_CODE), bounds[1]
        if given[1] < lower or given[0] > upper:
            review.find(
                stated.source, "contradiction", "the age is not the one the birth date gives: "
                "the birth date is kept", row=stated.row, column="age_years",
            )  # fmt: skip
    return topcode(bounds, birth, uncertain)


def _stated_bounds(age: Number, row: ParticipantRow, review: Review) -> tuple[int, int] | None:
    if not 0 <= age.value <= OLDEST or (age.comparator and age.value < LAST_EXACT_AGE):
        review.bad_cells(
            row.source, "age_years", [row.row], f"an age that is not between 0 and {OLDEST} years",
            "years; a limit is allowed for 90 and above only",
        )  # fmt: skip
        return None
    if age.comparator:
        return TOP_CODE, TOP_CODE
    return int(age.value), int(age.value)


def build_participants(
    rows: Sequence[ParticipantRow],
    others: Iterable[str],
    indices: Mapping[str, int],
    sheet_sex: Mapping[str, str],
    settings: ClinicalSettings,
    key: bytes,
    review: Review,
) -> dict[str, list[Any]]:
    """Columns of the table `participants`, sorted by participant_id.

    Parameters
    ----------
    rows : sequence of ParticipantRow
        In order of precedence.
    others : iterable of str
        Participants that only appear in tables of records.
    indices : mapping of str to int
        Ordinals of index dates.
    sheet_sex : mapping of str to str
        Sex of the sample sheet, used where no source records one.
    settings : ClinicalSettings
    key : bytes
        Dates are moved by it where the settings allow dates.
    """
    by_id: dict[str, list[ParticipantRow]] = {name: [] for name in others}
    for row in rows:
        by_id.setdefault(row.participant_id, []).append(row)
    found = [
        _one_participant(
            name, by_id[name], indices.get(name), sheet_sex, settings.uncertain_age, review
        )
        for name in sorted(by_id)
    ]
    for person in found:
        person["index_date"] = _shifted(person, indices, settings, key)
    return {name: [row[name] for row in found] for name in PARTICIPANTS.column_names}


def _one_participant(
    participant: str,
    rows: Sequence[ParticipantRow],
    index: int | None,
    sheet_sex: Mapping[str, str],
    uncertain_age: str,
    review: Review,
) -> dict[str, Any]:
    facts = _merge_facts(rows, review)
    age = _age(rows, index, uncertain_age, review)
    end = next((row.followup_end for row in rows if row.followup_end is not None), None)
    return {
        **{name: facts.get(name) for name in _TEXTS},
        "participant_id": participant,
        "sex_recorded": _sex(participant, facts, sheet_sex, rows, review),
        "birth_year": age.birth_year,
        "age_index": age.age,
        "age_topcoded": age.topcoded,
        "followup_end_day": None if end is None or index is None else end - index,
        "source": ";".join(dict.fromkeys(row.source for row in rows)) or "(records only)",
        "birth_precision": age.precision,
        "age_min": age.lowest,
        "age_max": age.highest,
    }


def _shifted(
    row: Mapping[str, Any], indices: Mapping[str, int], settings: ClinicalSettings, key: bytes
) -> str | None:
    """The index date of a limited data set, moved back by 1 to 365 days; none of the old."""
    index = indices.get(row["participant_id"])
    if settings.deidentification != "limited" or index is None or row["age_max"] == TOP_CODE:
        return None
    return date.fromordinal(index - shift_days(key, row["participant_id"])).isoformat()


def _sex(
    participant: str,
    facts: Mapping[str, Any],
    sheet_sex: Mapping[str, str],
    rows: Sequence[ParticipantRow],
    review: Review,
) -> str:
    recorded = str(facts.get("sex_recorded", "unknown"))
    sheet = sheet_sex.get(participant, "unknown")
    if recorded == "unknown":
        return sheet
    if sheet not in ("unknown", recorded) and rows:
        review.find(
            rows[0].source, "contradiction", "the sex is not the one of the sample sheet: the "
            "clinical record is kept", row=rows[0].row, column="sex_recorded",
        )  # fmt: skip
    return recorded
