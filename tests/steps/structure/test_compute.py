"""Roles, site filters, relationship tiles and tables."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.domain.genome import Region
from genocohort.domain.long_range_ld import in_regions
from genocohort.stats.pca import compute_components
from genocohort.steps.structure.compute import (
    HARDY_WEINBERG,
    MISSING,
    MONOMORPHIC,
    NO_CALL,
    RARE,
    Roles,
    choose_roles,
    components_columns,
    count_group_alleles,
    count_sites,
    eigenvalue_columns,
    fst_table,
    group_samples,
    judge_sites,
)
from genocohort.steps.structure.settings import StructureSettings


def names(n: int) -> list[str]:
    return [f"S{i}" for i in range(n)]


def test_of_a_trio_and_a_pair_the_fewest_are_set_aside() -> None:
    # The child 2 of 0 and 1; the duplicates 3 and 4, of which 4 has more calls; 5 failed.
    relatives = [("S0", "S2"), ("S1", "S2"), ("S3", "S4"), ("S5", "S0")]
    roles = choose_roles(names(7), ["S5"], relatives, {"S3": 0.9, "S4": 0.99})
    assert roles.fitted.tolist() == [0, 1, 4, 6]
    assert roles.projected.tolist() == [2, 3]


def test_ties_set_the_last_aside_whatever_the_order_of_pairs() -> None:
    for pairs in ([("S0", "S1")], [("S1", "S0")]):
        assert choose_roles(names(2), [], pairs, {}).projected.tolist() == [1]


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_no_two_fitted_are_relatives_and_nobody_is_set_aside_in_vain(
    edges: set[tuple[int, int]],
) -> None:
    pairs = [(f"S{a}", f"S{b}") for a, b in edges if a != b]
    roles = choose_roles(names(10), [], pairs, {})
    fitted = {f"S{i}" for i in roles.fitted}
    assert not any(a in fitted and b in fitted for a, b in pairs)
    related = {s for p in pairs for s in p}
    assert {f"S{i}" for i in roles.projected} <= related
    assert sorted(roles.all.tolist()) == list(range(10))


def test_sites_are_judged_by_the_first_thing_wrong_with_them() -> None:
    calls = np.array(
        [
            [-1] * 10,
            [0] * 10,
            [2] * 9 + [-1],
            [0, 1, 2, 0, 1, -1, -1, -1, -1, -1],
            [1] + [0] * 9,
            [1] * 10,
            [0, 1, 2, 1, 0, 1, 2, 1, 0, 1],
        ],
        dtype=np.int8,
    )
    chosen = StructureSettings(min_maf=0.06, max_missing=0.4, hwe_p_min=0.01)
    reasons = judge_sites(count_sites([calls[:3], calls[3:]]), 10, chosen)
    expected = [NO_CALL, MONOMORPHIC, MONOMORPHIC, MISSING, RARE, HARDY_WEINBERG, ""]
    assert reasons.tolist() == expected
    lenient = StructureSettings(min_maf=0, max_missing=0.5)
    assert judge_sites(count_sites([calls]), 10, lenient).tolist() == expected[:3] + [""] * 4


def test_the_missing_limit_is_reached_exactly() -> None:
    calls = np.array([[0, 1, 2, 1, 0, 1, 2, 1, 0, -1]], dtype=np.int8)
    assert judge_sites(count_sites([calls]), 10, StructureSettings(max_missing=0.1))[0] == ""


def test_regions_are_half_open_and_names_do_not_matter() -> None:
    regions = [Region("6", 10, 20)]
    inside = in_regions("chr6", np.array([10, 11, 20, 21]), regions)
    assert inside.tolist() == [False, True, True, False]
    assert not in_regions("chr5", np.array([15]), regions).any()


def test_groups_hold_fitted_samples_and_small_ones_are_left_out() -> None:
    roles = Roles(np.array([0, 1, 3, 4, 5]), np.array([2]))
    found = group_samples(roles, ["b", "a", "b", "a", None, "c"], 2)
    assert {k: v.tolist() for k, v in found.items()} == {"a": [1, 3]}
    assert list(group_samples(roles, ["b", "a", "b", "a", "", "b"], 1)) == ["a", "b"]


def test_group_alleles_and_fst_table() -> None:
    calls = np.array([[0, 0, 2, 2], [1, -1, 1, 1], [0, 0, 0, 0]], dtype=np.int8)
    groups = {"a": np.array([0, 1]), "b": np.array([2, 3])}
    counts = count_group_alleles([calls[:1], calls[1:]], list(groups.values()))
    assert counts.tolist() == [[[4, 0], [1, 1], [4, 0]], [[0, 4], [2, 2], [4, 0]]]
    columns, estimates = fst_table("batch", groups, counts, 10)
    assert columns["n_variants"] == [2]
    assert (columns["group_1"], columns["n_1"]) == (["a"], [2])
    # Sums: 1 + (0 - 1/4 - 1/12) over 1 + 1/2.
    assert columns["fst"][0] == pytest.approx((1 - 1 / 3) / 1.5)
    assert estimates[0][2].n_undefined == 1
    empty, _ = fst_table("batch", {}, np.zeros((0, 0, 2), dtype=np.int64), 10)
    assert empty["fst"] == []


def test_all_pairs_of_groups_in_alphabetical_order() -> None:
    groups = {name: np.array([0]) for name in "abcd"}
    columns, _ = fst_table("batch", groups, np.zeros((4, 0, 2), dtype=np.int64), 10)
    pairs = list(zip(columns["group_1"], columns["group_2"], strict=True))
    assert pairs == list(combinations("abcd", 2))
    assert np.isnan(columns["fst"]).all()


def test_components_come_in_the_order_of_the_store() -> None:
    roles = Roles(np.array([0, 2]), np.array([1]))
    fitted = compute_components(np.array([[1.0, -1.0], [-1.0, 1.0]]), 2)
    columns = components_columns(names(4), roles, fitted, np.array([[0.5, np.nan]]))
    assert columns["sample_id"] == ["S0", "S1", "S2"]
    assert columns["role"] == ["fitted", "projected", "fitted"]
    np.testing.assert_allclose(columns["PC1"], [0.5**0.5, 0.5, -(0.5**0.5)])
    assert np.isnan(columns["PC2"]).all()
    values = eigenvalue_columns(fitted)
    np.testing.assert_allclose(values["fraction"], [1.0, np.nan])


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="ld_step"):
        StructureSettings(ld_step=300)
    with pytest.raises(ValueError, match="not an interval"):
        StructureSettings(long_range_ld=(("chr1", 5, 5),))
