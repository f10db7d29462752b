"""The plain engine: count a batch of records, and encode its rows of the store."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from genocohort.domain.alleles import ORDINARY, SUBSTITUTIONS, Allele, classify_allele
from genocohort.domain.call_counts import (
    CLASS_CODE,
    DEPTH_CELLS,
    DEPTH_UNIT,
    QUALITY_CELLS,
    ROW_COLUMNS,
    CountedRows,
    SampleSums,
    Texts,
    column,
)
from genocohort.domain.calls import CallBatch
from genocohort.domain.genome import contig_class
from genocohort.domain.genotype_codes import Genotype
from genocohort.domain.ploidy import DIPLOID, NOT_EXPECTED, expected_ploidy, stored_dosage
from genocohort.domain.sheet import Sex
from genocohort.domain.site_filter import LEFT_OUT, SiteFilter
from genocohort.domain.tables_variants import CARRIED_COUNTS
from genocohort.io.pgen import ALT_FIRST, CALL, DOSAGE_UNIT, NO_DOSAGE, PHASED, encode_row
from genocohort.steps.genotypes.genotype_counts import (
    CohortPloidy,
    GenotypeCounts,
    compute_carried,
    compute_genotype_counts,
)

_Int64 = npt.NDArray[np.int64]
_ANY_SITE = SiteFilter()
_UNFILTERED = ("PASS", ".")
_KIND_COLUMN = {"snv": 2, "insertion": 3, "deletion": 4, "mnv": 5}
_CLASSES = column("n_hom_ref")


def cohort_ploidy(contig: str, sexes: Iterable[Sex]) -> CohortPloidy:
    """Expected ploidy of all samples on a contig, and who enters the Hardy-Weinberg test."""
    sexes = list(sexes)
    kind = contig_class(contig)
    if kind == "X":
        tested = np.array([sex == "female" for sex in sexes], dtype=np.bool_)
    else:
        tested = np.full(len(sexes), kind not in ("Y", "MT"), dtype=np.bool_)
    return CohortPloidy(expected_ploidy(contig, sexes), tested)


class _Rows:
    """One row per ALT allele, or one for a record without any."""

    def __init__(self, batch: CallBatch) -> None:
        n_alts = np.array([len(a) for a in batch.alts], dtype=np.int64)
        sizes = np.maximum(n_alts, 1)
        self.source = np.repeat(np.arange(batch.n_records), sizes)
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        self.n_alts = n_alts[self.source]
        self.allele = np.where(self.n_alts == 0, 0, np.arange(len(self.source)) - first + 1)
        self.alt = [alt for alts in batch.alts for alt in (alts or (".",))]
        self.kinds: list[Allele] = [
            classify_allele(batch.ref[i], alt) for i, alt in zip(self.source, self.alt, strict=True)
        ]


def count_batch(
    batch: CallBatch,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
    site_filter: SiteFilter = _ANY_SITE,
) -> tuple[CountedRows, SampleSums]:
    """Count one batch, multiallelic records as they are, and split it for the store.

    Parameters
    ----------
    batch : CallBatch
    ploidy : CohortPloidy
        What is expected of each sample outside the pseudo-autosomal regions.
    in_par : ndarray, shape (n_records,), bool
        Whether a record lies inside one; there every sample is diploid.
    site_filter : SiteFilter
        Records it leaves out are not counted; rows keep their numbers within the batch.

    References
    ----------
    AC and AN as `bcftools +fill-tags` counts them; genotype classes map to the PSC section of
    `bcftools stats`.
    """
    n_records, ends = batch.n_records, batch.vcf_pos[[0, -1]] if batch.n_records else (0, 0)
    reasons = site_filter.judge(batch)
    let_in = np.flatnonzero(reasons == 0)
    if len(let_in) < n_records:
        batch, in_par = batch.chosen(let_in), in_par[let_in]
    is_pass = np.array([f in _UNFILTERED for f in batch.filter], dtype=np.bool_)
    counts = compute_genotype_counts(batch, ploidy, in_par, is_pass)
    rows = _Rows(batch)
    sums = SampleSums.zero(batch.codes.shape[1])
    not_expected = (ploidy.expected == 0)[None, :] & ~in_par[:, None]
    depths = np.zeros((batch.n_records, 4), dtype=np.int64)
    for place, (given, cells) in enumerate(
        ((batch.dp, sums.depth_cells), (batch.gq, sums.quality_cells))
    ):
        if given is not None:
            there = slice(2 * place, 2 * place + 2)
            depths[:, there] = _add_depths(
                given, not_expected, is_pass, sums.depths[:, :, there], cells
            )
    by_allele = _add_allele_depths(batch, ploidy, in_par, is_pass, sums)
    sums.classes += counts.sample_classes
    sums.called += counts.sample_not_expected_called
    _add_carried(sums, batch, rows, counts, ploidy, in_par, is_pass)
    sums.n_left_out = np.bincount(reasons, minlength=len(LEFT_OUT) + 1)[1:]
    sums.n_without_gt, sums.n_gt_not_first = batch.n_without_gt, batch.n_gt_not_first
    values = _row_values(batch, rows, counts, is_pass, depths, ploidy, in_par)
    for name, reads in zip(("het_ref_depth", "het_alt_depth"), by_allele, strict=True):
        values[:, column(name)] = np.where(rows.allele > 0, reads[rows.source, rows.allele], 0)
    values[:, column("record")] = let_in[rows.source]
    kinds, sizes, store = _stored_rows(batch, rows, ploidy, in_par)
    texts = (
        Texts.of(batch.variant_id[i] for i in rows.source),
        Texts.of(batch.ref[i] for i in rows.source),
        Texts.of(rows.alt),
        Texts.of(batch.filter[i] for i in rows.source),
    )
    found = CountedRows(
        values, batch.qual[rows.source], texts, store, kinds, sizes, n_records,
        int(ends[0]), int(ends[1]),
    )  # fmt: skip
    return found, sums


def _row_values(
    batch: CallBatch,
    rows: _Rows,
    counts: GenotypeCounts,
    is_pass: npt.NDArray[np.bool_],
    depths: _Int64,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
) -> _Int64:
    source, allele = rows.source, rows.allele
    real = allele > 0
    called = np.array([max(g) >= 0 for g in batch.genotypes])
    absent = ploidy.expected == 0
    n_called = called[batch.codes[:, absent]].sum(axis=1) * ~in_par
    substitution = {s: i for i, s in enumerate(SUBSTITUTIONS)}
    columns: dict[str, npt.ArrayLike] = {
        "vcf_pos": batch.vcf_pos[source],
        "allele": allele,
        "n_alt_alleles": rows.n_alts,
        "allele_class": [CLASS_CODE[a.kind] for a in rows.kinds],
        "length_change": [a.length_change for a in rows.kinds],
        "substitution": [substitution.get(a.substitution, -1) for a in rows.kinds],
        "is_pass": is_pass[source],
        "ac": np.where(real, counts.alleles[source, allele], 0),
        "an": counts.alleles.sum(axis=1)[source],
        "n_hom_tested": np.where(real, counts.hom[source, allele], 0),
        "n_het_tested": np.where(real, counts.het[source, allele], 0),
        "n_tested": counts.n_tested[source],
        "n_not_expected_called": n_called[source],
    }
    columns |= {n: depths[source, i] for i, n in enumerate(("dp_sum", "n_dp", "gq_sum", "n_gq"))}
    values = np.zeros((len(source), len(ROW_COLUMNS)), dtype=np.int64)
    for name, one in columns.items():
        values[:, column(name)] = one
    values[:, _CLASSES:] = counts.classes[source]
    return values


def _add_depths(
    values: npt.NDArray[np.float32],
    not_expected: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
    by_sample: _Int64,
    cells: _Int64,
) -> _Int64:
    """Add DP or GQ to the sums of samples; sum and number of each record."""
    limit = (DEPTH_CELLS if cells.shape[1] == DEPTH_CELLS else QUALITY_CELLS) - 1
    there = ~np.isnan(values) & ~not_expected
    filled = np.where(there, values, np.float32(0)).astype(np.float64)
    exact = np.rint(filled * DEPTH_UNIT).astype(np.int64)
    for subset in (0, 1):
        chosen = is_pass == bool(subset)
        by_sample[subset, :, 0] += exact[chosen].sum(axis=0)
        by_sample[subset, :, 1] += there[chosen].sum(axis=0)
        whole = np.clip(filled[chosen][there[chosen]], 0, limit).astype(np.int64)
        cells[subset] += np.bincount(whole, minlength=limit + 1)
    return np.stack([exact.sum(axis=1), there.sum(axis=1)], axis=1)


def _add_allele_depths(
    batch: CallBatch,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
    sums: SampleSums,
) -> tuple[_Int64, _Int64]:
    """Add AD of heterozygous genotypes to the sums of samples.

    Returns
    -------
    tuple of ndarray, shape (n_records, 1 + n_alts), int64
        AD of REF, and of ALT, by the ALT allele of the genotypes.
    """
    n_alleles = 1 + max((len(a) for a in batch.alts), default=0)
    found = np.zeros((2, batch.n_records, n_alleles), dtype=np.int64)
    if batch.allele_depths is None:
        return found[0], found[1]
    diploid = (ploidy.expected == DIPLOID)[None, :] | in_par[:, None]
    given = diploid & (batch.allele_depths[:, :, 0] >= 0)
    depths = np.where(given[:, :, None], batch.allele_depths, 0).astype(np.int64)
    for subset in (0, 1):
        sums.allele_depths[subset] += depths[is_pass == bool(subset)].sum(axis=0)
    allele = np.array([max(g) for g in batch.genotypes], dtype=np.int64)
    record, sample = np.nonzero(given)
    other = allele[batch.codes[record, sample]]
    for i in (0, 1):
        np.add.at(found[i], (record, other), depths[record, sample, i])
    return found[0], found[1]


def _add_carried(
    sums: SampleSums,
    batch: CallBatch,
    rows: _Rows,
    counts: GenotypeCounts,
    ploidy: CohortPloidy,
    in_par: npt.NDArray[np.bool_],
    is_pass: npt.NDArray[np.bool_],
) -> None:
    weights = np.zeros((len(rows.kinds), len(CARRIED_COUNTS)), dtype=np.float32)
    ac = counts.alleles[rows.source, rows.allele]
    for i, allele in enumerate(rows.kinds):
        if allele.is_transition is not None:
            weights[i, 0 if allele.is_transition else 1] = 1
        weights[i, _KIND_COLUMN.get(allele.kind, 6)] = 1
        weights[i, 7] = allele.is_ordinary and ac[i] == 1
    passing = is_pass[rows.source]
    for subset in (0, 1):
        chosen = np.flatnonzero((rows.allele > 0) & (passing == bool(subset)))
        sums.carried[subset] += compute_carried(
            batch, ploidy, in_par, rows.source[chosen], rows.allele[chosen], weights[chosen]
        )


def _stored_rows(
    batch: CallBatch, rows: _Rows, ploidy: CohortPloidy, in_par: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], bytes]:
    """Record types, sizes and bytes of the alleles that enter the store."""
    stored = np.array([a.kind in ORDINARY for a in rows.kinds], dtype=np.bool_) & (rows.allele > 0)
    encoded = []
    everyone = np.full_like(ploidy.expected, DIPLOID)
    first = np.array([g[0] for g in batch.genotypes], dtype=np.int64)
    one_allele = np.array([len(g) == 1 for g in batch.genotypes], dtype=np.bool_)
    tables: dict[tuple[int, int], npt.NDArray[np.uint8]] = {}
    for i, k in zip(rows.source[stored], rows.allele[stored], strict=True):
        due = everyone if in_par[i] else ploidy.expected
        codes = np.empty(len(due), dtype=np.uint8)
        for expected in np.unique(due):
            key = (int(expected), int(k))
            if key not in tables:
                tables[key] = _call_of_codes(batch.genotypes, *key)
            chosen = due == expected
            codes[chosen] = tables[key][batch.codes[i, chosen]]
        if batch.phased is not None:
            het = (codes == 1) & batch.phased[i]
            codes[het] |= PHASED
            codes[het & (first[batch.codes[i]] == k)] |= ALT_FIRST
        given = batch.dosages.get(int(i))
        dosages = None
        if given is not None:
            dosages = _row_dosages(given[k - 1], codes, one_allele[batch.codes[i]], due)
        encoded.append(encode_row(codes, dosages) if len(codes) else (0, b""))
    return (
        np.array([kind for kind, _ in encoded], dtype=np.uint8),
        np.array([len(data) for _, data in encoded], dtype=np.uint32),
        b"".join(data for _, data in encoded),
    )


def _row_dosages(
    values: npt.NDArray[np.float64],
    codes: npt.NDArray[np.uint8],
    one_allele: npt.NDArray[np.bool_],
    due: npt.NDArray[np.int8],
) -> npt.NDArray[np.uint16]:
    """Dosages for one row of the store, where they say something besides the call.

    Those of genotypes written with one allele reach to 1, and are doubled as the calls are; where
    no genotype is expected there is none.
    """
    calls = codes & CALL
    scaled = np.where(one_allele & (calls != CALL), 2 * values, values)
    there = ~np.isnan(scaled) & (due != NOT_EXPECTED)
    units = np.rint(np.clip(np.where(there, scaled, 0), 0, 2) * DOSAGE_UNIT).astype(np.uint16)
    same = (calls != CALL) & (units == calls.astype(np.uint16) * DOSAGE_UNIT)
    return np.where(there & ~same, units, np.uint16(NO_DOSAGE)).astype(np.uint16)


def _call_of_codes(
    genotypes: tuple[Genotype, ...], expected: int, allele: int
) -> npt.NDArray[np.uint8]:
    """The store's call of every genotype code for one ALT allele (3: missing)."""
    return np.array([stored_dosage(g, expected, allele) & CALL for g in genotypes], dtype=np.uint8)
