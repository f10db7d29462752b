"""Read intervals from a BED file."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from genocohort.domain.genome import canonical_contig
from genocohort.errors import InputDataError


class Region(NamedTuple):
    """One line of a BED file: contig as written there, 0-based half-open, name (empty: none)."""

    line: int
    contig: str
    start: int
    end: int
    name: str


def read_regions(path: Path) -> list[Region]:
    """Lines of a BED file (plain or gzipped), in its order; blank and comment lines are no regions.

    Parameters
    ----------
    path : Path
        At least three columns: contig, start, end; 0-based half-open; the fourth is a name.

    Raises
    ------
    InputDataError
        The file cannot be read, or a line is no interval.
    """
    return list(_regions(path))


def read_intervals(path: Path) -> dict[str, list[tuple[int, int]]]:
    """Intervals of a BED file (plain or gzipped), by canonical contig name.

    Parameters
    ----------
    path : Path
        At least three columns: contig, start, end; 0-based half-open.

    Returns
    -------
    dict of str to list of (int, int)
        In the order of the file; not merged.

    Raises
    ------
    InputDataError
        The file cannot be read, or a line is no interval.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for region in _regions(path):
        found.setdefault(canonical_contig(region.contig), []).append((region.start, region.end))
    return found


def _regions(path: Path) -> Iterator[Region]:
    try:
        raw = Path(path).read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the BED file", where=str(path), remedy="check the path and the file"
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        cells = line.split("\t") if "\t" in line else line.split()
        try:
            contig, start, end = cells[0], int(cells[1]), int(cells[2])
        except (IndexError, ValueError):
            start, end, contig = 0, -1, ""
        if not 0 <= start <= end or not contig:
            raise InputDataError(
                "not an interval of a BED file",
                where=f"{path}, line {number}",
                expected="contig, start, end separated by tabs; 0-based, start not above end",
            )
        yield Region(number, contig, start, end, cells[3].strip() if len(cells) > 3 else "")
