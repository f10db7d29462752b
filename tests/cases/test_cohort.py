"""Cases 28 (male heterozygotes on X), 30 (PCA with degenerate variants), 37 (Fst as a ratio)."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pysam
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.sheet import SEX_CODES, Sample
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_EIGENVALUES,
    STRUCTURE_FST,
    components_table,
)
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store import Store
from genocohort.stats.heterozygosity import count_alleles
from genocohort.steps.structure.run import OUTPUTS
from tiny.cohort_reference import run_genotypes

pytestmark = pytest.mark.cases

GENOME = '{"build":"GRCh38"}'


@dataclass
class Case:
    """One case's folder, its checks by id, and a place to work in."""

    folder: Path
    checks: dict[str, dict[str, Any]]
    work: Path
    chromosome: str = ""

    def store(self, samples: list[Sample], contig: str) -> Store:
        """The case's calls as a genotype store, by the step `genotypes`."""
        (self.chromosome,) = run_genotypes(
            self.work, self.folder / "in.vcf.gz", [contig], samples, GENOME
        )
        return Store(self.work, self.chromosome)

    def samples(self) -> list[str]:
        return list(pysam.VariantFile(str(self.folder / "in.vcf.gz")).header.samples)

    def agrees(self, check: str, ours: Any) -> bool:
        """Whether every number is within the check's tolerance."""
        item = self.checks[check]
        theirs = item["value"]
        if isinstance(theirs, dict):
            assert set(theirs) == set(ours)
            theirs, ours = [theirs[k] for k in theirs], [ours[k] for k in theirs]
        expected = np.asarray(theirs, dtype=float)
        limit = np.maximum(item["abs_tol"], item["rel_tol"] * np.abs(expected))
        return bool((np.abs(np.asarray(ours, dtype=float) - expected) <= limit).all())

    def structure(self, groups: dict[str, str], **settings: Any) -> None:
        """Run the step `structure`, without relatives; groups are batches."""
        rows = [
            dict.fromkeys(SAMPLE_QC_SAMPLES.column_names)
            | {
                "sample_id": s, "participant_id": s, "batch": groups.get(s, ""), "has_calls": True,
                "has_alignment": False, "sex_recorded": "unknown", "sex_inferred": "unknown",
                "verdict": "pass", "reasons": [],
            }
            for s in self.samples()
        ]  # fmt: skip
        columns = {c: [r[c] for r in rows] for c in SAMPLE_QC_SAMPLES.column_names}
        write_table(self.work / "qc.parquet", SAMPLE_QC_SAMPLES, columns)
        nobody: dict[str, list[Any]] = {c: [] for c in KINSHIP_PAIRS.column_names}
        write_table(self.work / "pairs.parquet", KINSHIP_PAIRS, nobody)
        chosen = json.dumps({"group_by": "batch", "min_maf": 0, "ld_r2": None, **settings})
        words = ["structure", "--folder", str(self.work), "--chromosomes", self.chromosome]
        words += ["--kinship", str(self.work / "pairs.parquet"), "--settings", chosen]
        words += ["--sample-qc", str(self.work / "qc.parquet"), "--genome", GENOME]
        for name in OUTPUTS:
            words += [f"--{name}", str(self.work / f"{name}.parquet")]
        assert main([*words, "--ledger", str(self.work / "ledger.json")]) == 0

    def dropped(self) -> dict[str, int]:
        """Variants left out by reason, and those used as `kept`."""
        variant = entries_from_json((self.work / "ledger.json").read_text())[1]
        return {"kept": variant.n_kept} | {d.reason: d.n for d in variant.dropped}


@pytest.fixture
def case(tmp_path: Path) -> Callable[[str], Case]:
    folder = os.environ.get("GENOCOHORT_CASES")
    if not folder:
        pytest.skip("GENOCOHORT_CASES is not set")

    def find(number: str) -> Case:
        (found,) = Path(folder).glob(f"{number}-*")
        expected = json.loads((found / "expected.json").read_text())
        return Case(found, {c["id"]: c for c in expected["checks"]}, tmp_path)

    return find


def test_28_male_heterozygotes_on_x_are_missing(case: Callable[[str], Case]) -> None:
    c = case("28")
    lines = (c.folder / "samples.tsv").read_text().split("\n")
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    sex = {row[0]: SEX_CODES[row[-1].lower()] for row in rows if row[-1].lower() in SEX_CODES}
    samples = [Sample(s, s, s, sex[s]) for s in c.samples()]
    store = c.store(samples, next(iter(pysam.VariantFile(str(c.folder / "in.vcf.gz")))).contig)
    calls = store.read(0, store.n_variants)
    male = np.array([s == "male" for s in store.sexes])
    n_alt, n_called = count_alleles(calls, male)
    ids = store.variants.variant_id.tolist()
    assert c.agrees("AC_AN", {v: [n_alt[i], n_called[i]] for i, v in enumerate(ids)})
    assert c.agrees("AF", {v: n_alt[i] / n_called[i] for i, v in enumerate(ids)})
    row = calls[ids.index("x1")]
    females = [(row[~male] == g).sum() for g in (0, 1, 2)]
    males = [(row[male] == g).sum() for g in (0, 2)]
    assert c.agrees("geno_counts_x1", [*females, *males, (row < 0).sum()])


def test_30_degenerate_variants_are_left_out_of_pca(case: Callable[[str], Case]) -> None:
    c = case("30")
    names = c.samples()
    contig = next(iter(pysam.VariantFile(str(c.folder / "in.vcf.gz")))).contig
    c.store([Sample(s, s, s, "unknown") for s in names], contig)
    c.structure({}, n_components=4, max_missing=1)
    dropped = c.dropped()
    assert c.agrees("variants_used", dropped["kept"])
    left_out = [
        dropped["one allele only among the fitted samples"],
        dropped["no call among the fitted samples"],
    ]
    assert c.agrees("variants_dropped", left_out)
    values = read_table(c.work / "eigenvalues.parquet", STRUCTURE_EIGENVALUES)
    assert c.agrees("eigenvalues", values["eigenvalue"].to_pylist())
    first = read_table(c.work / "components.parquet", components_table(4)).to_pandas().PC1
    assert len(set(np.sign(first[:6]))) == len(set(np.sign(first[6:]))) == 1
    assert np.sign(first[0]) == -np.sign(first[6])


def test_37_fst_is_a_ratio_of_averages(case: Callable[[str], Case]) -> None:
    c = case("37")
    names = c.samples()
    contig = next(iter(pysam.VariantFile(str(c.folder / "in.vcf.gz")))).contig
    c.store([Sample(s, s, s, "unknown") for s in names], contig)
    rows = [line.split() for line in (c.folder / "pop.tsv").read_text().splitlines()]
    c.structure({row[0]: row[-1] for row in rows if row[0] in names}, min_group_size=2)
    (row,) = read_table(c.work / "fst.parquet", STRUCTURE_FST).to_pylist()
    assert c.agrees("hudson_fst", row["fst"])
    assert c.agrees("sites_used", row["n_variants"])
    assert not c.agrees("mean_of_ratios_is_wrong", row["fst"])
