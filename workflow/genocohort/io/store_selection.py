"""Choose the variants of a genotype store that a cohort-wide statistic uses, with reasons."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from genocohort.domain.arrow_columns import (
    arrow_to_flags,
    arrow_to_numpy,
    list_to_arrow,
    text_scalar,
)
from genocohort.domain.genome import contig_class
from genocohort.errors import InputDataError
from genocohort.io.store import Store

NOT_AUTOSOMAL = "not on an autosome"
MULTIALLELIC = "from a multiallelic record"
NOT_PASS = "FILTER is not PASS"

# int8 calls held at once while a store is read, in bytes.
_BLOCK_BYTES = 1 << 25


@dataclass(frozen=True)
class Selection:
    """The chosen variants of one chromosome.

    Attributes
    ----------
    store : Store
    indices : ndarray, shape (n_chosen,), int64
        Chosen variants, ascending.
    reasons : ndarray, shape (n_variants,), object
        Why a variant is not chosen; empty text for the chosen ones.
    """

    store: Store
    indices: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]

    def blocks(self, size: int | None = None) -> Iterator[tuple[int, npt.NDArray[np.int8]]]:
        """The chosen variants' calls by blocks: (rank of the first chosen variant, calls).

        Calls have shape (n_chosen in the block, n_samples), int8, -1 missing. The length of blocks
        depends on the number of samples only.
        """
        step = size or block_length(self.store.n_samples)
        for start in range(0, self.store.n_variants, step):
            end = min(start + step, self.store.n_variants)
            first, last = np.searchsorted(self.indices, (start, end))
            if first < last:
                calls = self.store.read(start, end)
                if last - first < end - start:
                    calls = calls[self.indices[first:last] - start]
                yield int(first), calls

    def narrowed(self, keep: npt.NDArray[np.bool_], reason: str) -> "Selection":
        """The selection without the variants whose `keep` is false; shape (n_chosen,)."""
        reasons = self.reasons.copy()
        reasons[self.indices[~keep]] = reason
        return Selection(self.store, self.indices[keep], reasons)


def block_length(n_samples: int) -> int:
    """Variants to read at once, from the number of samples alone."""
    return int(min(max(_BLOCK_BYTES // max(n_samples, 1), 64), 2048))


def block_bytes(n_samples: int) -> int:
    """Size of the largest block, in bytes."""
    return block_length(n_samples) * n_samples


def open_stores(folder: Path, chromosomes: Sequence[str]) -> tuple[Store, ...]:
    """Open the store of each chromosome.

    Raises
    ------
    InputDataError
        A file is missing, or two chromosomes hold different samples.
    """
    stores = tuple(Store(folder, name) for name in chromosomes)
    for store in stores[1:]:
        if store.samples != stores[0].samples:
            raise InputDataError(
                "chromosomes of the genotype store hold different samples",
                where=str(folder),
                offenders=[stores[0].chromosome, store.chromosome],
                remedy="run the step `genotypes` again for all chromosomes",
            )
    return stores


def select_variants(
    store: Store, *, pass_only: bool, autosomal: bool = True, biallelic: bool = True
) -> Selection:
    """Choose variants by chromosome, number of alleles of their record, and FILTER.

    Parameters
    ----------
    pass_only : bool
        Keep only variants whose FILTER is PASS or `.`.
    autosomal : bool
        Keep only chromosomes 1 to 22.
    biallelic : bool
        Keep only variants of records with one ALT allele: one of several is no biallelic marker.
    """
    texts = store.variants.texts
    reasons = np.full(store.n_variants, "", dtype=object)
    if pass_only:
        names = list_to_arrow(["PASS", "."], pa.string())
        reasons[~_flags(pc.is_in(texts["filter"], value_set=names))] = NOT_PASS
    if biallelic:
        reasons[_from_multiallelic(texts["info"])] = MULTIALLELIC
    if autosomal and contig_class(store.chromosome) != "autosome":
        reasons[:] = NOT_AUTOSOMAL
    return Selection(store, np.flatnonzero(reasons == ""), reasons)


def _from_multiallelic(info: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Whether a variant's record holds further ALT alleles (INFO: RECORD=n;ALLELE=k)."""
    record = pc.struct_field(pc.extract_regex(info, r"(?:^|;)RECORD=(?P<record>[^;]+)"), 0)
    allele = pc.struct_field(pc.extract_regex(info, r"(?:^|;)ALLELE=(?P<allele>[^;]*)"), 0)
    later = _flags(pc.and_(pc.is_valid(allele), pc.not_equal(allele, text_scalar("1"))))
    code = _one_chunk(record).dictionary_encode().indices
    known = arrow_to_flags(code.is_valid())
    # Behind nulls there is any number.
    places = np.where(known, arrow_to_numpy(code), 0)
    several = np.bincount(places[known], minlength=1)[places] > 1
    return np.asarray((known & several) | later, dtype=bool)


def _one_chunk(values: pa.ChunkedArray) -> pa.Array:
    return (
        values.chunk(0)
        if values.num_chunks == 1
        else pa.concat_arrays([list_to_arrow([], pa.string()), *values.chunks])
    )


def _flags(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Truth values; null is false."""
    parts = []
    for chunk in values.chunks:
        there = arrow_to_flags(chunk.is_valid())
        parts.append(there & arrow_to_flags(chunk))
    return np.concatenate([np.zeros(0, dtype=bool), *parts])


def count_reasons(selections: Sequence[Selection]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Number of variants left out for each reason, with up to five examples, in order of reason."""
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for selection in selections:
        for name, count in Counter(selection.reasons.tolist()).items():
            if not name:
                continue
            n, examples = found.get(name, (0, ()))
            if len(examples) < 5:
                where = np.flatnonzero(selection.reasons == name)[: 5 - len(examples)]
                examples += tuple(_describe(selection.store, i) for i in where)
            found[name] = (n + count, examples)
    return dict(sorted(found.items()))


def _describe(store: Store, index: int) -> str:
    texts = store.variants.texts
    alleles = ":".join(texts[name][int(index)].as_py()[:10] for name in ("ref", "alt"))
    return f"{store.chromosome}:{store.variants.vcf_pos[index]}:{alleles}"
