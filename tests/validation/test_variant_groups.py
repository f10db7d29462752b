"""Counts by groups of samples against plink2 on each group alone: exact; HWE relative 1e-5."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genocohort.cli import main
from genocohort.domain.tables_groups import VARIANT_GROUPS
from genocohort.io.parquet import read_table
from genocohort.io.sheet import read_normalised_sheet
from tiny.cohort_reference import need, read_plink, run_tool, sample_cohort

pytestmark = pytest.mark.validation
GENOME = json.dumps({"build": "synthetic", "par": [["chrX", 0, 20000]]})


def _run(out: Path, folder: Path, chromosome: str, *options: str, code: int = 0) -> Path:
    words = ["variant_groups", "--folder", str(folder), "--chromosome", chromosome]
    words += ["--sheet", str(folder / "genotyped.tsv"), "--genome", GENOME, *options]
    outputs = ["--counts", str(out / "counts.parquet"), "--ledger", str(out / "ledger.json")]
    assert main([*words, *outputs]) == code
    return out / "counts.parquet"


@pytest.mark.parametrize("chromosome", ["chr21", "chr22"])
def test_counts_are_those_of_plink2(tmp_path: Path, chromosome: str) -> None:
    need("plink2")
    folder = sample_cohort()
    settings = json.dumps({"by": ["batch", "sex"]})
    path = _run(tmp_path, folder, chromosome, "--settings", settings)
    table = read_table(path, VARIANT_GROUPS).to_pandas()
    samples = read_normalised_sheet(folder / "genotyped.tsv")
    assert set(table["group_by"]) == {"batch", "sex"}
    for (column, value), ours in table.groupby(["group_by", "group"], observed=True):
        keep = tmp_path / "keep.txt"
        names = [s.sample_id for s in samples if getattr(s, column) == value]
        keep.write_text("#IID\n" + "\n".join(names) + "\n")
        assert set(ours["n_samples"]) == {len(names)}
        prefix = tmp_path / "peer"
        words = ["--allow-extra-chr", "--keep", keep, "--geno-counts", "--hardy", "--freq"]
        words += ["--nonfounders", "--out", prefix]
        run_tool("plink2", "--pfile", folder / chromosome, *words)
        counts = read_plink(Path(f"{prefix}.gcount"))
        assert ours["variant_id"].tolist() == counts["ID"].tolist()
        pairs = {
            "n_hom_ref": "HOM_REF_CT",
            "n_het": "HET_REF_ALT_CTS",
            "n_hom_alt": "TWO_ALT_GENO_CTS",
        }
        for mine, theirs in pairs.items():
            assert ours[mine].tolist() == counts[theirs].tolist()
        freq = read_plink(Path(f"{prefix}.afreq"))
        assert ours["an"].tolist() == freq["OBS_CT"].tolist()
        np.testing.assert_allclose(
            ours["af"].to_numpy(), pd.to_numeric(freq["ALT_FREQS"], errors="coerce"), rtol=2e-5
        )
        hardy = read_plink(Path(f"{prefix}.hardy"))
        np.testing.assert_allclose(ours["hwe_p"].to_numpy(), hardy["P"], rtol=1e-5)


def test_a_column_that_nobody_has_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sample_cohort()
    _run(tmp_path, folder, "chr22", "--settings", '{"by": ["weight"]}', code=2)
    assert "no table has the column weight" in capsys.readouterr().err
    assert not (tmp_path / "counts.parquet").exists()
