"""Pairs of relatives and what the pedigree says about them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from genocohort.domain.pedigree import (
    CLOSE,
    Exchange,
    Pair,
    Person,
    by_participant,
    find_exchanges,
    pair_of,
    recorded_relations,
)
from genocohort.domain.sheet import Sample
from genocohort.stats.kinship import PairCounts, Tile, compute_kinship, infer_relation

_DEGREE = {
    "duplicate": 0, "parent_offspring": 1, "full_siblings": 1, "second_degree": 2,
    "third_degree": 3, "unrelated": 4,
}  # fmt: skip
_WORDS = {
    "duplicate": "the same person or identical twins",
    "parent_offspring": "parent and child",
    "full_siblings": "full siblings",
    "second_degree": "relatives of the second degree",
    "third_degree": "relatives of the third degree",
    "unrelated": "unrelated",
}


@dataclass(frozen=True)
class RelatedPairs:
    """Pairs of samples, first < second by index; arrays of shape (n_pairs,).

    `ibs0` (a share) and `kinship` are NaN where undefined.
    """

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    n_snps: npt.NDArray[np.int64]
    n_het_het: npt.NDArray[np.int64]
    ibs0: npt.NDArray[np.float64]
    kinship: npt.NDArray[np.float64]


def related_in_tile(
    tile: Tile,
    counts: PairCounts,
    threshold: float,
    recorded: Collection[tuple[int, int]],
    min_het: int = 0,
) -> RelatedPairs:
    """Pairs of a tile with kinship of at least `threshold`, or recorded as related.

    Parameters
    ----------
    recorded : collection of (first, second)
        Sample indices, first < second; pairs outside the tile are passed over.
    min_het : int
        Heterozygous calls below which kinship is undefined (NaN).
    """
    kinship = compute_kinship(counts)
    kinship[np.minimum(counts.n_het_row, counts.n_het_column) < min_het] = np.nan
    wanted = np.nan_to_num(kinship, nan=-np.inf) >= threshold
    for first, second in recorded:
        if tile.rows[0] <= first < tile.rows[1] and tile.columns[0] <= second < tile.columns[1]:
            wanted[first - tile.rows[0], second - tile.columns[0]] = True
    row, column = np.nonzero(wanted)
    before = row + tile.rows[0] < column + tile.columns[0]
    row, column = row[before], column[before]
    n_called = counts.n_called[row, column]
    ibs0 = np.full(len(row), np.nan)
    np.divide(counts.n_ibs0[row, column], n_called, out=ibs0, where=n_called > 0)
    return RelatedPairs(
        row + tile.rows[0],
        column + tile.columns[0],
        n_called,
        counts.n_het_het[row, column],
        ibs0,
        kinship[row, column],
    )


def join_pairs(parts: Sequence[RelatedPairs]) -> RelatedPairs:
    """All tiles' pairs, ordered by first and second sample."""
    none, undefined = np.zeros(0, dtype=np.int64), np.zeros(0)
    empty = RelatedPairs(none, none, none, none, undefined, undefined)
    names = ("first", "second", "n_snps", "n_het_het", "ibs0", "kinship")
    arrays = [np.concatenate([getattr(p, name) for p in (empty, *parts)]) for name in names]
    order = np.lexsort((arrays[1], arrays[0]))
    return RelatedPairs(*(array[order] for array in arrays))


@dataclass(frozen=True)
class Records:
    """What is recorded about the cohort's samples.

    Attributes
    ----------
    relations : dict
        Pair of sample ids -> relation; `duplicate` for two samples of one participant.
    in_pedigree : frozenset of str
        Samples with a line in the pedigree, or named there as a parent.
    unknown : tuple of str
        Ids of the pedigree that are neither a sample nor a participant of the cohort.
    """

    relations: Mapping[Pair, str]
    in_pedigree: frozenset[str]
    unknown: tuple[str, ...]


def recorded_for_samples(samples: Sequence[Sample], people: Sequence[Person]) -> Records:
    """Translate a pedigree, whose ids are sample or participant ids, to the cohort's samples."""
    participant = {s.participant_id: s.participant_id for s in samples}
    participant |= {s.sample_id: s.participant_id for s in samples}
    members: dict[str, list[str]] = {}
    for sample in samples:
        members.setdefault(sample.participant_id, []).append(sample.sample_id)
    named = {q for p in people for q in (p.person_id, p.father_id, p.mother_id) if q}
    relations: dict[Pair, str] = {}
    for (a, b), relation in recorded_relations(by_participant(people, participant)).items():
        for first in members.get(a, ()):
            for second in members.get(b, ()):
                relations[pair_of(first, second)] = relation
    for own in members.values():
        relations |= {pair_of(*pair): "duplicate" for pair in combinations(own, 2)}
    return Records(
        relations,
        frozenset(s for q in named if q in participant for s in members[participant[q]]),
        tuple(sorted(named - participant.keys())),
    )


def pairs_table(
    samples: Sequence[str],
    pairs: RelatedPairs,
    records: Records,
    unrelated_ibs0: float,
    parent_offspring_share: float,
) -> dict[str, list[object]]:
    """Columns of kinship/pairs: relations inferred and recorded, contradictions in words."""
    ids = [(samples[i], samples[j]) for i, j in zip(pairs.first, pairs.second, strict=True)]
    inferred = [
        infer_relation(float(kinship), float(ibs0), unrelated_ibs0, parent_offspring_share)
        for kinship, ibs0 in zip(pairs.kinship, pairs.ibs0, strict=True)
    ]
    recorded = [records.relations.get(pair_of(*pair), "") for pair in ids]
    by_calls = {pair_of(*p): r for p, r in zip(ids, inferred, strict=True) if r is not None}
    exchanges = find_exchanges(records.relations, by_calls)
    contradictions, findings = [], []
    for pair, seen, told, kinship in zip(ids, inferred, recorded, pairs.kinship, strict=True):
        listed = pair[0] in records.in_pedigree and pair[1] in records.in_pedigree
        is_wrong, finding = describe_pair(pair, seen, told, float(kinship), listed)
        if is_wrong:
            finding = f"{finding}{_exchange_words(pair, exchanges)}"
        contradictions.append(is_wrong)
        findings.append(finding)
    return {
        "sample_id_1": [p[0] for p in ids],
        "sample_id_2": [p[1] for p in ids],
        "n_snps": pairs.n_snps.tolist(),
        "n_het_het": pairs.n_het_het.tolist(),
        "ibs0": _null_for_nan(pairs.ibs0),
        "kinship": _null_for_nan(pairs.kinship),
        "relation_inferred": inferred,
        "relation_recorded": recorded,
        "is_contradiction": contradictions,
        "finding": findings,
    }


def describe_pair(
    pair: Pair, inferred: str | None, recorded: str, kinship: float, listed: bool
) -> tuple[bool, str | None]:
    """Whether calls and records contradict each other, and the finding in words (None: nothing).

    Close relations must agree; more distant ones may differ by one degree, which is within the
    sampling error of kinship. A close relation that nobody recorded contradicts the pedigree only
    when both samples are `listed` in it; one person under two participants always does.
    """
    both = f"{pair[0]} and {pair[1]}"
    if inferred is None:
        words = f"recorded as {_WORDS[recorded]}" if recorded else "not recorded as relatives"
        return False, f"{both} are {words}; they share too few calls to judge."
    measured = f"kinship {kinship:.3f}"
    if recorded:
        if recorded in CLOSE or inferred in CLOSE:
            agree = inferred == recorded
        else:
            agree = abs(_DEGREE[inferred] - _DEGREE[recorded]) <= 1
        if agree:
            return False, None
        words = "samples of one participant" if recorded == "duplicate" else _WORDS[recorded]
        return True, (
            f"{both} are recorded as {words}, but by their genotypes they are "
            f"{_WORDS[inferred]} ({measured})."
        )
    if inferred == "duplicate":
        return True, (
            f"{both} are the same person or twins ({measured}), but are recorded as two "
            "participants."
        )
    if inferred in ("parent_offspring", "full_siblings", "second_degree"):
        told = " The pedigree does not say so." if listed else ""
        words = f"{both} are {_WORDS[inferred]} by their genotypes ({measured}).{told}"
        return listed and inferred in CLOSE, words
    return False, None


def _exchange_words(pair: Pair, exchanges: Sequence[Exchange]) -> str:
    """A sentence for each exchange of labels that would resolve a contradiction."""
    fitting = [e for e in exchanges if e.first in pair or e.second in pair]
    if not fitting:
        return ""
    choices = " or of ".join(f"{e.first} and {e.second}" for e in fitting)
    return f" Exchanging the labels of {choices} would resolve this."


def _null_for_nan(values: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]
