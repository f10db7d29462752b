"""What variants are called from: the sheet's alignments, their indexes, one reference."""

from pathlib import Path

import pytest

from genocohort.domain.sheet import Sample
from genocohort.errors import GenocohortError, Problems
from genocohort.steps.calls.inputs import resolve_calling
from genocohort.study import load_study
from genocohort.study_config import load_config
from tiny.calling import CONFIG, LENGTHS, write_calling_study


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_calling_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _samples(**changes: str) -> list[Sample]:
    one = {"alignment": "A.bam", "reference": "ref.fa"} | changes
    return [Sample("A", "A", one.pop("vcf_name", "A"), "female", **one), _second()]


def _second() -> Sample:
    return Sample("B", "B", "B", "male", alignment="B.bam", reference="ref.fa")


def test_a_study_of_alignments_knows_what_it_will_have(study: Path) -> None:
    loaded = load_study(Path("config/config.yaml"))
    assert [s.sample_id for s in loaded.genotyped] == ["A", "B"]
    assert [(c.name, c.contig, str(c.path)) for c in loaded.chromosomes] == [
        ("chr1", "chr1", "results/full/calls/chr1.vcf.gz"),
        ("chrX", "chrX", "results/full/calls/chrX.vcf.gz"),
    ]
    assert [str(p) for p in loaded.chromosomes[0].companions()] == [
        "results/full/calls/chr1.vcf.gz.csi"
    ]
    assert list(loaded.call_regions(loaded.chromosomes[0])) == ["0-1000", "1000-2000"]
    assert loaded.calling is not None
    assert loaded.calling.contigs == LENGTHS
    assert loaded.calling.reference_files() == ("ref.fa", "ref.fa.fai")
    assert loaded.calling.alignment_files() == ("A.bam", "A.bam.bai", "B.bam", "B.bam.bai")
    assert {Path("A.bam.bai"), Path("ref.fa.fai")} <= set(loaded.input_files())


def test_the_index_is_the_one_that_htslib_takes(study: Path) -> None:
    calling = resolve_calling(_samples(), None)
    (study / "A.csi").write_bytes(b"")
    assert calling.alignment_files()[1] == "A.csi"
    (study / "A.bam.csi").write_bytes(b"")
    assert calling.alignment_files()[1] == "A.bam.csi"
    (study / "B.bam.bai").unlink()
    assert calling.alignment_files()[3] == "B.bam.bai"


def test_lists_are_written_where_the_rule_reads_them(study: Path) -> None:
    load_study(Path("config/config.yaml")).write_inputs(study / "sheet")
    assert (study / "sheet/calls.alignments").read_text() == "A.bam\nB.bam\n"
    assert (study / "sheet/calls.samples").read_text() == "A\tfemale\nB\tmale\n"
    assert "chrX 501 1500 male 1" in (study / "sheet/calls.ploidy").read_text()
    assert "A.bam" not in (study / "sheet/genotyped.tsv").read_text()


def test_without_the_setting_nothing_is_called(study: Path) -> None:
    path = study / "config/config.yaml"
    path.write_text(CONFIG.replace("enabled: true", "enabled: false"))
    loaded = load_study(Path("config/config.yaml"))
    assert loaded.calling is None
    assert loaded.genotyped == loaded.chromosomes == ()
    loaded.write_inputs(study / "sheet")
    assert not list((study / "sheet").glob("calls.*"))


def test_calls_come_from_one_place_only(study: Path) -> None:
    path = study / "config/config.yaml"
    path.write_text(CONFIG.replace("samples.tsv}", "samples.tsv, calls: calls.vcf.gz}"))
    with pytest.raises(Problems, match="1 problem") as caught:
        load_config(path)
    assert "inputs.calls names a file of calls" in caught.value.message()


@pytest.mark.parametrize(
    ("samples", "reference", "code", "words"),
    [
        ([Sample("A", "A", "A", "male")], None, 3, "no sample of the sheet has an alignment"),
        (_samples(reference=""), "ref.fa", 0, ""),
        (_samples(reference="other.fa"), "ref.fa", 0, ""),
        (_samples(reference="other.fa"), None, 2, "other.fa, ref.fa"),
        (_samples(reference="")[:1], None, 2, "the sheet names none"),
        (_samples(vcf_name="B"), None, 3, "two alignments are of one vcf_name"),
        (_samples(vcf_name="a b"), None, 3, "a b"),
        (_samples(alignment="ref.fa"), None, 3, "no contig is known"),
    ],
)
def test_what_cannot_be_called_is_refused(
    study: Path, samples: list[Sample], reference: str | None, code: int, words: str
) -> None:
    if not words:
        assert resolve_calling(samples, reference).reference == "ref.fa"
        return
    with pytest.raises(GenocohortError) as caught:
        resolve_calling(samples, reference)
    assert caught.value.exit_code == code
    assert words in caught.value.message()
