"""Allele counts with haploid samples, and inbreeding F by the method of moments."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass
class Homozygosity:
    """Sums over the polymorphic variants at which a sample has a call; arrays (n_samples,).

    `expected` is the expected number of homozygous calls, float64; the others are counts, int64.
    `n_monomorphic` counts the variants left out because one allele only is seen, or none.
    """

    observed: npt.NDArray[np.int64]
    expected: npt.NDArray[np.float64]
    n_called: npt.NDArray[np.int64]
    n_monomorphic: int = 0

    @classmethod
    def zeros(cls, n_samples: int) -> "Homozygosity":
        """No variant counted yet."""
        return cls(
            np.zeros(n_samples, dtype=np.int64),
            np.zeros(n_samples),
            np.zeros(n_samples, dtype=np.int64),
        )

    def add(self, other: "Homozygosity") -> None:
        """Add the sums over other variants, in place."""
        self.observed += other.observed
        self.expected += other.expected
        self.n_called += other.n_called
        self.n_monomorphic += other.n_monomorphic


def count_alleles(
    calls: npt.NDArray[np.int8], is_haploid: npt.NDArray[np.bool_] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """ALT alleles and called alleles of each variant.

    Parameters
    ----------
    calls : ndarray, shape (n_variants, n_samples), int8
        ALT allele counts, haploid calls as 0 or 2; negative is missing.
    is_haploid : ndarray, shape (n_samples,), bool, optional
        Samples that have one allele here: males on X outside the pseudo-autosomal regions. A
        heterozygous call of theirs is impossible and counts as missing.

    Returns
    -------
    n_alt, n_called : ndarray, shape (n_variants,), int64
    """
    if is_haploid is None:
        is_haploid = np.zeros(calls.shape[1], dtype=bool)
    diploid, haploid = calls[:, ~is_haploid], calls[:, is_haploid]
    alt = np.maximum(diploid, 0).sum(axis=1, dtype=np.int64)
    alt += (haploid == 2).sum(axis=1)
    called = 2 * (diploid >= 0).sum(axis=1, dtype=np.int64)
    called += ((haploid == 0) | (haploid == 2)).sum(axis=1)
    return alt, called


def expected_heterozygosity(
    n_alt: npt.NDArray[np.int64], n_called: npt.NDArray[np.int64], *, nei: bool
) -> npt.NDArray[np.float64]:
    """2 p q of each variant, with Nei's correction n / (n - 1) on request; 0 where undefined.

    References
    ----------
    Nei 1978, Genetics 89:583, equation 2; plink2 --het small-sample.
    """
    p = np.divide(n_alt, n_called, out=np.zeros(len(n_alt)), where=n_called > 0)
    expected = 2.0 * p * (1.0 - p)
    if nei:
        correction = np.zeros(len(n_alt))
        np.divide(n_called, n_called - 1.0, out=correction, where=n_called > 1)
        expected *= correction
    return expected


def count_homozygosity(
    calls: npt.NDArray[np.int8],
    n_alt: npt.NDArray[np.int64],
    n_called: npt.NDArray[np.int64],
    *,
    nei: bool,
) -> Homozygosity:
    """Observed and expected homozygous calls of every sample over a block of variants.

    Parameters
    ----------
    calls : ndarray, shape (n_variants, n_samples), int8
        ALT allele counts; negative is missing.
    n_alt, n_called : ndarray, shape (n_variants,), int64
        Allele counts that the expectation is made from (`count_alleles`). Variants without two
        alleles are left out and counted.
    """
    polymorphic = (n_alt > 0) & (n_alt < n_called)
    used = calls[polymorphic]
    homozygous = 1.0 - expected_heterozygosity(n_alt[polymorphic], n_called[polymorphic], nei=nei)
    return Homozygosity(
        observed=((used == 0) | (used == 2)).sum(axis=0, dtype=np.int64),
        expected=np.where(used >= 0, homozygous[:, None], 0.0).sum(axis=0),
        n_called=(used >= 0).sum(axis=0, dtype=np.int64),
        n_monomorphic=int((~polymorphic).sum()),
    )


def compute_inbreeding(counts: Homozygosity) -> npt.NDArray[np.float64]:
    """F = (observed - expected) / (called - expected), homozygous calls.

    Returns
    -------
    ndarray, shape (n_samples,), float64
        NaN where no heterozygous call could be expected.

    References
    ----------
    Purcell et al. 2007, Am J Hum Genet 81:559; plink2 --het, plink1.9 --check-sex (on X, with the
    male calls haploid in the frequencies and without Nei's correction).
    """
    room = counts.n_called - counts.expected
    f = np.full(len(room), np.nan)
    # A positive room below rounding error means that no heterozygote was expected.
    np.divide(counts.observed - counts.expected, room, out=f, where=room > 1e-9)
    return f


@dataclass
class MissingCalls:
    """Sums over the polymorphic variants at which a sample has no call; arrays (n_samples,).

    `het` sums 2 p q, `het_hom` sums 2 p q (1 - 2 p q).
    """

    n_missing: npt.NDArray[np.int64]
    het: npt.NDArray[np.float64]
    het_hom: npt.NDArray[np.float64]

    @classmethod
    def zeros(cls, n_samples: int) -> "MissingCalls":
        """No variant counted yet."""
        return cls(np.zeros(n_samples, dtype=np.int64), np.zeros(n_samples), np.zeros(n_samples))

    def add(self, other: "MissingCalls") -> None:
        """Add the sums over other variants, in place."""
        self.n_missing += other.n_missing
        self.het += other.het
        self.het_hom += other.het_hom


def count_missing(
    calls: npt.NDArray[np.int8], n_alt: npt.NDArray[np.int64], n_called: npt.NDArray[np.int64]
) -> MissingCalls:
    """Sums over the missing calls of every sample; arguments as in `count_homozygosity`."""
    polymorphic = (n_alt > 0) & (n_alt < n_called)
    het = expected_heterozygosity(n_alt[polymorphic], n_called[polymorphic], nei=False)[:, None]
    missing = calls[polymorphic] < 0
    return MissingCalls(
        missing.sum(axis=0, dtype=np.int64),
        np.where(missing, het, 0.0).sum(axis=0),
        np.where(missing, het * (1.0 - het), 0.0).sum(axis=0),
    )


def restore_heterozygotes(
    counts: Homozygosity, missing: MissingCalls, n_hidden: npt.NDArray[np.int64]
) -> Homozygosity:
    """Count back heterozygous calls that the genotype store holds as missing.

    The store sets a recorded male's heterozygous calls on X missing; a female recorded as male
    would look male without them. Where they were is not stored, so each adds the expectation of a
    heterozygote among the sample's missing calls: the mean of 1 - 2 p q weighted by 2 p q.

    Parameters
    ----------
    n_hidden : ndarray, shape (n_samples,), int64
        Heterozygous calls set missing; at most the missing ones are counted back.
    """
    hidden = np.minimum(n_hidden, missing.n_missing)
    mean = np.zeros(len(hidden))
    np.divide(missing.het_hom, missing.het, out=mean, where=missing.het > 0)
    return Homozygosity(
        counts.observed,
        counts.expected + hidden * mean,
        counts.n_called + hidden,
        counts.n_monomorphic,
    )
