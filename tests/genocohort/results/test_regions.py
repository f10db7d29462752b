"""A region tested again: as the scan did, and given a variant, as ordinary least squares says."""

import shutil

import numpy as np
import pytest

import genocohort.results
from genocohort.errors import InputDataError
from tiny.association import AssociationStudy

N, M = 300, 40
LEAD = 17
NAME = f"chr1:{10 * (LEAD + 1)}:A:C"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two hundred samples and more, one causal variant with a neighbour in LD, two phenotypes."""
    rng = np.random.default_rng(11)
    folder = tmp_path_factory.mktemp("association")
    calls = rng.binomial(2, rng.uniform(0.2, 0.5, M)[:, None], (M, N)).astype(np.int8)
    copied = rng.random(N) < 0.8
    calls[LEAD + 1] = np.where(copied, calls[LEAD], calls[LEAD + 1])
    calls[rng.random((M, N)) < 0.02] = -1
    age = rng.normal(50, 9, N)
    trait = 0.8 * np.maximum(calls[LEAD], 0) + 0.02 * age + rng.normal(0, 1, N)
    trait[:4] = np.nan
    case = (trait + rng.normal(0, 1, N) > np.nanmedian(trait)).astype(float)
    case[:4] = np.nan
    cohort = AssociationStudy(
        folder,
        [f"S{i}" for i in range(N)],
        {"trait": trait, "case": case, "age": age},
        components=rng.normal(0, 1, (N, 2)),
        roles=["projected" if i % 50 == 7 else "fitted" for i in range(N)],
        verdicts=["fail" if i == 20 else "pass" for i in range(N)],
    )
    cohort.write_tables()
    cohort.write_chromosome("chr1", calls)
    common = {"covariates": ["age"], "components": 2}
    models = [
        {"phenotype": "trait", "kind": "quantitative", "transform": "rint", **common},
        {"phenotype": "case", "kind": "binary", **common},
    ]
    assert cohort.associate("chr1", {"models": models}) == 0
    assert cohort.summarise() == 0
    full = folder / "results/full"
    places = {
        "summary": "association_summary",
        "phenotypes_wide.parquet": "clinical/phenotypes_wide.parquet",
        "sample_qc.parquet": "sample_qc/samples.parquet",
        "components.parquet": "structure/components.parquet",
        **{f"chr1.{part}": f"genotypes/chr1.{part}" for part in ("pgen", "pvar", "psam")},
    }
    for source, target in places.items():
        (full / target).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (folder / source).is_dir() else shutil.copy
        copy(folder / source, full / target)
    return full, calls


@pytest.mark.parametrize("phenotype", ["trait", "case"])
def test_without_a_given_variant_it_is_the_scan(study, phenotype):
    results = genocohort.results.open(study[0])
    again = results.region(phenotype, ("chr1", 1, 10 * M)).set_index("variant_id")
    scan = results.association(phenotype).set_index("variant_id").loc[again.index]
    assert len(again) == M
    for column in ("n", "beta", "standard_error", "neg_log10_p"):
        np.testing.assert_allclose(again[column], scan[column], rtol=1e-9)


def _least_squares(y, columns):
    """Coefficient of the last column and its standard error, by the textbook's formula."""
    x = np.column_stack([np.ones(len(y)), *columns])
    inverse = np.linalg.inv(x.T @ x)
    b = inverse @ x.T @ y
    left = y - x @ b
    return b[-1], np.sqrt(left @ left / (len(y) - x.shape[1]) * inverse[-1, -1])


def test_given_the_lead_it_is_least_squares_with_the_lead_as_covariate(study):
    from scipy import stats as scipy_stats

    full, calls = study
    results = genocohort.results.open(full)
    found = results.region("trait", ("chr1", 1, 10 * M), given=[NAME]).set_index("name")
    assert NAME not in found.index
    wide = results.clinical()
    parts = results.structure()
    n = int(
        results.table("association_summary/phenotypes").set_index("phenotype").loc["trait", "n"]
    )
    use = np.array([r == "fitted" and i >= 4 and i != 20 for i, r in enumerate(parts["role"])])
    assert use.sum() == n
    # Blom's scores, by definition.
    y = np.full(N, np.nan)
    ranks = scipy_stats.rankdata(wide["trait"].to_numpy()[use])
    y[use] = scipy_stats.norm.ppf((ranks - 0.375) / (n + 0.25))
    for i in (0, LEAD + 1, M - 1):
        here = use & (calls[LEAD] >= 0) & (calls[i] >= 0)
        columns = [wide["age"], parts["PC1"], parts["PC2"], calls[LEAD], calls[i]]
        beta, error = _least_squares(y[here], [np.asarray(c, float)[here] for c in columns])
        row = found.loc[f"chr1:{10 * (i + 1)}:A:C"]
        assert row["n"] == here.sum()
        np.testing.assert_allclose([row["beta"], row["standard_error"]], [beta, error], rtol=1e-8)
        r = np.corrcoef(calls[LEAD][here], calls[i][here])[0, 1]
        assert row["r2"] == pytest.approx(r * r)


def test_the_neighbours_signal_goes_away_when_the_lead_is_given(study):
    results = genocohort.results.open(study[0])
    neighbour = f"chr1:{10 * (LEAD + 2)}:A:C"
    alone = results.region("trait", ("chr1", 1, 400)).set_index("name").loc[neighbour]
    given = results.region("trait", ("chr1", 1, 400), given=[NAME]).set_index("name").loc[neighbour]
    assert alone["neg_log10_p"] > 8
    assert given["neg_log10_p"] < 3


def test_genotypes_of_a_region_are_the_calls(study):
    full, calls = study
    found = genocohort.results.open(full).genotypes(("1", 20, 50))
    assert found.variants["vcf_pos"].tolist() == [20, 30, 40, 50]
    assert found.sample_ids[:2] == ("S0", "S1")
    np.testing.assert_array_equal(found.calls, calls[1:5])


def test_what_cannot_be_done_is_said(study):
    results = genocohort.results.open(study[0])
    with pytest.raises(InputDataError, match="no variant chr1:180:A:G"):
        results.region("trait", ("chr1", 1, 400), given=["chr1:180:A:G"])
    with pytest.raises(InputDataError, match="chrX"):
        results.region("trait", ("chrX", 1, 400))
    with pytest.raises(InputDataError, match="not tested"):
        results.region("nothing", ("chr1", 1, 400))
    with pytest.raises(InputDataError, match="collinear"):
        results.region("trait", ("chr1", 1, 400), given=[NAME, NAME])
