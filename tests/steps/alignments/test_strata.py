"""Counts by read group and by contig: they are those of the records of each alone."""

from dataclasses import replace

import numpy as np
import pytest

from genocohort.domain.records import RecordBatch
from genocohort.steps.alignments import strata
from genocohort.steps.alignments.compute import Choices, Contig, Tally, merge_tallies, tally_batches
from genocohort.steps.alignments.reads import compute_flagstat, compute_totals
from genocohort.steps.alignments.results import insert_size_columns, strata_columns, strata_of
from genocohort.steps.alignments.strata import CellCounts, most_groups
from tiny.alignments import Read, random_reads
from tiny.batches import ordered, tally, to_batch

LENGTHS = [4000, 900, 500]
GROUPS = ["a", "b", "never used"]


def grouped(reads: list[Read]) -> RecordBatch:
    names = [str(r.tags.get("RG", "")) for r in reads]
    numbers = [GROUPS.index(name) if name in GROUPS else len(GROUPS) for name in names]
    return replace(to_batch(reads), group=np.array(numbers, dtype=np.int64))


def reads_of_groups() -> list[Read]:
    reads = ordered(random_reads(7, 300, LENGTHS))
    for read in reads[::9]:
        read.tags["RG"] = "not in the header"
    for read in reads[::13]:
        read.tags.pop("RG", None)
    return reads


def measure(reads: list[Read], size: int = 100) -> Tally:
    contigs = [Contig(i, f"chr{i + 1}", n) for i, n in enumerate(LENGTHS)]
    batches = [grouped(reads[i : i + size]) for i in range(0, len(reads), size)]
    return tally_batches(batches, contigs, Choices(insert_size_max=400))


def counts(found: Tally) -> dict[tuple[str | None, str | None], dict[str, tuple[int, int]]]:
    columns = strata_columns("s", strata_of(found, GROUPS))
    by_key: dict[tuple[str | None, str | None], dict[str, tuple[int, int]]] = {}
    for group, contig, metric, passing, failing in zip(
        *(columns[n] for n in ("read_group", "contig", "metric", "qc_pass", "qc_fail")), strict=True
    ):
        by_key.setdefault((group, contig), {})[metric] = (passing, failing)
    return by_key


def alone(reads: list[Read]) -> dict[str, tuple[int, int]]:
    """What the whole file's counts would be with these records alone."""
    found, _ = tally(reads, LENGTHS, Choices(insert_size_max=400))
    both = compute_flagstat(found.reads.flags, found.reads.mate_other_contig)
    both |= compute_totals(found.reads)
    return {name: pair for name, pair in both.items() if any(pair) or name == "total"}


def test_each_stratum_is_what_its_records_give_alone() -> None:
    reads = reads_of_groups()
    found = counts(measure(reads))
    for name in ("a", "b"):
        assert found[name, None] == alone([r for r in reads if r.tags.get("RG") == name])
    rest = [r for r in reads if r.tags.get("RG") not in GROUPS]
    assert found["", None] == alone(rest)
    assert found["never used", None] == {"total": (0, 0)}
    for i in range(2):
        assert found[None, f"chr{i + 1}"] == alone([r for r in reads if r.contig == i])
    assert found[None, "*"] == alone([r for r in reads if r.contig < 0])
    assert (None, "chr3") not in found


def test_strata_add_up_to_the_whole() -> None:
    found = measure(reads_of_groups())
    whole = compute_flagstat(found.reads.flags, found.reads.mate_other_contig)
    for side in (0, 1):
        rows = [row for key, row in counts(found).items() if key[side] is not None]
        for metric, pair in whole.items():
            parts = [row.get(metric, (0, 0)) for row in rows]
            assert tuple(map(sum, zip(*parts, strict=True))) == pair, metric


def test_insert_sizes_by_group_and_contig() -> None:
    reads = reads_of_groups()
    found = measure(reads)
    columns = insert_size_columns("s", found, strata_of(found, GROUPS))
    names = ("read_group", "contig", "orientation", "insert_size", "n_pairs")
    rows = list(zip(*(columns[n] for n in names), strict=True))
    for name in ("a", "b"):
        own, _ = tally([r for r in reads if r.tags.get("RG") == name], LENGTHS,
                       Choices(insert_size_max=400))  # fmt: skip
        expected = strata.insert_rows(own.reads.insert_size)
        assert [row[2:] for row in rows if row[0] == name] == expected
        assert expected
    whole = [row[2:] for row in rows if row[:2] == (None, None)]
    assert whole == strata.insert_rows(found.reads.insert_size)
    assert {row[0] for row in whole} == {"inward", "outward", "other"}


def test_batches_and_parts_do_not_matter() -> None:
    reads = reads_of_groups()
    expected = counts(measure(reads))
    assert counts(measure(reads, 7)) == expected
    halves = [measure([r for r in reads if r.contig == i]) for i in (0, 1, -1)]
    for half in halves[1:]:
        half.contigs = []
    assert counts(merge_tallies(halves)) == expected


def test_few_cells_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strata, "_LEAST_HELD", 10)
    rng = np.random.default_rng(1)
    found, expected = CellCounts(), np.zeros(50, dtype=np.int64)
    for _ in range(40):
        cells = np.unique(rng.integers(0, 50, 9))
        counted = rng.integers(1, 5, len(cells))
        found.add(cells, counted)
        expected[cells] += counted
    assert found.dense(50).tolist() == expected.tolist()
    assert sum(len(cells) for cells, _ in found._parts) < 3 * 50


def test_a_bound_on_groups() -> None:
    assert most_groups(8000) == 80
    assert most_groups(1_000_000) == 0
