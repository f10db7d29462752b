"""What is planted in the sample cohort's alignments is found by both alignment steps."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.io.sheet import sheet_text

pytestmark = pytest.mark.validation

ROOT = Path(__file__).parents[2]
TRUTH = json.loads((ROOT / "data-samples/truth.json").read_text())
GENOME = '{"build": "synthetic"}'


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The samples table of the cohort's alignments."""
    folder = tmp_path_factory.mktemp("alignments")
    files = TRUTH["alignments"]["files"]
    bed = folder / "targets.bed"
    windows = TRUTH["alignments"]["windows"]
    bed.write_text("".join(f"{name}\t{a}\t{b}\n" for name, (a, b) in windows.items()))
    for sample, file in files.items():
        arguments = ["alignments", "--sample", sample, "--alignment", str(ROOT / file)]
        arguments += ["--reference", str(ROOT / "data-samples/reference/genome.fa.gz")]
        arguments += ["--targets", str(bed), "--genome", GENOME]
        for table in (
            "flagstat",
            "contigs",
            "histograms",
            "cycles",
            "strata",
            "insert-sizes",
            "gc-bias",
            "gc-depth",
        ):
            name = table.replace("-", "_")
            arguments += [f"--{table}", str(folder / f"{sample}.{name}.parquet")]
        assert main([*arguments, "--ledger", str(folder / f"{sample}.ledger.json")]) == 0
    sheet = folder / "aligned.tsv"
    sheet.write_text(sheet_text(tuple(Sample(s, s, s, "unknown") for s in files)))
    arguments = ["alignment_summary", "--sheet", str(sheet), "--folder", str(folder)]
    for table in ("samples", "contigs", "histograms", "cycles", "read-groups"):
        arguments += [f"--{table}", str(folder / f"{table}.parquet")]
    assert main([*arguments, "--ledger", str(folder / "ledger.json")]) == 0
    rows = pq.read_table(folder / "samples.parquet").to_pylist()
    return {row["sample_id"]: row for row in rows}


def test_every_file_has_its_row(samples: dict[str, dict[str, Any]]) -> None:
    assert list(samples) == list(TRUTH["alignments"]["files"])
    assert {row["status"] for row in samples.values()} == {"ok"}


def test_depth_is_the_planted_one(samples: dict[str, dict[str, Any]]) -> None:
    # Duplicates, QC failures and pairs' overlaps take a few percent of the reads away.
    planted = TRUTH["alignments"]["autosomal_depth"]
    for row in samples.values():
        assert 0.8 * planted < row["mean_fragment_depth"] < 1.02 * planted
        assert row["depth_scope"] == "targets"


def test_sex_of_the_dna_not_of_the_record(samples: dict[str, dict[str, Any]]) -> None:
    exchanged = TRUTH["alignments"]["exchanged"]["dna_in_file"]
    mended = set()
    for sample, row in samples.items():
        person = TRUTH["samples"][exchanged.get(sample, sample)]
        if person["genetic_sex"] == "XX":
            assert row["x_depth_ratio"] == pytest.approx(1, abs=0.1)
            assert row["y_depth_ratio"] < 0.05
        else:
            assert row["x_depth_ratio"] == pytest.approx(0.5, abs=0.1)
            assert row["y_depth_ratio"] == pytest.approx(0.5, abs=0.1)
        if person["genetic_sex"] != person["recorded_sex"]:
            mended.add(sample)
    assert mended <= set(TRUTH["sex_swapped_samples"])
    assert mended
