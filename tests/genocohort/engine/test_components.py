"""Components by blocks: exact, randomized, compiled and plain."""

import numpy as np
import pytest

from genocohort.engine import components as engine
from genocohort.engine.components import Genotypes, fit_components, standardised, weigh_variants
from genocohort.kernels import native
from genocohort.stats.pca import standardise


def draw(seed: int, n_variants: int, n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Calls of three populations, and their frequencies."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.1, 0.9, size=(n_variants, 1))
    group = np.arange(n_samples) % 3
    own = np.clip(p + rng.normal(size=(n_variants, 3)) * 0.12, 0.02, 0.98)
    calls = rng.binomial(2, own[:, group]).astype(np.int8)
    calls[rng.random(calls.shape) < 0.02] = -1
    n = (calls >= 0).sum(axis=1)
    frequency = np.maximum(calls, 0).sum(axis=1) / (2 * n)
    keep = (frequency > 0) & (frequency < 1)
    return calls[keep], frequency[keep]


def genotypes_of(calls: np.ndarray, p: np.ndarray, samples: np.ndarray, size: int) -> Genotypes:
    def blocks():
        return ((calls[a : a + size], p[a : a + size]) for a in range(0, len(calls), size))

    return Genotypes(blocks, len(calls), samples)


@pytest.fixture(params=["compiled", "plain"])
def either_engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "plain":
        monkeypatch.setattr(engine, "native", lambda name: None)
    elif native("cohort") is None:
        pytest.skip("the kernels are not built")


@pytest.mark.usefixtures("either_engine")
def test_both_engines_standardise_alike() -> None:
    calls, p = draw(1, 50, 9)
    chosen = np.array([7, 0, 3])
    np.testing.assert_array_equal(
        standardised((calls, p), chosen), standardise(calls[:, chosen], p)
    )
    assert standardised((calls[:0], p[:0]), chosen).shape == (0, 3)
    assert standardised((calls, p), chosen[:0]).shape == (len(calls), 0)


@pytest.mark.usefixtures("either_engine")
@pytest.mark.parametrize("method", ["exact", "randomized"])
@pytest.mark.parametrize("tile", [16, 1024])
def test_equals_the_decomposition_of_the_data(
    method: str, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_TILE", tile)
    calls, p = draw(2, 900, 70)
    samples = np.delete(np.arange(70), [4, 50])
    fit = fit_components(genotypes_of(calls, p, samples, 100), 6, method, 2)  # type: ignore[arg-type]
    z = standardise(calls[:, samples], p).astype(float)
    _, d, vt = np.linalg.svd(z, full_matrices=False)
    np.testing.assert_allclose(fit.components.eigenvalues, d[:6] ** 2 / len(z), rtol=1e-5)
    assert fit.components.total == pytest.approx((d**2).sum() / len(z), rel=1e-6)
    r = np.abs((vt[:6] * fit.components.vectors.T).sum(axis=1))
    assert r.min() > 0.9999
    assert (fit.residuals is None) == (method == "exact")


@pytest.mark.parametrize("method", ["exact", "randomized"])
def test_the_same_bits_for_any_threads(method: str) -> None:
    genotypes = genotypes_of(*draw(3, 500, 40), np.arange(40), 64)
    one, three = (fit_components(genotypes, 4, method, threads) for threads in (1, 3))  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.components.vectors, three.components.vectors)
    np.testing.assert_array_equal(one.components.eigenvalues, three.components.eigenvalues)


def test_loadings_place_every_sample() -> None:
    calls, p = draw(4, 400, 30)
    fitted, further = np.arange(0, 25), np.arange(20, 30)
    genotypes = genotypes_of(calls, p, fitted, 90)
    components = fit_components(genotypes, 3, "exact", 1).components
    parts = [weigh_variants(b, genotypes, components, further) for b in genotypes.blocks()]
    weights = np.concatenate([w for w, _ in parts])
    np.testing.assert_allclose((weights**2).sum(axis=0), 1, rtol=1e-5)
    placed = sum(part for _, part in parts)
    np.testing.assert_allclose(placed[:5], components.vectors[20:], atol=1e-6)


@pytest.mark.parametrize("method", ["exact", "randomized"])
@pytest.mark.parametrize(("n_samples", "n_variants"), [(0, 0), (1, 3), (2, 5), (5, 0), (5, 1)])
def test_next_to_nothing(method: str, n_samples: int, n_variants: int) -> None:
    rng = np.random.default_rng(1)
    calls = rng.integers(0, 3, size=(n_variants, n_samples)).astype(np.int8)
    genotypes = genotypes_of(calls, np.full(n_variants, 0.4), np.arange(n_samples), 2)
    found = fit_components(genotypes, 10, method, 1).components  # type: ignore[arg-type]
    assert found.vectors.shape == (n_samples, 10)
    assert np.isfinite(found.eigenvalues).sum() <= min(n_samples, n_variants)
