"""The texts of the step `alignments` against what samtools and mosdepth write, and in MultiQC."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from genocohort.cli import main
from genocohort.steps.alignments.peer_text import ENDINGS
from tiny.alignments import Read, random_reads, write_alignment
from tiny.mosdepth import mosdepth_environment
from tiny.samtools import samtools

pytestmark = pytest.mark.validation

SAMPLES = Path(__file__).parents[2] / "data-samples"
CONTIGS = {"chr1": 20_000, "chr2": 6_000, "chrEmpty": 500}
SECTIONS = ("FFQ", "LFQ", "GCF", "GCL", "FBC", "LBC", "IS", "RL", "FRL", "LRL", "ID", "IC", "COV")


def write_texts(path: Path, folder: Path) -> dict[str, str]:
    """Our texts by their ending."""
    words = ["alignments", "--sample", "s", "--alignment", str(path)]
    for name in ("flagstat", "contigs", "histograms", "ledger"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    files = [folder / f"s.{ending}" for ending in ENDINGS]
    assert main([*words, "--peer-texts", *map(str, files)]) == 0
    return {e: f.read_text() for e, f in zip(ENDINGS, files, strict=True)}


@pytest.fixture(scope="module", params=["generated", "S007.bam"])
def measured(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("texts")
    path = SAMPLES / "alignments" / request.param
    if request.param == "generated":
        reads = random_reads(6, 1500, list(CONTIGS.values()))
        path = write_alignment(folder / "in.bam", reads, CONTIGS)
    return path, folder, write_texts(path, folder)


Measured = tuple[Path, Path, dict[str, str]]


@pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not installed")
def test_flagstat_and_idxstats_are_samtools_own(measured: Measured) -> None:
    path, _, texts = measured
    assert texts["flagstat.txt"] == samtools("flagstat", path)
    assert texts["idxstats.txt"] == samtools("idxstats", path)


@pytest.mark.skipif(shutil.which("samtools") is None, reason="samtools is not installed")
def test_sections_of_stats_are_samtools_own(measured: Measured) -> None:
    path, _, texts = measured
    theirs = [line.split("\t#")[0] for line in samtools("stats", path).splitlines()]
    ours = texts["samtools_stats.txt"].splitlines()
    assert "This file was produced by samtools stats" in ours[0]
    for code in SECTIONS:
        wanted = [line for line in theirs if line.startswith(code + "\t")]
        assert [line for line in ours if line.startswith(code + "\t")] == wanted, code
    # Supplementary records that are duplicates are no reads: samtools counts them as such here.
    summary = [dict(line.split("\t")[1:3] for line in lines if line.startswith("SN\t"))
               for lines in (ours, theirs)]  # fmt: skip
    supplementary = samtools("view", "-f", "0xC00", "-F", "0x100", path).splitlines()
    extra = sum(len(line.split("\t")[9]) for line in supplementary)
    found, wanted = summary
    assert list(found) == list(wanted)
    found["bases duplicated:"] = str(int(found["bases duplicated:"]) + extra)
    found["reads duplicated:"] = str(int(found["reads duplicated:"]) + len(supplementary))
    assert found == wanted


@pytest.mark.skipif(shutil.which("mosdepth") is None, reason="mosdepth is not installed")
def test_mosdepths_texts(measured: Measured) -> None:
    path, folder, texts = measured
    command = ["mosdepth", "-n", str(folder / "peer"), str(path)]
    subprocess.run(command, check=True, env=mosdepth_environment(folder))
    for ending in ("mosdepth.summary.txt", "mosdepth.global.dist.txt"):
        theirs = (folder / f"peer.{ending}").read_text().splitlines()
        ours = texts[ending].splitlines()
        # Contigs without reads, which are in our total, have no line there.
        named = {line.split("\t")[0] for line in theirs} - {"total"}
        assert [line for line in ours if line.split("\t")[0] in named] == [
            line for line in theirs if not line.startswith("total\t")
        ]
        assert any(line.startswith("total\t") for line in ours)


def test_multiqc_reads_them(measured: Measured, tmp_path: Path) -> None:
    program = shutil.which("multiqc")
    if program is None:
        pytest.skip("multiqc is not installed")
    for ending, text in measured[2].items():
        (tmp_path / f"s.{ending}").write_text(text)
    command = [program, str(tmp_path), "--outdir", str(tmp_path / "made"), "--no-report"]
    done = subprocess.run([*command, "-m", "samtools", "-m", "mosdepth"], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    data = json.loads((tmp_path / "made/multiqc_data/multiqc_data.json").read_text())
    raw = data["report_saved_raw_data"]
    (stats,) = raw["multiqc_samtools_stats"].values()
    (flagstat,) = raw["multiqc_samtools_flagstat"].values()
    lines = [line.split("\t") for line in measured[2]["samtools_stats.txt"].splitlines()]
    summary = {cells[1]: cells[2] for cells in lines if cells[0] == "SN"}
    assert stats["reads_mapped"] == int(summary["reads mapped:"]) > 0
    assert stats["insert_size_average"] == float(summary["insert size average:"])
    total = int(measured[2]["flagstat.txt"].split(" ")[0])
    assert flagstat["total_passed"] == total
    modules = {key.split("_")[1] for key in raw}
    assert {"samtools", "mosdepth"} <= modules or any("mosdepth" in key for key in raw)
    assert any("idxstats" in key for key in raw) or "idxstats" in done.stderr.decode()


def test_nothing_to_divide_by(tmp_path: Path) -> None:
    path = write_alignment(tmp_path / "in.bam", [], {"chr1": 100})
    texts = write_texts(path, tmp_path)
    assert "0 + 0 mapped (N/A : N/A)" in texts["flagstat.txt"]
    assert "SN\terror rate:\t0.000000e+00" in texts["samtools_stats.txt"]
    assert texts["mosdepth.summary.txt"].splitlines()[1:] == [
        "chr1\t100\t0\t0.00\t0\t0",
        "total\t100\t0\t0.00\t0\t0",
    ]
    path = write_alignment(tmp_path / "one.bam", [Read("r", start=5, cigar="4M")], {"chr1": 100})
    assert "chr1\t1\t0.04" in write_texts(path, tmp_path)["mosdepth.global.dist.txt"]


def test_a_name_that_is_no_text_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_alignment(tmp_path / "in.bam", [], {"chr1": 100})
    words = ["alignments", "--sample", "s", "--alignment", str(path)]
    for name in ("flagstat", "contigs", "histograms", "ledger"):
        words += [f"--{name}", str(tmp_path / name)]
    assert main([*words, "--peer-texts", str(tmp_path / "s.txt")]) == 2
    assert "s.txt" in capsys.readouterr().err
