"""Submission from threads of its own: few at a time, not too fast, untouched by Ctrl-C."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from snakemake_executor_plugin_steps.submission import Closing, Submission

THREADS = 4


class Submitter:
    """Hands submissions to a backend.

    Ctrl-C interrupts the main thread only, so a submission is either not begun or finished:
    what `close` has waited for can be found by its label and removed.
    """

    def __init__(self, submit: Callable[[Submission], None], per_second: float) -> None:
        self._submit = submit
        self._gap = 1.0 / per_second
        self._next = time.monotonic()
        self._lock = Lock()
        self._closing = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="steps-submit")

    def add(self, submission: Submission) -> "Future[None]":
        """Queue a submission; the future raises what the backend raised."""
        return self._pool.submit(self._run, submission)

    def close(self) -> None:
        """Begin no more submissions and wait for those under way."""
        self._closing = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, submission: Submission) -> None:
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + self._gap
        time.sleep(max(start - time.monotonic(), 0.0))
        if self._closing:
            raise Closing("the run is being cancelled")
        self._submit(submission)
