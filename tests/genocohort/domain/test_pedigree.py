"""Recorded relations, exchanged labels and shared blame."""

import pytest

from genocohort.domain.pedigree import (
    Exchange,
    Person,
    blame_contradictions,
    find_exchanges,
    pair_of,
    recorded_relations,
    sort_generations,
)
from genocohort.errors import InputDataError


def people(*rows: tuple[str, str, str]) -> list[Person]:
    return [Person("F", person, father, mother) for person, father, mother in rows]


def test_relations_of_three_generations() -> None:
    found = recorded_relations(
        people(
            ("kid", "dad", "mum"), ("dad", "gran", "oma"), ("uncle", "gran", "oma"),
            ("half", "dad", "other"), ("cousin", "uncle", "aunt"),
        )
    )  # fmt: skip
    assert found[pair_of("kid", "dad")] == "parent_offspring"
    assert found[pair_of("kid", "mum")] == "parent_offspring"
    assert found[pair_of("dad", "uncle")] == "full_siblings"
    assert found[pair_of("kid", "gran")] == "second_degree"
    assert found[pair_of("kid", "uncle")] == "second_degree"
    assert found[pair_of("kid", "half")] == "second_degree"
    assert found[pair_of("kid", "cousin")] == "third_degree"
    assert pair_of("dad", "mum") not in found
    assert pair_of("gran", "oma") not in found


def test_siblings_by_parents_without_lines_of_their_own() -> None:
    found = recorded_relations(people(("a", "x", "y"), ("b", "x", "y"), ("c", "", "")))
    assert found[pair_of("a", "b")] == "full_siblings"
    assert not any("c" in pair for pair in found)


def test_siblings_of_related_parents_are_siblings() -> None:
    found = recorded_relations(
        people(("a", "p", "q"), ("b", "p", "q"), ("p", "g", "h"), ("q", "g", "h"))
    )
    assert found[pair_of("a", "b")] == "full_siblings"
    assert found[pair_of("a", "p")] == "parent_offspring"


def test_order_puts_parents_first_and_finds_circles() -> None:
    ordered = [
        p.person_id for p in sort_generations(people(("c", "b", ""), ("b", "a", ""), ("a", "", "")))
    ]
    assert ordered == ["a", "b", "c"]
    with pytest.raises(InputDataError, match="own ancestor") as caught:
        sort_generations(people(("a", "b", ""), ("b", "a", ""), ("z", "", "")))
    assert caught.value.offenders == ("a", "b")


def parents(child: str, father: str, mother: str) -> dict[tuple[str, str], str]:
    return {pair_of(child, p): "parent_offspring" for p in (father, mother)}


def test_two_exchanged_children_are_found() -> None:
    recorded = parents("a", "f1", "m1") | parents("b", "f2", "m2")
    inferred = parents("a", "f2", "m2") | parents("b", "f1", "m1")
    assert find_exchanges(recorded, inferred) == (Exchange("a", "b", True),)


def test_a_child_exchanged_with_somebody_unrelated_is_found() -> None:
    recorded = parents("a", "f", "m")
    inferred = parents("stranger", "f", "m")
    assert find_exchanges(recorded, inferred) == (Exchange("a", "stranger", True),)


def test_two_exchanged_pairs_cannot_tell_who() -> None:
    # One parent each: exchanging the parents explains as much as exchanging the children.
    recorded = {pair_of("a", "f1"): "parent_offspring", pair_of("b", "f2"): "parent_offspring"}
    inferred = {pair_of("a", "f2"): "parent_offspring", pair_of("b", "f1"): "parent_offspring"}
    found = find_exchanges(recorded, inferred)
    assert {(e.first, e.second) for e in found} == {("a", "b"), ("f1", "f2")}
    assert not any(e.is_unique for e in found)


def test_no_exchange_without_a_fitting_partner() -> None:
    recorded = parents("a", "f", "m")
    assert find_exchanges(recorded, recorded) == ()
    assert find_exchanges(recorded, {}) == ()
    assert find_exchanges({}, {pair_of("a", "b"): "duplicate"}) == ()
    # More distant relations are left to chance.
    assert find_exchanges({pair_of("a", "b"): "third_degree"}, {}) == ()


def test_the_child_of_two_contradicted_parents_is_named() -> None:
    named, left = blame_contradictions([("c", "f"), ("c", "m"), ("x", "y")])
    assert named == ("c",)
    assert left == (("x", "y"),)
    assert blame_contradictions([]) == ((), ())
