"""The step `alignments` against samtools: flagstat, idxstats, stats and depth, exactly."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from tiny.alignments import Read, pair, random_reads, write_alignment
from tiny.samtools import STATS_LINES, samtools

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not installed"),
]

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
FLAGSTAT_LINES = {
    "total (QC-passed reads + QC-failed reads)": "total",
    "primary": "primary",
    "secondary": "secondary",
    "supplementary": "supplementary",
    "duplicates": "duplicates",
    "primary duplicates": "primary_duplicates",
    "mapped": "mapped",
    "primary mapped": "primary_mapped",
    "paired in sequencing": "paired",
    "read1": "read1",
    "read2": "read2",
    "properly paired": "properly_paired",
    "with itself and mate mapped": "both_mapped",
    "singletons": "singletons",
    "with mate mapped to a different chr": "mate_other_contig",
    "with mate mapped to a different chr (mapQ>=5)": "mate_other_contig_mapq5",
}


def measure(path: Path, folder: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Run the step and read its three tables."""
    names = ("flagstat", "contigs", "histograms")
    arguments = ["alignments", "--sample", "s", "--alignment", str(path)]
    for name in names:
        arguments += [f"--{name}", str(folder / f"{name}.parquet")]
    assert main([*arguments, "--ledger", str(folder / "ledger.json"), *options]) == 0
    return {name: pq.read_table(folder / f"{name}.parquet").to_pylist() for name in names}


def counts(tables: dict[str, list[dict[str, Any]]]) -> dict[str, tuple[int, int]]:
    return {row["metric"]: (row["qc_pass"], row["qc_fail"]) for row in tables["flagstat"]}


def histogram(tables: dict[str, list[dict[str, Any]]], metric: str) -> dict[int, int]:
    return {
        row["bin"]: row["count"]
        for row in tables["histograms"]
        if row["metric"] == metric and row["contig"] == ""
    }


def stats_section(text: str, code: str) -> list[list[str]]:
    return [line.split("\t")[1:] for line in text.splitlines() if line.startswith(code + "\t")]


@pytest.fixture(scope="module", params=[1, 2])
def rich(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated BAM with every kind of record."""
    reads = random_reads(request.param, 1500, list(CONTIGS.values()))
    return write_alignment(tmp_path_factory.mktemp("rich") / "rich.bam", reads, CONTIGS)


def real_files() -> list[Path]:
    given = os.environ.get("GENOCOHORT_DATA")
    files = sorted((SAMPLES / "alignments").glob("*.bam"))[:2]
    files += sorted((SAMPLES / "alignments").glob("*.cram"))
    return files + ([Path(given) / "bam/ex1.bam"] if given else [])


def check_all(path: Path, folder: Path) -> None:
    """Everything samtools counts, on one file."""
    reference = SAMPLES / "reference/genome.fa.gz"
    options = ["--reference", str(reference)] if path.suffix == ".cram" else []
    tables = measure(path, folder, *options)
    check_flagstat(path, tables)
    check_idxstats(path, tables)
    check_stats(path, tables, options)


def check_flagstat(path: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    ours, seen = counts(tables), 0
    for line in samtools("flagstat", "-O", "tsv", path).splitlines():
        passed, failed, name = line.split("\t")
        if "%" not in name:
            assert ours[FLAGSTAT_LINES[name]] == (int(passed), int(failed)), name
            seen += 1
    assert seen == len(FLAGSTAT_LINES)


def check_idxstats(path: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    theirs = [line.split("\t") for line in samtools("idxstats", path).splitlines()]
    ours = [
        [row["contig"], str(row["length"] or 0), str(row["n_mapped"]), str(row["n_unmapped"])]
        for row in tables["contigs"]
    ]
    assert ours == theirs


def check_stats(path: Path, tables: dict[str, list[dict[str, Any]]], options: list[str]) -> None:
    text = samtools("stats", "-m", "1", *options, path)
    summary = {row[0].rstrip(":"): row[1] for row in stats_section(text, "SN")}
    ours = {name: sum(value) for name, value in counts(tables).items()}
    for name, metric in STATS_LINES.items():
        assert ours[metric] == int(summary[name]), name
    assert ours["primary"] == int(summary["raw total sequences"])
    assert sum(counts(tables)["mate_other_contig"]) // 2 == int(
        summary["pairs on different chromosomes"]
    )
    if ours["bases_without_quality"] == 0:
        mean = ours["base_quality_sum"] / ours["bases"]
        assert f"{mean:.1f}" == summary["average quality"]
    lengths = {int(row[0]): int(row[1]) for row in stats_section(text, "RL")}
    assert histogram(tables, "read_length") == lengths
    inserts = {int(row[0]): int(row[1]) for row in stats_section(text, "IS") if int(row[1])}
    assert histogram(tables, "insert_size") == inserts


def test_generated_files_agree_in_every_count(rich: Path, tmp_path: Path) -> None:
    check_all(rich, tmp_path)


@pytest.mark.parametrize("path", real_files(), ids=lambda p: p.name)
def test_real_files_agree_in_every_count(path: Path, tmp_path: Path) -> None:
    check_all(path, tmp_path)


def test_reference_data_is_there() -> None:
    if not os.environ.get("GENOCOHORT_DATA"):
        pytest.skip("GENOCOHORT_DATA is not set")
    assert any(path.name == "ex1.bam" and path.exists() for path in real_files())


def test_mapping_quality_histogram_agrees(rich: Path, tmp_path: Path) -> None:
    tables = measure(rich, tmp_path)
    primary = samtools("view", "-F", "0x904", rich).splitlines()
    qualities = np.array([int(line.split("\t")[4]) for line in primary])
    expected = {int(q): int((qualities == q).sum()) for q in np.unique(qualities)}
    assert histogram(tables, "mapping_quality") == expected


def test_read_depth_is_that_of_samtools_depth(rich: Path, tmp_path: Path) -> None:
    tables = measure(rich, tmp_path)
    theirs: dict[str, list[int]] = {}
    for line in samtools("depth", "-aa", rich).splitlines():
        contig, _, depth = line.split("\t")
        theirs.setdefault(contig, []).append(int(depth))
    for row in tables["contigs"][:-1]:
        depth = np.array(theirs[row["contig"]])
        assert row["read_depth_sum"] == depth.sum()
        assert row["covered_bases"] == (depth > 0).sum()
        assert row["length"] == len(depth)


def test_deletions_count_where_asked_for(rich: Path, tmp_path: Path) -> None:
    tables = measure(rich, tmp_path, "--settings", '{"count_deletions": true}')
    depth = sum(int(x.split("\t")[2]) for x in samtools("depth", "-aa", "-J", rich).splitlines())
    assert sum(row["read_depth_sum"] for row in tables["contigs"]) == depth


def test_missing_qualities_are_left_out_where_samtools_counts_255(tmp_path: Path) -> None:
    reads = [Read("a", start=10, qualities="5" * 10), Read("b", start=20, qualities=None)]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 1000})
    summary = dict(row[:2] for row in stats_section(samtools("stats", path), "SN"))
    assert summary["average quality:"] == "137.5"
    ours = counts(measure(path, tmp_path))
    assert ours["base_quality_sum"][0] / (
        ours["bases"][0] - ours["bases_without_quality"][0]
    ) == pytest.approx(20)


def test_coverage_counts_mates_twice_and_we_name_both(tmp_path: Path) -> None:
    path = write_alignment(tmp_path / "in.bam", pair("p", 100, 120), {"chr1": 1000})
    theirs = samtools("coverage", path).splitlines()[1].split("\t")
    row = measure(path, tmp_path)["contigs"][0]
    assert float(theirs[6]) == pytest.approx(0.1)
    assert (row["mean_read_depth"], row["mean_fragment_depth"]) == (0.1, 0.07)


def test_supplementary_duplicates_are_not_reads(tmp_path: Path) -> None:
    reads = [Read("a", 0x400, start=5), Read("a", 0x400 | 0x800, start=50)]
    path = write_alignment(tmp_path / "in.bam", reads, {"chr1": 1000})
    summary = dict(row[:2] for row in stats_section(samtools("stats", path), "SN"))
    ours = counts(measure(path, tmp_path))
    assert summary["reads duplicated:"] == "2"
    assert ours["sequences_duplicate"] == (1, 0)
    assert ours["duplicates"] == (2, 0)
