"""Tasks keep their order, use the threads they were given, and pass errors on."""

import threading

import pytest

from genocohort.engine.tasks import map_tasks


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_keep_the_tasks_order(threads: int) -> None:
    assert map_tasks(lambda n: n * n, range(50), threads=threads) == [n * n for n in range(50)]


def test_two_threads_run_at_once() -> None:
    barrier = threading.Barrier(2, timeout=20)
    assert map_tasks(lambda n: barrier.wait() >= 0, range(2), threads=2) == [True, True]


def test_one_thread_stays_in_its_own() -> None:
    here = threading.get_ident()
    assert set(map_tasks(lambda n: threading.get_ident(), range(4), threads=1)) == {here}


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_arrives_unchanged(threads: int) -> None:
    def fail(n: int) -> int:
        raise KeyError(n)

    with pytest.raises(KeyError):
        map_tasks(fail, range(3), threads=threads)


def test_containers_are_not_taken_apart() -> None:
    assert map_tasks(len, [[1, 2], [3]], threads=2) == [2, 1]


def test_no_threads_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        map_tasks(len, [], threads=0)
