"""LD pruning, components and Fst against plink2 and scikit-allel, and the planted populations."""

import gzip
import json
from pathlib import Path
from typing import Any

import allel
import numpy as np
import pandas as pd
import pysam
import pytest
from scipy.stats import mannwhitneyu

from genocohort.domain.sheet import Sample
from genocohort.domain.tables_cohort import (
    loadings_table,
)
from genocohort.io.parquet import read_table
from genocohort.io.store_selection import open_stores, select_variants
from tiny.cohort_reference import (
    AUTOSOMES,
    SAMPLES,
    extra_data,
    merged_for_plink,
    need,
    read_plink,
    run_genotypes,
    run_tool,
    sample_cohort,
    store_of_plink,
)
from tiny.structure import Structure

pytestmark = pytest.mark.validation


@pytest.fixture(scope="module")
def populations() -> dict[str, str]:
    truth = json.loads((SAMPLES / "truth.json").read_text())["samples"]
    return {sample: row["population"] for sample, row in truth.items()}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory, populations: dict[str, str]) -> Structure:
    out = tmp_path_factory.mktemp("structure")
    return Structure(sample_cohort(), AUTOSOMES, out, populations).run()


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    """Five chromosomes of the sample cohort, with a fileset `all` for plink2 beside it."""
    out = tmp_path_factory.mktemp("part")
    study = Structure(sample_cohort(), AUTOSOMES[:5], out, {})
    chosen = [select_variants(s, pass_only=True) for s in open_stores(study.folder, AUTOSOMES[:5])]
    merged_for_plink(out, chosen, "all")
    return study


WINDOWS = [
    ("50 5", {"ld_window_variants": 50, "ld_step": 5}, 0.2),
    ("200 20", {"ld_window_variants": 200, "ld_step": 20}, 0.2),
    ("50 5", {"ld_window_variants": 50, "ld_step": 5}, 0.5),
    ("30kb 1", {"ld_window_kb": 30}, 0.1),
]


def plink_pruned(prefix: Path, window: str, r2: float) -> set[tuple[str, int]]:
    run_tool("plink2", "--pfile", prefix, "--maf", 0.01, "--geno", 0.05, "--indep-pairwise",
             *window.split(), r2, "--out", prefix)  # fmt: skip
    rows = (line.split(":") for line in prefix.with_suffix(".prune.in").read_text().split())
    return {(chromosome, int(index)) for chromosome, index in rows}


@pytest.mark.parametrize(("window", "settings", "r2"), WINDOWS)
def test_pruned_sets_equal_plink2(
    part: Structure, window: str, settings: dict[str, Any], r2: float
) -> None:
    """Identical with the order of pairs of PLINK 1.9 and plink2 2.00a3.5."""
    need("plink2")
    theirs = plink_pruned(part.out / "all", window, r2)
    ours = part.run(ld_r2=r2, group_by="none", **settings).pruned()
    assert len(theirs) > 500
    assert ours == theirs


def test_pruned_set_of_real_genotypes_equals_plink2(tmp_path: Path) -> None:
    """regenie's example: 1,000 variants, missing calls."""
    need("plink2")
    chromosomes = store_of_plink(tmp_path, extra_data("regenie_example") / "example")
    study = Structure(tmp_path, chromosomes, tmp_path, {})
    chosen = [select_variants(s, pass_only=True) for s in open_stores(tmp_path, chromosomes)]
    prefix = merged_for_plink(tmp_path, chosen, "all")
    for window, settings, r2 in WINDOWS[:3]:
        assert study.run(ld_r2=r2, **settings).pruned() == plink_pruned(prefix, window, r2)


def correlations(ours: pd.DataFrame, theirs: pd.DataFrame, n: int) -> list[float]:
    """|r| of the first n components, samples matched by id."""
    theirs = theirs.loc[ours.index]
    return [abs(np.corrcoef(ours[f"PC{k}"], theirs[f"PC{k}"])[0, 1]) for k in range(1, n + 1)]


def test_components_equal_plink2_and_scikit_allel(cohort: Structure) -> None:
    need("plink2")
    chosen = cohort.selections()
    prefix = merged_for_plink(cohort.out, chosen, "pruned")
    run_tool("plink2", "--pfile", prefix, "--freq", "--pca", 10, "meanimpute", "--out", prefix)
    theirs = read_plink(prefix.with_suffix(".eigenvec")).set_index("IID")
    # Beyond the second the eigenvalues lie close together; the vectors still agree.
    assert min(correlations(cohort.components, theirs, 10)) >= 0.9999
    values = np.loadtxt(prefix.with_suffix(".eigenval"))
    np.testing.assert_allclose(cohort.eigenvalues, values, rtol=1e-4)
    calls = np.concatenate([c for s in chosen for _, c in s.blocks()]).astype(np.float64)
    mean = np.nanmean(np.where(calls < 0, np.nan, calls), axis=1, keepdims=True)
    filled = np.where(calls < 0, mean, calls)
    coordinates, _ = allel.pca(filled, n_components=2, scaler="patterson")
    table = pd.DataFrame(coordinates[:, :2], columns=["PC1", "PC2"], index=cohort.samples)
    assert min(correlations(cohort.components, table, 2)) >= 0.9999


def test_randomized_components_equal_the_exact_ones(cohort: Structure, tmp_path: Path) -> None:
    """Of the sample cohort all ten: |r| 0.9999, eigenvalues to 1e-5."""
    other = Structure(cohort.folder, AUTOSOMES, tmp_path, {}).run(pca="randomized")
    assert min(correlations(other.components, cohort.components, 10)) >= 0.9999
    np.testing.assert_allclose(other.eigenvalues, cohort.eigenvalues, rtol=1e-5)


def test_loadings_equal_plink2_and_place_samples(cohort: Structure) -> None:
    need("plink2")
    chosen = cohort.selections()
    prefix = merged_for_plink(cohort.out, chosen, "weighed")
    pca = ("--pca", 10, "meanimpute", "biallelic-var-wts")
    run_tool("plink2", "--pfile", prefix, "--freq", *pca, "--out", prefix)
    theirs = read_plink(prefix.with_suffix(".eigenvec.var"))
    ours = read_table(cohort.out / "loadings.parquet", loadings_table(0)).to_pandas()
    assert len(ours) == len(theirs)
    # Theirs is the weight of the major allele; every variant was written with the ALT allele G.
    flipped = np.where(theirs.MAJ == "G", 1, -1)
    names = [f"PC{k}" for k in range(1, 11)]
    for name in names:
        r = np.corrcoef(ours[name] * flipped, theirs[name])[0, 1]
        assert abs(r) >= 0.9999
    weights = ours[names].to_numpy()
    np.testing.assert_allclose((weights**2).sum(axis=0), 1, rtol=1e-5)
    calls = np.concatenate([c for s in chosen for _, c in s.blocks()]).astype(np.float64)
    p = ours.alt_frequency.to_numpy()[:, None]
    z = np.where(calls < 0, 0, (calls - 2 * p) / np.sqrt(2 * p * (1 - p)))
    placed = z.T @ weights / np.sqrt(len(ours) * cohort.eigenvalues)
    np.testing.assert_allclose(placed, cohort.components[names], atol=1e-5)


def test_populations_separate_by_more_than_ten_deviations(
    cohort: Structure, populations: dict[str, str]
) -> None:
    components = cohort.components[["PC1", "PC2"]]
    groups = components.groupby([populations[s] for s in components.index])
    for a, first in groups:
        for b, second in groups:
            if a < b:
                axis = (first.mean() - second.mean()).to_numpy()
                axis /= np.linalg.norm(axis)
                x, y = first.to_numpy() @ axis, second.to_numpy() @ axis
                assert abs(x.mean() - y.mean()) > 10 * max(x.std(ddof=1), y.std(ddof=1))


def plink_fst(prefix: Path, groups: dict[str, str]) -> pd.DataFrame:
    """Hudson's Fst of plink2 between groups of samples, indexed by both."""
    rows = "".join(f"{sample}\t{group}\n" for sample, group in groups.items())
    prefix.with_suffix(".groups").write_text("#IID\tGROUP\n" + rows)
    run_tool("plink2", "--pfile", prefix, "--pheno", prefix.with_suffix(".groups"), "--fst",
             "GROUP", "method=hudson", "blocksize=200", "cols=+nobs", "--out", prefix)  # fmt: skip
    return read_plink(Path(f"{prefix}.fst.summary")).set_index(["POP1", "POP2"])


def compare_fst(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    for pair, row in ours.iterrows():
        assert row.fst == pytest.approx(theirs.HUDSON_FST.loc[pair], abs=2e-6)


def test_fst_equals_plink2(cohort: Structure, populations: dict[str, str]) -> None:
    need("plink2")
    chosen = [select_variants(s, pass_only=True) for s in open_stores(cohort.folder, AUTOSOMES)]
    prefix = merged_for_plink(cohort.out, chosen, "fst")
    theirs = plink_fst(prefix, {s: populations[s] for s in cohort.samples})
    ours = cohort.fst.set_index(["group_1", "group_2"])
    assert len(ours) == 3
    compare_fst(ours, theirs)
    assert (ours.fst > 0.01).all()
    # Blocks begin elsewhere (plink2 counts variants that have no denominator).
    np.testing.assert_allclose(ours.standard_error, theirs.SE.loc[ours.index], rtol=0.25)


def test_superpopulations_of_1000_genomes(tmp_path: Path) -> None:
    """600 variants at the start of chr21, every third sample: components and Fst equal plink2's.

    Only 36 of the variants are common, too few for the superpopulations to fall into clusters: the
    Africans stand out on one of the components, and every Fst is above 0.
    """
    need("plink2")
    packed = extra_data("1000g/1kg_phase3_chr21_start.vcf.gz")
    labels = pd.read_csv(extra_data("1000g/ancestry-labels-1kg.tsv"), sep="\t")
    groups = dict(zip(labels["#sample"], labels.superpop, strict=True))
    plain = str(tmp_path / "calls.vcf.gz")
    with gzip.open(packed) as stream, pysam.BGZFile(plain, "w") as blocks:
        blocks.write(stream.read())
    calls = Path(pysam.tabix_index(plain, preset="vcf", force=True))
    names = list(pysam.VariantFile(plain).header.samples)[::3]
    samples = [Sample(n, n, n, "unknown") for n in names]
    chromosomes = run_genotypes(tmp_path, calls, ["21"], samples, '{"build":"GRCh37"}')
    study = Structure(tmp_path, chromosomes, tmp_path, groups).run(n_components=4, ld_r2=None)
    prefix = merged_for_plink(tmp_path, study.selections(), "pruned")
    run_tool("plink2", "--pfile", prefix, "--freq", "--pca", 4, "meanimpute", "--out", prefix)
    theirs = read_plink(prefix.with_suffix(".eigenvec")).set_index("IID")
    assert min(correlations(study.components, theirs, 4)) >= 0.9999
    african = np.array([groups[s] == "AFR" for s in study.components.index])
    beyond = [
        mannwhitneyu(values[african], values[~african]).statistic
        / (african.sum() * (~african).sum())
        for values in (study.components[f"PC{k}"] for k in range(1, 5))
    ]
    assert max(abs(share - 0.5) for share in beyond) > 0.25
    everything = [select_variants(s, pass_only=True) for s in open_stores(tmp_path, chromosomes)]
    prefix = merged_for_plink(tmp_path, everything, "fst")
    ours = study.fst.set_index(["group_1", "group_2"])
    assert len(ours) == 10
    assert (ours.fst > 0).all()
    compare_fst(ours, plink_fst(prefix, {s: groups[s] for s in names}))
