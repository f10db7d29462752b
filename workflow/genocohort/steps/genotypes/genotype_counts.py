"""Count the genotypes of a batch of records: per record, per allele and per sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.domain.calls import CallBatch
from genocohort.domain.genotype_codes import Genotype, allele_copies
from genocohort.domain.ploidy import (
    DIPLOID,
    NOT_EXPECTED,
    GenotypeClass,
    counted_alleles,
    genotype_class,
)

_Int64 = npt.NDArray[np.int64]
N_CLASSES = len(GenotypeClass)


@dataclass(frozen=True)
class CohortPloidy:
    """What is expected of each sample on one contig outside its pseudo-autosomal regions.

    Attributes
    ----------
    expected : ndarray, shape (n_samples,), int8
        NOT_EXPECTED, HAPLOID or DIPLOID.
    tested : ndarray, shape (n_samples,), bool
        Whether the sample enters the Hardy-Weinberg test (on X: females).
    """

    expected: npt.NDArray[np.int8]
    tested: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """Records and samples of a batch for which the same ploidy is expected."""

    records: _Int64
    columns: _Int64
    expected: int
    tested: bool


def groups(n_records: int, in_par: npt.NDArray[np.bool_], ploidy: CohortPloidy) -> Iterator[Group]:
    """Split a batch into groups of one expected ploidy, in a fixed order; empty ones are left out.

    Inside a pseudo-autosomal region every sample is diploid and tested.
    """
    everyone = np.arange(len(ploidy.expected))
    if in_par.any() and len(everyone):
        yield Group(np.flatnonzero(in_par), everyone, DIPLOID, True)
    outside = np.flatnonzero(~in_par)
    if n_records == 0 or len(outside) == 0:
        return
    for expected in range(DIPLOID + 1):
        for tested in (False, True):
            columns = np.flatnonzero((ploidy.expected == expected) & (ploidy.tested == tested))
            if len(columns):
                yield Group(outside, columns, expected, tested)


@dataclass(frozen=True)
class GenotypeCounts:
    """Counts of one batch of records; n_alts is the largest number of ALT alleles in it.

    Attributes
    ----------
    classes : ndarray, shape (n_records, 11), int64
        Genotypes by GenotypeClass.
    alleles : ndarray, shape (n_records, 1 + n_alts), int64
        Called copies of REF and every ALT allele.
    hom, het : ndarray, shape (n_records, 1 + n_alts), int64
        Tested diploid genotypes with two copies, and with one copy, of each allele.
    n_tested : ndarray, shape (n_records,), int64
        Complete diploid genotypes of tested samples.
    sample_classes : ndarray, shape (2, n_samples, 11), int64
        Genotypes by class, over records that do not pass and over those that pass.
    sample_not_expected_called : ndarray, shape (2, n_samples), int64
        Of those not expected, the ones with a called allele.
    """

    classes: _Int64
    alleles: _Int64
    hom: _Int64
    het: _Int64
    n_tested: _Int64
    sample_classes: _Int64
    sample_not_expected_called: _Int64


def compute_genotype_counts(
    batch: CallBatch,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
) -> GenotypeCounts:
    """Count all genotypes of a batch.

    Parameters
    ----------
    batch : CallBatch
    ploidy : CohortPloidy
    in_par : ndarray, shape (n_records,), bool
        Records inside a pseudo-autosomal region.
    is_pass : ndarray, shape (n_records,), bool

    Returns
    -------
    GenotypeCounts
    """
    n, n_samples = batch.codes.shape
    n_alleles = 1 + max((len(a) for a in batch.alts), default=0)
    shape = (n, n_alleles)
    result = GenotypeCounts(
        classes=np.zeros((n, N_CLASSES), dtype=np.int64),
        alleles=np.zeros(shape, dtype=np.int64),
        hom=np.zeros(shape, dtype=np.int64),
        het=np.zeros(shape, dtype=np.int64),
        n_tested=np.zeros(n, dtype=np.int64),
        sample_classes=np.zeros((2, n_samples, N_CLASSES), dtype=np.int64),
        sample_not_expected_called=np.zeros((2, n_samples), dtype=np.int64),
    )
    for group in groups(n, in_par, ploidy):
        _add_group(result, batch, group, n_alleles, is_pass)
    return result


def _add_group(
    result: GenotypeCounts,
    batch: CallBatch,
    group: Group,
    n_alleles: int,
    is_pass: npt.NDArray[np.bool_],
) -> None:
    genotypes = batch.genotypes
    codes = batch.codes[np.ix_(group.records, group.columns)]
    counts = _rowwise_counts(codes, len(genotypes))
    kinds = class_of_codes(genotypes, group.expected)
    one_hot = np.eye(N_CLASSES, dtype=np.int64)[kinds]
    result.classes[group.records] += counts @ one_hot
    counted = [counted_alleles(g, group.expected) for g in genotypes]
    result.alleles[group.records] += counts @ allele_copies(counted, n_alleles)
    if group.tested and group.expected == DIPLOID:
        diploid = np.array([len(g) == 2 and min(g) >= 0 for g in genotypes])
        copies = allele_copies(genotypes, n_alleles)
        result.hom[group.records] += counts @ ((copies == 2) & diploid[:, None]).astype(np.int64)
        result.het[group.records] += counts @ ((copies == 1) & diploid[:, None]).astype(np.int64)
        result.n_tested[group.records] += counts @ diploid.astype(np.int64)
    passing = is_pass[group.records]
    for subset in (0, 1):
        chosen = codes[passing == bool(subset)]
        by_class = _rowwise_counts(kinds[chosen].T, N_CLASSES)
        result.sample_classes[subset, group.columns] += by_class
        if group.expected == NOT_EXPECTED:
            called = np.array([max(g) >= 0 for g in genotypes])
            result.sample_not_expected_called[subset, group.columns] += called[chosen].sum(axis=0)


def class_of_codes(genotypes: Sequence[Genotype], expected: int) -> npt.NDArray[np.intp]:
    """GenotypeClass of every code where `expected` alleles are due."""
    return np.array([genotype_class(g, expected) for g in genotypes], dtype=np.intp)


def _rowwise_counts(values: npt.NDArray[np.integer], n_values: int) -> _Int64:
    """How often each value stands in each row: shape (n_rows, n_values)."""
    n_rows = len(values)
    offset = np.arange(n_rows, dtype=np.int64)[:, None] * n_values
    counts = np.bincount((values + offset).ravel(), minlength=n_rows * n_values)
    return counts.reshape(n_rows, n_values).astype(np.int64)


def compute_carried(
    batch: CallBatch,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
    source: _Int64,
    allele: _Int64,
    weights: npt.NDArray[np.float32],
) -> _Int64:
    """Add up weights of the alleles that each sample carries.

    Parameters
    ----------
    source, allele : ndarray, shape (n_rows,), int64
        Record within the batch and 1-based ALT allele of each row.
    weights : ndarray, shape (n_rows, n_weights), float32
        Whole numbers, small enough that their sums are exact in float32.

    Returns
    -------
    ndarray, shape (n_samples, n_weights), int64
    """
    result = np.zeros((batch.codes.shape[1], weights.shape[1]), dtype=np.int64)
    if len(source) == 0:
        return result
    n_alleles = 1 + int(allele.max())
    for group in groups(batch.n_records, in_par, ploidy):
        counted = [counted_alleles(g, group.expected) for g in batch.genotypes]
        carries = (allele_copies(counted, n_alleles) > 0).astype(np.float32)
        in_group = np.isin(source, group.records)
        for k in np.unique(allele[in_group]):
            rows = np.flatnonzero(in_group & (allele == k))
            carriers = carries[:, k][batch.codes[np.ix_(source[rows], group.columns)]]
            result[group.columns] += (carriers.T @ weights[rows]).astype(np.int64)
    return result
