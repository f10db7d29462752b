"""Depth of regions and of every base against mosdepth's files, line by line."""

import gzip
import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyBigWig
import pysam
import pytest

from genocohort.cli import main
from tiny.alignments import random_reads, write_alignment
from tiny.mosdepth import mosdepth_environment

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("mosdepth") is None, reason="mosdepth is not installed"),
]

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
THRESHOLDS = (1, 2, 5, 10, 20)


def inputs() -> list[str]:
    return ["3", "4", "5", *(str(p) for p in sorted((SAMPLES / "alignments").glob("*.bam"))[:1])]


@pytest.fixture(scope="module", params=inputs(), ids=lambda p: Path(p).name)
def measured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The folder with our files and mosdepth's (out.*), and the alignment."""
    folder, path = tmp_path_factory.mktemp("regions"), Path(request.param)
    if request.param.isdigit():
        reads = random_reads(int(request.param), 1200, list(CONTIGS.values()))
        path = write_alignment(folder / "in.bam", reads, CONTIGS)
    with pysam.AlignmentFile(str(path)) as file:
        lengths = dict(zip(file.references, file.lengths, strict=True))
    bed = folder / "regions.bed"
    bed.write_text(bed_text(lengths))
    subprocess.run(
        ["mosdepth", "--by", str(bed), "--thresholds", ",".join(map(str, THRESHOLDS)),
         str(folder / "out"), str(path)],
        check=True, env=mosdepth_environment(folder),
    )  # fmt: skip
    for kind, ending in (("bedgraph", "bed.gz"), ("bigwig", "bw")):
        words = ["alignments", "--sample", "s", "--alignment", str(path), "--threads", "2"]
        for name in ("flagstat", "contigs", "histograms", "ledger", "region-depths"):
            words += [f"--{name}", str(folder / f"{name}.parquet")]
        settings = {"depth_thresholds": THRESHOLDS, "per_base": kind}
        words += ["--regions", str(bed), "--per-base", str(folder / f"ours.{ending}")]
        assert main([*words, "--settings", json.dumps(settings)]) == 0
    return folder, path


def bed_text(lengths: dict[str, int]) -> str:
    """Regions of all sizes: apart, overlapping, nested, whole contigs, empty."""
    rng = random.Random(6)
    rows = []
    for name, n in lengths.items():
        rows += [
            f"{name}\t0\t{n}",
            f"{name}\t{n - 1}\t{n}\tlast",
            f"{name}\t{n // 2}\t{n // 2}\tempty",
        ]
        for i in range(40):
            start = rng.randrange(n)
            rows.append(f"{name}\t{start}\t{min(n, start + rng.randrange(1, 900))}\tr{i}")
    rng.shuffle(rows)
    return "\n".join(rows) + "\n"


def peer_rows(folder: Path, name: str) -> list[list[str]]:
    text = gzip.decompress((folder / f"out.{name}.bed.gz").read_bytes()).decode()
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def our_rows(folder: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(folder / "region-depths.parquet").to_pylist())


def test_means_of_regions(measured: tuple[Path, Path]) -> None:
    ours = [
        [r["contig"], str(r["start"]), str(r["end"]), *([r["name"]] if r["name"] else []),
         f"{r['mean_fragment_depth'] or 0:.2f}"]
        for r in our_rows(measured[0])
    ]  # fmt: skip
    assert ours == peer_rows(measured[0], "regions")
    assert len({row[-1] for row in ours}) > 5


def test_bases_that_reach_the_thresholds(measured: tuple[Path, Path]) -> None:
    ours = [
        [r["contig"], str(r["start"]), str(r["end"]), r["name"] or "unknown",
         *(str(r[f"bases_{x}x"]) for x in THRESHOLDS)]
        for r in our_rows(measured[0])
    ]  # fmt: skip
    assert ours == peer_rows(measured[0], "thresholds")


def test_depth_of_every_base(measured: tuple[Path, Path]) -> None:
    folder, _ = measured
    ours, theirs = (gzip.decompress((folder / name).read_bytes())
                    for name in ("ours.bed.gz", "out.per-base.bed.gz"))  # fmt: skip
    assert ours == theirs
    assert ours.count(b"\n") > 100


def test_the_bigwig_is_mosdepths_depth(measured: tuple[Path, Path]) -> None:
    folder, path = measured
    with pyBigWig.open(str(folder / "ours.bw")) as file, pysam.AlignmentFile(str(path)) as reads:
        ours = [(n, *row) for n in reads.references for row in file.intervals(n)]
    theirs = [(n, int(a), int(b), float(v)) for n, a, b, v in peer_rows(folder, "per-base")]
    assert ours == theirs
