"""Arrays made from buffers are those that Arrow makes itself."""

import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.io.arrow_columns import list_to_arrow

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
        "from genocohort.io.arrow_columns import list_to_arrow as f\n"
        "f([1, None], pa.int64()), f(['a', None], pa.dictionary(pa.int32(), pa.string()))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
