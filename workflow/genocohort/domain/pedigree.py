"""Pedigrees: recorded relations, and which recorded relations the genotypes contradict."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from genocohort.domain.sheet import Sex
from genocohort.errors import InputDataError

# Relations close enough that genotypes decide them beyond doubt.
CLOSE = ("duplicate", "parent_offspring", "full_siblings")

# Kinship by descent is 1/4, 1/8, 1/16 ... by degree; the bounds lie half-way on the log scale.
_SECOND, _THIRD = 0.0884, 0.0442

Pair = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """One line of a pedigree; empty text means that the parent is not recorded."""

    family_id: str
    person_id: str
    father_id: str = ""
    mother_id: str = ""
    sex: Sex = "unknown"


def pair_of(first: str, second: str) -> Pair:
    """The two ids in alphabetical order, as the key of an unordered pair."""
    return (first, second) if first <= second else (second, first)


def sort_generations(people: Sequence[Person]) -> list[Person]:
    """Order people so that parents come before their children.

    Raises
    ------
    InputDataError
        Somebody is recorded as their own ancestor.
    """
    by_id = {p.person_id: p for p in people}
    waiting = {p.person_id: sum(q in by_id for q in (p.father_id, p.mother_id)) for p in people}
    children: dict[str, list[str]] = defaultdict(list)
    for person in people:
        for parent in (person.father_id, person.mother_id):
            if parent in by_id:
                children[parent].append(person.person_id)
    ready = [p.person_id for p in people if waiting[p.person_id] == 0]
    ordered = []
    for person_id in ready:
        ordered.append(by_id[person_id])
        for child in children[person_id]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    if len(ordered) < len(people):
        raise InputDataError(
            "the pedigree records somebody as their own ancestor",
            offenders=sorted(p for p, n in waiting.items() if n > 0),
            remedy="correct the father and mother of these people",
        )
    return ordered


def by_participant(people: Sequence[Person], participant: Mapping[str, str]) -> tuple[Person, ...]:
    """The pedigree with participant ids; lines on two samples of one participant become one.

    Parameters
    ----------
    participant : mapping of str to str
        Participant of each id that the pedigree may use; ids of nobody get a name of their own.
    """
    # An id that is nobody's here must not meet a participant's id by chance.
    merged: dict[str, Person] = {}
    for person in people:
        ids = [
            participant.get(q, f"\0{q}" if q else "")
            for q in (person.person_id, person.father_id, person.mother_id)
        ]
        known = merged.get(ids[0], Person(person.family_id, ids[0], sex=person.sex))
        merged[ids[0]] = replace(
            known, father_id=known.father_id or ids[1], mother_id=known.mother_id or ids[2]
        )
    return tuple(merged.values())


def recorded_relations(people: Sequence[Person]) -> dict[Pair, str]:
    """Relations that follow from the recorded parents, up to the third degree.

    Parents who have no line of their own count as unrelated founders.

    Returns
    -------
    dict
        Pair of person ids -> parent_offspring, full_siblings, second_degree or third_degree;
        pairs more distant than that are absent.

    Raises
    ------
    InputDataError
        Somebody is recorded as their own ancestor.
    """
    ids = {p.person_id for p in people}
    parents = {q for p in people for q in (p.father_id, p.mother_id) if q and q not in ids}
    everyone = [*people, *(Person("", q) for q in sorted(parents))]
    ordered = sort_generations(everyone)
    relations: dict[Pair, str] = {}
    for group in _connected(ordered):
        if len(group) > 1:
            relations |= _relations_in(group)
    return relations


def _connected(ordered: Sequence[Person]) -> list[list[Person]]:
    """Split people into groups linked by parents; the order within a group is kept."""
    root = {p.person_id: p.person_id for p in ordered}

    def find(person_id: str) -> str:
        while root[person_id] != person_id:
            root[person_id] = root[root[person_id]]
            person_id = root[person_id]
        return person_id

    for person in ordered:
        for parent in (person.father_id, person.mother_id):
            if parent:
                root[find(person.person_id)] = find(parent)
    groups: dict[str, list[Person]] = defaultdict(list)
    for person in ordered:
        groups[find(person.person_id)].append(person)
    return list(groups.values())


def _kinship_by_descent(group: Sequence[Person]) -> npt.NDArray[np.float64]:
    """Kinship matrix of people ordered by generation (the recursion over parents)."""
    index = {p.person_id: i for i, p in enumerate(group)}
    kinship = np.zeros((len(group), len(group)))
    for i, person in enumerate(group):
        parents = [index[q] for q in (person.father_id, person.mother_id) if q]
        if parents:
            kinship[i, :i] = kinship[parents, :i].sum(axis=0) / 2
            kinship[:i, i] = kinship[i, :i]
        both = kinship[parents[0], parents[1]] if len(parents) == 2 else 0.0
        kinship[i, i] = (1 + both) / 2
    return kinship


def _relations_in(group: Sequence[Person]) -> dict[Pair, str]:
    kinship = _kinship_by_descent(group)
    relations = {}
    for i, j in zip(*np.nonzero(np.tril(kinship, -1) > _THIRD), strict=True):
        a, b = group[i], group[j]
        relations[pair_of(a.person_id, b.person_id)] = _name_relation(a, b, kinship[i, j])
    return relations


def _name_relation(a: Person, b: Person, kinship: float) -> str:
    if a.person_id in (b.father_id, b.mother_id) or b.person_id in (a.father_id, a.mother_id):
        return "parent_offspring"
    if a.father_id and a.mother_id and (a.father_id, a.mother_id) == (b.father_id, b.mother_id):
        return "full_siblings"
    return "second_degree" if kinship > _SECOND else "third_degree"


@dataclass(frozen=True)
class Exchange:
    """Two samples whose genotypes, if exchanged, would agree with everything recorded.

    `is_unique` is False where another exchange explains the same contradictions as well.
    """

    first: str
    second: str
    is_unique: bool


def find_exchanges(
    recorded: Mapping[Pair, str], inferred: Mapping[Pair, str]
) -> tuple[Exchange, ...]:
    """Find pairs of samples whose labels were probably exchanged.

    Parameters
    ----------
    recorded, inferred : mapping of pair to relation
        Only close relations (`CLOSE`) are compared; a pair that is absent has none.

    Returns
    -------
    tuple of Exchange
        Exchanges after which no contradiction is left with either sample, and which remove at least
        one of each.
    """
    told, seen = _by_sample(recorded), _by_sample(inferred)
    wrong = {
        pair_of(a, b)
        for a in told.keys() | seen.keys()
        for b in told[a].keys() | seen[a].keys()
        if told[a].get(b) != seen[a].get(b)
    }
    suspects = {s for p in wrong for s in p}
    found = []
    for first, second in sorted(_candidates(suspects, told, seen)):
        # A pair that contradicts itself is a matter of those two, not of an exchange.
        if pair_of(first, second) not in wrong and _agree_after(first, second, told, seen):
            removed = frozenset(p for p in wrong if first in p or second in p)
            found.append((first, second, removed))
    # Exchanging one parent with the other family's explains less than exchanging the children.
    best = [f for f in found if not any(f[2] < other[2] for other in found)]
    return tuple(
        Exchange(a, b, not any(o[2] & removed for o in best if o[:2] != (a, b)))
        for a, b, removed in best
    )


def _by_sample(relations: Mapping[Pair, str]) -> defaultdict[str, dict[str, str]]:
    """Close relations as sample -> relative -> relation."""
    relatives: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (a, b), relation in relations.items():
        if relation in CLOSE:
            relatives[a][b] = relatives[b][a] = relation
    return relatives


def _candidates(
    suspects: set[str], told: Mapping[str, dict[str, str]], seen: Mapping[str, dict[str, str]]
) -> set[Pair]:
    """Suspects paired with the suspects who are, by genotype, relatives of their relatives."""
    return {
        pair_of(first, second)
        for first in suspects
        for relative in told.get(first, ())
        for second in seen.get(relative, ())
        if second in suspects and second != first
    }


def _agree_after(
    first: str,
    second: str,
    told: Mapping[str, dict[str, str]],
    seen: Mapping[str, dict[str, str]],
) -> bool:
    """Whether all close relations of both samples agree once their genotypes are exchanged."""
    other = {first: second, second: first}
    return all(
        told.get(sample, {}) == {other.get(s, s): r for s, r in seen.get(other[sample], {}).items()}
        for sample in (first, second)
    )


def blame_contradictions(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], tuple[Pair, ...]]:
    """Share out contradicted pairs: samples that explain several, and pairs nobody explains alone.

    The sample in most contradicted pairs is taken first (alphabetical order on ties) while it is in
    at least two, so that a child whose both parents are contradicted is named, not the parents.

    Returns
    -------
    tuple
        Samples to name, and the pairs left, where either sample could be wrong.
    """
    left = set(pairs)
    named = []
    while left:
        counts = Counter(s for p in left for s in p)
        sample, n = min(counts.items(), key=lambda item: (-item[1], item[0]))
        if n < 2:
            break
        named.append(sample)
        left = {p for p in left if sample not in p}
    return tuple(named), tuple(sorted(left))
