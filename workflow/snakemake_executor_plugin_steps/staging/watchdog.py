"""Ends a stager whose connections hang: a blocked thread cannot be ended alone."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

INTERVAL_SECONDS = 1.0
LEAST_BYTES = 16_384
LEAST_CPU_SECONDS = 0.5
_NETWORK = Path("/proc/net/dev")
_RECEIVED, _SENT = 0, 8


def network_bytes(text: str) -> int:
    """Bytes in and out of all interfaces, from `/proc/net/dev`; a pod has its own."""
    total = 0
    for line in text.splitlines():
        name, colon, numbers = line.partition(":")
        if colon and name.strip():
            columns = numbers.split()
            total += int(columns[_RECEIVED]) + int(columns[_SENT])
    return total


def work_done() -> tuple[int, float]:
    """Bytes on the network and seconds of CPU until now."""
    return network_bytes(_NETWORK.read_text(encoding="ascii")), time.process_time()


class Watchdog:
    """Calls `bark` once when nothing was done for `seconds`: no bytes moved, no checksums made."""

    def __init__(
        self,
        seconds: float,
        bark: Callable[[], None],
        done: Callable[[], tuple[int, float]] = work_done,
    ) -> None:
        self._seconds, self._bark, self._done = seconds, bark, done
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _watch(self) -> None:
        last, since = self._done(), time.monotonic()
        while not self._stop.wait(min(INTERVAL_SECONDS, self._seconds / 4)):
            now = self._done()
            if now[0] - last[0] >= LEAST_BYTES or now[1] - last[1] >= LEAST_CPU_SECONDS:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > self._seconds:
                self._bark()
                return
