"""The size of a library against its own equation and against drawing from one."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from genocohort.stats.library_size import estimate_library_size


@pytest.mark.parametrize("size", [2_000, 100_000, 3_000_000_000])
@pytest.mark.parametrize("rate", [0.05, 0.5, 3.0])
def test_the_equation_is_solved(size: int, rate: float) -> None:
    pairs = round(size * rate)
    unique = round(size * (1 - math.exp(-pairs / size)))
    found = estimate_library_size(pairs, unique)
    assert found is not None
    getcontext().prec = 50
    x = Decimal(found)
    assert float(x * (1 - (-Decimal(pairs) / x).exp())) == pytest.approx(unique, rel=1e-12)


def test_a_drawn_library_is_found() -> None:
    rng = np.random.default_rng(7)
    drawn = rng.integers(0, 50_000, 40_000)
    found = estimate_library_size(len(drawn), len(np.unique(drawn)))
    assert found == pytest.approx(50_000, rel=0.02)


@pytest.mark.parametrize(("pairs", "unique"), [(0, 0), (10, 10), (10, 0), (5, 6)])
def test_undefined_without_duplicates_or_pairs(pairs: int, unique: int) -> None:
    assert estimate_library_size(pairs, unique) is None
