"""The compiled engine: shards of the text on threads, their rows in the file's order."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from genocohort.domain.call_counts import (
    DEPTH_UNIT,
    CountedRows,
    SampleSums,
    Texts,
    join_rows,
    no_rows,
)
from genocohort.domain.genome import Genome
from genocohort.domain.ploidy import in_par
from genocohort.domain.site_filter import SiteFilter
from genocohort.engine.streams import map_stream
from genocohort.errors import InputDataError
from genocohort.io.vcf import BATCH_RECORDS, TextSource
from genocohort.io.vcf_lines import LineBatch, parse_lines
from genocohort.kernels import NO_MEMORY, PROBLEMS
from genocohort.steps.genotypes.counting import count_batch
from genocohort.steps.genotypes.genotype_counts import CohortPloidy

# Inflated bytes of a shard at most, and about how many records: from the data alone, never from the
# threads.
SHARD_BYTES = 16 << 20
_SHARD_RECORDS = 8192
# The rows of a shard, and its part of the store.
TASK_BYTES = 40 << 20


@dataclass(frozen=True)
class _Shard:
    """Offsets of a shard; `is_first`: a line begins at its start."""

    start: int
    within: int
    end: int
    is_first: bool


@dataclass(frozen=True)
class _Part:
    """What a shard gave.

    `failed` is a line that cannot be read, with its number in the shard and the position before it.
    """

    rows: CountedRows
    is_late: bool
    is_left: bool
    is_broken: bool
    failed: tuple[bytes, int, int] | None = None
    error: int = 0


class NativeCounter:
    """Counts one contig of a VCF.

    Parameters
    ----------
    module : ModuleType
        The compiled module.
    source : TextSource
    ploidy : CohortPloidy
    chromosome : str
    genome : Genome
    site_filter : SiteFilter
    """

    def __init__(
        self,
        module: ModuleType,
        source: TextSource,
        ploidy: CohortPloidy,
        chromosome: str,
        genome: Genome,
        site_filter: SiteFilter,
    ) -> None:
        self._module, self._source, self._ploidy = module, source, ploidy
        self._site_filter = site_filter
        self._chromosome, self._genome = chromosome, genome
        self._fd = -1
        self._idle: list[Any] = []
        self._all: list[Any] = []
        self._lock = Lock()
        self._plain_sums = SampleSums.zero(source.layout.n_kept)

    def rows(self, threads: int) -> Iterator[CountedRows]:
        """The contig's rows in the file's order.

        Raises
        ------
        InputDataError
            The file is damaged, unsorted, or a record cannot be read.
        """
        n, previous = 0, 0
        seen = left = False
        with self._open():
            for part in map_stream(self._shard, self._shards(), threads=threads):
                self._check(part, n, previous)
                left = left or (seen and part.is_late)
                if part.rows.n_records:
                    if left or part.is_broken:
                        raise self._source.in_two_places()
                    seen = True
                left = left or part.is_left
                if part.rows.n_records:
                    yield part.rows
                    n, previous = n + part.rows.n_records, part.rows.last_pos
                if left and self._source.is_indexed:
                    break
        self._source.check_count(n)

    def rows_of(self, batches: Iterable[LineBatch], threads: int) -> Iterator[CountedRows]:
        """The rows of lines that are read elsewhere (BCF, gzip), in their order.

        Raises
        ------
        InputDataError
            A record cannot be read, or the lines are not sorted.
        """
        n, previous = 0, 0
        for part in map_stream(self._batch, batches, threads=threads):
            self._check(part, n, previous)
            yield part.rows
            n, previous = n + part.rows.n_records, part.rows.last_pos

    def sums(self) -> SampleSums:
        """Sums of samples over all shards read so far."""
        total = SampleSums.zero(self._source.layout.n_kept)
        total.add(self._plain_sums)
        n = self._source.layout.n_kept
        for counter in self._all:
            counter.widen()
            depths = counter.depths[:, :n].copy()
            depths[:, :, [0, 2]] *= DEPTH_UNIT
            total.add(
                SampleSums(
                    counter.classes[:, :n],
                    counter.called[:, :n],
                    counter.carried[:, :n],
                    depths,
                    counter.allele_depths[:, :n],
                    counter.depth_cells,
                    counter.quality_cells,
                    counter.n_without_gt,
                    counter.n_gt_not_first,
                    counter.n_left_out,
                )
            )
        return total

    @contextmanager
    def _open(self) -> Iterator[None]:
        self._fd = os.open(self._source.path, os.O_RDONLY)
        try:
            yield
        finally:
            os.close(self._fd)

    def _shards(self) -> Iterator[_Shard]:
        source = self._source
        if source.start is None:
            return
        typical = _SHARD_RECORDS * (100 + 4 * source.layout.n_columns)
        shard_bytes = min(SHARD_BYTES, max(typical, 1 << 20))
        first, within = (source.start, 0) if source.is_plain else divmod(source.start, 1 << 16)
        if source.is_plain:
            size = os.fstat(self._fd).st_size
            starts = list(range(first, size, shard_bytes))
        else:
            found = self._module.shard_starts(self._fd, first, source.end, shard_bytes)
            if isinstance(found, int):
                raise source.damaged(PROBLEMS[found])
            starts = found
        for i, start in enumerate(starts):
            end = starts[i + 1] if i + 1 < len(starts) else -1
            yield _Shard(start, within if i == 0 else 0, end, i == 0)

    def _counter(self) -> Any:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        layout = self._source.layout
        columns = np.arange(layout.n_columns) if layout.keep is None else layout.keep.copy()
        columns[columns < 0] = layout.n_columns
        par = [(r.start, r.end) for r in self._genome.par_regions(self._chromosome)]
        sites = self._site_filter
        counter = self._module.Counter(
            layout.contig.encode(),
            layout.n_columns,
            columns,
            self._ploidy.expected,
            self._ploidy.tested,
            np.array(par, dtype=np.int64).reshape(-1, 2),
            self._source.is_indexed,
            self._module.Sites(
                None if sites.filters is None else "\t".join(sites.filters).encode(),
                sites.min_quality,
                sites.include,
                sites.exclude,
            ),
        )
        with self._lock:
            self._all.append(counter)
        return counter

    def _shard(self, shard: _Shard) -> _Part:
        counter = self._counter()
        code = counter.open_shard(
            self._fd, self._source.is_plain, shard.start, shard.within, shard.end, shard.is_first
        )
        return self._counted(counter, code)

    def _batch(self, batch: LineBatch) -> _Part:
        counter = self._counter()
        return self._counted(counter, counter.open_lines(b"\n".join(batch.lines) + b"\n"))

    def _counted(self, counter: Any, code: int) -> _Part:
        """Count what the counter was opened on."""
        parts: list[CountedRows] = []
        failed = None
        n_odd = 1
        while code >= 0:
            code = counter.run()
            parts.append(self._taken(counter, parts))
            if code != 2:
                break
            # Odd records come in runs: the more of them, the more are read at once.
            failed, rows = self._odd(counter, n_odd)
            if failed is not None:
                break
            parts.append(rows)
            n_odd = min(2 * n_odd, BATCH_RECORDS)
        is_late, is_left, is_broken = counter.is_late, counter.is_left, counter.is_broken
        with self._lock:
            self._idle.append(counter)
        rows = join_rows(parts) if parts else no_rows()
        return _Part(rows, is_late, is_left, is_broken, failed, min(code, 0))

    def _taken(self, counter: Any, parts: list[CountedRows]) -> CountedRows:
        """What the kernel counted since the last odd record."""
        before = sum(p.n_records for p in parts)
        found = counter.take()
        values = found["rows"]
        if len(values):
            values = values.copy()
            values[:, 1] -= before
            values[:, [13, 15]] *= DEPTH_UNIT
        texts = tuple(Texts(data, lengths) for data, lengths in found["texts"])
        n = counter.n_records - before
        first, last = (found["first_pos"], counter.position()) if n else (0, 0)
        return CountedRows(
            values, found["qual"], texts, found["store"], found["kinds"], found["sizes"], n,
            first, last,
        )  # fmt: skip

    def _odd(self, counter: Any, at_most: int) -> tuple[tuple[bytes, int, int] | None, CountedRows]:
        """The next records by the plain engine: one that failed, or their rows."""
        first, before = counter.n_records, counter.position()
        lines = [counter.take_line()]
        while len(lines) < at_most and counter.next_is_record():
            lines.append(counter.take_line())
        try:
            batch = parse_lines(LineBatch(0, before, lines), self._source.layout)
        except InputDataError:
            return self._first_failing(lines, first, before), no_rows()
        inside = in_par(self._genome, self._chromosome, batch.vcf_pos)
        rows, sums = count_batch(batch, self._ploidy, inside, self._site_filter)
        with self._lock:
            self._plain_sums.add(sums)
        counter.set_position(int(batch.vcf_pos[-1]))
        return None, rows

    def _first_failing(self, lines: list[bytes], first: int, before: int) -> tuple[bytes, int, int]:
        for i, line in enumerate(lines):
            try:
                batch = parse_lines(LineBatch(0, before, [line]), self._source.layout)
            except InputDataError:
                return line, first + i, before
            before = int(batch.vcf_pos[0])
        raise AssertionError("each line was read, but not all of them together")

    def _check(self, part: _Part, n: int, previous: int) -> None:
        """Raise what is wrong with a shard, numbers of records counted from the contig's start."""
        layout = self._source.layout
        rows = part.rows
        if rows.n_records and rows.first_pos < previous:
            raise self._source.unsorted(n + 1, rows.first_pos, previous)
        if part.failed is not None:
            line, number, before = part.failed
            parse_lines(LineBatch(n + number, max(before, previous), [line]), layout)
        if part.error == NO_MEMORY:
            raise MemoryError("the buffers of the kernel for calls")
        if part.error < 0:
            raise self._source.damaged(PROBLEMS[part.error])
