"""The step's command line on small cohorts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_association import ASSOCIATION, MODELS
from genocohort.io.parquet import read_table
from tiny.association import AssociationStudy

N = 60
LDL: dict[str, Any] = {"phenotype": "ldl", "kind": "quantitative", "components": 0}
CAD: dict[str, Any] = {"phenotype": "cad", "kind": "binary", "components": 0}


def _study(folder: Path, m: int = 12, **changes: Any) -> tuple[AssociationStudy, np.ndarray]:
    rng = np.random.default_rng(2)
    calls = rng.binomial(2, 0.4, (m, N)).astype(np.int8)
    calls[1::2] = np.where(rng.random(calls[1::2].shape) < 0.05, -1, calls[1::2])
    columns = {
        "ldl": rng.normal(size=N) + calls[0],
        "cad": (rng.random(N) < 0.4).astype(float),
        "age": rng.normal(60, 10, N),
    }
    values: dict[str, Any] = {
        "ids": [f"S{i}" for i in range(N)],
        "columns": columns,
        "sexes": ["male", "female"] * (N // 2),
        "components": rng.normal(size=(N, 2)),
    }
    study = AssociationStudy(folder, **(values | changes))
    study.write_tables()
    return study, calls


def _read(study: AssociationStudy, chromosome: str = "chr1", out: str = "out") -> pd.DataFrame:
    return read_table(study.folder / out / f"{chromosome}.parquet", ASSOCIATION).to_pandas()


def test_two_phenotypes_of_a_chromosome(tmp_path: Path) -> None:
    study, calls = _study(tmp_path)
    study.write_chromosome("chr1", calls)
    settings = {"models": [LDL, CAD | {"covariates": ["age"], "components": 2}]}
    assert study.associate("chr1", settings) == 0
    table = _read(study)
    assert table["phenotype"].tolist() == ["ldl"] * 12 + ["cad"] * 12
    assert table["vcf_pos"].tolist() == [10 * (i + 1) for i in range(12)] * 2
    assert (table["effect_allele"] == "C").all()
    assert (table["other_allele"] == "A").all()
    ldl = table[table["phenotype"] == "ldl"].reset_index(drop=True)
    expected = stats.linregress(calls[0], study.columns["ldl"])
    assert ldl["beta"][0] == pytest.approx(expected.slope)
    assert 10 ** -ldl["neg_log10_p"][0] == pytest.approx(expected.pvalue)
    assert ldl["n"].tolist() == (calls >= 0).sum(axis=1).tolist()
    assert ldl["n_cases"].isna().all()
    cad = table[table["phenotype"] == "cad"]
    assert (cad["n_cases"] <= study.columns["cad"].sum()).all()
    models = read_table(tmp_path / "out/chr1.models.parquet", MODELS).to_pylist()
    assert [m["phenotype"] for m in models] == ["ldl", "cad"]
    assert models[1]["covariates"] == ["age"]
    assert models[1]["n_cases"] + models[1]["n_controls"] == models[1]["n"] == N


def test_ledger_accounts_for_variants_and_samples(tmp_path: Path) -> None:
    study, calls = _study(
        tmp_path,
        verdicts=["fail"] + ["pass"] * (N - 1),
        roles=["fitted"] * (N - 2) + ["projected"] * 2,
    )
    calls[3] = 0
    calls[5, :30] = -1
    study.write_chromosome("chr1", calls)
    assert study.associate("chr1", {"models": [LDL]}) == 0
    entries = entries_from_json((tmp_path / "out/chr1.ledger.json").read_text())
    variant, sample = entries
    assert (variant.unit, variant.source, variant.source_scopes) == (
        "variant",
        "genotypes",
        ("chr1",),
    )
    assert (variant.n_in, variant.n_kept) == (12, 10)
    assert sorted(d.reason for d in variant.dropped) == [
        "minor allele count below min_mac",
        "missing calls above max_missing",
    ]
    assert variant.dropped[1].examples == ("chr1:40:chr1_3",)
    assert (sample.unit, sample.scope, sample.n_in, sample.n_kept) == (
        "sample",
        "chr1 ldl",
        N,
        N - 3,
    )
    assert not any(d.is_loss for e in entries for d in e.dropped)


def test_bytes_do_not_depend_on_threads(tmp_path: Path) -> None:
    study, calls = _study(tmp_path, m=2300)
    study.write_chromosome("chr1", calls)
    settings = {"models": [LDL, CAD | {"components": 1}]}
    for threads in (1, 3):
        assert study.associate("chr1", settings, threads=threads, out=f"t{threads}") == 0
    for name in ("chr1.parquet", "chr1.models.parquet", "chr1.ledger.json"):
        assert (tmp_path / "t1" / name).read_bytes() == (tmp_path / "t3" / name).read_bytes()


def test_x_counts_males_once_and_adjusts_for_sex_outside_par(tmp_path: Path) -> None:
    study, calls = _study(tmp_path)
    male = np.arange(N) % 2 == 0
    calls[:, male] = np.where(calls[:, male] == 1, 0, calls[:, male])
    # The synthetic build's pseudo-autosomal region is chrX:0-20000.
    positions = [1000] * 6 + [30_000] * 6
    study.write_chromosome("chrX", calls, vcf_pos=positions)
    assert study.associate("chrX", {"models": [LDL], "min_mac": 0, "max_missing": 1}) == 0
    table = _read(study, "chrX")
    y = study.columns["ldl"]
    for row, adjusted in ((0, False), (6, True)):
        terms = [np.ones(N), *([male * 1.0] if adjusted else []), calls[row]]
        solution, *_ = np.linalg.lstsq(np.column_stack(terms), y, rcond=None)
        assert table["beta"][row] == pytest.approx(solution[-1])
    called = calls[6] >= 0
    effect = calls[6][called & ~male].sum() + calls[6][called & male].sum() / 2
    alleles = 2 * (called & ~male).sum() + (called & male).sum()
    assert table["effect_allele_frequency"][6] == pytest.approx(effect / alleles)
    assert table["minor_allele_count"][6] == min(effect, alleles - effect)
    assert table["effect_allele_frequency"][0] == pytest.approx(calls[0].sum() / (2 * N))
    assert (
        study.associate(
            "chrX", {"models": [LDL], "min_mac": 0, "max_missing": 1, "x_sex_covariate": False}
        )
        == 0
    )
    solution, *_ = np.linalg.lstsq(np.column_stack([np.ones(N), calls[6]]), y, rcond=None)
    assert _read(study, "chrX")["beta"][6] == pytest.approx(solution[-1])


@pytest.mark.parametrize("chromosome", ["chrY", "chrM"])
def test_excluded_chromosomes_have_a_reason(tmp_path: Path, chromosome: str) -> None:
    study, calls = _study(tmp_path)
    study.write_chromosome(chromosome, np.where(calls == 1, 0, calls).astype(np.int8))
    assert study.associate(chromosome, {"models": [LDL]}) == 0
    assert len(_read(study, chromosome)) == 0
    entry = entries_from_json((tmp_path / f"out/{chromosome}.ledger.json").read_text())[0]
    assert (entry.n_in, entry.n_kept, entry.dropped[0].n) == (12, 0, 12)
    assert "is excluded" in entry.dropped[0].reason
    assert study.associate(chromosome, {"models": [LDL], "exclude_classes": []}) == 0
    assert len(_read(study, chromosome)) > 0


def test_a_chromosome_without_variants(tmp_path: Path) -> None:
    study, calls = _study(tmp_path)
    study.write_chromosome("chr1", calls[:0])
    assert study.associate("chr1", {"models": [LDL, CAD]}) == 0
    assert len(_read(study)) == 0


def test_participants_join_by_exact_text(tmp_path: Path) -> None:
    people = ["007", "7", "0012", "12.0", "1e5", "100000", "0x1F", "1_000"]
    values = np.arange(8.0) ** 2
    calls = np.array([[0, 0, 0, 1, 1, 1, 2, 2]], np.int8)
    order = [3, 1, 0, 2, 7, 6, 5, 4]
    study = AssociationStudy(
        tmp_path,
        [f"s{i}" for i in order],
        {"age": values[order]},
        participants=[people[i] for i in order],
    )
    study.write_tables()
    study.write_chromosome("chr1", calls[:, order])
    model = {"phenotype": "age", "kind": "quantitative", "components": 0}
    assert study.associate("chr1", {"models": [model], "min_mac": 1}) == 0
    table = _read(study)
    assert table["n"][0] == 8
    assert table["beta"][0] == pytest.approx(stats.linregress(calls[0], values).slope)


def test_the_same_column_under_two_names(tmp_path: Path) -> None:
    study, calls = _study(tmp_path)
    study.write_chromosome("chr1", calls)
    other = LDL | {"phenotype": "ldl_pcs", "column": "ldl", "components": 2}
    assert study.associate("chr1", {"models": [LDL, other]}) == 0
    table = _read(study)
    assert table["phenotype"].unique().tolist() == ["ldl", "ldl_pcs"]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"models": []}, 2, ["no phenotype"]),
        ({"models": [LDL | {"covariates": ["bmi"]}]}, 2, ["ldl", "bmi", "age"]),
        ({"models": [LDL | {"components": 9}]}, 2, ["9 components"]),
        ({"models": [LDL | {"transform": "log"}]}, 2, ["transform"]),
        ({"models": [CAD | {"transform": "rint"}]}, 2, ["binary phenotype cannot"]),
        ({"models": [LDL, LDL]}, 2, ["same phenotype"]),
        ({"models": [LDL | {"phenotype": "../x"}]}, 2, ["phenotype"]),
        ({"models": [CAD | {"column": "coded"}, LDL]}, 3, ["cad", "36 samples coded 1"]),
        ({"models": [LDL | {"covariates": ["age", "months"]}]}, 3, ["collinear", "months"]),
        ({"models": [LDL | {"covariates": ["site"]}]}, 3, ["constant", "site"]),
    ],
)
def test_mistakes_have_one_clear_message_and_leave_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    code: int,
    words: list[str],
) -> None:
    study, calls = _study(tmp_path)
    columns = dict(study.columns)
    columns["coded"] = np.where(np.arange(N) < 36, 1.0, 2.0)
    columns["months"] = columns["age"] * 12
    columns["site"] = np.full(N, 4.0)
    study.columns = columns
    study.write_tables()
    study.write_chromosome("chr1", calls)
    assert study.associate("chr1", settings) == code
    error = capsys.readouterr().err
    assert all(word in error for word in words)
    assert "Traceback" not in error
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True


def test_all_problems_are_reported_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, calls = _study(tmp_path)
    study.write_chromosome("chr1", calls)
    settings = {"models": [LDL | {"covariates": ["x"]}, CAD | {"covariates": ["y"]}]}
    assert study.associate("chr1", settings) == 2
    error = capsys.readouterr().err
    assert "2 problems" in error
    assert "ldl" in error
    assert "cad" in error
