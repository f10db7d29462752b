"""Genotype counts of groups of samples at the variants of one chromosome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import contig_class
from genocohort.domain.ploidy import DIPLOID, NOT_EXPECTED, expected_ploidy
from genocohort.domain.sheet import Sex
from genocohort.errors import ConfigError
from genocohort.stats.hwe import HweResult

_Int64 = npt.NDArray[np.int64]
HweTest = Callable[[_Int64, _Int64, _Int64], HweResult]
COUNTS = ("n_called", "n_hom_ref", "n_het", "n_hom_alt", "ac", "an")


@dataclass(frozen=True)
class Group:
    """Samples with one value of a column: their places in the store."""

    group_by: str
    name: str
    members: _Int64


def make_groups(columns: Mapping[str, Sequence[str | None]], max_groups: int) -> tuple[Group, ...]:
    """Groups of every column in turn, by value in alphabetical order.

    Parameters
    ----------
    columns : mapping of str to sequence of (str or None)
        Each sample's value, in the store's order; None: in no group.

    Raises
    ------
    ConfigError
        A column has no values, or more than `max_groups`.
    """
    groups = []
    for column, values in columns.items():
        names = sorted({v for v in values if v is not None})
        if not names or len(names) > max_groups:
            raise ConfigError(
                f"{column} has {len(names) or 'no'} values: these are no groups",
                where="variant_groups.by",
                expected=f"a column with 1 to {max_groups} values among the genotyped samples",
                remedy="take it out, or raise variant_groups.max_groups",
            )
        given = np.array([v if v is not None else "" for v in values], dtype=object)
        there = np.array([v is not None for v in values], dtype=np.bool_)
        groups += [Group(column, n, np.flatnonzero(there & (given == n))) for n in names]
    return tuple(groups)


class GroupCounter:
    """Counts blocks of calls of one chromosome.

    Parameters
    ----------
    chromosome : str
        Canonical name: on X, Y and MT who is expected to have how many alleles.
    sexes : sequence of Sex
        Of the store's samples.
    test : callable
        The exact test of Hardy-Weinberg proportions.
    """

    def __init__(self, chromosome: str, sexes: Sequence[Sex], test: HweTest) -> None:
        self._due = expected_ploidy(chromosome, sexes).astype(np.int64)
        kind = contig_class(chromosome)
        is_female = np.array([sex == "female" for sex in sexes], dtype=np.bool_)
        self._tested = is_female if kind == "X" else np.full(len(sexes), kind not in ("Y", "MT"))
        self._test = test

    def count(
        self,
        calls: npt.NDArray[np.int8],
        in_par: npt.NDArray[np.bool_],
        groups: Sequence[Group],
    ) -> dict[str, npt.NDArray[Any]]:
        """Counts of every variant and group, the groups of a variant one after the other.

        Parameters
        ----------
        calls : ndarray, shape (n_variants, n_samples), int8
            As the store has them: haploid calls are 0 or 2.
        in_par : ndarray, shape (n_variants,), bool
            Whether everybody is diploid there.

        Returns
        -------
        dict of str to ndarray, shape (n_variants * n_groups,)
            COUNTS, n_expected, hwe_p and hwe_neg_log10_p (NaN where nothing is tested).
        """
        parts = [self._count_group(calls[:, g.members], in_par, g.members) for g in groups]
        return {
            name: np.stack([part[name] for part in parts], axis=1).reshape(-1) for name in parts[0]
        }

    def _count_group(
        self, calls: npt.NDArray[np.int8], in_par: npt.NDArray[np.bool_], members: _Int64
    ) -> dict[str, npt.NDArray[Any]]:
        due = np.where(in_par[:, None], DIPLOID, self._due[members])
        expected = due != NOT_EXPECTED
        shares = [(calls == value) & expected for value in (0, 1, 2)]
        tested = in_par[:, None] | self._tested[members]
        three = [(share & tested).sum(axis=1) for share in shares]
        result = self._test(*three)
        called = shares[0] | shares[1] | shares[2]
        alleles = np.where(called, due, 0)
        hom_ref, het, hom_alt = (share.sum(axis=1) for share in shares)
        return {
            "n_expected": expected.sum(axis=1),
            "n_called": called.sum(axis=1),
            "n_hom_ref": hom_ref,
            "n_het": het,
            "n_hom_alt": hom_alt,
            "ac": (shares[1] + alleles * shares[2]).sum(axis=1),
            "an": alleles.sum(axis=1),
            "hwe_p": result.p,
            "hwe_neg_log10_p": result.neg_log10_p,
        }
