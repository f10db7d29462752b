"""Metrics of a sample from hand-made counts; medians against numpy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.domain.tables_alignments import FLAGSTAT_METRICS, SAMPLES, TOTALS_METRICS
from genocohort.steps.alignment_summary.compute import (
    Histogram,
    SampleTables,
    compute_depth,
    compute_dropouts,
    compute_regions,
    compute_sample,
    depth_ratio,
    fraction_at_least,
    mean_qualities,
    median,
    median_absolute_deviation,
)


def histogram(values: list[int]) -> Histogram:
    value, count = np.unique(np.array(values, dtype=np.int64), return_counts=True)
    return Histogram(value, count.astype(np.int64))


def contig(name: str, bases: int, depth: int, **more: int) -> dict[str, Any]:
    row = {"contig": name, "length": bases, "fragment_depth_sum": depth, "read_depth_sum": depth,
           "covered_bases": 0, "evaluated_bases": bases, "evaluated_depth_sum": depth}  # fmt: skip
    return row | more


COUNTS = dict.fromkeys([*FLAGSTAT_METRICS, *TOTALS_METRICS], 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_medians_are_those_of_the_values(values: list[int]) -> None:
    assert median(histogram(values)) == np.median(values)
    expected = np.median(np.abs(np.array(values) - np.median(values)))
    assert median_absolute_deviation(histogram(values)) == expected
    for x in (0, 10, 31):
        assert fraction_at_least(histogram(values), x) == np.mean(np.array(values) >= x)


def test_nothing_has_no_median_and_no_fraction() -> None:
    assert median(histogram([])) is None
    assert median_absolute_deviation(histogram([])) is None
    assert fraction_at_least(histogram([]), 10) is None


def test_mean_quality_of_each_group_by_hand() -> None:
    group, quality, count = (np.array(v) for v in ([7, 2, 2, 7], [30, 10, 40, 20], [1, 3, 1, 1]))
    found, bases, mean = mean_qualities(group, quality, count)
    assert (found.tolist(), bases.tolist(), mean.tolist()) == ([2, 7], [4, 2], [17.5, 25])
    nothing = np.zeros(0, dtype=np.int64)
    assert [len(v) for v in mean_qualities(nothing, nothing, nothing)] == [0, 0, 0]


def test_rates_by_hand() -> None:
    counts = COUNTS | {
        "total": 120, "primary": 100, "primary_mapped": 90, "paired": 80, "properly_paired": 60,
        "both_mapped": 70, "mate_other_contig": 7, "sequences": 100, "sequences_mapped": 90,
        "sequences_mapped_duplicate": 9, "bases": 1000, "bases_without_quality": 200,
        "base_quality_sum": 24_000, "bases_gc": 300, "bases_acgt": 900, "mismatches": 4,
        "bases_mapped_cigar": 900, "bases_mapped_cigar_with_nm": 800,
        "paired_both_mapped": 60, "paired_both_mapped_duplicate": 10,
    }  # fmt: skip
    inserts = histogram([0, 0, 0, 0, 100, 200, 300])
    row = compute_sample("s", SampleTables(counts, 5, [], {"insert_size": inserts}))
    assert set(row) == set(SAMPLES.column_names)
    assert (row["n_records"], row["n_reads"]) == (120, 100)
    assert row["mapped_rate"] == 0.9
    assert row["duplicate_rate"] == 0.1
    # 30 pairs, 25 of them unique: x (1 - exp(-30 / x)) = 25.
    assert row["library_size"] * (1 - np.exp(-30 / row["library_size"])) == pytest.approx(25)
    assert row["properly_paired_rate"] == 0.75
    assert row["qc_fail_rate"] == 0.05
    assert row["mate_other_contig_rate"] == 0.1
    assert row["read_length_mean"] == 10
    assert row["base_quality_mean"] == 30
    assert row["gc_mean"] == pytest.approx(1 / 3)
    assert row["error_rate"] == 0.005
    # Pairs without a template length (0) say nothing about the library.
    assert (row["insert_size_median"], row["insert_size_mad"]) == (200, 100)


def test_dropouts_by_hand() -> None:
    # Of 10 windows 4, 2 and 4 are of 20, 50 and 70 percent; of 10 reads 1, 3 and 6.
    rows = [{"gc": gc, "n_windows": w, "n_reads": r}
            for gc, w, r in ((20, 4, 1), (50, 2, 3), (70, 4, 6), (None, 99, 99))]  # fmt: skip
    found = compute_dropouts(rows)
    assert found["at_dropout"] == pytest.approx(0.3)
    assert found["gc_dropout"] == 0
    rows[0]["n_reads"], rows[1]["n_reads"], rows[2]["n_reads"] = 8, 1, 1
    found = compute_dropouts(rows)
    # Windows of 50 percent belong to the AT side.
    assert found["at_dropout"] == pytest.approx(0.1)
    assert found["gc_dropout"] == pytest.approx(0.3)
    assert compute_dropouts([]) == {"at_dropout": None, "gc_dropout": None}


def test_regions_by_hand() -> None:
    columns = {name: np.array(values) for name, values in (
        ("start", [0, 50, 7]), ("end", [100, 60, 7]), ("fragment_depth_sum", [900, 200, 0]),
        ("bases_20x", [11, 10, 0]))}  # fmt: skip
    assert compute_regions(columns) == {
        "n_regions": 3, "regions_mean_depth": 10, "regions_fraction_20x": 21 / 110,
    }  # fmt: skip
    del columns["bases_20x"]
    assert compute_regions(columns)["regions_fraction_20x"] is None


def test_undefined_is_missing_never_zero() -> None:
    row = compute_sample("s", SampleTables(COUNTS, 0, [], {}))
    counted = {"sample_id", "status", "n_records", "n_reads", "depth_scope"}
    assert {name for name, value in row.items() if value is not None} == counted


def test_a_failed_sample() -> None:
    assert compute_sample("s", SampleTables({}, 0, [], {})) == {
        "sample_id": "s",
        "status": "failed",
    }


def test_the_genome_mean_divides_by_every_contig() -> None:
    contigs = [contig("chr1", 1000, 200), contig("chr2", 2000, 0), contig("chr3", 3000, 100)]
    contigs.append(contig("*", 0, 0) | {"length": None})
    depth = histogram([0] * 5700 + [1] * 300)
    row = compute_depth(SampleTables(COUNTS, 0, contigs, {"fragment_depth": depth}))
    assert row["genome_mean_fragment_depth"] == row["mean_fragment_depth"] == 0.05
    assert (row["depth_scope"], row["median_fragment_depth"]) == ("genome", 0)


def test_depth_over_targets_where_given() -> None:
    histograms = {"fragment_depth": histogram([0] * 90 + [20] * 10),
                  "target_depth": histogram([20] * 10)}  # fmt: skip
    row = compute_depth(SampleTables(COUNTS, 0, [contig("chr1", 100, 200)], histograms))
    assert (row["depth_scope"], row["mean_fragment_depth"], row["fraction_20x"]) == (
        "targets",
        20,
        1,
    )
    assert row["genome_mean_fragment_depth"] == 2


def test_sex_chromosomes_against_the_autosomes() -> None:
    contigs = [contig("1", 1000, 30_000), contig("22", 500, 15_000), contig("X", 800, 12_000),
               contig("Y", 200, 0), contig("MT", 10, 90_000), contig("un", 9, 90_000)]  # fmt: skip
    assert depth_ratio(contigs, "X") == 0.5
    assert depth_ratio(contigs, "Y") == 0
    assert depth_ratio(contigs[:3], "Y") is None
    assert depth_ratio(contigs[2:], "X") is None
    assert depth_ratio([contig("1", 1000, 0), contig("X", 10, 5)], "X") is None
