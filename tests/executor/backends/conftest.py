"""What holds after every test on a real backend."""

from collections.abc import Iterator

import pytest

from executor.cluster import STAGED
from executor.lab import LABS


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Controllers and jobs that a failed test has left are ended."""
    yield
    for lab in (*LABS.values(), STAGED):
        lab.clear()
