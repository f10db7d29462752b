"""Types of the compiled module; what it does is told in the .pyx and .pxi files."""

from typing import Any

import numpy as np

Cells = np.ndarray[tuple[Any, ...], np.dtype[np.int64]]
Bytes = np.ndarray[tuple[Any, ...], np.dtype[np.uint8]]

PAST_RANGE: int
N_SUM_CELLS: int
CYCLE_CELLS: int
COVERAGE_CELLS: int
INDEL_CELLS: int
GC_CHUNK_NEEDED: int

def bind_libdeflate(alloc: int, free: int, inflate: int, crc: int) -> None: ...
def bind_htslib(address: dict[str, int]) -> None: ...
def describe_record(place: int) -> tuple[Any, ...]: ...
def gc_percents(
    sequence: bytes, window: int
) -> np.ndarray[tuple[Any, ...], np.dtype[np.uint8]]: ...
def gc_bases(sequence: bytes, start: int, bin_size: int) -> Cells: ...
def bed_lines(name: bytes, start: Cells, end: Cells, depth: Cells) -> bytes: ...

class Inflater:
    def inflate(self, data: bytes, size: int) -> tuple[bytes, int] | None: ...

class Measurer:
    counts: dict[str, Cells]
    first: int
    stop: int
    n_records: int
    def __init__(
        self,
        group_names: list[bytes],
        n_contigs: int,
        insert_max: int,
        excluded_flags: int,
        min_mapping_quality: int,
        count_deletions: bool,
        site_min_mapping_quality: int = 0,
        site_min_base_quality: int = 0,
    ) -> None: ...
    def open_bam(
        self, fd: int, offset: int, start: tuple[int, int], end: tuple[int, int]
    ) -> int: ...
    def open_htslib(
        self,
        path: bytes,
        reference: bytes,
        index: bytes,
        start: tuple[int, int],
        end: tuple[int, int],
        threads: int,
    ) -> int: ...
    def close_htslib(self) -> None: ...
    def next_contig(self) -> int: ...
    def open_contig(
        self,
        contig: int,
        length: int,
        start: int,
        end: int,
        evaluated: Cells | None,
        targets: Cells | None,
        sites: Cells | None = None,
        window_size: int = 0,
        with_runs: bool = False,
        regions: Cells | None = None,
    ) -> None: ...
    def set_thresholds(self, thresholds: Cells) -> None: ...
    def open_gc(self, window: int, bin_size: int) -> None: ...
    def set_chunk(self, percent: Bytes, base: int, stop: int) -> None: ...
    def run(self) -> int: ...
    def take_lists(self) -> dict[str, Cells]: ...
    def close_contig(self) -> dict[str, Any]: ...
    def widen(self) -> None: ...
    def position(self) -> int: ...
