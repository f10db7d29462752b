"""Spread a list of tasks over the job's threads with Dask; results keep the tasks' order."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_tasks(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> list[R]:
    """Apply `function` to every task on Dask's threaded scheduler.

    The list of tasks must be derived from the data alone, never from the number of threads. Results
    come back in the order of the tasks, so a reduction over them is the same for any `threads`.

    Parameters
    ----------
    function : callable
        Pure; it should release the GIL in its heavy part.
    tasks : iterable
        One argument each.
    threads : int
        The job's allotment, at least 1.

    Returns
    -------
    list
        One result per task, in the order of `tasks`.

    Raises
    ------
    Exception
        The first exception a task raised, unchanged.
    """
    items: Sequence[T] = list(tasks)
    if threads < 1:
        raise ValueError(f"threads must be at least 1, got {threads}")
    if threads == 1 or len(items) < 2:
        return [function(item) for item in items]
    from dask.base import compute
    from dask.delayed import delayed

    calls = [delayed(function, pure=False)(delayed(item, traverse=False)) for item in items]
    results = compute(*calls, scheduler="threads", num_workers=threads)  # type: ignore[no-untyped-call]
    return list(results)
