"""Trios of the cohort, and their Mendelian errors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import contig_class
from genocohort.domain.pedigree import Person, by_participant
from genocohort.domain.sheet import Sample, Sex
from genocohort.stats.mendel import Contradiction, find_contradictions

_Int64 = npt.NDArray[np.int64]
NOT_GENOTYPED = "neither parent is in the calls"
ANOTHER_SAMPLE = "another sample of the parent is compared"


@dataclass(frozen=True)
class Trio:
    """Columns of a child and its parents in the calls; -1: the parent is not there."""

    child: int
    father: int
    mother: int
    sex: Sex


def find_trios(samples: Sequence[Sample], people: Sequence[Person]) -> tuple[tuple[Trio, ...], int]:
    """Every genotyped sample with a genotyped parent, in the samples' order.

    Of a parent with several samples the first one is compared.

    Returns
    -------
    trios : tuple of Trio
    n_alone : int
        Genotyped children without any genotyped parent.
    """
    column: dict[str, int] = {}
    for i, sample in enumerate(samples):
        column.setdefault(sample.participant_id, i)
    ids = {s.participant_id: s.participant_id for s in samples}
    ids |= {s.sample_id: s.participant_id for s in samples}
    recorded = {p.person_id: p for p in by_participant(people, ids)}
    trios, n_alone = [], 0
    for i, sample in enumerate(samples):
        person = recorded.get(sample.participant_id)
        if person is None or not (person.father_id or person.mother_id):
            continue
        father, mother = (column.get(q, -1) for q in (person.father_id, person.mother_id))
        if father < 0 and mother < 0:
            n_alone += 1
        else:
            trios.append(Trio(i, father, mother, sample.sex))
    return tuple(trios), n_alone


@dataclass
class Errors:
    """Counts of trios over all variants, and the variants with errors.

    Attributes
    ----------
    by_trio : ndarray, shape (n_trios, 2 + 4), int64
        Genotypes tested and with ALT, then those of each Contradiction.
    variants : list of (int, int, int)
        Rank of a variant among those given, trios tested, errors; those without errors left out.
    """

    by_trio: _Int64
    variants: list[tuple[int, int, int]] = field(default_factory=list)


class MendelCounter:
    """Counts blocks of calls."""

    def __init__(self, trios: Sequence[Trio]) -> None:
        self._trios = trios
        self._child, self._father, self._mother = (
            np.array([getattr(t, name) for t in trios], dtype=np.int64)
            for name in ("child", "father", "mother")
        )
        self._is_son = np.array([t.sex == "male" for t in trios], dtype=np.bool_)
        self._is_known = np.array([t.sex != "unknown" for t in trios], dtype=np.bool_)
        self.errors = Errors(np.zeros((len(trios), 6), dtype=np.int64))

    def add(
        self,
        chromosome: str,
        first: int,
        calls: npt.NDArray[np.int8],
        in_par: npt.NDArray[np.bool_],
    ) -> None:
        """Count one block; `in_par`: shape (n_variants,), whether a variant is pseudo-autosomal."""
        father, mother = (
            np.where(columns >= 0, calls[:, columns], np.int8(-1))
            for columns in (self._father, self._mother)
        )
        child = calls[:, self._child].copy()
        self._leave_out(contig_class(chromosome), ~in_par, father, mother, child)
        found, tested, carried = find_contradictions(father, mother, child)
        total = self.errors.by_trio
        total[:, 0] += tested.sum(axis=0)
        total[:, 1] += carried.sum(axis=0)
        for kind in Contradiction:
            total[:, 2 + kind] += (found == kind).sum(axis=0)
        wrong = (found != Contradiction.NONE).sum(axis=1)
        self.errors.variants += [
            (first + int(i), int(tested[i].sum()), int(wrong[i])) for i in np.flatnonzero(wrong)
        ]

    def _leave_out(
        self,
        kind: str,
        rows: npt.NDArray[np.bool_],
        father: npt.NDArray[np.int8],
        mother: npt.NDArray[np.int8],
        child: npt.NDArray[np.int8],
    ) -> None:
        """Where one parent alone gives the alleles, the other is of no concern."""
        if kind == "X":
            father[np.ix_(rows, self._is_son)] = -1
            child[np.ix_(rows, ~self._is_known)] = -1
        elif kind == "Y":
            mother[rows] = -1
            child[np.ix_(rows, ~self._is_son)] = -1
        elif kind == "MT":
            father[rows] = -1
