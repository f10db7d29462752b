"""Decay of LD and identity by state against scikit-allel and plink 1.9, on the sample cohort.

plink 1.9 prints six significant digits of r2, IBS and coordinates; scikit-allel's r is float32.
"""

from pathlib import Path

import allel
import numpy as np
import pandas as pd
import pytest

from genocohort.domain.tables_cohort import STRUCTURE_IBS, STRUCTURE_LD_DECAY, STRUCTURE_MDS
from genocohort.io.parquet import read_table
from genocohort.io.store_selection import open_stores, select_variants
from genocohort.stats.ld import squared_correlations
from tiny.cohort_reference import (
    AUTOSOMES,
    merged_for_plink,
    need,
    read_plink,
    run_tool,
    sample_cohort,
)
from tiny.structure import Structure

pytestmark = pytest.mark.validation

EDGES_KB = (0, 1, 5, 20, 50, 100)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    """Two chromosomes of the sample cohort, all samples fitted."""
    out = tmp_path_factory.mktemp("pairs")
    chosen = {"ld_decay_kb": EDGES_KB, "ibs": True, "mds_dimensions": 4, "ld_r2": None}
    return Structure(sample_cohort(), AUTOSOMES[:2], out, {}).run(**chosen)


def plink_files(folder: Path, study: Structure, name: str) -> Path:
    """A PLINK 1 fileset of the study's variants; its prefix."""
    need("plink2", "plink1.9")
    prefix = merged_for_plink(folder, study.selections(), name)
    run_tool("plink2", "--pfile", prefix, "--make-bed", "--out", prefix)
    return prefix


def decay(r2: np.ndarray, distance: np.ndarray) -> tuple[list[int], np.ndarray]:
    """Pairs and mean r2 in each bin of distance."""
    edges = 1000 * np.array(EDGES_KB)
    place = np.searchsorted(edges, distance, side="right") - 1
    inside = place < len(edges) - 1
    n = np.bincount(place[inside], minlength=len(edges) - 1)
    total = np.bincount(place[inside], weights=r2[inside], minlength=len(edges) - 1)
    return n.tolist(), total / n


def common(study: Structure) -> list[tuple[np.ndarray, np.ndarray]]:
    """Calls and positions of the variants with a minor allele frequency of 0.05, by chromosome."""
    found = []
    for selection in study.selections():
        calls = np.concatenate([c for _, c in selection.blocks()])
        called = (calls >= 0).sum(axis=1)
        p = np.maximum(calls, 0).sum(axis=1) / (2 * called)
        keep = np.minimum(p, 1 - p) >= 0.05
        found.append((calls[keep], selection.store.variants.vcf_pos[selection.indices][keep]))
    return found


def test_decay_of_ld_equals_scikit_allel(study: Structure) -> None:
    """All pairs: no chromosome has more common variants than anchors are asked for."""
    r2, distance = [], []
    for calls, positions in common(study):
        assert 100 < len(calls) <= 500
        first, second = np.triu_indices(len(calls), 1)
        r2.append(allel.rogers_huff_r(calls).astype(np.float64) ** 2)
        distance.append(positions[second] - positions[first])
    n_pairs, mean = decay(np.concatenate(r2), np.concatenate(distance))
    ours = read_table(study.out / "ld-decay.parquet", STRUCTURE_LD_DECAY).to_pandas()
    assert ours.n_pairs.tolist() == n_pairs
    np.testing.assert_allclose(ours.mean_r2, mean, atol=1e-5)
    assert (np.diff(ours.adjusted_r2) < 0).all()


def test_decay_of_ld_equals_plink19(study: Structure, tmp_path: Path) -> None:
    prefix = plink_files(tmp_path, study, "common")
    run_tool("plink1.9", "--bfile", prefix, "--maf", 0.05, "--r2", "--ld-window", 99999,
             "--ld-window-kb", 99, "--ld-window-r2", 0, "--out", prefix)  # fmt: skip
    theirs = read_plink(prefix.with_suffix(".ld"))
    n_pairs, mean = decay(theirs.R2.to_numpy(), (theirs.BP_B - theirs.BP_A).to_numpy())
    ours = read_table(study.out / "ld-decay.parquet", STRUCTURE_LD_DECAY).to_pandas()
    # Its window ends with 99 kb: the last bin has fewer pairs.
    assert ours.n_pairs.tolist()[:-1] == n_pairs[:-1]
    np.testing.assert_allclose(ours.mean_r2[:-1], mean[:-1], rtol=1e-5)
    (calls, positions), *_ = common(study)
    r2 = squared_correlations(calls[:1], calls)[0]
    row = theirs[(theirs.CHR_A[0] == theirs.CHR_A) & (positions[0] == theirs.BP_A)]
    np.testing.assert_allclose(r2[1 : 1 + len(row)], row.R2, rtol=1e-5, atol=1e-7)


def test_identity_by_state_equals_plink19(study: Structure, tmp_path: Path) -> None:
    prefix = plink_files(tmp_path, study, "ibs")
    run_tool("plink1.9", "--bfile", prefix, "--distance", "square", "ibs", "flat-missing",
             "--out", prefix)  # fmt: skip
    theirs = np.loadtxt(prefix.with_suffix(".mibs"))
    ours = read_table(study.out / "ibs.parquet", STRUCTURE_IBS).to_pandas()
    place = {s: i for i, s in enumerate(study.samples)}
    first, second = ours.sample_id_1.map(place), ours.sample_id_2.map(place)
    assert len(ours) == len(place) * (len(place) - 1) // 2
    np.testing.assert_allclose(ours.ibs, theirs[first, second], atol=2e-6)
    # In a run of its own: beside --distance it scales counts of alleles, not shares.
    run_tool("plink1.9", "--bfile", prefix, "--cluster", "--mds-plot", 4, "--out", prefix)
    mds = read_table(study.out / "mds.parquet", STRUCTURE_MDS).to_pandas()
    table = mds.pivot(index="sample_id", columns="dimension", values="coordinate")
    plink = pd.read_csv(prefix.with_suffix(".mds"), sep=r"\s+", dtype={"IID": str}).set_index("IID")
    for k in range(1, 5):
        x, y = table[k].to_numpy(), plink[f"C{k}"].loc[table.index].to_numpy()
        assert abs(np.corrcoef(x, y)[0, 1]) >= 0.9999
        np.testing.assert_allclose(np.abs(x), np.abs(y), atol=2e-4)


def test_selection_is_what_the_step_uses(study: Structure) -> None:
    """Without pruning every usable variant is in structure/pruned."""
    everything = [
        select_variants(s, pass_only=True) for s in open_stores(study.folder, AUTOSOMES[:2])
    ]
    assert (
        0
        < sum(len(s.indices) for s in study.selections())
        < sum(len(s.indices) for s in everything)
    )
