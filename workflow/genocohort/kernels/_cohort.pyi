"""Types of the compiled module; what it does is told in the .pyx and .pxi files."""

from typing import Any

import numpy as np
import numpy.typing as npt

SPAN_SAMPLES: int

def count_calls(calls: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]: ...
def count_samples(calls: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]: ...
def pack_planes(
    calls: npt.NDArray[np.int8], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]: ...
def list_carriers(
    calls: npt.NDArray[np.int8],
    rows: npt.NDArray[np.int64],
    is_flipped: npt.NDArray[Any],
    bounds: npt.NDArray[np.int64],
    only_missing: bool,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]: ...
def add_band(
    band: int,
    bounds: npt.NDArray[np.int64],
    planes: npt.NDArray[np.uint64],
    rare: npt.NDArray[np.int32],
    rare_starts: npt.NDArray[np.int64],
    calls: npt.NDArray[np.int8],
    gappy: npt.NDArray[np.int64],
    missing: npt.NDArray[np.int32],
    missing_starts: npt.NDArray[np.int64],
    acc: npt.NDArray[np.int32],
) -> None: ...
def standardise(
    calls: npt.NDArray[np.int8], values: npt.NDArray[np.float32], samples: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]: ...
def correlated_later(
    calls: npt.NDArray[np.int8], n_first: int, reach: npt.NDArray[np.int64], limit: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
