"""Association tests against plink2 --glm and statsmodels, and the truths of the sample cohort.

plink2 prints six digits, so every tolerance has a relative part of one unit in the sixth. Its
logistic standard errors are those of the step before the last (statsmodels has ours to 1e-6), and
its Firth fits stop where steps are small, up to 1e-3 short of the maximum: quantiles are compared,
and the maximum itself in the tests of stats.firth.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from genocohort.io.store import Store
from genocohort.stats.genomic_control import lambda_gc
from genocohort.stats.ranks import rank_inverse_normal
from tiny.association import AssociationStudy

pytestmark = pytest.mark.validation

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data-samples"
AUTOSOMES = ",".join(f"chr{i}" for i in range(1, 23))
PRINTED = 6e-6


def _need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def _call(*words: object) -> None:
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


@dataclass
class Cohort:
    """One store of a pseudo-chromosome `all`, with what plink2 needs beside it."""

    study: AssociationStudy
    prefix: Path
    phenotypes: pd.DataFrame
    covariates: pd.DataFrame
    done: dict[str, pd.DataFrame] = field(default_factory=dict)

    def ours(self, model: dict[str, Any], **settings: Any) -> pd.DataFrame:
        """Test all variants; indexed by variant."""
        values = {"models": [model], "min_mac": 1, "max_missing": 1.0, **settings}
        key = json.dumps(values)
        if key in self.done:
            return self.done[key]
        # A process of its own: BLAS must have one thread from the start.
        _call(
            sys.executable, "-m", "genocohort.cli", *self.study.arguments("all", values, threads=2)
        )
        table = pd.read_parquet(self.study.folder / "out/all.parquet")
        self.done[key] = table.set_index("variant_id")
        return self.done[key]

    def plink2(self, phenotype: str, covariates: list[str], *modifiers: str) -> pd.DataFrame:
        """The same by plink2 --glm, for the ALT allele; indexed by variant."""
        key = " ".join((phenotype, *covariates, *modifiers))
        if key in self.done:
            return self.done[key]
        out = self.study.folder / "plink"
        for name, table in (
            ("p", self.phenotypes[[phenotype]]),
            ("c", self.covariates[covariates]),
        ):
            table.to_csv(f"{out}.{name}", sep="\t", na_rep="NA", index_label="#IID")
        fitted = [i for i, r in zip(self.study.ids, self.study.roles, strict=True) if r == "fitted"]
        Path(f"{out}.keep").write_text("#IID\n" + "\n".join(fitted) + "\n")
        _call(
            "plink2", "--pfile", self.prefix, "--pheno", f"{out}.p", "--covar", f"{out}.c",
            "--keep", f"{out}.keep", "--covar-variance-standardize", "--threads", 2, "--out", out,
            "--glm", "hide-covar", "omit-ref", "cols=+beta,+a1freq,+a1count", *modifiers,
        )  # fmt: skip
        found = next(p for p in out.parent.glob(f"plink.{phenotype}.glm.*") if p.suffix != ".id")
        table = pd.read_csv(found, sep="\t", dtype={"ID": str}).set_index("ID")
        found.unlink()
        self.done[key] = table.rename(columns={"LOG(OR)_SE": "SE"})
        return self.done[key]


def _store_of(prefix: Path, folder: Path, sexes: list[str] | None = None) -> AssociationStudy:
    """The step's study from a plink2 fileset."""
    psam = pd.read_csv(f"{prefix}.psam", sep="\t", dtype=str)
    ids = psam["#IID"].tolist()
    lines = Path(f"{prefix}.pvar").read_text().splitlines()
    rows = [line.split("\t")[:3] for line in lines if not line.startswith("#")]
    study = AssociationStudy(folder, ids, {}, sexes=sexes or [])
    link = folder / "link"
    link.mkdir()
    for suffix in ("pgen", "psam"):
        (link / f"x.{suffix}").symlink_to(f"{prefix}.{suffix}")
    text = "".join("\t".join([r[0], r[1], r[2], "A", "C", ".", ".", "."]) + "\n" for r in rows)
    (link / "x.pvar").write_text("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + text)
    store = Store(link, "x")
    calls = store.read(0, store.n_variants)
    study.write_chromosome("all", calls, [int(r[1]) for r in rows], [r[2] for r in rows])
    return study


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """The sample cohort's autosomes; four components of the unrelated by plink2."""
    _need("plink2", "bcftools")
    calls = SAMPLES / "calls/cohort.vcf.gz"
    if not calls.exists():
        pytest.skip("data-samples has no calls")
    folder = tmp_path_factory.mktemp("cohort")
    split, prefix = folder / "split.bcf", folder / "x"
    _call("bcftools", "norm", "-m-any", "-r", AUTOSOMES, "-Ob", "-o", split, calls)
    _call(
        "plink2", "--bcf", split, "--vcf-half-call", "missing", "--make-pgen", "--out", prefix,
        "--set-all-var-ids", "@:#:$r:$a", "--new-id-max-allele-len", 200, "--output-chr", "chrM",
    )  # fmt: skip
    _call(
        "plink2", "--pfile", prefix, "--mind", 0.1, "--king-cutoff", 0.0884, "--out", folder / "u"
    )
    unrelated = set((folder / "u.king.cutoff.in.id").read_text().split()[1:])
    few = ["--pfile", prefix, "--maf", 0.05, "--keep", folder / "u.king.cutoff.in.id"]
    _call("plink2", *few, "--indep-pairwise", 50, 5, 0.2, "--out", folder / "u")
    _call("plink2", *few, "--extract", folder / "u.prune.in", "--pca", 4, "--out", folder / "u")
    pcs = pd.read_csv(folder / "u.eigenvec", sep="\t", dtype={"#IID": str}).set_index("#IID")

    study = _store_of(prefix, folder)
    plink = SAMPLES / "clinical/plink"
    options: dict[str, Any] = {"sep": "\t", "dtype": {"FID": str, "IID": str}, "na_values": ["-9"]}
    traits = pd.read_csv(plink / "phenotypes.pheno", **options).set_index("IID").reindex(study.ids)
    covariates = (
        pd.read_csv(plink / "covariates.cov", **options).set_index("IID").reindex(study.ids)
    )
    covariates = covariates[["AGE", "SEX"]].rename(columns={"SEX": "gender"}).join(pcs)
    role = ["fitted" if s in unrelated else "projected" for s in study.ids]
    complete = np.array([r == "fitted" for r in role]) & covariates.notna().all(axis=1).to_numpy()
    score = rank_inverse_normal(np.where(complete, traits["LDL"], np.nan))
    phenotypes = pd.DataFrame({"LDL": score, "CAD": traits["CAD"]}, index=study.ids)
    study.columns = {
        "ldl": traits["LDL"].to_numpy(float),
        "cad": traits["CAD"].to_numpy(float) - 1,
        "age": covariates["AGE"].to_numpy(float),
        "gender": covariates["gender"].to_numpy(float),
    }
    study.components = covariates[list(pcs)].to_numpy(float)
    study.roles = role
    study.write_tables()
    return Cohort(study, prefix, phenotypes, covariates)


LDL = {"phenotype": "ldl", "kind": "quantitative", "transform": "rint"}
CAD = {"phenotype": "cad", "kind": "binary"}
ADJUSTED = {"covariates": ["age", "gender"], "components": 4}
COLUMNS = ["AGE", "gender", "PC1", "PC2", "PC3", "PC4"]


def _close(ours: pd.Series, theirs: pd.Series, absolute: float, relative: float = PRINTED) -> None:
    assert len(ours) > 0
    np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute)


def _both(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    joined = ours.join(theirs, how="inner")
    assert len(joined) == len(ours) > 10_000
    assert (joined["n"] == joined["OBS_CT"]).all()
    assert (
        joined["minor_allele_count"] == np.minimum(joined.A1_CT, 2 * joined.n - joined.A1_CT)
    ).all()
    _close(joined["effect_allele_frequency"], joined["A1_FREQ"], 1e-9)
    return joined


def test_linear_with_covariates_and_missing_calls(cohort: Cohort) -> None:
    joined = _both(cohort.ours(LDL | ADJUSTED), cohort.plink2("LDL", COLUMNS))
    assert (joined["n"] < joined["n"].max()).mean() > 0.1
    joined = joined[joined["flag"].isna() & joined["BETA"].notna()]
    _close(joined["beta"], joined["BETA"], 5e-7)
    _close(joined["standard_error"], joined["SE"], 5e-7)
    _close(joined["statistic"], joined["T_STAT"], 5e-6)
    _close(joined["neg_log10_p"], -np.log10(joined["P"]), 3e-6)


def test_linear_refuses_what_plink2_refuses(cohort: Cohort) -> None:
    joined = cohort.ours(LDL | ADJUSTED, min_mac=0).join(cohort.plink2("LDL", COLUMNS), how="inner")
    ours, theirs = joined["beta"].isna(), joined["BETA"].isna()
    assert (ours == theirs).mean() > 0.9999
    assert ours.sum() > 10


def test_logistic_with_covariates_and_missing_calls(cohort: Cohort) -> None:
    ours = cohort.ours(CAD | ADJUSTED, firth_p=0)
    joined = _both(ours, cohort.plink2("CAD", COLUMNS, "no-firth"))
    ordinary = joined[(joined["test"] == "logistic") & joined["BETA"].notna()]
    assert len(ordinary) > 10_000
    # Common variants; where few carriers leave the likelihood flat, plink2 stops earlier.
    common = ordinary[ordinary["minor_allele_count"] >= 20]
    off = (common["beta"] - common["BETA"]).abs()
    assert off.quantile(0.99) < 4e-6
    assert off.max() < 4e-5
    off = (common["standard_error"] / common["SE"] - 1).abs()
    assert off.median() < 1e-5
    failed = joined[joined["flag"].isin(["separated", "not_converged"])]
    assert len(failed) > 10
    assert (failed["test"] == "firth").all()
    assert failed["BETA"].isna().mean() > 0.95


def test_firth_at_every_variant(cohort: Cohort) -> None:
    theirs = cohort.plink2("CAD", COLUMNS, "firth", "--mac", "80")
    ours = cohort.ours(CAD | ADJUSTED, firth_p=1, firth_mac=100_000, min_mac=80)
    joined = ours.join(theirs, how="inner")
    common = joined[(joined["test"] == "firth") & joined["BETA"].notna()]
    assert len(common) > 2_000
    off = (common["beta"] - common["BETA"]).abs()
    assert off.median() < 4e-5
    assert off.quantile(0.99) < 1e-3
    assert (common["standard_error"] / common["SE"] - 1).abs().median() < 1e-5


def test_statsmodels_on_some_variants(cohort: Cohort) -> None:
    api = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    store = Store(cohort.study.folder, "all")
    calls = store.read(0, store.n_variants)
    covariates = cohort.covariates[COLUMNS].to_numpy()
    fitted = np.array(cohort.study.roles) == "fitted"
    row_of = {v: i for i, v in enumerate(store.variants.variant_id)}
    for model, column, method in (
        (LDL, "LDL", lambda y, x: api.OLS(y, x).fit()),
        (CAD, "CAD", lambda y, x: api.Logit(y - 1, x).fit(disp=0, tol=1e-12)),
    ):
        table = cohort.ours(model | ADJUSTED, min_mac=40)
        y = cohort.phenotypes[column].to_numpy()
        for variant, row in table.iloc[:: len(table) // 15].iterrows():
            g = calls[row_of[variant]]
            keep = fitted & (g >= 0) & ~np.isnan(y) & ~np.isnan(covariates).any(axis=1)
            x = np.column_stack([np.ones(keep.sum()), covariates[keep], g[keep]])
            fit = method(y[keep], x)
            assert row["beta"] == pytest.approx(fit.params[-1], rel=1e-6, abs=1e-9)
            assert row["standard_error"] == pytest.approx(fit.bse[-1], rel=1e-6)
            assert row["neg_log10_p"] == pytest.approx(-np.log10(fit.pvalues[-1]), rel=1e-6)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    path = SAMPLES / "truth.json"
    if not path.exists():
        pytest.skip("data-samples has no truth.json")
    found: dict[str, Any] = json.loads(path.read_text())["traits"]
    return found


def _name(planted: dict[str, Any]) -> str:
    return "{chrom}:{pos}:{ref}:{alt}".format(**planted)


def test_ldl_variant_is_first_and_components_calibrate(
    cohort: Cohort, truth: dict[str, Any]
) -> None:
    raw = cohort.ours(LDL | {"covariates": ["age", "gender"], "components": 0}, min_mac=5)
    adjusted = cohort.ours(LDL | ADJUSTED, min_mac=5)
    assert adjusted["neg_log10_p"].idxmax() == _name(truth["LDL"])
    assert lambda_gc(raw["neg_log10_p"]) > 1.5
    assert lambda_gc(adjusted["neg_log10_p"]) == pytest.approx(1.0, abs=0.08)


def test_cad_effect_is_within_two_standard_errors(cohort: Cohort, truth: dict[str, Any]) -> None:
    row = cohort.ours(CAD | ADJUSTED, firth_p=0).loc[_name(truth["CAD"])]
    assert abs(row["beta"] - truth["CAD"]["log_or"]) < 2 * row["standard_error"]


def test_separated_variant_has_a_finite_firth_estimate(
    cohort: Cohort, truth: dict[str, Any]
) -> None:
    name = _name(truth["case_separated"])
    row = cohort.ours(CAD | ADJUSTED, firth_p=0).loc[name]
    assert (row["test"], row["flag"]) == ("firth", "separated")
    assert np.isfinite(row[["beta", "standard_error", "neg_log10_p"]].to_numpy(float)).all()
    assert row["beta"] > 1
    assert np.isnan(cohort.plink2("CAD", COLUMNS, "no-firth").loc[name, "BETA"])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Cohort]:
    """regenie's example: 500 samples, 1,000 variants, two traits, three covariates."""
    _need("plink2")
    data = os.environ.get("GENOCOHORT_DATA")
    if not data:
        pytest.skip("GENOCOHORT_DATA is not set")
    source = Path(data) / "regenie_example"

    def make(file: str, remove: str) -> Cohort:
        folder = tmp_path_factory.mktemp("example")
        prefix = folder / "x"
        _call(
            "plink2", "--bfile", source / "example", "--make-pgen", "psam-cols=sex",
            "--out", prefix,
        )  # fmt: skip
        study = _store_of(prefix, folder)
        options: dict[str, Any] = {"sep": " ", "dtype": {"FID": str, "IID": str}}
        traits = pd.read_csv(source / file, **options).set_index("IID").reindex(study.ids)
        covariates = pd.read_csv(source / "covariates.txt", **options)
        covariates = covariates.set_index("IID").reindex(study.ids).drop(columns="FID")
        removed = {line.split()[1] for line in (source / remove).read_text().splitlines()}
        study.roles = ["projected" if s in removed else "fitted" for s in study.ids]
        study.columns = {c: traits[c].to_numpy(float) for c in ("Y1", "Y2")}
        study.columns |= {c: covariates[c].to_numpy(float) for c in covariates}
        study.write_tables()
        traits = traits[["Y1", "Y2"]] + (1 if "bin" in file else 0)
        return Cohort(study, prefix, traits, covariates)

    return make


@pytest.mark.parametrize("trait", ["Y1", "Y2"])
def test_regenie_example_quantitative(example: Callable[[str, str], Cohort], trait: str) -> None:
    data = example("phenotype.txt", "fid_iid_to_remove.txt")
    model = {"phenotype": trait, "kind": "quantitative", "covariates": ["V1", "V2", "V3"]}
    joined = data.ours(model | {"components": 0}).join(data.plink2(trait, ["V1", "V2", "V3"]))
    assert len(joined) == 1000
    assert (joined["n"] == joined["OBS_CT"]).all()
    _close(joined["beta"], joined["BETA"], 5e-7)
    _close(joined["standard_error"], joined["SE"], 5e-7)
    _close(joined["neg_log10_p"], -np.log10(joined["P"]), 3e-6)


@pytest.mark.parametrize("trait", ["Y1", "Y2"])
def test_regenie_example_binary_with_missing_phenotypes(
    example: Callable[[str, str], Cohort], trait: str
) -> None:
    data = example("phenotype_bin_wNA.txt", "fid_iid_to_remove.txt")
    model = {
        "phenotype": trait,
        "kind": "binary",
        "covariates": ["V1", "V2", "V3"],
        "components": 0,
    }
    ours = data.ours(model, firth_p=0)
    joined = ours.join(data.plink2(trait, ["V1", "V2", "V3"], "no-firth"))
    assert len(joined) == 1000
    assert (joined["n"] == joined["OBS_CT"]).all()
    _close(joined["beta"], joined["BETA"], 4e-6)
    firth = data.ours(model, firth_p=1, firth_mac=10_000)
    assert (firth["test"] == "firth").sum() == 1000
    joined = firth.join(data.plink2(trait, ["V1", "V2", "V3"], "firth"))
    off = (joined["beta"] - joined["BETA"]).abs()
    assert (off < 4e-5).mean() > 0.95
    assert off.max() < 5e-4


def test_regenie_published_firth_output(example: Callable[[str, str], Cohort]) -> None:
    """N and frequencies are the same numbers; effects are comparable only in trend.

    regenie offsets each test by its polygenic prediction of step 1, which we do not have: the
    effects correlate, and where they differ it is by less than the standard error.
    """
    source = Path(os.environ["GENOCOHORT_DATA"]) / "regenie_example"
    published = pd.read_csv(source / "example.test_bin_out_firth_Y1.regenie", sep=r"\s+")
    published.index = published["ID"].astype(str)
    data = example("phenotype_bin.txt", "fid_iid_to_remove.txt")
    model = {"phenotype": "Y1", "kind": "binary", "covariates": ["V1", "V2", "V3"], "components": 0}
    joined = data.ours(model).join(published, how="inner")
    assert len(joined) == len(published) == 1000
    assert (joined["n"] == joined["N"]).all()
    _close(joined["effect_allele_frequency"], joined["A1FREQ"], 1e-6)
    assert np.corrcoef(joined["beta"], joined["BETA"])[0, 1] > 0.9
    assert (np.abs(joined["beta"] - joined["BETA"]) < joined["SE"]).mean() > 0.95
