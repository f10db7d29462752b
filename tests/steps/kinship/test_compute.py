"""Tiles, relatives and what the pedigree says about them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.domain.pedigree import Person, pair_of
from genocohort.domain.sheet import Sample
from genocohort.stats.kinship import count_tile, make_tiles
from genocohort.steps.kinship.compute import (
    Records,
    describe_pair,
    join_pairs,
    pairs_table,
    recorded_for_samples,
    related_in_tile,
)
from tiny.cohort_store import draw_child, draw_unrelated


def all_pairs(calls: np.ndarray, size: int, threshold: float, recorded: list[tuple[int, int]]):
    """The step's way through tiles, in one process."""
    parts = [
        related_in_tile(tile, count_tile(tile, [calls[:3], calls[3:]]), threshold, recorded)
        for tile in make_tiles(calls.shape[1], size)
    ]
    return join_pairs(parts)


@settings(deadline=None)
@given(st.integers(0, 20), st.integers(1, 7))
def test_tiles_cover_every_pair_once(n: int, size: int) -> None:
    seen = [
        (i, j)
        for tile in make_tiles(n, size)
        for i in range(*tile.rows)
        for j in range(*tile.columns)
        if i < j
    ]
    assert sorted(seen) == list(combinations(range(n), 2))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.sampled_from([2, 3, 100]))
def test_any_tiling_gives_the_same_pairs(seed: int, size: int) -> None:
    calls = np.random.default_rng(seed).integers(-1, 3, size=(40, 7)).astype(np.int8)
    whole, tiled = (all_pairs(calls, s, 0.05, [(0, 5)]) for s in (7, size))
    for name in ("first", "second", "n_snps", "n_het_het", "ibs0", "kinship"):
        np.testing.assert_array_equal(getattr(tiled, name), getattr(whole, name))
    assert (0, 5) in set(zip(whole.first.tolist(), whole.second.tolist(), strict=True))


def family() -> tuple[np.ndarray, list[Sample]]:
    """father, mother, two children, a second sample of the first child, a stranger."""
    rng = np.random.default_rng(11)
    parents = draw_unrelated(rng, 3000, 3)
    kids = [draw_child(rng, parents[:, 0], parents[:, 1]) for _ in range(2)]
    calls = np.stack([parents[:, 0], parents[:, 1], *kids, kids[0], parents[:, 2]], axis=1)
    names = ["dad", "mum", "kid1", "kid2", "kid1b", "other"]
    participants = ["pd", "pm", "pk1", "pk2", "pk1", "po"]
    samples = [Sample(n, p, n, "unknown") for n, p in zip(names, participants, strict=True)]
    return calls, samples


# Participant ids for some, sample ids for others: both may stand in a pedigree.
FAMILY = (
    Person("F", "pk1", "dad", "mum"),
    Person("F", "kid2", "dad", "mum"),
    Person("F", "dad"),
    Person("F", "mum"),
    Person("F", "other"),
)


def table_of(calls: np.ndarray, samples: list[Sample], people: tuple[Person, ...]):
    records = recorded_for_samples(samples, people)
    ids = [s.sample_id for s in samples]
    index = {s: i for i, s in enumerate(ids)}
    recorded = [tuple(sorted((index[a], index[b]))) for a, b in records.relations]
    pairs = all_pairs(calls, 100, 0.0442, recorded)
    columns = pairs_table(ids, pairs, records, 0.05, 0.1)
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return {pair_of(r["sample_id_1"], r["sample_id_2"]): r for r in rows}


def test_a_family_as_recorded() -> None:
    rows = table_of(*family(), FAMILY)
    assert rows[("dad", "kid1")]["relation_inferred"] == "parent_offspring"
    assert rows[("dad", "kid1")]["relation_recorded"] == "parent_offspring"
    assert rows[("kid1b", "mum")]["relation_recorded"] == "parent_offspring"
    assert rows[("kid1", "kid2")]["relation_inferred"] == "full_siblings"
    assert rows[("kid1", "kid1b")]["relation_recorded"] == "duplicate"
    assert rows[("kid1", "kid1b")]["kinship"] == 0.5
    assert not any(r["is_contradiction"] for r in rows.values())
    assert all(r["finding"] is None for r in rows.values())
    assert ("dad", "mum") not in rows
    assert not any("other" in pair for pair in rows)


def test_a_wrong_father_and_an_unrecorded_duplicate_are_named() -> None:
    calls, samples = family()
    samples[4] = Sample("kid1b", "somebody", "kid1b", "unknown")
    people = (Person("F", "kid1", "other", "mum"), *FAMILY[2:])
    rows = table_of(calls, samples, people)
    wrong = rows[("kid1", "other")]
    assert wrong["is_contradiction"]
    assert "recorded as parent and child" in wrong["finding"]
    assert "unrelated" in wrong["finding"]
    twin = rows[("kid1", "kid1b")]
    assert twin["is_contradiction"]
    assert "are the same person or twins" in twin["finding"]
    # dad is in the pedigree, but not as the father of kid1.
    assert rows[("dad", "kid1")]["is_contradiction"]
    # kid2 is not in it at all: a finding, not a contradiction.
    assert not rows[("kid1", "kid2")]["is_contradiction"]
    assert "full siblings by their genotypes" in rows[("kid1", "kid2")]["finding"]


def test_exchanged_children_are_named_in_each_contradicted_pair() -> None:
    rng = np.random.default_rng(5)
    parents = draw_unrelated(rng, 2000, 4)
    first = draw_child(rng, parents[:, 0], parents[:, 1])
    second = draw_child(rng, parents[:, 2], parents[:, 3])
    calls = np.column_stack([parents, second, first])
    names = ["f1", "m1", "f2", "m2", "c1", "c2"]
    samples = [Sample(n, n, n, "unknown") for n in names]
    people = (Person("1", "c1", "f1", "m1"), Person("2", "c2", "f2", "m2"))
    rows = table_of(calls, samples, people)
    contradicted = [r for r in rows.values() if r["is_contradiction"]]
    assert len(contradicted) == 8
    assert all("labels of c1 and c2 would resolve" in r["finding"] for r in contradicted)


@pytest.mark.parametrize(
    ("inferred", "recorded", "listed", "wrong"),
    [
        ("third_degree", "second_degree", True, False),
        ("unrelated", "third_degree", True, False),
        ("unrelated", "second_degree", True, True),
        ("full_siblings", "second_degree", True, True),
        ("full_siblings", "parent_offspring", True, True),
        ("parent_offspring", "", True, True),
        ("parent_offspring", "", False, False),
        ("second_degree", "", True, False),
        ("duplicate", "", False, True),
        ("unrelated", "duplicate", False, True),
        ("unrelated", "", True, False),
        (None, "parent_offspring", True, False),
        (None, "", True, False),
    ],
)
def test_what_is_a_contradiction(
    inferred: str | None, recorded: str, listed: bool, wrong: bool
) -> None:
    is_wrong, finding = describe_pair(("a", "b"), inferred, recorded, 0.1, listed)
    assert is_wrong == wrong
    assert not wrong or finding


def test_pedigree_ids_that_are_nobody_are_told() -> None:
    samples = [Sample("s", "p", "s", "unknown")]
    records = recorded_for_samples(samples, (Person("F", "p", "gone", ""),))
    assert records == Records({}, frozenset({"s"}), ("gone",))
