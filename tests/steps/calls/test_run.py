"""The rules on a tiny cohort, with this machine's bcftools: planted variants, names, seams."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pysam
import pytest

from genocohort.commands.snakemake_run import step_errors
from genocohort.commands.studies import WORKFLOW
from genocohort.io.calls import read_calls_header
from tiny.calling import (
    CONFIG,
    LENGTHS,
    PAR_END,
    PLANTED,
    SEXES,
    reference_sequences,
    write_alignment,
    write_calling_study,
)

pytestmark = pytest.mark.skipif(
    shutil.which("bcftools") is None, reason="bcftools is not installed"
)
CALLS = Path("results/full/calls")


def _call(study: Path) -> subprocess.CompletedProcess[str]:
    """The files of calls and nothing else."""
    targets = [str(CALLS / f"{name}.vcf.gz") for name in LENGTHS]
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(WORKFLOW / "Snakefile"),
        "--workflow-profile", str(WORKFLOW / "profiles/local"), "--cores", "2", *targets,
    ]  # fmt: skip
    return subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)


def _called(study: Path) -> Path:
    done = _call(study)
    assert done.returncode == 0, done.stdout + done.stderr
    return study


def _digests(study: Path) -> dict[str, str]:
    files = sorted((study / CALLS).iterdir())
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny cohort, called in pieces of 1 kb."""
    folder = tmp_path_factory.mktemp("called")
    write_calling_study(folder)
    return _called(folder)


def _genotypes(study: Path) -> dict[tuple[str, int, str], tuple[int | None, ...]]:
    found = {}
    for path in sorted((study / CALLS).glob("*.vcf.gz")):
        with pysam.VariantFile(str(path)) as calls:
            for record in calls:
                for name, call in record.samples.items():
                    found[record.chrom, record.pos - 1, name] = call["GT"]
    return found


def test_planted_variants_are_found_with_the_ploidy_of_the_sex(called: Path) -> None:
    found = _genotypes(called)
    assert {key[:2] for key in found} == {key[:2] for key in PLANTED}
    for contig, position, name in found:
        copies = PLANTED.get((contig, position, name), 0)
        haploid = contig == "chrX" and position >= PAR_END and SEXES[name] == "XY"
        expected = (min(copies, 1),) if haploid else ((0, 0), (0, 1), (1, 1))[copies]
        assert tuple(sorted(found[contig, position, name])) == expected, (contig, position, name)


def test_alleles_depths_and_filters_are_told(called: Path) -> None:
    bases = reference_sequences()
    with pysam.VariantFile(str(called / CALLS / "chr1.vcf.gz")) as calls:
        for record in calls:
            assert record.ref == bases["chr1"][record.pos - 1]
            assert record.alts == (record.ref.translate(str.maketrans("ACGT", "CAAC")),)
            assert list(record.filter) == ["PASS"]
            assert set(record.format) >= {"GT", "PL", "DP", "AD", "GQ"}
            assert all(sum(c["AD"]) == c["DP"] > 10 for c in record.samples.values())


def test_samples_are_those_of_the_sheet(called: Path) -> None:
    for path in sorted((called / CALLS).glob("*.vcf.gz")):
        assert read_calls_header(path).samples == tuple(SEXES)


def test_headers_tell_nothing_of_the_run(called: Path) -> None:
    with pysam.VariantFile(str(called / CALLS / "chr1.vcf.gz")) as calls:
        text = str(calls.header)
    assert not re.search(r"ref\.fa|\.bam|bcftools|Command|Version=[^\"]|##reference", text)


def test_any_length_of_pieces_gives_the_same_bytes(called: Path, tmp_path: Path) -> None:
    for region_mb, seam in ((1, 0), (0.0003, 2000)):
        study = tmp_path / str(region_mb)
        study.mkdir()
        options = f"region_mb: {region_mb}, seam_bases: {seam}"
        write_calling_study(study, config=CONFIG.replace("region_mb: 0.001", options))
        _called(study)
        assert _digests(study) == _digests(called), region_mb


def test_paths_and_read_groups_do_not_reach_the_calls(called: Path, tmp_path: Path) -> None:
    config = CONFIG + "preflight: {read_group_mismatch: notice}\n"
    write_calling_study(
        tmp_path,
        config=config,
        write={"A": lambda p: write_alignment(p, "A", group="B")},
    )
    (tmp_path / "my reads").mkdir()
    for path in (*tmp_path.glob("B.bam*"), *tmp_path.glob("ref.fa*")):
        path.rename(tmp_path / "my reads" / path.name)
    sheet = tmp_path / "config/samples.tsv"
    text = sheet.read_text().replace("\tB.bam", "\tmy reads/B.bam")
    sheet.write_text(text.replace("ref.fa", str(tmp_path / "my reads/ref.fa")))
    _called(tmp_path)
    assert _digests(tmp_path) == _digests(called)


def test_records_below_the_quality_stay_and_are_marked(called: Path, tmp_path: Path) -> None:
    write_calling_study(
        tmp_path, config=CONFIG.replace("enabled: true", "enabled: true, min_quality: 1000")
    )
    _called(tmp_path)
    assert _genotypes(tmp_path) == _genotypes(called)
    with pysam.VariantFile(str(tmp_path / CALLS / "chr1.vcf.gz")) as calls:
        assert {tuple(record.filter) for record in calls} == {("LowQual",)}


def test_a_cram_needs_no_network(called: Path, tmp_path: Path) -> None:
    write_calling_study(tmp_path)
    pysam.view(
        "-C", "-T", str(tmp_path / "ref.fa"), "-o", str(tmp_path / "A.cram"),
        str(tmp_path / "A.bam"), catch_stdout=False,
    )  # fmt: skip
    pysam.index(str(tmp_path / "A.cram"))
    (tmp_path / "A.bam").unlink()
    sheet = tmp_path / "config/samples.tsv"
    sheet.write_text(sheet.read_text().replace("A.bam", "A.cram"))
    _called(tmp_path)
    assert _genotypes(tmp_path) == _genotypes(called)


def test_damaged_reads_end_with_4_and_leave_no_calls(tmp_path: Path) -> None:
    """bcftools itself ends well on them, with the rest of the reads missing."""
    write_calling_study(tmp_path, config=CONFIG + "preflight: {full_read_mb: 0}\n")
    path = tmp_path / "A.bam"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 3 : len(raw) // 3 + 64] = bytes(64)
    path.write_bytes(raw)
    (tmp_path / "A.bam.bai").touch()
    assert _call(tmp_path).returncode != 0
    code, texts = step_errors(tmp_path / "logs", 0)
    assert code == 4
    assert "bcftools failed" in texts[0]
    assert "logs/calls_region/chr1." in texts[0]
    assert not (tmp_path / CALLS / "chr1.vcf.gz").exists()
