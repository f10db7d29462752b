"""Types of the compiled module; what it does is told in the .pyx and .pxi files."""

from typing import Any

import numpy as np

Cells = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]

ROW_COLUMNS: tuple[str, ...]
DEPTH_CELLS: int
QUALITY_CELLS: int

def bind_libdeflate(alloc: int, free: int, inflate: int, crc: int) -> None: ...
def shard_starts(fd: int, start: int, end: int, shard_bytes: int) -> list[int] | int: ...
def hwe(rare: Cells, het: Cells, common: Cells, midp: bool) -> Any: ...

class Inflater:
    def inflate(self, data: bytes, size: int) -> tuple[bytes, int] | None: ...

class Sites:
    def __init__(
        self, filters: bytes | None, min_quality: float, include: Any, exclude: Any
    ) -> None: ...

class Counter:
    classes: Cells
    called: Cells
    carried: Cells
    depths: Cells
    allele_depths: Cells
    depth_cells: Cells
    quality_cells: Cells
    n_without_gt: int
    n_gt_not_first: int
    n_left_out: Cells
    n_records: int
    is_late: bool
    is_left: bool
    is_broken: bool
    def __init__(
        self,
        contig: bytes,
        n_columns: int,
        column: Any,
        expected: Any,
        tested: Any,
        par: Any,
        stop_at_other: bool,
        sites: Sites,
    ) -> None: ...
    def open_shard(
        self, fd: int, is_plain: bool, start: int, within: int, end: int, at_line: bool
    ) -> int: ...
    def open_lines(self, lines: bytes) -> int: ...
    def run(self) -> int: ...
    def take_line(self) -> bytes: ...
    def next_is_record(self) -> bool: ...
    def set_position(self, pos: int) -> None: ...
    def position(self) -> int: ...
    def widen(self) -> None: ...
    def take(self) -> dict[str, Any]: ...
