"""A whole run whose alleles come from a panel, in the pass over all reads; and without one."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from genocohort.domain.tables_identity import ALLELES, IDENTITY_SAMPLES
from genocohort.io.parquet import read_table
from genocohort.steps.alignments.peer_text import ENDINGS
from tiny.sample_cohort import genocohort, planned, write_cut
from tiny.study import CONTIGS, write_bam

pytestmark = pytest.mark.end_to_end


def test_a_panel_and_alignments_alone(tmp_path: Path) -> None:
    names = ["A", "B.1"]
    for name in names:
        write_bam(tmp_path / f"{name}.bam", name)
    (tmp_path / "config").mkdir()
    rows = "".join(f"{name}\t{name}.bam\n" for name in names)
    (tmp_path / "config/samples.tsv").write_text("sample_id\talignment\n" + rows)
    contig = next(iter(CONTIGS))
    (tmp_path / "panel.bed").write_text(f"{contig}\t100\t101\tA\tC\n{contig}\t200\t201\tG\tT\n")
    (tmp_path / "panel.mu").write_text(f"{contig}:101_A/C\t0.8\n{contig}:201_G/T\t1\n")
    config = {
        "genome": {"build": "synthetic"},
        "inputs": {"sample_sheet": "config/samples.tsv", "sites": "panel.bed"},
        "alignments": {"peer_texts": True, "regions": "regions.bed", "per_base": "bedgraph"},
    }
    (tmp_path / "regions.bed").write_text(f"{contig}\t100\t400\n")
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(config))
    assert "alignments_sites" not in planned(tmp_path)
    done = genocohort(["run", "--cores", "2"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    full = tmp_path / "results/full"
    for name in names:
        table = read_table(full / f"alignments/{name}.alleles.parquet", ALLELES)
        assert table["vcf_pos"].to_pylist() == [101, 201]
        assert all((full / f"alignments/{name}.{ending}").stat().st_size for ending in ENDINGS)
        assert (full / f"alignments/{name}.per-base.bed.gz").stat().st_size
        regions = pq.read_table(full / f"alignments/{name}.regions.parquet").to_pylist()
        assert [(row["start"], row["end"]) for row in regions] == [(100, 400)]
    found = read_table(full / "identity/samples.parquet", IDENTITY_SAMPLES).to_pylist()
    assert [row["sample_id"] for row in found] == names
    assert {row["match"] for row in found} == {"unknown"}


def test_without_a_panel_the_sites_are_read_apart(tmp_path: Path) -> None:
    write_cut(tmp_path / "study")
    steps = planned(tmp_path / "study")
    assert steps["alignments"] == steps["alignments_sites"] == 2
    assert steps["sites"] == steps["identity"] == 1


def test_samples_with_known_calls_are_compared(tmp_path: Path) -> None:
    write_cut(tmp_path / "study")
    path = tmp_path / "study/config/config.yaml"
    config = yaml.safe_load(path.read_text())
    config["inputs"]["truth"] = {"calls": config["inputs"]["calls"], "samples": {}}
    path.write_text(yaml.safe_dump(config))
    steps = planned(tmp_path / "study")
    assert steps["truth"] == 1
    assert steps["truth_genotypes"] == steps["genotypes"]
