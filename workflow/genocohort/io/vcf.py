"""Stream the records of one contig from a VCF (plain, gzip, bgzip) or BCF, in batches."""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from genocohort.domain.calls import CallBatch
from genocohort.errors import InputDataError
from genocohort.io.bgzf import has_eof_marker, is_bgzf, is_gzip
from genocohort.io.calls_index import (
    CallsIndex,
    IndexedContig,
    index_path,
    is_stale,
    read_calls_index,
)
from genocohort.io.vcf_lines import ABSENT, LineBatch, LineLayout, parse_lines, record_error

# A batch ends with either of these; both come from the data, so batches never depend on threads.
BATCH_RECORDS = 512
BATCH_BYTES = 8 << 20


def damaged_error(path: Path, how: str) -> InputDataError:
    """A file of calls is not whole."""
    return InputDataError(
        f"the file of calls is damaged: {how}",
        where=str(path),
        expected="a whole file (VCF, bgzipped VCF or BCF)",
        remedy="copy or make it again",
    )


@dataclass(frozen=True)
class TextSource:
    """Where the lines of one contig stand in a plain or bgzipped VCF, and what may be wrong there.

    Attributes
    ----------
    path : Path
    layout : LineLayout
    is_plain : bool
        Whether the file is not compressed.
    is_indexed : bool
        Whether the contig's place is known; lines of other contigs then end it.
    start : int or None
        Offset of a line at or before the first record, virtual in a bgzipped file; None: no record.
    end : int
        Offset that all blocks of the contig begin before; -1: the file's end.
    n_expected : int or None
        Records that the index counts.
    """

    path: Path
    layout: LineLayout
    is_plain: bool
    is_indexed: bool
    start: int | None
    end: int
    n_expected: int | None

    def damaged(self, how: str) -> InputDataError:
        """The file is not whole."""
        return damaged_error(self.path, how)

    def in_two_places(self) -> InputDataError:
        """Records of other contigs stand between those of this one."""
        return InputDataError(
            f"the calls are not sorted: records of {self.layout.contig} stand in two places",
            where=str(self.path),
            remedy="sort with `bcftools sort`",
        )

    def unsorted(self, number: int, pos: int, previous: int) -> InputDataError:
        """Record `number` (from 1) lies before the one before it."""
        return record_error(
            self.layout, number, str(pos), f"not sorted: position {pos} comes after {previous}"
        )

    def check_count(self, n: int) -> None:
        """Compare the records found with those that the index counts.

        Raises
        ------
        InputDataError
            They differ: the index is of another file, or the file is damaged.
        """
        if self.n_expected is not None and self.n_expected != n:
            raise InputDataError(
                f"{self.layout.contig} has {n} records, but the index counts {self.n_expected}",
                where=str(self.path),
                remedy="make the index again with `bcftools index -f`; if that does not help, "
                "the file is damaged",
            )


class VcfReader:
    """One contig of a VCF or BCF.

    `batches` gives raw batches in order; `parse` turns one into arrays and may run in any thread.

    Parameters
    ----------
    path : Path
    contig : str
        Name as in the file.
    samples : sequence of str, or None
        Columns to keep, in the order wanted; None for all. Names that the file lacks are in
        `absent` and have missing genotypes.
    depths : bool
        Whether FORMAT/DP and GQ are wanted.

    Attributes
    ----------
    file_samples : tuple of str
    absent : tuple of str
    notices : list of str
        What was tolerated; complete after the last batch.

    Raises
    ------
    InputDataError
        The file is damaged, is not sorted, or names a sample twice.
    """

    def __init__(
        self, path: Path, contig: str, samples: Sequence[str] | None = None, *, depths: bool = False
    ) -> None:
        self.path = Path(path)
        self.contig = contig
        self.notices: list[str] = []
        self._is_bcf = self.path.name.endswith(".bcf")
        self._check_whole()
        self.file_samples, header_contigs = self._read_header()
        self._check_names()
        if contig not in header_contigs:
            self.notices.append(f"{path}: the header has no ##contig line for {contig}")
        wanted = self.file_samples if samples is None else tuple(samples)
        self.absent = tuple(sorted(set(wanted) - set(self.file_samples)))
        self._layout = LineLayout(
            self.path, contig, len(self.file_samples), self._columns(wanted), depths
        )
        self._entry = self._usable_index(header_contigs)
        self._source = self._make_source()

    @property
    def source(self) -> TextSource:
        """What is known of the contig's lines."""
        return self._source

    def text(self) -> TextSource | None:
        """Where the lines stand; None for gzip and BCF, which have no lines to begin at."""
        if self._is_bcf or (is_gzip(self.path) and not self._is_bgzf):
            return None
        return self._source

    def _make_source(self) -> TextSource:
        entry = self._entry
        return TextSource(
            path=self.path,
            layout=self._layout,
            is_plain=not is_gzip(self.path),
            is_indexed=entry is not None,
            start=entry.start if entry else 0,
            end=(entry.end >> 16) + 1 if entry else -1,
            n_expected=entry.n_records if entry else None,
        )

    def _columns(self, wanted: Sequence[str]) -> npt.NDArray[np.int64] | None:
        if tuple(wanted) == self.file_samples:
            return None
        column = {name: i for i, name in enumerate(self.file_samples)}
        return np.array([column.get(name, ABSENT) for name in wanted], dtype=np.int64)

    def _check_whole(self) -> None:
        if not self.path.exists():
            raise InputDataError("the file of calls does not exist", where=str(self.path))
        compressed = is_gzip(self.path)
        self._is_bgzf = compressed and is_bgzf(self.path)
        if self._is_bgzf and not has_eof_marker(self.path):
            raise damaged_error(self.path, "its end-of-file block is missing, so it is cut off")
        if compressed and not self._is_bgzf:
            self.notices.append(
                f"{self.path}: compressed by gzip, not bgzip: read from its start for every "
                "chromosome; `gunzip -c FILE | bgzip > NEW && bcftools index NEW` makes it faster"
            )

    @contextmanager
    def _open(self, offset: int = 0) -> Iterator[BinaryIO]:
        """The text at a virtual offset of a VCF."""
        with open(self.path, "rb") as raw:
            if not is_gzip(self.path):
                yield raw
                return
            # A BGZF block is a gzip member, so Python's reader can start at any; it checks CRCs.
            raw.seek(offset >> 16)
            with gzip.GzipFile(fileobj=raw) as inflated:
                inflated.read(offset & 0xFFFF)
                buffered = io.BufferedReader(cast(io.RawIOBase, inflated), 1 << 20)
                yield cast(BinaryIO, buffered)

    def _read_header(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if self._is_bcf:
            return self._read_bcf_header()
        contigs = []
        with self._reporting(), self._open() as stream:
            for line in stream:
                text = line.decode()
                if text.startswith("##contig=<"):
                    fields = text[len("##contig=<") :].rstrip(">\r\n").split(",")
                    contigs += [f[3:] for f in fields if f.startswith("ID=")]
                elif text.startswith("#CHROM"):
                    if text.endswith("\r\n"):
                        self.notices.append(f"{self.path}: CRLF line ends read as LF")
                    return tuple(text.rstrip("\r\n").split("\t")[9:]), tuple(contigs)
                elif not text.startswith("##"):
                    break
        raise InputDataError("the VCF header has no #CHROM line", where=str(self.path))

    def _read_bcf_header(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        import pysam

        with self._reporting(), pysam.VariantFile(str(self.path)) as variants:
            return tuple(variants.header.samples), tuple(variants.header.contigs)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn what damaged files raise into one error that says so."""
        try:
            yield
        except EOFError as error:
            raise damaged_error(
                self.path, "it is cut off in the middle of a compressed block"
            ) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise damaged_error(self.path, "its compressed data is corrupt (checksum)") from error
        except UnicodeDecodeError as error:
            raise damaged_error(self.path, "its header is not UTF-8 text") from error
        except (OSError, ValueError) as error:
            raise damaged_error(self.path, f"it cannot be read ({error})") from error

    def _check_names(self) -> None:
        repeated = sorted(n for n, count in Counter(self.file_samples).items() if count > 1)
        if repeated:
            raise InputDataError(
                "two sample columns of the calls have the same name",
                where=str(self.path),
                offenders=repeated,
                remedy="rename them with `bcftools reheader -s`",
            )

    def _usable_index(self, header_contigs: Sequence[str]) -> IndexedContig | None:
        """The contig in the index, or None: then the whole file is read."""
        found = index_path(self.path) if self._is_bgzf else None
        if found is None:
            return None
        if is_stale(self.path, found):
            self.notices.append(
                f"{found}: older than its file and not used; the whole file is read "
                "(make it again with `bcftools index -f`)"
            )
            return None
        try:
            index = read_calls_index(found)
        except ValueError as error:
            self.notices.append(f"{found}: {error}; not used, the whole file is read")
            return None
        if not index.names:
            index = CallsIndex(index.path, tuple(header_contigs), index.contigs)
        return index.find(self.contig)

    def batches(self) -> Iterator[LineBatch]:
        """Raw batches of the contig's records, in order."""
        lines: list[bytes] = []
        n, size, previous = 0, 0, 0
        with self._reporting():
            for line in self._contig_lines():
                lines.append(line)
                size += len(line)
                if len(lines) == BATCH_RECORDS or size >= BATCH_BYTES:
                    yield LineBatch(n, previous, lines)
                    n, previous = n + len(lines), _position(lines[-1])
                    lines, size = [], 0
        n += len(lines)
        self._source.check_count(n)
        if lines:
            yield LineBatch(n - len(lines), previous, lines)

    def _contig_lines(self) -> Iterator[bytes]:
        if self._is_bcf:
            yield from self._bcf_lines()
            return
        if self._entry is not None and self._entry.start is None:
            return
        prefix = self.contig.encode() + b"\t"
        indexed = self._entry is not None
        offset = self._entry.start if self._entry and self._entry.start else 0
        seen = left = False
        with self._open(offset) as stream:
            for line in stream:
                if line.startswith(prefix):
                    if left:
                        raise self._source.in_two_places()
                    seen = True
                    yield line.rstrip(b"\r\n")
                elif seen:
                    if indexed:
                        return
                    left = True

    def _bcf_lines(self) -> Iterator[bytes]:
        import pysam

        seen = left = False
        with pysam.VariantFile(str(self.path)) as variants:
            if self._entry is not None:
                fetched = variants.fetch(self.contig) if self._entry.start is not None else ()
            else:
                fetched = variants
            for record in fetched:
                if record.chrom != self.contig:
                    left = seen
                    continue
                if left:
                    raise self._source.in_two_places()
                seen = True
                yield str(record).rstrip("\n").encode()

    def parse(self, batch: LineBatch) -> CallBatch:
        """Parse one raw batch; may run in any thread.

        Raises
        ------
        InputDataError
            A record cannot be read.
        """
        return parse_lines(batch, self._layout)


def _position(line: bytes) -> int:
    text = line.split(b"\t", 2)[1:2]
    return int(text[0]) if text and text[0].isdigit() else 0
