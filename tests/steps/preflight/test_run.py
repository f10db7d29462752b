"""Preflight as a user meets it: a sound study passes; each mistake has one clear message."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genocohort import cli
from genocohort.domain.ledger import entries_from_json
from tiny.study import CONFIG, CONTIGS, vcf_text, write_bam, write_study, write_vcf


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sound_study_passes(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check"]) == 0
    assert "2 samples (2 with calls, 1 with alignments), 2 chromosomes" in capsys.readouterr().out


def test_the_step_counts_what_it_leaves_out(study: Path) -> None:
    from genocohort.study import load_study

    (study / "config/config.yaml").write_text(CONFIG + "chromosomes: [2]\n")
    load_study(Path("config/config.yaml")).write_inputs(study / "sheet")
    arguments = ["preflight", "--inputs", "sheet/inputs.json", "--sheet", "sheet/samples.tsv"]
    assert cli.main([*arguments, "--output", "o.json", "--ledger", "l.json"]) == 0
    entries = {(e.scope, e.unit): e for e in entries_from_json((study / "l.json").read_text())}
    assert entries["calls", "contig"].dropped[0].examples == ("chr1",)
    assert entries["calls", "sample"].dropped[0].examples == ("C",)
    assert entries["sheet", "sample"].n_kept == 2
    assert json.loads((study / "o.json").read_text())["n_checks"] > 5


def _truncate(path: Path, keep: float) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    for suffix in (".bai", ".tbi"):
        if Path(f"{path}{suffix}").exists():
            os.utime(f"{path}{suffix}")


def _sheet(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "config/samples.tsv").write_text(text)


def _config(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "config/config.yaml").write_text(CONFIG + text)


MISTAKES: dict[str, tuple[Callable[[Path], object], int, tuple[str, ...]]] = {
    "missing file": (lambda f: (f / "a.bam").unlink(), 3, ("does not exist", "a.bam")),
    "missing calls": (lambda f: (f / "calls.vcf.gz").unlink(), 3, ("does not exist", "calls.vcf")),
    "wrong column": (_sheet("name\tsex\nA\tXX\n"), 2, ("no column sample_id", "samples.tsv")),
    "duplicated id": (_sheet("sample_id\nA\nA\n"), 3, ("appears twice", "line 3")),
    "not in the calls": (_sheet("sample_id\nA\nZed\n"), 3, ("neither calls nor", "Zed", "A, B, C")),
    "unknown key": (_config("study_name: x\n"), 2, ("study_name: unknown key",)),
    "bad value": (_config("preflight: {full_read_mb: -1}\n"), 2, ("preflight.full_read_mb",)),
    "absent contig": (_config("chromosomes: [chr9]\n"), 3, ("not in the calls", "chr9", "chr1")),
    "wrong build": (
        lambda f: (f / "config/config.yaml").write_text(CONFIG.replace("synthetic", "GRCh38")),
        3,
        ("not those of GRCh38", "chr1: 1000 bp, not 248956422"),
    ),
    "truncated BAM": (lambda f: _truncate(f / "a.bam", 0.6), 3, ("cut off", "a.bam")),
    "truncated VCF": (lambda f: _truncate(f / "calls.vcf.gz", 0.9), 3, ("cut off", "calls.vcf.gz")),
    "other sample's BAM": (lambda f: write_bam(f / "a.bam", "B"), 3, ("another sample", "name B")),
    "no shared contig": (
        lambda f: write_bam(f / "a.bam", "A", {"scaffold1": 1000}),
        3,
        ("no contig of the alignment is in the calls", "scaffold1"),
    ),
    "mixed builds": (
        lambda f: write_bam(f / "a.bam", "A", {"1": 999}),
        3,
        ("two genome builds are mixed", "1: 999 bp, but 1000 bp there"),
    ),
    "repeated name": (
        lambda f: write_vcf(f / "calls.vcf.gz", vcf_text(["A", "B", "A"])),
        3,
        ("appears twice in the header", "A"),
    ),
    "not a VCF": (lambda f: (f / "calls.vcf.gz").write_text("chr1 5\n"), 3, ("not a VCF",)),
    "empty VCF": (lambda f: (f / "calls.vcf.gz").write_text(""), 3, ("calls.vcf.gz",)),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_a_clear_message(
    name: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake, code, parts = MISTAKES[name]
    mistake(study)
    assert cli.main(["check"]) == code
    text = capsys.readouterr().err
    assert all(part in text for part in parts), text
    assert "Traceback" not in text
    assert not (study / "results").exists()


@pytest.mark.parametrize("name", ["missing file", "missing calls", "wrong column", "unknown key"])
def test_a_run_that_cannot_be_laid_out_says_the_same(
    name: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake, code, parts = MISTAKES[name]
    mistake(study)
    assert cli.main(["run"]) == code
    text = capsys.readouterr().err
    assert all(part in text for part in parts), text
    assert not (study / "results").exists()


def test_all_problems_at_once(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "config/samples.tsv").write_text(
        "sample_id\talignment\nA\ta.bam\nB\tgone.bam\nZed\t\n"
    )
    write_bam(study / "a.bam", "Q", {"chr1": 77})
    assert cli.main(["check"]) == 3
    text = capsys.readouterr().err
    for part in ("gone.bam", "Zed", "name Q", "two genome builds"):
        assert part in text


def test_a_chr_prefix_is_no_mismatch(study: Path) -> None:
    write_bam(study / "a.bam", "A", {"1": CONTIGS["chr1"], "2": CONTIGS["chr2"]})
    assert cli.main(["check"]) == 0


def test_losses_can_be_allowed(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "config/samples.tsv").write_text("sample_id\nA\nZed\n")
    (study / "config/config.yaml").write_text(CONFIG + "preflight: {missing_samples: loss}\n")
    assert cli.main(["check"]) == 0


def test_a_stale_index_is_told(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.utime(study / "calls.vcf.gz.tbi", (1, 1))
    assert cli.main(["check"]) == 0
    assert "older than its file" in capsys.readouterr().err


def test_a_cram_needs_a_reference(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pysam

    (study / "g.fa").write_text(">chr1\n" + "A" * 1000 + "\n>chr2\n" + "C" * 800 + "\n")
    with (
        pysam.AlignmentFile(str(study / "a.bam")) as bam,
        pysam.AlignmentFile(
            str(study / "a.cram"), "wc", template=bam, reference_filename=str(study / "g.fa")
        ) as cram,
    ):
        for read in bam:
            cram.write(read)
    (study / "config/samples.tsv").write_text("sample_id\talignment\nA\ta.cram\n")
    assert cli.main(["check"]) == 3
    assert "a CRAM needs its reference" in capsys.readouterr().err
    sheet = "sample_id\talignment\treference\nA\ta.cram\tg.fa\n"
    (study / "config/samples.tsv").write_text(sheet)
    assert cli.main(["check"]) == 0


def test_clinical_problems_come_with_all_others(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (study / "a.bam").unlink()
    (study / "people.csv").write_text("id,sex,age\nA,female,41\nB,robot,x\n")
    (study / "config/clinical.yaml").write_text(
        "sources:\n"
        "  - path: people.csv\n"
        "    table: participants\n"
        "    columns:\n"
        "      participant_id: id\n"
        "      sex_recorded: {column: sex, codes: {female: female, male: male}}\n"
        "      age_years: age\n"
    )
    text = CONFIG.replace("calls.vcf.gz}", "calls.vcf.gz, clinical: config/clinical.yaml}")
    (study / "config/config.yaml").write_text(text)
    assert cli.main(["check"]) == 3
    error = capsys.readouterr().err
    assert "a.bam" in error
    assert "column sex" in error
    assert "column age" in error
    assert "robot" not in error
