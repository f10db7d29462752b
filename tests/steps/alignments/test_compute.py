"""Depth, mates, intervals and counts against plain oracles that share no code with them."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.domain.tables_alignments import FLAGSTAT_METRICS, TOTALS_METRICS
from genocohort.steps.alignments.compute import (
    Choices,
    Contig,
    merge_tallies,
    tally_batches,
)
from genocohort.steps.alignments.depth import ContigDepth
from genocohort.steps.alignments.intervals import merge_intervals, subtract_intervals
from genocohort.steps.alignments.layout import compute_layout
from genocohort.steps.alignments.reads import compute_flagstat, compute_totals
from genocohort.steps.alignments.results import histogram_columns
from tiny.alignments import QUERY_OPERATIONS, Read, pair, random_reads
from tiny.batches import ordered, tally, to_batch


def naive_depth(reads: list[Read], lengths: list[int], excluded: int = 1796) -> list[np.ndarray]:
    """Per base: reads there, minus one where both reads of a proper pair are."""
    depth = [np.zeros(n, dtype=int) for n in lengths]
    seen: dict[str, list[set[int]]] = {}
    for read in reads:
        if read.flag & excluded or read.contig < 0:
            continue
        places = {p for p in read.covered() if p < lengths[read.contig]}
        for p in places:
            depth[read.contig][p] += 1
        if read.flag & 0x2 and not read.flag & 0x800:
            seen.setdefault(read.name, []).append(places)
            if len(seen[read.name]) == 2:
                one, two = seen[read.name]
                for p in one & two:
                    depth[read.contig][p] -= 1
    return depth


@st.composite
def fragments(draw: st.DrawFn) -> list[Read]:
    cigars = st.sampled_from(
        ["20M", "5S15M", "10M3D10M", "8M2I10M", "6M30N14M", "5=1X14=", "4M1D3M2I1N5M", "2H20M1H"]
    )
    reads: list[Read] = []
    for i in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, 250))
        mate_start = start + draw(st.integers(0, 60))
        both = pair(f"f{i}", start, mate_start, draw(cigars), draw(cigars))
        for read in both:
            read.flag |= draw(st.sampled_from([0, 0, 0, 0x400, 0x200, 0x800, 0x100]))
        reads += both[: draw(st.integers(1, 2))]
    return reads


@settings(max_examples=120, deadline=None)
@given(fragments(), st.integers(1, 400), st.integers(1, 7))
def test_depth_is_that_of_counting_every_base(reads: list[Read], window: int, size: int) -> None:
    result, depth = tally(reads, [360, 40], Choices(window=window), size)
    expected = naive_depth(reads, [360, 40])
    for number in (0, 1):
        np.testing.assert_array_equal(depth[number], expected[number])
        counts = Counter(expected[number].tolist())
        histogram = result.contigs[number].depth.histogram
        assert {i: n for i, n in enumerate(histogram.tolist()) if n} == dict(counts)
    assert result.contigs[0].depth.evaluated_sum == expected[0].sum()
    assert result.contigs[0].depth.depth_sum() == expected[0].sum()


@pytest.mark.parametrize("size", [1, 13, 5000])
@pytest.mark.parametrize("window", [50, 1 << 20])
def test_batches_and_windows_change_nothing(size: int, window: int) -> None:
    lengths = [3000, 1500, 100]
    reads = random_reads(7, 200, lengths)
    one, depth = tally(reads, lengths)
    other, other_depth = tally(reads, lengths, Choices(window=window), size)
    assert histogram_columns("s", one, (1, 5)) == histogram_columns("s", other, (1, 5))
    for a, b in zip(depth, other_depth, strict=True):
        np.testing.assert_array_equal(a, b)
    assert compute_totals(one.reads) == compute_totals(other.reads)


def test_tasks_by_contig_add_up_to_one_stream() -> None:
    lengths = [3000, 1500, 100]
    reads = ordered(random_reads(8, 200, lengths))
    whole, _ = tally(reads, lengths)
    parts = []
    for number in (2, 0, 1, -1):
        chosen = [r for r in reads if r.contig == number]
        contigs = [Contig(i, f"chr{i + 1}", n) for i, n in enumerate(lengths) if i == number]
        parts.append(tally_batches([to_batch(chosen)] if chosen else [], contigs, Choices()))
    joined = merge_tallies(parts)
    assert histogram_columns("s", joined, (1,)) == histogram_columns("s", whole, (1,))
    assert joined.n_unplaced == whole.n_unplaced
    assert compute_totals(joined.reads) == compute_totals(whole.reads)


def test_overlapping_mates_by_hand() -> None:
    # 100-150 and 120-170 share 30 bases; 200-220 twice shares 20; 250-260 and 260-270 none.
    reads = [
        *pair("a", 100, 120), *pair("b", 200, 200, "20M", "20M"), *pair("c", 250, 260, "10M", "10M")
    ]  # fmt: skip
    result, depth = tally(reads, [300])
    counts = result.contigs[0]
    assert (counts.depth.depth_sum(), counts.read_depth_sum) == (70 + 20 + 20, 160)
    assert counts.depth.covered_bases() == 110
    assert depth[0][[99, 100, 130, 169, 170, 210, 265]].tolist() == [0, 1, 1, 1, 0, 1, 1]


def test_a_mate_inside_the_other_counts_once() -> None:
    result, _ = tally(pair("a", 100, 110, "50M", "20M"), [300])
    assert result.contigs[0].depth.depth_sum() == 50


def test_mates_that_are_no_proper_pair_count_twice() -> None:
    reads = pair("a", 100, 120)
    for read in reads:
        read.flag &= ~0x2
    assert tally(reads, [300])[0].contigs[0].depth.depth_sum() == 100


def test_an_excluded_mate_takes_nothing_away() -> None:
    reads = pair("a", 100, 120)
    reads[1].flag |= 0x400
    assert tally(reads, [300])[0].contigs[0].depth.depth_sum() == 50


def test_each_cigar_operation_by_hand() -> None:
    # Aligned bases only: M, = and X; soft clips are counted apart.
    cigars = {"10M5D10M": 20, "10M50N10M": 20, "5S15M4S": 15, "10M3I7M": 17, "5=2X3=": 10,
              "4M2P2I4M": 8, "3H10M2H": 10}  # fmt: skip
    for cigar, bases in cigars.items():
        result, _ = tally([Read("a", start=20, cigar=cigar)], [300])
        assert result.contigs[0].depth.depth_sum() == bases, cigar
    soft, _ = tally([Read("a", start=20, cigar="5S15M4S")], [300])
    assert soft.contigs[0].soft_clipped_bases == 9
    deleted, _ = tally([Read("a", cigar="10M5D10M")], [300], Choices(count_deletions=True))
    assert deleted.contigs[0].depth.depth_sum() == 25


def test_depth_has_no_cap_and_no_empty_contig_is_lost() -> None:
    reads = [Read(f"r{i}", contig=1, start=5, cigar="4M") for i in range(9000)]
    result, depth = tally(reads, [100, 50, 70])
    assert depth[1][5:9].tolist() == [9000] * 4
    assert [int(c.depth.histogram.sum()) for c in result.contigs] == [100, 50, 70]
    assert [c.n_mapped for c in result.contigs] == [0, 9000, 0]


def test_bases_past_the_end_do_not_count_and_are_told() -> None:
    result, depth = tally([Read("a", start=95, cigar="10M")], [100])
    counts = result.contigs[0]
    assert (counts.depth.depth_sum(), counts.read_depth_sum, counts.n_past_end) == (5, 5, 1)
    assert depth[0][95:].tolist() == [1] * 5


def test_no_reads_at_all() -> None:
    result, depth = tally([], [30, 0])
    assert [c.depth.histogram.tolist() for c in result.contigs] == [[30], [0]]
    assert set(compute_totals(result.reads).values()) == {(0, 0)}
    assert depth[0].tolist() == [0] * 30


def test_waiting_mates_are_forgotten() -> None:
    from genocohort.steps.alignments.mates import MateOverlaps

    batch = to_batch([pair("a", 10, 20)[0]])
    mates = MateOverlaps()
    mates.find(batch, compute_layout(batch), np.array([0]))
    assert list(mates.waiting) == ["a"]
    mates.forget_before(59)
    assert list(mates.waiting) == ["a"]
    mates.forget_before(60)
    assert not mates.waiting


def test_a_window_holds_only_itself() -> None:
    depth = ContigDepth(1 << 40, window=1000)
    depth.add(np.array([5]), np.array([9]))
    assert depth._change.nbytes < 10_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=8),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8),
    st.integers(1, 60),
)
def test_intervals_are_sets_of_positions(
    one: list[tuple[int, int]], other: list[tuple[int, int]], window: int
) -> None:
    def positions(pairs: list[tuple[int, int]]) -> set[int]:
        return {p for a, b in pairs for p in range(max(0, a), min(50, b))}

    merged = merge_intervals(one, 50)
    left = subtract_intervals(merged, merge_intervals(other, 50))
    for found, expected in ((merged, positions(one)), (left, positions(one) - positions(other))):
        listed = [p for a, b in zip(found.start, found.end, strict=True) for p in range(a, b)]
        assert listed == sorted(expected)
        assert found.n_bases() == len(expected)
        inside = found.within(10, 10 + window)
        assert inside.n_bases() == len(expected & set(range(10, 10 + window)))


def test_targets_and_evaluated_bases() -> None:
    targets = merge_intervals([(10, 20), (40, 60)], 100)
    contig = Contig(0, "chrX", 100, merge_intervals([(40, 50)], 100), targets)
    reads = [Read("a", start=15, cigar="30M"), Read("b", start=45, cigar="10M")]
    for window in (7, 1000):
        result = tally_batches([to_batch(reads)], [contig], Choices(window=window))
        depth = result.contigs[0].depth
        assert (depth.evaluated_bases, depth.evaluated_sum) == (10, 10)
        assert depth.target_histogram is not None
        # 10-15, 55-60 bare; 15-20, 40-55 once.
        assert depth.target_histogram.tolist() == [10, 20]


def test_flagstat_by_hand() -> None:
    rng = random.Random(3)
    flags = [rng.randrange(4096) for _ in range(3000)]
    counts = np.bincount(flags, minlength=1 << 16)
    found = compute_flagstat(counts, np.array([[4, 1], [2, 0]]))
    passing = [f for f in flags if not f & 0x200]
    assert tuple(found) == tuple(FLAGSTAT_METRICS)
    assert found["total"] == (len(passing), len(flags) - len(passing))
    primary = [f for f in passing if not f & 0x100 and not f & 0x800]
    assert found["primary"][0] == len(primary)
    assert found["supplementary"][0] == sum(1 for f in passing if f & 0x800 and not f & 0x100)
    pairs = [f for f in primary if f & 1]
    assert found["paired"][0] == len(pairs)
    assert found["singletons"][0] == sum(1 for f in pairs if f & 8 and not f & 4)
    assert found["both_mapped"][0] == sum(1 for f in pairs if not f & 8 and not f & 4)
    assert found["properly_paired"][0] == sum(1 for f in pairs if f & 2 and not f & 4)
    assert (found["mate_other_contig"], found["mate_other_contig_mapq5"]) == ((4, 1), (2, 0))


def test_totals_by_hand() -> None:
    reads = [
        Read("a", start=1, cigar="4M", bases="GCAN", qualities="!!+5", tags={"NM": 2}),
        Read("b", 0x400, start=2, cigar="2S2M", bases="ATTT", qualities=None),
        Read("c", 0x200, start=3, cigar="4M", bases="NNNN", qualities="IIII", tags={"NM": 1}),
        Read("d", 0x800, start=4, cigar="3M1H", bases="GGG", tags={"NM": 3}),
        Read("e", 0x100, start=5, cigar="4M", bases="GGGG", tags={"NM": 9}),
        Read("f", 0x4, -1, -1, "", bases="GGGGG", qualities="IIIII"),
    ]
    result, _ = tally(reads, [50])
    totals = compute_totals(result.reads)
    assert tuple(totals) == tuple(TOTALS_METRICS)
    assert totals["sequences"] == (3, 1)
    assert totals["sequences_mapped_duplicate"] == (1, 0)
    assert (totals["bases"], totals["bases_mapped"]) == ((13, 4), (8, 4))
    assert (totals["bases_gc"], totals["bases_acgt"]) == ((7, 0), (12, 0))
    assert totals["bases_without_quality"] == (4, 0)
    assert totals["base_quality_sum"] == (0 + 0 + 10 + 20 + 200, 160)
    assert (totals["mismatches"], totals["bases_mapped_cigar"]) == ((5, 1), (9, 4))
    assert totals["bases_mapped_cigar_with_nm"] == (7, 4)
    # GC percent of reads with A, C, G or T: 67 (2 of 3), 0, 100.
    assert {i: int(n) for i, n in enumerate(result.reads.gc) if n} == {0: 1, 67: 1, 100: 1}
    assert result.n_unplaced == (0, 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ACGTNacgtn", max_size=9), max_size=9))
def test_gc_of_each_read(sequences: list[str]) -> None:
    reads = [Read(f"r{i}", bases=s, cigar="5M", start=i) for i, s in enumerate(sequences)]
    result, _ = tally(reads, [50])
    expected: Counter[int] = Counter()
    for text in sequences:
        known = [b for b in text.upper() if b in "ACGT"]
        if known:
            share = 100 * sum(b in "GC" for b in known) / len(known)
            expected[int(np.floor(share + 0.5))] += 1
    assert {i: int(n) for i, n in enumerate(result.reads.gc) if n} == dict(expected)
    totals = compute_totals(result.reads)
    assert totals["bases_acgt"][0] == sum(b in "ACGTacgt" for s in sequences for b in s)


def test_insert_sizes_count_a_pair_once_by_orientation() -> None:
    inward, outward, same = pair("a", 100, 300), pair("b", 100, 300), pair("c", 100, 300)
    for read in outward:
        read.flag ^= 0x30
    same[1].flag ^= 0x10
    same[0].flag ^= 0x20
    long = pair("d", 100, 9000)
    result, _ = tally([*inward, *outward, *same, *long], [20_000])
    totals = compute_totals(result.reads)
    assert [totals[f"pairs_{x}"][0] for x in ("inward", "outward", "other")] == [2, 1, 1]
    columns = histogram_columns("s", result, (1,))
    inserts = {
        columns["bin"][i]: columns["count"][i]
        for i, metric in enumerate(columns["metric"])
        if metric == "insert_size"
    }
    assert inserts == {250: 3, 8000: 1}


def test_query_operations_of_the_test_generator() -> None:
    assert all(
        sum(n for op, n in read.operations() if op in QUERY_OPERATIONS) == len(read.bases or "")
        for read in random_reads(1, 50, [2000, 900, 10])
        if read.cigar and read.bases
    )
