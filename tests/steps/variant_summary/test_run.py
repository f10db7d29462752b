"""The cohort's sums over chromosomes, through the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from genocohort import cli
from tiny.calls import CallsRun, calls_run

RECORDS = (
    "chr1 10 . A G 50 PASS . GT:DP 0/1:10 0/0:20 1/1:30",
    "chr1 20 . A C 50 LowQual . GT 0/1 ./. 0/0",
    "chr2 30 . G A,T 50 PASS . GT 1/2 0/0 0/1",
    "chr2 40 . CT C 50 PASS . GT 0/0 0/1 0/0",
    "chrX 500000 . T C 50 PASS . GT 0/1 0 1",
)
CONTIGS = {"chr1": 248956422, "chr2": 242193529, "chr3": 198295559, "chrX": 156040895}


@pytest.fixture
def run(tmp_path: Path) -> CallsRun:
    sexes = ["female", "male", "male"]
    return calls_run(tmp_path, ["A", "B", "C"], RECORDS, sexes, contigs=CONTIGS)  # type: ignore[arg-type]


def test_chromosomes_and_their_sum(run: CallsRun) -> None:
    table = run.summary(list(CONTIGS))["chromosomes"]
    rows = table[table.filter_set == "all"].set_index("chromosome")
    assert list(rows.index) == [*CONTIGS, "all"]
    assert rows.n_records.tolist() == [2, 2, 0, 1, 5]
    whole = rows.loc["all"]
    counted = ("n_snv_sites", "n_indel_sites", "n_multiallelic", "n_deletions", "n_insertions")
    assert [whole[c] for c in counted] == [4, 1, 1, 1, 0]
    # A>G, G>A and T>C are transitions; A>C and G>T transversions.
    assert (whole.n_transitions, whole.n_transversions, whole.ts_tv) == (3, 2, 1.5)
    assert pd.isna(rows.ts_tv["chr3"])
    assert pd.isna(rows.call_rate["chr3"])
    assert rows.call_rate["chr1"] == 5 / 6


def test_only_pass(run: CallsRun) -> None:
    table = run.summary(list(CONTIGS))["chromosomes"]
    passed = table[table.filter_set == "pass"].set_index("chromosome")
    assert passed.n_records["chr1"] == 1
    assert passed.n_transversions["all"] == 1


def test_samples_by_scope(run: CallsRun) -> None:
    table = run.summary(list(CONTIGS))["samples"]
    rows = table[table.filter_set == "all"].set_index(["sample_id", "scope"])
    a, b, c = (rows.loc[name, "autosomes"] for name in "ABC")
    assert (a.n_het, a.n_het_alt, a.n_hom_ref, a.n_hom_alt) == (2, 1, 1, 0)
    assert (b.n_het, b.n_missing, b.n_deletions) == (1, 1, 1)
    assert b.call_rate == 0.75
    assert pd.isna(a.het_hom_ratio)
    assert c.het_hom_ratio == 1.0
    assert [row.dp_mean for row in (a, b, c)] == [10.0, 20.0, 30.0]
    assert rows.loc["C", "X"].n_haploid_alt == 1
    assert rows.loc["A", "all"].n_records == 5


def test_histograms_add_up(run: CallsRun) -> None:
    table = run.summary(list(CONTIGS))["histograms"]
    table = table[(table.filter_set == "all") & (table.metric == "substitution")]
    whole = table[table.chromosome == "all"].set_index("label")["count"]
    assert whole[whole > 0].to_dict() == {"A>G": 1, "A>C": 1, "G>A": 1, "G>T": 1, "T>C": 1}
    parts = table[table.chromosome != "all"].groupby("label", observed=True)["count"].sum()
    assert parts[parts > 0].to_dict() == whole[whole > 0].to_dict()


def test_order_of_chromosomes_changes_only_the_order(run: CallsRun) -> None:
    forward = run.summary(list(CONTIGS))
    backward = run.summary(list(CONTIGS)[::-1])
    for name in ("chromosomes", "samples"):
        key = [c for c in ("chromosome", "sample_id", "scope", "filter_set") if c in forward[name]]
        texts = (t[name].astype(dict.fromkeys(key, str)) for t in (forward, backward))
        first, second = (t.sort_values(key, ignore_index=True) for t in texts)
        for column in first:
            assert first[column].astype(str).tolist() == second[column].astype(str).tolist()


def test_the_ledger_takes_the_records_of_all_chromosomes(run: CallsRun) -> None:
    run.summary(list(CONTIGS))
    entries = json.loads((run.folder / "sum.json").read_text())
    records = next(e for e in entries if e["unit"] == "record")
    assert (records["source"], records["n_in"], records["n_kept"]) == ("variants", 5, 5)
    assert records["source_scopes"] == list(CONTIGS)


def test_a_missing_table_is_named(
    run: CallsRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run.summary(list(CONTIGS))
    (run.folder / "chr2.sites.parquet").unlink()
    outputs = ["--chromosome-table", "--samples", "--histograms", "--text", "--ledger"]
    paths = [part for o in outputs for part in (o, str(tmp_path / f"new{o}"))]
    arguments = ["variant_summary", "--folder", str(run.folder), "--chromosomes", *CONTIGS]
    assert cli.main([*arguments, *paths]) == 3
    assert "chr2.sites.parquet" in capsys.readouterr().err
    assert not (tmp_path / "new--samples").exists()


def test_text_that_multiqc_reads(run: CallsRun) -> None:
    program = shutil.which("multiqc")
    if program is None:
        pytest.skip("multiqc is not installed")
    run.summary(list(CONTIGS))
    text, made = run.folder / "cohort.bcftools_stats.txt", run.folder / "multiqc"
    command = [program, str(text), "--outdir", str(made), "--module", "bcftools", "--no-report"]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = json.loads((made / "multiqc_data" / "multiqc_data.json").read_text())[
        "report_saved_raw_data"
    ]["multiqc_bcftools_stats"].values()
    assert found["number_of_records"] == 5
    assert (found["ts"], found["tv"], found["tstv"]) == (3, 2, 1.5)
    assert found["number_of_multiallelic_sites"] == 1


def test_text_without_transversions(tmp_path: Path) -> None:
    calls = calls_run(tmp_path, ["A"], ["chr1 10 . A G 50 PASS . GT 0/1"])
    calls.summary(["chr1"])
    text = (tmp_path / "cohort.bcftools_stats.txt").read_text()
    assert "TSTV\t0\t1\t0\t0.00\t1\t0\t0.00" in text
