"""Read genes from a BED file: contig, start, end, name."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import canonical_contig
from genocohort.errors import InputDataError

_HEADER = ("#", "track", "browser")


@dataclass(frozen=True)
class Genes:
    """The genes of one contig, sorted by start, end and name; shapes (n_genes,).

    `start` and `end` are 0-based half-open (int64).
    """

    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    name: tuple[str, ...]


def read_genes(path: Path) -> dict[str, Genes]:
    """Read a BED file of genes (the first four columns), plain or gzipped.

    Contigs come back by their canonical names, so that `21` finds `chr21`.

    Raises
    ------
    InputDataError
        The file is missing or damaged, a row has fewer than four columns, or its coordinates are
        not 0 <= start < end.
    """
    found: dict[str, list[tuple[int, int, str]]] = {}
    for number, line in _lines(path):
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) < 4:
            fields = line.split()
        if len(fields) < 4 or not fields[3].strip():
            raise _error(path, number, "a gene has no name")
        if not (fields[1].isdecimal() and fields[2].isdecimal()):
            raise _error(path, number, "start and end of a gene are not whole numbers")
        start, end = int(fields[1]), int(fields[2])
        if start >= end:
            raise _error(path, number, "a gene ends before it starts")
        found.setdefault(canonical_contig(fields[0]), []).append((start, end, fields[3].strip()))
    genes = {}
    for contig, rows in found.items():
        rows.sort()
        columns = list(zip(*rows, strict=True))
        genes[contig] = Genes(
            np.array(columns[0], dtype=np.int64), np.array(columns[1], dtype=np.int64), columns[2]
        )
    return genes


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        opened = gzip.open if packed else open
        with opened(path, "rt", encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip() and not line.startswith(_HEADER):
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the genes", where=str(path), remedy="check inputs.genes"
        ) from error


def _error(path: Path, number: int, what: str) -> InputDataError:
    return InputDataError(
        what,
        where=f"{path}, line {number}",
        expected="contig, start (0-based), end and name, separated by tabs (BED)",
    )
