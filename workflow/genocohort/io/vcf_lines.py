"""Parse VCF record lines of one contig into arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import classify_allele
from genocohort.domain.calls import CallBatch
from genocohort.domain.genotype_codes import MISSING_CODE, GenotypeCodes
from genocohort.errors import InputDataError

# Any sum with it is beyond the codes of diploid genotypes, and four of them fit int16.
_INVALID = 5000
# Dosages are written rounded.
_ROUNDED = 0.01
_MAX_DOSAGE = 2 + _ROUNDED
# Index of the missing cell that is added behind a record's own cells.
ABSENT = -1


def _byte_values(values: dict[bytes, int]) -> npt.NDArray[np.int16]:
    table = np.full(256, _INVALID, dtype=np.int16)
    for byte, value in values.items():
        table[ord(byte)] = value
    return table


_DIGITS = {str(n).encode(): n for n in range(10)} | {b".": 10}
_SECOND = _byte_values(_DIGITS)
_FIRST = _byte_values({byte: 11 * value for byte, value in _DIGITS.items()})
_SEPARATOR = _byte_values({b"/": 0, b"|": 0})
_TAB = _byte_values({b"\t": 0})
# DP and GQ are whole numbers; callers that write fractions are kept to this part of one.
_DEPTH_PART = 1024
# Whole numbers up to here are exact as float32.
_LARGEST_DEPTH = 1 << 24


@dataclass(frozen=True)
class LineBatch:
    """Consecutive record lines of one contig, without line ends.

    `previous_pos` is the position of the record before the first one (0 at the start).
    """

    first_record: int
    previous_pos: int
    lines: list[bytes]


@dataclass(frozen=True)
class LineLayout:
    """What the parser must know of the file.

    Attributes
    ----------
    path, contig
        Named in errors.
    n_columns : int
        Sample columns of the file.
    keep : ndarray of int64, or None
        Columns to keep, in the order wanted (ABSENT for a sample the file lacks, whose genotypes
        are missing); None for all as they are.
    depths : bool
        Whether FORMAT/DP and GQ are wanted.
    """

    path: Path
    contig: str
    n_columns: int
    keep: npt.NDArray[np.int64] | None
    depths: bool

    @property
    def n_kept(self) -> int:
        return self.n_columns if self.keep is None else len(self.keep)


def fixed_width_codes(cells: bytes, n: int) -> npt.NDArray[np.int16] | None:
    """Codes of n genotypes of three characters each (`0/1`), or None if the text is another."""
    if n == 0 or len(cells) != 4 * n - 1:
        return None
    text = np.frombuffer(cells + b"\t", dtype=np.uint8).reshape(n, 4)
    codes = _FIRST[text[:, 0]] + _SEPARATOR[text[:, 1]] + _SECOND[text[:, 2]] + _TAB[text[:, 3]]
    return codes if codes.max() < _INVALID else None


class _Numbers(dict[bytes, float]):
    """Values of FORMAT/DP and GQ; the same few texts come again and again."""

    def __missing__(self, text: bytes) -> float:
        value = float("nan") if text in (b".", b"") else float(text)
        if math.isinf(value) or abs(value) > _LARGEST_DEPTH:
            raise ValueError(f"DP or GQ is {text.decode()}")
        if value == value:
            value = round(value * _DEPTH_PART) / _DEPTH_PART
        self[text] = value
        return value


class _BatchParser:
    """Parses the lines of one batch; holds the arrays that its records fill."""

    def __init__(self, batch: LineBatch, layout: LineLayout) -> None:
        n, width = len(batch.lines), layout.n_kept
        self.batch = batch
        self.layout = layout
        self.coder = GenotypeCodes()
        self.numbers = _Numbers()
        self.codes = np.full((n, width), MISSING_CODE, dtype=np.int16)
        self.phased = np.zeros((n, width), dtype=np.bool_)
        self.depths: dict[bytes, npt.NDArray[np.float32]] = {}
        self.dosages: dict[int, npt.NDArray[np.float64]] = {}
        self.allele_depths: npt.NDArray[np.int32] | None = None
        self.n_without_gt = self.n_gt_not_first = 0

    def parse(self) -> CallBatch:
        n = len(self.batch.lines)
        vcf_pos = np.zeros(n, dtype=np.int64)
        qual = np.full(n, np.nan)
        ids, refs, filters = [], [], []
        alts: list[tuple[str, ...]] = []
        previous = self.batch.previous_pos
        for i, line in enumerate(self.batch.lines):
            fields = line.split(b"\t", 9)
            try:
                if len(fields) < 8:
                    raise ValueError(f"{len(fields)} fields where at least 8 are due")
                vcf_pos[i] = previous = self._position(fields[1], previous)
                ids.append(fields[2].decode())
                refs.append(_ref(fields[3]))
                alts.append(_alts(fields[4]))
                if fields[5] != b".":
                    qual[i] = float(fields[5])
                filters.append(fields[6].decode())
                self._genotypes(i, fields, len(alts[-1]))
                self._check_alleles(i, len(alts[-1]))
            except (ValueError, OverflowError) as error:
                raise self._error(i, fields, str(error)) from error
        return CallBatch(
            first_record=self.batch.first_record,
            vcf_pos=vcf_pos,
            variant_id=tuple(ids),
            ref=tuple(refs),
            alts=tuple(alts),
            filter=tuple(filters),
            qual=qual,
            codes=self.codes,
            genotypes=tuple(self.coder.genotypes),
            dp=self.depths.get(b"DP"),
            gq=self.depths.get(b"GQ"),
            allele_depths=self.allele_depths,
            n_without_gt=self.n_without_gt,
            n_gt_not_first=self.n_gt_not_first,
            phased=self.phased,
            dosages=self.dosages,
        )

    def _error(self, i: int, fields: list[bytes], what: str) -> InputDataError:
        position = fields[1].decode(errors="replace") if len(fields) > 1 else "?"
        return record_error(self.layout, self.batch.first_record + i + 1, position, what)

    @staticmethod
    def _position(text: bytes, previous: int) -> int:
        position = int(text)
        if position < previous:
            raise ValueError(f"not sorted: position {position} comes after {previous}")
        return position

    def _genotypes(self, i: int, fields: list[bytes], n_alts: int) -> None:
        layout = self.layout
        if layout.n_columns == 0:
            return
        if len(fields) < 10:
            raise ValueError(f"no sample columns where the header has {layout.n_columns}")
        keys, cells = fields[8], fields[9]
        if keys == b"GT":
            codes = fixed_width_codes(cells, layout.n_columns)
            if codes is not None:
                phased = np.frombuffer(cells, dtype=np.uint8)[1::4] == ord("|")
                if layout.keep is not None:
                    codes = np.append(codes, np.int16(MISSING_CODE))[layout.keep]
                    phased = np.append(phased, False)[layout.keep]
                self.codes[i], self.phased[i] = codes, phased
                return
        self._general(i, keys.split(b":"), self._columns(cells), n_alts)

    def _columns(self, cells: bytes) -> list[bytes]:
        columns = cells.split(b"\t")
        if len(columns) != self.layout.n_columns:
            raise ValueError(
                f"{len(columns)} sample columns where the header has {self.layout.n_columns}"
            )
        keep = self.layout.keep
        if keep is None:
            return columns
        columns.append(b".")
        return [columns[k] for k in keep]

    def _general(self, i: int, keys: list[bytes], columns: list[bytes], n_alts: int) -> None:
        """A record whose genotypes are not all of the form `0/1`, or have further fields."""
        wanted = [k for k in (b"DP", b"GQ") if self.layout.depths and k in keys]
        dosage = next((k for k in (b"DS", b"GP") if k in keys), None)
        by_allele = self.layout.depths and b"AD" in keys
        if wanted or dosage or by_allele or b"GT" in keys[1:]:
            split = [column.split(b":") for column in columns]
            if dosage and n_alts:
                texts = _cells(split, keys.index(dosage))
                read = allele_dosages if dosage == b"DS" else posterior_dosages
                found = np.array([read(text, n_alts) for text in texts]).T
                if not np.isnan(found).all():
                    self.dosages[i] = found
            for key in wanted:
                self._depth(i, key, _cells(split, keys.index(key)))
            genotypes = _cells(split, keys.index(b"GT")) if b"GT" in keys else []
        else:
            genotypes = [column.partition(b":")[0] for column in columns]
        if b"GT" not in keys:
            self.n_without_gt += 1
            return
        self.n_gt_not_first += keys[0] != b"GT"
        self.codes[i] = [self.coder[text] for text in genotypes]
        self.phased[i] = [text.rfind(b"|") > text.rfind(b"/") for text in genotypes]
        if by_allele:
            self._allele_depths(i, _cells(split, keys.index(b"AD")), n_alts)

    def _depth(self, i: int, key: bytes, texts: Sequence[bytes]) -> None:
        if key not in self.depths:
            self.depths[key] = np.full(self.codes.shape, np.nan, dtype=np.float32)
        self.depths[key][i] = [self.numbers[text] for text in texts]

    def _allele_depths(self, i: int, texts: Sequence[bytes], n_alts: int) -> None:
        """AD of the heterozygous genotypes that have REF and one ALT allele."""
        if self.allele_depths is None:
            self.allele_depths = np.full((*self.codes.shape, 2), -1, dtype=np.int32)
        for j, (code, text) in enumerate(zip(self.codes[i].tolist(), texts, strict=True)):
            genotype = self.coder.genotypes[code]
            if len(genotype) == 2 and min(genotype) == 0 and max(genotype) > 0:
                self.allele_depths[i, j] = allele_depths(text, n_alts, max(genotype))

    def _check_alleles(self, i: int, n_alts: int) -> None:
        """No genotype may name an allele that the record does not have."""
        row = self.codes[i]
        if row.size == 0:
            return
        genotypes = self.coder.genotypes
        highest = max(max(genotypes[code]) for code in np.flatnonzero(np.bincount(row)))
        if highest > n_alts:
            raise ValueError(f"a genotype has allele {highest}, but there are {n_alts} ALT alleles")


def _cells(split: list[list[bytes]], index: int) -> list[bytes]:
    """One field of every sample; fields dropped from the end are missing."""
    return [cells[index] if index < len(cells) else b"." for cells in split]


def allele_depths(text: bytes, n_alts: int, allele: int) -> tuple[int, int]:
    """FORMAT/AD of REF and of one ALT allele; -1 unless both are whole numbers, one per allele."""
    values = text.split(b",")
    if len(values) != n_alts + 1 or allele > n_alts:
        return -1, -1
    pair = values[0], values[allele]
    # Digits of ASCII alone: isdigit of bytes knows no others.
    if not all(v.isdigit() and int(v) <= _LARGEST_DEPTH for v in pair):
        return -1, -1
    return int(pair[0]), int(pair[1])


def allele_dosages(text: bytes, n_alts: int) -> list[float]:
    """FORMAT/DS of one sample: expected copies of each ALT allele, NaN where not given."""
    if text in (b".", b""):
        return [math.nan] * n_alts
    values = [math.nan if part == b"." else float(part) for part in text.split(b",")]
    if len(values) != n_alts:
        raise ValueError(f"DS has {len(values)} values for {n_alts} ALT alleles")
    if any(not 0 <= value <= _MAX_DOSAGE for value in values if value == value):
        raise ValueError(f"DS is {text.decode()}, beyond 0 to 2")
    return values


def posterior_dosages(text: bytes, n_alts: int) -> list[float]:
    """Dosage by FORMAT/GP of one sample, where it has one ALT allele; NaN otherwise."""
    if n_alts != 1 or text[:1] == b"." or not text:
        return [math.nan] * n_alts
    values = [float(part) for part in text.split(b",")]
    if any(not 0 <= value <= 1 + _ROUNDED for value in values):
        raise ValueError(f"GP is {text.decode()}, no probabilities")
    if len(values) == 3:
        return [min(values[1] + 2 * values[2], 2.0)]
    return [min(values[1], 1.0)] if len(values) == 2 else [math.nan]


def _ref(text: bytes) -> str:
    ref = text.decode()
    if not ref.isalpha():
        raise ValueError(f"REF is {ref!r}")
    return ref


def _alts(text: bytes) -> tuple[str, ...]:
    if text == b".":
        return ()
    alts = tuple(text.decode().split(","))
    for alt in alts:
        # Sequences are letters; anything else must be one of the specification's other forms.
        if not alt.isalpha() and not (alt == "*" or alt[:1] == "<" or set(alt) & set("[].")):
            raise ValueError(f"ALT is {alt!r}" if alt else "an ALT allele is empty")
        classify_allele("N", alt)
    return alts


def record_error(layout: LineLayout, number: int, position: str, what: str) -> InputDataError:
    """A record (numbered from 1 on its contig) is not what the specification says."""
    return InputDataError(
        f"a record of the calls cannot be read: {what}",
        where=f"{layout.path}, record {number} of {layout.contig} (position {position})",
        expected="records as the VCF specification has them, sorted by position",
        remedy="sort with `bcftools sort`, or make the file again",
    )


def parse_lines(batch: LineBatch, layout: LineLayout) -> CallBatch:
    """Parse one batch of record lines.

    GT is read by its key wherever it stands in FORMAT; a record without it has all its genotypes
    missing.

    Raises
    ------
    InputDataError
        A record is ragged, unsorted, or has a field that is not what the specification says; the
        error names the file, the record's number on its contig and its position.
    """
    return _BatchParser(batch, layout).parse()
