"""What kind of change an ALT allele is."""

from typing import Literal, NamedTuple

AlleleClass = Literal[
    "snv", "insertion", "deletion", "mnv", "complex", "star", "symbolic", "breakend", "non_ref",
    "no_alt", "coded",
]  # fmt: skip
# Classes that enter the genotype store: the sequence is known, or the allele has a PLINK code.
ORDINARY: tuple[AlleleClass, ...] = ("snv", "insertion", "deletion", "mnv", "complex", "coded")

SUBSTITUTIONS = tuple(f"{a}>{b}" for a in "ACGT" for b in "ACGT" if a != b)
TRANSITIONS = frozenset({"A>G", "G>A", "C>T", "T>C"})
_BASES = frozenset("ACGTURYSWKMBDHVNacgturyswkmbdhvn")


class Allele(NamedTuple):
    """One ALT allele against its REF.

    Attributes
    ----------
    kind : str
        Class, after bases shared at both ends are trimmed (`AC` to `AT` is an SNV).
    length_change : int
        Bases gained (insertions) or lost (deletions, negative); 0 for SNVs and MNVs, and where
        nothing is known.
    substitution : str
        `A>C` for an SNV of unambiguous bases, else empty.
    """

    kind: AlleleClass
    length_change: int = 0
    substitution: str = ""

    @property
    def is_transition(self) -> bool | None:
        """Whether a substitution is a transition; None where it is no substitution."""
        return self.substitution in TRANSITIONS if self.substitution else None

    @property
    def is_ordinary(self) -> bool:
        """Whether the allele enters the genotype store."""
        return self.kind in ORDINARY


def classify_allele(ref: str, alt: str) -> Allele:
    """Class of one ALT allele as a VCF or a PLINK fileset writes it.

    Parameters
    ----------
    ref, alt : str
        As written, in upper or lower case. `.` as ALT, or an ALT that equals REF, is `no_alt`;
        digits, as PLINK filesets may have in place of bases, are `coded`.

    Raises
    ------
    ValueError
        The text is not an allele of the VCF specification.

    References
    ----------
    VCF 4.5, sections 1.6.1 (fixed fields) and 5 (breakends).
    """
    if alt in ("<NON_REF>", "<*>"):
        return Allele("non_ref")
    if alt == "*":
        return Allele("star")
    if "[" in alt or "]" in alt or (len(alt) > 1 and (alt[0] == "." or alt[-1] == ".")):
        return Allele("breakend")
    if alt.startswith("<") and alt.endswith(">"):
        return Allele("symbolic")
    if alt == ".":
        return Allele("no_alt")
    if alt.isdecimal():
        return Allele("coded")
    if not alt or not _BASES.issuperset(alt):
        raise ValueError(f"{alt!r} is not an ALT allele")
    return _classify_sequence(ref.upper(), alt.upper())


def _classify_sequence(ref: str, alt: str) -> Allele:
    shorter = min(len(ref), len(alt))
    prefix = next((i for i in range(shorter) if ref[i] != alt[i]), shorter)
    left = shorter - prefix
    suffix = next((i for i in range(left) if ref[-1 - i] != alt[-1 - i]), left)
    old, new = ref[prefix : len(ref) - suffix], alt[prefix : len(alt) - suffix]
    if not old and not new:
        return Allele("no_alt")
    if not old:
        return Allele("insertion", len(new))
    if not new:
        return Allele("deletion", -len(old))
    if len(old) == len(new) == 1:
        substitution = f"{old}>{new}"
        return Allele("snv", 0, substitution if substitution in SUBSTITUTIONS else "")
    return Allele("mnv" if len(old) == len(new) else "complex", len(new) - len(old))
