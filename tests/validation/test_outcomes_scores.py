"""Polygenic scores of the sample cohort against plink2 --score."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genocohort.domain.genome import Genome
from genocohort.io.store import Store
from genocohort.steps.outcomes.scores import compute_score
from tiny.cohort_reference import SYNTHETIC, need, read_plink, run_tool, sample_cohort

pytestmark = pytest.mark.validation


def test_scores_equal_plink2(tmp_path: Path) -> None:
    need("plink2")
    store = Store(sample_cohort(), "chr1")
    rng = np.random.default_rng(7)
    variants = store.variants
    once = pd.Series(variants.variant_id).duplicated(keep=False).to_numpy()
    rows = np.flatnonzero(~once)[::3]
    weight = rng.normal(0, 0.1, len(rows))
    is_alt = rng.random(len(rows)) < 0.5
    effect = np.where(is_alt, variants.alt[rows], variants.ref[rows])
    table = pd.DataFrame({
        "id": variants.variant_id[rows], "chr_name": "1", "chr_position": variants.vcf_pos[rows],
        "effect_allele": effect, "effect_weight": weight,
        "other_allele": np.where(is_alt, variants.ref[rows], variants.alt[rows]),
    })  # fmt: skip
    path = tmp_path / "score.txt"
    table.drop(columns="id").to_csv(path, sep="\t", index=False)
    names = list(store.samples)
    links = {"sample_id": names, "participant_id": names}
    genome = Genome.model_validate(json.loads(SYNTHETIC))
    ours = compute_score("s", path, genome, sample_cohort(), ["chr1"], links, names)
    assert ours.dropped == {}
    assert (store.read(0, store.n_variants)[rows] < 0).any()

    weights = tmp_path / "weights.txt"
    table[["id", "effect_allele", "effect_weight"]].to_csv(weights, sep="\t", index=False)
    prefix = tmp_path / "theirs"
    run_tool(
        "plink2", "--pfile", sample_cohort() / "chr1", "--score", weights, 1, 2, 3, "header",
        "cols=scoresums", "--out", prefix,
    )  # fmt: skip
    theirs = read_plink(prefix.with_suffix(".sscore")).set_index("IID")
    np.testing.assert_allclose(ours.value, theirs.loc[names, "SCORE1_SUM"], rtol=1e-5, atol=1e-5)
