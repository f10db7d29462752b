"""Mendelian errors against plink 1.9 --mendel, and the label swap planted in the sample cohort."""

import json
from pathlib import Path

import pandas as pd
import pytest

from genocohort.cli import main
from genocohort.domain.tables_pedigree import MENDEL_TRIOS, MENDEL_VARIANTS
from genocohort.io.parquet import read_table
from genocohort.io.store_selection import open_stores, select_variants
from tiny.cohort_reference import (
    AUTOSOMES,
    SAMPLES,
    SYNTHETIC,
    merged_for_plink,
    need,
    run_tool,
    sample_cohort,
)

pytestmark = pytest.mark.validation


def mendel(folder: Path, out: Path, pedigree: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the step on the autosomes."""
    words = ["mendel", "--folder", str(folder), "--chromosomes", *AUTOSOMES]
    words += ["--sheet", str(folder / "genotyped.tsv"), "--pedigree", str(pedigree)]
    words += ["--genome", SYNTHETIC]
    outputs = {n: out / f"{n}.parquet" for n in ("trios", "variants")}
    words += [w for name, path in outputs.items() for w in (f"--{name}", str(path))]
    assert main([*words, "--ledger", str(out / "ledger.json")]) == 0
    return (
        read_table(outputs["trios"], MENDEL_TRIOS).to_pandas(),
        read_table(outputs["variants"], MENDEL_VARIANTS).to_pandas(),
    )


def test_the_label_swap_contradicts_both_trios(tmp_path: Path) -> None:
    trios, _ = mendel(sample_cohort(), tmp_path, SAMPLES / "pedigree.ped")
    found = trios.set_index("sample_id")
    assert found["is_contradicted"].to_dict() == {
        "S011": False, "S012": True, "S016": False, "S018": True,
    }  # fmt: skip
    assert found.loc["S012", ["father_sample_id", "mother_sample_id"]].tolist() == ["S015", "S017"]
    entries = json.loads((tmp_path / "ledger.json").read_text())
    assert {e["unit"]: (e["n_in"], e["n_kept"]) for e in entries}["sample"] == (4, 4)


def test_counts_are_those_of_plink(tmp_path: Path) -> None:
    need("plink1.9")
    folder = sample_cohort()
    trios, variants = mendel(folder, tmp_path, SAMPLES / "pedigree.ped")
    chosen = [
        select_variants(s, pass_only=True, biallelic=False) for s in open_stores(folder, AUTOSOMES)
    ]
    prefix = merged_for_plink(tmp_path, chosen, "merged")
    run_tool("plink2", "--pfile", prefix, "--make-bed", "--out", prefix)
    fam = pd.read_csv(f"{prefix}.fam", sep=r"\s+", header=None, dtype=str)
    parents = pd.read_csv(SAMPLES / "pedigree.ped", sep="\t", header=None, dtype=str).set_index(1)
    for i, name in enumerate(fam[1]):
        if name in parents.index:
            fam.loc[i, [0, 2, 3, 4]] = ["F", *parents.loc[name, [2, 3, 4]]]
    fam.to_csv(f"{prefix}.fam", sep="\t", header=False, index=False)
    run_tool("plink1.9", "--bfile", prefix, "--mendel", "--allow-extra-chr", "--out", prefix)
    lines = Path(f"{prefix}.mendel").read_text().splitlines()[1:]
    rows = [(fields[1], int(fields[4])) for fields in (line.split() for line in lines)]
    one_by_one = pd.DataFrame(rows, columns=["KID", "CODE"])
    by_child = one_by_one["KID"].value_counts()
    assert trios.set_index("sample_id")["n_errors"].to_dict() == {
        name: by_child.get(name, 0) for name in trios["sample_id"]
    }
    codes = one_by_one.groupby("KID")["CODE"].value_counts().unstack(fill_value=0)
    for names, column in (
        ((3, 6), "n_errors_father"), ((4, 7), "n_errors_mother"), ((1, 2, 5, 8), "n_errors_parents")
    ):  # fmt: skip
        expected = codes[[c for c in names if c in codes]].sum(axis=1)
        ours = trios.set_index("sample_id")[column]
        assert ours[ours > 0].to_dict() == expected[expected > 0].to_dict()
    by_locus = pd.read_csv(f"{prefix}.lmendel", sep=r"\s+")
    assert variants["n_errors"].sum() == by_locus["N"].sum()
    assert sorted(variants["n_errors"]) == sorted(by_locus["N"][by_locus["N"] > 0])
