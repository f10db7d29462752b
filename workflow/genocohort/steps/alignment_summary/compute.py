"""One row of metrics for each sample, from its counts, contigs and distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genocohort.domain.genome import contig_class
from genocohort.stats.library_size import estimate_library_size

IntArray = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Histogram:
    """Rising values and how many have each, int64[n]."""

    value: IntArray
    count: IntArray

    def total(self) -> int:
        """How many there are in all."""
        return int(self.count.sum())

    def without(self, value: int) -> "Histogram":
        """The same without one value."""
        kept = self.value != value
        return Histogram(self.value[kept], self.count[kept])


NO_VALUES = Histogram(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class SampleTables:
    """What the step `alignments` wrote for one sample.

    Attributes
    ----------
    counts : mapping of str to int
        Metrics of the flagstat table, QC-pass and QC-fail together; empty: the sample failed.
    qc_fail_primary : int
        Primary records with the QC-fail flag.
    contigs : sequence of mapping
        Rows of the contigs table.
    histograms : mapping of str to Histogram
        Distributions over all contigs, by metric.
    gc_bias : sequence of mapping
        Rows of the gc_bias table.
    regions : mapping of str to int64[n], or None
        Numeric columns of the regions table; None: there is none.
    """

    counts: Mapping[str, int]
    qc_fail_primary: int
    contigs: Sequence[Mapping[str, Any]]
    histograms: Mapping[str, Histogram]
    gc_bias: Sequence[Mapping[str, Any]] = ()
    regions: Mapping[str, IntArray] | None = None


def compute_sample(sample: str, tables: SampleTables) -> Row:
    """Metrics of one sample; None where a metric is undefined.

    Parameters
    ----------
    sample : str
    tables : SampleTables

    Returns
    -------
    dict
        One value for each column of alignment_summary/samples.
    """
    if not tables.counts:
        return {"sample_id": sample, "status": "failed"}
    counts = tables.counts
    known_quality = counts["bases"] - counts["bases_without_quality"]
    row: Row = {
        "sample_id": sample,
        "status": "ok",
        "n_records": counts["total"],
        "n_reads": counts["primary"],
        "mapped_rate": ratio(counts["primary_mapped"], counts["primary"]),
        "duplicate_rate": ratio(counts["sequences_mapped_duplicate"], counts["sequences_mapped"]),
        "properly_paired_rate": ratio(counts["properly_paired"], counts["paired"]),
        "qc_fail_rate": ratio(tables.qc_fail_primary, counts["primary"]),
        "mate_other_contig_rate": ratio(counts["mate_other_contig"], counts["both_mapped"]),
        "read_length_mean": ratio(counts["bases"], counts["sequences"]),
        "base_quality_mean": ratio(counts["base_quality_sum"], known_quality),
        "gc_mean": ratio(counts["bases_gc"], counts["bases_acgt"]),
        "error_rate": ratio(counts["mismatches"], counts["bases_mapped_cigar_with_nm"]),
    }
    inserts = tables.histograms.get("insert_size", NO_VALUES).without(0)
    row["library_size"] = library_size(counts)
    row["insert_size_median"] = median(inserts)
    row["insert_size_mad"] = median_absolute_deviation(inserts)
    row |= compute_dropouts(tables.gc_bias)
    return row | compute_depth(tables) | compute_regions(tables.regions)


def compute_dropouts(gc_bias: Sequence[Mapping[str, Any]]) -> Row:
    """Reads that lack where the reference holds much A and T, or much G and C.

    References
    ----------
    Picard 2.27, GcBiasSummaryMetrics: AT_DROPOUT and GC_DROPOUT, there in percent.
    """
    rows = [row for row in gc_bias if row["gc"] is not None]
    windows, reads = (sum(int(row[name]) for row in rows) for name in ("n_windows", "n_reads"))
    if not windows or not reads:
        return {"at_dropout": None, "gc_dropout": None}
    lacks = [
        (int(r["gc"]), max(0.0, int(r["n_windows"]) / windows - int(r["n_reads"]) / reads))
        for r in rows
    ]
    return {
        "at_dropout": sum(share for gc, share in lacks if gc <= 50),
        "gc_dropout": sum(share for gc, share in lacks if gc > 50),
    }


def compute_regions(regions: Mapping[str, IntArray] | None) -> Row:
    """Depth over all regions that are told one by one; where they overlap each counts."""
    if regions is None:
        return {"n_regions": None, "regions_mean_depth": None, "regions_fraction_20x": None}
    bases = int((regions["end"] - regions["start"]).sum())
    deep = regions.get("bases_20x")
    return {
        "n_regions": len(regions["start"]),
        "regions_mean_depth": ratio(int(regions["fragment_depth_sum"].sum()), bases),
        "regions_fraction_20x": None if deep is None else ratio(int(deep.sum()), bases),
    }


def compute_depth(tables: SampleTables) -> Row:
    """Depth over the genome, or the targets where some are given, and of X and Y."""
    scope = "targets" if "target_depth" in tables.histograms else "genome"
    name = "target_depth" if scope == "targets" else "fragment_depth"
    depth = tables.histograms.get(name, NO_VALUES)
    contigs = [c for c in tables.contigs if c["contig"] != "*"]

    def total(column: str) -> int:
        return sum(int(c[column]) for c in contigs)

    length = total("length")
    return {
        "depth_scope": scope,
        "mean_fragment_depth": ratio(int((depth.value * depth.count).sum()), depth.total()),
        "median_fragment_depth": median(depth),
        **{f"fraction_{x}x": fraction_at_least(depth, x) for x in (10, 20, 30)},
        "genome_mean_fragment_depth": ratio(total("fragment_depth_sum"), length),
        "genome_mean_read_depth": ratio(total("read_depth_sum"), length),
        "covered_fraction": ratio(total("covered_bases"), length),
        "x_depth_ratio": depth_ratio(contigs, "X"),
        "y_depth_ratio": depth_ratio(contigs, "Y"),
    }


def mean_qualities(
    group: IntArray, quality: IntArray, count: IntArray
) -> tuple[IntArray, IntArray, np.ndarray[tuple[Any, ...], np.dtype[np.float64]]]:
    """Bases and their mean quality in each group.

    Parameters
    ----------
    group, quality, count : int64[n]
        Number of the group (read order and cycle), quality, and how many bases have it.

    Returns
    -------
    (int64[m], int64[m], float64[m])
        Groups with a base, in rising order; their bases; their mean quality.
    """
    found, place = np.unique(group, return_inverse=True)
    bases, total = (np.zeros(len(found), dtype=np.int64) for _ in range(2))
    np.add.at(bases, place, count)
    np.add.at(total, place, quality * count)
    return found, bases, total / np.maximum(bases, 1)


def depth_ratio(contigs: Sequence[Mapping[str, Any]], which: str) -> float | None:
    """Mean depth of X or Y over that of the autosomes, in the evaluated bases.

    Returns
    -------
    float or None
        None where the contig or the autosomes have no evaluated base, or the autosomes no depth.
    """

    def mean(kind: str) -> float | None:
        rows = [c for c in contigs if contig_class(str(c["contig"])) == kind]
        bases = sum(int(c["evaluated_bases"]) for c in rows)
        return ratio(sum(int(c["evaluated_depth_sum"]) for c in rows), bases)

    of_sex, of_autosomes = mean(which), mean("autosome")
    if of_sex is None or not of_autosomes:
        return None
    return of_sex / of_autosomes


def library_size(counts: Mapping[str, int]) -> float | None:
    """Distinct molecules of the library; both reads of a pair are counted."""
    pairs = counts["paired_both_mapped"] // 2
    return estimate_library_size(pairs, pairs - counts["paired_both_mapped_duplicate"] // 2)


def ratio(numerator: int, denominator: int) -> float | None:
    """The quotient; None where the denominator is 0."""
    return numerator / denominator if denominator else None


def fraction_at_least(histogram: Histogram, value: int) -> float | None:
    """Share of the counts that reach a value."""
    reached = int(histogram.count[histogram.value >= value].sum())
    return ratio(reached, histogram.total())


def median(histogram: Histogram) -> float | None:
    """Median of the counted values, the mean of the middle two where their number is even."""
    return _weighted_median(histogram.value.astype(np.float64), histogram.count)


def median_absolute_deviation(histogram: Histogram) -> float | None:
    """Median distance from the median, not scaled."""
    middle = median(histogram)
    if middle is None:
        return None
    distance = np.abs(histogram.value - middle)
    order = np.argsort(distance, kind="stable")
    return _weighted_median(distance[order], histogram.count[order])


def _weighted_median(value: np.ndarray, count: IntArray) -> float | None:
    """Median of rising values, each of which stands `count` times."""
    reached = np.cumsum(count)
    if not len(reached) or not reached[-1]:
        return None
    n = int(reached[-1])
    middle = [int(np.searchsorted(reached, k, side="right")) for k in ((n - 1) // 2, n // 2)]
    return float(value[middle[0]] + value[middle[1]]) / 2
