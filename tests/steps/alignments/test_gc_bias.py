"""GC content of the reference where reads begin: by hand, planted, and against plain counting."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.kernels import native
from genocohort.steps.alignments import gc_bias
from genocohort.steps.alignments.compute import Choices, Contig, Tally, tally_batches
from genocohort.steps.alignments.gc_bias import (
    NO_WINDOW,
    GcCounts,
    ReferenceGc,
    StretchGc,
    bin_bases,
    gc_bias_rows,
    gc_depth_rows,
    percentile,
    window_percents,
)
from tiny.alignments import Read, random_reads
from tiny.batches import ordered, to_batch


def by_hand(text: str, window: int) -> list[int]:
    """Percent of each window, counted letter by letter."""
    found = []
    for i in range(len(text) - window + 1):
        part = text[i : i + window].upper()
        gc = part.count("G") + part.count("C")
        found.append(NO_WINDOW if part.count("N") > 4 else 100 * gc // window)
    return found


@settings(max_examples=150, deadline=None)
@given(st.text("ACGTNacgtnR", max_size=120), st.integers(5, 30), st.integers(0, 99))
def test_windows_and_bins_are_those_counted_letter_by_letter(
    text: str, window: int, start: int
) -> None:
    module = native("alignments")
    expected = by_hand(text, window)
    bins: dict[int, list[int]] = {}
    for i, letter in enumerate(text.upper(), start):
        cell = bins.setdefault(i // 25 - start // 25, [0, 0])
        cell[0] += letter in "ACGT"
        cell[1] += letter in "GC"
    counted = [bins[i] for i in range(len(bins))]
    for percents, bases in (
        (window_percents, bin_bases),
        *([(module.gc_percents, module.gc_bases)] if module else []),
    ):
        assert percents(text.encode(), window).tolist() == expected
        assert bases(text.encode(), start, 25).tolist() == counted


def reference_of(texts: dict[str, str], window: int, bin_size: int = 1000) -> ReferenceGc:
    return ReferenceGc(lambda name, a, b: texts[name][a:b].encode(), window, bin_size)


@pytest.mark.parametrize("chunk", [7, 30, 1000])
def test_any_stretches_and_chunks_count_every_window_once(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc_bias, "CHUNK", chunk)
    monkeypatch.setattr(gc_bias, "MARGIN", 5)
    text = "".join(random.Random(1).choices("ACGTN", weights=[5, 3, 3, 5, 1], k=240))
    reference = reference_of({"c": text}, 20, 50)
    # Windows begin neither at the first base nor at the last place.
    expected = Counter(by_hand(text, 20)[1:-1]) + Counter({NO_WINDOW: 240 - 219})
    for cuts in ([0, 240], [0, 1, 60, 60, 130, 240]):
        total: GcCounts | None = None
        for start, end in pairwise(cuts):
            found = StretchGc(reference, "c", 240, start, end).finish()
            total = found if total is None else total.joined(found)
        assert total is not None
        assert {i: n for i, n in enumerate(total.windows.tolist()) if n} == expected
        assert total.bins[:, 1:].tolist() == bin_bases(text.encode(), 0, 50).tolist()
    places = np.array([0, 1, 5, 90, 219, 220, 221, 239])
    at = reference.at("c", 240, places).tolist()
    known = by_hand(text, 20)
    assert at == [NO_WINDOW, *(known[i] for i in (1, 5, 90, 219)), *[NO_WINDOW] * 3]


def measure(reads: list[Read], texts: dict[str, str], window: int, bin_size: int) -> Tally:
    contigs = [Contig(i, name, len(text)) for i, (name, text) in enumerate(texts.items())]
    choices = Choices(gc_window=window, gc_depth_bin=bin_size)
    batches = [to_batch(ordered(reads))] if reads else []
    return tally_batches(batches, contigs, choices, None, reference_of(texts, window, bin_size))


def gc_parts(tally: Tally) -> list[GcCounts]:
    return [c.gc for c in tally.contigs if c.gc is not None]


def test_reads_are_counted_where_they_begin() -> None:
    # Percent of the window from position i on is known: 20 bases of each content in turn.
    text = "A" * 20 + "G" * 10 + "A" * 10 + "G" * 20 + "A" * 40
    reads = [
        Read("forward", start=19, cigar="5M"),                          # window 20-40: 50
        Read("reverse", flag=16, start=50, cigar="10M"),                # window 40-60: 100
        Read("duplicate", flag=1024, start=39, cigar="5M"),             # window 40-60: 100
        Read("secondary", flag=256, start=19, cigar="5M"),              # as Picard: counted
        Read("unmapped beside its mate", flag=4, start=19, cigar=""),
        Read("without bases", start=19, cigar="5M", bases="", qualities=None),
        Read("before the start", flag=16, start=3, cigar="5M"),         # no window
        Read("at the end", start=79, cigar="5M"),                       # no window: the last place
        Read("far", flag=16, start=2, cigar="3M35N20M"),                # window 40-60: 100
    ]  # fmt: skip
    rows = gc_bias_rows(gc_parts(measure(reads, {"c": text}, 20, 50)))
    counted = {row.gc: (row.n_reads, row.n_duplicates) for row in rows if row.n_reads}
    assert counted == {50: (2, 0), 100: (3, 1), None: (2, 0)}
    assert [row.gc for row in rows] == [*range(101), None]
    assert sum(row.n_windows for row in rows) == len(text)
    fifty, hundred = rows[50], rows[100]
    total = len(text) - 20 - 1
    assert sum(row.n_windows for row in rows[:-1]) == total
    assert fifty.normalised_coverage == pytest.approx(2 / fifty.n_windows / (5 / total))
    assert hundred.normalised_coverage_unique == pytest.approx(2 / hundred.n_windows / (4 / total))


def test_a_planted_bias_is_found() -> None:
    # Two contigs of constant content; the one of 30 % is read three times as densely.
    rng = random.Random(2)
    texts = {"low": "GAAGAAAAGA" * 600, "high": "GGCAGCGAGC" * 600}
    reads = [
        Read(f"r{i}", 0, contig, start, "60M")
        for i, (contig, start) in enumerate(
            (c, rng.randrange(10, 5800)) for c, n in ((0, 1500), (1, 500)) for _ in range(n)
        )
    ]
    rows = {row.gc: row for row in gc_bias_rows(gc_parts(measure(reads, texts, 100, 1000)))}
    low, high = rows[30], rows[80]
    assert (low.n_reads, high.n_reads) == (1500, 500)
    assert low.n_windows == high.n_windows == 5899
    assert low.normalised_coverage == pytest.approx(1.5)
    assert high.normalised_coverage == pytest.approx(0.5)
    depth = {row[0]: row for row in gc_depth_rows(gc_parts(measure(reads, texts, 100, 1000)),
                                                  1000, 60.0)}  # fmt: skip
    assert (depth[30][1], depth[80][1]) == (6, 6)
    # Medians of the six bins of each contig.
    for contig, gc in ((0, 30), (1, 80)):
        per_bin = Counter(r.start // 1000 for r in reads if r.contig == contig)
        median = np.median([per_bin[i] * 60 / 1000 for i in range(6)])
        assert depth[gc][5] == pytest.approx(median)
    assert (depth[30][2], depth[80][2]) == (0.5, 1)


def test_bins_of_unknown_bases_are_counted_apart() -> None:
    texts = {"c": "N" * 600 + "ACGT" * 100 + "N" * 499 + "G" * 501 + "ACGTACGTAC"}
    reads = [Read("a", start=1500, cigar="10M"), Read("b", flag=0x900, start=1500, cigar="10M")]
    rows = gc_depth_rows(gc_parts(measure(reads, texts, 100, 1000)), 1000, 10.0)
    depth = 10 / 501
    assert rows == [(100, 1, 1.0, *[pytest.approx(depth)] * 5), (None, 2, None, *[None] * 5)]


def test_percentiles_interpolate_at_n_plus_1() -> None:
    values = np.arange(1.0, 10.0)
    assert [percentile(values, p) for p in (10, 25, 50, 90)] == [1, 2.5, 5, 9]
    assert percentile(values, 5) == 1
    assert percentile(values, 99) == 9
    assert percentile(np.array([4.0]), 50) == 4


def test_nothing_gives_rows_without_coverage() -> None:
    rows = gc_bias_rows(gc_parts(measure([], {"c": "ACGT" * 100}, 100, 1000)))
    assert {row.normalised_coverage for row in rows} == {None}
    assert gc_depth_rows([], 1000, 0.0) == []
    tally = tally_batches([to_batch(random_reads(1, 3, [900, 500]))][:0], [Contig(0, "c", 9)],
                          Choices())  # fmt: skip
    assert tally.contigs[0].gc is None
