"""Preflight of a study whose variants are to be called: each mistake has one clear message."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pysam
import pytest

from genocohort.commands.check import check_study
from genocohort.domain.ledger import entries_from_json
from genocohort.errors import GenocohortError
from tiny.calling import CONFIG, SEXES, write_alignment, write_calling_study
from tiny.study import write_bam


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_calling_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sound_study_passes(study: Path) -> None:
    loaded, outcome = check_study(Path("config/config.yaml"))
    assert len(loaded.genotyped) == len(SEXES)
    entries = {(e.scope, e.unit): e for e in outcome.entries}
    assert entries["calls", "contig"].n_in == entries["calls", "contig"].n_kept == 2


def test_the_other_indexes_do_as_well(study: Path) -> None:
    (study / "A.bam.bai").rename(study / "A.bai")
    (study / "B.bam.bai").unlink()
    pysam.index("-c", str(study / "B.bam"))
    text = (study / "ref.fa").read_bytes()
    with pysam.BGZFile(str(study / "ref.fa.gz"), "w") as stream:
        stream.write(text)
    pysam.faidx(str(study / "ref.fa.gz"))
    sheet = study / "config/samples.tsv"
    sheet.write_text(sheet.read_text().replace("ref.fa", "ref.fa.gz"))
    check_study(Path("config/config.yaml"))


def _sheet(old: str, new: str) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        path = folder / "config/samples.tsv"
        path.write_text(path.read_text().replace(old, new))

    return edit


def _stale(folder: Path) -> None:
    changed = (folder / "A.bam").stat().st_mtime - 10
    os.utime(folder / "A.bam.bai", (changed, changed))


def _plain_gzip(folder: Path) -> None:
    import gzip

    (folder / "ref.fa.gz").write_bytes(gzip.compress((folder / "ref.fa").read_bytes()))
    shutil.copy(folder / "ref.fa.fai", folder / "ref.fa.gz.fai")
    _sheet("ref.fa", "ref.fa.gz")(folder)


def _no_gzi(folder: Path) -> None:
    with pysam.BGZFile(str(folder / "ref.fa.gz"), "w") as stream:
        stream.write((folder / "ref.fa").read_bytes())
    shutil.copy(folder / "ref.fa.fai", folder / "ref.fa.gz.fai")
    _sheet("ref.fa", "ref.fa.gz")(folder)


def _short_reference(folder: Path) -> None:
    (folder / "short.fa").write_text(">chr1\nACGT\n>chrX\nACGT\n")
    pysam.faidx(str(folder / "short.fa"))
    (folder / "config/config.yaml").write_text(
        CONFIG.replace("samples.tsv}", "samples.tsv, reference: short.fa}")
    )


MISTAKES: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "no index": (
        lambda f: (f / "A.bam.bai").unlink(),
        ("index, which is missing", "A.bam.csi or A.bam.bai", "samtools index A.bam"),
    ),
    "stale index": (_stale, ("A.bam.bai is older", "samtools index A.bam")),
    "no reference index": (
        lambda f: (f / "ref.fa.fai").unlink(),
        ("reference", "index", "samtools faidx ref.fa"),
    ),
    "reference without its second index": (_no_gzi, ("ref.fa.gz.gzi", "samtools faidx")),
    "reference by gzip": (_plain_gzip, ("compressed with gzip", "bgzip")),
    "no reference": (lambda f: (f / "ref.fa").unlink(), ("does not exist", "ref.fa")),
    "another reference": (_short_reference, ("chr1: 2000 bp, reference 4", "inputs.reference")),
    "other contigs": (
        lambda f: write_bam(f / "B.bam", "B", {"1": 2000, "X": 1500}),
        ("different contigs", "chr1, chrX"),
    ),
    "a sample without reads": (
        _sheet("B.bam", ""),
        ("no alignment to call variants from", "samples.tsv"),
    ),
    "reads of another sample": (
        lambda f: write_alignment(f / "A.bam", "A", group="Z"),
        ("read groups name another sample", "Z"),
    ),
    "a chromosome that is not there": (
        lambda f: (f / "config/config.yaml").write_text(CONFIG + "chromosomes: [chr9]\n"),
        ("not in the calls", "chr9", "chr1, chrX"),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_named(study: Path, name: str) -> None:
    spoil, words = MISTAKES[name]
    spoil(study)
    with pytest.raises(GenocohortError) as caught:
        check_study(Path("config/config.yaml"))
    assert caught.value.exit_code == 3
    text = caught.value.message()
    for word in words:
        assert word in text, text


def test_a_sample_without_reads_can_be_a_counted_loss(study: Path) -> None:
    _sheet("B.bam\tref.fa", "\t")(study)
    (study / "config/config.yaml").write_text(CONFIG + "preflight: {missing_samples: loss}\n")
    loaded, outcome = check_study(Path("config/config.yaml"))
    assert [s.sample_id for s in loaded.genotyped] == ["A"]
    entry = next(e for e in outcome.entries if (e.scope, e.unit) == ("sheet", "sample"))
    assert (entry.n_in, entry.n_kept) == (2, 1)
    assert entry.dropped[0].reason == "no alignment to call variants from"
    assert entry.dropped[0].is_loss
    assert entry.dropped[0].examples == ("B",)


def test_chromosomes_left_out_are_counted(study: Path) -> None:
    (study / "config/config.yaml").write_text(CONFIG + "chromosomes: [X]\n")
    _, outcome = check_study(Path("config/config.yaml"))
    entry = next(e for e in outcome.entries if e.unit == "contig")
    assert entry.dropped[0].examples == ("chr1",)
    assert entries_from_json(f"[{entry.model_dump_json()}]") == (entry,)
