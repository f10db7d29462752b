"""Reduce a million tests to what a figure of a thousand pixels can show."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dense:
    """Tests drawn one by one, and vertical runs that stand for all others.

    `live` are indices into the tests; `x`, `low`, `high` one run each; `parity` 0 or 1 by the
    chromosome's place, for two alternating shades.
    """

    live: Integers
    x: Floats
    low: Floats
    high: Floats
    parity: Integers


def compute_dense(
    place: Floats,
    chromosome: Integers,
    strength: Floats,
    *,
    span: float,
    live_from: float,
    n_live: int,
    n_columns: int = 780,
    cell: float = 0.05,
) -> Dense:
    """Split tests into live points and dense runs.

    Parameters
    ----------
    place : ndarray of float, shape (n,)
        Place on the horizontal axis, 0 to `span`.
    chromosome : ndarray of int, shape (n,)
        Number of the chromosome, for its shade.
    strength : ndarray of float, shape (n,)
        -log10 P; NaN (no test) is left out.
    span : float
        Length of the horizontal axis.
    live_from : float
        Tests at or above it are live, but at most the `n_live` strongest.
    n_columns : int
        Columns of the dense grid.
    cell : float
        Height of a grid's cell in -log10 P; touching cells of a column become one run.

    Returns
    -------
    Dense
        Every finite test is in `live` or inside a run.
    """
    finite = np.flatnonzero(np.isfinite(strength))
    strong = finite[strength[finite] >= live_from]
    # Ties by position, so that the choice does not depend on the sort.
    live = strong[np.lexsort((strong, -strength[strong]))][:n_live]
    live.sort()
    dense = np.isfinite(strength)
    dense[live] = False
    rest = np.flatnonzero(dense)
    column = np.minimum((place[rest] / span * n_columns).astype(np.int64), n_columns - 1)
    row = np.floor(strength[rest] / cell).astype(np.int64)
    shade = chromosome[rest] % 2
    if not len(rest):
        empty = np.empty(0)
        return Dense(live, empty, empty, empty, np.empty(0, np.int64))
    # One number per cell; one row stays free, so that runs never join across columns.
    n_rows = int(row.max()) + 2
    cells = np.unique((shade * n_columns + column) * n_rows + row)
    starts = np.ones(len(cells), bool)
    starts[1:] = np.diff(cells) > 1
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(cells)) - 1
    place_of, low = np.divmod(cells[first], n_rows)
    return Dense(
        live,
        (place_of % n_columns + 0.5) * span / n_columns,
        low * cell,
        (cells[last] % n_rows + 1) * cell,
        place_of // n_columns,
    )


def compute_quantiles(strength: Floats, cell: float = 0.02) -> tuple[Floats, Floats]:
    """Expected and observed -log10 P, thinned to one point per cell of the figure.

    Parameters
    ----------
    strength : ndarray of float, shape (n,)
        -log10 P; NaN is left out.

    Returns
    -------
    expected, observed : ndarray of float
        Expected: of the i-th smallest of n uniform P values, (i - 0.5) / n. Largest first.
    """
    observed = np.sort(strength[np.isfinite(strength)])[::-1]
    n = len(observed)
    expected = -np.log10((np.arange(1, n + 1) - 0.5) / n) if n else np.empty(0)
    cells = np.floor(np.stack([expected, observed], axis=1) / cell).astype(np.int64)
    keep = np.ones(n, bool)
    keep[1:] = (np.diff(cells, axis=0) != 0).any(axis=1)
    return expected[keep], observed[keep]


def compute_null_band(n: int, points: int = 60) -> tuple[Floats, Floats, Floats]:
    """Expected -log10 P and the 95 % limits of the i-th smallest of n uniform P values.

    References
    ----------
    The i-th order statistic of n uniforms is Beta(i, n - i + 1); David & Nagaraja 2003, Order
    Statistics, 2.1.
    """
    rank = np.unique(np.round(np.geomspace(1, max(n, 1), points)).astype(np.int64))
    expected = -np.log10((rank - 0.5) / n)
    low = -np.log10(special.betaincinv(rank, n - rank + 1, 0.975))
    high = -np.log10(special.betaincinv(rank, n - rank + 1, 0.025))
    return expected, low, high
