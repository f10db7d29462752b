"""Principal components of a genotype store, read by blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import numpy.typing as npt

from genocohort.engine.streams import map_stream
from genocohort.engine.tasks import map_tasks
from genocohort.kernels import native
from genocohort.stats.leading import find_leading
from genocohort.stats.pca import (
    Components,
    as_components,
    compute_components,
    genotype_values,
    loadings,
    no_components,
    project,
    standardise,
)

Floats = npt.NDArray[np.float64]
Block = tuple[npt.NDArray[np.int8], Floats]

# Blocks in work at once, and samples of a tile of the relationship matrix: of the data alone.
_BLOCKS = 2
_TILE = 1024
# Randomized: residuals, relative to their eigenvalue, that count as found.
TOLERANCE = 1e-4
_MAX_PRODUCTS = 40


@dataclass(frozen=True)
class Genotypes:
    """What components are made from.

    Attributes
    ----------
    blocks : callable
        Gives all blocks from the first on: calls (n_variants, n_samples), int8, negative is
        missing; and the variants' ALT frequencies, neither 0 nor 1.
    n_variants : int
        Over all blocks.
    samples : ndarray, int64
        Columns of the calls that are fitted.
    """

    blocks: Callable[[], Iterator[Block]]
    n_variants: int
    samples: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fit:
    """Components, and how far those of a randomized fit are from their equation.

    Attributes
    ----------
    residuals : ndarray, shape (k,), or None
        Length of G v - eigenvalue v, relative to the eigenvalue; None for the exact method.
    """

    components: Components
    residuals: Floats | None


def standardised(block: Block, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Standardised calls of some samples, shape (n_variants, n_chosen)."""
    calls, frequency = block
    module = native("cohort")
    if module is None:
        return standardise(calls[:, samples], frequency)
    values: npt.NDArray[np.float32] = module.standardise(
        np.ascontiguousarray(calls), genotype_values(frequency), samples
    )
    return values


def block_memory(block_bytes: int) -> int:
    """Memory of the blocks in work, from the bytes of one block's calls."""
    return _BLOCKS * 6 * block_bytes


def fit_components(
    genotypes: Genotypes,
    n_components: int,
    method: Literal["exact", "randomized"],
    threads: int,
) -> Fit:
    """Leading components of the fitted samples.

    exact: of the whole relationship matrix, whose memory grows with the square of the samples.
    randomized: from products of the genotypes with blocks of vectors; memory grows with the
    samples, and the calls are read once for each product.
    """
    n = len(genotypes.samples)
    if n == 0 or genotypes.n_variants == 0:
        return Fit(no_components(n, 0.0 if n else float("nan"), n_components), None)
    if method == "exact":
        return Fit(compute_components(_relationship(genotypes, threads), n_components), None)
    return _randomized(genotypes, n_components, threads)


def _relationship(genotypes: Genotypes, threads: int) -> Floats:
    """Mean over variants of z z'."""
    n = len(genotypes.samples)
    ranges = [slice(a, min(a + _TILE, n)) for a in range(0, n, _TILE)]
    tiles = [(a, b) for i, a in enumerate(ranges) for b in ranges[i:]]
    total = np.zeros((n, n))
    stream = genotypes.blocks()
    while group := list(islice(stream, _BLOCKS)):
        values = map_tasks(lambda b: standardised(b, genotypes.samples), group, threads=threads)
        _add_products(total, tiles, values, threads)
    for rows, columns in tiles:
        total[columns, rows] = total[rows, columns].T
    total /= genotypes.n_variants
    return total


def _add_products(
    total: Floats,
    tiles: list[tuple[slice, slice]],
    values: list[npt.NDArray[np.float32]],
    threads: int,
) -> None:
    def add(tile: tuple[slice, slice]) -> None:
        rows, columns = tile
        for z in values:
            total[rows, columns] += z[:, rows].T @ z[:, columns]

    map_tasks(add, tiles, threads=threads)


def _randomized(genotypes: Genotypes, n_components: int, threads: int) -> Fit:
    n = len(genotypes.samples)
    total = 0.0

    def multiply(vectors: Floats) -> Floats:
        nonlocal total
        narrow = vectors.astype(np.float32)

        def of_block(block: Block) -> tuple[npt.NDArray[np.float32], float]:
            z = standardised(block, genotypes.samples)
            return z.T @ (z @ narrow), float(np.square(z).sum(dtype=np.float64))

        product, squares = np.zeros(vectors.shape), 0.0
        parts = map_stream(of_block, genotypes.blocks(), threads=threads, in_flight=_BLOCKS)
        for part, square in parts:
            product += part
            squares += square
        total = squares / genotypes.n_variants
        return product / genotypes.n_variants

    k = min(n_components, n)
    found = find_leading(multiply, n, k, tolerance=TOLERANCE, max_products=_MAX_PRODUCTS)
    components = as_components(found.values, found.vectors, total, n_components)
    return Fit(components, found.residuals)


def weigh_variants(
    block: Block, genotypes: Genotypes, components: Components, further: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Loadings of a block's variants, and what they add to the places of further samples.

    Parameters
    ----------
    further : ndarray, int64
        Columns of the calls.

    Returns
    -------
    tuple
        Shapes (n_variants, k) and (n_further, k).
    """
    n = genotypes.n_variants
    weights = loadings(standardised(block, genotypes.samples), components, n)
    return weights, project(standardised(block, further), weights, components, n)
