"""Counts by read group and by contig against samtools on the records of each alone."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.domain.tables_alignments import FLAGSTAT_METRICS
from tiny.alignments import random_reads, write_alignment
from tiny.samtools import STATS_LINES, samtools

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not installed"),
]

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
Found = tuple[Path, list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module", params=["generated", "S007.bam"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("strata")
    path = SAMPLES / "alignments" / request.param
    if request.param == "generated":
        reads = random_reads(6, 1500, list(CONTIGS.values()))
        for read in reads[::11]:
            read.tags.pop("RG", None)
        path = write_alignment(folder / "in.bam", reads, CONTIGS)
    words = ["alignments", "--sample", "s", "--alignment", str(path), "--threads", "2"]
    for name in ("flagstat", "contigs", "histograms", "ledger", "strata", "insert-sizes"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    assert main(words) == 0
    counts, inserts = (
        pq.read_table(folder / f"{name}.parquet").to_pylist() for name in ("strata", "insert-sizes")
    )
    return path, counts, inserts


def parts(measured: Found, folder: Path) -> list[tuple[str | None, str | None, Path]]:
    """Read groups and contigs, each with a file of its records alone."""
    path, counts, _ = measured
    keys = sorted({(r["read_group"], r["contig"]) for r in counts}, key=str)
    found = []
    for i, (group, contig) in enumerate(keys):
        part = folder / f"{i}.bam"
        if contig is not None:
            samtools("view", "-b", "-o", part, path, contig)
        elif group:
            # Option -r would keep the records without a group too.
            samtools("view", "-b", "-e", f'[RG] == "{group}"', "-o", part, path)
        else:
            samtools("view", "-b", "-e", "!exists([RG])", "-o", part, path)
        found.append((group, contig, part))
    assert len(found) > 3
    return found


def test_flagstat_of_each(measured: Found, tmp_path: Path) -> None:
    for group, contig, part in parts(measured, tmp_path):
        rows = [line.split(" ") for line in samtools("flagstat", part).splitlines()]
        theirs = {name: (int(row[0]), int(row[2]))
                  for name, row in zip(FLAGSTAT_METRICS, rows, strict=True)}  # fmt: skip
        ours = dict.fromkeys(FLAGSTAT_METRICS, (0, 0)) | {
            r["metric"]: (r["qc_pass"], r["qc_fail"])
            for r in measured[1]
            if (r["read_group"], r["contig"], r["source"]) == (group, contig, "flagstat")
        }
        assert ours == theirs


def test_summary_numbers_of_each(measured: Found, tmp_path: Path) -> None:
    for group, contig, part in parts(measured, tmp_path):
        text = samtools("stats", part).splitlines()
        summary = dict(line.split("\t")[1:3] for line in text if line.startswith("SN\t"))
        ours: Counter[str] = Counter()
        for r in measured[1]:
            if (r["read_group"], r["contig"], r["source"]) == (group, contig, "totals"):
                ours[r["metric"]] += r["qc_pass"] + r["qc_fail"]
        for name, metric in STATS_LINES.items():
            assert ours[metric] == int(summary[f"{name}:"]), (group, contig, name)


def test_insert_sizes_of_each(measured: Found, tmp_path: Path) -> None:
    whole = (None, None, measured[0])
    for group, contig, part in [whole, *parts(measured, tmp_path)]:
        lines = samtools("stats", "-m", "1", part).splitlines()
        rows = [list(map(int, x.split("\t")[1:])) for x in lines if x.startswith("IS\t")]
        theirs = {
            (kind, size): n
            for size, _, *counts in rows
            for kind, n in zip(("inward", "outward", "other"), counts, strict=True)
            if n
        }
        ours = {
            (r["orientation"], r["insert_size"]): r["n_pairs"]
            for r in measured[2]
            if (r["read_group"], r["contig"]) == (group, contig)
        }
        assert ours == theirs
