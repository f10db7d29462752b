"""Mendelian errors: genotypes of a child that its parents' genotypes cannot give."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

# Calls are 0, 1, 2 copies of ALT; this stands for a missing one, and for a parent who does not
# matter (a father for a son's X).
_MISSING = 3


class Contradiction(IntEnum):
    """Whose genotype contradicts the child's; PLINK's codes in parentheses."""

    NONE = 0
    FATHER = 1
    """Father and child are homozygous for different alleles, whatever the mother has (3, 6)."""
    MOTHER = 2
    """The same of the mother (4, 7; for a son's X 9, 10)."""
    PARENTS = 3
    """Both parents are homozygous for one allele, and the child is not (1, 2, 5, 8)."""


def _table() -> npt.NDArray[np.uint8]:
    """Contradiction by father's, mother's and child's call."""
    table = np.zeros((4, 4, 4), dtype=np.uint8)
    for own, other in ((0, 2), (2, 0)):
        table[other, :, own] = Contradiction.FATHER
        table[:, other, own] = Contradiction.MOTHER
        table[other, other, own] = Contradiction.PARENTS
        table[own, own, 1] = Contradiction.PARENTS
    return table


_TABLE = _table()


def find_contradictions(
    father: npt.NDArray[np.int8], mother: npt.NDArray[np.int8], child: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Compare the calls of children with those of their parents.

    Parameters
    ----------
    father, mother, child : ndarray, shape (n_variants, n_trios), int8
        Copies of ALT, haploid calls as 0 or 2; -1: missing, or of no concern.

    Returns
    -------
    contradiction : ndarray, shape (n_variants, n_trios), uint8
        Contradiction.
    tested : ndarray, bool
        The child and at least one parent are called.
    carried : ndarray, bool
        Of the tested ones, those where child or parents carry ALT. Where nobody does nothing can
        contradict, so the share of errors among these does not depend on how rare alleles are.

    References
    ----------
    Classes of errors as PLINK 1.9 --mendel has them.
    """
    f, m, c = (np.where(calls < 0, _MISSING, calls) for calls in (father, mother, child))
    tested = (c != _MISSING) & ((f != _MISSING) | (m != _MISSING))
    carried = tested & ((father > 0) | (mother > 0) | (child > 0))
    return _TABLE[f, m, c], tested, carried
