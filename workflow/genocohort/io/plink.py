"""Read one contig of a PLINK 1 (.bed) or PLINK 2 (.pgen) fileset, in batches of records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.calls import CallBatch
from genocohort.domain.genotype_codes import MISSING_CODE, GenotypeCodes, diploid_code
from genocohort.errors import InputDataError
from genocohort.io.calls import calls_companions, calls_format, read_calls_header

# A batch ends with either of these; both come from the data, so batches never depend on threads.
BATCH_RECORDS = 512
BATCH_CALLS = 2 << 20
_BIM_COLUMNS: tuple[str, ...] = ("#CHROM", "ID", "CM", "POS", "ALT", "REF")


@dataclass(frozen=True)
class PlinkRow:
    """One variant as the .bim or .pvar has it."""

    vcf_pos: int
    variant_id: str
    ref: str
    alts: tuple[str, ...]
    qual: float
    filter: str


@dataclass(frozen=True)
class PlinkBatch:
    """Variants [start, end) of the fileset, which are records `first_record` on of the contig."""

    first_record: int
    start: int
    end: int
    rows: tuple[PlinkRow, ...]


class PlinkReader:
    """One contig of a PLINK fileset; the same interface as VcfReader.

    In PLINK 1 files A2 is taken as REF and A1 as ALT, as plink2 does; allele 0 is unknown.

    Raises
    ------
    InputDataError
        A file of the set is missing or damaged, positions are not sorted, or a sample is twice
        there.
    """

    def __init__(self, path: Path, contig: str, samples: Sequence[str] | None = None) -> None:
        self.path = Path(path)
        self.contig = contig
        self.notices: list[str] = []
        self.file_samples = read_calls_header(self.path).samples
        repeated = sorted(n for n, count in Counter(self.file_samples).items() if count > 1)
        if repeated:
            raise InputDataError(
                "two samples of the PLINK fileset have the same IID",
                where=str(self.path),
                offenders=repeated,
            )
        wanted = self.file_samples if samples is None else tuple(samples)
        self.absent = tuple(sorted(set(wanted) - set(self.file_samples)))
        column = {name: i for i, name in enumerate(self.file_samples)}
        self._keep = np.array([column.get(name, -1) for name in wanted], dtype=np.int64)
        self._variants_path = calls_companions(self.path)[0]

    @cached_property
    def _table(self) -> tuple[list[tuple[int, PlinkRow]], npt.NDArray[np.uintp]]:
        """Rows of the contig with their number in the set, and allele offsets of all variants."""
        rows: list[tuple[int, PlinkRow]] = []
        alleles = [0]
        columns = _BIM_COLUMNS
        with open(self._variants_path, encoding="utf-8") as stream:
            for line in stream:
                fields = line.split()
                if not fields or line.startswith("##"):
                    continue
                if line.startswith("#CHROM"):
                    columns = tuple(fields)
                    continue
                row = self._row(dict(zip(columns, fields, strict=False)), len(alleles) - 1)
                if fields[0] == self.contig:
                    rows.append((len(alleles) - 1, row))
                alleles.append(alleles[-1] + 1 + max(len(row.alts), 1))
        return rows, np.array(alleles, dtype=np.uintp)

    def _row(self, fields: dict[str, str], number: int) -> PlinkRow:
        try:
            alt, qual = fields["ALT"], fields.get("QUAL", ".")
            return PlinkRow(
                int(fields["POS"]),
                fields["ID"],
                "N" if fields["REF"] in ("0", ".") else fields["REF"],
                () if alt in ("0", ".") else tuple(alt.split(",")),
                float("nan") if qual == "." else float(qual),
                fields.get("FILTER", "."),
            )
        except (KeyError, ValueError) as error:
            raise InputDataError(
                f"a variant cannot be read ({error})",
                where=f"{self._variants_path}, variant {number + 1}",
            ) from error

    def batches(self) -> Iterator[PlinkBatch]:
        """Raw batches of the contig's variants, in order."""
        rows, _ = self._table
        for (before, one), (number, row) in pairwise(rows):
            if number != before + 1 or row.vcf_pos < one.vcf_pos:
                raise InputDataError(
                    f"the variants of {self.contig} are not sorted",
                    where=f"{self._variants_path}, variant {number + 1}",
                    remedy="sort with `plink2 --make-pgen --sort-vars`",
                )
        size = max(1, min(BATCH_RECORDS, BATCH_CALLS // max(len(self.file_samples), 1)))
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            batch = tuple(row for _, row in part)
            yield PlinkBatch(first, part[0][0], part[-1][0] + 1, batch)

    def parse(self, batch: PlinkBatch) -> CallBatch:
        """Read the genotypes of one raw batch; may run in any thread."""
        coder = GenotypeCodes()
        codes, phased = self._codes(batch, coder)
        padded = np.concatenate(
            [codes, np.full((len(codes), 1), MISSING_CODE, dtype=np.int16)], axis=1
        )
        signs = np.concatenate([phased, np.zeros((len(codes), 1), dtype=np.bool_)], axis=1)
        rows = batch.rows
        return CallBatch(
            first_record=batch.first_record,
            vcf_pos=np.array([r.vcf_pos for r in rows], dtype=np.int64),
            variant_id=tuple(r.variant_id for r in rows),
            ref=tuple(r.ref for r in rows),
            alts=tuple(r.alts for r in rows),
            filter=tuple(r.filter for r in rows),
            qual=np.array([r.qual for r in rows], dtype=np.float64),
            codes=np.ascontiguousarray(padded[:, self._keep]),
            genotypes=tuple(coder.genotypes),
            phased=np.ascontiguousarray(signs[:, self._keep]),
        )

    def _codes(
        self, batch: PlinkBatch, coder: GenotypeCodes
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
        import pgenlib

        n, width = batch.end - batch.start, len(self.file_samples)
        offsets = self._table[1]
        alleles = np.empty((n, 2 * width), dtype=np.int32)
        phased = np.zeros((n, width), dtype=np.bool_)
        is_bed = calls_format(self.path) == "plink1"
        try:
            with pgenlib.PgenReader(
                str(self.path).encode(),
                raw_sample_ct=width,
                variant_ct=len(offsets) - 1,
                allele_idx_offsets=None if is_bed else offsets,
            ) as reader:
                if is_bed:
                    reader.read_alleles_range(batch.start, batch.end, alleles)
                else:
                    # Homozygous calls count as phased here, too: the store keeps none for them.
                    reader.read_alleles_and_phasepresent_range(
                        batch.start, batch.end, alleles, phased
                    )
        except (RuntimeError, OSError) as error:
            raise InputDataError(
                f"the PLINK fileset cannot be read ({error})",
                where=str(self.path),
                remedy="check with `plink2 --validate`, or make it again",
            ) from error
        first, second = alleles[:, ::2], alleles[:, 1::2]
        codes = diploid_code(first, second)
        for i, j in zip(*np.nonzero((first > 9) | (second > 9)), strict=True):
            codes[i, j] = coder.code((int(first[i, j]), int(second[i, j])))
        return codes, phased
