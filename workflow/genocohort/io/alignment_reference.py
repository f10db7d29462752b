"""Is a FASTA file the reference a CRAM was made with? Its checksums tell."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysam

from genocohort.errors import InputDataError

_FASTA_CHUNK = 8 << 20


def check_reference(
    path: Path,
    contigs: tuple[str, ...],
    lengths: tuple[int, ...],
    checksums: tuple[str | None, ...],
    reference: Path | None,
) -> list[str]:
    """Compare the M5 checksums of a header with those of a FASTA file.

    Parameters
    ----------
    path : Path
        The alignment file, for messages.
    contigs, lengths, checksums : tuple
        From the @SQ lines; None where M5 is missing.
    reference : Path or None
        FASTA, plain or bgzipped, with its .fai.

    Returns
    -------
    list of str
        Notices: contigs that could not be compared since the header has no M5.

    Raises
    ------
    InputDataError
        No reference, no index beside it, or another sequence.

    References
    ----------
    SAM format specification, section 1.3.2: MD5 of the sequence in upper case, no blanks.
    """
    if reference is None or not reference.exists():
        raise InputDataError(
            "a CRAM needs the reference it was made with"
            + ("" if reference is None else ", and the given one does not exist"),
            where=str(path) if reference is None else f"{path}, reference {reference}",
            expected="a FASTA file in the column `reference` of the sample sheet",
        )
    if not Path(f"{reference}.fai").exists():
        raise InputDataError(
            "the reference has no index",
            where=str(reference),
            remedy=f"samtools faidx {reference}",
        )
    wrong = []
    with _open_fasta(reference) as fasta:
        held = dict(zip(fasta.references, fasta.lengths, strict=True))
        for name, length, expected in zip(contigs, lengths, checksums, strict=True):
            if name not in held:
                wrong.append(f"{name}: header M5 {expected or 'missing'}, not in the reference")
            elif expected is None:
                if held[name] != length:
                    wrong.append(f"{name}: {length} bp in the header, {held[name]} in the FASTA")
            elif (found := _checksum(fasta, name, held[name])) != expected.lower():
                wrong.append(f"{name}: header M5 {expected}, reference md5 {found}")
    if wrong:
        raise InputDataError(
            "the reference is not the one the CRAM was made with (checksum M5)",
            where=f"{path}, reference {reference}",
            offenders=wrong,
            remedy="name the FASTA file that was used when the CRAM was written",
        )
    n_unknown = sum(c is None for c in checksums)
    return [f"{n_unknown} contigs of the header have no M5: only lengths compared"] * (
        n_unknown > 0
    )


@contextmanager
def _open_fasta(path: Path) -> Iterator[Any]:
    try:
        fasta = pysam.FastaFile(str(path))
    except (OSError, ValueError) as error:
        raise InputDataError(
            "cannot read the reference", where=str(path), remedy="check it with `samtools faidx`"
        ) from error
    try:
        yield fasta
    finally:
        fasta.close()


def _checksum(fasta: Any, name: str, length: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for start in range(0, length, _FASTA_CHUNK):
        piece = fasta.fetch(name, start, min(length, start + _FASTA_CHUNK))
        digest.update(piece.upper().encode("ascii"))
    return digest.hexdigest()
