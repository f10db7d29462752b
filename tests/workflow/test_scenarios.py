"""Whole runs of studies that lack something: no calls, no alignments, no samples, no variants."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_alignments import SAMPLE_CONTIGS
from genocohort.domain.tables_variants import SUMMARY_CHROMOSOMES
from genocohort.io.parquet import read_table
from tiny.calling import CONFIG as CALLING_CONFIG
from tiny.calling import PLANTED, SEXES, write_calling_study
from tiny.sample_cohort import genocohort
from tiny.study import CONTIGS, vcf_text, write_bam, write_vcf

pytestmark = pytest.mark.end_to_end

FULL = Path("results/full")


def _study(folder: Path, sheet: str, inputs: str = "") -> Path:
    (folder / "config").mkdir()
    (folder / "config/samples.tsv").write_text(sheet)
    (folder / "config/config.yaml").write_text(
        f"genome: {{build: synthetic}}\ninputs: {{sample_sheet: config/samples.tsv{inputs}}}\n"
    )
    return folder


def _run(folder: Path) -> None:
    done = genocohort(["run", "--cores", "2"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / FULL / "report/index.html").stat().st_size > 5000


def test_alignments_alone_with_names_that_look_like_wildcards(tmp_path: Path) -> None:
    names = ["S1", "S1_2", "S1.dup", "S1_chr1", "chr1"]
    for name in names:
        write_bam(tmp_path / f"{name}.bam", name)
    rows = "".join(f"{name}\t{name}.bam\n" for name in names)
    study = _study(tmp_path, "sample_id\talignment\n" + rows)
    _run(study)
    table = read_table(study / FULL / "alignment_summary/contigs.parquet", SAMPLE_CONTIGS)
    seen = set(zip(table["sample_id"].to_pylist(), table["contig"].to_pylist(), strict=True))
    assert {(n, c) for n in names for c in CONTIGS} <= seen
    assert not (study / FULL / "genotypes").exists()


def _summary(study: Path) -> dict[str, int]:
    path = study / FULL / "variant_summary/chromosomes.parquet"
    rows = read_table(path, SUMMARY_CHROMOSOMES).to_pylist()
    return {r["chromosome"]: r["n_records"] for r in rows if r["filter_set"] == "all"}


def test_calls_alone_with_a_chromosome_without_records(tmp_path: Path) -> None:
    text = vcf_text(["A", "B"], {"chr1": 1000, "chr3": 900}).replace(
        "##contig=<ID=chr3", "##contig=<ID=chr2,length=800>\n##contig=<ID=chr3"
    )
    write_vcf(tmp_path / "calls.vcf.gz", text)
    study = _study(tmp_path, "sample_id\tsex\nA\tXX\nB\tXY\n", ", calls: calls.vcf.gz")
    _run(study)
    assert _summary(study) == {"chr1": 3, "chr2": 0, "chr3": 3, "all": 6}


def test_a_header_without_records_gives_a_complete_report(tmp_path: Path) -> None:
    write_vcf(tmp_path / "calls.vcf.gz", vcf_text(["A", "B"], n=0))
    study = _study(tmp_path, "sample_id\nA\nB\n", ", calls: calls.vcf.gz")
    _run(study)
    assert _summary(study) == {"chr1": 0, "chr2": 0, "all": 0}
    assert pq.read_table(study / FULL / "sample_qc/samples.parquet").num_rows == 2


def test_sites_without_samples_next_to_alignments(tmp_path: Path) -> None:
    write_bam(tmp_path / "a.bam", "A")
    text = vcf_text([]).replace("\tFORMAT\n", "\n").replace("\t.\tGT\n", "\t.\n")
    write_vcf(tmp_path / "calls.vcf.gz", text)
    study = _study(tmp_path, "sample_id\talignment\nA\ta.bam\n", ", calls: calls.vcf.gz")
    _run(study)
    assert _summary(study) == {"chr1": 3, "chr2": 3, "all": 6}
    assert not (study / FULL / "kinship").exists()


needs_bcftools = pytest.mark.skipif(
    shutil.which("bcftools") is None, reason="bcftools is not installed"
)


@needs_bcftools
def test_alignments_alone_whose_variants_are_called(tmp_path: Path) -> None:
    write_calling_study(tmp_path)
    _run(tmp_path)
    planted = {key[:2] for key in PLANTED}
    counts = {c: sum(contig == c for contig, _ in planted) for c in ("chr1", "chrX")}
    assert _summary(tmp_path) == {**counts, "all": len(planted)}
    samples = pq.read_table(tmp_path / FULL / "sample_qc/samples.parquet")
    assert samples["sample_id"].to_pylist() == list(SEXES)
    psam = (tmp_path / FULL / "genotypes/chr1.psam").read_text()
    assert all(f"\n0\t{name}\t" in psam for name in SEXES)
    assert (tmp_path / FULL / "structure/components.parquet").exists()
    assert not list((tmp_path / "work/calls").rglob("*.bcf"))
    done = genocohort(["run", "--cores", "2"], tmp_path)
    assert "Nothing to be done" in done.stdout


@needs_bcftools
def test_a_sample_without_reads_is_a_named_loss_of_calling(tmp_path: Path) -> None:
    write_calling_study(
        tmp_path, config=CALLING_CONFIG + "preflight: {missing_samples: loss}\nchromosomes: [1]\n"
    )
    sheet = tmp_path / "config/samples.tsv"
    sheet.write_text(sheet.read_text() + "C\tXX\t\t\n")
    done = genocohort(["run", "--cores", "2"], tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "no alignment to call variants from (C)" in done.stderr
    accounts = json.loads((tmp_path / FULL / "accounts/accounts.json").read_text())
    assert not accounts["contradictions"]
    ledger = entries_from_json((tmp_path / FULL / "genotypes/chr1.ledger.json").read_text())
    assert next(e for e in ledger if e.unit == "sample").n_kept == len(SEXES)
