"""The genotype store: one PLINK 2 fileset per chromosome (.pgen, .pvar, .psam), biallelic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from genocohort.domain.arrow_columns import (
    arrow_to_numpy,
    list_to_arrow,
    numpy_to_arrow,
    text_scalar,
)
from genocohort.domain.sheet import Sample, Sex
from genocohort.errors import InputDataError
from genocohort.io.atomic import replacing, write_text
from genocohort.io.pgen import CALL, PgenSpool, encode_row

MISSING = -1
# Rows whose lines are made at once.
_PVAR_ROWS = 65_536
_SEX_CODE = {"male": "1", "female": "2", "unknown": "NA"}
_SEX: dict[str, Sex] = {"1": "male", "2": "female"}
_PVAR_COLUMNS = ("chrom", "vcf_pos", "variant_id", "ref", "alt", "qual", "filter", "info")
_PVAR_HEADER = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


@dataclass(frozen=True)
class StoredVariants:
    """The variants of a store, in order; arrays of shape (n_variants,).

    Texts are held by Arrow, a few bytes each; an array of Python's texts, which takes ten times as
    much, is made where one of the properties is asked for.

    Attributes
    ----------
    texts : pyarrow.Table
        Columns variant_id, ref, alt, filter, and info: where the record came from
        (`RECORD=n;ALLELE=k`: 0-based record of the chromosome's calls, 1-based ALT allele of it).
    vcf_pos : ndarray, int64
        1-based positions.
    """

    texts: pa.Table
    vcf_pos: npt.NDArray[np.int64]

    def chosen(self, name: str, indices: npt.NDArray[np.int64]) -> list[str]:
        """Texts of some variants."""
        found: list[str] = self.texts[name].take(numpy_to_arrow(indices, pa.int64())).to_pylist()
        return found

    @cached_property
    def variant_id(self) -> npt.NDArray[np.object_]:
        """Ids."""
        return self._objects("variant_id")

    @cached_property
    def ref(self) -> npt.NDArray[np.object_]:
        """REF alleles."""
        return self._objects("ref")

    @cached_property
    def alt(self) -> npt.NDArray[np.object_]:
        """ALT alleles."""
        return self._objects("alt")

    @cached_property
    def filter(self) -> npt.NDArray[np.object_]:
        """FILTER as written."""
        return self._objects("filter")

    def _objects(self, name: str) -> npt.NDArray[np.object_]:
        return np.array(self.texts[name].to_pylist(), dtype=object)


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
        return tuple(row[1] for row in self._psam)

    @cached_property
    def sexes(self) -> tuple[Sex, ...]:
        """Recorded sex of each sample."""
        return tuple(_SEX.get(row[2], "unknown") for row in self._psam)

    @cached_property
    def _psam(self) -> list[list[str]]:
        path = self._pgen.with_name(f"{self.chromosome}.psam")
        lines = path.read_text(encoding="utf-8").splitlines()
        return [line.split("\t") for line in lines if not line.startswith("#")]

    @cached_property
    def variants(self) -> StoredVariants:
        """The variants, in order."""
        path = self._pgen.with_name(f"{self.chromosome}.pvar")
        table = _read_pvar(path)
        chunks = [arrow_to_numpy(chunk) for chunk in table["vcf_pos"].chunks]
        position = np.concatenate([np.zeros(0, dtype=np.int64), *chunks])
        return StoredVariants(table.drop_columns(["vcf_pos"]), position)

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
        import pgenlib

        with pgenlib.PgenReader(
            str(self._pgen).encode(), raw_sample_ct=self.n_samples, variant_ct=self.n_variants
        ) as reader:
            reader.read_range(start, end, calls)
        return np.maximum(calls, MISSING, out=calls)

    def blocks(self, size: int) -> Iterator[tuple[int, int, npt.NDArray[np.int8]]]:
        """All calls in blocks of at most `size` variants: (start, end, calls)."""
        for start in range(0, self.n_variants, size):
            end = min(start + size, self.n_variants)
            yield start, end, self.read(start, end)


def _read_pvar(path: Path) -> pa.Table:
    """Columns of a .pvar as Arrow's texts, and its positions as numbers."""
    types = dict.fromkeys(_PVAR_COLUMNS, pa.string()) | {"vcf_pos": pa.int64()}
    wanted = ["vcf_pos", "variant_id", "ref", "alt", "filter", "info"]
    with open(path, "rb") as stream:
        start = 0
        while (line := stream.readline()).startswith(b"#"):
            start = stream.tell()
        if not line:
            return pa.table({name: list_to_arrow([], types[name]) for name in wanted})
        stream.seek(start)
        return csv.read_csv(
            stream,
            csv.ReadOptions(use_threads=False, column_names=list(_PVAR_COLUMNS)),
            csv.ParseOptions(delimiter="\t", quote_char=False),
            csv.ConvertOptions(
                column_types=types, include_columns=wanted, strings_can_be_null=False
            ),
        )


def write_pgen(
    path: Path, n_samples: int, n_variants: int, blocks: Iterator[npt.NDArray[np.int8]]
) -> int:
    """Write calls to a .pgen, atomically; a chromosome without variants gets an empty file.

    Parameters
    ----------
    n_variants : int
        Rows that `blocks` will give.
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
    with PgenSpool() as spool:
        for block in blocks:
            rows = [encode_row((row & CALL).astype(np.uint8)) for row in block]
            kinds = np.array([kind for kind, _ in rows], dtype=np.uint8)
            sizes = np.array([len(data) for _, data in rows], dtype=np.uint32)
            spool.add(b"".join(data for _, data in rows), kinds, sizes)
        written = spool.write(path, n_samples)
    if written != n_variants:
        raise ValueError(f"{path}: {written} variants given, {n_variants} announced")
    return written


def write_psam(path: Path, samples: Sequence[Sample]) -> None:
    """Write the .psam: sample ids and recorded sex; the family, which regenie wants, is 0."""
    rows = [f"0\t{s.sample_id}\t{_SEX_CODE[s.sex]}" for s in samples]
    write_text(path, "\n".join(["#FID\tIID\tSEX", *rows]) + "\n")


def write_pvar(
    path: Path,
    contig_lines: Sequence[str],
    rows: Iterable[tuple[str, int, str, str, str, str, str, str]],
) -> None:
    """Write the .pvar; rows: chromosome, 1-based position, id, ref, alt, qual, filter, info."""
    text = pa.string()
    columns = [
        list_to_arrow([str(value) for value in column], text) for column in zip(*rows, strict=True)
    ]
    write_pvar_rows(path, contig_lines, columns)


def write_pvar_rows(
    path: Path, contig_lines: Sequence[str], columns: Sequence[pa.StringArray | str]
) -> None:
    """Write the .pvar from columns, as `write_pvar` has them; a text stands for all rows."""
    with replacing(path) as temporary, open(temporary, "wb") as stream:
        for line in (*contig_lines, _PVAR_HEADER):
            stream.write(f"{line}\n".encode())
        n = max((len(c) for c in columns if not isinstance(c, str)), default=0)
        for start in range(0, n, _PVAR_ROWS):
            part = [
                text_scalar(c) if isinstance(c, str) else c.slice(start, _PVAR_ROWS)
                for c in columns
            ]
            lines = pc.binary_join_element_wise(*part, text_scalar("\t"))
            ended = pc.binary_join_element_wise(lines, text_scalar(""), text_scalar("\n"))
            # The texts of an array stand one behind the other.
            _, offsets, data = ended.buffers()
            stream.write(data[: int(np.frombuffer(offsets, dtype=np.int32)[len(ended)])])
