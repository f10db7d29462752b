"""Work on a stream of items by tasks, with a bounded number of them in memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from genocohort.engine.tasks import map_tasks

T = TypeVar("T")
R = TypeVar("R")

# How many items are in memory at once; fixed, so that memory does not depend on the threads.
IN_FLIGHT = 8


def map_stream(
    function: Callable[[T], R], items: Iterable[T], *, threads: int, in_flight: int = IN_FLIGHT
) -> Iterator[R]:
    """Apply `function` to every item of a stream; results come in the items' order.

    Parameters
    ----------
    function : callable
        Pure; it should release the GIL in its heavy part.
    items : iterable
        Read only as far as needed: at most `in_flight` items are held.
    threads : int
        The job's allotment, at least 1.

    Yields
    ------
    object
        One result per item.
    """
    stream = iter(items)
    while group := list(islice(stream, in_flight)):
        yield from map_tasks(function, group, threads=threads)
