"""Reads of heterozygous genotypes against those that scikit-allel reads: exact."""

from pathlib import Path

import allel
import numpy as np
import pytest

from genocohort.io.calls import read_calls_header
from tiny.calls import CallsRun, write_sheet
from tiny.variant_peers import real_calls

pytestmark = pytest.mark.validation


def test_hapmap_exome(tmp_path: Path) -> None:
    calls = real_calls("1000g/hapmap_exome_chr22.vcf.gz")
    names = read_calls_header(calls).samples
    run = CallsRun(tmp_path, calls, write_sheet(tmp_path / "sheet.tsv", names), "synthetic")
    sites, samples = (run.table("22", name) for name in ("sites", "samples"))
    read = allel.read_vcf(
        str(calls), fields=["POS", "GT", "AD"], numbers={"AD": 8, "GT": 2}, alt_number=7
    )
    genotypes, depths = read["calldata/GT"], read["calldata/AD"].astype(np.int64)
    other = genotypes.max(axis=2)
    is_het = (genotypes.min(axis=2) == 0) & (other > 0)
    alt = np.take_along_axis(depths, np.maximum(other, 0)[:, :, None], axis=2)[:, :, 0]
    is_given = is_het & (depths[:, :, 0] >= 0) & (alt >= 0)
    whole = samples[samples.filter_set == "all"].set_index("sample_id")
    assert (
        whole.loc[list(names), "het_ref_depth"].tolist()
        == np.where(is_given, depths[:, :, 0], 0).sum(axis=0).tolist()
    )
    assert (
        whole.loc[list(names), "het_alt_depth"].tolist()
        == np.where(is_given, alt, 0).sum(axis=0).tolist()
    )
    for k in range(1, int(other.max()) + 1):
        own = is_given & (other == k)
        both = np.where(own, depths[:, :, 0] + alt, 0).sum(axis=1)
        expected = np.where(own, alt, 0).sum(axis=1)[both > 0] / both[both > 0]
        found = sites[sites.allele == k].set_index("record")["het_allele_balance"]
        np.testing.assert_array_equal(found.dropna().to_numpy(), expected)
        assert found.dropna().index.tolist() == np.flatnonzero(both > 0).tolist()
    balance = whole["het_alt_depth"] / (whole["het_ref_depth"] + whole["het_alt_depth"])
    assert balance.between(0.4, 0.52).all()
