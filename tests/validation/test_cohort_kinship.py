"""Kinship against plink2 --make-king-table, and the relatives planted in the sample cohort.

plink2 prints six significant digits; kinship must agree within that. The variants called in both
samples agree exactly where no call is missing; with missing calls plink2 2.00a3.5 counts one or two
too many for a few pairs in a thousand (seen by counting one by one), which moves its IBS0 and
HETHET shares in the sixth digit.
"""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from genocohort.cli import main
from genocohort.domain.pedigree import pair_of
from genocohort.domain.tables_cohort import KINSHIP_PAIRS
from genocohort.io.parquet import read_table
from genocohort.io.store_selection import open_stores, select_variants
from tiny.cohort_reference import (
    AUTOSOMES,
    SAMPLES,
    SYNTHETIC,
    extra_data,
    merged_for_plink,
    need,
    read_plink,
    run_tool,
    sample_cohort,
    store_of_plink,
)

pytestmark = pytest.mark.validation


def kinship(
    folder: Path, chromosomes: tuple[str, ...], out: Path, *extra: str, **settings: Any
) -> pd.DataFrame:
    """Run the step; its pairs."""
    words = ["kinship", "--folder", str(folder), "--chromosomes", *chromosomes]
    words += ["--sheet", str(folder / "genotyped.tsv"), "--genome", SYNTHETIC, "--threads", "2"]
    words += ["--settings", json.dumps(settings), "--ledger", str(out / "ledger.json")]
    assert main([*words, "--pairs", str(out / "pairs.parquet"), *extra]) == 0
    return read_table(out / "pairs.parquet", KINSHIP_PAIRS).to_pandas()


def king_table(
    folder: Path, chromosomes: tuple[str, ...], out: Path, threshold: float
) -> pd.DataFrame:
    """What plink2 says about the same variants."""
    chosen = [select_variants(s, pass_only=True) for s in open_stores(folder, chromosomes)]
    prefix = merged_for_plink(out, chosen, "merged")
    run_tool("plink2", "--pfile", prefix, "--make-king-table", "--king-table-filter", threshold,
             "--out", prefix)  # fmt: skip
    return read_plink(out / "merged.kin0")


def compare(
    ours: pd.DataFrame, theirs: pd.DataFrame, threshold: float, max_miscount: int = 2
) -> None:
    """The same pairs (but for rounding at the threshold) and the same numbers."""
    keys = [pair_of(a, b) for a, b in zip(ours.sample_id_1, ours.sample_id_2, strict=True)]
    left = ours.assign(pair=keys)[ours.kinship >= threshold].set_index("pair")
    keys = [pair_of(a, b) for a, b in zip(theirs.IID1, theirs.IID2, strict=True)]
    right = theirs.assign(pair=keys).set_index("pair")
    odd = set(left.index) ^ set(right.index)
    near = [left.kinship.get(p, right.KINSHIP.get(p)) for p in odd]
    assert all(abs(k - threshold) < 1e-6 for k in near)
    both = left.join(right, how="inner", rsuffix="_plink")
    assert len(both) > 0
    assert (both.n_snps - both.NSNP).abs().max() <= max_miscount
    np.testing.assert_allclose(both.kinship, both.KINSHIP, atol=1e-6)
    np.testing.assert_allclose(both.ibs0, both.IBS0, atol=2e-6)
    np.testing.assert_allclose(both.n_het_het / both.n_snps, both.HETHET, atol=1e-5)


def test_sample_cohort_against_plink2(tmp_path: Path) -> None:
    need("plink2")
    folder = sample_cohort()
    ours = kinship(folder, AUTOSOMES, tmp_path, report_threshold=0, min_het=0)
    theirs = king_table(folder, AUTOSOMES, tmp_path, 0)
    assert len(theirs) > 10_000
    compare(ours, theirs, 0)


def test_mouse_stock_against_plink2(tmp_path: Path) -> None:
    """1,940 mice, nearly all related, no call missing: several tiles of pairs."""
    need("plink2")
    source = extra_data("kinship_lmm")
    for part in ("bed", "bim", "fam"):
        with (
            gzip.open(source / f"mouse_hs1940.{part}.gz") as packed,
            open(tmp_path / f"mouse.{part}", "wb") as plain,
        ):
            shutil.copyfileobj(packed, plain)
    chromosomes = store_of_plink(tmp_path, tmp_path / "mouse")[:3]
    ours = kinship(tmp_path, chromosomes, tmp_path, report_threshold=0.3, min_het=0)
    theirs = king_table(tmp_path, chromosomes, tmp_path, 0.3)
    compare(ours, theirs, 0.3, max_miscount=0)


def test_regenie_example_against_plink2(tmp_path: Path) -> None:
    need("plink2")
    chromosomes = store_of_plink(tmp_path, extra_data("regenie_example") / "example")
    ours = kinship(tmp_path, chromosomes, tmp_path, report_threshold=0, min_het=0)
    compare(ours, king_table(tmp_path, chromosomes, tmp_path, 0), 0)


def test_planted_relatives_are_recovered(tmp_path: Path) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())["relatedness"]
    pedigree = ("--pedigree", str(SAMPLES / "pedigree.ped"))
    ours = kinship(sample_cohort(), AUTOSOMES, tmp_path, *pedigree)
    rows = {pair_of(r["sample_id_1"], r["sample_id_2"]): r for r in ours.to_dict(orient="records")}
    words = {"parent-offspring": "parent_offspring", "full-sib": "full_siblings"}
    planted = {pair_of(*p["samples"]): p for p in truth["kin_pairs"]}
    for pair, item in planted.items():
        row = rows[pair]
        assert row["relation_inferred"] == words.get(item["relation"], item["relation"])
        assert row["kinship"] == pytest.approx(item["expected_kinship"], abs=0.04)
    close = {p for p, r in rows.items() if r["kinship"] > 0.0884}
    assert close == set(planted)
    swapped = {s["sample"] for s in truth["swapped_children_labels"]}
    for pair, row in rows.items():
        if not row["is_contradiction"]:
            continue
        if swapped & set(pair):
            first, second = sorted(swapped)
            assert f"labels of {first} and {second} would resolve" in row["finding"]
        else:
            assert row["relation_inferred"] == "duplicate"
