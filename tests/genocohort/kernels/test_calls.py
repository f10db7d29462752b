"""The compiled engine for calls gives what the plain one gives, byte for byte."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genocohort.domain.call_counts import DEPTH_CELLS, QUALITY_CELLS, ROW_COLUMNS
from genocohort.domain.site_filter import SiteFilter, merge_regions
from genocohort.domain.tables_variants import GENOTYPE_COUNTS
from genocohort.errors import InputDataError
from genocohort.io.bgzf import EOF_BLOCK
from genocohort.kernels import native
from genocohort.stats.hwe import tail_sums
from genocohort.steps.genotypes import native as engine
from tiny.bgzf import bgzf
from tiny.call_engines import Counted, count_compiled, count_plain
from tiny.calls import vcf_text, write_vcf
from tiny.calls_strategies import SAMPLES, contigs_of_records

MODULE = native("calls")
pytestmark = pytest.mark.skipif(MODULE is None, reason="the kernels are not built")


def quiet(max_examples: int) -> settings:
    return settings(
        max_examples=max_examples, deadline=None, suppress_health_check=list(HealthCheck)
    )


def assert_same(one: Counted, two: Counted) -> None:
    rows, other = one[0], two[0]
    for i, name in enumerate(ROW_COLUMNS):
        assert rows.values[:, i].tolist() == other.values[:, i].tolist(), name
    np.testing.assert_array_equal(rows.qual, other.qual)
    for mine, theirs in zip(rows.texts, other.texts, strict=True):
        assert mine.data == theirs.data
        assert mine.lengths.tolist() == theirs.lengths.tolist()
    assert rows.sizes.tolist() == other.sizes.tolist()
    assert rows.kinds.tolist() == other.kinds.tolist()
    assert rows.store == other.store
    names = ("n_records", "first_pos", "last_pos")
    assert [getattr(rows, n) for n in names] == [getattr(other, n) for n in names]
    for name, value in vars(one[1]).items():
        np.testing.assert_array_equal(value, getattr(two[1], name), err_msg=name)


@quiet(150)
@given(
    contigs_of_records(),
    st.sampled_from([SAMPLES, SAMPLES[::-1], SAMPLES[1:4], ("M2", "absent", "F1")]),
    st.sampled_from(["in.vcf", "in.vcf.gz"]),
    st.sampled_from([1, 100, 1 << 20]),
    st.booleans(),
)
def test_engines_agree_on_any_records(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[str, list[str]],
    names: tuple[str, ...],
    name: str,
    shard: int,
    crlf: bool,
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    folder = tmp_path_factory.mktemp("calls")
    path = write_vcf(folder / name, text.replace("\n", "\r\n") if crlf else text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SHARD_BYTES", shard)
        assert_same(count_compiled(path, contig, names), count_plain(path, contig, names))
    shutil.rmtree(folder)


REGIONS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(lambda r: (r[0], r[0] + r[1])), max_size=4
).map(merge_regions)
FILTERS = st.builds(
    SiteFilter,
    st.sampled_from([None, (), ("PASS",), ("q10",), ("LowQual", "PASS"), ("PASS", "q10", "s50")]),
    st.sampled_from([float("nan"), 0.0, 1.5, 30.0]),
    st.none() | REGIONS,
    REGIONS,
)


@quiet(200)
@given(
    contigs_of_records(), FILTERS, st.sampled_from(["in.vcf", "in.vcf.gz"]),
    st.sampled_from([1, 100, 1 << 20]),
)  # fmt: skip
def test_engines_agree_on_what_a_site_filter_leaves_out(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: tuple[str, list[str]],
    site_filter: SiteFilter,
    name: str,
    shard: int,
) -> None:
    contig, lines = drawn
    folder = tmp_path_factory.mktemp("calls")
    path = write_vcf(folder / name, vcf_text(SAMPLES, lines, {contig: 156_040_895}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "SHARD_BYTES", shard)
        found = count_compiled(path, contig, SAMPLES, site_filter=site_filter)
    plain = count_plain(path, contig, SAMPLES, site_filter)
    assert_same(found, plain)
    rows, sums = plain
    assert rows.n_records == len(lines)
    kept = len(np.unique(rows.values[:, ROW_COLUMNS.index("record")]))
    assert kept + sums.n_left_out.sum() == len(lines)
    shutil.rmtree(folder)


def long_calls(n: int, n_samples: int, seed: int = 1) -> list[str]:
    """Records of many kinds, enough to fill blocks and 8-bit counters."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(n):
        common = rng.random() < 0.7
        texts = ["0/0", "0|0", "0/1", "0|1", "1|0", "1/1", "./.", ".|."]
        keys, alts = "GT", "C"
        if not common:
            texts += ["1/2", "2|1", "./1", "0", "1", ".", "0/2"]
            keys, alts = rng.choice(["GT", "GT:DP", "GT:AD:DP:GQ"]), "C,GT"
        share = rng.choice([0.002, 0.05, 0.5])
        drawn = np.where(rng.random(n_samples) < share, rng.integers(0, len(texts), n_samples), 0)
        more = {"GT": "", "GT:DP": ":7", "GT:AD:DP:GQ": ":3,4:12:33"}[keys]
        cells = " ".join(texts[k] + more for k in drawn)
        kind = rng.choice(["PASS", "LowQual"])
        lines.append(f"chr1 {10 + 3 * i} . A {alts} {i}.5 {kind} . {keys} {cells}")
    return lines


@pytest.mark.parametrize("name", ["in.vcf", "in.vcf.gz"])
@pytest.mark.parametrize("index", [True, False])
def test_shards_and_threads_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, index: bool
) -> None:
    names = tuple(f"S{i}" for i in range(301))
    lines = long_calls(900, len(names))
    text = vcf_text(names, [*lines, *(line.replace("chr1", "chr2") for line in lines[:50])])
    path = write_vcf(tmp_path / name, text, index=index)
    expected = count_plain(path, "chr1", names)
    for shard, threads in ((1, 2), (70_000, 1), (300_000, 3), (1 << 30, 1)):
        monkeypatch.setattr(engine, "SHARD_BYTES", max(shard, 1 if ".gz" in name else 5000))
        assert_same(count_compiled(path, "chr1", names, threads), expected)
    assert_same(count_compiled(path, "chr2", names, 2), count_plain(path, "chr2", names))


@pytest.mark.parametrize("size", [1, 7, 64, 300])
def test_lines_longer_than_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    text = vcf_text(SAMPLES, long_calls(40, len(SAMPLES)))
    path = tmp_path / "in.vcf.gz"
    path.write_bytes(bgzf(text.encode(), size))
    for shard in (1, 50, 1000):
        monkeypatch.setattr(engine, "SHARD_BYTES", shard)
        assert_same(count_compiled(path, "chr1", SAMPLES, 2), count_plain(path, "chr1", SAMPLES))


def test_bcf_and_gzip(tmp_path: Path) -> None:
    text = vcf_text(SAMPLES, long_calls(1200, len(SAMPLES)))
    known = text.replace("GT:AD:DP:GQ", "GT:DP:GQ").replace(":3,4:12:33", ":12:33")
    bcf = write_vcf(tmp_path / "in.bcf", known)
    packed = tmp_path / "in.vcf.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (bcf, packed):
        assert_same(count_compiled(path, "chr1", SAMPLES, 2), count_plain(path, "chr1", SAMPLES))


def test_errors_of_lines_read_elsewhere(tmp_path: Path) -> None:
    lines = [f"chr1 {i} . A C . PASS . GT 0/0 0/1 1/1 ./. 0/0" for i in range(1, 700)]
    for wrong in ("chr1 650 . A C . PASS . GT 0/0 0/1 1/1 ./. 0/0", "chr1 900 . A C . . . GT 0/9"):
        path = tmp_path / "in.vcf.gz"
        path.write_bytes(gzip.compress(vcf_text(SAMPLES, [*lines, wrong]).encode()))
        assert failure(count_compiled, path, "chr1", SAMPLES) == failure(
            count_plain, path, "chr1", SAMPLES
        )


def failure(function: Any, *args: Any) -> str:
    with pytest.raises(InputDataError) as raised:
        function(*args)
    return str(raised.value.message())


@pytest.mark.parametrize(
    "change",
    [
        ("chr1\t40\t", "chr1\t4\t"),
        ("chr1\t40\t.\tA", "chr1\t40\t.\t"),
        ("chr1\t40\t", "chr1\tx\t"),
        ("chr1\t40\t.\tA\tC", "chr1\t40\t.\tA\tC,"),
        ("\tPASS", ""),
        ("0/0\n", "0/0\t0/0\n"),
        ("0/0\n", "0/7\n"),
        ("0/0\n", "0/x\n"),
        ("\t0/0\n", "\n"),
    ],
)
@pytest.mark.parametrize("shard", [1, 1 << 20])
def test_errors_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], shard: int
) -> None:
    lines = [f"chr1 {10 * i} . A C . PASS . GT 0/0 0/1 1/1 ./. 0/0" for i in range(1, 9)]
    text = vcf_text(SAMPLES, lines)
    head, tail = text.split("chr1\t40\t")
    path = tmp_path / "in.vcf.gz"
    broken = head + ("chr1\t40\t" + tail).replace(*change, 1)
    path.write_bytes(bgzf(broken.encode(), 200))
    monkeypatch.setattr(engine, "SHARD_BYTES", shard)
    assert failure(count_compiled, path, "chr1", SAMPLES) == failure(
        count_plain, path, "chr1", SAMPLES
    )


def test_records_in_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "{} {} . A C . PASS . GT 0/0 0/1 1/1 ./. 0/0"
    lines = [line.format(c, p) for c, p in (("chr1", 1), ("chr2", 5), ("chr1", 9))]
    path = write_vcf(tmp_path / "in.vcf.gz", vcf_text(SAMPLES, lines), index=False)
    path.write_bytes(bgzf(vcf_text(SAMPLES, lines).encode(), 30))
    for shard in (1, 64, 1 << 20):
        monkeypatch.setattr(engine, "SHARD_BYTES", shard)
        assert "two places" in failure(count_compiled, path, "chr1", SAMPLES)


@quiet(150)
@given(st.data())
def test_no_bytes_bring_the_interpreter_down(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    # The blocks are right, what is in them is not.
    folder = tmp_path_factory.mktemp("fuzz")
    raw = bytearray(vcf_text(SAMPLES, long_calls(12, len(SAMPLES))).encode())
    start = raw.index(b"chr1\t10")
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(start, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "in.vcf.gz"
    path.write_bytes(bgzf(bytes(raw), 500))
    try:
        expected = count_plain(path, "chr1", SAMPLES)
    except InputDataError:
        # The first of several faults may be another one: the plain engine reads batches ahead.
        assert failure(count_compiled, path, "chr1", SAMPLES)
    else:
        assert_same(count_compiled(path, "chr1", SAMPLES), expected)
    shutil.rmtree(folder)


@quiet(80)
@given(st.data())
def test_damaged_blocks_are_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    whole = bgzf(vcf_text(SAMPLES, long_calls(60, len(SAMPLES))).encode(), 900)
    expected_path = folder / "whole.vcf.gz"
    expected_path.write_bytes(whole)
    raw = bytearray(whole)
    # Behind what tells that the file is bgzipped.
    at = data.draw(st.integers(16, len(raw) - 29))
    raw[at] ^= data.draw(st.integers(1, 255))
    path = folder / "in.vcf.gz"
    path.write_bytes(bytes(raw))
    try:
        found = count_compiled(path, "chr1", SAMPLES)
    except InputDataError:
        pass
    else:
        # Only fields of the gzip header that carry nothing (time, system) may change unseen.
        assert_same(found, count_compiled(expected_path, "chr1", SAMPLES))
    shutil.rmtree(folder)


def test_a_cut_block_is_an_error(tmp_path: Path) -> None:
    whole = bgzf(vcf_text(SAMPLES, long_calls(60, len(SAMPLES))).encode(), 900)
    path = tmp_path / "in.vcf.gz"
    path.write_bytes(whole[: len(whole) // 2] + EOF_BLOCK)
    assert "damaged" in failure(count_compiled, path, "chr1", SAMPLES)


@quiet(100)
@given(st.lists(st.tuples(*[st.integers(0, 3000)] * 3), min_size=1, max_size=30), st.booleans())
def test_hardy_weinberg_has_the_same_bits(counts: list[tuple[int, int, int]], midp: bool) -> None:
    columns = [np.array(column, dtype=np.int64) for column in zip(*counts, strict=True)]
    rare, common = np.minimum(columns[0], columns[2]), np.maximum(columns[0], columns[2])
    mine = MODULE.hwe(rare, columns[1], common, midp)
    np.testing.assert_array_equal(mine, tail_sums(rare, columns[1], common, midp))


def test_layouts_are_the_same() -> None:
    assert (*MODULE.ROW_COLUMNS, *GENOTYPE_COUNTS) == ROW_COLUMNS
    assert (MODULE.DEPTH_CELLS, MODULE.QUALITY_CELLS) == (DEPTH_CELLS, QUALITY_CELLS)
