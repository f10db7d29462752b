"""Small whole-number codes for genotypes as written, so that arrays hold them and tables decode."""

import numpy as np
import numpy.typing as npt

NO_ALLELE = -1
# Alleles 0 to 9 and "not called" make up nearly all genotypes; these have codes known beforehand.
_COMMON = 11
_NOT_CALLED = _COMMON - 1
N_DIPLOID = _COMMON * _COMMON
N_FIXED = N_DIPLOID + _COMMON

Genotype = tuple[int, ...]


def diploid_code(
    first: npt.NDArray[np.integer], second: npt.NDArray[np.integer]
) -> npt.NDArray[np.int16]:
    """Codes of diploid genotypes of alleles 0 to 9 (-1: not called)."""
    one = np.where(first < 0, _NOT_CALLED, first)
    two = np.where(second < 0, _NOT_CALLED, second)
    return (one * _COMMON + two).astype(np.int16)


def _fixed() -> tuple[Genotype, ...]:
    alleles = [*range(_NOT_CALLED), NO_ALLELE]
    diploid = [(a, b) for a in alleles for b in alleles]
    return (*diploid, *((a,) for a in alleles))


# Genotype of each fixed code: 121 diploid ones, then 11 haploid ones.
FIXED: tuple[Genotype, ...] = _fixed()
MISSING_CODE = N_DIPLOID - 1


class GenotypeCodes(dict[bytes, int]):
    """Code of a genotype as a VCF writes it (`0/1`, `1|0`, `.`, `0/1/1`); learns as it goes.

    Phase is not kept. Genotypes beyond the fixed ones get the next free code.

    Raises
    ------
    ValueError
        The text is not a genotype.
    """

    def __init__(self) -> None:
        super().__init__()
        self.genotypes: list[Genotype] = list(FIXED)
        self._known = {genotype: code for code, genotype in enumerate(FIXED)}

    def __missing__(self, text: bytes) -> int:
        code = self.code(parse_genotype(text))
        self[text] = code
        return code

    def code(self, genotype: Genotype) -> int:
        """The code of a genotype, a new one where it is not known yet."""
        if genotype not in self._known:
            if len(self.genotypes) > np.iinfo(np.int16).max:
                raise ValueError("more than 32,767 different genotypes in one batch of records")
            self._known[genotype] = len(self.genotypes)
            self.genotypes.append(genotype)
        return self._known[genotype]


def parse_genotype(text: bytes) -> Genotype:
    """Alleles of a genotype as written, -1 for those not called.

    A leading phase sign (VCF 4.4) is accepted. An empty text or an allele that is neither a number
    nor `.` raises ValueError.
    """
    parts = text.replace(b"|", b"/").split(b"/")
    if len(parts) > 1 and parts[0] == b"":
        parts = parts[1:]
    if not all(part == b"." or part.isdigit() for part in parts):
        raise ValueError(f"{text.decode(errors='replace')!r} is not a genotype")
    return tuple(NO_ALLELE if part == b"." else int(part) for part in parts)


def allele_copies(
    genotypes: tuple[Genotype, ...] | list[Genotype], n_alleles: int
) -> npt.NDArray[np.int64]:
    """Called copies of every allele in every genotype, shape (n_codes, n_alleles)."""
    copies = np.zeros((len(genotypes), n_alleles), dtype=np.int64)
    for code, genotype in enumerate(genotypes):
        for allele in genotype:
            if 0 <= allele < n_alleles:
                copies[code, allele] += 1
    return copies
