"""Identity by state of all pairs of samples, and its scaling."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from genocohort.domain.arrow_columns import list_to_arrow, numpy_to_arrow
from genocohort.domain.tables_cohort import STRUCTURE_IBS, STRUCTURE_MDS
from genocohort.engine.allotment import Allotment
from genocohort.engine.pairs import map_pairs
from genocohort.io.atomic import replacing
from genocohort.io.parquet import TableWriter, write_table
from genocohort.stats.ibs import ibs1, place, scale, similarity
from genocohort.stats.kinship import PairCounts, Tile
from genocohort.steps.structure.compute import Roles
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.structure.variants import Chosen

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Part:
    """Pairs of a part: row before column; `counts` are n_variants, n_ibs0 and n_ibs1."""

    first: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int32]
    shared: Floats


def write_similarity(
    ibs: Path,
    mds: Path,
    pruned: Sequence[Chosen],
    roles: Roles,
    samples: Sequence[str],
    settings: StructureSettings,
    allotment: Allotment,
) -> None:
    """Both tables; without rows where nothing is asked for."""
    wanted = settings.ibs or settings.mds_dimensions > 0
    # Fitted first, so that the distances among them are the matrix's corner.
    order = roles.all
    parts = _pairs(pruned, order, allotment) if wanted else []
    with replacing(ibs) as temporary:
        writer = TableWriter(temporary, STRUCTURE_IBS)
        if settings.ibs:
            _add_pairs(writer, parts, order, samples)
        writer.close()
    columns: dict[str, Any] = {name: [] for name in STRUCTURE_MDS.column_names}
    if settings.mds_dimensions:
        columns = _scaled(parts, roles, samples, settings.mds_dimensions)
    write_table(mds, STRUCTURE_MDS, columns)


def _pairs(
    pruned: Sequence[Chosen], order: npt.NDArray[np.int64], allotment: Allotment
) -> list[_Part]:
    def blocks(size: int) -> Iterator[npt.NDArray[np.int8]]:
        return (calls[:, order] for chosen in pruned for _, calls in chosen.selection.blocks(size))

    def keep(tile: Tile, counts: PairCounts) -> _Part:
        row = np.arange(*tile.rows)[:, None]
        first, second = np.nonzero(row < np.arange(*tile.columns)[None, :])
        chosen = (counts.n_called, counts.n_ibs0, ibs1(counts))
        values = np.stack([c[first, second].astype(np.int32) for c in chosen])
        shared = similarity(counts)[first, second]
        return _Part(first + tile.rows[0], second + tile.columns[0], values, shared)

    return map_pairs(blocks, len(order), keep, allotment)[0]


def _add_pairs(
    writer: TableWriter,
    parts: Sequence[_Part],
    order: npt.NDArray[np.int64],
    samples: Sequence[str],
) -> None:
    """Rows by part; in each pair the sample that is earlier in the store comes first."""
    names = list_to_arrow(samples, pa.string())
    assert names is not None
    for part in parts:
        a, b = order[part.first], order[part.second]
        writer.add(
            {
                "sample_id_1": names.take(numpy_to_arrow(np.minimum(a, b), pa.int64())),
                "sample_id_2": names.take(numpy_to_arrow(np.maximum(a, b), pa.int64())),
                "n_variants": part.counts[0],
                "n_ibs0": part.counts[1],
                "n_ibs1": part.counts[2],
                "ibs": part.shared,
            }
        )


def _scaled(
    parts: Sequence[_Part], roles: Roles, samples: Sequence[str], n_dimensions: int
) -> dict[str, Any]:
    """Columns of structure/mds, in the store's order of samples."""
    n, n_fitted = len(roles.all), len(roles.fitted)
    distances = np.zeros((n, n))
    for part in parts:
        distances[part.first, part.second] = 1 - part.shared
        distances[part.second, part.first] = 1 - part.shared
    kept = _connected(distances[:n_fitted, :n_fitted])
    values = np.full((n, n_dimensions), np.nan)
    scaling = scale(distances[np.ix_(kept, kept)], n_dimensions)
    values[kept] = scaling.coordinates
    values[n_fitted:] = place(distances[n_fitted:][:, kept], scaling)
    n_without = int(np.isnan(values).all(axis=1).sum())
    if n_without:
        print(
            f"structure: {n_without} samples have no place in the scaling of IBS: they share no "
            "call with some other sample",
            file=sys.stderr,
        )
    by_store = np.argsort(roles.all, kind="stable")
    role = np.array(["fitted"] * n_fitted + ["projected"] * (n - n_fitted))[by_store]
    names = [samples[i] for i in roles.all[by_store]]
    return {
        "sample_id": [name for name in names for _ in range(n_dimensions)],
        "role": [r for r in role.tolist() for _ in range(n_dimensions)],
        "dimension": np.tile(np.arange(1, n_dimensions + 1, dtype=np.int32), n),
        "coordinate": values[by_store].reshape(-1),
    }


def _connected(distances: Floats) -> npt.NDArray[np.int64]:
    """Samples of which every two share a call: those that lack most are left out one by one."""
    kept = np.arange(len(distances))
    while len(kept):
        lacking = np.isnan(distances[np.ix_(kept, kept)]).sum(axis=1)
        if not lacking.any():
            break
        kept = np.delete(kept, int(lacking.argmax()))
    return kept
