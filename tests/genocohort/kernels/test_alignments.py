"""The compiled engine gives what the plain one gives, byte for byte, and survives any bytes."""

import ctypes
import functools
import itertools
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genocohort import kernels
from genocohort.errors import InputDataError, ToolError
from genocohort.io import alignment_pieces
from genocohort.io.alignments import inspect_alignment, read_all
from genocohort.kernels import PROBLEMS, UNSORTED, native
from genocohort.steps.alignments import cycles, gc_bias, native_counts
from genocohort.steps.alignments import native as engine
from genocohort.steps.alignments.compute import Choices, Contig, Tally, tally_batches
from genocohort.steps.alignments.gc_bias import ReferenceGc
from genocohort.steps.alignments.intervals import merge_intervals
from genocohort.steps.alignments.results import (
    contig_columns,
    cycle_columns,
    flagstat_columns,
    gc_bias_columns,
    gc_depth_columns,
    histogram_columns,
    insert_size_columns,
    strata_columns,
    strata_of,
)
from genocohort.steps.alignments.run import _keep_runs
from tiny.alignments import Read, pair, random_reads, write_alignment
from tiny.bgzf import bgzf

LENGTHS = {"chr1": 90_000, "chr2": 40_000, "chr3": 900, "chrEmpty": 500}
MODULE = native("alignments")
pytestmark = pytest.mark.skipif(MODULE is None, reason="the kernels are not built")


def contigs_of(lengths: dict[str, int], with_targets: bool = False) -> tuple[Contig, ...]:
    found = []
    for i, (name, n) in enumerate(lengths.items()):
        targets = evaluated = None
        if with_targets:
            targets = merge_intervals([(k, k + 37) for k in range(i * 5, n, 101)], n)
            evaluated = merge_intervals([(0, n // 3), (n // 2, n)], n)
        # Near each other and far apart, some twice, in every contig but the last one.
        places = sorted([*range(3, n, 1013), *range(20, 60, 3), 20]) if i < 3 else []
        sites = np.array([k for k in places if k < n], dtype=np.int64)
        found.append(Contig(i, name, n, evaluated, targets, sites, regions_on(i, n)))
    return tuple(found)


def regions_on(number: int, n: int) -> np.ndarray:
    """Neighbouring, overlapping, nested, empty and far regions; none on the last contig."""
    pairs = [(0, n), (n // 3, n // 3), (n // 2, n), (n // 4, n // 4 + 900), (n - 1, n)]
    pairs += [(k, k + 40) for k in range(5, n, 311)] + [(k, k + 2) for k in range(5, n, 777)]
    kept = sorted((a, min(b, n)) for a, b in pairs) if number < 3 else []
    return np.array(kept, dtype=np.int64).reshape(-1, 2)


@functools.cache
def sequence_of(name: str, n: int) -> bytes:
    """Letters of changing GC content, lower case and runs of N among them."""
    rng = random.Random(name)
    text = b""
    while len(text) < n:
        gc = rng.choice([0.1, 0.4, 0.5, 0.9])
        weights = [1 - gc, gc, gc, 1 - gc, 0.01]
        text += bytes(rng.choices(b"AcGtR", weights, k=rng.randrange(1, 400)))
        text += b"Nn"[: rng.randrange(3)] * rng.choice([0, 0, 1, 2, 3, 90])
    return text[:n]


class Fetcher:
    """A reference in memory."""

    def __init__(self, lengths: dict[str, int]) -> None:
        self._text = {name: sequence_of(name, n) for name, n in lengths.items()}

    def __call__(self, name: str, start: int, end: int) -> bytes:
        assert 0 <= start <= end <= len(self._text[name])
        return self._text[name][start:end]


class Runs:
    """Keeps the depth of every base."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[tuple[int, np.ndarray]]] = {}
        self._done: set[int] = set()

    def add(self, piece: int, contig: int, runs: np.ndarray) -> None:
        assert piece not in self._done
        self._pieces.setdefault(piece, []).append((contig, runs.copy()))

    def done(self, piece: int) -> None:
        self._done.add(piece)

    def joined(self) -> list[tuple[int, int, int]]:
        """Contig, end and depth of runs of equal depth."""
        found: list[tuple[int, int, int]] = []
        for piece in sorted(self._pieces):
            for contig, runs in self._pieces[piece]:
                for end, depth in runs.tolist():
                    if found and (found[-1][0], found[-1][2]) == (contig, depth):
                        found.pop()
                    found.append((contig, end, depth))
        return found


def rows(tally: Tally) -> list[Any]:
    strata = strata_of(tally, ["a", "b"])
    return [
        flagstat_columns("s", tally.reads),
        contig_columns("s", tally),
        histogram_columns("s", tally, (1, 2, 5)),
        cycle_columns("s", tally.cycles),
        [(c.n_past_end, c.depth.evaluated_bases, c.alleles.tolist()) for c in tally.contigs],
        [c.regions.whole(len(c.contig.regions)).tolist() for c in tally.contigs],
        gc_bias_columns("s", tally),
        gc_depth_columns("s", tally, 700),
        strata_columns("s", strata),
        insert_size_columns("s", tally, strata),
    ]


def both(
    path: Path, choices: Choices, with_targets: bool = False, threads: int = 1
) -> tuple[list[Any], list[Any]]:
    alignment = inspect_alignment(path)
    lengths = dict(zip(alignment.contigs, alignment.lengths, strict=True))
    contigs = contigs_of(lengths, with_targets)
    choices = replace(choices, thresholds=(1, 2, 7), gc_window=50, gc_depth_bin=700)
    fetch, runs, plain_runs = Fetcher(lengths), Runs(), Runs()
    reference = ReferenceGc(fetch, choices.gc_window, choices.gc_depth_bin)
    compiled = engine.measure_native(MODULE, alignment, contigs, choices, threads, fetch, runs)

    def keep(number: int, start: int, depth: np.ndarray) -> None:
        _keep_runs(plain_runs, 0, number, start, depth)

    plain = tally_batches(read_all(alignment), contigs, choices, keep, reference)
    return [*rows(compiled), runs.joined()], [*rows(plain), plain_runs.joined()]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment_pieces, "PIECE_BYTES", 1)
    monkeypatch.setattr(gc_bias, "CHUNK", 5000)
    monkeypatch.setattr(gc_bias, "MARGIN", 60)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("csi", [False, True])
def test_engines_agree_with_many_pieces(seed: int, csi: bool, tmp_path: Path) -> None:
    import pysam

    reads = random_reads(seed, 3000, list(LENGTHS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS, index=not csi)
    if csi:
        pysam.index("-c", str(path))
    index = inspect_alignment(path).index
    assert index is not None
    assert len(alignment_pieces.read_pieces(index, len(LENGTHS))) > (1 if csi else 4)
    choices = [
        Choices(),
        Choices(excluded_flags=0, count_deletions=True, site_min_base_quality=0),
        Choices(min_mapping_quality=20, insert_size_max=200),
    ][seed % 3]
    compiled, plain = both(path, choices, with_targets=seed % 2 == 0, threads=1 + seed % 3)
    assert compiled == plain


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("csi", [False, True])
def test_alleles_by_the_index_are_those_of_the_whole_pass(
    seed: int, csi: bool, tmp_path: Path
) -> None:
    import pysam

    reads = random_reads(seed, 3000, list(LENGTHS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS, index=not csi)
    if csi:
        pysam.index("-c", str(path))
    alignment = inspect_alignment(path)
    every = contigs_of(LENGTHS)
    # Sites in the second contig's first bases, and beside gaps wider than SITE_GAP.
    places = ([30, *range(50_000, 50_600, 7), 88_000], [*range(1, 900, 50), 39_000], [], [])
    few = [np.array(positions, dtype=np.int64) for positions in places]
    for sites in (None, few):
        contigs = every
        if sites is not None:
            contigs = tuple(replace(c, sites=s) for c, s in zip(every, sites, strict=True))
        whole = tally_batches(read_all(alignment), contigs, Choices())
        wanted = {c.contig.number: c.alleles.tolist() for c in whole.contigs if len(c.alleles)}
        found = engine.count_alleles_native(MODULE, alignment, contigs, Choices(), 1 + seed % 2)
        assert {c.contig.number: c.alleles.tolist() for c in found.contigs} == wanted
        assert sum(map(np.sum, (c.alleles for c in whole.contigs))) > 0


def test_one_stream_gives_the_same(tmp_path: Path) -> None:
    reads = random_reads(9, 2000, list(LENGTHS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS, index=False)
    compiled, plain = both(path, Choices())
    assert compiled == plain


@st.composite
def odd_reads(draw: st.DrawFn) -> list[Read]:
    """Reads of any flag, CIGAR, length, quality, mate and name."""
    cigars = ["20M", "5S15M", "4M1D3M2I1N5M", "9M200000N11M", "2H20M1H", "3=1X6=", "0M10M", "10I",
              "700M", "30001M", "5P10M", "", "1M1N1M1N1M1N1M1N1M"]  # fmt: skip
    reads = []
    for i in range(draw(st.integers(0, 25))):
        cigar = draw(st.sampled_from(cigars))
        name = f"r{draw(st.integers(0, 6))}"
        read = Read(name, draw(st.integers(0, 4095)), draw(st.integers(-1, 1)), cigar=cigar)
        read.start = draw(st.integers(0, 600)) if read.contig >= 0 else -1
        read.mate_contig, read.mate_start = draw(st.integers(-1, 1)), draw(st.integers(-1, 600))
        if not cigar:
            read.flag |= 4
        read.template_length = draw(st.integers(-9000, 9000))
        read.mapping_quality = draw(st.integers(0, 255))
        n = read.n_bases()
        read.bases = draw(st.sampled_from(["", "ACGTN"[i % 5] * n, ("ACGTNRM" * n)[:n]]))
        read.qualities = draw(st.sampled_from([None, "~" * n, "I" * n, "!" * n]))
        if read.qualities is not None and not read.bases:
            read.qualities = None
        if draw(st.booleans()):
            read.tags = {"XX": "text", "NM": draw(st.sampled_from([0, 3, 300, 70_000, -2]))}
            read.tags |= draw(st.sampled_from([{}, {"RG": "a"}, {"RG": "b"}, {"RG": "zz"}]))
        reads.append(read)
    return reads


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd_reads(), st.sampled_from([1796, 0, 4]))
def test_engines_agree_on_odd_records(
    tmp_path_factory: pytest.TempPathFactory, reads: list[Read], excluded: int
) -> None:
    folder = tmp_path_factory.mktemp("odd")
    lengths = {"chr1": 250_000, "chr2": 700}
    path = write_alignment(folder / "in.bam", reads, lengths, index=False)
    compiled, plain = both(path, Choices(excluded_flags=excluded), with_targets=True)
    assert compiled == plain
    shutil.rmtree(folder)


@pytest.mark.parametrize("index", [True, False])
def test_a_cram_of_many_contigs(
    index: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    import pysam

    sequences = {name: "ACGTTGCA" * (n // 8) + "A" * (n % 8) for name, n in LENGTHS.items()}
    reference = tmp_path / "ref.fa"
    reference.write_text("".join(f">{name}\n{text}\n" for name, text in sequences.items()))
    pysam.faidx(str(reference))
    sums = {n: hashlib.md5(s.encode()).hexdigest() for n, s in sequences.items()}
    reads = [r for r in random_reads(8, 900, list(LENGTHS.values())) if r.bases != ""]
    path = write_alignment(
        tmp_path / "in.cram", reads, LENGTHS, reference=reference, checksums=sums, index=index
    )
    alignment = inspect_alignment(path, reference)
    contigs = contigs_of(LENGTHS, with_targets=True)
    plain = rows(tally_batches(read_all(alignment), contigs, Choices()))
    for bases in (1, 1 << 30):
        monkeypatch.setattr(alignment_pieces, "PIECE_BASES", bases)
        found = engine.measure_native(MODULE, alignment, contigs, Choices(), 2)
        assert rows(found) == plain
    if index:
        alone = engine.count_alleles_native(MODULE, alignment, contigs, Choices(), 1)
        assert [c.alleles.tolist() for c in alone.contigs] == [p[2] for p in plain[4] if p[2]]


def test_depth_and_length_beyond_the_cells(tmp_path: Path) -> None:
    # 70,000 reads on a base, and reads longer than the lengths that are counted in cells.
    reads = [Read(f"r{i}", start=5, cigar="2M", bases="AC") for i in range(70_000)]
    reads += [Read("long", start=9, cigar="5000M", bases="ACGTA" * 1000)]
    reads += pair("gap", 20, 30, "10M300000N10M", "5M300005N10M")
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 400_000}, index=False)
    compiled, plain = both(path, Choices(), with_targets=True)
    assert compiled == plain


def test_many_waiting_mates(tmp_path: Path) -> None:
    reads = [r for i in range(9000) for r in pair(f"p{i}", 10 + i % 40, 60 + i % 7, "60M", "50M")]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 5000})
    compiled, plain = both(path, Choices())
    assert compiled == plain


def inflated(path: Path) -> bytes:
    import gzip

    return gzip.decompress(path.read_bytes())


def attempt(path: Path) -> str:
    """Measure; what was said where it failed."""
    try:
        alignment = inspect_alignment(path)
        contigs = contigs_of(dict(zip(alignment.contigs, alignment.lengths, strict=True)))
        engine.measure_native(MODULE, alignment, contigs, Choices(), 1)
    except InputDataError as error:
        return error.what
    return ""


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_bytes_bring_the_interpreter_down(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    # The blocks are right, what is in them is not.
    folder = tmp_path_factory.mktemp("fuzz")
    reads = random_reads(4, 30, [5000, 500, 9])
    path = write_alignment(folder / "in.bam", reads, {"a": 5000, "b": 500, "c": 9}, index=False)
    raw = bytearray(inflated(path))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([None, None, -1, -50, len(raw) // 2]))
    path.write_bytes(bgzf(bytes(raw[:cut])))
    said = attempt(path)
    assert not said or any(w in said for w in ("corrupt", "sorted", "header", "@SQ"))
    shutil.rmtree(folder)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_blocks_are_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    reads = random_reads(5, 200, [5000, 500, 9])
    path = write_alignment(folder / "in.bam", reads, {"a": 5000, "b": 500, "c": 9}, index=False)
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(len(raw) // 5, len(raw) - 29))
    raw[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(raw))
    said = attempt(path)
    # Only fields of the gzip header that carry nothing (time, system, flags) may be changed unseen.
    if not said:
        harmless = inflated(path) == inflated(
            write_alignment(folder / "b.bam", reads, {"a": 5000, "b": 500, "c": 9}, index=False)
        )
        assert harmless
    shutil.rmtree(folder)


@pytest.mark.usefixtures("small_pieces")
def test_an_index_that_leads_astray_is_found(tmp_path: Path) -> None:
    reads = random_reads(2, 3000, list(LENGTHS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    other = write_alignment(
        tmp_path / "other.bam", random_reads(3, 2500, list(LENGTHS.values())), LENGTHS
    )
    shutil.copy(f"{other}.bai", f"{path}.bai")
    assert any(word in attempt(path) for word in ("disagree", "corrupt", "sorted"))
    raw = bytearray(Path(f"{path}.bai").read_bytes())
    rng = random.Random(1)
    for _ in range(40):
        for _ in range(8):
            raw[rng.randrange(12, len(raw))] = rng.randrange(256)
        Path(f"{path}.bai").write_bytes(bytes(raw))
        attempt(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw[:-1], "truncated"),
        (lambda raw: raw + b"\x20", "truncated"),
        (lambda raw: raw + struct.pack("<i", -5), "contradicts"),
        (lambda raw: raw + struct.pack("<i", 1 << 30), "truncated"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    reads = [Read("a", start=5, cigar="50M"), Read("b", start=9, cigar="300M")]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 3000}, index=False)
    path.write_bytes(bgzf(change(inflated(path))))
    assert words in attempt(path)


def test_a_long_cigar_stands_in_a_tag(tmp_path: Path) -> None:
    cigar = "1M1D" * 40_000 + "1M"
    reads = [Read("long", start=5, cigar=cigar, tags={"NM": 1}), Read("b", start=70, cigar="10M")]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 100_000}, index=False)
    compiled, plain = both(path, Choices())
    assert compiled == plain
    assert compiled[1]["fragment_depth_sum"][0] == 40_001 + 10


def test_every_code_has_a_text() -> None:
    assert set(PROBLEMS) | {kernels.NO_MEMORY, UNSORTED} == set(range(-10, 0))
    assert len(native_counts.SUMS) == MODULE.N_SUM_CELLS
    sizes = (MODULE.CYCLE_CELLS, MODULE.INDEL_CELLS, MODULE.COVERAGE_CELLS)
    assert sizes == (cycles.CYCLES, cycles.INDELS, cycles.COVERAGES)


def test_libdeflate_refuses_what_is_damaged() -> None:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(b"x" * 100) + packer.flush()
    inflater = MODULE.Inflater()
    assert inflater.inflate(packed, 100)[0] == b"x" * 100
    assert inflater.inflate(packed, 99) is None
    assert inflater.inflate(packed[:-1], 100) is None
    assert inflater.inflate(b"", 100) is None


def test_absent_kernels_are_told_or_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent() -> None:
        raise ImportError("not built")

    monkeypatch.setitem(kernels._LOADERS, "alignments", absent)
    monkeypatch.delenv(kernels.REQUIRED, raising=False)
    native.cache_clear()
    try:
        assert native("alignments") is None
        assert capsys.readouterr().err.count("\n") == 1
        native.cache_clear()
        monkeypatch.setenv(kernels.REQUIRED, "1")
        with pytest.raises(ToolError, match="not built"):
            native("alignments")
    finally:
        native.cache_clear()


def test_another_layout_of_htslib_is_refused() -> None:
    class Other:
        CYCLE_CELLS = 1

        @staticmethod
        def describe_record(place: int) -> tuple[Any, ...]:
            return (*MODULE.describe_record(place)[:1], 0, *MODULE.describe_record(place)[2:])

    import pysam.libchtslib as module

    with pytest.raises(RuntimeError, match="layout"):
        kernels._try_htslib(Other, ctypes.CDLL(module.__file__))


def test_pieces_cover_everything_once(tmp_path: Path) -> None:
    reads = random_reads(2, 3000, list(LENGTHS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    pieces = alignment_pieces.read_pieces(Path(f"{path}.bai"), len(LENGTHS), 1)
    assert pieces[0].start == (0, -1)
    assert pieces[-1].end == (len(LENGTHS) + 1, -1)
    assert all(a.end == b.start for a, b in itertools.pairwise(pieces))
    assert np.all(np.diff([p.offset >> 16 for p in pieces[1:]]) > 0)
    assert os.path.getsize(path) > pieces[-1].offset >> 16
