"""What the watchdog takes for progress."""

import threading
from collections.abc import Iterator
from itertools import chain, count, repeat

import pytest

from snakemake_executor_plugin_steps.staging import watchdog
from snakemake_executor_plugin_steps.staging.watchdog import Watchdog, network_bytes

DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0
  eth0:50000 10 0 0 0 0 0 0 200 10 0 0 0 0 0 0
"""


def test_bytes_of_all_interfaces_count() -> None:
    assert network_bytes(DEV) == 1000 + 1000 + 50000 + 200


@pytest.mark.parametrize(
    ("done", "barks"),
    [
        (repeat((0, 0.0)), True),
        (((10 * i, 0.0) for i in count()), True),  # a connection that only stays alive
        (((20_000 * i, 0.0) for i in count()), False),
        (((0, float(i)) for i in count()), False),  # checksums of a large file
        (chain(((0, float(i)) for i in range(5)), repeat((0, 4.0))), True),
    ],
)
def test_only_work_is_progress(
    monkeypatch: pytest.MonkeyPatch, done: Iterator[tuple[int, float]], barks: bool
) -> None:
    monkeypatch.setattr(watchdog, "INTERVAL_SECONDS", 0.02)
    barked = threading.Event()
    with Watchdog(0.15, barked.set, lambda: next(done)):
        assert barked.wait(1.0) == barks
