"""Cases of the association area, through the step's command line."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam
import pytest

from tiny.association import AssociationStudy

pytestmark = pytest.mark.cases


def _case(start: str) -> tuple[Path, dict[str, dict[str, Any]]]:
    root = os.environ.get("GENOCOHORT_CASES")
    if not root:
        pytest.skip("GENOCOHORT_CASES is not set")
    folder = next(Path(root).glob(f"{start}-*"))
    checks = json.loads((folder / "expected.json").read_text())["checks"]
    return folder, {check["id"]: check for check in checks}


def _calls(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Samples, variant ids and ALT counts."""
    with pysam.VariantFile(str(path)) as file:
        samples = list(file.header.samples)
        names, rows = [], []
        for record in file:
            names.append(record.id or str(record.pos))
            rows.append([sum(a or 0 for a in s["GT"]) for s in record.samples.values()])
    return samples, names, np.array(rows, dtype=np.int8)


def _agrees(found: Any, check: dict[str, Any], wanted: Any) -> bool:
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    limit = np.maximum(check["abs_tol"], check["rel_tol"] * np.abs(wanted))
    return bool((np.abs(found - wanted) <= limit).all())


def _wald(row: pd.Series) -> list[float]:
    """beta, standard error and the P of their ratio (our P of Firth is the likelihood ratio's)."""
    from scipy.stats import norm

    z = row["beta"] / row["standard_error"]
    return [row["beta"], row["standard_error"], 2 * norm.sf(abs(z))]


def _associate(
    folder: Path,
    samples: list[str],
    names: list[str],
    calls: np.ndarray,
    values: np.ndarray,
    kind: str,
) -> pd.DataFrame:
    study = AssociationStudy(folder, samples, {"y": values})
    study.write_tables()
    study.write_chromosome("chr1", calls, variant_ids=names)
    model = {"phenotype": "y", "kind": kind, "components": 0}
    settings = {"models": [model], "min_mac": 1, "firth_p": 0}
    assert study.associate("chr1", settings) == 0
    return pd.read_parquet(folder / "out/chr1.parquet").set_index("variant_id")


def test_33_separation(tmp_path: Path) -> None:
    folder, checks = _case("33")
    samples, names, calls = _calls(folder / "in.vcf.gz")
    rows = pd.read_csv(folder / "pheno.tsv", sep="\t", dtype={"#IID": str}).set_index("#IID")
    cases = rows["case"].reindex(samples).to_numpy(float)
    table = _associate(tmp_path, samples, names, calls, cases - (cases.max() == 2), "binary")
    for variant, wanted in checks["firth"]["value"].items():
        assert _agrees(_wald(table.loc[variant]), checks["firth"], wanted), variant
        assert table.loc[variant, "test"] == "firth"
    ordinary = checks["ordinary_v2"]
    assert _agrees(_wald(table.loc["v2"]), ordinary, ordinary["value"])
    assert 10 ** -table.loc["v2", "neg_log10_p"] == pytest.approx(ordinary["value"][2], rel=2e-3)
    assert table.index[table["flag"] == "separated"].tolist() == checks["flagged"]["value"]


def test_39_ids_join_as_text(tmp_path: Path) -> None:
    folder, checks = _case("39")
    samples, names, calls = _calls(folder / "in.vcf.gz")
    rows = pd.read_csv(folder / "pheno.tsv", sep="\t", dtype=str, keep_default_na=False)
    ids, ages = rows.iloc[:, 0].tolist(), rows["age"].astype(float).to_numpy()
    assert ids == checks["ids"]["value"]
    order = [samples.index(i) for i in ids]
    study = AssociationStudy(tmp_path, ids, {"age": ages})
    study.write_tables()
    study.ids = samples
    study.write_chromosome("chr1", calls, variant_ids=names)
    model = {"phenotype": "age", "kind": "quantitative", "components": 0}
    assert study.associate("chr1", {"models": [model], "min_mac": 1}) == 0
    table = pd.read_parquet(tmp_path / "out/chr1.parquet")
    assert table["n"][0] == checks["n_joined"]["value"]
    genotype = calls[0][order]
    means = [ages[genotype == g].mean() for g in range(3)]
    assert _agrees(means, checks["mean_age_by_genotype"], checks["mean_age_by_genotype"]["value"])
    assert table["beta"][0] == pytest.approx(np.polyfit(genotype, ages, 1)[0])
