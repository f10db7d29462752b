"""Alleles against samtools mpileup; the planted contamination and exchange, and nobody else."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_identity import ALLELES, IDENTITY_PAIRS, IDENTITY_SAMPLES, SITES
from genocohort.io.parquet import read_table, write_table
from genocohort.io.sheet import sheet_text
from tiny.alignments import random_reads, write_alignment
from tiny.cohort_reference import AUTOSOMES, SAMPLES, SYNTHETIC, need, sample_cohort

pytestmark = pytest.mark.validation

TRUTH = json.loads((SAMPLES / "truth.json").read_text())["alignments"]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the cohort's sites, alleles and identity."""
    folder = tmp_path_factory.mktemp("identity")
    store = ["--folder", str(sample_cohort()), "--chromosomes", *AUTOSOMES]
    ledger = ["--ledger", str(folder / "ledger.json"), "--genome", SYNTHETIC]
    assert main(["sites", *store, *ledger, "--sites", str(folder / "sites.parquet")]) == 0
    for sample, file in TRUTH["files"].items():
        words = ["alignments", "--sample", sample, "--alignment", str(SAMPLES.parent / file)]
        words += ["--reference", str(SAMPLES / "reference/genome.fa.gz"), "--genome", SYNTHETIC]
        words += ["--sites", str(folder / "sites.parquet")]
        assert main([*words, "--alleles", str(folder / f"{sample}.alleles.parquet")]) == 0
    (folder / "aligned.tsv").write_text(
        sheet_text(tuple(Sample(s, s, s, "unknown") for s in TRUTH["files"]))
    )
    words = ["identity", "--sheet", str(folder / "aligned.tsv"), "--alleles", str(folder), *store]
    words += ["--sites", str(folder / "sites.parquet"), *ledger]
    for name in ("samples", "pairs"):
        words += [f"--{name}", str(folder / f"{name}.parquet")]
    assert main(words) == 0
    return folder


def samples_of(folder: Path) -> dict[str, dict[str, Any]]:
    rows = read_table(folder / "samples.parquet", IDENTITY_SAMPLES).to_pylist()
    return {row["sample_id"]: row for row in rows}


def test_the_contaminated_sample_is_found_and_nobody_else(identity: Path) -> None:
    planted = TRUTH["contaminated"]
    for sample, row in samples_of(identity).items():
        if sample == planted["sample"]:
            assert 0.05 <= row["contamination"] <= 0.11
            assert row["contamination_low"] > 0.03
            assert row["contamination_log_ratio"] > 20
        else:
            assert row["contamination"] < 0.01
            assert row["contamination_log_ratio"] < 2


def test_the_exchange_is_found_from_both_sides_and_nobody_else(identity: Path) -> None:
    dna = TRUTH["exchanged"]["dna_in_file"]
    for sample, row in samples_of(identity).items():
        assert row["best_sample_id"] == dna.get(sample, sample)
        assert row["best_concordance"] > 0.95
        assert row["match"] == ("other" if sample in dna else "own")
        if sample in dna:
            assert row["own_concordance"] < 0.7
    pairs = read_table(identity / "pairs.parquet", IDENTITY_PAIRS).to_pylist()
    assert len(pairs) == 400 * len(TRUTH["files"])
    close = {(p["sample_id"], p["calls_sample_id"]) for p in pairs if p["concordance"] > 0.9}
    assert close == {(s, dna.get(s, s)) for s in TRUTH["files"]}


def test_alleles_against_samtools_mpileup(tmp_path: Path) -> None:
    """Pairs lose their flag of proper pairs: samtools counts overlaps of mates in another way."""
    need("samtools")
    lengths = {"chr1": 9000, "chr2": 3000, "chrEmpty": 100}
    reads = random_reads(11, 3000, list(lengths.values()))
    for read in reads:
        read.flag &= ~0x2
    path = write_alignment(tmp_path / "in.bam", reads, lengths)
    positions = [("chr1", p) for p in range(1, 9000, 3)] + [("chr2", p) for p in range(1, 3000, 3)]
    sites = {
        "chromosome": [c for c, _ in positions],
        "vcf_pos": [p for _, p in positions],
        "ref": ["A"] * len(positions),
        "alt": ["C"] * len(positions),
        "alt_frequency": [0.5] * len(positions),
    }
    write_table(tmp_path / "sites.parquet", SITES, sites)
    words = ["alignments", "--sample", "S", "--alignment", str(path)]
    words += ["--sites", str(tmp_path / "sites.parquet")]
    assert main([*words, "--alleles", str(tmp_path / "alleles.parquet")]) == 0
    ours = read_table(tmp_path / "alleles.parquet", ALLELES).to_pylist()
    theirs = pileup(path)
    for row in ours:
        bases = theirs.get((row["chromosome"], row["vcf_pos"]), Counter())
        assert (row["n_ref"], row["n_alt"]) == (bases["A"], bases["C"])
        assert row["n_other"] == bases["G"] + bases["T"]
    assert sum(row["n_ref"] for row in ours) > 5000


def pileup(path: Path) -> dict[tuple[str, int], Counter[str]]:
    """Bases by position as samtools counts them; it gives reads of N their place, too."""
    done = subprocess.run(
        ["samtools", "mpileup", "-x", "-A", "-B", "-d", "0", "-q", "20", "-Q", "20", "--ff",
         "UNMAP,SECONDARY,QCFAIL,DUP,SUPPLEMENTARY", "--no-output-ins", "--no-output-ins",
         "--no-output-del", "--no-output-del", "--no-output-ends", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {}
    for line in done.stdout.splitlines():
        contig, position, _, _, bases, *_ = line.split("\t")
        found[contig, int(position)] = Counter(bases.upper())
    return found
