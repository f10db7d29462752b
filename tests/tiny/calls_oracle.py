"""What the variant steps should find in a VCF, worked out one genotype at a time.

Shares nothing with the package: plain text in, dictionaries out.
"""

import re
from collections import Counter
from math import comb
from typing import Any

CLASSES = (
    "n_hom_ref", "n_het", "n_hom_alt", "n_het_alt", "n_half", "n_haploid_ref", "n_haploid_alt",
    "n_missing", "n_other_ploidy", "n_het_haploid", "n_not_expected",
)  # fmt: skip
SEQUENCE = re.compile(r"^[ACGTNacgtn]+$")


def due(contig: str, position: int, sex: str, par: list[tuple[int, int]]) -> int:
    """Alleles due: 0, 1, or 2 for `as written`; par holds 1-based closed intervals."""
    if any(a <= position <= b for a, b in par):
        return 2
    if contig == "chrX":
        return 1 if sex == "male" else 2
    if contig == "chrY":
        return 0 if sex == "female" else 1
    return 1 if contig == "chrM" else 2


def judge(text: str, ploidy: int) -> tuple[str, list[int]]:
    """Class of a genotype, and the alleles of it that count."""
    alleles = re.split(r"[/|]", text)
    called = [int(a) for a in alleles if a != "."]
    if ploidy == 0:
        return "n_not_expected", []
    if len(called) == 0:
        return "n_missing", []
    if ploidy == 1 and len(set(called)) >= 2:
        return "n_het_haploid", []
    counting = called[:1] if ploidy == 1 else called
    if len(called) < len(alleles):
        return "n_half", counting
    if ploidy == 1 or len(alleles) == 1:
        return ("n_haploid_ref" if called[0] == 0 else "n_haploid_alt"), counting
    if len(alleles) > 2:
        return "n_other_ploidy", counting
    a, b = sorted(called)
    if a == b:
        return ("n_hom_ref" if a == 0 else "n_hom_alt"), counting
    return ("n_het" if a == 0 else "n_het_alt"), counting


def stored(kind: str, counting: list[int], allele: int) -> int:
    """The store's call of one ALT allele."""
    if kind in ("n_haploid_ref", "n_haploid_alt"):
        return 2 if counting[0] == allele else 0
    if kind in ("n_hom_ref", "n_het", "n_hom_alt", "n_het_alt"):
        return counting.count(allele)
    return -1


def change(ref: str, alt: str) -> tuple[str, int, str]:
    """Class of an ALT allele, bases gained or lost, substitution."""
    if alt == "*":
        return "star", 0, ""
    if alt in ("<*>", "<NON_REF>"):
        return "non_ref", 0, ""
    if alt[0] == "<":
        return "symbolic", 0, ""
    if not SEQUENCE.match(alt):
        return "breakend", 0, ""
    r, a = list(ref.upper()), list(alt.upper())
    while r and a and r[0] == a[0]:
        r, a = r[1:], a[1:]
    while r and a and r[-1] == a[-1]:
        r, a = r[:-1], a[:-1]
    if not r and not a:
        return "no_alt", 0, ""
    if not r or not a:
        return ("insertion" if a else "deletion"), len(a) - len(r), ""
    if len(r) == len(a):
        if len(r) > 1:
            return "mnv", 0, ""
        plain = r[0] in "ACGT" and a[0] in "ACGT"
        return "snv", 0, f"{r[0]}>{a[0]}" if plain else ""
    return "complex", len(a) - len(r), ""


def hwe(hom: int, het: int, other: int) -> float | None:
    """Exact Hardy-Weinberg P from whole numbers."""
    n = hom + het + other
    if n == 0:
        return None
    copies = 2 * hom + het

    def ways(h: int) -> int:
        return comb(n, h) * comb(n - h, (copies - h) // 2) * 2**h

    support = range(copies % 2, min(copies, 2 * n - copies) + 1, 2)
    return sum(ways(h) for h in support if ways(h) <= ways(het)) / comb(2 * n, copies)


class Expected:
    """Everything the steps say of a VCF of one contig.

    Attributes
    ----------
    sites : list of dict
        One per row.
    samples : dict of (str, str) to Counter
        By sample and filter set.
    store : list of (position, ref, alt, calls)
    """

    def __init__(self, text: str, sexes: dict[str, str], par: list[tuple[int, int]]) -> None:
        lines = [line.split("\t") for line in text.splitlines() if not line.startswith("##")]
        self.names = lines[0][9:]
        self.sexes, self.par = sexes, par
        self.sites: list[dict[str, Any]] = []
        self.samples = {(name, f): Counter() for name in self.names for f in ("all", "pass")}
        self.store: list[tuple[int, str, str, list[int]]] = []
        for number, fields in enumerate(lines[1:]):
            self._record(number, fields)

    def _record(self, number: int, fields: list[str]) -> None:
        contig, position, ref = fields[0], int(fields[1]), fields[3]
        alts = [] if fields[4] == "." else fields[4].split(",")
        sets = ("all", "pass") if fields[6] in ("PASS", ".") else ("all",)
        on_x = contig == "chrX" and not any(a <= position <= b for a, b in self.par)
        judged, depths, tested = {}, [], []
        for name, cell in zip(self.names, fields[9:], strict=True):
            cells = dict(zip(fields[8].split(":"), cell.split(":"), strict=False))
            ploidy = due(contig, position, self.sexes[name], self.par)
            kind, counting = judged[name] = judge(cells.get("GT", "."), ploidy)
            if kind in CLASSES[:4] and (not on_x or self.sexes[name] == "female"):
                tested.append(counting)
            depth = [float(cells["DP"])] if ploidy and cells.get("DP", ".") != "." else []
            depths += depth
            for f in sets:
                row = self.samples[name, f]
                row.update({"n_records": 1, kind: 1, "dp_sum": sum(depth), "n_dp": len(depth)})
        classes = Counter(kind for kind, _ in judged.values())
        counts = Counter(allele for _, counting in judged.values() for allele in counting)
        an = sum(counts.values())
        for k, alt in enumerate(alts, 1) if alts else [(0, ".")]:
            hom = sum(g.count(k) == 2 for g in tested)
            het = sum(g.count(k) == 1 for g in tested)
            self.sites.append(
                {
                    "record": number, "allele": k, "alt": alt, "an": an,
                    "allele_class": change(ref, alt)[0] if k else "no_alt",
                    "ac": counts[k] if k else 0,
                    "af": counts[k] / an if an and k else None,
                    "dp_mean": sum(depths) / len(depths) if depths else None,
                    "hwe_p": hwe(hom, het, len(tested) - hom - het) if k else None,
                    **{c: classes[c] for c in CLASSES},
                }
            )  # fmt: skip
            if k:
                self._allele(position, ref, alt, k, judged, sets, counts[k])

    def _allele(
        self,
        position: int,
        ref: str,
        alt: str,
        k: int,
        judged: dict[str, tuple[str, list[int]]],
        sets: tuple[str, ...],
        ac: int,
    ) -> None:
        kind, _, substitution = change(ref, alt)
        ordinary = kind in ("snv", "insertion", "deletion", "mnv", "complex")
        column = {"snv": "n_snv", "insertion": "n_insertions", "deletion": "n_deletions",
                  "mnv": "n_mnv"}.get(kind, "n_other_alleles")  # fmt: skip
        is_ts = substitution in ("A>G", "G>A", "C>T", "T>C")
        for name, (_, counting) in judged.items():
            if k in counting:
                for f in sets:
                    row = self.samples[name, f]
                    row.update({column: 1, "n_singletons": int(ordinary and ac == 1)})
                    if substitution:
                        row.update(["n_transitions" if is_ts else "n_transversions"])
        if ordinary:
            calls = [stored(*judged[name], k) for name in self.names]
            self.store.append((position, ref.upper(), alt.upper(), calls))
