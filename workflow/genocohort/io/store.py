"""The genotype store: one PLINK 2 fileset per chromosome (.pgen, .pvar, .psam), biallelic."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pgenlib

from genocohort.domain.sheet import Sample, Sex
from genocohort.errors import InputDataError
from genocohort.io.atomic import replacing, write_text

MISSING = -1
# Spooled calls read back at once, in bytes (4 calls each).
_SPOOL_BYTES = 1 << 20
_SEX_CODE = {"male": "1", "female": "2", "unknown": "NA"}
_SEX: dict[str, Sex] = {"1": "male", "2": "female"}
_PVAR_HEADER = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


@dataclass(frozen=True)
class StoredVariants:
    """The variants of a store, in order; shapes (n_variants,).

    `vcf_pos` is 1-based (int64); `info` holds where the record came from (`RECORD=n;ALLELE=k`:
    0-based record of the chromosome's calls, 1-based ALT allele of it).
    """

    vcf_pos: npt.NDArray[np.int64]
    variant_id: npt.NDArray[np.object_]
    ref: npt.NDArray[np.object_]
    alt: npt.NDArray[np.object_]
    filter: npt.NDArray[np.object_]
    info: npt.NDArray[np.object_]


class Store:
    """One chromosome of the genotype store, read by blocks.

    Calls are ALT allele counts as int8: 0, 1, 2, and -1 missing. Haploid calls (males on X outside
    the pseudo-autosomal regions, Y, MT) are stored as 0 or 2, as PLINK does.

    Raises
    ------
    InputDataError
        A file of the set is missing or its numbers of samples or variants disagree.
    """

    def __init__(self, folder: Path, chromosome: str) -> None:
        self.chromosome = chromosome
        self._pgen = Path(folder) / f"{chromosome}.pgen"
        for suffix in (".pgen", ".pvar", ".psam"):
            if not self._pgen.with_name(f"{chromosome}{suffix}").exists():
                raise InputDataError(
                    f"the genotype store lacks {chromosome}{suffix}",
                    where=str(folder),
                    remedy="run the step `genotypes` again",
                )

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Sample ids, in order."""
        return tuple(row[0] for row in self._psam)

    @cached_property
    def sexes(self) -> tuple[Sex, ...]:
        """Recorded sex of each sample."""
        return tuple(_SEX.get(row[1], "unknown") for row in self._psam)

    @cached_property
    def _psam(self) -> list[list[str]]:
        path = self._pgen.with_name(f"{self.chromosome}.psam")
        lines = path.read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")]

    @cached_property
    def variants(self) -> StoredVariants:
        """The variants, in order."""
        path = self._pgen.with_name(f"{self.chromosome}.pvar")
        with open(path, encoding="utf-8") as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream if not line.startswith("#")]
        columns = [[row[i] for row in rows] for i in (1, 2, 3, 4, 6, 7)]
        return StoredVariants(
            np.array(columns[0], dtype=np.int64),
            *(np.array(c, dtype=object) for c in columns[1:]),
        )

    @property
    def n_samples(self) -> int:
        return len(self.samples)

    @property
    def n_variants(self) -> int:
        return len(self.variants.vcf_pos)

    def read(self, start: int, end: int) -> npt.NDArray[np.int8]:
        """Calls of variants [start, end); shape (end - start, n_samples), int8, -1 missing."""
        calls = np.empty((end - start, self.n_samples), dtype=np.int8)
        if calls.size == 0:
            return calls
        with pgenlib.PgenReader(
            str(self._pgen).encode(), raw_sample_ct=self.n_samples, variant_ct=self.n_variants
        ) as reader:
            reader.read_range(start, end, calls)
        calls[calls < 0] = MISSING
        return calls

    def blocks(self, size: int) -> Iterator[tuple[int, int, npt.NDArray[np.int8]]]:
        """All calls in blocks of at most `size` variants: (start, end, calls)."""
        for start in range(0, self.n_variants, size):
            end = min(start + size, self.n_variants)
            yield start, end, self.read(start, end)


def write_pgen(
    path: Path, n_samples: int, n_variants: int | None, blocks: Iterator[npt.NDArray[np.int8]]
) -> int:
    """Write calls to a .pgen, atomically; a chromosome without variants gets an empty file.

    Parameters
    ----------
    n_variants : int or None
        Rows that `blocks` will give; None where that is not known: the calls then go through a
        temporary file (2 bits per call, in the job's scratch), since the format needs it first.
    blocks : iterator of ndarray, shape (any, n_samples), int8
        0, 1, 2 ALT alleles, -1 missing.

    Returns
    -------
    int
        Variants written.

    Raises
    ------
    ValueError
        `blocks` gave another number of rows than announced.
    """
    with replacing(path) as temporary:
        if n_variants is not None:
            return _write_rows(temporary, n_samples, n_variants, blocks)
        with tempfile.TemporaryFile() as spool:
            written = sum(_spool(spool, block) for block in blocks)
            spool.seek(0)
            return _write_rows(temporary, n_samples, written, _unspool(spool, n_samples))


def _write_rows(
    path: Path, n_samples: int, n_variants: int, blocks: Iterator[npt.NDArray[np.int8]]
) -> int:
    if n_variants == 0 or n_samples == 0:
        path.write_bytes(b"")
        return n_variants
    written = 0
    with pgenlib.PgenWriter(
        str(path).encode(), n_samples, variant_ct=n_variants, nonref_flags=False
    ) as writer:
        for block in blocks:
            coded = np.ascontiguousarray(np.where(block < 0, np.int8(-9), block))
            for row in coded:
                writer.append_biallelic(row)
            written += len(coded)
    if written != n_variants:
        raise ValueError(f"{path}: {written} variants given, {n_variants} announced")
    return written


def _spool(spool: IO[bytes], block: npt.NDArray[np.int8]) -> int:
    """Append a block, four calls to a byte (3: missing), every row padded to whole bytes."""
    width = -(-block.shape[1] // 4) * 4
    padded = np.zeros((len(block), width), dtype=np.uint8)
    padded[:, : block.shape[1]] = block & 3
    quads = padded.reshape(len(block), -1, 4)
    packed = quads[..., 0] | quads[..., 1] << 2 | quads[..., 2] << 4 | quads[..., 3] << 6
    spool.write(packed.tobytes())
    return len(block)


def _unspool(spool: IO[bytes], n_samples: int) -> Iterator[npt.NDArray[np.int8]]:
    row_bytes = -(-n_samples // 4)
    rows = max(1, _SPOOL_BYTES // max(row_bytes, 1))
    decode = np.array([[(b >> s) & 3 for s in (0, 2, 4, 6)] for b in range(256)], dtype=np.int8)
    decode[decode == 3] = MISSING
    while raw := spool.read(rows * row_bytes):
        packed = np.frombuffer(raw, dtype=np.uint8).reshape(-1, row_bytes)
        yield decode[packed].reshape(len(packed), -1)[:, :n_samples]


def write_psam(path: Path, samples: Sequence[Sample]) -> None:
    """Write the .psam: sample ids and recorded sex."""
    rows = [f"{s.sample_id}\t{_SEX_CODE[s.sex]}" for s in samples]
    write_text(path, "\n".join(["#IID\tSEX", *rows]) + "\n")


def write_pvar(
    path: Path,
    contig_lines: Sequence[str],
    rows: Iterable[tuple[str, int, str, str, str, str, str, str]],
) -> None:
    """Write the .pvar; rows: chromosome, 1-based position, id, ref, alt, qual, filter, info."""
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        for line in contig_lines:
            stream.write(line + "\n")
        stream.write(_PVAR_HEADER + "\n")
        for row in rows:
            stream.write("\t".join(map(str, row)) + "\n")
