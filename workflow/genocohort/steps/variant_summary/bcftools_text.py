"""The cohort's counts as text in the format of `bcftools stats`, which MultiQC and others read.

Sections whose counts are defined as there: SN, TSTV, SiS, ST, IDD, DP. Per-sample sections are left
out: bcftools counts genotypes of SNV and indel records apart, these tables do not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

# Longer indels share the outermost bins there.
_LONGEST_INDEL = 60
_HEADERS = {
    "ID": "[2]id\t[3]tab-separated file names",
    "SN": "[2]id\t[3]key\t[4]value",
    "TSTV": "[2]id\t[3]ts\t[4]tv\t[5]ts/tv\t[6]ts (1st ALT)\t[7]tv (1st ALT)\t[8]ts/tv (1st ALT)",
    "SiS": "[2]id\t[3]allele count\t[4]number of SNPs\t[5]number of transitions"
    "\t[6]number of transversions\t[7]number of indels\t[8]repeat-consistent"
    "\t[9]repeat-inconsistent\t[10]not applicable",
    "IDD": "[2]id\t[3]length (deletions negative)\t[4]number of sites",
    "ST": "[2]id\t[3]type\t[4]count",
    "DP": "[2]id\t[3]bin\t[4]number of genotypes\t[5]fraction of genotypes (%)"
    "\t[6]number of sites\t[7]fraction of sites (%)",
}
_SUMMARY = (
    ("records", "n_records"), ("no-ALTs", "n_no_alt_sites"), ("SNPs", "n_snv_sites"),
    ("MNPs", "n_mnv_sites"), ("indels", "n_indel_sites"), ("others", "n_other_sites"),
    ("multiallelic sites", "n_multiallelic"), ("multiallelic SNP sites", "n_multiallelic_snv"),
)  # fmt: skip


def bcftools_text(
    cohort: str,
    n_samples: int,
    counts: Mapping[str, int],
    histograms: Sequence[tuple[str, str, float | None, int]],
) -> str:
    """The text for one set of records.

    Parameters
    ----------
    cohort : str
        Shown where bcftools has the file's name.
    n_samples : int
    counts : mapping of str to int
        Sums over chromosomes of `compute_site_counts`.
    histograms : sequence of (metric, label, bin start, count)
        Sums over chromosomes.
    """
    by_metric: dict[str, list[tuple[str, float | None, int]]] = {}
    for metric, label, start, n in histograms:
        by_metric.setdefault(metric, []).append((label, start, n))
    ts, tv = counts["n_transitions"], counts["n_transversions"]
    first = counts["n_transitions_first"], counts["n_transversions_first"]
    rows: dict[str, Sequence[Sequence[Any]]] = {
        "ID": [(cohort,)],
        "SN": [("number of samples:", n_samples)]
        + [(f"number of {name}:", counts[column]) for name, column in _SUMMARY],
        "TSTV": [(ts, tv, _ratio(ts, tv), *first, _ratio(*first))],
        "SiS": [
            (1, counts["n_singleton_snv"], counts["n_singleton_transitions"],
             counts["n_singleton_transversions"], counts["n_singleton_indel"], 0, 0,
             counts["n_singleton_indel"])
        ],
        "IDD": _indel_lengths(by_metric.get("indel_length", [])),
        "ST": [(label, n) for label, _, n in by_metric.get("substitution", [])],
        "DP": _depths(by_metric.get("dp", [])),
    }  # fmt: skip
    lines = [
        "# This file was produced by bcftools stats (genocohort writes the same format)",
        "# Sections of which nothing is known here (QUAL, AF, PSC, PSI, HWE) are left out.",
    ]
    for name, content in rows.items():
        lines.append(f"# {name}\t{_HEADERS[name]}")
        lines += ["\t".join(map(str, (name, 0, *row))) for row in content]
    return "\n".join(lines) + "\n"


def _ratio(ts: int, tv: int) -> str:
    """The format has a number there, 0.00 where there is none."""
    return f"{ts / tv:.2f}" if tv else "0.00"


def _indel_lengths(bins: list[tuple[str, float | None, int]]) -> list[tuple[int, int]]:
    sums: dict[int, int] = {}
    for _, start, n in bins:
        length = max(-_LONGEST_INDEL, min(_LONGEST_INDEL, int(start or 0)))
        sums[length] = sums.get(length, 0) + n
    return sorted(sums.items())


def _depths(bins: list[tuple[str, float | None, int]]) -> list[tuple[Any, ...]]:
    total = sum(n for _, _, n in bins)
    return [
        (label if not label.endswith("+") else f">{int(label[:-1]) - 1}", n,
         f"{100 * n / total:.6f}", 0, "0.000000")
        for label, _, n in bins
    ]  # fmt: skip
