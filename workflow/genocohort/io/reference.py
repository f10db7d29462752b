"""Read pieces of a reference: plain FASTA by its .fai, on any thread; bgzipped through htslib."""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import local
from typing import Any, NamedTuple

import pysam

from genocohort.errors import InputDataError
from genocohort.io.bgzf import is_gzip

_NO_ENDS = b"\r\n"


class _Place(NamedTuple):
    length: int
    offset: int
    line_bases: int
    line_bytes: int


class Reference:
    """The sequences of a FASTA file with its index (.fai).

    Parameters
    ----------
    path : Path
        Plain, or compressed with bgzip (with its .gzi).

    Raises
    ------
    InputDataError
        The file or its index is missing or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places = _read_index(path)
        self._thread = local()
        try:
            self._is_compressed = is_gzip(path)
        except OSError as error:
            raise _unreadable(path) from error

    def check(self, contigs: Sequence[str], lengths: Sequence[int]) -> None:
        """Whether the contigs of a header are there, as long as the header says.

        Raises
        ------
        InputDataError
            Some are missing, or of another length.
        """
        wrong = []
        for name, length in zip(contigs, lengths, strict=True):
            place = self._places.get(name)
            if place is None or place.length != length:
                held = "lacks it" if place is None else f"{place.length} bp"
                wrong.append(f"{name}: {length} bp in the header, reference {held}")
        if wrong:
            raise InputDataError(
                "the reference is not the one the alignment was made with",
                where=str(self.path),
                offenders=wrong,
                remedy="name the FASTA file that was used for the alignment",
            )

    def fetch(self, name: str, start: int, end: int) -> bytes:
        """Bases [start, end) of a contig, which must lie inside it, as the file has them.

        Raises
        ------
        InputDataError
            The file is shorter than its index says.
        """
        if start >= end:
            return b""
        found = self._decompressed(name, start, end) if self._is_compressed else b""
        if not self._is_compressed:
            place = self._places[name]
            first, last = (_offset(place, position) for position in (start, end - 1))
            found = self._read(first, last + 1 - first).translate(None, _NO_ENDS)
        if len(found) != end - start:
            raise InputDataError(
                "the reference and its index disagree",
                where=f"{self.path}, {name}:{start + 1}-{end}",
                expected=f"{end - start} bases, there are {len(found)}",
                remedy=f"samtools faidx {self.path}",
            )
        return found

    def _decompressed(self, name: str, start: int, end: int) -> bytes:
        try:
            if not hasattr(self._thread, "file"):
                self._thread.file = pysam.FastaFile(str(self.path))
            file: Any = self._thread.file
            return bytes(file.fetch(name, start, end).encode("ascii"))
        except (OSError, ValueError) as error:
            raise _unreadable(self.path) from error

    def _read(self, offset: int, n: int) -> bytes:
        """Bytes of the plain file; each thread has a descriptor of its own."""
        try:
            with open(self.path, "rb", buffering=0) as stream:
                return os.pread(stream.fileno(), n, offset)
        except OSError as error:
            raise _unreadable(self.path) from error


def _offset(place: _Place, position: int) -> int:
    line, within = divmod(position, place.line_bases)
    return place.offset + line * place.line_bytes + within


def _read_index(path: Path) -> dict[str, _Place]:
    index = Path(f"{path}.fai")
    try:
        rows = [line.split("\t") for line in index.read_text(encoding="utf-8").splitlines() if line]
        places = {row[0]: _Place(*(int(cell) for cell in row[1:5])) for row in rows}
        if any(place.line_bases < 1 and place.length for place in places.values()):
            raise ValueError("lines without bases")
    except (OSError, ValueError, TypeError) as error:
        raise InputDataError(
            "the reference's index is missing or damaged",
            where=str(index),
            remedy=f"samtools faidx {path}",
        ) from error
    return places


def _unreadable(path: Path) -> InputDataError:
    return InputDataError(
        "cannot read the reference", where=str(path), remedy="check it with `samtools faidx`"
    )
