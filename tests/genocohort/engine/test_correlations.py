"""Correlated variants: the compiled engine finds what the plain one finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.engine import correlations as engine
from genocohort.engine.correlations import find_correlated
from genocohort.kernels import native
from genocohort.stats.ld import correlated_later


def draw(seed: int, n_variants: int, n_samples: int, missing: float) -> np.ndarray:
    """Calls in which variants resemble the one before them; some complete, some without a call."""
    rng = np.random.default_rng(seed)
    calls = rng.integers(0, 3, size=(n_variants, n_samples)).astype(np.int8)
    for i in range(1, n_variants):
        kept = rng.random(n_samples) < rng.choice([0.0, 0.5, 0.9, 1.0])
        calls[i, kept] = calls[i - 1, kept]
    gappy = rng.random(n_variants) < 0.6
    calls[(rng.random(calls.shape) < missing) & gappy[:, None]] = -1
    if n_variants > 5:
        calls[4], calls[5] = -1, 1
    return calls


@pytest.mark.skipif(native("cohort") is None, reason="the kernels are not built")
@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([0, 1, 2, 63, 64, 65, 130, 1100]),
    st.sampled_from([0.0, 0.01, 0.5]), st.sampled_from([0.05, 0.2, 0.8, 1.0]),
)  # fmt: skip
def test_any_calls(seed: int, n_variants: int, n_samples: int, missing: float, r2: float) -> None:
    calls = draw(seed, n_variants, n_samples, missing)
    rng = np.random.default_rng(seed)
    n_first = int(rng.integers(0, n_variants + 1))
    reach = rng.integers(0, n_variants + 1, n_first).astype(np.int64)
    found, plain = (
        find_correlated(calls, n_first, reach, r2),
        correlated_later(calls, n_first, reach, r2),
    )
    assert found[0].tolist() == plain[0].tolist()
    assert found[1].tolist() == plain[1].tolist()


@pytest.mark.skipif(native("cohort") is None, reason="the kernels are not built")
def test_many_samples_and_ties() -> None:
    """Planes of all lengths of the kernel's loops; r2 of exactly the limit is not above it."""
    for n_samples in (4096, 5000, 9000):
        calls = draw(n_samples, 20, n_samples, 0.02)
        reach = np.full(20, 20, dtype=np.int64)
        found, plain = (f(calls, 20, reach, 0.2) for f in (find_correlated, correlated_later))
        assert found[0].sum() > 0
        assert found[1].tolist() == plain[1].tolist()
    half = np.array([[0, 0, 1, 1], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 2, 2]], dtype=np.int8)
    assert find_correlated(half, 4, np.full(4, 4), 1.0)[0].sum() == 0
    assert find_correlated(half, 4, np.full(4, 4), 0.999)[1].tolist() == [2, 3, 3]


def test_the_plain_engine_where_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "native", lambda name: None)
    calls = draw(1, 12, 30, 0.1)
    reach = np.full(12, 12, dtype=np.int64)
    assert find_correlated(calls, 12, reach, 0.2)[0].sum() > 0
