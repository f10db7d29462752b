"""Who is tested, and with which covariates."""

from typing import Any

import numpy as np
import pytest

from genocohort.errors import ConfigError, InputDataError
from genocohort.stats.ranks import rank_inverse_normal
from genocohort.steps.association import cohort
from genocohort.steps.association.cohort import Candidate, Selection, fit_model, select_samples
from genocohort.steps.association.settings import AssociationModel

N = 30
RNG = np.random.default_rng(11)
COLUMNS = {
    "ldl": RNG.normal(120, 20, N),
    "cad": np.arange(N) % 3 // 2 * 1.0,
    "age": RNG.normal(60, 8, N),
    "sex": np.arange(N) % 2 * 1.0,
}
COMPONENTS = RNG.normal(size=(N, 3))
IDS = tuple(f"S{i}" for i in range(N))
SELECTION = Selection(IDS, IDS, np.arange(N), {})


def _model(**changes: Any) -> AssociationModel:
    return AssociationModel(
        **({"phenotype": "ldl", "kind": "quantitative", "components": 0} | changes)
    )


def _candidate(sample: str, **changes: Any) -> Candidate:
    values = {"participant_id": sample, "verdict": "pass", "role": "fitted", "call_rate": 1.0}
    return Candidate(sample, **(values | changes))


def test_each_sample_is_kept_or_has_one_reason() -> None:
    candidates = [
        _candidate("good"),
        _candidate("warned", verdict="warn"),
        _candidate("bad", verdict="fail"),
        _candidate("child", role="projected"),
        _candidate("elsewhere"),
        _candidate("stranger", participant_id=None),
    ]
    store = ["warned", "bad", "child", "good", "stranger"]
    chosen = select_samples(candidates, store, exclude_related=True)
    assert chosen.sample_ids == ("warned", "good")
    assert chosen.store_rows.tolist() == [0, 3]
    assert chosen.dropped == {
        "bad": cohort.FAILED,
        "child": cohort.RELATED,
        "elsewhere": cohort.NOT_IN_STORE,
        "stranger": cohort.NO_PARTICIPANT,
    }
    everyone = select_samples(candidates, store, exclude_related=False)
    assert everyone.sample_ids == ("warned", "child", "good")


def test_of_two_samples_of_a_participant_the_better_called_is_tested() -> None:
    candidates = [
        _candidate("a", participant_id="P", call_rate=0.97),
        _candidate("b", participant_id="P", call_rate=0.99),
        _candidate("c", participant_id="P", call_rate=0.99),
    ]
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        given = [candidates[i] for i in order]
        chosen = select_samples(given, ["a", "b", "c"], exclude_related=True)
        assert chosen.sample_ids == ("b",)
        assert set(chosen.dropped) == {"a", "c"}
        assert set(chosen.dropped.values()) == {cohort.SECOND_SAMPLE}


def test_ids_are_text_and_stay_apart() -> None:
    names = ["007", "7", "1e5", "100000"]
    chosen = select_samples([_candidate(n) for n in names], names, exclude_related=True)
    assert chosen.participant_ids == tuple(names)


def test_complete_cases_and_reasons() -> None:
    columns = {k: v.copy() for k, v in COLUMNS.items()}
    columns["ldl"][[0, 1]] = np.nan
    columns["age"][[1, 2]] = np.nan
    components = COMPONENTS.copy()
    components[3, 0] = np.nan
    components[4, 2] = np.nan  # not among those asked for
    fitted = fit_model(_model(covariates=["age"], components=2), SELECTION, columns, components)
    assert fitted.dropped == {
        "S0": cohort.NO_PHENOTYPE,
        "S1": cohort.NO_PHENOTYPE,
        "S2": cohort.NO_COVARIATE,
        "S3": cohort.NO_COMPONENT,
    }
    assert fitted.store_rows.tolist() == list(range(4, N))
    assert fitted.basis.shape == (N - 4, 4)


def test_rint_ranks_those_tested_only() -> None:
    columns = dict(COLUMNS, ldl=np.where(np.arange(N) < 5, np.nan, COLUMNS["ldl"]))
    fitted = fit_model(_model(transform="rint"), SELECTION, columns, COMPONENTS)
    np.testing.assert_array_equal(fitted.phenotype, rank_inverse_normal(COLUMNS["ldl"][5:]))


def test_sex_is_added_unless_redundant() -> None:
    sex = {"sex": COLUMNS["sex"]}
    assert fit_model(_model(), SELECTION, COLUMNS, COMPONENTS, sex).basis.shape[1] == 2
    twice = fit_model(_model(covariates=["sex"]), SELECTION, COLUMNS, COMPONENTS, sex)
    assert twice.basis.shape[1] == 2
    men = fit_model(_model(), SELECTION, COLUMNS, COMPONENTS, {"sex": np.ones(N)})
    assert men.basis.shape[1] == 1
    unknown = {"sex": np.where(np.arange(N) == 7, np.nan, COLUMNS["sex"])}
    fitted = fit_model(_model(), SELECTION, COLUMNS, COMPONENTS, unknown)
    assert fitted.dropped == {"S7": cohort.NO_SEX}


def test_binary_start_is_the_model_without_a_variant() -> None:
    fitted = fit_model(_model(phenotype="cad", kind="binary"), SELECTION, COLUMNS, COMPONENTS)
    assert fitted.n_cases == 10
    eta = fitted.basis @ fitted.start * np.sqrt(N)
    np.testing.assert_allclose(1 / (1 + np.exp(-eta)), 1 / 3)
    assert fitted.notices == ()


def test_covariates_that_separate_are_a_notice() -> None:
    columns = COLUMNS | {"site": COLUMNS["cad"] + 0.01 * RNG.normal(size=N)}
    model = _model(phenotype="cad", kind="binary", covariates=["site"])
    fitted = fit_model(model, SELECTION, columns, COMPONENTS)
    assert "covariates alone separate" in fitted.notices[0]


def test_unknown_column_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        fit_model(_model(covariates=["bmi"]), SELECTION, COLUMNS, COMPONENTS)
    assert caught.value.offenders == ("bmi",)
    assert "age" in caught.value.expected


def test_more_components_than_there_are() -> None:
    empty = np.column_stack([COMPONENTS, np.full(N, np.nan)])
    with pytest.raises(ConfigError, match="4 components are asked for, there are 3"):
        fit_model(_model(components=4), SELECTION, COLUMNS, empty)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.where(np.arange(N) < 12, 1.0, 2.0), ("12 samples coded 1", "18 samples coded 2")),
        (np.where(np.arange(N) < 3, -9.0, 0.0), ("27 samples coded 0", "3 samples coded -9")),
        (
            np.where(np.arange(N) < 3, 1.0, 17.5),
            ("3 samples coded 1", "27 samples with other values"),
        ),
    ],
)
def test_other_coding_than_0_and_1_gives_counts_and_no_values(
    values: np.ndarray, found: tuple[str, ...]
) -> None:
    with pytest.raises(
        InputDataError, match="cad: a binary phenotype is not coded 0 and 1"
    ) as caught:
        fit_model(_model(phenotype="cad", kind="binary"), SELECTION, {"cad": values}, COMPONENTS)
    assert caught.value.offenders == found
    assert "17.5" not in caught.value.message()


def test_a_single_class() -> None:
    with pytest.raises(InputDataError, match="cad: only controls") as caught:
        fit_model(
            _model(phenotype="cad", kind="binary"), SELECTION, {"cad": np.zeros(N)}, COMPONENTS
        )
    assert caught.value.offenders == ("30 samples coded 0",)


@pytest.mark.parametrize(
    ("columns", "message", "offender"),
    [
        ({"site": np.full(N, 2.0)}, "constant", "site"),
        ({"age": COLUMNS["age"], "months": COLUMNS["age"] * 12 + 1}, "collinear", "months"),
    ],
)
def test_redundant_covariates_are_named(
    columns: dict[str, np.ndarray], message: str, offender: str
) -> None:
    model = _model(covariates=tuple(columns))
    with pytest.raises(InputDataError, match=message) as caught:
        fit_model(model, SELECTION, COLUMNS | columns, COMPONENTS)
    assert caught.value.offenders == (offender,)


def test_phenotype_without_variation_or_residue_or_samples() -> None:
    with pytest.raises(InputDataError, match="same value"):
        fit_model(_model(), SELECTION, {"ldl": np.full(N, 3.0)}, COMPONENTS)
    columns = {"ldl": COLUMNS["age"] * 2 + 1, "age": COLUMNS["age"]}
    with pytest.raises(InputDataError, match="without residue"):
        fit_model(_model(covariates=["age"]), SELECTION, columns, COMPONENTS)
    with pytest.raises(InputDataError, match="no sample has"):
        fit_model(_model(), SELECTION, {"ldl": np.full(N, np.nan)}, COMPONENTS)
    few = np.where(np.arange(N) < 4, COLUMNS["ldl"], np.nan)
    with pytest.raises(InputDataError, match="4 samples for 4 terms"):
        fit_model(_model(components=2), SELECTION, {"ldl": few}, COMPONENTS)
