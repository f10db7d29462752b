"""The counts as text in the formats of samtools flagstat, idxstats and stats, and of mosdepth.

MultiQC and other programs read these. Of samtools stats those sections are written whose counts are
defined as there: SN, FFQ, LFQ, GCF, GCL, FBC, LBC, IS, RL, FRL, LRL, ID, IC and COV; with a
reference also GCD, of fixed bins (see gc_depth_rows).
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from genocohort.domain.records import IntArray
from genocohort.steps.alignments.compute import Tally
from genocohort.steps.alignments.gc_bias import gc_depth_rows
from genocohort.steps.alignments.reads import compute_flagstat, compute_totals

Rows = list[Sequence[object]]
Pair = tuple[int, int]

# What each file is called after the sample's name.
ENDINGS = ("flagstat.txt", "idxstats.txt", "samtools_stats.txt", "mosdepth.summary.txt",
           "mosdepth.global.dist.txt")  # fmt: skip
# Readers know the file by these words.
_HEAD = '# genocohort, for readers that look for "This file was produced by samtools stats"'
# Insert sizes are told up to this share of all pairs (samtools stats -m).
_MAIN_BULK = Fraction(99, 100)
# Depths that a smaller share of bases reaches, and deep ones that no base has, have no line.
_LEAST_SHARE, _ALL_DEPTHS = 8e-5, 300


def peer_texts(tally: Tally, gc_depth_bin: int) -> dict[str, str]:
    """All texts of one sample, by what follows its name."""
    stats = _stats(tally) + _lines(_gc_depth(tally, gc_depth_bin))
    texts = (_flagstat(tally), _idxstats(tally), stats, _mosdepth_summary(tally),
             _mosdepth_distribution(tally))  # fmt: skip
    return dict(zip(ENDINGS, texts, strict=True))


def _lines(rows: Rows, separator: str = "\t") -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def _flagstat(tally: Tally) -> str:
    counts = compute_flagstat(tally.reads.flags, tally.reads.mate_other_contig)

    def percent(part: str, whole: str) -> str:
        shares = [
            f"{100 * a / b:.2f}%" if b else "N/A"
            for a, b in zip(counts[part], counts[whole], strict=True)
        ]
        return f" ({' : '.join(shares)})"

    words = {
        "total": "in total (QC-passed reads + QC-failed reads)",
        "primary": "primary",
        "secondary": "secondary",
        "supplementary": "supplementary",
        "duplicates": "duplicates",
        "primary_duplicates": "primary duplicates",
        "mapped": "mapped" + percent("mapped", "total"),
        "primary_mapped": "primary mapped" + percent("primary_mapped", "primary"),
        "paired": "paired in sequencing",
        "read1": "read1",
        "read2": "read2",
        "properly_paired": "properly paired" + percent("properly_paired", "paired"),
        "both_mapped": "with itself and mate mapped",
        "singletons": "singletons" + percent("singletons", "paired"),
        "mate_other_contig": "with mate mapped to a different chr",
        "mate_other_contig_mapq5": "with mate mapped to a different chr (mapQ>=5)",
    }
    rows: Rows = [(counts[name][0], "+", counts[name][1], text) for name, text in words.items()]
    return _lines(rows, " ")


def _idxstats(tally: Tally) -> str:
    rows: Rows = [(c.contig.name, c.contig.length, c.n_mapped, c.n_unmapped) for c in tally.contigs]
    return _lines([*rows, ("*", 0, 0, sum(tally.n_unplaced))])


def _stats(tally: Tally) -> str:
    cycles, longest = tally.cycles, _last(tally.reads.read_length)
    text = _HEAD + "\n" + _lines([("SN", f"{name}:", value) for name, value in _summary(tally)])
    for order, code in enumerate(("FFQ", "LFQ")):
        text += _lines([(code, *row) for row in _by_cycle(cycles.quality[order], longest)])
    for order, code in enumerate(("GCF", "GCL")):
        text += _lines([(code, *row) for row in _gc_steps(cycles.gc_steps[order].cumsum())])
    for order, code in enumerate(("FBC", "LBC")):
        text += _lines([(code, *row) for row in _base_shares(cycles.bases[order].sum(axis=0))])
    text += _lines([("IS", *row) for row in _inserts(tally)[0]])
    lengths = [tally.reads.read_length, *cycles.lengths[:2]]
    for code, counts in zip(("RL", "FRL", "LRL"), lengths, strict=True):
        text += _lines([(code, n, int(counts[n])) for n in np.flatnonzero(counts).tolist()])
    indels = cycles.indel_length
    text += _lines([("ID", n, *indels[:, n]) for n in np.flatnonzero(indels.sum(axis=0)).tolist()])
    by_cycle = cycles.indel_cycle.reshape(4, -1)
    held = np.flatnonzero(by_cycle.sum(axis=0)).tolist()
    text += _lines([("IC", i + 1, *by_cycle[:, i]) for i in held])
    return text + _lines(_coverage(cycles.coverage))


def _summary(tally: Tally) -> list[tuple[str, object]]:
    n = {name: sum(pair) for name, pair in compute_totals(tally.reads).items()}
    flags = compute_flagstat(tally.reads.flags, tally.reads.mate_other_contig)
    longest = [_last(h) for h in (tally.reads.read_length, *tally.cycles.lengths[:2])]
    _, mean, deviation = _inserts(tally)
    fragments = n["sequences_first"] + n["sequences_last"]

    def quotient(part: int, whole: int) -> float:
        return part / whole if whole else 0.0

    return [
        ("raw total sequences", n["sequences"]),
        ("filtered sequences", 0),
        ("sequences", n["sequences"]),
        ("is sorted", 1),
        ("1st fragments", n["sequences_first"]),
        ("last fragments", n["sequences_last"]),
        ("reads mapped", n["sequences_mapped"]),
        ("reads mapped and paired", n["sequences_mapped_paired"]),
        ("reads unmapped", n["sequences"] - n["sequences_mapped"]),
        ("reads properly paired", n["sequences_properly_paired"]),
        ("reads paired", n["sequences_paired"]),
        ("reads duplicated", n["sequences_duplicate"]),
        ("reads MQ0", n["sequences_mapq0"]),
        ("reads QC failed", int(tally.reads.sums["sequences"][1])),
        ("non-primary alignments", sum(flags["secondary"])),
        ("supplementary alignments", sum(flags["supplementary"])),
        ("total length", n["bases"]),
        ("total first fragment length", n["bases_first"]),
        ("total last fragment length", n["bases_last"]),
        ("bases mapped", n["bases_mapped"]),
        ("bases mapped (cigar)", n["bases_mapped_cigar"]),
        ("bases trimmed", 0),
        ("bases duplicated", n["bases_duplicate"]),
        ("mismatches", n["mismatches"]),
        ("error rate", f"{quotient(n['mismatches'], n['bases_mapped_cigar']):.6e}"),
        *(
            (f"average {which}length",
             f"{quotient(n[f'bases{suffix}'], n[f'sequences{suffix}']):.0f}")
            for which, suffix in
            (("", ""), ("first fragment ", "_first"), ("last fragment ", "_last"))
        ),
        ("maximum length", longest[0]),
        ("maximum first fragment length", longest[1]),
        ("maximum last fragment length", longest[2]),
        ("average quality",
         f"{quotient(n['base_quality_sum'], n['bases'] - n['bases_without_quality']):.1f}"),
        ("insert size average", f"{mean:.1f}"),
        ("insert size standard deviation", f"{deviation:.1f}"),
        ("inward oriented pairs", n["pairs_inward"]),
        ("outward oriented pairs", n["pairs_outward"]),
        ("pairs with other orientation", n["pairs_other"]),
        ("pairs on different chromosomes", sum(flags["mate_other_contig"]) // 2),
        ("percentage of properly paired reads (%)",
         f"{100 * quotient(n['sequences_properly_paired'], fragments):.1f}"),
    ]  # fmt: skip


def _inserts(tally: Tally) -> tuple[Rows, float, float]:
    """Pairs by insert size without the longest hundredth, and their mean and deviation."""
    pairs = tally.reads.insert_size.sum(axis=2) // 2
    counts = pairs.sum(axis=1)
    total = int(counts.sum())
    if not total:
        return [], 0.0, 0.0
    reached = counts.cumsum()
    beyond = reached * _MAIN_BULK.denominator > total * _MAIN_BULK.numerator
    last = int(np.argmax(beyond))
    size, n = np.arange(last + 1), counts[: last + 1]
    mean = float((size * n).sum() / n.sum())
    deviation = float(np.sqrt((((size - mean) ** 2) * n).sum() / n.sum()))
    rows: Rows = [(i, int(counts[i]), *pairs[i].tolist()) for i in range(last + 1)]
    return rows, mean, deviation


def _by_cycle(quality: IntArray, longest: int) -> Rows:
    """A row per cycle up to the longest read, a column per quality up to the highest and one more.

    The last cycle that is counted apart holds later ones, too.
    """
    by_quality = quality.sum(axis=0)
    n_columns = _last(by_quality) + 2 if by_quality.any() else 1
    n_cycles = min(longest, len(quality))
    return [(i + 1, *quality[i, :n_columns].tolist()) for i in range(n_cycles)]


def _last(histogram: IntArray) -> int:
    """The largest value that was counted; 0 where none was."""
    held = np.flatnonzero(histogram)
    return int(held[-1]) if len(held) else 0


def _gc_steps(counts: IntArray) -> Rows:
    """The middle of each run of equal counts, in percent of GC."""
    rows: Rows = []
    before = 0
    for step in range(len(counts)):
        if counts[step] != counts[before]:
            middle = (step + before) * 0.5 * 100 / (len(counts) - 1)
            rows.append((f"{middle:.2f}", int(counts[before])))
            before = step
    return rows


def _base_shares(bases: IntArray) -> Rows:
    """A, C, G, T, N and other letters of each cycle in percent of A, C, G and T."""
    rows: Rows = []
    for cycle, counts in enumerate(bases.tolist(), 1):
        if known := sum(counts[:4]):
            rows.append((cycle, *(f"{100 * n / known:.2f}" for n in counts)))
    return rows


def _coverage(coverage: IntArray) -> Rows:
    last = len(coverage) - 1
    return [
        ("COV", f"[{depth}-{depth}]" if depth < last else f"[{last - 1}<]",
         min(depth, last - 1), int(coverage[depth]))
        for depth in np.flatnonzero(coverage).tolist()
    ]  # fmt: skip


def _gc_depth(tally: Tally, bin_size: int) -> Rows:
    parts = [c.gc for c in tally.contigs if c.gc is not None]
    n, bases = (int(tally.reads.sums[name].sum()) for name in ("sequences", "bases"))
    return [
        ("GCD", f"{gc:.1f}", f"{100 * reached:.3f}", *(f"{depth:.3f}" for depth in levels))
        for gc, _, reached, *levels in gc_depth_rows(parts, bin_size, bases / n if n else 0.0)
        if gc is not None
    ]


def _mosdepth_summary(tally: Tally) -> str:
    """All contigs of the header, those without reads too, which mosdepth leaves out."""
    rows: Rows = [("chrom", "length", "bases", "mean", "min", "max")]
    rows += [(name, int(h.sum()), *_depths(h)) for name, h in _histograms(tally)]
    return _lines(rows)


def _histograms(tally: Tally) -> list[tuple[str, IntArray]]:
    """Bases by depth of each contig, and of all."""
    histograms = [c.depth.histogram for c in tally.contigs]
    total = np.zeros(max((len(h) for h in histograms), default=1), dtype=np.int64)
    for histogram in histograms:
        total[: len(histogram)] += histogram
    names = [c.contig.name for c in tally.contigs]
    return [*zip(names, histograms, strict=True), ("total", total)]


def _depths(histogram: IntArray) -> tuple[int, str, int, int]:
    """Sum of the depth, its mean, minimum and maximum."""
    bases, held = int(histogram.sum()), np.flatnonzero(histogram)
    total = int((histogram * np.arange(len(histogram))).sum())
    lowest, highest = (int(held[0]), int(held[-1])) if len(held) else (0, 0)
    return total, f"{total / bases if bases else 0:.2f}", lowest, highest


def _mosdepth_distribution(tally: Tally) -> str:
    """Share of bases with at least each depth, deepest first, for each contig and in total."""
    rows: Rows = []
    for name, histogram in _histograms(tally):
        bases = int(histogram.sum())
        reached = histogram[::-1].cumsum()[::-1].tolist()
        rows += [
            (name, depth, f"{reached[depth] / bases:.2f}")
            for depth in range(len(histogram) - 1, -1, -1)
            if bases
            and reached[depth] >= _LEAST_SHARE * bases
            and (depth <= _ALL_DEPTHS or histogram[depth])
        ]
    return _lines(rows)
