"""The genotype store as plink2 and plink 1.9 read it: counts, missingness, Hardy-Weinberg."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genocohort.io.calls import read_calls_header
from tiny.calls import CallsRun, write_sheet
from tiny.variant_peers import need, plink2, read_peer, run

pytestmark = pytest.mark.validation
CALLS = Path(__file__).parents[2] / "data-samples/calls/cohort.vcf.gz"


@pytest.fixture(scope="module")
def chr22(tmp_path_factory: pytest.TempPathFactory) -> CallsRun:
    """chr22 of the sample cohort in the store."""
    folder = tmp_path_factory.mktemp("store")
    names = read_calls_header(CALLS).samples
    done = CallsRun(folder, CALLS, write_sheet(folder / "sheet.tsv", names), "synthetic")
    done.store("chr22")
    return done


def test_plink2_opens_the_store(chr22: CallsRun) -> None:
    need("plink2")
    plink2(chr22.folder, "chr22", "--validate")


def test_counts_are_those_of_the_store(chr22: CallsRun) -> None:
    need("plink2")
    table = read_peer(f"{plink2(chr22.folder, 'chr22', '--geno-counts')}.gcount")
    store = chr22.store("chr22")
    calls = store.read(0, store.n_variants)
    names = ("HOM_REF_CT", "HET_REF_ALT_CTS", "TWO_ALT_GENO_CTS", "MISSING_CT")
    for name, value in zip(names, (0, 1, 2, -1), strict=True):
        assert table[name].tolist() == (calls == value).sum(axis=1).tolist()


def test_missingness_of_samples(chr22: CallsRun) -> None:
    need("plink2")
    table = read_peer(f"{plink2(chr22.folder, 'chr22', '--missing')}.smiss")
    store = chr22.store("chr22")
    calls = store.read(0, store.n_variants)
    assert table["MISSING_CT"].tolist() == (calls == -1).sum(axis=0).tolist()


def test_hardy_weinberg_of_biallelic_sites(chr22: CallsRun) -> None:
    """Relative 1e-5: plink prints six digits."""
    need("plink2")
    sites = chr22.table("chr22", "sites")
    store = chr22.store("chr22")
    biallelic = sites[sites.n_alt_alleles == 1].set_index(["vcf_pos", "ref", "alt"])
    key = list(zip(store.variants.vcf_pos, store.variants.ref, store.variants.alt, strict=True))
    names = dict(zip(store.variants.variant_id, key, strict=True))
    table = read_peer(f"{plink2(chr22.folder, 'chr22', '--hardy')}.hardy")
    chosen = table[[names[i] in biallelic.index for i in table["ID"]]]
    ours = biallelic.loc[[names[i] for i in chosen["ID"]], "hwe_p"]
    assert len(chosen) > 800
    np.testing.assert_allclose(ours.to_numpy(float), chosen["P"].to_numpy(float), rtol=1.1e-5)


def test_hardy_weinberg_against_plink19(chr22: CallsRun, tmp_path: Path) -> None:
    """plink 1.9 prints four digits: relative 5e-4."""
    plink = need("plink1.9")
    prefix = plink2(chr22.folder, "chr22", "--make-bed")
    out = tmp_path / "old"
    run(plink, "--bfile", prefix, "--hardy", "--nonfounders", "--out", out)
    old = read_peer(f"{out}.hwe")
    old = old[old["TEST"].str.startswith("ALL")]
    new = read_peer(f"{plink2(chr22.folder, 'chr22', '--hardy')}.hardy")
    both = pd.merge(old, new, left_on="SNP", right_on="ID")
    assert len(both) > 800
    np.testing.assert_allclose(both["P_x"], both["P_y"], rtol=5e-4)
