"""Ancestral alleles of variants from the INFO/AA of a VCF."""

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import canonical_contig
from genocohort.errors import InputDataError

UNKNOWN, REF, ALT = -1, 0, 1
_NO_ALLELE = frozenset(("", ".", "-", "?", "N", "n"))


@dataclass
class AncestralAlleles:
    """Which allele of each variant is the ancestral one.

    Attributes
    ----------
    codes : dict of str to ndarray, shape (n_variants,), int8
        By chromosome: UNKNOWN, REF or ALT.
    outcomes : Counter of str
        Variants by what became of them: known, low confidence, neither allele.
    """

    codes: dict[str, npt.NDArray[np.int8]]
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Variants:
    """Variants of a chromosome to look up: 1-based positions, ascending, and their alleles."""

    vcf_pos: npt.NDArray[np.int64]
    ref: list[str]
    alt: list[str]


def read_ancestral(
    path: Path, wanted: Mapping[str, Variants], *, confident_only: bool
) -> AncestralAlleles:
    """Look up the ancestral alleles of variants.

    A variant is the record's where position and REF are the same. Of AA only what stands before
    the first `|` is the allele (1000 Genomes write more behind it).

    Parameters
    ----------
    path : Path
        A VCF, plain or gzipped; only its first eight columns are looked at.
    wanted : mapping of str to Variants
        By canonical name of the chromosome.
    confident_only : bool
        Whether alleles in small letters (Ensembl: low confidence) count as unknown.

    Raises
    ------
    InputDataError
        The file cannot be read, or has no AA in any of its records.
    """
    found = AncestralAlleles(
        {name: np.full(len(v.vcf_pos), UNKNOWN, dtype=np.int8) for name, v in wanted.items()}
    )
    any_allele = False
    for chromosome, position, ref, allele in _alleles(path):
        any_allele = True
        variants = wanted.get(chromosome)
        if variants is None:
            continue
        first, last = np.searchsorted(variants.vcf_pos, (position, position + 1))
        for i in range(int(first), int(last)):
            if variants.ref[i] != ref.upper() or found.codes[chromosome][i] != UNKNOWN:
                continue
            if allele.upper() not in (variants.ref[i], variants.alt[i]):
                found.outcomes["neither allele"] += 1
            elif confident_only and allele != allele.upper():
                found.outcomes["low confidence"] += 1
            else:
                found.outcomes["known"] += 1
                is_ref = allele.upper() == variants.ref[i]
                found.codes[chromosome][i] = REF if is_ref else ALT
    if not any_allele:
        raise InputDataError(
            "no record has an ancestral allele",
            where=str(path),
            expected="a VCF with AA in INFO",
            remedy="give another file as inputs.ancestral; without one, spectra are folded",
        )
    return found


def _alleles(path: Path) -> Iterator[tuple[str, int, str, str]]:
    """Chromosome, position, REF and AA of the records that have one."""
    names: dict[bytes, str] = {}
    try:
        with open(path, "rb") as raw:
            is_gzip = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_gzip else open(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.startswith(b"#"):
                    continue
                cells = line.split(b"\t", 8)
                at = cells[7].find(b"AA=") if len(cells) > 7 else -1
                if at < 0:
                    continue
                entries = cells[7].rstrip().split(b";")
                text = next((e[3:].decode() for e in entries if e.startswith(b"AA=")), "")
                allele = text.partition("|")[0].strip()
                if allele in _NO_ALLELE:
                    continue
                if cells[0] not in names:
                    names[cells[0]] = canonical_contig(cells[0].decode())
                yield names[cells[0]], _position(path, number, cells[1]), cells[3].decode(), allele
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the ancestral alleles", where=str(path), expected="a VCF, plain or gzipped"
        ) from error


def _position(path: Path, number: int, text: bytes) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputDataError(
            "a position is no number", where=f"{path}, line {number}", expected="a VCF"
        ) from error
