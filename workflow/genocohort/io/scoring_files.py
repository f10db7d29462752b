"""Read scoring files of the PGS Catalog: one effect allele and its weight a row."""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import canonical_contig
from genocohort.errors import GenocohortError, InputDataError, Problems

# Of each, the first that is there; a harmonised file's own places go first.
_COLUMNS = {
    "contig": ("hm_chr", "chr_name"),
    "position": ("hm_pos", "chr_position"),
    "effect": ("effect_allele",),
    "other": ("other_allele", "hm_inferOtherAllele"),
    "weight": ("effect_weight",),
}
# Weights in these are no weights of a copy of an allele.
_NOT_ADDITIVE = (
    "is_dominant", "is_recessive", "is_interaction", "is_haplotype", "is_diplotype",
    "dosage_0_weight",
)  # fmt: skip
_BUILDS = {"grch37": "GRCh37", "hg19": "GRCh37", "grch38": "GRCh38", "hg38": "GRCh38"}
_MAX_TOLD = 20


@dataclass(frozen=True)
class ScoringFile:
    """Weights of effect alleles; lists and arrays of one length, in the file's order.

    Attributes
    ----------
    build : str
        GRCh37 or GRCh38 as the file says; empty where it does not.
    contig : list of str
        Canonical names; empty where the file gives no place.
    position : ndarray, int64
        1-based; 0 where the file gives no place.
    effect, other : list of str
        Alleles in upper case; other is empty where the file does not tell it.
    weight : ndarray, float64
        Of one copy of the effect allele.
    line : list of int
        1-based lines of the file.
    """

    build: str
    contig: list[str]
    position: npt.NDArray[np.int64]
    effect: list[str]
    other: list[str]
    weight: npt.NDArray[np.float64]
    line: list[int]


def read_scoring_file(path: Path) -> ScoringFile:
    """Read a scoring file, plain or gzipped.

    Raises
    ------
    InputDataError
        It cannot be read, lacks a column, has no row, or its weights are not of copies of an
        allele.
    Problems
        Up to 20 rows whose weight or position is no number or whose effect allele is empty.

    References
    ----------
    PGS Catalog scoring file format 2.0 and its harmonised files.
    """
    lines = _lines(path)
    build, at, width = _header(path, lines)
    rows: list[tuple[str, int, str, str, float, int]] = []
    problems: list[GenocohortError] = []
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.split("\t")
        found = _row(cells, at, width, number)
        if isinstance(found, str):
            problems.append(InputDataError(found, where=f"{path}, line {number}"))
            if len(problems) == _MAX_TOLD:
                break
        else:
            rows.append(found)
    if problems:
        raise Problems(problems)
    if not rows:
        raise InputDataError("the scoring file has no row", where=str(path))
    contig, position, effect, other, weight, line_numbers = zip(*rows, strict=True)
    return ScoringFile(
        build, list(contig), np.array(position, dtype=np.int64), list(effect), list(other),
        np.array(weight, dtype=np.float64), list(line_numbers),
    )  # fmt: skip


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the scoring file",
            where=str(path),
            expected="a scoring file of the PGS Catalog, plain or gzipped",
        ) from error
    for number, line in enumerate(io.StringIO(text), 1):
        yield number, line.rstrip("\n")


def _header(path: Path, lines: Iterator[tuple[int, str]]) -> tuple[str, dict[str, int], int]:
    """The build, the place of each column that is there, and the number of columns."""
    said: dict[str, str] = {}
    for number, line in lines:
        if line.startswith("#"):
            key, _, value = line.lstrip("#").partition("=")
            said[key.strip()] = value.strip()
        elif line.strip():
            names = [name.strip() for name in line.split("\t")]
            where = f"{path}, line {number}"
            return _build(said, names), _places(names, where), len(names)
    raise InputDataError("the scoring file has no header line", where=str(path))


def _build(said: dict[str, str], names: Sequence[str]) -> str:
    harmonised = said.get("HmPOS_build", "") if "hm_pos" in names else ""
    text = harmonised or said.get("genome_build", "")
    return _BUILDS.get(text.lower(), "")


def _places(names: Sequence[str], where: str) -> dict[str, int]:
    at = {
        key: names.index(found)
        for key, known in _COLUMNS.items()
        if (found := next((n for n in known if n in names), None))
    }
    missing = [
        " or ".join(_COLUMNS[k]) for k in ("contig", "position", "effect", "weight") if k not in at
    ]
    if missing:
        raise InputDataError(
            "the scoring file lacks a column",
            where=where,
            offenders=missing,
            expected="tab-separated columns chr_name, chr_position, effect_allele, other_allele, "
            "effect_weight",
            remedy="take the harmonised file of the PGS Catalog, which has places",
        )
    wrong = [name for name in _NOT_ADDITIVE if name in names]
    if wrong:
        raise InputDataError(
            "the scoring file's weights are not of copies of an allele",
            where=where,
            offenders=wrong,
            expected="an additive score",
        )
    return at


def _row(
    cells: Sequence[str], at: dict[str, int], width: int, number: int
) -> tuple[str, int, str, str, float, int] | str:
    """The row, or what is wrong with it."""
    if len(cells) != width:
        return f"{len(cells)} columns where the header has {width}"
    row = {key: cells[i].strip() for key, i in at.items()}
    try:
        weight = float(row["weight"])
    except ValueError:
        weight = float("nan")
    if not np.isfinite(weight):
        return "effect_weight is no number"
    if row["position"] and not row["position"].isdecimal():
        return "the position is no whole number"
    if not row["effect"]:
        return "effect_allele is empty"
    placed = bool(row["position"] and row["contig"])
    return (
        canonical_contig(row["contig"]) if placed else "",
        int(row["position"]) if placed else 0,
        row["effect"].upper(),
        row.get("other", "").upper(),
        weight,
        number,
    )
