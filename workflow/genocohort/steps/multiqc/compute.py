"""What MultiQC shows of a cohort: one section per file, from the tables of the steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genocohort.steps.multiqc.content import (
    Column,
    Content,
    Point,
    Row,
    make_bars,
    make_general,
    make_scatter,
    make_table,
)

ENDING = "_mqc.json"
# How conspicuous a verdict is.
_VERDICTS = ("fail", "warn", "pass")
# Lower limits of kinship: duplicates, first degree, second degree (Manichaikul et al. 2010).
_KINSHIP_LINES = (0.354, 0.177, 0.0884)

_VERDICT = Column("verdict", "Verdict", "pass, warn or fail of the sample", scale=False)
_CALL_RATE = Column("call_rate", "Called", "share of autosomal genotypes called", 2, 100, "RdYlGn")
_DEPTH = Column("mean_depth", "Depth", "mean depth: of the alignment, else the calls' DP", 1)
_CONTAMINATION = Column(
    "contamination", "Contaminated", "share of reads that are another person's", 2, 100, "OrRd"
)
_SAMPLES = (
    _VERDICT,
    Column("reasons", "Why", "the reasons of the verdict", scale=False),
    Column("batch", "Batch", "as in the sample sheet", scale=False, hidden=True),
    Column("sex_recorded", "Sex recorded", "in the sample sheet", scale=False),
    Column("sex_inferred", "Sex inferred", "from X and Y calls and depths", scale=False),
    _CALL_RATE,
    Column("f_inbreeding", "F", "inbreeding coefficient by moments, autosomes", 3, 1, "PuOr"),
    Column("het_hom_ratio", "Het/hom", "heterozygous over homozygous non-reference genotypes", 3),
    Column("ts_tv", "Ts/Tv", "transitions over transversions carried", 3, hidden=True),
    Column("n_singletons", "Singletons", "alleles seen in this sample only, once", 0),
    _DEPTH,
    _CONTAMINATION,
    Column("own_concordance", "Own calls",
           "sites with the same genotype in the reads and in the sample's own calls", 2, 100,
           "RdYlGn"),
)  # fmt: skip
_ALIGNMENTS = (
    Column("status", "Status", "ok, or failed: could not be measured", scale=False),
    Column("mean_fragment_depth", "Depth", "mean depth, overlap of mates once", 1),
    Column("fraction_10x", "10x", "bases of depth 10 or more", 1, 100, "Greens"),
    Column("fraction_20x", "20x", "bases of depth 20 or more", 1, 100, "Greens"),
    Column("fraction_30x", "30x", "bases of depth 30 or more", 1, 100, "Greens"),
    Column("mapped_rate", "Mapped", "primary records mapped", 1, 100, "Greens"),
    Column("duplicate_rate", "Duplicates", "mapped duplicates over primary mapped", 1, 100, "OrRd"),
    Column("insert_size_median", "Insert", "median insert size in bases", 0),
    Column("read_length_mean", "Length", "bases per read", 0, hidden=True),
    Column("gc_mean", "GC", "share of G and C among all bases read", 1, 100, "PuOr"),
    Column("error_rate", "Errors", "differences from the reference (NM) per base", 3, 100, "OrRd"),
)
_PHENOTYPES = (
    Column("kind", "Kind", "quantitative or binary", scale=False),
    Column("n", "Samples", "with the phenotype and all covariates", 0),
    Column("n_cases", "Cases", "of a binary phenotype", 0),
    Column("n_variants", "Variants", "tested", 0),
    Column("n_loci", "Loci", "with a significant variant", 0, 1, "Purples"),
    Column("lambda_gc", "Lambda", "genomic control: median chi-squared over 0.4549", 3, 1, "OrRd"),
)


@dataclass(frozen=True)
class Tables:
    """Tables that a section reads, as rows, and how many rows it may show."""

    rows: Mapping[str, Sequence[Row]]
    max_rows: int

    def first(
        self, table: str, conspicuous: Callable[[Row], Any] = lambda row: 0
    ) -> tuple[list[Row], str]:
        """The most conspicuous rows, in the table's order, and a sentence on those left out."""
        rows = self.rows[table]
        order = sorted(range(len(rows)), key=lambda i: conspicuous(rows[i]))[: self.max_rows]
        left_out = len(rows) - len(order)
        note = (
            f" Left out: {left_out:,} of {len(rows):,}, the least conspicuous." if left_out else ""
        )
        return [rows[i] for i in sorted(order)], note

    def samples(self) -> tuple[list[Row], str]:
        """Samples with their verdicts."""
        return self.first("sample_qc/samples", lambda row: _VERDICTS.index(row["verdict"]))


def _by_name(rows: Sequence[Row], key: str = "sample_id") -> dict[str, Row]:
    return {row[key]: row for row in rows}


def _general(tables: Tables) -> Content:
    rows, _ = tables.samples()
    columns = (_VERDICT, _CALL_RATE, _DEPTH, _CONTAMINATION)
    used = [c for c in columns if any(c.cell(row) is not None for row in rows)]
    return make_general(used, _by_name(rows))


def _samples(tables: Tables) -> Content:
    rows, note = tables.samples()
    used = [c for c in _SAMPLES if any(c.cell(row) is not None for row in rows)]
    text = f"Metrics and verdict of each sample, with the reasons.{note}"
    return make_table("samples", "Samples", text, used, _by_name(rows))


def _call_rate(tables: Tables) -> Content:
    rows, note = tables.samples()
    text = (
        "A sample with few calls is of poor quality; one with F far below 0 is a mixture of people,"
        f" far above 0 the child of relatives, or of another population than the rest.{note}"
    )
    points = [
        Point(row["sample_id"], row["call_rate"], row["f_inbreeding"], row["verdict"])
        for row in rows
    ]
    return make_scatter(
        "call_rate", "Call rate and heterozygosity", text,
        ("share of autosomal genotypes called", "F"), points, groups=_VERDICTS[::-1],
    )  # fmt: skip


def _sex(tables: Tables) -> Content:
    rows, note = tables.samples()
    pairs = {
        ("x_f", "y_call_rate"): ("F on X", "share of Y variants called"),
        ("x_depth_ratio", "y_depth_ratio"): ("depth of X / autosomes", "depth of Y / autosomes"),
    }

    def points(x: str, y: str) -> list[Point]:
        found = [Point(row["sample_id"], row[x], row[y], row["sex_inferred"]) for row in rows]
        return [point for point in found if point.x is not None and point.y is not None]

    columns = max(pairs, key=lambda pair: len(points(*pair)))
    text = f"Coloured by the sex inferred; outside the pseudo-autosomal regions.{note}"
    return make_scatter(
        "sex", "Sex", text, pairs[columns], points(*columns), groups=("female", "male")
    )


def _contamination(tables: Tables) -> Content:
    rows, note = tables.first("identity/samples", lambda row: -(row["contamination"] or 0))
    text = f"Share of each alignment's reads that are another person's.{note}"
    values = {
        row["sample_id"]: None if row["contamination"] is None else 100 * row["contamination"]
        for row in rows
    }
    return make_bars("contamination", "Contamination", text, "% of the reads", values)


def _kinship(tables: Tables) -> Content:
    rows, note = tables.first(
        "kinship/pairs", lambda row: (not row["is_contradiction"], -(row["kinship"] or 0))
    )
    text = (
        "Pairs that are related by their calls or by the pedigree; parents and children share an "
        "allele everywhere (IBS0 near 0), other first-degree relatives do not. Lines: duplicates, "
        f"first and second degree.{note}"
    )
    points = [
        Point(
            f"{row['sample_id_1']} / {row['sample_id_2']}", row["ibs0"], row["kinship"],
            (row["relation_inferred"] or "undefined").replace("_", " "),
        )
        for row in rows
    ]  # fmt: skip
    return make_scatter(
        "kinship", "Kinship", text, ("IBS0: share of variants with no allele in common", "kinship"),
        points, y_lines=_KINSHIP_LINES,
    )  # fmt: skip


def _ancestry(tables: Tables) -> Content:
    groups = _by_name(tables.rows["structure/ancestry"])
    unassigned = "unassigned"

    def group(row: Row) -> str | None:
        known = groups.get(row["sample_id"])
        found = known and (known["ancestry_inferred"] or known["ancestry_reported"])
        return str(found) if found else None

    rows, note = tables.first("structure/components", lambda row: group(row) != unassigned)
    text = f"Samples by ancestry as inferred; as reported where nothing could be inferred.{note}"
    points = [Point(row["sample_id"], row.get("PC1"), row.get("PC2"), group(row)) for row in rows]
    return make_scatter("ancestry", "Ancestry", text, ("PC1", "PC2"), points)


def _alignments(tables: Tables) -> Content:
    rows, note = tables.first(
        "alignment_summary/samples",
        lambda row: (row["status"] == "ok", row["mean_fragment_depth"] or 0),
    )
    text = f"Each sample's alignment; depths are over the targets where there are any.{note}"
    return make_table("alignments", "Alignments", text, _ALIGNMENTS, _by_name(rows))


def _association(tables: Tables) -> Content:
    rows, note = tables.first("association_summary/phenotypes", lambda row: -row["n_loci"])
    text = f"Each phenotype's tests and their calibration.{note}"
    return make_table("association", "Association", text, _PHENOTYPES, _by_name(rows, "phenotype"))


_SECTIONS: dict[str, tuple[Callable[[Tables], Content], tuple[str, ...]]] = {
    "general": (_general, ("sample_qc/samples",)),
    "samples": (_samples, ("sample_qc/samples",)),
    "call_rate": (_call_rate, ("sample_qc/samples",)),
    "sex": (_sex, ("sample_qc/samples",)),
    "kinship": (_kinship, ("kinship/pairs",)),
    "ancestry": (_ancestry, ("structure/components", "structure/ancestry")),
    "contamination": (_contamination, ("identity/samples",)),
    "alignments": (_alignments, ("alignment_summary/samples",)),
    "association": (_association, ("association_summary/phenotypes",)),
}
SECTION_TABLES = {name: tables for name, (_, tables) in _SECTIONS.items()}
"""The tables that each section reads; a file is called after its section."""


def compute_section(name: str, rows: Mapping[str, Sequence[Row]], max_rows: int) -> Content:
    """One section as MultiQC's custom content.

    Parameters
    ----------
    name
        A key of SECTION_TABLES.
    rows
        Rows of its tables.
    max_rows
        How many samples, pairs or phenotypes to show.

    Returns
    -------
    dict
        What the JSON file holds.
    """
    return _SECTIONS[name][0](Tables(rows, max_rows))
