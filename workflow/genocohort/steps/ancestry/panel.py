"""The reference: components of a panel, fitted here or read from an earlier run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from genocohort.domain.calls import CallBatch
from genocohort.domain.genome import Region, canonical_contig
from genocohort.domain.long_range_ld import in_regions
from genocohort.domain.ploidy import DIPLOID, stored_dosage
from genocohort.domain.table import Table
from genocohort.domain.tables_ancestry import (
    ANCESTRY_EIGENVALUES,
    ancestry_components_table,
    ancestry_loadings_table,
)
from genocohort.domain.tables_cohort import (
    STRUCTURE_EIGENVALUES,
    components_table,
    loadings_table,
)
from genocohort.engine.components import Block, Genotypes, fit_components, weigh_variants
from genocohort.engine.correlations import find_correlated
from genocohort.engine.tasks import map_tasks
from genocohort.errors import InputDataError
from genocohort.io.calls import read_calls_header
from genocohort.io.open_calls import open_calls
from genocohort.io.parquet import read_table
from genocohort.io.store_selection import Selection
from genocohort.stats.ld import count_windows, find_neighbours, prune
from genocohort.steps.ancestry.compute import (
    CLOSE,
    LONG_RANGE,
    MISSING,
    NOT_IN_PANEL,
    NOT_SNV,
    PRUNED,
    PanelSieve,
    Wanted,
    alt_frequency,
    is_clear,
)
from genocohort.steps.ancestry.settings import AncestryPanel, AncestrySettings

Floats = npt.NDArray[np.float64]

_LOADINGS = (loadings_table(0), ancestry_loadings_table(0))
_EIGENVALUES = (STRUCTURE_EIGENVALUES, ANCESTRY_EIGENVALUES)
_COMPONENTS = (components_table(0), ancestry_components_table(0))


@dataclass(frozen=True)
class Part:
    """Variants of one chromosome that panel and cohort share, by the cohort's ALT allele.

    Attributes
    ----------
    selection : Selection
    frequency : ndarray, shape (n_variants,)
        ALT allele frequency in the panel.
    weights : ndarray, shape (n_variants, k)
    """

    selection: Selection
    frequency: Floats
    weights: Floats


@dataclass(frozen=True)
class Reference:
    """A panel's components.

    Attributes
    ----------
    parts : list of Part
    n_variants : int
        Variants that the components were fitted on, shared with the cohort or not.
    eigenvalues : ndarray, shape (k,)
    vectors : ndarray, shape (n_panel, k)
    samples, labels
        Of the panel.
    """

    parts: list[Part]
    n_variants: int
    eigenvalues: Floats
    vectors: Floats
    samples: tuple[str, ...]
    labels: tuple[str | None, ...]


@dataclass(frozen=True)
class _Matched:
    """The panel's calls of the variants used on one chromosome."""

    selection: Selection
    calls: npt.NDArray[np.int8]


def clear_variants(selection: Selection) -> Selection:
    """Without variants whose alleles do not tell their strand."""
    variants, indices = selection.store.variants, selection.indices
    ref, alt = variants.chosen("ref", indices), variants.chosen("alt", indices)
    keep = [is_clear(a, b) for a, b in zip(ref, alt, strict=True)]
    return selection.narrowed(np.array(keep, dtype=bool), NOT_SNV)


def fit_panel(
    panel: AncestryPanel,
    labels: Mapping[str, str],
    selections: Sequence[Selection],
    regions: Sequence[Region],
    settings: AncestrySettings,
    threads: int,
) -> Reference:
    """Components of the panel's genotypes, of the variants that the cohort has too.

    Raises
    ------
    InputDataError
        A file is damaged, lacks labelled samples, or too few variants are shared.
    """
    names = tuple(labels)
    files = _panel_files(panel, [s.store.chromosome for s in selections])

    def of_chromosome(selection: Selection) -> _Matched:
        file = files.get(selection.store.chromosome)
        return _match(selection, file, names, regions, settings)

    matched = map_tasks(of_chromosome, selections, threads=threads)
    n_variants = sum(len(m.calls) for m in matched)
    _check_number(n_variants, settings)
    frequencies = [alt_frequency(m.calls) for m in matched]
    everybody = np.arange(len(names))

    def blocks() -> Iterator[Block]:
        for part, frequency in zip(matched, frequencies, strict=True):
            for start in range(0, len(part.calls), 2048):
                yield part.calls[start : start + 2048], frequency[start : start + 2048]

    genotypes = Genotypes(blocks, n_variants, everybody)
    fitted = fit_components(genotypes, 2 * settings.n_components, "exact", threads).components
    exists = ~np.isnan(fitted.eigenvalues)
    nobody = np.zeros(0, dtype=np.int64)
    parts = []
    for part, frequency in zip(matched, frequencies, strict=True):
        weights, _ = weigh_variants((part.calls, frequency), genotypes, fitted, nobody)
        parts.append(Part(part.selection, frequency, weights[:, exists]))
    vectors = fitted.vectors[:, exists]
    eigenvalues = fitted.eigenvalues[exists]
    given = tuple(labels[name] for name in names)
    return Reference(parts, n_variants, eigenvalues, vectors, names, given)


def _panel_files(panel: AncestryPanel, chromosomes: Sequence[str]) -> dict[str, tuple[Path, str]]:
    """File and contig's name of each chromosome that the panel has."""
    found = {}
    contigs: dict[Path, dict[str, str]] = {}
    for chromosome, path in panel.calls_of(chromosomes).items():
        if path not in contigs:
            contigs[path] = {canonical_contig(c): c for c in read_calls_header(path).contigs}
        if chromosome in contigs[path]:
            found[chromosome] = (path, contigs[path][chromosome])
    return found


def _match(
    selection: Selection,
    file: tuple[Path, str] | None,
    names: tuple[str, ...],
    regions: Sequence[Region],
    settings: AncestrySettings,
) -> _Matched:
    """The variants used of one chromosome, each other one with its reason."""
    variants, indices = selection.store.variants, selection.indices
    position = variants.vcf_pos[indices]
    keep = ~in_regions(selection.store.chromosome, position, regions)
    selection = selection.narrowed(keep, LONG_RANGE)
    indices = selection.indices
    ref, alt = variants.chosen("ref", indices), variants.chosen("alt", indices)
    sieve = PanelSieve(Wanted(variants.vcf_pos[indices], ref, alt), len(names), settings)
    if file is not None:
        _sift(sieve, *file, names)
    ranks, calls = sieve.taken()
    taken = np.zeros(len(indices), dtype=bool)
    taken[ranks] = True
    selection = selection.narrowed(sieve.is_matched, NOT_IN_PANEL)
    selection = selection.narrowed(taken[sieve.is_matched], CLOSE)
    called = _call_rate(selection) >= (1 - settings.max_missing) * (1 - 1e-12)
    selection, calls = selection.narrowed(called, MISSING), calls[called]
    kept = _unlinked(calls, settings)
    return _Matched(selection.narrowed(kept, PRUNED), calls[kept])


def _sift(sieve: PanelSieve, path: Path, contig: str, names: tuple[str, ...]) -> None:
    """Show the panel's variants of a contig to the sieve."""
    reader = open_calls(path, contig, names)
    if reader.absent:
        raise InputDataError(
            "the calls of the ancestry panel lack labelled samples",
            where=str(path),
            offenders=list(reader.absent),
            remedy="take them out of the labels",
        )
    for raw in reader.batches():
        batch = reader.parse(raw)
        dosages = _dosages(batch)
        for i, alts in enumerate(batch.alts):
            ref = batch.ref[i].upper()
            if len(alts) == 1 and is_clear(ref, alts[0].upper()):
                sieve.add(int(batch.vcf_pos[i]), ref, alts[0].upper(), dosages[batch.codes[i]])


def _dosages(batch: CallBatch) -> npt.NDArray[np.int8]:
    """ALT alleles of each genotype code, -1 missing."""
    found = [stored_dosage(genotype, DIPLOID, 1) for genotype in batch.genotypes]
    return np.array(found, dtype=np.int8)


def _call_rate(selection: Selection) -> Floats:
    """Share of the cohort's samples with a call; shape (n_variants,)."""
    n = max(selection.store.n_samples, 1)
    parts = [(calls >= 0).sum(axis=1) / n for _, calls in selection.blocks()]
    return np.concatenate([np.zeros(0), *parts])


def _unlinked(calls: npt.NDArray[np.int8], settings: AncestrySettings) -> npt.NDArray[np.bool_]:
    """Variants left by the pruning, as `structure` prunes."""
    n = len(calls)
    if settings.ld_r2 is None or n < 2:
        return np.ones(n, dtype=bool)
    windows = count_windows(n, settings.ld_window_variants, settings.ld_step)
    neighbours = find_neighbours(
        lambda a, b: calls[a:b], windows, n, settings.ld_r2, find_correlated
    )
    p = alt_frequency(calls)
    return prune(neighbours, windows, np.maximum(p, 1 - p))


def _check_number(n_variants: int, settings: AncestrySettings) -> None:
    if n_variants < settings.min_variants:
        raise InputDataError(
            f"{n_variants} variants of the ancestry panel can be used",
            where="inputs.ancestry_panel",
            expected=f"{settings.min_variants} or more (ancestry.min_variants)",
            remedy="check that panel and calls are of the same genome build, and see the ledger's "
            "reasons of an earlier run",
        )


def read_fitted(
    panel: AncestryPanel,
    labels: Mapping[str, str] | None,
    selections: Sequence[Selection],
    settings: AncestrySettings,
) -> Reference:
    """Components that an earlier run has fitted.

    Raises
    ------
    InputDataError
        A table is missing or of another kind, there are no labels, or too few variants are shared.
    """
    assert panel.fitted is not None
    folder = Path(panel.fitted)
    loadings = _read(folder / "loadings.parquet", _LOADINGS)
    values = _read(folder / "eigenvalues.parquet", _EIGENVALUES)["eigenvalue"].to_numpy()
    components = _read(folder / "components.parquet", _COMPONENTS)
    names = [name for name in loadings.column_names if name.startswith("PC")]
    exists = ~np.isnan(values[: len(names)].astype(np.float64))
    names = [name for name, ok in zip(names, exists, strict=True) if ok]
    role = components["role"].to_pylist()
    chosen = np.flatnonzero([r in ("fitted", "panel") for r in role])
    vectors = np.stack([components[name].to_numpy()[chosen] for name in names], axis=1)
    samples = tuple(components["sample_id"].to_pylist()[i] for i in chosen)
    if labels is not None:
        given = tuple(labels.get(sample) for sample in samples)
    elif "group" in components.column_names:
        given = tuple(components["group"].to_pylist()[i] for i in chosen)
    else:
        raise InputDataError(
            "the components of the ancestry panel have no groups",
            where=str(folder),
            remedy="give a table of samples and groups as inputs.ancestry_panel.labels",
        )
    chromosomes = np.array(loadings["chromosome"].cast("string").to_pylist(), dtype=object)
    parts = [_fitted_part(s, loadings, names, chromosomes, settings) for s in selections]
    _check_number(sum(len(p.frequency) for p in parts), settings)
    return Reference(parts, loadings.num_rows, values[: len(exists)][exists].astype(np.float64),
                     vectors.astype(np.float64), samples, given)  # fmt: skip


def _read(path: Path, tables: Sequence[Table]) -> pa.Table:
    """A table of `structure` or of `ancestry`."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise InputDataError(
            "cannot read the components of the ancestry panel",
            where=str(path),
            expected="the folder `structure` or `ancestry` of an earlier run's results",
        ) from error
    name = metadata.get(b"table", b"").decode()
    return read_table(path, next((t for t in tables if t.name == name), tables[0]))


def _fitted_part(
    selection: Selection,
    loadings: pa.Table,
    names: Sequence[str],
    chromosomes: npt.NDArray[np.object_],
    settings: AncestrySettings,
) -> Part:
    rows = np.flatnonzero(chromosomes == selection.store.chromosome)
    table = loadings.take(pa.array(rows))
    variants, indices = selection.store.variants, selection.indices
    ref, alt = variants.chosen("ref", indices), variants.chosen("alt", indices)
    wanted = Wanted(variants.vcf_pos[indices], ref, alt)
    keys = zip(*(table[c].to_pylist() for c in ("vcf_pos", "ref", "alt")), strict=True)
    row_of = np.full(len(indices), -1, dtype=np.int64)
    sign = np.ones(len(indices))
    for row, key in enumerate(keys):
        found = wanted.find(*key)
        if found is not None:
            row_of[found[0]] = row
            sign[found[0]] = -1 if found[1] else 1
    matched = row_of >= 0
    selection = selection.narrowed(matched, NOT_IN_PANEL)
    called = _call_rate(selection) >= (1 - settings.max_missing) * (1 - 1e-12)
    selection = selection.narrowed(called, MISSING)
    kept, sign = row_of[matched][called], sign[matched][called]
    frequency = table["alt_frequency"].to_numpy()[kept]
    weights = np.stack([table[name].to_numpy()[kept] for name in names], axis=1)
    swapped = sign < 0
    return Part(selection, np.where(swapped, 1 - frequency, frequency), weights * sign[:, None])
