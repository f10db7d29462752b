"""Arrays made from buffers are those that Arrow makes itself."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.domain.arrow_columns import (
    arrow_to_flags,
    arrow_to_numpy,
    list_to_arrow,
    numpy_to_arrow,
    text_scalar,
)

DICTIONARY = pa.dictionary(pa.int32(), pa.string())


@settings(deadline=None)
@given(st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1)))
def test_whole_numbers(values: list[int | None]) -> None:
    made = list_to_arrow(values, pa.int64())
    assert made is not None
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.int64()))


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(allow_nan=False, width=32)))
def test_numbers(values: list[float | None]) -> None:
    for kind in (pa.float32(), pa.float64()):
        made = list_to_arrow(values, kind)
        assert made is not None
        assert made.equals(pa.array(values, kind))


@settings(deadline=None)
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts(values: list[str | None]) -> None:
    made = list_to_arrow(values, pa.string())
    assert made is not None
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))
    coded = list_to_arrow(values, DICTIONARY)
    assert coded is not None
    coded.validate(full=True)
    assert coded.equals(pa.array(values, pa.string()).dictionary_encode())


def test_what_does_not_fit() -> None:
    with pytest.raises(OverflowError):
        list_to_arrow([1 << 31], pa.int32())
    assert list_to_arrow([["a"]], pa.list_(pa.string())) is None


def test_pandas_is_not_imported() -> None:
    code = (
        "import sys, pyarrow as pa\n"
        "from genocohort.domain.arrow_columns import list_to_arrow as f\n"
        "f([1, None], pa.int64()), f(['a', None], pa.dictionary(pa.int32(), pa.string()))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None)
@given(st.lists(st.floats(width=64) | st.just(float("nan"))))
def test_arrays_of_numbers(values: list[float]) -> None:
    made = numpy_to_arrow(np.array(values, dtype=np.float64), pa.float64())
    assert made is not None
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.float64(), from_pandas=True))


@settings(deadline=None)
@given(st.lists(st.booleans()), st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1))
def test_truth_values_and_whole_numbers(flags: list[bool], numbers: list[int]) -> None:
    made = numpy_to_arrow(np.array(flags, dtype=np.bool_), pa.bool_())
    assert made is not None
    assert made.to_pylist() == flags
    narrow = numpy_to_arrow(np.array(numbers, dtype=np.int64), pa.int32())
    assert narrow is not None
    assert narrow.to_pylist() == numbers
    assert arrow_to_numpy(narrow.slice(1)).tolist() == numbers[1:]


def test_whole_numbers_held_as_floats_with_gaps() -> None:
    made = numpy_to_arrow(np.array([1.0, np.nan, -3.0]), pa.int64())
    assert made is not None
    made.validate(full=True)
    assert made.to_pylist() == [1, None, -3]


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OverflowError, match="int32"):
        numpy_to_arrow(np.array([1 << 40]), pa.int32())
    for number in (0.5, 1e20, float("inf")):
        with pytest.raises(OverflowError, match="int64"):
            numpy_to_arrow(np.array([number, 1.0]), pa.int64())
    assert numpy_to_arrow(np.array(["a"]), pa.int32()) is None
    assert text_scalar("x").as_py() == "x"


@given(st.lists(st.booleans()), st.integers(0, 9))
def test_truth_values_of_slices(values: list[bool], start: int) -> None:
    array = numpy_to_arrow(np.array(values, dtype=bool), pa.bool_()).slice(start)
    assert arrow_to_flags(array).tolist() == values[start:]
