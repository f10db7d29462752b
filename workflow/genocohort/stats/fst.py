"""Hudson's Fst between two groups as a ratio of averages, with a block jackknife."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Fst:
    """Estimate over the usable variants; NaN where undefined.

    `n_undefined` counts the variants left out: no call in a group, or the same allele fixed in
    both (denominator 0).
    """

    value: float
    standard_error: float
    n_variants: int
    n_undefined: int


def compute_fst(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], n_blocks: int) -> Fst:
    """Fst between two groups from allele counts.

    Parameters
    ----------
    first, second : ndarray, shape (n_variants, 2), int64
        REF and ALT alleles called in each group.
    n_blocks : int
        Blocks of consecutive variants that the jackknife leaves out in turn (fewer where there are
        fewer variants).

    References
    ----------
    Hudson, Slatkin and Maddison 1992, Genetics 132:583; Bhatia et al. 2013, Genome Res 23:1514
    (equation 10, ratio of averages); scikit-allel 1.3 average_hudson_fst.
    """
    import allel

    n_first, n_second = first.sum(axis=1), second.sum(axis=1)
    called = (n_first > 1) & (n_second > 1)
    fixed = (first[:, 0] + second[:, 0] == 0) | (first[:, 1] + second[:, 1] == 0)
    used = called & ~fixed
    n, undefined = int(used.sum()), int((~used).sum())
    if n == 0:
        return Fst(float("nan"), float("nan"), 0, undefined)
    length = max(1, n // n_blocks)
    if n // length < 2:
        numerator, denominator = allel.hudson_fst(first[used], second[used])
        return Fst(float(numerator.sum() / denominator.sum()), float("nan"), n, undefined)
    with warnings.catch_warnings():
        # A block may have a denominator of 0; its own ratio is not used.
        warnings.simplefilter("ignore", RuntimeWarning)
        value, error, _, _ = allel.average_hudson_fst(first[used], second[used], length)
    return Fst(float(value), float(error), n, undefined)
