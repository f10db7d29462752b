"""The step's command line: joined tables, loci, GWAS-SSF, ledger."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from genocohort.domain.ledger import check_ledger, entries_from_json
from genocohort.domain.tables_association import ASSOCIATION, GWAS, PHENOTYPES, TOP_HITS
from genocohort.io.parquet import read_table
from tiny.association import AssociationStudy

N = 80
MODELS: list[dict[str, Any]] = [
    {"phenotype": "ldl", "kind": "quantitative", "components": 2, "covariates": ["age"]},
    {"phenotype": "cad", "kind": "binary", "components": 0},
]


@pytest.fixture
def study(tmp_path: Path) -> AssociationStudy:
    rng = np.random.default_rng(7)
    calls = rng.binomial(2, 0.4, (30, N)).astype(np.int8)
    columns = {
        "ldl": 3.0 * calls[4] + rng.normal(size=N),
        "cad": (rng.random(N) < 0.4).astype(float),
        "age": rng.normal(size=N),
    }
    study = AssociationStudy(
        tmp_path,
        [f"S{i}" for i in range(N)],
        columns,
        sexes=["female"] * 40 + ["male"] * 39 + ["unknown"],
        components=rng.normal(size=(N, 2)),
    )
    study.write_tables()
    study.write_chromosome("chr2", calls[:10], variant_ids=[f"rs{i}" for i in range(10)])
    study.write_chromosome("chr3", calls[10:20])
    study.write_chromosome("chrX", np.where(calls[20:] == 1, 0, calls[20:]).astype(np.int8))
    study.write_chromosome("chrY", calls[:3])
    for chromosome in study.chromosomes:
        assert study.associate(chromosome, {"models": MODELS}) == 0
    return study


def test_all_outputs_of_the_rule(
    study: AssociationStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    genes = study.folder / "genes.bed"
    genes.write_text("2\t60\t80\tNEAR\n2\t500\t600\tFAR\n")
    assert study.summarise({"locus_window_bp": 20}, genes) == 0
    out = study.folder / "summary"
    rows = read_table(out / "phenotypes.parquet", PHENOTYPES).to_pylist()
    assert [r["phenotype"] for r in rows] == ["ldl", "cad"]
    ldl, cad = rows
    assert (ldl["n"], ldl["n_components"], ldl["covariates"]) == (N, 2, ["age"])
    assert ldl["n_cases"] is None
    assert cad["n_cases"] + cad["n_controls"] == N
    assert (ldl["n_variants"], ldl["n_significant"], ldl["n_loci"]) == (30, 1, 1)
    hits = read_table(out / "top_hits.parquet", TOP_HITS).to_pandas()
    best = hits[(hits["phenotype"] == "ldl") & (hits["rank"] == 1)].iloc[0]
    assert (best["variant_id"], best["chromosome"], best["vcf_pos"]) == ("rs4", "chr2", 50)
    assert (best["nearest_gene"], best["gene_distance_bp"]) == ("NEAR", 11)
    assert best["n_locus_variants"] == 5
    assert bool(best["is_significant"])
    assert hits[hits["chromosome"] == "chr3"]["nearest_gene"].isna().all()
    gwas = read_table(out / "ldl.gwas.parquet", GWAS).to_pandas()
    assert gwas["chromosome"].astype(str).tolist() == ["chr2"] * 10 + ["chr3"] * 10 + ["chrX"] * 10
    assert gwas.groupby("chromosome", observed=True)["vcf_pos"].is_monotonic_increasing.all()


def test_gwas_ssf_and_its_metadata(study: AssociationStudy) -> None:
    assert study.summarise() == 0
    data = (study.folder / "summary/cad.gwas-ssf.tsv.gz").read_bytes()
    rows = [line.split("\t") for line in gzip.decompress(data).decode().splitlines()]
    assert rows[0][:8] == [
        "chromosome", "base_pair_location", "effect_allele", "other_allele",
        "beta", "standard_error", "effect_allele_frequency", "p_value",
    ]  # fmt: skip
    codes = [int(r[0]) for r in rows[1:]]
    assert codes == [2] * 10 + [3] * 10 + [23] * 10
    part = read_table(study.folder / "out/chr3.parquet", ASSOCIATION).to_pandas()
    cad = part[part["phenotype"] == "cad"]
    np.testing.assert_allclose([float(r[4]) for r in rows[11:21]], cad["beta"])
    np.testing.assert_allclose([float(r[7]) for r in rows[11:21]], 10.0 ** -cad["neg_log10_p"])
    meta = yaml.safe_load((study.folder / "summary/cad.gwas-ssf.tsv.gz-meta.yaml").read_text())
    assert meta["data_file_md5sum"] == hashlib.md5(data).hexdigest()
    assert meta["samples"][0]["sample_size"] == N
    assert meta["samples"][0]["case_control_study"] is True
    assert "date_metadata_last_modified" not in meta
    assert study.summarise({"metadata_date": "2024-02-29"}) == 0
    text = (study.folder / "summary/cad.gwas-ssf.tsv.gz-meta.yaml").read_text()
    assert "date_metadata_last_modified: 2024-02-29" in text


def test_chromosomes_stand_in_the_catalogs_order(study: AssociationStudy) -> None:
    study.chromosomes.reverse()
    assert study.summarise() == 0
    data = (study.folder / "summary/ldl.gwas-ssf.tsv.gz").read_bytes()
    rows = gzip.decompress(data).decode().splitlines()[1:]
    keys = [(int(a), int(b)) for a, b in (r.split("\t")[:2] for r in rows)]
    assert keys == sorted(keys)


def test_the_ledger_adds_up_with_duplicated_variants(study: AssociationStudy) -> None:
    calls = np.random.default_rng(1).binomial(2, 0.4, (4, N)).astype(np.int8)
    study.write_chromosome("chr3", calls, vcf_pos=[5, 5, 5, 9], variant_ids=["a", "a", "b", "c"])
    study.chromosomes.pop()
    assert study.associate("chr3", {"models": MODELS}) == 0
    assert study.summarise() == 0
    texts = [study.folder / f"out/{c}.ledger.json" for c in study.chromosomes]
    texts.append(study.folder / "summary/ledger.json")
    entries = [
        e
        for t in texts
        for e in entries_from_json(t.read_text())
        if e.source == "association" or (e.step == "association" and e.unit == "variant")
    ]
    problems = check_ledger(entries)
    assert [p for p in problems if "genotypes" not in p] == []
    assert entries[-1].n_in == 10 + 4 + 10


def test_the_same_results_give_the_same_bytes(study: AssociationStudy) -> None:
    contents = []
    for _ in range(2):
        assert study.summarise() == 0
        files = sorted((study.folder / "summary").iterdir())
        contents.append({f.name: f.read_bytes() for f in files})
    assert len(contents[0]) == 9
    assert contents[0] == contents[1]


def test_chromosomes_of_different_runs_are_refused(
    study: AssociationStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study.associate("chr3", {"models": MODELS[:1]}) == 0
    assert study.summarise() == 3
    assert "not tested for the same phenotypes" in capsys.readouterr().err
    assert not (study.folder / "summary/phenotypes.parquet").exists()


def test_results_left_out_of_the_catalogs_file_are_counted(
    study: AssociationStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    study.write_chromosome(
        "scaffold", np.random.default_rng(1).integers(0, 3, (2, N)).astype(np.int8)
    )
    assert study.associate("scaffold", {"models": MODELS}) == 0
    assert study.summarise() == 0
    assert "ldl: 2 of 32 results are not in ldl.gwas-ssf.tsv.gz" in capsys.readouterr().err
