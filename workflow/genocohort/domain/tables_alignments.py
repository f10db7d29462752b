"""Tables of the steps `alignments` and `alignment_summary`."""

from collections.abc import Sequence

from genocohort.domain.table import Column, Table

_SAMPLE = Column("sample_id", "dictionary", "the sample, as in the sheet")
_FAILED = "the alignment could not be measured"

# Counts of the flagstat table; each is split by the QC-fail flag (0x200).
FLAGSTAT_METRICS = {
    "total": "alignment records",
    "primary": "neither secondary nor supplementary",
    "secondary": "flag 0x100",
    "supplementary": "flag 0x800 and not secondary",
    "duplicates": "flag 0x400",
    "primary_duplicates": "primary and duplicate",
    "mapped": "not flag 0x4",
    "primary_mapped": "primary and mapped",
    "paired": "primary with flag 0x1",
    "read1": "paired with flag 0x40",
    "read2": "paired with flag 0x80",
    "properly_paired": "paired with flag 0x2, mapped",
    "both_mapped": "paired, itself and its mate mapped",
    "singletons": "paired, itself mapped, its mate not",
    "mate_other_contig": "both mapped, mate on another contig",
    "mate_other_contig_mapq5": "the same with mapping quality 5 or more",
}
# Sums over primary records with a sequence, unless it says mapped records.
TOTALS_METRICS = {
    "sequences": "primary records with a sequence: a read each",
    "sequences_first": "of these first reads of their fragment, and single reads",
    "sequences_last": "of these last reads of their fragment",
    "sequences_paired": "of these paired (flag 0x1)",
    "sequences_mapped": "of these mapped",
    "sequences_mapped_paired": "of these paired, both mates mapped",
    "sequences_properly_paired": "of these with flag 0x2 too",
    "sequences_duplicate": "of these duplicates",
    "sequences_mapped_duplicate": "of these mapped duplicates",
    "sequences_mapq0": "of these mapped with mapping quality 0",
    "bases": "their bases, clipped ones too",
    "bases_first": "bases of the first ones",
    "bases_last": "bases of the last ones",
    "bases_mapped": "bases of the mapped ones",
    "bases_duplicate": "bases of the duplicates",
    "bases_acgt": "bases A, C, G or T",
    "bases_gc": "bases G or C",
    "bases_without_quality": "bases of reads whose qualities are missing (`*`)",
    "base_quality_sum": "sum of the qualities of all other bases",
    "bases_mapped_cigar": "CIGAR operations M, I, =, X of mapped records, supplementary too",
    "bases_mapped_cigar_with_nm": "of these in records with a tag NM",
    "mismatches": "sum of the tag NM over mapped records, supplementary too",
    "paired_both_mapped": "primary reads whose pair is mapped, both mates: two a pair",
    "paired_both_mapped_duplicate": "of these duplicates",
    "pairs_inward": "pairs whose reads point at each other",
    "pairs_outward": "pairs whose reads point away from each other",
    "pairs_other": "pairs whose reads point the same way",
}

FLAGSTAT = Table(
    "alignments/flagstat",
    1,
    "counts of one sample's records; one row per metric",
    (
        _SAMPLE,
        Column(
            "source",
            "dictionary",
            "flagstat: as samtools flagstat; totals: as the summary numbers of samtools stats",
        ),
        Column("metric", "dictionary", "what is counted"),
        Column("qc_pass", "int64", "records without the QC-fail flag 0x200"),
        Column("qc_fail", "int64", "records with it"),
    ),
)

_CONTIG = (
    _SAMPLE,
    Column("contig", "dictionary", "name in the header; `*` for reads without a place"),
    Column("length", "int64", "bases", "the row `*`"),
    Column("n_mapped", "int64", "mapped records placed on it, as samtools idxstats"),
    Column("n_unmapped", "int64", "unmapped records placed on it (beside their mate)"),
    Column("fragment_depth_sum", "int64", "sum of depth over its bases, overlap of mates once"),
    Column("mean_fragment_depth", "float64", "the sum over the length", "the row `*`, or length 0"),
    Column("read_depth_sum", "int64", "sum of depth over its bases, overlap of mates twice"),
    Column("mean_read_depth", "float64", "the sum over the length", "the row `*`, or length 0"),
    Column("covered_bases", "int64", "bases with depth of at least 1"),
    Column("soft_clipped_bases", "int64", "soft-clipped bases of the records that give depth"),
    Column(
        "evaluated_bases",
        "int64",
        "bases inside the targets (all where none are given), outside pseudo-autosomal regions",
    ),
    Column("evaluated_depth_sum", "int64", "sum of fragment depth over the evaluated bases"),
)

CONTIGS = Table(
    "alignments/contigs",
    1,
    "one row per contig of the header, also where nothing is aligned, and one for `*`",
    _CONTIG,
)

# What the column `bin` of the histograms table counts.
HISTOGRAM_METRICS = {
    "fragment_depth": "bases by depth, overlap of mates once; per contig and for all (contig '')",
    "fragment_depth_at_least": "bases with at least this depth, for the thresholds of the settings",
    "target_depth": "bases inside the targets by fragment depth; absent where none are given",
    "insert_size": "pairs by absolute template length; the last bin holds longer ones too",
    "base_quality": "bases of primary records by quality; bases without one are left out",
    "gc": "primary records by percent of G and C among their A, C, G and T, rounded half up",
    "read_length": "primary records by number of bases",
    "mapping_quality": "primary mapped records by mapping quality",
    "mapping_quality_usable": "the same without duplicates and QC-fail",
    "read_length_first": "the same as read_length, first and single reads of fragments",
    "read_length_last": "the same, last reads of fragments",
    "gc_first": "first and single reads by GC content in steps of 1/199, as GCF of samtools stats",
    "gc_last": "the same for last reads, as GCL",
    "insertion_length": "insertions of mapped, not secondary records by length; 1000: longer too",
    "deletion_length": "deletions, likewise",
    "coverage": "bases by depth of mapped, not secondary records, overlaps twice, from depth 1; "
    "1001: deeper too, as COV",
}
# What the column `measure` of the cycles table counts.
CYCLE_MEASURES = {
    "quality": "bases of primary reads with a quality, by it",
    "A": "bases A as the file has them; so C, G, T and N",
    "other_base": "bases of any other letter",
    "insertion": "insertions that begin at the cycle, of mapped, not secondary records",
    "deletion": "deletions after the cycle, likewise",
}

_HISTOGRAM = (
    _SAMPLE,
    Column("contig", "dictionary", "name in the header; empty text: all contigs"),
    Column("metric", "dictionary", "what was counted: " + ", ".join(HISTOGRAM_METRICS)),
    Column("bin", "int32", "value, in the metric's unit"),
    Column("count", "int64", "how many have it, at least 1"),
)

HISTOGRAMS = Table("alignments/histograms", 1, "distributions of one sample", _HISTOGRAM)

CYCLES = Table(
    "alignments/cycles",
    1,
    "one sample's bases by cycle of the sequencer",
    (
        _SAMPLE,
        Column("measure", "dictionary", "what was counted: " + ", ".join(CYCLE_MEASURES)),
        Column("read_order", "dictionary",
               "first: first or single read of its fragment; last; other: neither or both"),
        Column("strand", "dictionary",
               "of the read; reverse: the bases are complements of those sequenced",
               "the measure is no base"),
        Column("cycle", "int32", "from 1, in the order of sequencing; 512: later ones too"),
        Column("quality", "int32", "Phred", "the measure is another one"),
        Column("count", "int64", "how many, at least 1"),
    ),
)  # fmt: skip

_GROUP = Column(
    "read_group",
    "dictionary",
    "ID in the header; empty text: none, or one that the header does not name",
    "all read groups",
)
_OF_CONTIG = Column("contig", "dictionary", "name in the header; `*`: no place", "all contigs")

STRATA = Table(
    "alignments/strata",
    1,
    "the counts of the flagstat table for each read group, and for each contig; none that is 0 but "
    "`total`",
    (_SAMPLE, _GROUP, _OF_CONTIG, *FLAGSTAT.columns[1:]),
)

INSERT_SIZES = Table(
    "alignments/insert_sizes",
    1,
    "pairs by insert size: all, then for each read group, and for each contig; half of the reads "
    "counted, rounded down",
    (
        _SAMPLE,
        _GROUP,
        _OF_CONTIG,
        Column("orientation", "dictionary", "inward, outward or other, as pairs_* of flagstat"),
        Column("insert_size", "int32", "absolute template length; the last one holds longer ones"),
        Column("n_pairs", "int64", "how many, at least 1"),
    ),
)

GC_BIAS = Table(
    "alignments/gc_bias",
    1,
    "one sample's reads by the GC content of the reference where they begin; no rows where the "
    "sheet names no reference",
    (
        _SAMPLE,
        Column("gc", "int32", "percent of G and C in the window, rounded down",
               "no window: it would hold more than 4 N, or lies at a contig's end"),
        Column("n_windows", "int64", "windows of the reference, one for each place"),
        Column("n_reads", "int64",
               "mapped records with bases whose window it is: from the base after the first one "
               "of a forward read, up to the last one of a reverse read (as Picard)"),
        Column("n_duplicates", "int64", "of these duplicates"),
        Column("normalised_coverage", "float64",
               "reads per window over the mean of all windows", "no window, or no read"),
        Column("normalised_coverage_unique", "float64", "the same without duplicates",
               "no window, or no read"),
    ),
)  # fmt: skip

GC_DEPTH = Table(
    "alignments/gc_depth",
    1,
    "depth of the reference's bins by their GC content; no rows where the sheet names no reference",
    (
        _SAMPLE,
        Column("gc", "int32", "percent of G and C among A, C, G and T, rounded half up",
               "bins with fewer A, C, G and T than half of their size, which have no other row"),
        Column("n_bins", "int64", "bins, from the contig's start on"),
        Column("bins_at_most", "float64", "share of the bins with this GC content or less",
               "gc is null"),
        *(
            Column(f"depth_p{p}", "float64",
                   f"percentile {p} of the depth: mapped, not secondary records that begin in the "
                   "bin, times the mean read length, over its A, C, G and T", "gc is null")
            for p in (10, 25, 50, 75, 90)
        ),
    ),
)  # fmt: skip


def regions_table(thresholds: Sequence[int]) -> Table:
    """The regions table for the thresholds of a study."""
    reached = [
        Column(f"bases_{x}x", "int64", f"bases of fragment depth {x} or more") for x in thresholds
    ]
    return Table(
        "alignments/regions",
        1,
        "one sample's depth of each region, by contig, then start; overlapping ones each for "
        "itself",
        (
            _SAMPLE,
            Column("contig", "dictionary", "name in the header"),
            Column("start", "int64", "0-based"),
            Column("end", "int64", "0-based, behind the last base"),
            Column("name", "string", "the fourth column of the BED file", "it has none"),
            Column("fragment_depth_sum", "int64", "sum of depth, overlap of mates once"),
            Column("mean_fragment_depth", "float64", "the sum over the length", "length 0"),
            *reached,
        ),
    )


SAMPLE_CONTIGS = Table(
    "alignment_summary/contigs", 1, "contigs of all samples, in cohort order", _CONTIG
)
SAMPLE_HISTOGRAMS = Table(
    "alignment_summary/histograms", 1, "distributions of all samples, in cohort order", _HISTOGRAM
)
SAMPLE_CYCLES = Table(
    "alignment_summary/cycles",
    1,
    "base quality by cycle of the sequencer of all samples, in cohort order",
    (
        _SAMPLE,
        Column("read_order", "dictionary", "first, last or other, as in alignments/cycles"),
        Column("cycle", "int32", "from 1, in the order of sequencing; 512: later ones too"),
        Column("n_bases", "int64", "bases of primary reads with a quality, at least 1"),
        Column("quality_mean", "float64", "mean of their qualities (Phred)"),
    ),
)

_NO_READS = _FAILED + ", or it has no reads"
_NO_BASES = _FAILED + ", or there are no bases to divide by"

_NO_REFERENCE = _FAILED + ", the sheet names no reference, or there are no reads"
_NO_REGIONS = _FAILED + ", or `alignments.regions` is not set"

SAMPLES = Table(
    "alignment_summary/samples",
    3,
    "one row per sample with an alignment, in cohort order",
    (
        Column("sample_id", "string", "the sample, as in the sheet"),
        Column("status", "string", "ok, or failed: the alignment could not be measured"),
        Column("n_records", "int64", "alignment records, secondary ones too", _FAILED),
        Column("n_reads", "int64", "primary records", _FAILED),
        Column("mapped_rate", "float64", "primary mapped over primary records", _NO_READS),
        Column(
            "duplicate_rate", "float64", "mapped duplicates over primary mapped reads", _NO_READS
        ),
        Column("library_size", "float64",
               "distinct molecules of the library, from the pairs mapped and their duplicates "
               "(Lander-Waterman, as Picard)",
               _FAILED + ", or no mapped pair is a duplicate"),
        Column("properly_paired_rate", "float64", "properly paired over paired reads",
               _FAILED + ", or it has no paired reads"),
        Column("qc_fail_rate", "float64", "primary QC-fail over primary records", _NO_READS),
        Column("mate_other_contig_rate", "float64",
               "mate mapped on another contig over reads with both mates mapped",
               _FAILED + ", or no pair is mapped"),
        Column("depth_scope", "string",
               "targets, or genome: what the next five depth columns are over", _FAILED),
        Column("mean_fragment_depth", "float64",
               "mean depth, overlap of mates once, bases without a read counted", _NO_BASES),
        Column("median_fragment_depth", "float64", "median of it", _NO_BASES),
        Column("fraction_10x", "float64", "bases of depth 10 or more", _NO_BASES),
        Column("fraction_20x", "float64", "bases of depth 20 or more", _NO_BASES),
        Column("fraction_30x", "float64", "bases of depth 30 or more", _NO_BASES),
        Column("genome_mean_fragment_depth", "float64",
               "mean depth over every contig of the header, overlap of mates once", _NO_BASES),
        Column("genome_mean_read_depth", "float64",
               "mean depth over every contig of the header, overlap of mates twice", _NO_BASES),
        Column("covered_fraction", "float64", "bases of all contigs of depth 1 or more", _NO_BASES),
        Column("insert_size_median", "float64", "bases, over pairs that have one",
               _FAILED + ", or no pair has an insert size"),
        Column("insert_size_mad", "float64",
               "median absolute deviation from that median, in bases, not scaled",
               _FAILED + ", or no pair has an insert size"),
        Column("read_length_mean", "float64", "bases per read", _NO_READS),
        Column("base_quality_mean", "float64", "Phred; bases without a quality left out",
               _FAILED + ", or no base has a quality"),
        Column("gc_mean", "float64", "share of G and C among the A, C, G and T of all reads",
               _NO_BASES),
        Column("error_rate", "float64",
               "sum of the tag NM over the aligned bases (M, I, =, X) of the records with it",
               _FAILED + ", or no record has NM"),
        Column("x_depth_ratio", "float64",
               "mean depth of X over that of the autosomes, outside pseudo-autosomal regions",
               _FAILED + ", or no X or no depth on the autosomes"),
        Column("y_depth_ratio", "float64",
               "mean depth of Y over that of the autosomes, outside pseudo-autosomal regions",
               _FAILED + ", or no Y or no depth on the autosomes"),
        Column("at_dropout", "float64",
               "reads that lack in windows of 50 percent GC or less, against even coverage, as a "
               "share of all (Picard's AT_DROPOUT / 100)", _NO_REFERENCE),
        Column("gc_dropout", "float64", "the same of windows of more than 50 percent GC",
               _NO_REFERENCE),
        Column("n_regions", "int64", "regions of `alignments.regions` on the header's contigs",
               _NO_REGIONS),
        Column("regions_mean_depth", "float64",
               "mean depth over them, overlap of mates once; where regions overlap each counts",
               _NO_REGIONS + ", or they have no base"),
        Column("regions_fraction_20x", "float64", "their bases of depth 20 or more",
               _NO_REGIONS + ", they have no base, or 20 is none of depth_thresholds"),
    ),
)  # fmt: skip

# Of the columns of SAMPLES those that read groups have, too.
_OF_GROUPS = (
    "n_records", "n_reads", "mapped_rate", "duplicate_rate", "library_size",
    "properly_paired_rate", "qc_fail_rate", "mate_other_contig_rate", "insert_size_median",
    "insert_size_mad", "read_length_mean", "base_quality_mean", "gc_mean", "error_rate",
)  # fmt: skip

SAMPLE_READ_GROUPS = Table(
    "alignment_summary/read_groups",
    1,
    "one row per read group of the samples' headers, as in alignment_summary/samples; samples that "
    "failed have none",
    (
        _SAMPLE,
        Column(_GROUP.name, _GROUP.type, _GROUP.meaning),
        *(column for column in SAMPLES.columns if column.name in _OF_GROUPS),
    ),
)
