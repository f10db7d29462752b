"""Read intervals from a BED file."""

import gzip
from pathlib import Path

from genocohort.domain.genome import canonical_contig
from genocohort.errors import InputDataError


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
            name, start, end = cells[0], int(cells[1]), int(cells[2])
        except (IndexError, ValueError):
            start, end, name = 0, -1, ""
        if not 0 <= start <= end or not name:
            raise InputDataError(
                "not an interval of a BED file",
                where=f"{path}, line {number}",
                expected="contig, start, end separated by tabs; 0-based, start not above end",
            )
        found.setdefault(canonical_contig(name), []).append((start, end))
    return found
