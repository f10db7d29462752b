"""Where a contig starts in an indexed VCF or BCF, and how many records the index counts there."""

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_TBI_COUNTS_BIN = 37450


@dataclass(frozen=True)
class IndexedContig:
    """One contig in an index.

    `start` is the virtual file offset of its first record (None: no record), `end` that behind its
    last; `n_records` is None where the index holds no counts.
    """

    start: int | None
    n_records: int | None
    end: int = 0


@dataclass(frozen=True)
class CallsIndex:
    """A .tbi or .csi index; `names` is empty where only the file's header names the contigs."""

    path: Path
    names: tuple[str, ...]
    contigs: tuple[IndexedContig, ...]

    def find(self, name: str) -> IndexedContig:
        """What the index says of a contig; one it does not name has no records."""
        if name not in self.names or self.names.index(name) >= len(self.contigs):
            return IndexedContig(None, 0)
        return self.contigs[self.names.index(name)]


def index_path(path: Path) -> Path | None:
    """The index beside a file: .csi before .tbi, or None."""
    candidates = (Path(f"{path}.csi"), Path(f"{path}.tbi"))
    return next((p for p in candidates if p.exists()), None)


def is_stale(path: Path, index: Path) -> bool:
    """Whether an index is older than its file."""
    return index.stat().st_mtime_ns < path.stat().st_mtime_ns


def read_calls_index(path: Path) -> CallsIndex:
    """Read a .tbi or .csi index.

    Raises
    ------
    ValueError
        The file is damaged or is no index.

    References
    ----------
    The Tabix index file format, and Coordinate-sorted index (CSI) v1, samtools/hts-specs.
    """
    try:
        with gzip.open(path, "rb") as stream:
            magic = stream.read(4)
            if magic == b"TBI\x01":
                return _read_tbi(path, stream)
            if magic == b"CSI\x01":
                return _read_csi(path, stream)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise ValueError(f"the index is damaged ({type(error).__name__})") from error
    raise ValueError("neither a .tbi nor a .csi index")


def _unpack(stream: BinaryIO | gzip.GzipFile, layout: str) -> tuple[int, ...]:
    return struct.unpack(f"<{layout}", stream.read(struct.calcsize(f"<{layout}")))


def _read_tbi(path: Path, stream: gzip.GzipFile) -> CallsIndex:
    n_contigs, *_, name_bytes = _unpack(stream, "8i")
    names = _names(stream.read(name_bytes))
    contigs = []
    for _ in range(n_contigs):
        contigs.append(_read_bins(stream, _TBI_COUNTS_BIN, is_csi=False))
        (n_intervals,) = _unpack(stream, "i")
        stream.read(8 * n_intervals)
    return CallsIndex(path, names, tuple(contigs))


def _read_csi(path: Path, stream: gzip.GzipFile) -> CallsIndex:
    _, depth, aux_bytes = _unpack(stream, "3i")
    aux = stream.read(aux_bytes)
    names = _names(aux[28:]) if len(aux) > 28 else ()
    (n_contigs,) = _unpack(stream, "i")
    counts_bin = ((1 << (3 * (depth + 1))) - 1) // 7 + 1
    contigs = [_read_bins(stream, counts_bin, is_csi=True) for _ in range(n_contigs)]
    return CallsIndex(path, names, tuple(contigs))


def _names(raw: bytes) -> tuple[str, ...]:
    return tuple(name.decode() for name in raw.split(b"\0") if name)


def _read_bins(stream: gzip.GzipFile, counts_bin: int, *, is_csi: bool) -> IndexedContig:
    (n_bins,) = _unpack(stream, "i")
    start: int | None = None
    end = 0
    n_records: int | None = None if n_bins else 0
    for _ in range(n_bins):
        number, *_, n_chunks = _unpack(stream, "IQi" if is_csi else "Ii")
        chunks = _unpack(stream, f"{2 * n_chunks}Q")
        if number == counts_bin:
            n_records = chunks[2] + chunks[3]
        elif chunks:
            first = min(chunks[::2])
            start = first if start is None else min(start, first)
            end = max(end, *chunks[1::2])
    return IndexedContig(start, n_records, end)
