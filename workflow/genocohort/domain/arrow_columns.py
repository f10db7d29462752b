"""Lists of Python values as Arrow arrays, made from buffers.

Arrow's own conversion asks pandas, wherever it is installed, what the values are: importing it
costs more than a small step's work.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_NUMBERS = {
    pa.int8(): np.int8, pa.int16(): np.int16, pa.int32(): np.int32, pa.int64(): np.int64,
    pa.float32(): np.float32, pa.float64(): np.float64,
}  # fmt: skip


def list_to_arrow(values: Sequence[Any], kind: pa.DataType) -> pa.Array | None:
    """An array of numbers, texts or dictionary-encoded texts; None for any other type.

    Parameters
    ----------
    values : sequence
        Python values; None is null. NaN in a column of numbers is left to the caller.
    kind : pyarrow.DataType

    Raises
    ------
    OverflowError
        A whole number does not fit the type.
    """
    if kind in _NUMBERS:
        return _numbers(values, kind)
    if kind == pa.string():
        return _texts(values)
    if pa.types.is_dictionary(kind) and kind.value_type == pa.string():
        known: dict[str, int] = {}
        codes = [None if v is None else known.setdefault(v, len(known)) for v in values]
        return pa.DictionaryArray.from_arrays(_numbers(codes, pa.int32()), _texts(list(known)))
    return None


def text_scalar(text: str) -> pa.StringScalar:
    """One text, for Arrow's functions."""
    return _texts([text])[0]


def numpy_to_arrow(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array | None:
    """An array of numbers or truth values; NaN is null. None for any other type.

    Raises
    ------
    OverflowError
        A number is not whole, or does not fit, where the type holds whole numbers.
    """
    if kind == pa.bool_() and values.dtype == np.bool_:
        bits = pa.py_buffer(np.packbits(values, bitorder="little"))
        return pa.Array.from_buffers(kind, len(values), [None, bits])
    if kind not in _NUMBERS or values.dtype.kind not in "iuf":
        return None
    bits, n_null, filled = None, 0, values
    if values.dtype.kind == "f":
        there = ~np.isnan(values)
        n_null = len(values) - int(np.count_nonzero(there))
        if n_null:
            bits = pa.py_buffer(np.packbits(there, bitorder="little"))
            filled = np.where(there, values, 0)
    with np.errstate(invalid="ignore", over="ignore"):
        made = np.ascontiguousarray(filled, dtype=_NUMBERS[kind])
    rounded = values.dtype.kind == made.dtype.kind == "f"
    if made.dtype != values.dtype and not rounded and not np.array_equal(made, filled):
        raise OverflowError(f"a number does not fit {kind}")
    return pa.Array.from_buffers(kind, len(made), [bits, pa.py_buffer(made)], n_null)


def arrow_to_numpy(array: pa.Array) -> npt.NDArray[Any]:
    """Numbers without nulls as a view of NumPy's."""
    if len(array) == 0:
        return np.zeros(0, dtype=_NUMBERS[array.type])
    held = np.frombuffer(array.buffers()[1], dtype=_NUMBERS[array.type])
    return held[array.offset : array.offset + len(array)]


def arrow_to_flags(array: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    """Truth values without nulls."""
    if len(array) == 0:
        return np.zeros(0, dtype=bool)
    bits = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    flags = np.unpackbits(bits, bitorder="little").astype(bool)
    return np.asarray(flags[array.offset : array.offset + len(array)])


def _bitmap(values: Sequence[Any]) -> tuple[pa.Buffer | None, int]:
    """Which values are there, and how many are not."""
    there = np.array([v is not None for v in values], dtype=bool)
    n_null = len(values) - int(there.sum())
    bits = pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    return (bits if n_null else None), n_null


def _numbers(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    bits, n_null = _bitmap(values)
    filled = [0 if v is None else v for v in values] if n_null else values
    data = pa.py_buffer(np.array(filled, dtype=_NUMBERS[kind]).tobytes())
    return pa.Array.from_buffers(kind, len(values), [bits, data], n_null)


def _texts(values: Sequence[Any]) -> pa.Array:
    bits, n_null = _bitmap(values)
    encoded = [b"" if v is None else v.encode() for v in values]
    offsets = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(e) for e in encoded], out=offsets[1:])
    if int(offsets[-1]) >= 1 << 31:
        raise OverflowError("a column of texts is larger than 2 GiB")
    buffers = [bits, pa.py_buffer(offsets.astype(np.int32).tobytes())]
    buffers.append(pa.py_buffer(b"".join(encoded)))
    return pa.Array.from_buffers(pa.string(), len(values), buffers, n_null)
