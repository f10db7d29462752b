"""All pairs of samples: the compiled engine counts what the plain one counts."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.engine import pairs as engine
from genocohort.engine.allotment import Allotment
from genocohort.kernels import native
from genocohort.stats.kinship import PairCounts, Tile, count_pairs

COUNTS = ("n_called", "n_het_het", "n_ibs0", "n_het_row", "n_het_column")
needs_kernel = pytest.mark.skipif(native("cohort") is None, reason="the kernels are not built")


def draw(rng: np.random.Generator, n_variants: int, n_samples: int, missing: float) -> np.ndarray:
    """Calls of rare, common and flipped variants, some without any call."""
    p = rng.choice([0.0, 0.002, 0.02, 0.3, 0.97, 1.0], size=(n_variants, 1))
    calls = rng.binomial(2, np.broadcast_to(p, (n_variants, n_samples))).astype(np.int8)
    calls[rng.random(calls.shape) < missing] = -1
    if n_variants > 3:
        calls[3] = -1
    return calls


def square(calls: np.ndarray, size: int | None, mem_mb: int, threads: int = 1):
    """Counts of all pairs as matrices of which only the upper triangles count."""
    n = calls.shape[1]
    whole = {name: np.zeros((n, n), dtype=np.int64) for name in COUNTS}

    def blocks(given: int) -> Iterator[np.ndarray]:
        step = size or given
        return (calls[a : a + step] for a in range(0, len(calls), step))

    def keep(tile: Tile, counts: PairCounts) -> None:
        for name in COUNTS:
            whole[name][slice(*tile.rows), slice(*tile.columns)] = getattr(counts, name)

    _, by_variant = engine.map_pairs(blocks, n, keep, Allotment(threads, mem_mb))
    return {name: np.triu(whole[name], 1) for name in COUNTS}, by_variant


def assert_plain(calls: np.ndarray, size: int | None = None, mem_mb: int = 2000) -> None:
    found, by_variant = square(calls, size, mem_mb)
    plain = count_pairs(calls, calls)
    for name in COUNTS:
        np.testing.assert_array_equal(found[name], np.triu(getattr(plain, name), 1), name)
    expected = [(calls == 1).sum(axis=1), (calls == 2).sum(axis=1), (calls < 0).sum(axis=1)]
    np.testing.assert_array_equal(by_variant, np.stack(expected, axis=1))


@needs_kernel
@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10_000), st.integers(0, 90), st.integers(1, 40),
    st.sampled_from([0.0, 0.02, 0.6]), st.sampled_from([None, 1, 7, 64]),
)  # fmt: skip
def test_any_calls_in_any_blocks(
    seed: int, n_variants: int, n_samples: int, missing: float, size: int | None
) -> None:
    assert_plain(draw(np.random.default_rng(seed), n_variants, n_samples, missing), size)


@needs_kernel
@pytest.mark.parametrize("n_samples", [255, 256, 257, 600])
@pytest.mark.parametrize("missing", [0.0, 0.01, 0.4])
def test_several_ranges_of_samples(n_samples: int, missing: float) -> None:
    """More samples than a range holds, and more variants than a counter of bytes."""
    assert_plain(draw(np.random.default_rng(n_samples), 700, n_samples, missing))


@needs_kernel
def test_long_planes_of_bits() -> None:
    """Common variants for all loops of the kernel: 64 words at once, and 16."""
    calls = np.random.default_rng(1).integers(-1, 3, size=(9_500, 20)).astype(np.int8)
    assert_plain(calls)
    assert_plain(np.full((5_000, 9), 1, dtype=np.int8))
    assert_plain(np.tile(np.array([0, 2], dtype=np.int8), (5_000, 5)))


@needs_kernel
def test_little_memory_takes_several_passes_and_gives_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = draw(np.random.default_rng(5), 300, 600, 0.02)
    one, counts = square(calls, None, 4000)
    passes = []
    whole = engine._Native._passes

    def one_by_one(self: object, allotment: Allotment) -> list[list[int]]:
        found = whole(self, Allotment(1, 1))  # type: ignore[arg-type]
        passes.extend(found)
        return found

    monkeypatch.setattr(engine._Native, "_passes", one_by_one)
    several, again = square(calls, None, 4000, threads=2)
    assert passes == [[0], [1], [2]]
    for name in COUNTS:
        np.testing.assert_array_equal(one[name], several[name])
    np.testing.assert_array_equal(counts, again)


def test_the_plain_engine_where_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "native", lambda name: None)
    assert_plain(draw(np.random.default_rng(2), 200, 30, 0.05))


@pytest.mark.parametrize("n_samples", [0, 1])
def test_no_pair(n_samples: int) -> None:
    assert_plain(np.zeros((5, n_samples), dtype=np.int8))
