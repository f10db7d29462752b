"""What is known of a chromosome's store: its variants' ids, and what was left out and why."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from genocohort.domain.alleles import ORDINARY
from genocohort.domain.arrow_columns import (
    arrow_to_numpy,
    list_to_arrow,
    numpy_to_arrow,
    text_scalar,
)
from genocohort.domain.call_counts import CLASS_CODE, CountedRows, column
from genocohort.domain.ploidy import GenotypeClass
from genocohort.domain.site_filter import LEFT_OUT
from genocohort.domain.tables_variants import ALLELE_CLASSES

# Longer alleles would make ids that no tool shows; these variants are named by their record.
_MAX_ID_ALLELES = 80

STORED = "stored"
DROPPED_GENOTYPES = {
    GenotypeClass.HALF: "half-called: missing in the store",
    GenotypeClass.OTHER_PLOIDY: "three or more alleles: missing in the store",
    GenotypeClass.HET_HAPLOID: "heterozygous where one allele is expected: missing in the store",
    GenotypeClass.NOT_EXPECTED: "called in a female on Y: missing in the store",
}
_ORDINARY_CODES = np.array([CLASS_CODE[name] for name in ORDINARY])


@dataclass
class Tally:
    """What was met and what was left out; tallies of parts add up.

    Attributes
    ----------
    records : int
    records_left_out : Counter of str
        Records without any stored allele, by reason.
    alleles : Counter of str
        ALT alleles by class.
    genotypes : Counter of str
        Genotypes with a called allele, of the records stored: `stored`, or why they are missing.
    """

    records: int = 0
    records_left_out: Counter[str] = field(default_factory=Counter)
    alleles: Counter[str] = field(default_factory=Counter)
    genotypes: Counter[str] = field(default_factory=Counter)

    def add(self, rows: CountedRows) -> None:
        """Count the rows of one part."""
        values = rows.values
        self.records += rows.n_records
        real = values[:, column("allele")] > 0
        kinds = values[:, column("allele_class")]
        by_kind = np.bincount(kinds[real], minlength=len(ALLELE_CLASSES))
        self.alleles.update(
            {name: int(n) for name, n in zip(ALLELE_CLASSES, by_kind, strict=True) if n}
        )
        stored = stored_rows(values)
        records = values[:, column("record")]
        has_stored = np.zeros(rows.n_records, dtype=np.bool_)
        has_stored[records[stored]] = True
        without = int((~real).sum())
        if without:
            self.records_left_out[_reason(set())] += without
        for record in np.unique(records[real & ~has_stored[records]]):
            own = kinds[np.searchsorted(records, record) : np.searchsorted(records, record + 1)]
            self.records_left_out[_reason({ALLELE_CLASSES[k] for k in own})] += 1
        self._add_genotypes(values[(values[:, column("allele")] <= 1) & has_stored[records]])

    def add_left_out(self, n_left_out: npt.NDArray[np.int64]) -> None:
        """Count the records that a site filter left out, in the order of LEFT_OUT."""
        for reason, n in zip(LEFT_OUT, n_left_out.tolist(), strict=True):
            if n:
                self.records_left_out[reason] += n

    def _add_genotypes(self, values: npt.NDArray[np.int64]) -> None:
        """Genotypes of stored records, one row each."""
        start = column("n_hom_ref")
        classes = values[:, start:].sum(axis=0)
        for kind, reason in DROPPED_GENOTYPES.items():
            self.genotypes[reason] += int(classes[kind])
        never = DROPPED_GENOTYPES[GenotypeClass.NOT_EXPECTED]
        self.genotypes[never] = self.genotypes[never] - int(classes[GenotypeClass.NOT_EXPECTED])
        self.genotypes[never] += int(values[:, column("n_not_expected_called")].sum())
        left_out = {GenotypeClass.MISSING, *DROPPED_GENOTYPES}
        self.genotypes[STORED] += int(
            sum(n for kind, n in enumerate(classes) if kind not in left_out)
        )


def stored_rows(values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which rows of `CountedRows.values` enter the store."""
    ordinary = np.isin(values[:, column("allele_class")], _ORDINARY_CODES)
    return np.asarray(ordinary & (values[:, column("allele")] > 0))


def _reason(kinds: set[str]) -> str:
    if kinds <= {"no_alt"}:
        return "no ALT allele (monomorphic)"
    return "only alleles without a known sequence (" + ", ".join(sorted(kinds)) + ")"


def compute_unique_ids(
    chromosome: str,
    given: pa.StringArray,
    vcf_pos: pa.Array,
    ref: pa.StringArray,
    alt: pa.StringArray,
    record: pa.Array,
    allele: pa.Array,
) -> pa.StringArray:
    """An id for every row of the store, each different.

    The calls' own ID is kept where it stands for one row only; otherwise the id is
    `chromosome:position:ref:alt`, with the record's number where that is not unique or too long.
    """
    n = len(given)
    if n == 0:
        return given
    colon, nothing = text_scalar(":"), text_scalar("")
    keeps = pc.and_(_is_single(given), pc.not_equal(given, text_scalar(".")))
    place = pc.binary_join_element_wise(text_scalar(chromosome), vcf_pos.cast(pa.string()), colon)
    made = pc.binary_join_element_wise(place, ref, alt, colon)
    size = arrow_to_numpy(pc.add(pc.binary_length(ref), pc.binary_length(alt)))
    by_alleles = numpy_to_arrow(size <= _MAX_ID_ALLELES, pa.bool_())
    usable = pc.and_(by_alleles, _is_single(made))
    kept = given.filter(keeps)
    own = pc.and_(usable, pc.invert(pc.is_in(made, value_set=kept)))
    if pc.all(pc.or_(keeps, own)).as_py():
        return pc.if_else(keeps, given, made)
    numbered = pc.binary_join_element_wise(
        pc.if_else(by_alleles, made, place),
        pc.binary_join_element_wise(text_scalar("record"), record.cast(pa.string()), nothing),
        pc.binary_join_element_wise(text_scalar("allele"), allele.cast(pa.string()), nothing),
        colon,
    )
    ids = pc.if_else(keeps, given, pc.if_else(own, made, numbered))
    if pc.count_distinct(ids).as_py() == n:
        return ids
    return _told_apart(ids.to_pylist(), set(kept.to_pylist()), keeps.to_pylist())


def _is_single(texts: pa.StringArray) -> pa.BooleanArray:
    """Whether each text stands once in the array."""
    counted = texts.value_counts()
    if len(counted) == len(texts):
        return numpy_to_arrow(np.ones(len(texts), dtype=np.bool_), pa.bool_())
    often = arrow_to_numpy(counted.field("counts")) > 1
    repeated = counted.field("values").filter(numpy_to_arrow(often, pa.bool_()))
    return pc.invert(pc.is_in(texts, value_set=repeated))


def _told_apart(ids: list[str], used: set[str], keeps: list[bool]) -> pa.StringArray:
    """Append `_` to made ids until none is used twice."""
    for i, name in enumerate(ids):
        if keeps[i]:
            continue
        while name in used:
            name += "_"
        used.add(name)
        ids[i] = name
    return list_to_arrow(ids, pa.string())
