"""Indexes of alignments and references: their names; refuse one that is stale or damaged."""

import gzip
import struct
from io import BufferedReader
from pathlib import Path

from genocohort.errors import InputDataError
from genocohort.io.bgzf import is_bgzf, is_gzip


def index_names(path: Path) -> tuple[Path, ...]:
    """Names of an alignment's index, in the order in which htslib looks for them by itself."""
    suffixes = (".crai",) if path.suffix == ".cram" else (".csi", ".bai")
    return tuple(name for s in suffixes for name in (Path(f"{path}{s}"), path.with_suffix(s)))


def fasta_indexes(path: Path) -> tuple[Path, ...]:
    """The indexes that pieces of a FASTA are read with: .fai, and .gzi if it is compressed."""
    compressed = path.is_file() and is_bgzf(path)
    return (Path(f"{path}.fai"), *([Path(f"{path}.gzi")] if compressed else []))


def companions(alignment: str, reference: str) -> tuple[str, ...]:
    """Files beside an alignment and its reference that are read with them: indexes that exist."""
    names = index_names(Path(alignment))
    if reference:
        names += fasta_indexes(Path(reference))
    return tuple(str(name) for name in names if name.is_file())


def find_index(path: Path, kind: str, n_contigs: int) -> tuple[Path | None, tuple[str, ...]]:
    """The first index that is not older than its file, and what to say about it.

    Parameters
    ----------
    path : Path
        The alignment file.
    kind : {"bam", "cram"}
    n_contigs : int
        Contigs of its header.

    Returns
    -------
    (Path or None, tuple of str)
        None, with a notice, where the file must be read from start to end.

    Raises
    ------
    InputDataError
        The index is damaged or of another file.
    """
    suffixes = (".csi", ".bai") if kind == "bam" else (".crai",)
    names = [Path(f"{path}{s}") for s in suffixes] + [path.with_suffix(s) for s in suffixes]
    found = [name for name in names if name.exists()]
    changed = path.stat().st_mtime_ns
    fresh = next((name for name in found if name.stat().st_mtime_ns >= changed), None)
    if fresh is None:
        state = "there is no index"
        if found:
            state = f"the index {found[0].name} is older than its file: it is not used"
        return None, (f"{state}, the file is read from start to end",)
    _check_head(fresh, kind, n_contigs)
    return fresh, ()


def _check_head(index: Path, kind: str, n_contigs: int) -> None:
    """Look at the first bytes: on a damaged count htslib would allocate and loop for minutes."""
    try:
        with gzip.open(index) if is_gzip(index) else open(index, "rb") as stream:
            if kind == "cram":
                lines = stream.read().split(b"\n")
                is_whole = all(len(line.split(b"\t")) == 6 for line in lines if line)
                n = n_contigs if is_whole else None
            else:
                n = _contigs_of(stream)
    except (OSError, EOFError, struct.error):
        n = None
    if n != n_contigs:
        raise bad_index(
            index, "is damaged" if n is None else f"has {n} contigs, the header {n_contigs}"
        )


def _contigs_of(stream: gzip.GzipFile | BufferedReader) -> int | None:
    """Number of contigs in the head of a BAI or CSI file; None where it is neither."""
    magic = stream.read(4)
    if magic == b"CSI\1":
        _, _, n_auxiliary = struct.unpack("<3i", stream.read(12))
        stream.read(n_auxiliary)
    elif magic != b"BAI\1":
        return None
    return int(struct.unpack("<i", stream.read(4))[0])


def bad_index(index: Path, what: str) -> InputDataError:
    """The error for an index that cannot be used."""
    return InputDataError(
        f"the index {what}",
        where=str(index),
        remedy="make it again with `samtools index`",
    )
