"""Mendelian errors: every combination of three calls, and who is compared with whom."""

from itertools import product

import numpy as np
import pytest

from genocohort.domain.pedigree import Person
from genocohort.domain.sheet import Sample, Sex
from genocohort.stats.mendel import Contradiction, find_contradictions
from genocohort.steps.mendel.compute import MendelCounter, Trio, find_trios

CALLS = (-1, 0, 1, 2)
GAMETES = {-1: {0, 1}, 0: {0}, 1: {0, 1}, 2: {1}}


def test_an_error_is_what_no_gametes_give() -> None:
    combinations = list(product(CALLS, repeat=3))
    father, mother, child = (np.array([c], dtype=np.int8) for c in zip(*combinations, strict=True))
    found, tested, carried = (values[0] for values in find_contradictions(father, mother, child))
    for i, (f, m, c) in enumerate(combinations):
        possible = {a + b for a in GAMETES[f] for b in GAMETES[m]}
        assert (found[i] != Contradiction.NONE) == (c >= 0 and c not in possible), (f, m, c)
        assert tested[i] == (c >= 0 and max(f, m) >= 0)
        assert carried[i] == (tested[i] and max(f, m, c) > 0)


@pytest.mark.parametrize(
    ("father", "mother", "child", "expected"),
    [
        (0, 0, 1, Contradiction.PARENTS), (2, 2, 1, Contradiction.PARENTS),
        (2, 1, 0, Contradiction.FATHER), (2, -1, 0, Contradiction.FATHER),
        (0, 2, 0, Contradiction.MOTHER), (2, 2, 0, Contradiction.PARENTS),
        (0, 1, 2, Contradiction.FATHER), (-1, 0, 2, Contradiction.MOTHER),
        (0, 0, 2, Contradiction.PARENTS), (0, 1, 1, Contradiction.NONE),
        (0, 2, 2, Contradiction.FATHER),
    ],
)  # fmt: skip
def test_whom_an_error_contradicts(
    father: int, mother: int, child: int, expected: Contradiction
) -> None:
    one = [np.array([[call]], dtype=np.int8) for call in (father, mother, child)]
    assert find_contradictions(*one)[0].item() == expected


def _sample(i: int, participant: str, sex: Sex = "unknown") -> Sample:
    return Sample(f"S{i}", participant, f"S{i}", sex)


def test_trios_are_found_by_participant_or_sample() -> None:
    samples = [
        _sample(0, "dad", "male"), _sample(1, "mum", "female"), _sample(2, "kid", "male"),
        _sample(3, "kid", "male"), _sample(4, "dad", "male"), _sample(5, "niece", "female"),
        _sample(6, "orphan"),
    ]  # fmt: skip
    people = [
        Person("F", "kid", "dad", "S1"), Person("F", "niece", "uncle", "mum"),
        Person("F", "orphan", "nobody", "none"), Person("F", "dad"),
    ]  # fmt: skip
    trios, n_alone = find_trios(samples, people)
    assert trios == (
        Trio(2, 0, 1, "male"), Trio(3, 0, 1, "male"), Trio(5, -1, 1, "female"),
    )  # fmt: skip
    assert n_alone == 1


@pytest.mark.parametrize(
    ("chromosome", "in_par", "sex", "calls", "is_tested", "is_error"),
    [
        ("chrX", False, "male", (2, 0, 0), True, False),
        ("chrX", False, "male", (0, 0, 2), True, True),
        ("chrX", False, "male", (0, -1, 2), False, False),
        ("chrX", True, "male", (2, 0, 0), True, True),
        ("chrX", False, "female", (2, 0, 0), True, True),
        ("chrX", False, "unknown", (2, 0, 0), False, False),
        ("chrY", False, "male", (0, 2, 0), True, False),
        ("chrY", False, "male", (0, -1, 2), True, True),
        ("chrY", False, "female", (0, -1, 2), False, False),
        ("chrM", False, "male", (0, 2, 2), True, False),
        ("chrM", False, "female", (2, 0, 2), True, True),
    ],
)
def test_only_the_parent_who_gives_the_allele_counts(
    chromosome: str, in_par: bool, sex: Sex, calls: tuple[int, int, int], is_tested: bool,
    is_error: bool,
) -> None:  # fmt: skip
    counter = MendelCounter([Trio(2, 0, 1, sex)])
    counter.add(chromosome, 7, np.array([calls], dtype=np.int8), np.array([in_par]))
    n_tested, _, n_right, *wrong = counter.errors.by_trio[0].tolist()
    assert (n_tested, sum(wrong)) == (is_tested, is_error)
    assert n_right == 1 - is_error
    assert counter.errors.variants == ([(7, 1, 1)] if is_error else [])
